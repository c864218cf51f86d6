"""Each published trial predicted by a fit that excluded it: a fit in; published numbers beside those predictions out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.stats import geninvgauss

from resprout.calibrate.fitted_parameters import Numbers
from resprout.calibrate.posterior import sample
from resprout.calibrate.posterior_mode import SOFT, Fit, Progress
from resprout.calibrate.residuals import DISCREPANCY, NOT_SMOOTH
from resprout.language import load_model
from resprout.language.records import Model
from resprout.people.draws import with_draws
from resprout.simulation.workers import process_pool
from resprout.trial.design import LARGE_TRIAL, Published
from resprout.trial.protocol import read_protocol
from resprout.trial.published_numbers import published_rows
from resprout.trial.replicates import run_series

MIDDLE = 0.9
DRAWS, CHAIN = 100, 500
REPLICATES, REPLICATES_LARGE = 100, 20
Work = tuple[str, Fit, str, int]


def leave_trials_out(
    model: Model,
    fit: Fit,
    trials: Sequence[str],
    *,
    seed: int = 1,
    progress: Progress,
) -> list[dict[str, Any]]:
    """Predict every trial without its own numbers.

    A prediction is what the fit takes a published number to be: a virtual trial of a blind draw, with the fit's law of error
    (`with_observation_error`). `inside_plain` says whether the virtual trials alone hold the number.

    fit       its emulator carries the refit, the engine the prediction; trials are shared among processes
    returns   rows as `published_rows`, with the 90 % prediction interval as lower and upper, and `inside_plain`
    """
    work: list[Work] = [(model.folder, fit, trial, seed) for trial in trials]
    if len(work) == 1:
        return _predict(work[0])
    rows = []
    with process_pool() as pool:
        for number, found in enumerate(pool.map(_predict, work), 1):
            progress(f"{number} of {len(work)} trials")
            rows += found
    return rows


def with_observation_error(found: Numbers, random: np.random.Generator) -> Numbers:
    """Numbers of virtual trials -> numbers that a clinic would publish, by the fit's own law of error.

    That law is DISCREPANCY of a number beside its spread from replicate to replicate, with the robust loss beyond SOFT: its density goes
    with exp(-robust_residual(r)^2 / 2), which is the hyperbolic distribution, a normal one whose variance is drawn anew each time.

    found     [replicate]   infinite where nobody relapsed
    returns   [replicate]   the same spread around the same middle by that law

    Source: Barndorff-Nielsen O. Hyperbolic distributions and distributions on hyperbolae. Scand J Stat 1978;5:151-157.
    """
    known = found[np.isfinite(found)]
    middle = np.median(known) if known.size else 0.0
    spread = geninvgauss.rvs(1, SOFT**2, size=found.shape, random_state=random)
    away = found * (1 + DISCREPANCY * random.standard_normal(found.shape)) - middle
    return np.asarray(middle + np.sqrt(spread) * away)


def _predict(work: Work) -> list[dict[str, Any]]:
    folder, fit, trial, seed = work
    model = load_model(folder)
    seen = [not name.startswith(f"{trial}.") for name in fit.rows]
    draws = sample(fit, seed=seed, draws=CHAIN, rows=seen).draws(DRAWS, seed)
    blind = with_draws(model, draws)
    design, regimens = read_protocol(trial, blind)
    count = REPLICATES if design.people < LARGE_TRIAL else REPLICATES_LARGE
    outcome = run_series(design, regimens, blind, count, seed)[1]
    plain = published_rows(design, outcome, MIDDLE)
    random = np.random.default_rng(seed)

    def in_a_clinic(row: Published, found: Numbers) -> Numbers:
        return found if row.statistic in NOT_SMOOTH else with_observation_error(found, random)

    rows = published_rows(design, outcome, MIDDLE, in_a_clinic)
    return [{**row, "inside_plain": own["inside"]} for row, own in zip(rows, plain, strict=True)]
