"""Patients of one kernel, integrated in chunks that threads share: constants and a plan in, trajectories out."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from resprout.errors import Fault, InputError
from resprout.language.records import EquationModel
from resprout.solve.driver import drive_compiled, open_task
from resprout.solve.driver_arrays import (
    EVENTS_WITHOUT_END,
    NO_STEADY_STATE,
    SOLVED,
    STEP_TOO_SMALL,
    SWITCHES_WITHOUT_END,
    TOO_MANY_EVENTS,
    TOO_MANY_STEPS,
    Found,
    Lanes,
    Patients,
    Plan,
    Workspace,
    open_lanes,
    open_workspace,
)
from resprout.solve.event_arrays import Watch
from resprout.solve.events import Floats, Timetable
from resprout.solve.kernel_code import Kernel
from resprout.solve.step_size import STEP_AFTER_EVENT_H
from resprout.solve.time_limit import await_all, check_time

ABSOLUTE_SHARE = 1e-2
"""Absolute tolerance over relative tolerance, in the unit of each state: states below a hundredth of their unit count less."""
CHUNKS_A_THREAD, SMALLEST_CHUNK, LARGEST_CHUNK = 4, 64, 2048

SENTENCES = {
    SOLVED: "solved",
    STEP_TOO_SMALL: "the step shrank to nothing: a constant of this patient is probably out of range",
    TOO_MANY_STEPS: "more than 500 000 steps were needed: loosen the tolerance or look at this patient's constants",
    NO_STEADY_STATE: "no steady state was found: this patient's circuit has no stable steady state",
    EVENTS_WITHOUT_END: "its events set one another off without end: look at the triggers of the model",
    SWITCHES_WITHOUT_END: "a condition switches on and off without end: look at the comparisons in the rates of the model",
    TOO_MANY_EVENTS: "a million events happened, or a thousand waited at once: run it for a shorter time",
}


@dataclass(frozen=True)
class Trajectories:
    """What the engine computed.

    value     [patient, time, output]  unit of output   NaN after a patient's failure
    time_h    [time]                   h                hours after the first dose
    status    [patient]                                 0 solved, else a failure
    steps     [patient]                                 steps attempted
    reasons   patient -> why it failed, where more is known than its status tells
    notes     what could not be made sure of, and which outputs are no numbers
    held      [patient, event] whether each trigger of an imported model holds at the end; None where there is none
    pieces    into how many a run of an imported model was cut, so that no step passes over anything
    unsure    of the notes, what could not be made sure of
    """

    value: Floats
    time_h: Floats
    outputs: tuple[str, ...]
    status: NDArray[np.int64]
    steps: NDArray[np.int64]
    reasons: Mapping[int, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    held: NDArray[np.bool_] | None = None
    pieces: int = 1
    unsure: tuple[str, ...] = ()

    def message(self, patient: int) -> str:
        """One sentence on how one patient's solve ended."""
        return self.reasons.get(patient, SENTENCES[int(self.status[patient])])

    def output(self, name: str) -> Floats:
        """One output, [patient, time]."""
        return self.value[:, :, self.outputs.index(name)]


@dataclass(frozen=True)
class Batch:
    """Constants of all patients as the driver wants them."""

    patients: int
    nominal: Floats
    varied_row: NDArray[np.int64]
    varied: Floats


def make_batch(model: EquationModel, kernel: Kernel, constants: Mapping[str, ArrayLike], events: int) -> Batch:
    """Constants of all patients, those that vary side by side.

    events   how many patients the doses are for; 1 if for all
    raises   InputError if constants and doses are for different numbers of patients
    """
    # conditions are constants of the kernel only; whoever has any gives their values
    nominal = np.array([model.nominal.get(name, 0.0) for name in kernel.layout.constants])
    row = {name: index for index, name in enumerate(kernel.layout.constants)}
    arrays = {name: np.asarray(value, dtype=float) for name, value in constants.items()}
    sizes = {array.shape[0] for array in arrays.values() if array.ndim == 1 and array.shape[0] != 1}
    sizes |= {events} - {1}
    if len(sizes) > 1:
        raise InputError(Fault(f"constants and doses are for different numbers of patients: {sorted(sizes)}."))
    patients = sizes.pop() if sizes else 1
    varied = {name: array for name, array in arrays.items() if array.ndim == 1 and name in row}
    for name, array in arrays.items():
        if array.ndim == 0 and name in row:
            nominal[row[name]] = float(array)
    # a patient's values lie together: taken from columns, each would come from another line of the cache
    side_by_side = np.empty((patients, len(varied)))
    for column, array in enumerate(varied.values()):
        side_by_side[:, column] = array
    return Batch(patients, nominal, np.array([row[name] for name in varied], np.int64), side_by_side)


