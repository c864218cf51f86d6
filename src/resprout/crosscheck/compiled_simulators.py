"""Programs that compile a model before they solve it, used by the benchmark where they are installed: AMICI, diffrax and pydiffsol."""

from __future__ import annotations

import os
import re
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from resprout.crosscheck.reduced_model import ReducedModel
from resprout.errors import Fault, InputError
from resprout.solve.events import Floats

MOST_STEPS = 100_000
FIRST_STEP_H = 1e-4
"""First step of pydiffsol, which asks for one."""
NAME = re.compile(r"[A-Za-z_]\w*")


class Amici:
    """AMICI with one reduced system compiled; patients differ by the values of parameters and states.

    seconds   of the processor that the last patient's integration took
    """

    seconds = 0.0

    def __init__(self, reduced: ReducedModel) -> None:
        try:
            import amici
            from amici.importers.utils import MeasurementChannel
            from amici.sim.sundials import run_simulation
        except ImportError as missing:
            raise InputError(Fault("AMICI is not installed.", remedy="`pip install amici`; it needs C++.")) from missing
        # the build looks for SWIG and CMake beside the interpreter only if they are on the path
        os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
        self.run = run_simulation
        self.folder = tempfile.TemporaryDirectory()
        source = Path(self.folder.name) / "reduced.xml"
        source.write_text(reduced.text, encoding="utf-8")
        seen = [MeasurementChannel(f"observed_{name}", formula=name) for name in reduced.outputs]
        name = f"reduced_{os.getpid()}"
        self.model = amici.SbmlImporter(source).sbml2amici(
            name,
            Path(self.folder.name) / name,
            observation_model=seen,
            generate_sensitivity_code=False,
            compute_conservation_laws=False,
        )
        self.solver = self.model.create_solver()
        self.solver.set_max_steps(MOST_STEPS)

    def solve(self, values: Mapping[str, float], time_h: Sequence[float], *, tolerance: float) -> Floats:
        """One patient: values of parameters and states; returns [time, output]."""
        for name in self.model.get_free_parameter_ids():
            if name in values:
                self.model.set_free_parameter_by_id(name, float(values[name]))
        self.model.set_initial_state([float(values.get(name, 0.0)) for name in self.model.get_state_ids()])
        self.model.set_timepoints([float(hour) for hour in time_h])
        self.solver.set_relative_tolerance(tolerance)
        self.solver.set_absolute_tolerance(tolerance * 1e-2)
        found = self.run(self.model, solver=self.solver)
        # its own account of the integration: evaluating every expression for the report takes ten times as long
        self.seconds = found["cpu_time"] / 1e3
        return np.array(found["y"])

    def close(self) -> None:
        """Throw the compiled model away."""
        self.folder.cleanup()


class _InPieces:
    """A program that knows no doses: it solves from one dose to the next.

    names     constants and what follows from them, in the order of `known`
    seconds   of the processor that the last patient's integration took
    """

    seconds = 0.0

    def __init__(self, reduced: ReducedModel) -> None:
        self.reduced, self.names = reduced, (*reduced.constants, *reduced.plain.invariant)

    def piece(self, state: Floats, known: Floats, hours: Floats, tolerance: float) -> tuple[Floats, Floats]:
        """From the first hour to the last: the state there, and the outputs [hour, output]."""
        raise NotImplementedError

    def solve(self, values: Mapping[str, float], time_h: Sequence[float], *, tolerance: float) -> Floats:
        """One patient: values of constants and states; returns [time, output]."""
        state = np.array([values[name] for name in self.reduced.states])
        known = np.array([values[name] for name in self.names])
        hours, events = np.asarray(time_h, dtype=float), self.reduced.events
        stops = [float(hour) for hour in np.unique(events.time_h) if 0 < hour < hours[-1]]
        rows, now = [], float(hours[0])
        begun = time.process_time()
        for stop in [*stops, float(hours[-1])]:
            due = hours[(hours >= now) & (hours < stop)] if stop in stops else hours[hours >= now]
            asked = np.unique(np.concatenate([[now], due, [stop]]))
            state, found = self.piece(state, known, asked, tolerance)
            rows.append(found[np.searchsorted(asked, due)])
            state, now = np.array(state), stop
            self._apply_events(state, known, values, stop)
        self.seconds = time.process_time() - begun
        return np.concatenate(rows)

    def _apply_events(self, state: Floats, known: Floats, values: Mapping[str, float], hour: float) -> None:
        for row in np.flatnonzero(self.reduced.events.time_h == hour):
            name = self.reduced.events.name[row]
            if name in self.reduced.states:
                state[self.reduced.states.index(name)] += values[f"size_{row}"]
            elif name in self.names:
                known[self.names.index(name)] = values[f"size_{row}"]

    def close(self) -> None:
        """Nothing is left behind."""


