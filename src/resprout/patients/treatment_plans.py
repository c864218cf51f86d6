"""Plans of treatment: a YAML file in; regimens from now on with the rules that change them, visits, limits and weights out."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from resprout.dosing.dose_records import Dose, Regimen
from resprout.dosing.regimen import parse_duration, parse_regimen
from resprout.errors import Fault, InputError, nearest
from resprout.language.drug_instances import library_drugs
from resprout.language.plain_yaml import read_yaml_file
from resprout.language.records import Model
from resprout.patients.dataset import Occasion
from resprout.trial.rule_doses import shifted_dose
from resprout.trial.treatment_rules import MOST_RULES, Rule, read_rule, step_faults

OUTCOMES = ("response", "remission", "relapse", "dissociation", "blood_pressure")
DOSES = "doses"
WEIGHED = (*OUTCOMES, DOSES)
CONTINUE, MOST_PLANS, MOST_WEEKS = "continue", 12, 26
EXAMPLE_PLAN = Path(__file__).with_name("example_plan.yaml")


class PlanEntry(BaseModel):
    """One plan of a file.

    regimen   from now on, `saline` for none, or `continue` for the last dose at the same interval
    rules     that change it          steps   multiples of the first dose that `dose up` and `dose down` move along
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    regimen: str
    rules: tuple[str, ...] = Field(default=(), max_length=MOST_RULES)
    steps: tuple[Annotated[float, Field(gt=0, le=100)], ...] = Field(default=(), max_length=20)


def _as_entry(value: Any) -> Any:
    """A plan that is a regimen alone."""
    return {"regimen": value} if isinstance(value, str) else value


