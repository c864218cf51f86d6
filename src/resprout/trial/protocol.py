"""Protocols: a YAML file in, a checked trial design out, or every fault of the file with its line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from resprout.errors import Fault, InputError, nearest
from resprout.language.records import Model
from resprout.people.covariates import genotype_named
from resprout.trial.dosing import companion_drugs
from resprout.trial.regimen import KETAMINES, LONGEST_COURSE_H, Regimen, parse_duration, parse_regimen
from resprout.trial.scales import MOOD_SCALES

SHIPPED = Path(__file__).with_name("protocols")


def _hours(value: Any) -> float:
    """Read `80 min` or `7 d`; hours."""
    hours = parse_duration(str(value))
    if hours is None or not 0 <= hours <= LONGEST_COURSE_H:
        raise ValueError(f"`{value}` is no time. Expected a number and a unit, for instance `80 min` or `7 d`.")
    return hours


def _genotype(value: str) -> str:
    try:
        return genotype_named(value)
    except InputError as error:
        raise ValueError(str(error)) from None


Hours = Annotated[float, BeforeValidator(_hours)]
Genotype = Annotated[str, AfterValidator(_genotype)]
Name = Annotated[str, Field(min_length=1, max_length=200)]


class _Part(BaseModel):
    """A part of a protocol: unknown fields are refused, and nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class EntryCriteria(_Part):
    """Who may enter: least points by scale at screening, ages in years, genotypes, and how long before dosing."""

    minimum: dict[str, float] = Field(default_factory=dict)
    age: tuple[float, float] = (18.0, 75.0)
    genotype: tuple[Genotype, ...] = ()
    screening: Hours = 168.0


class Arm(_Part):
    """What is given: `size` people in parallel groups; `first` people start with it in a crossover."""

    name: Name
    regimen: str
    size: int | None = Field(None, ge=1, le=100_000)
    first: int | None = Field(None, ge=0, le=100_000)
    control: bool = False


class Endpoint(_Part):
    """What is rated, and when (hours after the first dose of the period; the first visit is the baseline)."""

    name: Name
    visits: tuple[Hours, ...] = Field(min_length=2)


class Protocol(_Part):
    """A trial design as its file states it."""

    name: Name
    title: Name
    source: str = ""
    design: Literal["crossover", "parallel"]
    control: Literal["saline", "midazolam", "open_label", "add_on"]
    washout: Hours | None = None
    population: Literal["mdd", "healthy"] = "mdd"
    diagnosis: Literal["mdd"] = "mdd"
    entry: EntryCriteria = EntryCriteria()
    arms: tuple[Arm, ...] = Field(min_length=1)
    endpoints: tuple[Endpoint, ...] = Field(min_length=1)
    analysis: tuple[Literal["rm_anova", "responder"], ...] = ()
    replicates: int = Field(200, ge=1, le=100_000)
    seed: int = Field(1, ge=0)
    assumed: tuple[str, ...] = ()

    @property
    def people(self) -> int:
        """People in one trial."""
        return sum((arm.first if self.design == "crossover" else arm.size) or 0 for arm in self.arms)

    @property
    def last_visit(self) -> float:
        """Hour of the last visit of a period."""
        return max(max(endpoint.visits) for endpoint in self.endpoints)


def read_protocol(name: str | Path, model: Model) -> tuple[Protocol, dict[str, Regimen]]:
    """Read a shipped protocol by name, or a file.

    returns   the protocol and the regimen of each arm
    raises    InputError with every fault, each with file and line
    """
    path = _find(name)
    try:
        text = path.read_text(encoding="utf-8")
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        content = yaml.safe_load(text)
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise InputError(Fault(f"cannot be read: {error}.", str(path), "Expected a YAML text file.")) from None
    except yaml.YAMLError as error:
        raise InputError(_yaml_fault(path, error)) from None
    if not isinstance(content, dict):
        raise InputError(Fault("is no protocol.", str(path), "Expected fields such as `name:`, `arms:`, `endpoints:`."))
    lines, faults = _lines(node, path.name)
    try:
        protocol = Protocol.model_validate(content)
    except ValidationError as error:
        found = error.errors()
        # a list whose items are all faulty is also reported as too short; only the items are worth reading
        told = [each for each in found if not (each["type"] == "too_short" and _has_faults_below(each, found))]
        raise InputError(*faults, *(_fault(path.name, lines, each) for each in told)) from None
    regimens, more = _check(protocol, model, path.name, lines)
    if faults or more:
        raise InputError(*faults, *more)
    return protocol, regimens


def _find(name: str | Path) -> Path:
    """The file a name means: a shipped protocol, or a path."""
    shipped = {path.stem: path for path in SHIPPED.glob("*.yaml")}
    if str(name) in shipped:
        return shipped[str(name)]
    path = Path(name)
    if path.is_file():
        return path
    expected = f"Expected a file or one of {', '.join(sorted(shipped))}."
    raise InputError(Fault(f"`{name}` is no trial here.", "", expected, nearest(str(name), shipped)))


