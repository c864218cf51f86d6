"""Patients and events -> trajectories: shares patients among threads, finds steady states, reports every failure as a sentence."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from resprout.compile.evaluate import evaluate
from resprout.errors import Fault, InputError, nearest
from resprout.language.drug_instances import binding
from resprout.language.records import EquationModel, ImportedModel, Model
from resprout.solve.driver import drive, drive_compiled, open_task
from resprout.solve.driver_arrays import (
    EVENTS_WITHOUT_END,
    NO_STEADY_STATE,
    SOLVED,
    STEP_TOO_SMALL,
    TOO_MANY_STEPS,
    Found,
    Patients,
    Plan,
    open_lanes,
    open_steady_lanes,
    open_workspace,
)
from resprout.solve.event_watcher import EventWatcher, around
from resprout.solve.events import Events, Floats, timetable
from resprout.solve.initial_values import OWN_TOLERANCE, Beginning, begin, break_times, own_limits, read_own
from resprout.solve.kernel_code import Kernel, build_kernel
from resprout.solve.steady_state import find_steady_states_compiled, open_steady_task
from resprout.solve.tableau import METHODS

DEFAULT_TOLERANCE = 7e-6
DEFAULT_METHOD = "Rodas4"
ABSOLUTE_SHARE = 1e-2
"""Absolute tolerance over relative tolerance, in the unit of each state: states below a hundredth of their unit count less."""
BLOCK_ENDINGS = ("_block", "_knockdown")
CHUNKS_A_THREAD, SMALLEST_CHUNK, LARGEST_CHUNK = 4, 64, 2048

SENTENCES = {
    SOLVED: "solved",
    STEP_TOO_SMALL: "the step shrank below a microsecond of model time: a constant of this patient is probably out of range",
    TOO_MANY_STEPS: "more than 100 000 steps were needed: loosen the tolerance or look at this patient's constants",
    NO_STEADY_STATE: "no steady state was found: this patient's circuit has no stable steady state",
    EVENTS_WITHOUT_END: "its events set one another off without end: look at the triggers of the model",
}


@dataclass(frozen=True)
class Trajectories:
    """What the engine computed.

    value     [patient, time, output]  unit of output   NaN after a patient's failure
    time_h    [time]                   h                hours after the first dose
    status    [patient]                                 0 solved, else a failure
    steps     [patient]                                 steps attempted
    """

    value: Floats
    time_h: Floats
    outputs: tuple[str, ...]
    status: NDArray[np.int64]
    steps: NDArray[np.int64]

    def message(self, patient: int) -> str:
        """One sentence on how one patient's solve ended."""
        return SENTENCES[int(self.status[patient])]

    def output(self, name: str) -> Floats:
        """One output, [patient, time]."""
        return self.value[:, :, self.outputs.index(name)]


@dataclass(frozen=True)
class _Batch:
    """Constants of all patients as the driver wants them."""

    patients: int
    nominal: Floats
    varied_row: NDArray[np.int64]
    varied: Floats


def run_patients(
    model: EquationModel,
    constants: Mapping[str, ArrayLike],
    events: Events,
    time_h: ArrayLike,
    outputs: Sequence[str],
    *,
    tolerance: float | None = None,
    threads: int | None = None,
    method: str = DEFAULT_METHOD,
) -> Trajectories:
    """Solve the model for every patient, from the steady state, through all events.

    An imported model starts at its initial values, which may be set like constants, and keeps its own unit of time.

    constants   name -> scalar or [patient]   unit of the constant   what differs from the shipped values
    events      doses and blocks; hour 0 is the first dose
    time_h      [time]   h   when outputs are wanted; at the hour of an event, just before it
    outputs     names of states, assigned quantities or constants
    tolerance   relative tolerance of a step
    threads     cores to use; None for all
    method      name of a tableau in solve/tableau.py
    returns     Trajectories
    raises      InputError for unknown names and for values that are not finite
    """
    chosen = tuple(outputs)
    times = _checked_times(time_h)
    check_names(model, constants, chosen)
    if isinstance(model, Model) and (bound := binding(model)) is not None:
        inner = Events(events.time_h, bound.names(events.name), events.value)
        # the numbered form of the drugs, so that every scenario with as many drugs shares the kernels
        found = run_patients(
            bound.model,
            bound.constants(constants),
            inner,
            times,
            bound.names(chosen),
            tolerance=tolerance,
            threads=threads,
            method=method,
        )
        return replace(found, outputs=chosen)
    if isinstance(model, ImportedModel):
        return _run_imported(model, constants, events, times, chosen, tolerance or OWN_TOLERANCE, threads, method)
    kernel = build_kernel(model, chosen, perturbed_names(model, events, constants), METHODS[method])
    batch = _batch(model, kernel, constants, events.value.shape[1])
    changes = timetable(model, events, kernel.layout.states, kernel.layout.constants)
    plan = Plan(times, changes.time_h, changes.first, changes.row, changes.value)
    start, failure = _steady_states(model, kernel, batch, threads)
    limits = tolerances(tolerance or DEFAULT_TOLERANCE, len(kernel.layout.states))
    found = _integrate(kernel, batch, plan, start, limits, threads)
    lost = failure != SOLVED
    found.status[lost], found.value[lost] = failure[lost], np.nan
    return found


