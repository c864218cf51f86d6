"""The records that the solver's parts share, each array by its name: kernels, driver, steady states and events read them from here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from resprout.compile.machine import aligned_rows

(
    RUNNING,
    SOLVED,
    STEP_TOO_SMALL,
    TOO_MANY_STEPS,
    NO_STEADY_STATE,
    EVENTS_WITHOUT_END,
    SWITCHES_WITHOUT_END,
    TOO_MANY_EVENTS,
) = (
    -1,
    0,
    1,
    2,
    3,
    6,
    7,
    8,
)
"""How a patient's solve stands or has ended."""


@dataclass(frozen=True)
class Layout:
    """How many rows the arrays have.

    states, constants, outputs   names, in the order of rows
    invariant                    time-invariant values that `prepare` adds to the constants
    sampled                      states that outputs depend on
    dense                        terms of the dense output of each
    factors                      of the shifted Jacobian
    stages                       of the method
    """

    states: tuple[str, ...]
    constants: tuple[str, ...]
    outputs: tuple[str, ...]
    invariant: int
    sampled: int
    dense: int
    factors: int
    stages: int

    @property
    def parameters(self) -> int:
        """Rows of constants and time-invariant values."""
        return len(self.constants) + self.invariant


class Patients(NamedTuple):
    """Constants and starting states.

    nominal      [constant]                that all patients share
    varied_row   [varied]                  rows of the constants that differ
    varied       [patient, varied]
    start        [patient or 1, state]
    absolute_tolerance   [patient, state] of each patient; no rows where all have the same
    """

    nominal: np.ndarray
    varied_row: np.ndarray
    varied: np.ndarray
    start: np.ndarray
    absolute_tolerance: np.ndarray = np.zeros((0, 0))


class Plan(NamedTuple):
    """When outputs are wanted, and what changes when.

    time_h         [time]                     hours of outputs
    begin          [2] or [patient + 1]       where the moments of all patients, or of each, begin and end
    moment_h       [moment]                   hours of changes, and other hours to land on
    first          [moment + 1]               where each moment's changes begin
    change_row     [change]                   state row, or -1 - constant row for an input
    change_value   [change, patient or 1]     added to a state; new value of an input
    first_step_h   first step of a patient, and the longest step proposed after a change
    """

    time_h: np.ndarray
    begin: np.ndarray
    moment_h: np.ndarray
    first: np.ndarray
    change_row: np.ndarray
    change_value: np.ndarray
    first_step_h: float


class Found(NamedTuple):
    """Results, written patient by patient.

    outputs      [patient, output, time]     status, steps   [patient]
    last, peak   [patient or 0, state]   where the states were at the end, and their largest size; 0 if nobody asks
    last_h       [patient or 0]          hour of the end
    """

    outputs: np.ndarray
    status: np.ndarray
    steps: np.ndarray
    last: np.ndarray
    peak: np.ndarray
    last_h: np.ndarray


class Lanes(NamedTuple):
    """What one thread's lanes hold while they integrate. Arrays [row, lane] unless said; one row is [lane].

    state, new, peak         here, at the end of the step just attempted, and the largest size so far
    constants                with the time-invariant values; of the lane's patient
    absolute_tolerance       [state, 1] Atol, or of the lane's patient
    next_constants           of the next patients, prepared together: one at a time would cost as much as all
    step, dense              size of the step attempted, terms of its dense output
    fraction, outputs        of the step, where outputs are due; the outputs there
    now, later               hour; hour to which the step just attempted leads
    proposed, steps          size of the next step; steps attempted
    goal, due                hour to land on next; hour of the next output (infinite if there is none, not a number in an inactive
                             lane)
    ended, waiting           [1] lanes, as the bits of a whole number, that have landed or are given up, and those with an output
                             within the step just attempted
    patient, moment, column  [lane] patient (-1 if the lane is inactive), next moment of the plan, next output time
    status                   [lane] as above
    """

    state: np.ndarray
    new: np.ndarray
    peak: np.ndarray
    absolute_tolerance: np.ndarray
    constants: np.ndarray
    next_constants: np.ndarray
    step: np.ndarray
    dense: np.ndarray
    fraction: np.ndarray
    outputs: np.ndarray
    now: np.ndarray
    later: np.ndarray
    proposed: np.ndarray
    steps: np.ndarray
    goal: np.ndarray
    due: np.ndarray
    ended: np.ndarray
    waiting: np.ndarray
    patient: np.ndarray
    moment: np.ndarray
    column: np.ndarray
    status: np.ndarray


