"""An SBML or Antimony text -> nothing, or a fault where reading it would take without end: depth, size, and what functions and submodels expand to.

libSBML and Antimony read by recursion and write functions and submodels out, so that a short text can end the program or fill
the memory. What is refused here they never see.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

import libsbml

from resprout.errors import Fault, ModelError
from resprout.exchange.assignment_chains import check_chains, check_chains_of_text
from resprout.exchange.expanded_size import Form, call_form, expanded_symbols

LARGEST_SBML, LARGEST_ANTIMONY = 20_000_000, 1_000_000  # characters
DEEPEST_XML = 1000
MOST_SYMBOLS = 60_000  # numbers, names and operators of all formulas, functions written out
MOST_EVENT_SYMBOLS = 200_000  # of events beside: those are not compiled, and a thousand doses have as many
MOST_QUANTITIES = 20_000
DEEPEST_BRACKETS = 200
MOST_TOKENS = 150_000  # of an Antimony text, functions written out
LONGEST_STATEMENT = 10_000  # words, numbers and marks of it
MOST_STATEMENTS = 10_000  # of an Antimony model, submodels written out
MOST_SUBMODELS = 1_000
MOST_IMPORTS = 20
MOST_STRANGE = 10  # characters that are told one by one
QUANTITIES = {"species", "parameter", "localParameter", "compartment", "reaction", "event", "functionDefinition"}
FRAMES = {"apply", "lambda", "bvar", "piece", "otherwise", "piecewise", "semantics", "degree", "logbase"}
ASCII_FOR = {"\u00d7": "*", "\u00b7": "*", "\u22c5": "*", "\u2217": "*", "\u00f7": "/", "\u2192": "->", "\u21d2": "=>"}
TOO_LARGE = "A model of this size is not solved here in reasonable time."
COMMENT_OR_TEXT = re.compile(r'//[^\n]*|#[^\n]*|/\*.*?\*/|"[^"\n]*"', re.DOTALL)
IMPORT = re.compile(r'^\s*import\s+"([^"\n]+)"', re.MULTILINE)
BLOCK = re.compile(r"\b(model|module|function)\b\s*\*?\s*(\w+)\s*(?:\(([^)]*)\))?(.*?)\bend\b", re.DOTALL)
SUBMODEL = re.compile(r"\b\w+\s*:\s*(\w+)\s*\(")
TOKEN = re.compile(r"[A-Za-z_]\w*|\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+|[(),]|[^\s\w]")


class _Full(Exception):
    """Stops the reading of XML."""


@dataclass
class _Counter:
    """Counts what stands in an XML text as it is read."""

    parser: expat.XMLParserType
    depth: int = 0
    math: int = 0
    symbols: int = 0
    event: int = 0
    of_events: int = 0
    quantities: int = 0
    found: str = ""
    remedy: str = ""

    def start(self, name: str, _: object) -> None:
        """An element begins."""
        plain = name.rpartition(":")[2]
        self.depth += 1
        self.math += plain == "math"
        self.event += plain == "event"
        if self.math and plain != "math" and plain not in FRAMES:
            self.symbols += not self.event
            self.of_events += bool(self.event)
        self.quantities += plain in QUANTITIES
        if self.depth > DEEPEST_XML:
            self.stop(f"the file nests elements more than {DEEPEST_XML:,} deep")
        if self.symbols > MOST_SYMBOLS or self.of_events > MOST_EVENT_SYMBOLS:
            self.stop(
                f"the formulas hold more than {MOST_SYMBOLS:,} numbers, names and operators, or events {MOST_EVENT_SYMBOLS:,}"
            )
        if self.quantities > MOST_QUANTITIES:
            self.stop(f"the file holds more than {MOST_QUANTITIES:,} quantities")

    def end(self, name: str) -> None:
        """An element ends."""
        self.depth -= 1
        plain = name.rpartition(":")[2]
        self.math -= plain == "math"
        self.event -= plain == "event"

    def doctype(self, *_: object) -> None:
        """A document type begins, which may define words that stand for text without end."""
        self.stop("the file defines a document type", "None is needed: take the line `<!DOCTYPE ...>` out.")

    def stop(self, found: str, remedy: str = TOO_LARGE) -> None:
        """End the reading."""
        self.found, self.remedy = found, remedy
        raise _Full


def check_sbml_text(text: str, name: str, expected: str = "an SBML file") -> None:
    """Refuse XML that is too long, too deep or too large to be read, or no XML.

    expected  what the file should be, for messages

    raises    ModelError with the line
    """
    if len(text) > LARGEST_SBML:
        raise ModelError(Fault(f"the file is larger than {LARGEST_SBML / 1e6:g} MB.", name, "", TOO_LARGE))
    parser = expat.ParserCreate()
    counter = _Counter(parser)
    parser.StartElementHandler, parser.EndElementHandler = counter.start, counter.end
    parser.StartDoctypeDeclHandler = counter.doctype
    try:
        parser.Parse(text, True)
    except _Full:
        raise ModelError(Fault(f"{counter.found}.", f"{name}:{parser.CurrentLineNumber}", "", counter.remedy)) from None
    except expat.ExpatError as error:
        found = f"the file is no XML: {expat.ErrorString(error.code)}."
        raise ModelError(Fault(found, f"{name}:{error.lineno}", f"Expected {expected}.")) from None


def check_antimony_text(text: str, name: str) -> None:
    """Refuse an Antimony text that is too long, too deep, or that functions, submodels or imports make too large.

    raises    ModelError with line and character where Antimony reads none but plain ones
    """
    faults = _strange(_bare(text), name)
    if faults:
        raise ModelError(*faults)
    bare = _bare("\n".join(_with_imports(text, name, {})))
    if len(bare) > LARGEST_ANTIMONY:
        raise ModelError(Fault(f"the text is longer than {LARGEST_ANTIMONY:,} characters.", name, "", TOO_LARGE))
    _check_statements(bare, name)
    check_chains_of_text(bare, name)
    blocks = _blocks(bare)
    symbols = blocks.size
    if symbols > MOST_TOKENS:
        raise ModelError(_too_many(symbols, MOST_TOKENS, name))
    submodels, statements = blocks.expanded()
    if submodels > MOST_SUBMODELS or statements > MOST_STATEMENTS:
        found = (
            f"the model has {_about(submodels)} submodels and {_about(statements)} statements when all are written out."
        )
        expected = f"Expected at most {MOST_SUBMODELS:,} and {MOST_STATEMENTS:,}."
        raise ModelError(Fault(found, name, expected))


def check_symbols(model: libsbml.Model, name: str) -> None:
    """Refuse a model whose formulas are too large when its functions are written out.

    raises    ModelError
    """
    symbols, of_events = expanded_symbols(model)
    if symbols > MOST_SYMBOLS:
        raise ModelError(_too_many(symbols, MOST_SYMBOLS, name))
    if of_events > MOST_EVENT_SYMBOLS:
        raise ModelError(_too_many(of_events, MOST_EVENT_SYMBOLS, name))
    check_chains(model, name)


def _too_many(symbols: int, most: int, name: str) -> Fault:
    found = f"the formulas hold {_about(symbols)} numbers, names and operators when functions are written out."
    return Fault(found, name, f"Expected at most {most:,}.", TOO_LARGE)


def _about(number: int) -> str:
    """A number that may have hundreds of digits, in words."""
    return f"{number:,}" if number < 10**9 else "more than a thousand million"


def _bare(text: str) -> str:
    """A text with blanks in place of comments and quoted text; lines and columns stay."""
    return COMMENT_OR_TEXT.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)


def _with_imports(text: str, name: str, seen: dict[Path, str]) -> Iterator[str]:
    """A text and those that it imports, each once; a file that cannot be read is for Antimony to tell."""
    yield text
    for found in IMPORT.finditer(text):
        path = Path(found[1])
        if path in seen or not path.is_file() or path.stat().st_size > LARGEST_SBML:
            continue
        if len(seen) >= MOST_IMPORTS:
            raise ModelError(Fault(f"more than {MOST_IMPORTS} files are imported.", name, "", TOO_LARGE))
        seen[path] = path.read_text(encoding="utf-8", errors="replace")
        if path.suffix.lower() in (".xml", ".sbml"):
            check_sbml_text(seen[path], path.name)
        else:
            yield from _with_imports(seen[path], path.name, seen)


def _strange(bare: str, name: str) -> list[Fault]:
    """A fault for each character that Antimony does not read: dashes, blanks and letters of other alphabets."""
    faults: list[Fault] = []
    for number, line in enumerate(bare.splitlines(), 1):
        for column, letter in enumerate(line, 1) if not line.isascii() else ():
            if letter.isascii() or len(faults) >= MOST_STRANGE:
                continue
            called = unicodedata.name(letter, "a character without name").lower()
            kind = unicodedata.category(letter)
            plain = ASCII_FOR.get(letter) or {"Pd": "-", "Zs": "a space"}.get(kind, "")
            plain = "-" if letter == "\u2212" else plain
            found = f"column {column}: `{letter}` (U+{ord(letter):04X}, {called})."
            remedy = f"Write {plain if plain == 'a space' else f'`{plain}`'}." if plain else ""
            expected = "Expected plain ASCII characters outside comments and quotation marks."
            faults.append(Fault(found, f"{name}:{number}", expected, remedy))
    return faults


def _check_statements(bare: str, name: str) -> None:
    """Refuse statements that are too long, and brackets that nest too deeply."""
    depth = length = 0
    line = 1
    for found in re.finditer(r"\n|;|\w+|[^\s\w]", bare):
        mark = found[0]
        line += mark == "\n"
        ends = mark == ";" or (mark == "\n" and depth <= 0)
        depth = 0 if mark == ";" else depth + (mark in "([{") - (mark in ")]}")
        length = 0 if ends else length + 1
        if depth > DEEPEST_BRACKETS or length > LONGEST_STATEMENT:
            deep = depth > DEEPEST_BRACKETS
            what = f"brackets nest more than {DEEPEST_BRACKETS} deep" if deep else "a statement has too many terms"
            raise ModelError(Fault(f"{what}.", f"{name}:{line}", "", TOO_LARGE))


@dataclass
class _Blocks:
    """The functions and models of a text.

    functions   arguments and body        models   body; the text outside all blocks is the model ""
    """

    functions: dict[str, tuple[list[str], str]] = field(default_factory=dict)
    models: dict[str, str] = field(default_factory=dict)
    forms: dict[str, Form | None] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Symbols of all models with their functions written out."""
        return sum(int(self._form(body, ()).size) for body in self.models.values())

    def _function(self, name: str) -> Form | None:
        """What a function adds where it is called; None for none of the text, and for one that calls itself."""
        if name not in self.functions:
            return None
        if name not in self.forms:
            self.forms[name] = None
            arguments, body = self.functions[name]
            self.forms[name] = self._form(body, tuple(arguments))
        return self.forms[name]

    def _form(self, body: str, arguments: tuple[str, ...]) -> Form:
        """Symbols of a body, and how often each argument is read in it."""
        stack: list[tuple[str, list[Form]]] = [("", [Form()])]
        before = ""
        for token in TOKEN.findall(body):
            if token == "(":
                stack.append((before, [Form()]))
            elif token == "," and len(stack) > 1:
                stack[-1][1].append(Form())
            elif token == ")" and len(stack) > 1:
                called, given = stack.pop()
                stack[-1][1][-1] += call_form(self._function(called), self.functions.get(called, ((), ""))[0], given)
            else:
                stack[-1][1][-1] += Form(0, {token: 1}) if token in arguments else Form(1)
            before = token
        return sum((part for _, parts in stack for part in parts), Form())

    def expanded(self) -> tuple[int, int]:
        """Submodels and statements of the largest model when submodels are written out."""
        counts: dict[str, tuple[int, int]] = {}

        def of(name: str) -> tuple[int, int]:
            if name not in counts:
                counts[name] = (0, 0)  # a model within itself is for Antimony to refuse
                body = self.models[name]
                inner = [of(found) for found in SUBMODEL.findall(body) if found in self.models]
                statements = len(re.findall(r"[^\s;][^;\n]*", body))
                counts[name] = (
                    len(inner) + sum(int(each[0]) for each in inner),
                    statements + sum(int(each[1]) for each in inner),
                )
            return counts[name]

        every = [of(name) for name in self.models]
        return max(each[0] for each in every), max(each[1] for each in every)


def _blocks(bare: str) -> _Blocks:
    """The functions and models of a text without comments."""
    found = _Blocks()
    outside = []
    last = 0
    for block in BLOCK.finditer(bare):
        outside.append(bare[last : block.start()])
        last = block.end()
        if block[1] == "function":
            found.functions[block[2]] = ([each.strip() for each in (block[3] or "").split(",")], block[4])
        else:
            found.models[block[2]] = block[4]
    found.models[""] = "\n".join([*outside, bare[last:]])
    return found