class PlanFile(BaseModel):
    """The fields of a plan file.

    plans     by name: a regimen, or a regimen with rules
    weeks     how long to look ahead            visits   times from now on; weekly where they are not stated
    endpoint  scale of response, remission and relapse      start    when the plans begin, as a time since the first record of the
              last occasion; None for the last observation
    response  share by which the rating falls   limits   of CADSS and SBP
    utility   weight by outcome, and of each dose
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    plans: dict[str, Annotated[PlanEntry, BeforeValidator(_as_entry)]] = Field(min_length=1, max_length=MOST_PLANS)
    weeks: Annotated[float, Field(gt=0, le=MOST_WEEKS)] = 4.0
    visits: tuple[str, ...] = Field(default=(), max_length=100)
    endpoint: str = "MADRS"
    start: str | None = None
    response: Annotated[float, Field(gt=0, lt=1)] = 0.5
    limits: dict[str, float] = Field(default_factory=dict)
    utility: dict[str, float] = Field(default_factory=dict)


@dataclass(frozen=True)
class TreatmentPlan:
    """One plan.

    regimen   doses from the start of the plan; None for `continue`
    rules     that change it; at a visit the first one that applies does
    steps     multiples of the first dose, ascending; empty where no rule moves the dose
    """

    regimen: Regimen | None
    rules: tuple[Rule, ...] = ()
    steps: tuple[float, ...] = ()


@dataclass(frozen=True)
class Plans:
    """Plans that have been checked.

    treatments by name
    visits_h   [visit]  h   from the start of the plan, ascending
    endpoint   scale of response, remission and relapse
    start_h    h            since the first record; None for the last observation
    response   share by which the rating falls
    limits     points of CADSS, mmHg of SBP
    utility    weight by outcome; empty where no utility is asked for
    """

    treatments: Mapping[str, TreatmentPlan]
    visits_h: tuple[float, ...]
    endpoint: str = "MADRS"
    start_h: float | None = None
    response: float = 0.5
    limits: Mapping[str, float] | None = None
    utility: Mapping[str, float] | None = None

    def limit(self, endpoint: str) -> float:
        """The limit of CADSS (20 points) or SBP (165 mmHg), or that of the file."""
        return float((self.limits or {}).get(endpoint, {"CADSS": 20.0, "SBP": 165.0}[endpoint]))


def read_plans(path: str | Path, model: Model) -> Plans:
    """Read a plan file.

    path      YAML file; "example" is the shipped one          model     whose drugs and scales it may name
    returns   the plans
    raises    InputError with every fault of the file, with its line
    """
    path = EXAMPLE_PLAN if str(path) == "example" else Path(path)
    if not path.is_file():
        raise InputError(Fault(f"there is no file `{path}`.", "--plan", "Expected a YAML file of plans."))
    document = read_yaml_file(path)
    faults = list(document.faults)
    if not isinstance(document.value, dict):
        expected = "Expected for instance `plans: {stop: saline}`."
        raise InputError(*faults, Fault("holds no fields.", path.name, expected))
    try:
        told = PlanFile(**document.value)
    except (ValidationError, TypeError) as error:
        found = error.errors() if isinstance(error, ValidationError) else [{"loc": (), "msg": str(error), "type": ""}]
        for each in found:
            faults.append(_field_fault(path.name, document.lines, each))
        raise InputError(*faults) from None

    def place(*where: str | int) -> str:
        line = next(
            (document.lines[where[:size]] for size in range(len(where), 0, -1) if where[:size] in document.lines), 1
        )
        return f"{path.name}:{line}"

    treatments = {
        name: _treatment(entry, model, told.endpoint, partial(place, "plans", name), faults)
        for name, entry in told.plans.items()
    }
    visits = [_hours(text, place("visits"), faults) for text in told.visits]
    visits = visits or [168.0 * week for week in range(1, int(told.weeks) + 1)] or [24.0 * 7 * told.weeks]
    start = None if told.start is None else _hours(told.start, place("start"), faults)
    faults += _name_faults(told, model, place)
    if faults:
        raise InputError(*faults)
    kept = tuple(sorted({hour for hour in visits if 0 < hour <= 168.0 * told.weeks + 1e-9}))
    if not kept:
        raise InputError(Fault("no visit lies within the weeks.", place("visits"), "Expected times such as `7 d`."))
    return Plans(treatments, kept, told.endpoint, start, told.response, told.limits, told.utility)


def _treatment(
    entry: PlanEntry, model: Model, endpoint: str, place: Callable[..., str], faults: list[Fault]
) -> TreatmentPlan:
    """One plan, with its faults added to those of the file."""
    regimen = _regimen(entry.regimen, model, place("regimen"), faults)
    rules = [read_rule(text, model, endpoint, place("rules", row), faults) for row, text in enumerate(entry.rules)]
    read = tuple(rule for rule in rules if rule is not None)
    faults += step_faults(read, entry.steps, place("steps"), all_read=len(read) == len(rules))
    return TreatmentPlan(regimen, read, tuple(entry.steps))


def _regimen(text: str, model: Model, where: str, faults: list[Fault]) -> Regimen | None:
    """The regimen of one plan; None for `continue`."""
    if text.strip().lower() == CONTINUE:
        return None
    try:
        return parse_regimen(text, library_drugs(model), where)
    except InputError as error:
        faults += error.faults
        return None


def _hours(text: str, where: str, faults: list[Fault]) -> float:
    """A time such as `7 d`, in hours."""
    hours = parse_duration(text)
    if hours is None or hours < 0:
        faults.append(Fault(f"`{text}` is no time.", where, "Expected for instance `7 d`."))
        return 0.0
    return hours


def _name_faults(told: PlanFile, model: Model, place: Any) -> list[Fault]:
    """Names of scales, limits and outcomes that are not known."""
    moods = [name for name, scale in model.scales.items() if scale.mood]
    faults = []
    if told.endpoint not in moods:
        remedy = nearest(told.endpoint, moods)
        faults.append(Fault(f"`{told.endpoint}` is no scale of depression.", place("endpoint"), "", remedy))
    for name in told.limits:
        if name not in ("CADSS", "SBP"):
            faults.append(Fault(f"`{name}` has no limit here.", place("limits", name), "Expected CADSS or SBP."))
    for name in told.utility:
        if name not in WEIGHED:
            remedy = nearest(name, WEIGHED)
            expected = f"Expected {', '.join(WEIGHED)}."
            faults.append(Fault(f"`{name}` is no outcome.", place("utility", name), expected, remedy))
    return faults


def _field_fault(file: str, lines: Mapping[Any, int], error: Any) -> Fault:
    """One complaint about a field, with its line."""
    path = tuple(error["loc"])
    line = next((lines[path[:size]] for size in range(len(path), 0, -1) if path[:size] in lines), 1)
    name = ".".join(map(str, path)) or "the file"
    if error["type"] == "extra_forbidden":
        remedy = nearest(str(path[-1]), (PlanEntry if path[0] == "plans" else PlanFile).model_fields)
        return Fault(f"`{name}` is no field of a plan.", f"{file}:{line}", "", remedy)
    return Fault(f"`{name}` is not what it should be.", f"{file}:{line}", f"{error['msg']}.")


def planned_doses(occasion: Occasion, regimen: Regimen | None, start_h: float, last_h: float) -> tuple[Dose, ...]:
    """The doses of a person before a plan, and those of the plan.

    occasion   what was recorded; doses at or after the start are replaced
    regimen    of the plan, from its start; None continues the last dose at the median interval so far
    start_h    h   start of the plan on the occasion's clock         last_h   h   last visit on that clock
    returns    doses on the occasion's clock
    raises     InputError where there is nothing to continue
    """
    before = tuple(
        Dose(dose.drug, dose.amount_mg, dose.per_kg, dose.route, dose.duration_h, kept)
        for dose in occasion.doses
        if (kept := tuple(time for time in dose.times_h if time < start_h))
    )
    if regimen is not None:
        planned = regimen.doses
        after = tuple(shifted_dose(dose, start_h) for dose in planned)
        return (*before, *after)
    given = sorted((time, number) for number, dose in enumerate(before) for time in dose.times_h)
    if len(given) < 2:
        found = (
            f"{len(given)} dose{'' if len(given) == 1 else 's'} before the plan, so that `continue` has no interval."
        )
        raise InputError(Fault(found, "", "Expected at least two.", "State the regimen in the plan."))
    gap = float(np.median([later[0] - earlier[0] for earlier, later in itertools.pairwise(given)]))
    last = before[given[-1][1]]
    first = given[-1][0] + gap
    times = np.arange(max(first, start_h), last_h, gap)
    if not times.size:
        return before
    more = Dose(
        last.drug, last.amount_mg, last.per_kg, last.route, last.duration_h, tuple(float(each) for each in times)
    )
    return (*before, more)
