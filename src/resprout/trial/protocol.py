"""Protocols: a YAML file in, a checked trial design out, or every fault of the file with its line."""

from __future__ import annotations

import functools
import typing
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from resprout.dosing.regimen import Regimen
from resprout.errors import Fault, InputError, nearest
from resprout.language.records import Model
from resprout.trial.design import Part, Protocol
from resprout.trial.design_checks import check_design

SHIPPED = Path(__file__).with_name("protocols")
LARGEST_FILE = 1_000_000  # bytes
FIELDS, LIST = "fields below it, one `field: value` a line", "a list, one `- item` a line"
# what was wanted, by the type of pydantic's error
EXPECTED = {
    "string_type": "text",
    "tuple_type": LIST,
    "list_type": LIST,
    "dict_type": FIELDS,
    "model_type": FIELDS,
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "greater_than": "more than {gt}",
    "greater_than_equal": "{ge} or more",
    "less_than": "less than {lt}",
    "less_than_equal": "{le} or less",
    "too_short": "{min_length} or more, not {actual_length}",
}
Place = tuple[str | int, ...]


def read_protocol(name: str | Path, model: Model) -> tuple[Protocol, dict[str, Regimen]]:
    """Read a shipped protocol by name, or a file.

    name     a shipped protocol, or the path of a YAML file
    model    whose drugs and outputs the protocol may name
    returns  the protocol and the regimen of each arm, with the background treatment joined to it
    raises   InputError with every fault, each with file and line
    """
    path = find_protocol(name)
    node, content = _parsed(path)
    lines, faults = _lines(node, path.name)
    try:
        protocol = Protocol.model_validate(content)
    except ValidationError as error:
        found = error.errors()
        # a list whose items are all faulty is also reported as too short; only the items are worth reading
        told = [each for each in found if not (each["type"] == "too_short" and _has_faults_below(each, found))]
        raise InputError(*faults, *(_fault(path.name, lines, each) for each in told)) from None

    def place(where: Place) -> str:
        return f"{path.name}:{_line(lines, where)}"

    regimens, more = check_design(protocol, model, place)
    if faults or more:
        raise InputError(*faults, *more)
    return protocol, regimens


def shipped_protocols() -> dict[str, Path]:
    """The protocols that come with the package, by name."""
    return {path.stem: path for path in sorted(SHIPPED.glob("*.yaml"))}


@functools.lru_cache(maxsize=64)
def is_for_calibration(name: str) -> bool:
    """Whether a fit may look at the published numbers of a shipped trial: what its file says under `used_for`."""
    file = SHIPPED / f"{name}.yaml"
    return file.exists() and yaml.safe_load(file.read_text(encoding="utf-8")).get("used_for") == "calibration"


def find_protocol(name: str | Path) -> Path:
    """The file of a protocol.

    name     a shipped protocol, or the path of a YAML file
    returns  its path
    raises   InputError if there is none
    """
    shipped = shipped_protocols()
    if str(name) in shipped:
        return shipped[str(name)]
    path = Path(name)
    if path.is_file():
        return path
    expected = f"Expected a file or one of {', '.join(sorted(shipped))}."
    raise InputError(Fault(f"`{name}` is no trial here.", "", expected, nearest(str(name), shipped)))


def _parsed(path: Path) -> tuple[yaml.Node | None, dict[str, Any]]:
    """The file as YAML nodes and as values."""
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise ValueError("it is larger than 1 MB")
        text = path.read_text(encoding="utf-8")
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise InputError(_yaml_fault(path, error)) from None
    except (OSError, UnicodeDecodeError, ValueError, RecursionError, OverflowError) as error:
        raise InputError(Fault(f"cannot be read: {error}.", str(path), "Expected a YAML text file.")) from None
    if not isinstance(content, dict):
        raise InputError(Fault("is no protocol.", str(path), "Expected fields such as `name:`, `arms:`, `endpoints:`."))
    return node, content


