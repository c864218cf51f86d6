"""What the meta-analysis predicts: a trial and whether its own numbers may be used in, virtual outcomes of that trial out."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from threadpoolctl import threadpool_limits

from resprout.calibrate.meta_analysis_covariates import Cell, contrast
from resprout.calibrate.meta_analysis_fit import DRAWS, WEIGHED, MetaAnalysis, Structure, draws_without
from resprout.calibrate.meta_analysis_rows import (
    BASELINE_SD,
    LATER_SD,
    TrialSummary,
    entry_share,
    score_rows,
)
from resprout.language.rating_scales import mood_rated
from resprout.trial.trial_outcome import Outcome

Numbers = NDArray[np.float64]
MIXED = 25  # draws of the standard deviations in a prediction
BASELINE_BETWEEN = 0.06  # sd of baseline means between trials, a share of the scale, where fewer than five print one
KEPT = 0.75  # correlation of a patient's improvement between two visits; assumed
LARGEST_PARETO_K = 0.7  # beyond it draws of all trials do not stand for those without one
NOT_PREDICTED = ("noncarrier_share", "genotype_F", "genotype_gap", "left")
"""Statistics of which a meta-analysis of arm means says nothing."""


@dataclass(frozen=True)
class LatentPrediction:
    """Improvement of arms at visits as the meta-analysis has it.

    mean [draw, cell]   covariance [draw, cell, cell]   weight [draw] of each draw   scale [draw] of standard errors, squared
    pareto_k            how well draws of all trials stand for a fit without the trial; above 0.7 new ones are drawn without it
    """

    cells: tuple[Cell, ...]
    mean: Numbers
    covariance: Numbers
    weight: Numbers
    scale: Numbers
    pareto_k: float


@threadpool_limits.wrap(limits=1, user_api="blas")
def predict_cells(fit: MetaAnalysis, cells: Sequence[Cell], without: str | None = None) -> LatentPrediction:
    """Predict the improvement of arms at visits.

    fit      of all trials
    cells    arms and visits
    without  name of a trial whose numbers must not be used; None uses all
    returns  the prediction

    Coefficients and random effects are conditioned on the other trials exactly; only the draws of the standard deviations
    are reweighted, by Pareto-smoothed importance sampling; where that fails they are drawn anew without the trial.

    Source: Vehtari A, Gelman A, Gabry J. Practical Bayesian model evaluation using leave-one-out cross-validation and WAIC.
    Stat Comput 2017;27:1413-1432.
    """
    chosen, precisions = fit.weighed
    out = np.array([row.trial == without for row in fit.rows])
    weight, pareto_k = _weights_without(fit, precisions, out)
    if without is not None and pareto_k > LARGEST_PARETO_K:
        chosen = draws_without(fit, without)[:: DRAWS // WEIGHED]
        weight = np.full(len(chosen), 1 / len(chosen))
    kept = np.sort(np.argsort(-weight, kind="stable")[:MIXED])
    inside = contrast(fit.rows)[~out]
    structure = Structure.of(fit.covariates, [*fit.cells, *cells])
    many = len(fit.cells)
    error = np.array([row.standard_error for row in fit.rows])[~out] ** 2
    y = fit.improvement[~out]
    means, covariances = [], []
    for draw in chosen[kept]:
        whole = structure.covariance(draw)
        factor = cho_factor(inside @ whole[:many, :many] @ inside.T + np.exp(draw[0]) * np.diag(error))
        across = whole[many:, :many] @ inside.T
        means.append(across @ cho_solve(factor, y))
        covariances.append(whole[many:, many:] - across @ cho_solve(factor, across.T))
    share = weight[kept] / weight[kept].sum()
    return LatentPrediction(
        tuple(cells), np.array(means), np.array(covariances), share, np.exp(chosen[kept, 0]), pareto_k
    )


def _weights_without(fit: MetaAnalysis, precisions: Numbers, out: NDArray[np.bool_]) -> tuple[Numbers, float]:
    """Weights of draws for a fit without some rows, and the shape of their tail; equal if nothing is left out."""
    if not out.any():
        return np.full(len(precisions), 1 / len(precisions)), 0.0
    density = np.empty(len(precisions))
    for place, precision in enumerate(precisions):
        own = precision[np.ix_(out, out)]
        away = np.linalg.solve(own, (precision @ fit.improvement)[out])
        density[place] = 0.5 * (np.linalg.slogdet(own)[1] - away @ own @ away)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # ArviZ announces its next version
        import arviz

        log_weight, pareto_k = arviz.psislw(-density)
    return np.exp(np.asarray(log_weight)), float(pareto_k)


@threadpool_limits.wrap(limits=1, user_api="blas")
def virtual_outcome(
    fit: MetaAnalysis, trial: TrialSummary, replicates: int, seed: int, *, seen: bool = False
) -> Outcome:
    """Virtual trials as the meta-analysis has them, so that every published statistic can be read off as in the model.

    fit         of all trials
    trial       whose design is followed
    replicates  number of virtual trials
    seed        of the random numbers
    seen        use the trial's own published numbers
    returns     ratings by arm and endpoint of depression: [replicate, patient, visit]

    An arm's mean improvement is drawn from the prediction; patients lie around it with the spread that the other trials
    print, a part of which stays with the patient from visit to visit.
    """
    random = np.random.default_rng(seed)
    endpoints = [each for each in trial.protocol.endpoints if mood_rated(trial.scales, each.name)]
    cells = [
        Cell(trial, arm.name, each.name, hour)
        for each in endpoints
        for arm in trial.protocol.arms
        for hour in each.visits
    ]
    latent = predict_cells(fit, cells, None if seen else trial.name)
    level, scale = _sampled(latent, replicates, random)
    others = [each for each in fit.trials if seen or each.name != trial.name]
    spread = {kind: _pooled_spread(others, kind, usual) for kind, usual in SPREADS.items()}
    people = max(trial.sizes.values())
    lasting = {arm: random.standard_normal((replicates, size)) for arm, size in trial.sizes.items()}
    if trial.protocol.design == "crossover":  # the same people in every arm
        lasting = dict.fromkeys(trial.sizes, lasting[trial.protocol.arms[0].name])
    ratings = {}
    for endpoint in endpoints:
        baseline = _baselines(others, trial, endpoint.name, replicates, people, spread["baseline sd"], random)
        for arm, size in trial.sizes.items():
            columns = [k for k, cell in enumerate(cells) if (cell.arm, cell.endpoint) == (arm, endpoint.name)]
            excess = LATER_SD * np.sqrt(np.maximum(scale - 1, 0.0) / size)[:, None]
            mean = level[:, columns] + excess * random.standard_normal((replicates, len(columns)))
            left = 1 - mean[:, None, :] - spread["later sd"] * _away(lasting[arm], len(columns), random)
            left[:, :, 0] = 1.0
            score = np.clip(baseline[:, :size, None] * left, 0.0, trial.scales[endpoint.name].highest)
            ratings[arm, endpoint.name] = np.round(score)
    stays = {arm: np.full((replicates, size), np.inf) for arm, size in trial.sizes.items()}
    return Outcome(ratings, left_h=stays, scales=trial.scales)


def _sampled(latent: LatentPrediction, count: int, random: np.random.Generator) -> tuple[Numbers, Numbers]:
    """Samples of the mean improvement [sample, cell], and the scale of standard errors of each [sample]."""
    which = random.choice(len(latent.weight), count, p=latent.weight)
    drawn = [
        random.multivariate_normal(latent.mean[k], latent.covariance[k], method="eigh", check_valid="ignore")
        for k in which
    ]
    return np.stack(drawn), latent.scale[which]


def _away(lasting: Numbers, visits: int, random: np.random.Generator) -> Numbers:
    """How far patients lie from the mean of their arm, in standard deviations: [replicate, patient, visit]."""
    passing = random.standard_normal((*lasting.shape, visits))
    return np.asarray(np.sqrt(KEPT) * lasting[:, :, None] + np.sqrt(1 - KEPT) * passing)


SPREADS = {"baseline sd": BASELINE_SD, "later sd": LATER_SD}


def _pooled_spread(trials: Sequence[TrialSummary], kind: str, usual: float) -> float:
    """Mean of the published spreads of one kind, weighted by people; `usual` where fewer than three are published."""
    rows = [row for row in score_rows(trials) if row.kind == kind]
    if len(rows) < 3:
        return usual
    return float(np.average([row.value for row in rows], weights=[row.people for row in rows]))


def _baselines(  # many arguments: what the others say, and the size of what is drawn
    trials: Sequence[TrialSummary],
    trial: TrialSummary,
    endpoint: str,
    replicates: int,
    people: int,
    spread: float,
    random: np.random.Generator,
) -> Numbers:
    """Baseline scores of virtual patients: [replicate, patient] points.

    The mean lies above the minimum score at entry as it does in the other trials, and differs between trials as theirs do.
    """
    rows = [row for row in score_rows(trials) if row.kind == "baseline mean"]
    above = np.array([row.value - row.entry for row in rows]) if len(rows) >= 5 else np.array([0.1])
    between = float(above.std(ddof=1)) if len(rows) >= 5 else BASELINE_BETWEEN
    middle = entry_share(trial, endpoint) + above.mean() + between * random.standard_normal(replicates)
    scale = trial.scales[endpoint]
    mean = middle * scale.highest
    score = mean[:, None] * (1 + spread * random.standard_normal((replicates, people)))
    return np.round(np.clip(score, 1.0, scale.highest))