Place = tuple[str | int, ...]


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
            children.append(((*at, str(key.value)), value))
    elif isinstance(node, yaml.SequenceNode):
        children = [((*at, index), value) for index, value in enumerate(node.value)]
    for path, value in children:
        below = _lines(value, file, path)
        lines |= below[0]
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
        known = _fields(path)
        return Fault(f"`{field}` is no field here.", where, f"Known: {', '.join(known)}.", nearest(field, known))
    if error["type"] == "missing":
        return Fault(f"the field `{field}` is missing.", where, "Expected it here.")
    if error["type"] == "literal_error":
        choices = [choice.strip(" '") for choice in error["ctx"]["expected"].replace(" or ", ",").split(",")]
        remedy = nearest(str(error["input"]), choices)
        return Fault(f"`{field}` is `{error['input']}`.", where, f"Expected {error['ctx']['expected']}.", remedy)
    said = error["msg"].removeprefix("Value error, ")
    return Fault(f"`{'.'.join(map(str, path))}`: {said}.".replace("..", "."), where)


def _fields(path: Place) -> list[str]:
    """Fields known at a path of the protocol."""
    parts: dict[str | int, type[_Part]] = {"entry": EntryCriteria, "arms": Arm, "endpoints": Endpoint}
    return sorted(parts.get(path[0], Protocol).model_fields if len(path) > 1 else Protocol.model_fields)


def _yaml_fault(path: Path, error: yaml.YAMLError) -> Fault:
    mark = getattr(error, "problem_mark", None)
    where = f"{path.name}:{mark.line + 1}" if mark else path.name
    return Fault(f"is no YAML: {getattr(error, 'problem', error)}.", where, "Expected `field: value` lines.")


def _check(
    protocol: Protocol, model: Model, file: str, lines: dict[Place, int]
) -> tuple[dict[str, Regimen], list[Fault]]:
    """Check what needs the model, or more than one field; also read the regimens."""
    regimens: dict[str, Regimen] = {}
    faults: list[Fault] = []

    def note(path: Place, found: str, expected: str = "", remedy: str = "") -> None:
        faults.append(Fault(found, f"{file}:{_line(lines, path)}", expected, remedy))

    for index, arm in enumerate(protocol.arms):
        try:
            regimen = parse_regimen(arm.regimen, companion_drugs(model), f"{file}:{_line(lines, ('arms', index))}")
        except InputError as error:
            faults += error.faults
            continue
        if arm.name in regimens:
            note(("arms", index, "name"), f"two arms are called `{arm.name}`.", "Expected a name each.")
        regimens[arm.name] = regimen
        needed = "first" if protocol.design == "crossover" else "size"
        if getattr(arm, needed) is None:
            note(("arms", index), f"arm `{arm.name}` has no `{needed}`.", f"A {protocol.design} trial needs it.")
    for index, endpoint in enumerate(protocol.endpoints):
        if endpoint.name not in model.equations:
            remedy = nearest(endpoint.name, model.equations, "resprout describe")
            note(("endpoints", index, "name"), f"`{endpoint.name}` is no output of the model.", "", remedy)
        if any(later <= earlier for earlier, later in zip(endpoint.visits, endpoint.visits[1:], strict=False)):
            note(("endpoints", index, "visits"), "the visits are not in order of time.", "Expected each once.")
    for scale in protocol.entry.minimum:
        if scale not in MOOD_SCALES:
            remedy = nearest(scale, MOOD_SCALES)
            note(("entry", "minimum", scale), f"`{scale}` rates no depression.", "", remedy)
    if protocol.entry.age[0] >= protocol.entry.age[1]:
        note(("entry", "age"), "the ages are not in order.", "Expected the lower one first.")
    if protocol.people < 2:
        note(("arms",), f"{protocol.people} people in all.", "Expected at least two.")
    _check_crossover(protocol, regimens, note)
    return regimens, faults


def _check_crossover(protocol: Protocol, regimens: dict[str, Regimen], note: Any) -> None:
    """Check that the periods of a crossover follow each other."""
    if protocol.design == "parallel":
        if "rm_anova" in protocol.analysis:
            note(("analysis",), "`rm_anova` compares treatments within people.", "Expected a crossover.")
        return
    if len(protocol.arms) < 2:
        note(("arms",), "a crossover with one arm.", "Expected at least two.")
    others = {dose.drug for regimen in regimens.values() for dose in regimen.doses if dose.drug not in KETAMINES}
    if len(others) > 1:
        found = f"{' and '.join(sorted(others))} in one crossover."
        note(("arms",), found, "Expected one drug outside the ketamine family a person.")
    last = max([protocol.last_visit, *(max(regimen.times_h) for regimen in regimens.values())])
    if protocol.washout is None:
        note((), "the field `washout` is missing.", "A crossover needs the time between test days.")
    elif protocol.washout <= last:
        found = "the next period starts before the last visit of the one before."
        note(("washout",), found, f"Expected a washout of more than {last:g} h.")