def integrate(
    kernel: Kernel, batch: Batch, plan: Plan, start: Floats, limits: Floats, threads: int | None
) -> Trajectories:
    """Integrate every patient from their start through the plan."""
    found = nothing_found(batch.patients, kernel.layout.outputs, plan.time_h)
    integrate_into(found, kernel, batch, plan, start, limits, threads)
    return as_trajectories(found, plan.time_h, kernel.layout.outputs)


def integrate_into(  # many arguments: those of integrate
    found: Found,
    kernel: Kernel,
    batch: Batch,
    plan: Plan,
    start: Floats,
    limits: Floats,
    threads: int | None,
    own: Floats | None = None,
    watched: Callable[[Lanes, Workspace], Watch | None] = lambda lanes, work: None,
) -> None:
    """The same, with results written in place.

    own       [patient, state] absolute tolerances of each patient; `limits` is the relative one then
    watched   lanes and their workspace -> what is watched in them
    """
    own = own if own is not None else np.zeros((0, 0))
    patients = Patients(batch.nominal, batch.varied_row, batch.varied, start, own)

    def solve(first: int, last: int) -> None:
        lanes, work = (
            open_lanes(kernel.layout, kernel.width, limits),
            open_workspace(kernel.layout, kernel.width, limits),
        )
        drive_compiled(open_task(kernel.bound, lanes, work, patients, plan, found, first, last), watched(lanes, work))

    share_among_threads(batch.patients, solve, threads)


def nothing_found(patients: int, outputs: Sequence[str], times: Floats, states: int = 0) -> Found:
    """Room for what is found, filled with what says that nothing was.

    states   number of them, if it is to be noted where they end
    """
    status, steps = np.zeros(patients, np.int64), np.zeros(patients, np.int64)
    noted = patients if states else 0
    ends = (np.zeros((noted, states)), np.zeros((noted, states)), np.zeros(noted))
    return Found(np.full((patients, len(outputs), len(times)), np.nan), status, steps, *ends)


def as_plan(times: Floats, changes: Timetable) -> Plan:
    """The plan of the shipped model, the same hours for every patient."""
    begin = np.array([0, len(changes.time_h)], np.int64)
    return Plan(times, begin, changes.time_h, changes.first, changes.row, changes.value, STEP_AFTER_EVENT_H)


def as_trajectories(found: Found, times: Floats, outputs: tuple[str, ...]) -> Trajectories:
    """What the driver found, as the engine gives it."""
    return Trajectories(np.swapaxes(found.outputs, 1, 2), times, outputs, found.status, found.steps)


def tolerances(relative: float, states: int) -> Floats:
    """[1 + state] relative, then absolute tolerance by state, of the shipped model."""
    return np.array([relative, *[relative * ABSOLUTE_SHARE] * states])


def share_among_threads(patients: int, work: Callable[[int, int], None], threads: int | None) -> None:
    """Hand out chunks of patients to threads; the work releases the interpreter lock."""
    workers = threads or os.cpu_count() or 1
    # at the end of a chunk lanes are inactive, at the end of the run threads are
    wanted = patients // (CHUNKS_A_THREAD * workers) if workers > 1 else patients
    size = min(max(wanted, SMALLEST_CHUNK), LARGEST_CHUNK)
    chunks = [(first, min(first + size, patients)) for first in range(0, patients, size)]
    workers = min(workers, len(chunks))
    if workers <= 1:
        for chunk in chunks:
            check_time()
            work(*chunk)
        return
    with ThreadPoolExecutor(workers) as pool:
        try:
            await_all([pool.submit(work, *chunk) for chunk in chunks])
        except BaseException:  # chunks that have not begun would hold up Ctrl+C
            pool.shutdown(wait=False, cancel_futures=True)
            raise
