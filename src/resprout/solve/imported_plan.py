"""When the conditions of an imported model change in time, and where steps have to end: the driver's plan, of all patients or of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from resprout.errors import Fault, InputError
from resprout.solve.driver_arrays import Plan
from resprout.solve.events import Floats, Timetable
from resprout.solve.time_functions import Schedule, TimeFunctions, values_of

FIRST_SHARE = 1e-6
"""First step of a patient, and the longest after a change, over the length of the run: in whatever unit of time the model is."""
MOST_MOMENTS = 20_000_000


@dataclass(frozen=True)
class ImportedPlan:
    """Plans of a run.

    tables      one for all patients, or one for each      times      hours of outputs
    beginning   name of a condition's input -> [patient] its value at the beginning
    notes       what could not be made sure of
    """

    tables: tuple[Timetable, ...]
    times: Floats
    beginning: dict[str, ArrayLike]
    notes: tuple[str, ...]

    def only(self, rows: NDArray[np.int64]) -> ImportedPlan:
        """The same for some of the patients."""
        own = [self.tables[row] for row in rows] if len(self.tables) > 1 else self.tables
        tables = (own_table if own_table.value.shape[1] == 1 else own_table.only(rows) for own_table in own)
        return replace(self, tables=tuple(tables))

    def without_outputs(self) -> ImportedPlan:
        """The same, with outputs at the ends only."""
        return replace(self, times=self.times[[0, -1]])

    def landing(self, pieces: int) -> Plan:
        """The driver's plan, with further hours at which steps have to end.

        pieces   equal parts of the run; 1 for no further hours
        """
        span = float(self.times[-1])
        further = np.linspace(0.0, span, pieces + 1)[1:-1]
        tables = [table.landing_at(further) for table in self.tables]
        moments = np.cumsum([0, *(len(table.time_h) for table in tables)])
        if moments[-1] > MOST_MOMENTS:
            found = f"conditions on time change {moments[-1]:,} times, in all patients together."
            raise InputError(Fault(found, "", f"Expected at most {MOST_MOMENTS:,}.", "Run fewer patients at a time."))
        firsts, changes = [], 0
        for table in tables:
            firsts.append(table.first[:-1] + changes)
            changes += len(table.row)
        return Plan(
            self.times,
            moments.astype(np.int64),
            np.concatenate([table.time_h for table in tables]),
            np.append(np.concatenate(firsts), changes).astype(np.int64),
            np.concatenate([table.row for table in tables]),
            np.ascontiguousarray(np.concatenate([table.value for table in tables])),
            FIRST_SHARE * span if span > 0 else 1.0,
        )


def make_plan(  # many arguments: what the conditions read, and where their inputs are
    functions: TimeFunctions,
    constants: Mapping[str, ArrayLike],
    states: Mapping[str, ArrayLike],
    times: Floats,
    patients: int,
    rows: Sequence[str],
    doses: Sequence[Timetable],
    *,
    watched: bool,
) -> ImportedPlan:
    """Plan a run.

    constants, states   values and beginnings, name -> scalar or [patient]
    times               hours of outputs
    rows                names of the kernel's constants
    doses               what happens to the patients besides: one for all, or one for each
    watched             whether all conditions are found step by step, so that none has to be known beforehand
    """
    span, varied = float(times[-1]), {**constants, **states}
    read = functions.smooth_reads if watched else functions.reads
    differ = len(doses) > 1 or any(np.size(varied[name]) > 1 for name in read if name in varied)
    own = range(patients) if differ else range(1)
    schedules = [functions.schedule(values_of(constants, p), values_of(states, p), span, watched=watched) for p in own]
    inputs = [condition.input for condition in functions.conditions if condition.in_rates and not watched]
    known = {name: -1 - rows.index(name) for name in inputs if name in rows}
    tables = []
    for patient, schedule in enumerate(schedules):
        changes = _changes(schedule, functions, known) if known else Timetable.none()
        own_doses = doses[patient if len(doses) > 1 else 0]
        value = _column(own_doses.value, patient if differ else None)
        given = Timetable(own_doses.time_h, own_doses.first, own_doses.row, value)
        tables.append(given.joined(changes).landing_at(schedule.resolved_h))
    conditions = {condition.input: row for row, condition in enumerate(functions.conditions)}
    beginning: dict[str, ArrayLike] = {
        name: np.array([float(schedule.value[conditions[name], 0]) for schedule in schedules]) for name in known
    }
    if not differ:
        beginning = {name: float(np.ravel(value)[0]) for name, value in beginning.items()}
    notes = dict.fromkeys(note for schedule in schedules for note in schedule.notes)
    return ImportedPlan(tuple(tables), times, beginning, tuple(notes))


def _column(value: Floats, patient: int | None) -> Floats:
    return value if patient is None or value.shape[1] == 1 else value[:, patient : patient + 1]


def _changes(schedule: Schedule, functions: TimeFunctions, known: Mapping[str, int]) -> Timetable:
    """The new values of the conditions' inputs, those that change."""
    hours, rows, values = [], [], []
    for row, condition in enumerate(functions.conditions):
        if condition.input not in known:
            continue
        changed = np.flatnonzero(schedule.value[row, 1:] != schedule.value[row, :-1])
        hours += schedule.change_h[changed].tolist()
        rows += [known[condition.input]] * len(changed)
        values += schedule.value[row, changed + 1].tolist()
    order = np.argsort(hours, kind="stable")
    time_h, first = np.unique(np.array(hours, dtype=float)[order], return_index=True)
    changes = np.array(rows, dtype=np.int64)[order], np.array(values, dtype=float)[order].reshape(-1, 1)
    return Timetable(time_h, np.append(first, len(order)).astype(np.int64), *changes)