def _integrate(
    kernel: Kernel, batch: _Batch, plan: Plan, start: Floats, limits: Floats, threads: int | None
) -> Trajectories:
    """Integrate every patient from their start through the plan."""
    found = _nothing_found(batch.patients, kernel.layout.outputs, plan.time_h)
    patients = Patients(batch.nominal, batch.varied_row, batch.varied, start)

    def solve(first: int, last: int) -> None:
        lanes, work = open_lanes(kernel.layout, kernel.width), open_workspace(kernel.layout, kernel.width, limits)
        drive_compiled(open_task(kernel.bound, lanes, work, patients, plan, found, first, last), None)

    _share(batch.patients, solve, threads)
    return _trajectories(found, plan.time_h, kernel.layout.outputs)


def _nothing_found(patients: int, outputs: Sequence[str], times: Floats) -> Found:
    status, steps = np.zeros(patients, np.int64), np.zeros(patients, np.int64)
    return Found(np.full((patients, len(outputs), len(times)), np.nan), status, steps)


def _trajectories(found: Found, times: Floats, outputs: tuple[str, ...]) -> Trajectories:
    return Trajectories(np.swapaxes(found.outputs, 1, 2), times, outputs, found.status, found.steps)


def _run_imported(
    model: ImportedModel,
    constants: Mapping[str, ArrayLike],
    events: Events,
    times: Floats,
    outputs: tuple[str, ...],
    tolerance: float,
    threads: int | None,
    method: str,
) -> Trajectories:
    """Solve an imported model from its initial values."""
    begun, (system, model_events) = begin(model, constants), read_own(model)
    if times[0] < 0 or (model_events and events.name):
        raise InputError(
            Fault("this model starts at 0 and has events of its own.", "", "Expected no hour below 0, no doses.")
        )
    targets = [*system.rate, *system.assigned.values(), *(event.trigger for event in model_events)]
    breaks = around(break_times(system, model.clock, targets, {**model.nominal, **begun.constants}))
    # triggers may read any state
    watched = system.states if model_events else outputs
    kernel = build_kernel(model, watched, frozenset(system.states), METHODS[method])
    rows = [system.states.index(name) for name in kernel.layout.states]
    start = np.ascontiguousarray(begun.start[:, rows])
    batch = _batch(model, kernel, begun.constants, max(events.value.shape[1], len(start)))
    changes = timetable(model, events, kernel.layout.states, kernel.layout.constants).landing_at(breaks)
    plan = Plan(times, changes.time_h, changes.first, changes.row, changes.value)
    limits = own_limits(tolerance, start)
    if not model_events:
        return _integrate(kernel, batch, plan, start, limits, threads)
    return _integrate_watched(model, kernel, batch, plan, begun, limits, outputs)


def _integrate_watched(
    model: ImportedModel,
    kernel: Kernel,
    batch: _Batch,
    plan: Plan,
    begun: Beginning,
    limits: Floats,
    outputs: tuple[str, ...],
) -> Trajectories:
    """Integrate an imported model that has events: the same loop in Python, with a watcher."""
    system, model_events = read_own(model)
    values = [np.broadcast_to({**model.nominal, **begun.constants}[name], batch.patients) for name in system.constants]
    table = np.array(values, dtype=float).reshape(len(values), batch.patients).T
    clock = system.states.index(model.clock) if model.clock else -1
    found = _nothing_found(batch.patients, system.states, plan.time_h)
    lanes, work = open_lanes(kernel.layout, kernel.width), open_workspace(kernel.layout, kernel.width, limits)
    patients = Patients(batch.nominal, batch.varied_row, batch.varied, begun.start)
    task = open_task(kernel.interpreted, lanes, work, patients, plan, found, 0, batch.patients)
    drive(task, EventWatcher(system, model_events, clock, table, lanes, work.error))
    # what is never reached stays not a number, also in outputs that no state feeds
    reached = np.arange(len(plan.time_h)) < np.isfinite(found.outputs).any(axis=1).sum(axis=1, keepdims=True)
    if clock >= 0:
        found.outputs[:, clock] = plan.time_h
    given: dict[str, ArrayLike] = {name: table[:, [row]] for row, name in enumerate(system.constants)}
    given |= {name: found.outputs[:, row] for row, name in enumerate(system.states)}
    columns = evaluate(system.graph, [system.node(name) for name in outputs], given)
    value = np.stack([np.where(reached, column, np.nan) for column in columns], axis=-1)
    return Trajectories(value, plan.time_h, outputs, found.status, found.steps)


