"""What is integrated of an imported model: equations, kernel and patients in; what the driver found, and outputs, out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from resprout.compile.evaluate import evaluate
from resprout.compile.read import ImportedEquations
from resprout.language.records import ImportedModel
from resprout.solve.batch import Batch, integrate_into, nothing_found
from resprout.solve.driver_arrays import Found, Lanes, Workspace
from resprout.solve.event_arrays import EventRun, Watch, event_model, open_watch
from resprout.solve.event_code import build_event_code
from resprout.solve.events import Floats
from resprout.solve.imported_plan import ImportedPlan
from resprout.solve.kernel_code import Kernel

Limits: TypeAlias = tuple[float, Floats]
"""Relative tolerance of a step, and absolute ones [patient, state]."""


def rows_of(value: ArrayLike, rows: NDArray[np.int64]) -> ArrayLike:
    """Some patients' values of a scalar or [patient] quantity."""
    return value if np.size(value) == 1 else np.asarray(value)[rows]


@dataclass(frozen=True)
class ImportedProblem:
    """What is integrated.

    start    [patient or 1, state of the kernel]     constants   name -> scalar or [patient], all of the plain system's
    outputs  that were asked for                     watched     whether conditions or events have to be watched step by step
    apart    whether the kernel gives the states, from which outputs are computed afterwards, with time as it is
    before   [patient, event] whether each trigger holds before the run    held   the same at its end, once solved
    open_end   as in `RunPart`                      numbers   [patient] that key the lots of events of equal priority
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
    numbers: NDArray[np.int64]

    def only(self, rows: NDArray[np.int64]) -> ImportedProblem:
        """The same for some of the patients."""
        batch = Batch(len(rows), self.batch.nominal, self.batch.varied_row, self.batch.varied[rows])
        own = {name: rows_of(value, rows) for name, value in self.constants.items()}
        start = self.start if len(self.start) == 1 else np.ascontiguousarray(self.start[rows])
        held = {"held": self.held[rows].copy(), "before": self.before[rows], "numbers": self.numbers[rows]}
        return ImportedProblem(**{**vars(self), **held, "batch": batch, "start": start, "constants": own})

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
        system, span = self.equations.plain, float(whole.time_h[-1])
        values = [np.broadcast_to(np.asarray(self.constants[name]), self.batch.patients) for name in system.constants]
        table = np.ascontiguousarray(np.array(values, dtype=float).reshape(len(values), self.batch.patients).T)
        clock = system.states.index(self.model.clock) if self.model.clock else -1
        code = build_event_code(self.equations, self.model.digest, clock, kernel.tableau)
        known = event_model(self.equations, clock, {name: row for row, name in enumerate(kernel.layout.constants)})
        self.held[:] = self.before
        numbers = np.ascontiguousarray(self.numbers, dtype=np.int64)
        run = EventRun(table, span, whole.first_step_h, self.open_end, self.held, numbers)

        def watched(lanes: Lanes, work: Workspace) -> Watch:
            return open_watch(code, known, run, lanes, work)

        integrate_into(found, kernel, self.batch, whole, self.start, relative, self.threads, absolute, watched)
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
        value = np.empty((len(columns), patients, len(times)))
        for row, column in zip(value, columns, strict=True):
            row[:] = column
        if not reached.all():
            value[:, ~reached] = np.nan
        return np.moveaxis(value, 0, -1)
