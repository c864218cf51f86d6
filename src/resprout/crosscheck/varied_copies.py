"""How fast varied copies of an imported model run, beside libRoadRunner: both at the loosest tolerance that meets the same error."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import libsbml
import numpy as np
from numpy.typing import NDArray

from resprout.crosscheck.benchmark import TOLERANCES, loosest
from resprout.crosscheck.external_simulators import RoadRunner
from resprout.dosing.species_doses import SpeciesDose
from resprout.errors import Fault, InputError
from resprout.exchange.dosed_export import export_dosed
from resprout.exchange.sbml_flattening import as_amount
from resprout.language.records import ImportedModel
from resprout.simulation.dosed_model import DosedModel, dosed
from resprout.solve.batch import Trajectories
from resprout.solve.imported_run import run_imported
from resprout.solve.run import DEFAULT_METHOD

COPIES, COMPARED, POINTS, PLACE = 1000, 8, 100, 0.37
"""Copies timed and compared, times of outputs, and where each lies in its part of the run, away from round hours of events."""
VARIED, SPREAD = 5, 0.1
"""Constants that differ between copies, and the standard deviation of their logarithms."""
REFERENCE = 1e-10
"""Relative tolerance of the reference solution, by libRoadRunner."""
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Copies:
    """What both programs solve.

    given    the model and its doses
    values   name -> [copy] of the constants that differ
    truth    [compared copy, time, output] the reference solution
    """

    given: DosedModel
    outputs: tuple[str, ...]
    times: Floats
    values: dict[str, Floats]
    truth: Floats

    def error(self, found: Floats) -> float:
        """Largest difference from the reference of any output after the beginning, over that output's largest value in the copy.

        At the time of a dose the output here is the value before it, elsewhere that after it.
        """
        size = np.abs(self.truth).max(axis=1, keepdims=True)
        miss = np.abs(found[: len(self.truth)] - self.truth)[:, 1:]
        return float(np.max(miss / np.where(size > 0, size, np.inf), initial=0.0))


def bench_copies(  # many arguments: what is timed, and by keyword how
    model: ImportedModel,
    until: float,
    *,
    target: float = 1e-4,
    copies: int = COPIES,
    seed: int = 1,
    doses: Sequence[SpeciesDose] = (),
) -> list[dict[str, Any]]:
    """Time varied copies of a model here and in libRoadRunner, on one core.

    model     what `rs.import_model` gave
    until     end of the run, in the model's own unit of time
    target    error that both have to meet with their own tolerance
    copies    that are timed here; libRoadRunner is timed on the first of them
    doses     what every copy is given; libRoadRunner gets them as events
    returns   a row a program: tool, patients_per_second_per_core, ratio_to_libroadrunner, max_relative_error, tolerance, states, events
    raises    InputError if libRoadRunner is not installed, nothing in the model can be varied, or doses do not fit the model
    """
    begun = time.perf_counter()
    given = dosed(model, doses, "--dose", until * model.hours_per_unit)
    text = export_dosed(model, doses, "--dose") if doses else model.original
    inner = libsbml.readSBMLFromString(text).getModel()
    species = {s.getId(): as_amount(inner, s) for s in inner.getListOfSpecies()}
    free = [p.getId() for p in inner.getListOfParameters()]
    outputs = tuple(name for name in model.equations if name in species or name in free)[:100]
    times = np.concatenate([[0.0], (np.arange(POINTS) + PLACE) / POINTS * until])
    program = RoadRunner(text, [name if species.get(name, True) else f"[{name}]" for name in outputs])
    values = _varied(model, set(free), copies, seed)
    cases = [{name: float(array[copy]) for name, array in values.items()} for copy in range(min(COMPARED, copies))]
    truth = np.stack([program.solve(case, times.tolist(), tolerance=REFERENCE) for case in cases])
    compared = Copies(given, outputs, times, values, truth)
    ours, theirs = _time_engine(compared, target), _time_program(compared, program, cases, target)
    shared = {"states": len(model.states), "events": inner.getNumEvents(), "took_s": time.perf_counter() - begun}
    rows: list[dict[str, Any]] = [{"tool": "resprout", **ours, **shared}, {"tool": "libRoadRunner", **theirs, **shared}]
    base = theirs["patients_per_second_per_core"]
    return [{**row, "ratio_to_libroadrunner": row["patients_per_second_per_core"] / base} for row in rows]


def _varied(model: ImportedModel, free: set[str], copies: int, seed: int) -> dict[str, Floats]:
    """The first constants above 0 that no other quantity sets, lognormal around their values."""
    names = [name for name, constant in model.constants.items() if name in free and constant.value > 0][:VARIED]
    if not names:
        found = f"`{model.name}` has no parameter above 0 that could differ between copies."
        raise InputError(Fault(found, model.file, "", "Expected one at least."))
    random = np.random.default_rng(seed)
    return {name: model.constants[name].value * np.exp(SPREAD * random.standard_normal(copies)) for name in names}


def _run(copies: Copies, tolerance: float, count: int) -> Trajectories:
    few: Mapping[str, Floats] = {name: array[:count] for name, array in copies.values.items()}
    events = copies.given.events(few, count, float(copies.times[-1]))
    model, times, outputs = copies.given.model, copies.times, copies.outputs
    return run_imported(model, few, events, times, outputs, tolerance, 1, DEFAULT_METHOD)


def _solve(copies: Copies, tolerance: float, count: int) -> Floats:
    """Outputs of the first copies, infinite where one could not be solved."""
    found = _run(copies, tolerance, count)
    return np.where((found.status == 0)[:, None, None], found.value, np.inf)


def _time_engine(copies: Copies, target: float) -> dict[str, float]:
    count = len(next(iter(copies.values.values())))
    compared = len(copies.truth)
    tolerance, error = loosest(lambda wanted: copies.error(_solve(copies, wanted, compared)), target, TOLERANCES[::3])
    taken = []
    for _ in range(2):
        begun = time.process_time()
        _run(copies, tolerance, count)
        taken.append(time.process_time() - begun)
    return _row(min(taken) / count, error, tolerance)


def _time_program(
    copies: Copies, program: RoadRunner, cases: list[dict[str, float]], target: float
) -> dict[str, float]:
    seconds: list[float] = []

    def solve(tolerance: float) -> float:
        seconds.clear()
        found = []
        for case in cases:
            found.append(program.solve(case, copies.times.tolist(), tolerance=tolerance))
            seconds.append(program.seconds)
        return copies.error(np.stack(found))

    tolerance, error = loosest(solve, target, TOLERANCES[::3])
    taken = []
    for _ in range(3):
        solve(tolerance)
        taken.append(float(np.mean(seconds)))
    return _row(min(taken), error, tolerance)


def _row(seconds: float, error: float, tolerance: float) -> dict[str, float]:
    return {"patients_per_second_per_core": 1 / seconds, "max_relative_error": error, "tolerance": tolerance}
