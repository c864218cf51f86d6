"""A request -> a labelled Dataset in memory: chosen patients of a large draw alone, and on request each one's numerical error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from resprout.errors import Fault, InputError
from resprout.language.records import Model
from resprout.people.draws import draws_words
from resprout.people.overrides import split_overrides
from resprout.people.screening import screen
from resprout.simulation.cohort_simulation import refuse_failures
from resprout.simulation.labelled_results import labelled, spelled
from resprout.simulation.request import Request
from resprout.simulation.settings import TIGHTEST
from resprout.simulation.stream import Part, Summary, block_size, chunks, solve_candidates
from resprout.simulation.summaries import Tally
from resprout.simulation.workers import open_pool

FINER = 0.01
"""Tolerance of the comparison solve, as a share of the run's own."""


def run_chosen(
    request: Request,
    model: Model,
    ids: Sequence[int] | None = None,
    *,
    errors: bool = False,
) -> tuple[xr.Dataset, Summary]:
    """Solve a request, or only some patients of it, and hold the result.

    ids       positions of patients in the draw, from 0; None for all
    errors    solve again at a hundredth of the tolerance; `error` [patient] is the largest difference of any output,
              over that output's largest value in the patient
    returns   the Dataset and its summary
    raises    InputError for a position outside the draw; SolveError if more patients fail than allowed
    """
    part, finer = _solve(request, model, ids), None
    refuse_failures(part.status, request.numerics.allowed_failures)
    if errors:
        finest = max(request.numerics.step_tolerance * FINER, TIGHTEST)
        precise = replace(request, numerics=replace(request.numerics, tolerance=finest))
        finer = solve_candidates(precise, part.candidate)
    tally = Tally(request.outputs, np.array(request.hours), model.scales)
    tally.add(part.value, part.status)
    error = None if finer is None else relative_error(part, finer)
    run = labelled(model, part, request.hours, request.outputs, provenance(request, model))
    if ids is not None:
        run = run.assign_coords(patient=np.asarray(ids))
    if error is not None:
        run["error"] = (
            "patient",
            error,
            {"long_name": "largest difference from a finer solve, over the output's peak"},
        )
    worst = None if error is None else float(np.nanmax(error))
    return run, Summary(tally, part.digest()[:16], worst)


def provenance(request: Request, model: Model) -> dict[str, Any]:
    """What was run with what, in words."""
    people, scenario = request.people, request.scenario
    told = {"seed": people.seed, "population": people.population, "genotype": people.genotype or ""}
    told |= {**scenario.regimen.told(), "tolerance": request.numerics.step_tolerance}
    told |= {"constants": draws_words(model, people.point)}
    return {**told, "blocks": spelled(scenario.blocks), "overrides": spelled(scenario.overrides)}


def relative_error(part: Part, finer: Part) -> NDArray[np.float64]:
    """[patient] largest difference of any output from the finer solve, over that output's largest value."""
    peak = np.abs(finer.value).max(axis=1, keepdims=True)
    gap = np.abs(part.value - finer.value) / np.maximum(peak, 1e-9)
    return gap.max(axis=(1, 2))


def _solve(request: Request, model: Model, ids: Sequence[int] | None) -> Part:
    if ids is None:
        with open_pool(None, request.numerics.threads) as pool:
            return Part.joined(list(chunks(request, pool)))
    wanted = np.asarray(ids, dtype=np.int64)
    outside = wanted[(wanted < 0) | (wanted >= request.patients)]
    if outside.size:
        found = f"patient {outside[0]} is not in a draw of {request.patients:,}."
        raise InputError(Fault(found, "--patient-ids", f"Expected numbers from 0 to {request.patients - 1}."))
    candidate = _candidates_of(request, model, int(wanted.max()) + 1)[wanted]
    solved = solve_candidates(request, np.unique(candidate))
    return solved.rows(np.searchsorted(solved.candidate, candidate))


def _candidates_of(request: Request, model: Model, count: int) -> NDArray[np.int64]:
    """Numbers in the population of the first `count` patients."""
    found: list[NDArray[np.int64]] = []
    settled, _ = split_overrides(model, request.scenario.overrides)
    size, first = block_size(count), 0
    while sum(len(part) for part in found) < count:
        _, covariates = screen(settled, request.recruitment, np.arange(first, first + size))
        found.append(np.asarray(covariates["candidate"], dtype=np.int64))
        first += size
    return np.concatenate(found)[:count]