class Diffrax(_InPieces):
    """diffrax (Kvaerno5) with one reduced system; the first patient at the first tolerance compiles it."""

    def __init__(self, reduced: ReducedModel) -> None:
        super().__init__(reduced)
        try:
            import diffrax
            import jax
        except ImportError as missing:
            raise InputError(Fault("diffrax is not installed.", remedy="`pip install diffrax`.")) from missing
        jax.config.update("jax_enable_x64", True)
        self.jax, self.diffrax = jax, diffrax
        self.rates, self.outputs = _functions(reduced, self.names)
        self.compiled = jax.jit(self._piece)

    def _piece(self, state: Any, known: Any, hours: Any, tolerance: Any) -> tuple[Any, Any]:
        diffrax, numpy = self.diffrax, self.jax.numpy
        solved = diffrax.diffeqsolve(
            diffrax.ODETerm(lambda _, now, given: self.rates(now, given, numpy)),
            diffrax.Kvaerno5(),
            hours[0],
            hours[-1],
            None,
            state,
            known,
            saveat=diffrax.SaveAt(ts=hours),
            stepsize_controller=diffrax.PIDController(rtol=tolerance, atol=tolerance * 1e-2),
            max_steps=MOST_STEPS,
            throw=False,
        )
        return solved.ys[-1], self.jax.vmap(lambda now: self.outputs(now, known, numpy))(solved.ys)

    def piece(self, state: Floats, known: Floats, hours: Floats, tolerance: float) -> tuple[Floats, Floats]:
        """From the first hour to the last."""
        last, found = self.compiled(state, known, hours, tolerance)
        return np.asarray(last), np.asarray(found)


class Diffsol(_InPieces):
    """pydiffsol (BDF) with one reduced system in DiffSL, compiled by its LLVM."""

    def __init__(self, reduced: ReducedModel) -> None:
        super().__init__(reduced)
        try:
            import pydiffsol
        except ImportError as missing:
            raise InputError(Fault("pydiffsol is not installed.", remedy="`pip install pydiffsol`.")) from missing
        self.program = pydiffsol.Ode(diffsl_text(reduced, self.names))
        self.program.ode_solver = pydiffsol.bdf

    def piece(self, state: Floats, known: Floats, hours: Floats, tolerance: float) -> tuple[Floats, Floats]:
        """From the first hour to the last; the states are the last of its outputs."""
        self.program.rtol, self.program.atol, self.program.t0 = tolerance, tolerance * 1e-2, float(hours[0])
        self.program.h0 = min(FIRST_STEP_H, float(hours[-1] - hours[0]) / 10)
        try:
            found = self.program.solve_dense(np.concatenate([known, state]), hours).ys.T
        except Exception:  # its own kinds of failure, such as a step that has become too small
            found = np.full((len(hours), len(self.reduced.outputs) + len(state)), np.inf)
        seen = len(self.reduced.outputs)
        return found[-1, seen:], found[:, :seen]


def diffsl_text(reduced: ReducedModel, names: Sequence[str]) -> str:
    """A reduced system in DiffSL; its inputs are the constants and then the states at the beginning.

    reduced   the system        names   of constants and what follows from them, in order
    """
    told, states = reduced.diffsl, reduced.states
    # an underscore stands before indices there
    known = {name: f"c{place}" for place, name in enumerate(names)}
    known |= {name: f"v{place}" for place, name in enumerate(told.shared)}
    known |= {name: f"s{place}" for place, name in enumerate(states)}

    def said(formula: str) -> str:
        return NAME.sub(lambda match: known.get(match[0], match[0]), formula)

    inputs = ", ".join(f"{known[name]} = 1.0" for name in names)
    begins = ", ".join(f"b{place} = 1.0" for place in range(len(states)))
    starts = ", ".join(f"s{place} = b{place}" for place in range(len(states)))
    shared = "\n".join(f"{known[name]} {{ {said(formula)} }}" for name, formula in told.shared.items())
    rates = ", ".join(said(told.rate[name]) for name in states)
    outputs = ", ".join([*(said(told.output[name]) for name in reduced.outputs), *(known[name] for name in states)])
    return f"in_i {{ {inputs}, {begins} }}\nu_i {{ {starts} }}\n{shared}\nF_i {{ {rates} }}\nout_i {{ {outputs} }}\n"


def _functions(reduced: ReducedModel, names: tuple[str, ...]) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Rates and outputs from (states, constants, a module with exp, log and sqrt)."""
    plain = reduced.plain
    lines = [f"    {', '.join(reduced.states)}, = now", f"    {', '.join(names)}, = known"]
    lines += ["    exp, log, sqrt = numpy.exp, numpy.log, numpy.sqrt"]
    lines += [f"    {name} = {formula}" for name, formula in plain.shared.items()]
    source = []
    for name, wanted in (("rates", plain.rate), ("outputs", plain.output)):
        source += [f"def {name}(now, known, numpy):", *lines, f"    return numpy.stack([{', '.join(wanted.values())}])"]
    scope: dict[str, Any] = {}
    exec("\n".join(source), scope)
    return scope["rates"], scope["outputs"]
