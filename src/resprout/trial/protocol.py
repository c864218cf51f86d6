"""Protocols: a YAML file in, a checked trial design out, or every fault of the file with its line."""

from __future__ import annotations

import functools
import typing
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from resprout.dosing.regimen import Regimen
from resprout.errors import MOST_FAULTS, Fault, InputError, first_faults, nearest
from resprout.language.bounds import PEOPLE, REPLICATES, SEED, Range
from resprout.language.given_values import whole_of
from resprout.language.plain_yaml import Place, YamlDocument, read_yaml, read_yaml_file
from resprout.language.records import Model
from resprout.trial.design import Part, Protocol
from resprout.trial.design_checks import check_design

SHIPPED = Path(__file__).with_name("protocols")
MOST_UNKNOWN = 5  # fields, of one part, that are named with the nearest known name
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
    "too_long": "{max_length} or fewer",
}


def read_protocol(name: str | Path, model: Model) -> tuple[Protocol, dict[str, Regimen]]:
    """Read a shipped protocol by name, or a file.

    name     a shipped protocol, or the path of a YAML file
    model    whose drugs and outputs the protocol may name
    returns  the protocol and the regimen of each arm, with the background treatment joined to it
    raises   InputError with every fault, each with file and line
    """
    path = find_protocol(name)
    return _checked(read_yaml_file(path), path.name, model)


def read_protocol_text(text: str, name: str, model: Model) -> tuple[Protocol, dict[str, Regimen]]:
    """Read a protocol that is text, as `read_protocol` reads a file.

    text     YAML
    name     of the text in messages
    model    whose drugs and outputs the protocol may name
    returns  the protocol and the regimen of each arm, with the background treatment joined to it
    raises   InputError with every fault, each with its line
    """
    return _checked(read_yaml(text, name), name, model)


def _checked(document: YamlDocument, file: str, model: Model) -> tuple[Protocol, dict[str, Regimen]]:
    """The protocol that a document states, with its regimens."""
    lines, faults = document.lines, document.faults
    if not isinstance(document.value, dict):
        expected = "Expected fields such as `name:`, `arms:`, `endpoints:`."
        raise InputError(*faults, Fault("is no protocol.", file, expected))
    try:
        protocol = Protocol.model_validate(document.value)
    except ValidationError as error:
        told, more = _field_faults(error.errors(), file, lines)
        raise InputError(*first_faults([*faults, *told], file, more)) from None

    def place(where: Place) -> str:
        return f"{file}:{_line(lines, where)}"

    regimens, found = check_design(protocol, model, place)
    if faults or found:
        # a value that could not be read is not also missing
        unread = {fault.where for fault in faults}
        others = [fault for fault in found if fault.where not in unread]
        raise InputError(*first_faults([*faults, *others], file))
    return protocol, regimens


def series_of(protocol: Protocol, replicates: Any, seed: Any) -> tuple[int, int]:
    """Number of replicates and seed of a series of trials, as asked for or as the protocol has them.

    protocol     design of the trial
    replicates   a whole number; None takes the protocol's
    seed         of patients and ratings; None takes the protocol's
    returns      both
    raises       InputError with every fault
    """
    most = Range(1, min(REPLICATES.highest, PEOPLE.highest // protocol.people), whole=True)
    asked = protocol.replicates if replicates is None else whole_of(replicates)
    start = protocol.seed if seed is None else whole_of(seed)
    faults = most.faults("`replicates`", replicates if asked is None else asked, field="replicates")
    faults += SEED.faults("`seed`", seed if start is None else start, field="seed")
    if faults or asked is None or start is None:
        raise InputError(*faults)
    return asked, start


def shipped_protocols() -> dict[str, Path]:
    """The protocols that come with the package, by name."""
    return {path.stem: path for path in sorted(SHIPPED.glob("*.yaml"))}


@functools.lru_cache(maxsize=64)
def is_for_calibration(name: str) -> bool:
    """Whether a fit may look at the published numbers of a shipped trial: what its file says under `used_for`."""
    file = SHIPPED / f"{name}.yaml"
    return file.exists() and read_yaml_file(file).value.get("used_for") == "calibration"


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


def _field_faults(found: list[Any], file: str, lines: dict[Place, int]) -> tuple[list[Fault], int]:
    """What pydantic found, in order, and how much more there is; many unknown fields of one part are one fault."""
    unknown: dict[Place, list[Any]] = {}
    for error in found:
        if error["type"] == "extra_forbidden":
            unknown.setdefault(tuple(error["loc"][:-1]), []).append(error)
    crowded = {place: errors for place, errors in unknown.items() if len(errors) > MOST_UNKNOWN}
    told = [_many_unknown(errors, file, lines) for errors in crowded.values()]
    rest = [
        error
        for error in found
        if not (error["type"] == "extra_forbidden" and tuple(error["loc"][:-1]) in crowded)
        # a list whose items are all faulty is also reported as too short; only the items are worth reading
        and not (error["type"] == "too_short" and _has_faults_below(error, found))
    ]
    return [*told, *(_fault(file, lines, error) for error in rest[:MOST_FAULTS])], max(len(rest) - MOST_FAULTS, 0)


def _many_unknown(errors: list[Any], file: str, lines: dict[Place, int]) -> Fault:
    """One fault for many fields of a part that are not known."""
    path = tuple(errors[0]["loc"])
    known = ", ".join(sorted(_part(path[:-1]).model_fields))
    found = f"{len(errors):,} fields are not known here, the first is `{path[-1]!s:.60}`."
    return Fault(found, f"{file}:{_line(lines, path)}", f"Known: {known}.")


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
        return Fault(f"`{field:.60}` is no field here.", where, f"Known: {', '.join(known)}.", nearest(field, known))
    if error["type"] == "missing":
        return Fault(f"the field `{field}` is missing.", where, "Expected it here.", _meaning(path))
    if error["type"] == "literal_error":
        choices = [choice.strip(" '") for choice in error["ctx"]["expected"].replace(" or ", ",").split(",")]
        remedy = nearest(str(error["input"]), choices)
        return Fault(f"`{field}` is {_shown(error['input'])}.", where, f"Expected {error['ctx']['expected']}.", remedy)
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
    said = str(value).lower() if isinstance(value, bool) else f"{value!s:.60}"
    return "empty" if value is None else f"the text `{said}`" if isinstance(value, str) else f"`{said}`"


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


def protocol_schema() -> dict[str, Any]:
    """The JSON schema of protocol files; editors use it to complete and check them."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Protocol.model_json_schema()}
