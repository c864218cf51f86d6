"""The reference solver: the same method, step-size rule, driver and steady states as the engine, computed by NumPy; slow and readable.

What machine code computes can be checked against it value by value. It is given the same
equations (`compile/prune.py`), so that it takes the same steps. It shares their derivation with the engine; programs that share nothing
(libRoadRunner, COPASI) are asked by `resprout check --numerics` too.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from resprout.compile.equations import Equations
from resprout.compile.machine import pruned
from resprout.compile.numpy_arithmetic import NumpyArithmetic
from resprout.compile.system import System
from resprout.errors import Fault, SolveError
from resprout.language.records import EquationModel
from resprout.solve import newton, rosenbrock, step_size
from resprout.solve.batch import as_plan, nothing_found, tolerances
from resprout.solve.driver import drive, open_task
from resprout.solve.driver_arrays import SOLVED, Patients, open_lanes, open_steady_lanes, open_workspace
from resprout.solve.events import Events, Floats, timetable
from resprout.solve.kernels import layout_of
from resprout.solve.run import perturbed_names
from resprout.solve.steady_state import find_steady_states, open_steady_task
from resprout.solve.tableau import RODAS4, Tableau

RELATIVE = 1e-7
"""Relative tolerance of a step."""
MOST_LANES = 48
"""Patients solved together: lanes are told as the bits of a whole number that a double holds."""


class NumpyKernel:
    """The functions of the driver on NumPy's arrays, for equations and a method."""

    def __init__(self, equations: Equations, tableau: Tableau, outputs: Sequence[str]) -> None:
        self.equations, self.tableau = equations, tableau
        self.layout = layout_of(equations, tableau, outputs)
        over, states = NumpyArithmetic(), equations.states
        self._functions: dict[str, Callable[[Any], None]] = {
            "prepare": lambda r: equations.prepare(over, r.constants),
            "newton_step": lambda r: newton.newton_step(over, equations, r),
            "attempt_step": lambda r: step_size.attempt_step(over, functools.partial(self.take_step, r), r),
            "accept_step": lambda r: step_size.accept_step(over, states, r),
            "observe": lambda r: rosenbrock.observe(over, equations, tableau, r),
        }

    def interpreted(self, name: str, arrays: Mapping[str, Floats]) -> Callable[[], None]:
        """A function on arrays by their names in `driver_arrays.py`."""
        return functools.partial(self._functions[name], SimpleNamespace(**arrays))

    def take_step(self, r: Any) -> None:
        """One step of size r.step, with its error and dense output."""
        over, equations, tableau = NumpyArithmetic(), self.equations, self.tableau

        def later_stage(stage: int) -> None:
            at_stage = SimpleNamespace(**{**vars(r), "stage": rosenbrock.stage_rows(over, equations, stage, r)})
            rosenbrock.later_stage(over, equations, at_stage)

        rosenbrock.take_step(
            tableau,
            lambda: rosenbrock.first_stage(over, equations, tableau, r),
            lambda stage: rosenbrock.stage_point(over, equations, tableau, stage, r),
            later_stage,
            lambda: rosenbrock.finish(over, equations, tableau, r),
        )


def _patients(
    system: System, model: EquationModel, constants: Mapping[str, ArrayLike], start: Floats, count: int
) -> Patients:
    """Every constant of every patient."""
    values = [np.broadcast_to({**model.nominal, **constants}[name], count) for name in system.constants]
    table = np.array(values, dtype=float).reshape(len(values), count).T
    return Patients(np.zeros(len(values)), np.arange(len(values)), np.ascontiguousarray(table), start)


def steady_states(
    model: EquationModel, constants: Mapping[str, ArrayLike], patients: int = 1
) -> tuple[Floats, NDArray[np.int64]]:
    """Steady states: ([patient, state], [patient] status: 0 found).

    constants   name -> scalar or [patient], what differs from the shipped values
    patients    number of them
    """
    every = tuple(state.name for state in model.states)
    system = pruned(model, every, frozenset(every) | frozenset(model.inputs))
    return _steady_states(NumpyKernel(Equations(system, ()), RODAS4, ()), model, constants, patients)


def _steady_states(
    kernel: NumpyKernel, model: EquationModel, constants: Mapping[str, ArrayLike], patients: int
) -> tuple[Floats, NDArray[np.int64]]:
    system, first = kernel.equations.system, {state.name: state.start for state in model.states}
    guess = np.array([[first[name] for name in system.states]])
    people = _patients(system, model, constants, guess, patients)
    found, status = np.empty((patients, len(system.states))), np.zeros(patients, np.int64)
    lanes = open_steady_lanes(kernel.layout, min(patients, MOST_LANES))
    with np.errstate(all="ignore"):
        find_steady_states(open_steady_task(kernel.interpreted, lanes, people, found, status, 0, patients))
    return found, status


def solve_patients(  # many arguments: those of run_patients
    model: EquationModel,
    constants: Mapping[str, ArrayLike],
    events: Events,
    time_h: Sequence[float],
    outputs: Sequence[str],
    patients: int,
    *,
    tolerance: float = RELATIVE,
    tableau: Tableau = RODAS4,
) -> tuple[Floats, NDArray[np.int64]]:
    """Solve patients from their steady states.

    constants   name -> scalar or [patient], what differs from the shipped values
    events      as for the engine
    time_h      [time]   h   at the hour of an event, just before it
    patients    number of them; all go side by side, which takes little longer than one
    tolerance   relative, of a step
    tableau     of the method
    returns     [patient, time, output], and [patient] steps attempted
    raises      SolveError if a patient has no steady state or cannot be solved
    """
    system = pruned(model, tuple(outputs), perturbed_names(model, events, constants))
    kernel, times = NumpyKernel(Equations(system, outputs), tableau, outputs), np.array(time_h, dtype=float)
    start, lost = _steady_states(kernel, model, constants, patients)
    changes = timetable(model, events, system.states, system.constants)
    plan = as_plan(times, changes)
    found = nothing_found(patients, outputs, times)
    width, limits = min(patients, MOST_LANES), tolerances(tolerance, len(system.states))
    lanes, work = open_lanes(kernel.layout, width, limits), open_workspace(kernel.layout, width, limits)
    people = _patients(system, model, constants, start, patients)
    if not lost.any():
        with np.errstate(all="ignore"):
            drive(open_task(kernel.interpreted, lanes, work, people, plan, found, 0, patients), None)
    if lost.any() or (found.status != SOLVED).any():
        raise SolveError(
            Fault(
                "the reference solver found no steady state or no solution for a patient.",
                remedy="Look at the constants that differ from the shipped values.",
            )
        )
    return np.swapaxes(found.outputs, 1, 2), found.steps


def solve_one(
    model: EquationModel,
    constants: Mapping[str, float],
    events: Events,
    time_h: Sequence[float],
    outputs: Sequence[str],
    patient: int = 0,
    *,
    tolerance: float = RELATIVE,
) -> Floats:
    """Solve one patient: [time, output].

    patient   chooses the column of the events' values; the rest as for `solve_patients`
    """
    own = events.of(patient)
    return solve_patients(model, constants, own, time_h, outputs, 1, tolerance=tolerance)[0][0]
