"""Measurements and draws of constants -> predictions: arms shared between rows, every draw of an arm a patient beside the others."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from resprout.calibrate.experiments import (
    Arm,
    Change,
    Numbers,
    inner_names,
    join_changes,
    numbered,
    prepare_arm,
    read_persons,
)
from resprout.calibrate.measurements import Measurement, read_measurements
from resprout.errors import Fault, InputError
from resprout.language.rating_scales import keep_within
from resprout.language.readouts import Readout
from resprout.language.records import Model
from resprout.solve import run_patients

__all__ = ["Group", "Measurement", "Readout", "plan_groups", "predict_measurements", "read_measurements", "run_group"]

MOST_NUMBERS = 2_000_000  # patients x hours x outputs of one run: 16 MB
DURATIONS = ("tablet_dissolution_duration", "mucosal_duration", "spray_swallow_duration", "peritoneal_duration")
FINE_H = np.unique(np.round([*np.arange(61) / 60, *np.arange(12, 49) / 12, *np.arange(8, 49) / 2], 9))
COARSE_H = 4.0
ENDS_H = (0.0, 4.0, 24.0, 96.0, np.inf)  # an arm read at 4 h need not be solved for two weeks


@dataclass(frozen=True)
class Group:
    """Arms whose doses fall on the same hours, so that they can be patients of one run.

    outputs   read by any arm of the same kind; kinds share a kernel      moved   states and inputs that any of them moves
    hours     [time]   h
    """

    arms: tuple[Arm, ...]
    outputs: tuple[str, ...]
    moved: tuple[str, ...]
    hours: tuple[float, ...]


def predict_measurements(
    model: Model, rows: Sequence[Measurement], draws: Mapping[str, NDArray[np.float64]] | None = None
) -> NDArray[np.float64]:
    """What the model says of every measurement, for every draw of its constants.

    rows      as `read_measurements` gives them
    draws     constant -> [draw]; a person's own settings, such as glial_uptake or an animal's volumes, stay
    returns   [draw, row]   unit of the row   NaN where an arm cannot be solved or a ratio has nothing to divide by
    raises    InputError for draws that are not all of one length, and of durations: doses of all draws end together
    """
    given = {name: np.asarray(value, float) for name, value in (draws or {}).items()}
    count = _count(given)
    found: dict[tuple[Arm, Readout], Numbers] = {}
    for group in plan_groups(model, tuple(rows)):
        found |= _read(model, group, _wanted(rows, group.arms), given, count)
    return np.stack([_compared(row, found) for row in rows], axis=1) if rows else np.empty((count, 0))


@functools.lru_cache(maxsize=32)
def plan_groups(model: Model, rows: tuple[Measurement, ...]) -> tuple[Group, ...]:
    """Share the arms of these rows among runs: by what has to be solved for them, and by the hours of their doses."""
    arms = list(dict.fromkeys(arm for row in rows for arm in (row.arm, row.reference) if arm is not None))
    persons = read_persons(model)
    prepared = {arm: prepare_arm(model, persons, arm) for arm in arms}
    form, made = numbered(model, [prepared[arm] for arm in arms])
    changes = {arm: one.changes for arm, one in zip(arms, made, strict=True)}
    kind = {arm: _kind(form, len(prepared[arm].drugs), _wanted(rows, [arm])) for arm in arms}
    groups = []
    for one in sorted(set(kind.values())):
        alike = [arm for arm in arms if kind[arm] == one]
        outputs = sorted({_inner(model, prepared[arm].drugs, readout) for arm, readout in _wanted(rows, alike)})
        moved = sorted({name for arm in alike for _, name, _ in changes[arm]})
        timing = {arm: _timing(changes[arm], _wanted(rows, [arm])) for arm in alike}
        for together in dict.fromkeys(timing.values()):
            own = tuple(arm for arm in alike if timing[arm] == together)
            grid = {hour for _, readout in _wanted(rows, own) for hour in hours_read(readout)}
            groups.append(Group(own, tuple(outputs), tuple(moved), tuple(sorted({0.0, *grid}))))
    return tuple(groups)


def _timing(changes: Sequence[Change], wanted: Sequence[tuple[Arm, Readout]]) -> tuple[float, ...]:
    """What arms must share to run together: hours of doses, and about when they end."""
    last = max(readout.stop_h for _, readout in wanted)
    return (min(end for end in ENDS_H if end >= last), *sorted({hour for hour, _, _ in changes}))


@functools.lru_cache(maxsize=1024)
def hours_read(readout: Readout) -> tuple[float, ...]:
    """Hours at which a readout looks at its output: its one hour, or a grid that widens from the window's start."""
    if readout.kind == "at":
        return (readout.start_h,)
    length = readout.stop_h - readout.start_h
    later = np.arange(FINE_H[-1] + COARSE_H, length, COARSE_H)
    inside = [*FINE_H[length >= FINE_H], *later, length]
    return tuple(sorted({round(readout.start_h + hour, 9) for hour in inside}))


def _inner(model: Model, drugs: Sequence[str], readout: Readout) -> str:
    """The name of a readout's output in the form with numbered drugs."""
    return inner_names(model, drugs, [readout.output]).get(readout.output, readout.output)


