"""An imported model integrated from its initial values, through its own conditions and events."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from resprout.compile.evaluate import evaluate
from resprout.compile.read import ImportedEquations, read_imported
from resprout.compile.system import System
from resprout.errors import Fault, InputError
from resprout.language.records import ImportedModel
from resprout.solve.batch import Batch, Trajectories, as_trajectories, integrate_into, make_batch, nothing_found
from resprout.solve.crossing_hours import is_straight
from resprout.solve.driver import drive, open_task
from resprout.solve.driver_arrays import (
    SOLVED,
    STEP_TOO_SMALL,
    TOO_MANY_STEPS,
    Found,
    Patients,
    open_lanes,
    open_workspace,
)
from resprout.solve.event_watcher import EventWatcher, WatchedRun
from resprout.solve.events import Events, Floats, timetable
from resprout.solve.failure_reasons import failure_reason
from resprout.solve.imported_plan import ImportedPlan, make_plan
from resprout.solve.imported_tolerances import imported_tolerances, tightened
from resprout.solve.initial_values import begin
from resprout.solve.kernel_code import Kernel, build_kernel
from resprout.solve.tableau import METHODS
from resprout.solve.time_functions import TimeFunctions, time_functions, values_of

MOST_RUNS = 4
"""Runs for tolerances that fit the sizes of the states."""
CHECKED_PIECES, WATCHED_PIECES = 2000, 200
"""Pieces into which the run of a few patients is cut to see whether its steps have passed over anything."""
AGREEMENT, TOLERANCES = 1e-5, 1e3
"""Largest difference between such a run and the first, over an output's largest value; and the same in relative tolerances."""
MOST_REASONS = 100
DEPENDS_ON_STEPS = (
    "the solution depends on the size of the steps: with shorter ones it differed by more than the tolerance allows, so that steps "
    "were shortened, without agreement; compare with a smaller `--tolerance`"
)


@dataclass(frozen=True)
class RunPart:
    """How a run is a part of a longer one.

    held       [patient, event] whether each trigger held at the end of the part before; None at the beginning of the whole
    open_end   whether events of the last moment are left to the part that follows, which may first change the model
    checked    whether a few patients are followed again in short pieces, to see that no step has passed over anything
    """

    held: NDArray[np.bool_] | None = None
    open_end: bool = False
    checked: bool = True


WHOLE = RunPart()
Limits: TypeAlias = tuple[float, Floats]
"""Relative tolerance of a step, and absolute ones [patient, state]."""


@functools.lru_cache(maxsize=8)
def _read(model: ImportedModel) -> tuple[ImportedEquations, TimeFunctions]:
    equations = read_imported(model)
    return equations, time_functions(equations)