class Workspace(NamedTuple):
    """What a step works in, beside the lanes: arrays [row, lane]; one row is [lane].

    error, growth            err^2 of the step attempted; h_new / h
    point, factors, stages   where rates are taken; factors of the shifted Jacobian; [stage x state] solutions
    relative_tolerance       [1] Rtol
    """

    error: np.ndarray
    growth: np.ndarray
    point: np.ndarray
    factors: np.ndarray
    stages: np.ndarray
    relative_tolerance: np.ndarray


class SteadyLanes(NamedTuple):
    """What one thread's lanes hold while they look for steady states: arrays [row, lane]; one row is [lane].

    state, constants       of the lane's patient
    shift                  inverse of the size of the implicit step, per hour
    direction, length, orientation   as `solve.newton` writes them
    distance               [lane] from the steady state, as a share of states
    """

    state: np.ndarray
    constants: np.ndarray
    shift: np.ndarray
    direction: np.ndarray
    length: np.ndarray
    orientation: np.ndarray
    distance: np.ndarray


class Kernels(NamedTuple):
    """What the driver calls: machine code bound to its arrays, or functions of no argument that compute on them."""

    prepare: Any
    attempt_step: Any
    accept_step: Any
    observe: Any


class SteadyKernels(NamedTuple):
    """What the search for steady states calls."""

    prepare: Any
    newton_step: Any


_ONE_ROW = ("step", "fraction", "now", "later", "proposed", "steps", "goal", "due")


def open_lanes(layout: Layout, width: int, tolerance: np.ndarray) -> Lanes:
    """Memory of one thread's lanes, all of them inactive.

    tolerance   [1 + state] relative, then absolute by state; [1] where each patient has absolute ones of their own
    """
    rows = dict.fromkeys(("state", "new", "peak"), len(layout.states))
    rows |= dict.fromkeys(("constants", "next_constants"), layout.parameters)
    rows |= {"dense": layout.sampled * layout.dense, "outputs": len(layout.outputs)}
    arrays = {name: aligned_rows(count, width) for name, count in rows.items()}
    arrays |= {name: aligned_rows(1, width)[0] for name in _ONE_ROW}
    arrays |= {name: np.zeros(1) for name in ("ended", "waiting")}
    arrays |= {name: np.zeros(width, np.int64) for name in ("moment", "column")}
    arrays |= {name: np.full(width, -1, np.int64) for name in ("patient", "status")}
    own = tolerance[1:].reshape(-1, 1).copy() if len(tolerance) > 1 else aligned_rows(len(layout.states), width)
    return Lanes(**arrays, absolute_tolerance=own)


def open_workspace(layout: Layout, width: int, tolerance: np.ndarray) -> Workspace:
    """Memory of the steps of one thread's lanes.

    tolerance   of which the first is the relative one
    """
    states, one = len(layout.states), ("error", "growth")
    rows = {"point": states, "factors": layout.factors, "stages": layout.stages * states}
    arrays = {name: aligned_rows(count, width) for name, count in rows.items()}
    arrays |= {name: aligned_rows(1, width)[0] for name in one}
    return Workspace(**arrays, relative_tolerance=tolerance[:1].copy())


def open_steady_lanes(layout: Layout, width: int) -> SteadyLanes:
    """Memory of one thread's lanes for steady states."""
    states, one = len(layout.states), ("shift", "length", "orientation", "distance")
    rows = {"state": states, "constants": layout.parameters, "direction": states}
    arrays = {name: aligned_rows(count, width) for name, count in rows.items()}
    return SteadyLanes(**arrays, **{name: aligned_rows(1, width)[0] for name in one})