def _lines(node: yaml.Node | None, file: str, at: Place = ()) -> tuple[dict[Place, int], list[Fault]]:
    """Line of every field by its path, and a fault for each field that stands twice."""
    if node is None:
        return {}, []
    lines, faults = {at: node.start_mark.line + 1}, []
    children: list[tuple[Place, yaml.Node]] = []
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if str(key.value) in seen:
                where = f"{file}:{key.start_mark.line + 1}"
                faults.append(Fault(f"`{key.value}` stands twice.", where, "Expected each field once."))
            seen.add(str(key.value))
            lines[*at, str(key.value)] = key.start_mark.line + 1
            children.append(((*at, str(key.value)), value))
    elif isinstance(node, yaml.SequenceNode):
        children = [((*at, index), value) for index, value in enumerate(node.value)]
    for path, value in children:
        below = _lines(value, file, path)
        lines = below[0] | lines
        faults += below[1]
    return lines, faults


def _has_faults_below(error: Any, errors: list[Any]) -> bool:
    """Whether another fault lies within the part that this one names."""
    depth = len(error["loc"])
    return any(other["loc"][:depth] == error["loc"] and len(other["loc"]) > depth for other in errors)


def _line(lines: dict[Place, int], path: Place) -> int:
    """Line of a path, or of the nearest part above it."""
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 1)


def _fault(file: str, lines: dict[Place, int], error: Any) -> Fault:
    """Say one fault that pydantic found in the three parts of every message here."""
    path = tuple(error["loc"])
    where = f"{file}:{_line(lines, path)}"
    field = str(path[-1]) if path else ""
    if error["type"] == "extra_forbidden":
        known = sorted(_part(path[:-1]).model_fields)
        return Fault(f"`{field}` is no field here.", where, f"Known: {', '.join(known)}.", nearest(field, known))
    if error["type"] == "missing":
        return Fault(f"the field `{field}` is missing.", where, "Expected it here.", _meaning(path))
    if error["type"] == "literal_error":
        choices = [choice.strip(" '") for choice in error["ctx"]["expected"].replace(" or ", ",").split(",")]
        remedy = nearest(str(error["input"]), choices)
        return Fault(f"`{field}` is `{error['input']}`.", where, f"Expected {error['ctx']['expected']}.", remedy)
    name = ".".join(map(str, path))
    if error["type"] in EXPECTED:
        expected = EXPECTED[error["type"]].format(**error.get("ctx", {}))
        return Fault(f"`{name}` is {_shown(error['input'])}.", where, f"Expected {expected}.", _meaning(path))
    said = error["msg"].removeprefix("Value error, ")
    return Fault(f"`{name}`: {said}.".replace("..", "."), where, "", _meaning(path))


def _shown(value: Any) -> str:
    """A value as a message names it."""
    if isinstance(value, dict):
        return "a group of fields"
    if isinstance(value, list | tuple):
        return "a list" if value else "an empty list"
    return "empty" if value is None else f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _meaning(path: Place) -> str:
    """What the part that holds a field says about its fields."""
    part = _part(path[:-1])
    return "" if part is Protocol else " ".join((part.__doc__ or "").split())


def _part(path: Place) -> type[Part]:
    """The record that a path leads to."""
    part: type[Part] = Protocol
    for field in path:
        if isinstance(field, str) and field in part.model_fields:
            inner = _record(part.model_fields[field].annotation)
            part = inner or part
    return part


def _record(annotation: Any) -> type[Part] | None:
    """The record inside a type such as `tuple[Arm, ...]` or `Rescue | None`."""
    if isinstance(annotation, type) and issubclass(annotation, Part):
        return annotation
    return next((found for inner in typing.get_args(annotation) if (found := _record(inner))), None)


def _yaml_fault(path: Path, error: yaml.YAMLError) -> Fault:
    mark = getattr(error, "problem_mark", None)
    where = f"{path.name}:{mark.line + 1}" if mark else path.name
    return Fault(f"is no YAML: {getattr(error, 'problem', error)}.", where, "Expected `field: value` lines.")
