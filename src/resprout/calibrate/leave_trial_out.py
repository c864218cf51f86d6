"""Each published trial predicted by a fit that excluded it: a fit in; published numbers beside those predictions out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.stats import geninvgauss

from resprout.calibrate.fitted_parameters import Numbers
from resprout.calibrate.meta_analysis_fit import MetaAnalysis, fit_meta_analysis
from resprout.calibrate.meta_analysis_predictions import virtual_outcome
from resprout.calibrate.meta_analysis_rows import trial_summaries, trial_summary
from resprout.calibrate.posterior import sample
from resprout.calibrate.posterior_mode import SOFT, Fit, Progress
from resprout.calibrate.published_scores import SIGNIFICANT_VISITS, score_published, score_scale
from resprout.calibrate.residuals import DISCREPANCY, NOT_SMOOTH, discrepancy
from resprout.calibrate.trial_entries import SUFFIX_OF
from resprout.calibrate.trial_predictions import META_ANALYSIS, META_ANALYSIS_REPLICATES, meta_analysed
from resprout.language import load_model
from resprout.language.records import Model
from resprout.people.draws import with_draws
from resprout.simulation.workers import process_pool
from resprout.trial.design import LARGE_TRIAL, Protocol, Published
from resprout.trial.null_models import AS_MODELLED, MOOD_FROZEN
from resprout.trial.protocol import read_protocol, shipped_protocols
from resprout.trial.published_numbers import COUNTED, published_rows, published_statistic
from resprout.trial.replicates import run_series_beside_nulls
from resprout.trial.trial_outcome import Outcome

MIDDLE = 0.9
DRAWS, CHAIN = 100, 500
REPLICATES, REPLICATES_LARGE = 100, 20
Work = tuple[str, Fit, MetaAnalysis, str, int]


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
    (`with_observation_error`). `inside_plain` says whether the virtual trials alone hold the number. Beside its CRPS stand that of the same
    patients had no drug changed mood, and that of the meta-analysis of all other shipped trials.

    fit       its emulator carries the refit, the engine the prediction; trials are shared among processes
    returns   rows as `published_rows`, with the 90 % prediction interval as lower and upper, `inside_plain`, and `crps`, `crps_null` and
              `crps_mbma` in units that can be added, NaN where there is none
    """
    meta_analysis = fit_meta_analysis(trial_summaries(model, shipped_protocols()))
    work: list[Work] = [(model.folder, fit, meta_analysis, trial, seed) for trial in trials]
    if len(work) == 1:
        return _predict(work[0])
    rows = []
    with process_pool() as pool:
        for number, found in enumerate(pool.map(_predict, work), 1):
            progress(f"{number} of {len(work)} trials")
            rows += found
    return rows


def with_observation_error(found: Numbers, random: np.random.Generator, share: float = DISCREPANCY) -> Numbers:
    """Numbers of virtual trials -> numbers that a clinic would publish, by the fit's own law of error.

    That law is a share of a number beside its spread from replicate to replicate, with the robust loss beyond SOFT: its density goes
    with exp(-robust_residual(r)^2 / 2), which is the hyperbolic distribution, a normal one whose variance is drawn anew each time.

    found     [replicate]   infinite where nobody relapsed
    random    generator of the errors
    share     scalar     1  of the number by which a model may be away from it
    returns   [replicate]   the same spread around the same middle by that law

    Source: Barndorff-Nielsen O. Hyperbolic distributions and distributions on hyperbolae. Scand J Stat 1978;5:151-157.
    """
    known = found[np.isfinite(found)]
    middle = np.median(known) if known.size else 0.0
    spread = geninvgauss.rvs(1, SOFT**2, size=found.shape, random_state=random)
    away = found * (1 + share * random.standard_normal(found.shape)) - middle
    return np.asarray(middle + np.sqrt(spread) * away)


def _predict(work: Work) -> list[dict[str, Any]]:
    folder, fit, meta_analysis, trial, seed = work
    model = load_model(folder)
    seen = [not name.startswith(f"{trial}.") for name in fit.rows]
    draws = sample(fit, seed=seed, draws=CHAIN, rows=seen).draws(DRAWS, seed)
    blind = with_draws(model, draws)
    design, regimens = read_protocol(trial, blind)
    count = REPLICATES if design.people < LARGE_TRIAL else REPLICATES_LARGE
    outcomes = run_series_beside_nulls(design, regimens, blind, count, seed, nulls=(MOOD_FROZEN,))[1]
    plain = published_rows(design, outcomes[AS_MODELLED], MIDDLE)
    random = np.random.default_rng(seed)
    rows = published_rows(design, outcomes[AS_MODELLED], MIDDLE, lambda row, found: _in_a_clinic(row, found, random))
    if not design.phases:  # a meta-analysis of arms knows nothing of people who have been chosen by their response
        summary = trial_summary(model, design, regimens)
        outcomes[META_ANALYSIS] = virtual_outcome(meta_analysis, summary, META_ANALYSIS_REPLICATES, seed)
    scores = [_scores(blind, design, row, outcomes, random) for row in design.published]
    return [
        {**row, "inside_plain": own["inside"], **score} for row, own, score in zip(rows, plain, scores, strict=True)
    ]


def _in_a_clinic(row: Published, found: Numbers, random: np.random.Generator) -> Numbers:
    return found if row.statistic in NOT_SMOOTH else with_observation_error(found, random, discrepancy(row))


def _scores(
    model: Model, design: Protocol, row: Published, outcomes: dict[str, Outcome], random: np.random.Generator
) -> dict[str, float]:
    """CRPS of one published number, standardised: of the model, without drug effect on mood, and of the meta-analysis."""
    found = dict.fromkeys(("crps", "crps_null", "crps_mbma"), math.nan)
    if row.verification not in COUNTED or row.bound or row.statistic in (*NOT_SMOOTH, *SIGNIFICANT_VISITS):
        return found
    for name, outcome in outcomes.items():
        if name == META_ANALYSIS and not meta_analysed(outcome, row):
            continue
        samples = published_statistic(design, outcome, row)
        score = score_published(row, samples if name == META_ANALYSIS else _in_a_clinic(row, samples, random))
        found[f"crps{SUFFIX_OF[name]}"] = math.nan if score is None else score.crps / score_scale(model, row)
    return found
