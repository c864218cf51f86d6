"""An imported model integrated from its initial values, with its own events where it has any."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from resprout.compile.evaluate import evaluate
from resprout.errors import Fault, InputError
from resprout.language.records import ImportedModel
from resprout.solve.batch import Batch, Trajectories, integrate, make_batch, nothing_found
from resprout.solve.driver import drive, open_task
from resprout.solve.driver_arrays import Patients, Plan, open_lanes, open_workspace
from resprout.solve.event_watcher import EventWatcher, around
from resprout.solve.events import Events, Floats, timetable
from resprout.solve.initial_values import Beginning, begin, break_times, imported_tolerances, read_imported_equations
from resprout.solve.kernel_code import Kernel, build_kernel
from resprout.solve.tableau import METHODS


def run_imported(  # many arguments: those of run_patients
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
    begun, (system, model_events) = begin(model, constants), read_imported_equations(model)
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
    batch = make_batch(model, kernel, begun.constants, max(events.value.shape[1], len(start)))
    changes = timetable(model, events, kernel.layout.states, kernel.layout.constants).landing_at(breaks)
    plan = Plan(times, changes.time_h, changes.first, changes.row, changes.value)
    limits = imported_tolerances(tolerance, start)
    if not model_events:
        return integrate(kernel, batch, plan, start, limits, threads)
    return _integrate_watched(model, kernel, batch, plan, begun, limits, outputs)


def _integrate_watched(
    model: ImportedModel,
    kernel: Kernel,
    batch: Batch,
    plan: Plan,
    begun: Beginning,
    limits: Floats,
    outputs: tuple[str, ...],
) -> Trajectories:
    """Integrate an imported model that has events: the same loop in Python, with a watcher."""
    system, model_events = read_imported_equations(model)
    values = [np.broadcast_to({**model.nominal, **begun.constants}[name], batch.patients) for name in system.constants]
    table = np.array(values, dtype=float).reshape(len(values), batch.patients).T
    clock = system.states.index(model.clock) if model.clock else -1
    found = nothing_found(batch.patients, system.states, plan.time_h)
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
