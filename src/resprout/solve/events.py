"""What changes in patients at given hours: takes doses and blocks as named changes, gives the arrays that the driver lands on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from resprout.errors import Fault, InputError, nearest
from resprout.language.records import EquationModel

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Events:
    """Changes at given hours: an amount added to a state, or a new value of an input.

    time_h   [event]            h               when; hour 0 is the first dose
    name     [event]                            a state (the value is added) or an input (the value replaces)
    value    [event, patient]   unit of name    one column serves every patient
    """

    time_h: Floats
    name: tuple[str, ...]
    value: Floats

    @staticmethod
    def none() -> Events:
        """No change at all."""
        return Events(np.zeros(0), (), np.zeros((0, 1)))

    def of(self, patient: int) -> Events:
        """The changes of one patient, as a list that serves every patient."""
        column = self.value[:, patient : patient + 1] if self.value.shape[1] > 1 else self.value
        return Events(self.time_h, self.name, column)

    def joined(self, other: Events) -> Events:
        """Both lists of changes, in order of time."""
        patients = max(self.value.shape[1], other.value.shape[1])
        values = [np.broadcast_to(part.value, (len(part.name), patients)) for part in (self, other)]
        time_h = np.concatenate([self.time_h, other.time_h])
        order = np.argsort(time_h, kind="stable")
        names = (*self.name, *other.name)
        return Events(time_h[order], tuple(names[index] for index in order), np.concatenate(values)[order])


@dataclass(frozen=True)
class Timetable:
    """Events grouped by hour, as arrays of rows.

    time_h   [moment]          h    distinct hours, ascending
    first    [moment + 1]           where each moment's changes start
    row      [change]               state row, or -1 - constant row for an input
    value    [change, patient]
    """

    time_h: Floats
    first: NDArray[np.int64]
    row: NDArray[np.int64]
    value: Floats

    @staticmethod
    def none() -> Timetable:
        """No change at all."""
        return Timetable(np.zeros(0), np.zeros(1, np.int64), np.zeros(0, np.int64), np.zeros((0, 1)))

    def joined(self, other: Timetable) -> Timetable:
        """The changes of both; those of one moment are applied in this order."""
        patients = max(self.value.shape[1], other.value.shape[1])
        hours = np.concatenate([np.repeat(part.time_h, np.diff(part.first)) for part in (self, other)])
        order = np.argsort(hours, kind="stable")
        time_h, first = np.unique(hours[order], return_index=True)
        values = [np.broadcast_to(part.value, (len(part.row), patients)) for part in (self, other)]
        return Timetable(
            time_h,
            np.append(first, len(order)).astype(np.int64),
            np.concatenate([self.row, other.row])[order],
            np.ascontiguousarray(np.concatenate(values)[order]),
        )

    def only(self, rows: NDArray[np.int64]) -> Timetable:
        """The same for some of the patients, who have a column each."""
        return Timetable(self.time_h, self.first, self.row, np.ascontiguousarray(self.value[:, rows]))

    def landing_at(self, hours: Floats) -> Timetable:
        """The same changes, with further hours at which the solver lands though nothing changes."""
        if not len(hours):
            return self
        moments = np.unique(np.concatenate([self.time_h, hours]))
        first = self.first[np.searchsorted(self.time_h, moments)]
        return Timetable(moments, np.append(first, self.first[-1]).astype(np.int64), self.row, self.value)


def timetable(model: EquationModel, events: Events, states: tuple[str, ...], constants: tuple[str, ...]) -> Timetable:
    """Resolve names and group changes by hour; changes of what the kernel leaves out are dropped.

    raises   InputError for a name that is neither state nor input, and for hours or values that are not finite
    """
    state_row = {name: row for row, name in enumerate(states)}
    known = {*(state.name for state in model.states), *model.inputs}
    input_row = {name: -1 - constants.index(name) for name in model.inputs if name in constants}
    faults = [
        Fault(
            f"`{name}` cannot be changed by a dose or block.",
            remedy=nearest(name, known, "resprout describe"),
        )
        for name in dict.fromkeys(events.name)
        if name not in known
    ]
    if not np.isfinite(events.time_h).all() or not np.isfinite(events.value).all():
        faults.append(
            Fault("an event has an hour or an amount that is not finite.", expected="Finite numbers were expected.")
        )
    if faults:
        raise InputError(*faults)
    order = np.argsort(events.time_h, kind="stable")
    keep = np.array([events.name[index] in state_row or events.name[index] in input_row for index in order], dtype=bool)
    order = order[keep]
    time_h, first = np.unique(events.time_h[order], return_index=True)
    row = np.array([{**state_row, **input_row}[events.name[index]] for index in order], dtype=np.int64)
    return Timetable(
        np.ascontiguousarray(time_h, dtype=np.float64),
        np.append(first, len(order)).astype(np.int64),
        row,
        np.ascontiguousarray(events.value[order], dtype=np.float64),
    )
