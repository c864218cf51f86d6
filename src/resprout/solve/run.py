"""Patients and events -> trajectories: checks what is asked for, finds steady states, integrates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from resprout.errors import Fault, InputError, nearest
from resprout.language.drug_instances import binding
from resprout.language.records import EquationModel, ImportedModel, Model
from resprout.solve.batch import Batch, Trajectories, as_plan, integrate, make_batch, share_among_threads, tolerances
from resprout.solve.driver_arrays import SOLVED, Patients, open_steady_lanes
from resprout.solve.events import Events, Floats, timetable
from resprout.solve.initial_values import IMPORTED_TOLERANCE
from resprout.solve.kernel_code import Kernel, build_kernel
from resprout.solve.steady_state import find_steady_states_compiled, open_steady_task
from resprout.solve.tableau import METHODS

DEFAULT_TOLERANCE = 6e-6
DEFAULT_METHOD = "Rodas4"


def run_patients(  # many arguments: what is solved, and how by keyword
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
    how = (tolerance, threads, method)
    if isinstance(model, ImportedModel):
        # libSBML is read by imported models only, and comes with the extra `exchange`
        from resprout.solve.imported_run import run_imported

        return run_imported(model, constants, events, times, chosen, tolerance or IMPORTED_TOLERANCE, threads, method)
    bound = binding(model) if isinstance(model, Model) else None
    if bound is None:
        return _run_chain(model, constants, events, times, chosen, how)
    # the numbered form of the drugs, so that every scenario with as many drugs shares the kernels
    inner = Events(events.time_h, bound.names(events.name), events.value)
    found = _run_chain(bound.model, bound.constants(constants), inner, times, bound.names(chosen), how)
    return replace(found, outputs=chosen)


def _run_chain(
    model: EquationModel,
    constants: Mapping[str, ArrayLike],
    events: Events,
    times: Floats,
    outputs: tuple[str, ...],
    how: tuple[float | None, int | None, str],
) -> Trajectories:
    """Integrate every patient from the steady state.

    how   tolerance, threads and method
    """
    tolerance, threads, method = how
    kernel = build_kernel(model, outputs, perturbed_names(model, events, constants), METHODS[method])
    batch = make_batch(model, kernel, constants, events.value.shape[1])
    changes = timetable(model, events, kernel.layout.states, kernel.layout.constants)
    plan = as_plan(times, changes)
    start, failure = _steady_states(model, kernel, batch, threads)
    limits = tolerances(tolerance or DEFAULT_TOLERANCE, len(kernel.layout.states))
    found = integrate(kernel, batch, plan, start, limits, threads)
    lost = failure != SOLVED
    found.status[lost], found.value[lost] = failure[lost], np.nan
    return found


def perturbed_names(model: EquationModel, events: Events, constants: Mapping[str, ArrayLike]) -> frozenset[str]:
    """States and inputs that the code must let change: those perturbed, and with any block every block.

    So all blocked arms share one code, which costs them a fifteenth more time each and spares seconds of compiling.
    """
    perturbed = frozenset(events.name) | (frozenset(constants) & frozenset(model.inputs))
    blocks = frozenset(name for name in model.inputs if model.constants[name].bounds == "share")
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
    return _steady_states(model, kernel, make_batch(model, kernel, constants, 1), threads)


def _steady_states(
    model: EquationModel, kernel: Kernel, batch: Batch, threads: int | None
) -> tuple[Floats, NDArray[np.int64]]:
    start = {state.name: state.start for state in model.states}
    guess = np.array([[start[name] for name in kernel.layout.states]])
    found = np.empty((batch.patients, guess.shape[1]))
    status = np.zeros(batch.patients, np.int64)
    patients = Patients(batch.nominal, batch.varied_row, batch.varied, guess)

    def solve(first: int, last: int) -> None:
        lanes = open_steady_lanes(kernel.layout, kernel.width)
        find_steady_states_compiled(open_steady_task(kernel.bound, lanes, patients, found, status, first, last))

    share_among_threads(batch.patients, solve, threads)
    return found, status


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