def _kind(model: Model, drugs: int, wanted: Iterable[tuple[Arm, Readout]]) -> tuple[bool, int]:
    """What an arm's kernel has to hold: more than stage 1, and how many drugs beside ketamine."""
    beyond = any(model.equations[r.output].stage > 1 for _, r in wanted if r.output in model.equations)
    return beyond, drugs


def _wanted(rows: Sequence[Measurement], arms: Iterable[Arm]) -> list[tuple[Arm, Readout]]:
    """Every readout that these rows take from these arms."""
    chosen = set(arms)
    sides = [(arm, row) for row in rows for arm in (row.arm, row.reference) if arm is not None and arm in chosen]
    pairs = [(arm, readout) for arm, row in sides for readout in row.readouts]
    return list(dict.fromkeys([*pairs, *((arm, _at_baseline(readout)) for arm, readout in pairs)]))


def _at_baseline(readout: Readout) -> Readout:
    return Readout(readout.output, "at", 0.0, 0.0)


def _count(draws: Mapping[str, Numbers]) -> int:
    """How many draws there are; 1 if none are given."""
    lengths = {array.size for array in draws.values()}
    faults = [Fault(f"draws of different lengths: {sorted(lengths)}.")] if len(lengths) > 1 else []
    faults += [
        Fault(f"draws of `{name}`.", expected="Doses of all draws begin and end together: expected no duration.")
        for name in DURATIONS
        if name in draws and np.ptp(draws[name]) > 0
    ]
    if faults:
        raise InputError(*faults)
    return lengths.pop() if lengths else 1


def _read(
    model: Model, group: Group, wanted: Sequence[tuple[Arm, Readout]], draws: Mapping[str, Numbers], count: int
) -> dict[tuple[Arm, Readout], Numbers]:
    """Run a group for all draws, as many at a time as memory likes, and read what is wanted from it."""
    at_once = max(8, MOST_NUMBERS // (len(group.arms) * len(group.hours) * len(group.outputs)))
    parts: dict[tuple[Arm, Readout], list[Numbers]] = {pair: [] for pair in wanted}
    persons = read_persons(model)
    drugs = {arm: prepare_arm(model, persons, arm).drugs for arm in group.arms}
    for first in range(0, count, at_once):
        own = {name: value[first : first + at_once] for name, value in draws.items()}
        lanes = min(at_once, count - first)
        trajectory = run_group(model, group, own, lanes)
        for pair in wanted:
            arm, readout = pair
            column = trajectory[group.arms.index(arm), :, :, group.outputs.index(_inner(model, drugs[arm], readout))]
            parts[pair].append(read_trajectory(readout, np.array(group.hours), column))
    return {pair: np.concatenate(values) for pair, values in parts.items()}


def run_group(model: Model, group: Group, draws: Mapping[str, Numbers], count: int) -> Numbers:
    """Trajectories of a group: [arm, draw, time, output], NaN where a patient cannot be solved."""
    persons = read_persons(model)
    form, made = numbered(model, [prepare_arm(model, persons, arm, draws=draws) for arm in group.arms])
    constants: dict[str, Numbers | float] = {}
    for name in sorted({name for one in made for name in one.constants}):
        if name in form.constants:
            lanes = [np.broadcast_to(one.constants.get(name, form.nominal[name]), count) for one in made]
            constants[name] = np.concatenate(lanes)
    events = join_changes(form, constants, [one.changes for one in made], moved=group.moved, draws=count)
    run = run_patients(form, constants, events, group.hours, group.outputs)
    keep_within(model.scales, group.outputs, run.value)
    return run.value.reshape(len(group.arms), count, len(group.hours), len(group.outputs))


def read_trajectory(readout: Readout, hours: Numbers, trajectory: Numbers) -> Numbers:
    """One readout of trajectories [draw, time]: [draw]."""
    inside = np.isin(hours, np.array(hours_read(readout)))
    seen, when = trajectory[:, inside], hours[inside]
    match readout.kind:
        case "at":
            return seen[:, 0]
        case "max":
            return seen.max(axis=1)
        case "min":
            return seen.min(axis=1)
        case "area":
            return np.asarray(np.trapezoid(seen, when, axis=1))
        case "mean":
            return np.asarray(np.trapezoid(seen, when, axis=1)) / (when[-1] - when[0])
        case _:
            return when[seen.argmax(axis=1) if readout.kind == "time of max" else seen.argmin(axis=1)]


def _compared(row: Measurement, found: Mapping[tuple[Arm, Readout], Numbers]) -> Numbers:
    """The row's number from its readouts: [draw]."""
    here: Numbers = _value(row, row.arm, found)
    if row.reference is None:
        return here
    there = _value(row, row.reference, found)
    with np.errstate(divide="ignore", invalid="ignore"):
        return here - there if row.compare == "difference" else here / there


def _value(row: Measurement, arm: Arm, found: Mapping[tuple[Arm, Readout], Numbers]) -> Numbers:
    """Readout, change or percent of one arm, or the first of two over the second."""
    values = []
    with np.errstate(divide="ignore", invalid="ignore"):
        for readout in row.readouts:
            value, baseline = found[arm, readout], found[arm, _at_baseline(readout)]
            if row.compare in ("change", "share"):
                value = value - baseline
            elif row.compare == "percent":
                value = 100.0 * (value / baseline - 1.0)
            values.append(value)
        return values[0] if len(values) == 1 else values[0] / values[1]
