"""Each published trial predicted by a fit that never saw it: a fit in; published numbers beside those predictions out."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import numpy as np

from resprout.calibrate.blocks import DISCREPANCY, NOT_SMOOTH
from resprout.calibrate.fit import Fit, Progress
from resprout.calibrate.posterior import sample
from resprout.calibrate.quantities import Numbers
from resprout.language import load_model
from resprout.language.records import Model
from resprout.people.draws import with_draws
from resprout.trial.design import LARGE_TRIAL, Published
from resprout.trial.protocol import read_protocol
from resprout.trial.published import published_rows
from resprout.trial.series import run_series

MIDDLE = 0.9
DRAWS, STEPS = 40, 3000
REPETITIONS, REPETITIONS_LARGE = 120, 10
Work = tuple[str, Fit, list[dict[str, float]], str, int]


def leave_trials_out(
    model: Model,
    fit: Fit,
    others: Sequence[Mapping[str, float]],
    trials: Sequence[str],
    *,
    seed: int = 1,
    told: Progress,
) -> list[dict[str, Any]]:
    """Predict every trial without its own numbers.

    A prediction is what the fit takes a published number to be: a virtual trial of a blind draw, and DISCREPANCY of the
    number between the model and a clinic. `inside_plain` says whether the virtual trials alone hold the number.

    fit       of the part `mood`; its slopes carry the refit, the engine the prediction; trials are shared among processes
    others    draws of the other parts, which no trial informs
    returns   rows as `published_rows`, with the middle 90 % of predictions as lower and upper, and `inside_plain`
    """
    work: list[Work] = [(model.folder, fit, [dict(other) for other in others], trial, seed) for trial in trials]
    if len(work) == 1:
        return _predict(work[0])
    rows = []
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn")) as pool:
        for number, found in enumerate(pool.map(_predict, work), 1):
            told(f"{number} of {len(work)} trials")
            rows += found
    return rows


def _predict(work: Work) -> list[dict[str, Any]]:
    folder, fit, others, trial, seed = work
    model = load_model(folder)
    seen = [not name.startswith(f"{trial}.") for name in fit.rows]
    draws = sample(fit, seed=seed, steps=STEPS, rows=seen).draws(DRAWS, seed)
    blind = with_draws(model, [{**other, **draw} for other, draw in zip(others, draws, strict=False)])
    design, regimens = read_protocol(trial, blind)
    count = REPETITIONS if design.people < LARGE_TRIAL else REPETITIONS_LARGE
    outcome = run_series(design, regimens, blind, count, seed)[1]
    plain = published_rows(design, outcome, MIDDLE)
    random = np.random.default_rng(seed)

    def in_a_clinic(row: Published, found: Numbers) -> Numbers:
        if row.statistic in NOT_SMOOTH:
            return found
        return found * (1 + DISCREPANCY * random.standard_normal(found.shape))

    rows = published_rows(design, outcome, MIDDLE, in_a_clinic)
    return [{**row, "inside_plain": own["inside"]} for row, own in zip(rows, plain, strict=True)]
