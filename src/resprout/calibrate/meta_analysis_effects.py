"""What a meta-analysis has found: a fit in; effects of drugs, of placebo and of covariates, and its own coverage, out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from threadpoolctl import threadpool_limits

from resprout.calibrate.meta_analysis_covariates import (
    FIXED,
    KETAMINE,
    PROCEDURE,
    RANDOM,
    TABLETS,
    Cell,
    contrast,
    fixed_design,
    random_levels,
)
from resprout.calibrate.meta_analysis_fit import MetaAnalysis, Structure
from resprout.calibrate.meta_analysis_predictions import predict_cells
from resprout.calibrate.meta_analysis_rows import ImprovementRow, Treatment
from resprout.calibrate.proper_scores import LEVELS, PredictiveScore, score_samples
from resprout.dosing.regimen import KETAMINES

Numbers = NDArray[np.float64]
SAMPLES = 400
INTERVAL = (0.05, 0.95)


@dataclass(frozen=True)
class Effect:
    """One effect: improvement as a share of baseline, median and 90 % interval; for a drug how many trials and people inform it."""

    name: str
    meaning: str
    median: float
    lower: float
    upper: float
    trials: int = 0
    people: int = 0


@dataclass(frozen=True)
class LeftOutRow:
    """One published improvement beside its prediction by a fit without its trial."""

    row: ImprovementRow
    score: PredictiveScore
    pareto_k: float


def fixed_effects(fit: MetaAnalysis, seed: int = 1) -> list[Effect]:
    """Every fixed effect; improvement as a share of baseline."""
    samples = _coefficient_samples(fit, seed)
    return [_effect(name, meaning, samples[:, k]) for k, (name, (_, meaning)) in enumerate(FIXED.items())]


def standard_deviations(fit: MetaAnalysis) -> list[Effect]:
    """The standard deviation of every random effect, and the factor by which published standard errors are too small."""
    found = [
        _effect(name, f"standard deviation between levels of {name}", np.exp(fit.draws[:, k]))
        for k, name in enumerate(RANDOM, 1)
    ]
    return [*found, _effect("standard errors", "factor of published standard errors", np.exp(fit.draws[:, 0] / 2))]


def drug_effects(fit: MetaAnalysis, seed: int = 1) -> list[Effect]:
    """The largest effect of each drug beyond control, at its usual dose and in people who are not treatment-resistant.

    returns   drugs, the largest effect first; improvement as a share of baseline
    """
    samples, drugs = _coefficient_samples(fit, seed), _drugs(fit)
    found = []
    for place, (drug, (treatment, trials, people)) in enumerate(sorted(drugs.items())):
        total = samples[:, list(FIXED).index(_class(treatment))] + samples[:, len(FIXED) + place]
        found.append(_effect(drug, _class(treatment), total, trials, people))
    return sorted(found, key=lambda each: -each.median)


@threadpool_limits.wrap(limits=1, user_api="blas")
def leave_one_trial_out(fit: MetaAnalysis, seed: int = 1) -> list[LeftOutRow]:
    """Every published improvement predicted without its trial: the prediction is of the number as published.

    fit      of all trials
    seed     of the samples
    returns  a result for each row
    """
    random = np.random.default_rng(seed)
    found = []
    for trial in fit.trials:
        own = [row for row in fit.rows if row.trial == trial.name]
        if not own:
            continue
        cells = [Cell(trial, arm, row.endpoint, row.hour) for row in own for arm in (row.arm, row.control or row.arm)]
        latent = predict_cells(fit, cells, trial.name)
        which = random.choice(len(latent.weight), SAMPLES, p=latent.weight)
        draws = [random.multivariate_normal(latent.mean[k], latent.covariance[k], check_valid="ignore") for k in which]
        level = np.stack(draws) @ contrast(own).T
        for place, row in enumerate(own):
            noise = np.sqrt(latent.scale[which]) * row.standard_error * random.standard_normal(SAMPLES)
            score = score_samples(row.improvement, level[:, place] + noise)
            if score is not None:
                found.append(LeftOutRow(row, score, latent.pareto_k))
    return found


def coverage(rows: Sequence[LeftOutRow]) -> dict[int, float]:
    """Share of published improvements inside their interval, by level."""
    return {level: float(np.mean([row.score.covered[level] for row in rows])) for level in LEVELS}


def _effect(name: str, meaning: str, samples: Numbers, trials: int = 0, people: int = 0) -> Effect:
    lower, median, upper = np.quantile(samples, [INTERVAL[0], 0.5, INTERVAL[1]])
    return Effect(name, meaning, float(median), float(lower), float(upper), trials, people)


def _class(treatment: Treatment) -> str:
    return TABLETS if treatment.oral else KETAMINE if treatment.drug in KETAMINES else PROCEDURE


def _drugs(fit: MetaAnalysis) -> dict[str, tuple[Treatment, int, int]]:
    """Drugs that any row informs: a treatment with it, trials and people."""
    seen: dict[str, tuple[Treatment, set[str], dict[str, int]]] = {}
    for row, cell in zip(fit.rows, fit.cells[::2], strict=True):
        for treatment in cell.trial.treatments[cell.arm]:
            _, trials, people = seen.setdefault(treatment.drug, (treatment, set(), {}))
            trials.add(row.trial)
            people[f"{row.trial} {row.arm}"] = cell.trial.sizes[cell.arm]
    return {drug: (first, len(trials), sum(people.values())) for drug, (first, trials, people) in seen.items()}


@threadpool_limits.wrap(limits=1, user_api="blas")
def _coefficient_samples(fit: MetaAnalysis, seed: int) -> Numbers:
    """Samples of the fixed effects and of the random effect of each drug: [sample, effect]."""
    random, drugs = np.random.default_rng(seed), sorted(_drugs(fit))
    weight = contrast(fit.rows)
    taken = random_levels(fit.covariates, fit.cells, "drug")
    by_drug = np.array([[line.get(drug, 0.0) for drug in drugs] for line in taken])
    design = weight @ np.hstack([fixed_design(fit.covariates, fit.cells), by_drug])
    structure = Structure.of(fit.covariates, fit.cells).seen_through(weight)
    error = np.array([row.standard_error for row in fit.rows]) ** 2
    chosen = fit.draws[np.linspace(0, len(fit.draws) - 1, 50).astype(int)]
    each, found = SAMPLES // len(chosen), []
    for draw in chosen:
        spread = np.exp(draw[1 + list(RANDOM).index("drug")])
        prior = np.diag([*(sd**2 for sd, _ in FIXED.values()), *[spread**2] * len(drugs)])
        factor = cho_factor(structure.covariance(draw) + np.exp(draw[0]) * np.diag(error))
        gain = cho_solve(factor, design @ prior).T
        covariance = prior - gain @ design @ prior
        covariance = (covariance + covariance.T) / 2
        found.append(random.multivariate_normal(gain @ fit.improvement, covariance, each, check_valid="ignore"))
    return np.concatenate(found)
