"""An imported model integrated from its initial values, through its own conditions and events."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from resprout.compile.read import ImportedEquations, read_imported
from resprout.compile.system import System
from resprout.errors import Fault, InputError
from resprout.language.records import ImportedModel
from resprout.solve.batch import Trajectories, as_trajectories, make_batch
from resprout.solve.driver_arrays import SOLVED, STEP_TOO_SMALL, TOO_MANY_STEPS, Found
from resprout.solve.events import Events, Floats, timetable
from resprout.solve.failure_reasons import failure_reason
from resprout.solve.imported_accuracy import to_own_size, with_shorter_steps
from resprout.solve.imported_plan import ImportedPlan, make_plan
from resprout.solve.imported_problem import ImportedProblem
from resprout.solve.imported_tolerances import imported_tolerances
from resprout.solve.initial_values import begin
from resprout.solve.kernel_code import build_kernel
from resprout.solve.tableau import METHODS
from resprout.solve.time_functions import TimeFunctions, time_functions, values_of

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
    pieces     where that is not done, into how many a run is cut
    numbers    [patient] of the patients in their population, which key the lots of events; None to count from 0
    """

    held: NDArray[np.bool_] | None = None
    open_end: bool = False
    checked: bool = True
    pieces: int = 1
    numbers: NDArray[np.int64] | None = None


WHOLE = RunPart()


@functools.lru_cache(maxsize=8)
def _read(model: ImportedModel) -> tuple[ImportedEquations, TimeFunctions]:
    equations = read_imported(model)
    return equations, time_functions(equations)


def run_imported(  # many arguments: those of run_patients
    model: ImportedModel,
    constants: Mapping[str, ArrayLike],
    events: Events | tuple[Events, ...],
    times: Floats,
    outputs: tuple[str, ...],
    tolerance: float,
    threads: int | None,
    method: str,
    part: RunPart = WHOLE,
) -> Trajectories:
    """Solve an imported model from its initial values.

    events  changes of all patients, or of each
    part    how the run is a part of a longer one
    """
    begun, (equations, functions) = begin(model, constants), _read(model)
    given = events if isinstance(events, tuple) else (events,)
    if times[0] < 0 or any((own.time_h < 0).any() for own in given):
        raise InputError(Fault("this model starts at 0.", "", "Expected no time below 0."))
    system = equations.plain
    watched = bool(equations.events) or len(functions.conditions) < len(equations.hybrid.conditions)
    # conditions and triggers may read any state; what jumps at a time must not be read at one that rounding has moved
    apart = watched or (bool(model.clock) and _jumps(system, outputs))
    kernel = build_kernel(model, system.states if apart else outputs, frozenset(system.states), METHODS[method])
    every = {**model.nominal, **begun.constants}
    states = {name: begun.start[:, row] for row, name in enumerate(system.states)}
    several = max(len(begun.start), len(given) if len(given) > 1 else given[0].value.shape[1])
    patients = make_batch(model, kernel, begun.constants, several).patients
    changes = [timetable(model, own, kernel.layout.states, kernel.layout.constants) for own in given]
    plan = make_plan(functions, every, states, times, patients, kernel.layout.constants, changes, watched=watched)
    batch = make_batch(model, kernel, {**begun.constants, **plan.beginning}, patients)
    rows = [system.states.index(name) for name in kernel.layout.states]
    start = np.ascontiguousarray(begun.start[:, rows])
    ends = _ends(part, equations, patients)
    problem = ImportedProblem(model, equations, kernel, batch, start, every, outputs, watched, apart, threads, *ends)
    found, pieces, unsure = _solved(problem, plan, tolerance, part)
    solved = as_trajectories(found, times, outputs)
    value = problem.values(found, times)
    uncertain = (*plan.notes, *([DEPENDS_ON_STEPS] if unsure else []))
    notes = (*uncertain, *_not_finite(value, solved.status, times, outputs))
    told = _reasons(problem, found), notes, problem.held, pieces, uncertain
    return Trajectories(value, times, outputs, solved.status, solved.steps, *told)


def _ends(part: RunPart, equations: ImportedEquations, patients: int) -> tuple[Any, ...]:
    """Triggers before the run and room for those after it, whether its end is open, and the numbers of patients."""
    triggers = np.array([event.held_before for event in equations.events], dtype=bool)
    before = np.broadcast_to(triggers if part.held is None else part.held, (patients, len(triggers)))
    numbers = np.arange(patients) if part.numbers is None else part.numbers
    # whatever was broadcast, one layout, for which the loop is compiled once
    return before, before.copy(order="C"), part.open_end, numbers


def _solved(problem: ImportedProblem, plan: ImportedPlan, tolerance: float, part: RunPart) -> tuple[Found, int, bool]:
    """What was found, in how many pieces, and whether shorter steps would have made a difference."""
    limits = tolerance, imported_tolerances(tolerance, problem.start, problem.batch.patients)
    found, limits = to_own_size(problem, plan, limits, float(plan.times[-1]))
    if part.checked:
        return with_shorter_steps(problem, plan, found, limits)
    return (problem.solve(plan, part.pieces, limits) if part.pieces > 1 else found), part.pieces, False


def _jumps(system: System, outputs: tuple[str, ...]) -> bool:
    """Whether an output changes at once where a comparison or a floor does."""
    graph = system.graph
    return any(
        not graph.is_invariant(node) and (node in graph.conditions or graph.symbol[node] == "floor")
        for node in graph.reachable([system.node(name) for name in outputs])
    )


def _not_finite(value: Floats, status: NDArray[np.int64], times: Floats, outputs: tuple[str, ...]) -> list[str]:
    """A sentence for each output that is no finite number at some hour of patients who were solved."""
    found: list[str] = []
    with np.errstate(all="ignore"):
        if np.isfinite(value.sum()):  # which takes a quarter of the time of looking at each
            return found
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
