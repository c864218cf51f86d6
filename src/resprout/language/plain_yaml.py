"""YAML text -> plain values by the core schema of YAML 1.2, each with its line, in bounded time; plain values -> YAML text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from resprout.errors import Fault, InputError

LARGEST_FILE = 256_000  # bytes; the largest shipped protocol has 3,000
MOST_VALUES = 20_000  # with every alias written out
DEEPEST, DEEPEST_ALIAS, LONGEST_NUMBER = 20, 3, 100
INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
# YAML 1.1 reads such a number to the base of 8, YAML 1.2 to that of 10
LEADING_ZERO = re.compile(r"[-+]?0[0-9_]+")
FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
WORDS: dict[str, bool | None] = dict.fromkeys(("", "~", "null", "Null", "NULL"))
WORDS |= dict.fromkeys(("true", "True", "TRUE"), True) | dict.fromkeys(("false", "False", "FALSE"), False)
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
TAG = "tag:yaml.org,2002:"
TYPES = {"str": str, "int": int, "float": float, "bool": bool, "null": type(None), "seq": list, "map": dict}
PLAIN = "Expected plain `field: value` lines."
Place = tuple[str | int, ...]


@dataclass(frozen=True)
class YamlDocument:
    """What a YAML file holds.

    value    text, numbers, true or false, None, lists and mappings whose keys are text
    lines    line of every value by its path
    faults   fields that stand twice and values that cannot be read, told together with what the caller finds
    """

    value: Any
    lines: dict[Place, int]
    faults: list[Fault]


@dataclass
class _Node:
    """One value of the text: a scalar, a list, or a mapping whose children are keys and values in turn."""

    kind: type
    line: int
    text: str = ""
    tag: str = ""
    quoted: bool = False
    children: list[_Node] = field(default_factory=list)
    size: int = 1
    alias_depth: int = 0
    is_open: bool = False


def read_yaml_file(path: Path) -> YamlDocument:
    """Read a YAML file.

    path      a text file in UTF-8, or in UTF-16 with a byte order mark
    returns   its values with their lines
    raises    InputError for a file that cannot be read, and as `read_yaml`
    """
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST_FILE + 1)
        text = raw.decode("utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(Fault(f"cannot be read: {error}.", str(path), "Expected a YAML text file.")) from None
    return read_yaml(text, path.name, len(raw))


def read_yaml(text: str, name: str, size: int | None = None) -> YamlDocument:
    """Read YAML text.

    text      one document       name   of the text in messages       size   bytes; None takes the length of the text
    returns   its values with their lines; a number with a leading zero, text with control characters and a field that
              stands twice are faults of the document
    raises    InputError for text that is no YAML, is too large or too deep, or refers to itself

    Source: YAML 1.2.2, section 10.3 (core schema).
    """
    if (len(text) if size is None else size) > LARGEST_FILE:
        raise InputError(Fault("is too large.", name, f"Expected at most {LARGEST_FILE // 1000} kB."))
    try:
        root = _composed(text, name)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "it cannot be read"
        where = f"{name}:{mark.line + 1}" if mark else name
        raise InputError(Fault(f"is no YAML: {problem}.", where, "Expected `field: value` lines.")) from None
    except ValueError as error:  # an escape that names no character
        raise InputError(Fault(f"is no YAML: {error}.", name, PLAIN)) from None
    document = YamlDocument(None, {}, [])
    return YamlDocument(_value(root, (), document, name), document.lines, document.faults)


def _composed(text: str, name: str) -> _Node:
    """The only document of a text as nodes; an alias is the node that it names."""
    stack: list[_Node] = []
    anchors: dict[str, _Node] = {}
    root, total = None, 0
    events: Iterator[Any] = yaml.parse(text, Loader=yaml.SafeLoader)
    for event in events:
        where = f"{name}:{event.start_mark.line + 1}"
        if isinstance(event, yaml.CollectionEndEvent):
            node = stack.pop()
            node.is_open = False
            node.size += sum(int(child.size) for child in node.children)
            node.alias_depth = max((child.alias_depth for child in node.children), default=0)
            continue
        if not isinstance(event, yaml.NodeEvent):
            continue
        if root is not None and not stack:
            raise InputError(Fault("holds two documents.", where, "Expected one.", "Take the line `---` out."))
        node = _alias(event, anchors, where) if isinstance(event, yaml.AliasEvent) else _node(event)
        total += node.size
        if total > MOST_VALUES:
            raise InputError(Fault("holds too many values.", where, f"Expected at most {MOST_VALUES:,}."))
        if len(stack) >= DEEPEST:
            raise InputError(Fault("is nested too deeply.", where, f"Expected at most {DEEPEST} levels."))
        if stack:
            stack[-1].children.append(node)
        root = root or node
        if not isinstance(event, yaml.AliasEvent) and event.anchor:
            anchors[event.anchor] = node
        if isinstance(event, yaml.CollectionStartEvent):
            node.is_open = True
            stack.append(node)
    return root or _Node(str, 1)


def _node(event: Any) -> _Node:
    """The node that an event begins."""
    line = event.start_mark.line + 1
    if isinstance(event, yaml.ScalarEvent):
        return _Node(str, line, event.value, event.tag or "", event.style is not None)
    return _Node(list if isinstance(event, yaml.SequenceStartEvent) else dict, line, tag=event.tag or "")


def _alias(event: Any, anchors: dict[str, _Node], where: str) -> _Node:
    """The node that an alias stands for.

    raises   InputError where there is none, or where it would hold itself
    """
    target = anchors.get(event.anchor)
    if target is None:
        raise InputError(Fault(f"`*{event.anchor}` names nothing that stands before it.", where, PLAIN))
    if target.is_open:
        raise InputError(Fault(f"`*{event.anchor}` stands inside what it names.", where, PLAIN))
    if target.alias_depth >= DEEPEST_ALIAS:
        expected = f"Expected at most {DEEPEST_ALIAS} levels."
        raise InputError(Fault(f"`*{event.anchor}` is an alias of aliases of aliases.", where, expected))
    copied = _Node(target.kind, target.line, target.text, target.tag, target.quoted, target.children, target.size)
    copied.alias_depth = target.alias_depth + 1
    return copied


def _value(node: _Node, at: Place, document: YamlDocument, name: str) -> Any:
    """The plain value of a node; its line and its faults go to the document."""
    document.lines.setdefault(at, node.line)
    if node.kind is str:
        return _scalar(node, document, name)
    if node.tag not in ("", "!", f"{TAG}{'seq' if node.kind is list else 'map'}"):
        document.faults.append(_tag_fault(node, name))
    if node.kind is list:
        return [_value(child, (*at, index), document, name) for index, child in enumerate(node.children)]
    found: dict[str, Any] = {}
    for key, child in _pairs(node):
        where = f"{name}:{key.line}"
        if key.kind is not str:
            document.faults.append(Fault("a field has no plain name.", where, PLAIN))
            continue
        if _text(key.text, document, where) is None:
            continue
        if key.text in found:
            document.faults.append(Fault(f"`{key.text:.60}` stands twice.", where, "Expected each field once."))
        document.lines[*at, key.text] = key.line
        found[key.text] = _value(child, (*at, key.text), document, name)
    return found


def _pairs(node: _Node) -> Iterator[tuple[_Node, _Node]]:
    """Keys of a mapping with their values."""
    return zip(node.children[::2], node.children[1::2], strict=True)


def _scalar(node: _Node, document: YamlDocument, name: str) -> Any:
    """The value of a scalar by the core schema; None where it has none."""
    where, text = f"{name}:{node.line}", node.text
    kind = node.tag.removeprefix(TAG) if node.tag.startswith(TAG) else ""
    if node.tag not in ("", "!") and kind not in TYPES:
        document.faults.append(_tag_fault(node, name))
        return None
    if node.tag == "!" or kind == "str" or (node.quoted and not kind):
        return _text(text, document, where)
    if LEADING_ZERO.fullmatch(text):
        expected = f"Readers of YAML take it for different numbers; expected `{text.lstrip('+-0_') or 0}`."
        document.faults.append(Fault(f"`{text:.60}` has a leading zero.", where, expected, "Quote it if it is text."))
    value = _resolved(text)
    if kind == "float" and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if (kind and type(value) is not TYPES[kind]) or (type(value) is int and len(text) > LONGEST_NUMBER):
        document.faults.append(Fault(f"`{text:.60}` cannot be read as a number or word of YAML.", where, PLAIN))
        return None
    return _text(value, document, where) if isinstance(value, str) else value


def _resolved(text: str) -> str | int | float | bool | None:
    """What a plain scalar means by the core schema."""
    if text in WORDS:
        return WORDS[text]
    if INTEGER.fullmatch(text):
        if len(text) > LONGEST_NUMBER:
            return 0
        return int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))
    if FLOAT.fullmatch(text):
        return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
    return text


def _text(text: str, document: YamlDocument, where: str) -> str | None:
    """Text; characters written as two escapes are joined, control characters are a fault."""
    try:
        whole = text.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        document.faults.append(Fault("holds half a character.", where, "Expected plain text."))
        return None
    if (found := CONTROL.search(whole)) is not None:
        document.faults.append(
            Fault(f"holds the control character U+{ord(found[0]):04X}.", where, "Expected plain text.")
        )
        return None
    return whole


def _tag_fault(node: _Node, name: str) -> Fault:
    return Fault(f"the tag `{node.tag:.60}` is not supported.", f"{name}:{node.line}", PLAIN)


class _Dumper(yaml.SafeDumper):
    """Quotes text that either version of YAML would take for something else."""


for _word in (FLOAT, INTEGER, LEADING_ZERO):
    _Dumper.add_implicit_resolver(
        f"{TAG}of-the-core-schema", re.compile(f"(?:{_word.pattern})$"), list("-+.0123456789")
    )


def write_yaml(value: Any) -> str:
    """Plain values as YAML text that `read_yaml`, and readers of YAML 1.1, read as the same values.

    value     text, numbers, true or false, None, lists and mappings
    returns   block style, in the order of the mappings
    """
    return str(yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True))