def perturbed_names(model: EquationModel, events: Events, constants: Mapping[str, ArrayLike]) -> frozenset[str]:
    """States and inputs that the code must let change: those perturbed, and with any block every block.

    So all blocked arms share one code, which costs them a fifteenth more time each and spares seconds of compiling.
    """
    perturbed = frozenset(events.name) | (frozenset(constants) & frozenset(model.inputs))
    blocks = frozenset(name for name in model.inputs if name.endswith(BLOCK_ENDINGS))
    return perturbed | blocks if perturbed & blocks else perturbed


def steady_state(
    model: EquationModel, constants: Mapping[str, ArrayLike], outputs: Sequence[str], *, threads: int | None = None
) -> tuple[Floats, NDArray[np.int64]]:
    """Outputs at each patient's steady state, inputs at their shipped values.

    returns   ([patient, output] unit of output, [patient] status: 0 found)
    raises    InputError for unknown names and for values that are not finite
    """
    found = run_patients(model, constants, Events.none(), [0.0], outputs, threads=threads)
    return found.value[:, 0, :], found.status


def steady_states(
    model: EquationModel, constants: Mapping[str, ArrayLike], *, threads: int | None = None
) -> tuple[Floats, NDArray[np.int64]]:
    """Every state at each patient's steady state: ([patient, state], [patient] status)."""
    check_names(model, constants, ())
    every = tuple(state.name for state in model.states)
    kernel = build_kernel(model, every, frozenset(every) | frozenset(model.inputs))
    return _steady_states(model, kernel, _batch(model, kernel, constants, 1), threads)


def check_names(model: EquationModel, constants: Mapping[str, ArrayLike], outputs: Sequence[str]) -> None:
    """Refuse names the model does not have and values that are not finite, all at once.

    raises   InputError
    """
    faults = []
    beginnings = {state.name for state in model.states} if isinstance(model, ImportedModel) else set()
    listing = f"resprout check {model.file}" if isinstance(model, ImportedModel) else "resprout describe"
    for name, value in constants.items():
        if name not in model.constants and name not in beginnings:
            faults.append(
                Fault(
                    f"`{name}` is no constant of the model.",
                    remedy=nearest(name, [*model.constants, *beginnings], listing),
                )
            )
        elif not np.isfinite(np.asarray(value, dtype=float)).all():
            faults.append(Fault(f"`{name}` has a value that is not finite.", expected="A finite number was expected."))
    known = [*model.equations, *model.constants]
    for name in outputs:
        if name not in model.equations and name not in model.constants:
            faults.append(Fault(f"`{name}` is no output of the model.", remedy=nearest(name, known, listing)))
    if faults:
        raise InputError(*faults)


def _checked_times(time_h: ArrayLike) -> Floats:
    times = np.ascontiguousarray(time_h, dtype=np.float64).ravel()
    if len(times) == 0 or not np.isfinite(times).all() or (np.diff(times) < 0).any():
        raise InputError(
            Fault(
                "the output times are empty, not finite or not ascending.",
                expected="Hours in ascending order were expected.",
            )
        )
    return times


def _batch(model: EquationModel, kernel: Kernel, constants: Mapping[str, ArrayLike], events: int) -> _Batch:
    nominal = np.array([model.constants[name].value for name in kernel.layout.constants])
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
    return _Batch(patients, nominal, np.array([row[name] for name in varied], np.int64), side_by_side)


def tolerances(relative: float, states: int) -> Floats:
    """[1 + state] relative, then absolute tolerance by state, of the shipped model."""
    return np.array([relative, *[relative * ABSOLUTE_SHARE] * states])


def _steady_states(
    model: EquationModel, kernel: Kernel, batch: _Batch, threads: int | None
) -> tuple[Floats, NDArray[np.int64]]:
    start = {state.name: state.start for state in model.states}
    guess = np.array([[start[name] for name in kernel.layout.states]])
    found = np.empty((batch.patients, guess.shape[1]))
    status = np.zeros(batch.patients, np.int64)
    patients = Patients(batch.nominal, batch.varied_row, batch.varied, guess)

    def solve(first: int, last: int) -> None:
        lanes = open_steady_lanes(kernel.layout, kernel.width)
        find_steady_states_compiled(open_steady_task(kernel.bound, lanes, patients, found, status, first, last))

    _share(batch.patients, solve, threads)
    return found, status


def _share(patients: int, work, threads: int | None) -> None:
    """Hand out chunks of patients to threads; the work releases the interpreter lock."""
    workers = threads or os.cpu_count() or 1
    # at the end of a chunk lanes are inactive, at the end of the run threads are
    wanted = patients // (CHUNKS_A_THREAD * workers) if workers > 1 else patients
    size = min(max(wanted, SMALLEST_CHUNK), LARGEST_CHUNK)
    chunks = [(first, min(first + size, patients)) for first in range(0, patients, size)]
    workers = min(workers, len(chunks))
    if workers == 1:
        for chunk in chunks:
            work(*chunk)
        return
    with ThreadPoolExecutor(workers) as pool:
        for done in [pool.submit(work, *chunk) for chunk in chunks]:
            done.result()
