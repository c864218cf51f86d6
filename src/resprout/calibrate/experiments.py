"""Experiments in the model: what is done to whom, as a line of a table, in; the trajectory of every output out, all arms in one run."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from resprout.dosing.dose_events import check_routes, prepare_doses
from resprout.dosing.regimen import Regimen, parse_regimen
from resprout.errors import Fault, SolveError
from resprout.language.drug_instances import binding, library_drugs, with_drugs, with_places
from resprout.language.rating_scales import keep_within
from resprout.language.readouts import Readout
from resprout.language.records import Model
from resprout.solve import Events, run_patients

Numbers = NDArray[np.float64]
SETTING = re.compile(r"(?P<name>\w+)\s*=\s*(?P<value>[-+.\deE]+)\s*(?:\[\s*(?P<start>[.\d]+)\s+(?P<stop>[.\d]+)\s*\])?")
JOIN, OR = " & ", " | "
Values = Mapping[str, Numbers | float]
Change = tuple[float, str, Numbers | float]


@dataclass(frozen=True)
class Person:
    """Who is studied: species, causes of illness, and the dose of ketamine that others are compared with."""

    name: str
    constants: Mapping[str, float] = field(hash=False)
    standard: str


@dataclass(frozen=True)
class Arm:
    """A person and all that is done to them.

    done   regimens such as `ketamine 10 mg/kg ip`, constants held for life such as `glial_uptake=0.7`, and inputs held
           for a time such as `firing_block=0.9 [0 3]` (h), joined by ` & `; empty for nothing
    """

    person: str
    done: str = ""

    def with_also(self, done: str) -> Arm:
        """The same arm with more done."""
        return Arm(self.person, JOIN.join(part for part in (self.done, done) if part))


@dataclass(frozen=True)
class PreparedArm:
    """One arm as the engine takes it, under the names of its own drugs.

    constants   name -> a number or [draw]      changes   hour, state or input, amount or value
    drugs       beside the ketamine family
    """

    constants: dict[str, Numbers | float]
    changes: list[Change]
    drugs: tuple[str, ...]


@dataclass(frozen=True)
class Trajectories:
    """Trajectories of every arm: value [arm, time, output], time in h.

    inner   by arm: name of an output of its drugs -> name in `outputs`, where all arms share numbered drugs
    """

    arms: Mapping[Arm, int]
    hours: Numbers
    outputs: tuple[str, ...]
    value: Numbers = field(repr=False)
    inner: Mapping[Arm, Mapping[str, str]] = field(default_factory=dict, repr=False)

    def trajectory(self, arm: Arm, output: str) -> Numbers:
        """[time] one output of one arm; the level of a drug that the arm does not give is 0."""
        name = self.inner.get(arm, {}).get(output, output)
        if not name:
            return np.zeros(len(self.hours))
        return self.value[self.arms[arm], :, self.outputs.index(name)]

    def at(self, arm: Arm, output: str, hour: float) -> float:
        """One output at one hour."""
        return float(np.interp(hour, self.hours, self.trajectory(arm, output)))

    def change(self, arm: Arm, reference: Arm, measure: Readout) -> float:
        """How an arm differs from a reference, in the measure's direction and the output's unit."""
        apart = self.trajectory(arm, measure.output) - self.trajectory(reference, measure.output)
        if measure.kind == "at":
            return measure.sign * float(np.interp(measure.start_h, self.hours, apart))
        inside = apart[(self.hours >= measure.start_h) & (self.hours <= measure.stop_h)]
        farthest = inside[np.abs(inside).argmax()] if measure.kind == "peak" else inside.mean()
        return measure.sign * float(farthest)


def read_persons(model: Model) -> dict[str, Person]:
    """Who can be studied, by name: rows of persons.tsv with the constants of their species."""
    found = {}
    for row in model.tables.get("persons", ()):
        own = {
            line["constant"]: float(line["value"])
            for line in model.tables["species"]
            if line["species"] == row["species"]
        }
        settings = [_setting(item) for item in split(row["constants"], JOIN)]
        own |= {part["name"]: float(part["value"]) for part in settings if part is not None}
        found[row["person"]] = Person(row["person"], own, row["standard"])
    return found


def split(text: str, mark: str) -> list[str]:
    """The parts of a cell, without blanks around them."""
    return [part.strip() for part in text.split(mark) if part.strip()]


def run_arms(
    model: Model,
    arms: Iterable[Arm],
    hours: Iterable[float],
    outputs: Sequence[str],
    overrides: Mapping[str, float] | None = None,
) -> Trajectories:
    """Run every arm as one patient of one batch.

    hours       h, at which trajectories are wanted; a dense grid after hour 0 is added
    overrides   constants changed for every arm, as a rival hypothesis does
    returns     Trajectories
    raises      SolveError if an arm cannot be solved
    """
    distinct = list(dict.fromkeys(arms))
    persons = read_persons(model)
    prepared = [prepare_arm(model, persons, arm, overrides) for arm in distinct]
    form, made = numbered(model, prepared)
    names = sorted({name for one in made for name in one.constants})
    constants = {name: np.array([one.constants.get(name, form.nominal[name]) for one in made], float) for name in names}
    events = join_changes(form, constants, [one.changes for one in made])
    grid = _grid(hours)
    inner = {arm: inner_names(model, one.drugs, outputs) for arm, one in zip(distinct, prepared, strict=True)}
    seen = tuple(dict.fromkeys(inner[arm].get(name, name) for name in outputs for arm in distinct))
    seen = tuple(name for name in seen if name)
    run = run_patients(form, constants, events, grid, list(seen))
    for k in np.flatnonzero(run.status):
        raise SolveError(Fault(f"`{distinct[k].done}` could not be solved.", distinct[k].person, run.message(int(k))))
    keep_within(model.scales, seen, run.value)
    return Trajectories({arm: k for k, arm in enumerate(distinct)}, grid, seen, run.value, inner)


def inner_names(model: Model, drugs: Sequence[str], outputs: Iterable[str]) -> dict[str, str]:
    """Outputs of drugs -> their names in the form with numbered drugs that all arms share; empty for a drug not given."""
    bound = binding(with_drugs(model, drugs))
    inner = bound.inner if bound is not None else {}
    own = [name for name in outputs if name not in model.equations and name not in model.constants]
    return {name: inner.get(name, "") for name in own}


def numbered(model: Model, arms: Sequence[PreparedArm]) -> tuple[Model, list[PreparedArm]]:
    """The model with as many numbered drugs as any arm gives, and the arms under the names of those.

    Arms with different drugs can then be patients of one run.
    """
    form = with_places(model, max((len(arm.drugs) for arm in arms), default=0))
    return form, [_numbered(model, form, arm) for arm in arms]


def moved_by(model: Model, arm: PreparedArm) -> tuple[str, ...]:
    """Names of what an arm changes, in the model with numbered drugs, each once and sorted."""
    return tuple(sorted({name for _, name, _ in numbered(model, [arm])[1][0].changes}))


def _numbered(model: Model, form: Model, arm: PreparedArm) -> PreparedArm:
    named = with_drugs(model, arm.drugs)
    bound = binding(named)
    if bound is None:
        return arm
    constants = {name: value for name, value in arm.constants.items() if name in form.constants}
    for name, inside in bound.inner.items():
        if inside in form.constants:
            constants[inside] = arm.constants.get(name, named.nominal[name])
    changes = [(hour, bound.inner.get(name, name), amount) for hour, name, amount in arm.changes]
    return PreparedArm(constants, changes, arm.drugs)


def _setting(item: str) -> re.Match[str] | None:
    return SETTING.fullmatch(item)


def prepare_arm(
    model: Model,
    persons: Mapping[str, Person],
    arm: Arm,
    overrides: Values | None = None,
    draws: Values | None = None,
) -> PreparedArm:
    """Constants of one arm, and its changes: hour, state or input, amount or value.

    overrides   name -> a number or [draw]   stand above the person's own constants, as a rival hypothesis does
    draws       name -> a number or [draw]   stand below them, as parameter uncertainty does
    """
    above, below = overrides or {}, draws or {}
    given: dict[str, Numbers | float] = {**below, **persons[arm.person].constants, **above}
    changes: list[Change] = []
    doses = []
    for item in split(arm.done, JOIN):
        match = _setting(item)
        if match is None:
            doses.append(item)
        elif match["start"] is None:
            given[match["name"]] = float(match["value"])
        else:
            name = match["name"]
            changes += [(float(match["start"]), name, float(match["value"]))]
            changes += [(float(match["stop"]), name, given.get(name, model.nominal[name]))]
    plan = Regimen("", ())
    if doses:
        plan = _regimen(model, " + ".join(doses), f"{arm.person}: {arm.done}")
    _, given, events = prepare_doses(model, plan, given)
    changes += list(zip(events.time_h.tolist(), events.name, events.value, strict=True))
    return PreparedArm(given, changes, plan.drugs)


@functools.lru_cache(maxsize=1024)
def _regimen(model: Model, text: str, where: str) -> Regimen:
    plan = parse_regimen(text, library_drugs(model), where)
    check_routes(model, plan)
    return plan


def join_changes(
    model: Model, constants: Values, changes: Sequence[Sequence[Change]], *, moved: Iterable[str] = (), draws: int = 1
) -> Events:
    """Changes of all arms as one timetable; who has no change keeps an input and adds nothing to a state.

    constants   name -> [arm x draw]   steady-state values, all draws of one arm side by side
    changes     for each arm; amounts are numbers or [draw]
    moved       further names that are held at their steady-state value from hour 0, so that several timetables share a kernel
    returns     events with a column for each draw of each arm
    """
    moments = sorted({(hour, name) for own in changes for hour, name, _ in own} | {(0.0, name) for name in moved})
    value = np.zeros((len(moments), len(changes), draws))
    for column, own in enumerate(changes):
        given: dict[tuple[float, str], Numbers | float] = {}
        for hour, name, amount in own:
            before = 0.0 if name in model.inputs else given.get((hour, name), 0.0)
            given[hour, name] = before + amount
        held: dict[str, Numbers | float] = {}
        for row, moment in enumerate(moments):
            name = moment[1]
            if name in model.inputs:
                lanes = slice(column * draws, (column + 1) * draws)
                rest = np.asarray(constants[name])[lanes] if name in constants else model.nominal[name]
                held[name] = given.get(moment, held.get(name, rest))
                value[row, column] = held[name]
            else:
                value[row, column] = given.get(moment, 0.0)
    hours, names = np.array([hour for hour, _ in moments]), tuple(name for _, name in moments)
    return Events(hours, names, value.reshape(len(moments), len(changes) * draws))


def _grid(hours: Iterable[float]) -> Numbers:
    """Hours asked for, with every 5 min to 4 h and every half hour to 24 h."""
    return np.unique(np.round([*np.arange(0, 49) / 12, *np.arange(8, 49) / 2, *hours], 6))