@dataclass(frozen=True)
class ImportedProblem:
    """What is integrated.

    start    [patient or 1, state of the kernel]     constants   name -> scalar or [patient], all of the plain system's
    outputs  that were asked for                     watched     whether conditions or events have to be watched step by step
    apart    whether the kernel gives the states, from which outputs are computed afterwards, with time as it is
    before   [patient, event] whether each trigger holds before the run    held   the same at its end, once solved
    open_end   as in `RunPart`
    """

    model: ImportedModel
    equations: ImportedEquations
    kernel: Kernel
    batch: Batch
    start: Floats
    constants: Mapping[str, ArrayLike]
    outputs: tuple[str, ...]
    watched: bool
    apart: bool
    threads: int | None
    before: NDArray[np.bool_]
    held: NDArray[np.bool_]
    open_end: bool

    def first(self, patients: int) -> ImportedProblem:
        """The same for the first few patients."""
        batch = Batch(patients, self.batch.nominal, self.batch.varied_row, self.batch.varied[:patients])
        own = {n: v if np.ndim(v) == 0 else np.asarray(v)[:patients] for n, v in self.constants.items()}
        fields = {**vars(self), "batch": batch, "start": self.start[:patients], "constants": own}
        fields["held"], fields["before"] = self.held[:patients].copy(), self.before[:patients]
        return ImportedProblem(**fields)

    def solve(self, plan: ImportedPlan, pieces: int, limits: Limits) -> Found:
        """Integrate; with outputs of the kernel, and where every state has ended.

        pieces   equal parts of the run at whose ends a step has to end; 1 for none
        limits   relative tolerance, and absolute ones [patient or more, state]
        """
        relative, absolute = np.array([limits[0]]), limits[1]
        kernel, whole = self.kernel, plan.landing(pieces)
        found = nothing_found(self.batch.patients, kernel.layout.outputs, whole.time_h, len(kernel.layout.states))
        if not self.watched:
            integrate_into(found, kernel, self.batch, whole, self.start, relative, self.threads, absolute)
            return found
        system = self.equations.plain
        values = [np.broadcast_to(np.asarray(self.constants[name]), self.batch.patients) for name in system.constants]
        table = np.array(values, dtype=float).reshape(len(values), self.batch.patients).T
        clock = system.states.index(self.model.clock) if self.model.clock else -1
        lanes = open_lanes(kernel.layout, kernel.width, relative)
        work = open_workspace(kernel.layout, kernel.width, relative)
        patients = Patients(self.batch.nominal, self.batch.varied_row, self.batch.varied, self.start, absolute)
        task = open_task(kernel.interpreted, lanes, work, patients, whole, found, 0, self.batch.patients)
        inputs = {name: row for row, name in enumerate(kernel.layout.constants)}
        self.held[:] = self.before
        span, first_step = float(whole.time_h[-1]), whole.first_step_h
        ends = (self.held, whole.time_h, found.outputs, self.open_end)
        run = WatchedRun(self.equations, clock, table, inputs, span, first_step, *ends)
        drive(task, EventWatcher(run, lanes, work))
        return found

    def values(self, found: Found, times: Floats) -> Floats:
        """[patient, time, output] of what was asked for."""
        if not self.apart:
            return np.swapaxes(found.outputs, 1, 2)
        system = self.equations.plain
        # what is never reached stays not a number, also in outputs that no state feeds
        reached = np.arange(len(times)) < np.isfinite(found.outputs).any(axis=1).sum(axis=1, keepdims=True)
        if self.model.clock:
            found.outputs[:, system.states.index(self.model.clock)] = times
        patients = len(found.status)
        given: dict[str, ArrayLike] = {
            name: np.broadcast_to(np.asarray(self.constants[name]), patients)[:, None] for name in system.constants
        }
        given |= {name: found.outputs[:, row] for row, name in enumerate(system.states)}
        columns = evaluate(system.graph, [system.node(name) for name in self.outputs], given)
        return np.stack([np.where(reached, column, np.nan) for column in columns], axis=-1)


def run_imported(  # many arguments: those of run_patients
    model: ImportedModel,
    constants: Mapping[str, ArrayLike],
    events: Events,
    times: Floats,
    outputs: tuple[str, ...],
    tolerance: float,
    threads: int | None,
    method: str,
    part: RunPart = WHOLE,
) -> Trajectories:
    """Solve an imported model from its initial values.

    part    how the run is a part of a longer one
    """
    begun, (equations, functions) = begin(model, constants), _read(model)
    if times[0] < 0 or (equations.events and events.name):
        raise InputError(
            Fault("this model starts at 0 and has events of its own.", "", "Expected no hour below 0, no doses.")
        )
    system, span = equations.plain, float(times[-1])
    watched = bool(equations.events) or len(functions.conditions) < len(equations.hybrid.conditions)
    # conditions and triggers may read any state; what jumps at a time must not be read at one that rounding has moved
    apart = watched or (bool(model.clock) and _jumps(system, outputs))
    kernel = build_kernel(model, system.states if apart else outputs, frozenset(system.states), METHODS[method])
    every = {**model.nominal, **begun.constants}
    states = {name: begun.start[:, row] for row, name in enumerate(system.states)}
    patients = make_batch(model, kernel, begun.constants, max(events.value.shape[1], len(begun.start))).patients
    changes = timetable(model, events, kernel.layout.states, kernel.layout.constants)
    plan = make_plan(functions, every, states, times, patients, kernel.layout.constants, changes, watched=watched)
    batch = make_batch(model, kernel, {**begun.constants, **plan.beginning}, patients)
    rows = [system.states.index(name) for name in kernel.layout.states]
    start = np.ascontiguousarray(begun.start[:, rows])
    triggers = np.array([event.held_before for event in equations.events], dtype=bool)
    before = np.broadcast_to(triggers if part.held is None else part.held, (patients, len(triggers)))
    ends = (before, before.copy(), part.open_end)
    problem = ImportedProblem(model, equations, kernel, batch, start, every, outputs, watched, apart, threads, *ends)
    found, limits = _to_own_size(problem, plan, (tolerance, imported_tolerances(tolerance, start, patients)), span)
    found, unsure = _with_shorter_steps(problem, plan, found, limits) if part.checked else (found, False)
    solved = as_trajectories(found, times, outputs)
    value = problem.values(found, times)
    notes = (*plan.notes, *([DEPENDS_ON_STEPS] if unsure else []), *_not_finite(value, solved.status, times, outputs))
    reasons = _reasons(problem, found)
    return Trajectories(value, times, outputs, solved.status, solved.steps, reasons, notes, problem.held)


def _jumps(system: System, outputs: tuple[str, ...]) -> bool:
    """Whether an output changes at once where a comparison or a floor does."""
    graph = system.graph
    return any(
        not graph.is_invariant(node) and (node in graph.conditions or graph.symbol[node] == "floor")
        for node in graph.reachable([system.node(name) for name in outputs])
    )


def _to_own_size(problem: ImportedProblem, plan: ImportedPlan, limits: Limits, span: float) -> tuple[Found, Limits]:
    """Integrate with absolute tolerances that follow the sizes of the states; what was found, and the tolerances."""
    hybrid, states = problem.equations.hybrid, problem.kernel.layout.states
    if is_straight(hybrid.system):
        return problem.solve(plan, 1, limits), limits
    known = dict.fromkeys((condition.input for condition in hybrid.conditions), 1.0) | dict(problem.constants)
    relative, absolute = limits
    found = problem.solve(plan, 1, limits)
    for _ in range(MOST_RUNS - 1):
        peak = np.where((found.status == SOLVED)[:, None], found.peak, 0.0)
        tighter = tightened(relative, absolute, peak, hybrid.system, states, known, span)
        if (tighter == absolute).all():
            break
        again = problem.solve(plan, 1, (relative, tighter))
        # where rounding sets the limit of how small a state can be held, the tolerance stays as it was
        absolute = np.where((again.status == SOLVED)[:, None], tighter, absolute)
        found = again if (again.status == SOLVED).all() else problem.solve(plan, 1, (relative, absolute))
        if (again.status != SOLVED).any():
            break
    return found, (relative, absolute)


def _with_shorter_steps(
    problem: ImportedProblem, plan: ImportedPlan, found: Found, limits: Limits
) -> tuple[Found, bool]:
    """Make sure that no step has passed over something: a few patients again in short pieces, and if they differ, all of them.

    returns   what was found, and whether shorter steps still made a difference
    """
    if is_straight(problem.equations.hybrid.system):
        return found, False
    few = problem.first(min(problem.kernel.width, problem.batch.patients))
    pieces = WATCHED_PIECES if problem.watched else CHECKED_PIECES
    for factor in (1, 4):
        cut = few.solve(plan, factor * pieces, limits)
        if _agree(found, cut, limits[0]):
            return found, False
        found = problem.solve(plan, factor * pieces, limits)
    return found, True


def _agree(found: Found, cut: Found, tolerance: float) -> bool:
    count = len(cut.status)
    first, second = found.outputs[:count], cut.outputs
    both = (found.status[:count] == SOLVED) & (cut.status == SOLVED)
    if not both.any():
        return True
    with np.errstate(invalid="ignore"):
        size = np.nanmax(np.abs(np.where(np.isfinite(second), second, np.nan)), axis=2, keepdims=True, initial=0.0)
        miss = np.abs(first - second) > max(AGREEMENT, TOLERANCES * tolerance) * size
    return not bool((miss & np.isfinite(first) & np.isfinite(second))[both].any())


def _not_finite(value: Floats, status: NDArray[np.int64], times: Floats, outputs: tuple[str, ...]) -> list[str]:
    """A sentence for each output that is no finite number at some hour of patients who were solved."""
    found = []
    broken = ~np.isfinite(value) & (status == SOLVED)[:, None, None]
    for column in np.flatnonzero(broken.any(axis=(0, 1))).tolist():
        patient, moment = np.argwhere(broken[:, :, column])[0].tolist()
        first, lost = (
            value[patient, moment, column],
            f"{int(broken[:, :, column].sum())} of {broken[:, :, column].size}",
        )
        what = (
            "not a number (0/0, or a function outside its domain)"
            if np.isnan(first)
            else "infinite (a division by zero)"
        )
        found.append(f"`{outputs[column]}` is {what} at {lost} times, the first {times[moment]:g}")
    return found


def _reasons(problem: ImportedProblem, found: Found) -> dict[int, str]:
    """Why each patient failed whose steps alone do not tell."""
    lost = np.flatnonzero((found.status == STEP_TOO_SMALL) | (found.status == TOO_MANY_STEPS)).tolist()
    states, system = problem.kernel.layout.states, problem.equations.plain
    reasons = {}
    for patient in lost[:MOST_REASONS]:
        own, hour = values_of(problem.constants, patient), float(found.last_h[patient])
        many = bool(found.status[patient] == TOO_MANY_STEPS)
        start = problem.start[patient if len(problem.start) > 1 else 0]
        reasons[patient] = failure_reason(system, own, states, found.last[patient], start, hour, many=many)
    return reasons
