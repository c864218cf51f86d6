"""Mixed model for repeated measures: ratings with missing visits in, treatment effects with their uncertainty out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr

from resprout.statistics.mmrm_derivatives import (
    Patterns,
    expected_information,
    gradient,
    observed_information,
    pattern_sums,
)

Numbers = NDArray[np.float64]
MOST_STEPS = 60
SMALL_STEP = 1e-9  # of the largest variance
LARGEST_BATCH = 6_000_000  # numbers of the largest intermediate array, so that memory stays bounded
METHODS = ("kenward_roger", "satterthwaite")


@dataclass(frozen=True)
class Effects:
    """Effects of one covariate at every visit.

    estimate, se, df, p   [replicate, visit]   p is two-sided; NaN where the model could not be fitted
    """

    estimate: Numbers
    se: Numbers
    df: Numbers
    p: Numbers


@dataclass(frozen=True)
class Fit:
    """A fitted model: coefficients [replicate, covariate, visit], covariance [replicate, visit, visit], REML deviance."""

    coefficient: Numbers
    covariance: Numbers
    deviance: Numbers
    converged: NDArray[np.bool_]
    effects: dict[int, Effects]


def mmrm(score: Numbers, covariates: Numbers, wanted: tuple[int, ...], *, method: str = "kenward_roger") -> Fit:
    """Fit a model with an unstructured covariance of visits by restricted maximum likelihood.

    score       [replicate, patient, visit]      points  ratings after baseline; NaN where missing (at random)
    covariates  [replicate, patient, covariate]  1       each acts on every visit with its own coefficient
    wanted      positions of the covariates whose effects are wanted
    method      kenward_roger or satterthwaite degrees of freedom
    returns     the fit of every replicate

    Kenward MG, Roger JH. Biometrics 1997;53:983-97. Satterthwaite: the observed information of the covariance.
    """
    replicates, _, visits = score.shape
    coefficients = visits * covariates.shape[2]
    largest = visits * (visits + 1) // 2 * coefficients**2
    batch = max(1, LARGEST_BATCH // largest)
    parts = [
        _fit(score[first : first + batch], covariates[first : first + batch], wanted, method)
        for first in range(0, replicates, batch)
    ]
    fields = ("coefficient", "covariance", "deviance", "converged")
    whole = {name: np.concatenate([getattr(part, name) for part in parts]) for name in fields}
    effects = {
        which: Effects(
            *(
                np.concatenate([getattr(part.effects[which], name) for part in parts])
                for name in Effects.__annotations__
            )
        )
        for which in wanted
    }
    return Fit(**whole, effects=effects)


def _fit(score: Numbers, covariates: Numbers, wanted: tuple[int, ...], method: str) -> Fit:
    """Fit one batch of replicates."""
    sums = pattern_sums(score, covariates)
    covariance = _first_covariance(sums)
    deviance = _deviance(sums, covariance)
    running = np.ones(len(score), dtype=bool)
    for _ in range(MOST_STEPS):
        slope = gradient(sums, covariance)
        direction = np.linalg.solve(expected_information(sums, covariance), slope[..., None])[..., 0]
        moved, deviance = _step(sums, covariance, deviance, np.where(running[:, None], direction, 0.0))
        change = np.abs(moved - covariance).max(axis=(1, 2))
        covariance = moved
        running = change > SMALL_STEP * np.abs(covariance).max(axis=(1, 2))
        if not running.any():
            break
    state = sums.solved(covariance)
    effects = {which: _effects(sums, covariance, which, method) for which in wanted}
    return Fit(state.coefficient, covariance, deviance, ~running, effects)


def _first_covariance(sums: Patterns) -> Numbers:
    """A positive definite start: pairwise residual covariances, with small eigenvalues lifted."""
    start = np.broadcast_to(np.eye(sums.visits), (sums.replicates, sums.visits, sums.visits))
    cross, count = sums.solved(start).residual.sum(axis=1), sums.pairs
    variance = np.einsum("rkk->rk", cross) / np.maximum(np.einsum("rkk->rk", count) - sums.covariates, 1)
    scale = np.sqrt(np.einsum("rk,rl->rkl", variance, variance))
    correlation = np.clip(cross / np.maximum(count - sums.covariates, 1) / np.where(scale > 0, scale, 1), -0.95, 0.95)
    value, vector = np.linalg.eigh(correlation * (1 - np.eye(sums.visits)) + np.eye(sums.visits))
    lifted = np.einsum("rki,ri,rli->rkl", vector, np.maximum(value, 0.05), vector)
    return lifted * np.where(scale > 0, scale, 1.0)


def _step(sums: Patterns, covariance: Numbers, deviance: Numbers, direction: Numbers) -> tuple[Numbers, Numbers]:
    """Go along the direction as far as the covariance stays positive definite and the deviance does not rise."""
    change = np.einsum("ra,akl->rkl", direction, sums.basis)
    length = np.ones(len(deviance))
    best, lowest = covariance, deviance
    open_ = np.ones(len(deviance), dtype=bool)
    for _ in range(12):
        tried = covariance + length[:, None, None] * change
        sound = np.linalg.eigvalsh(tried)[:, 0] > 0
        told = np.where(sound, _deviance(sums, np.where(sound[:, None, None], tried, covariance)), np.inf)
        taken = open_ & (told <= deviance + 1e-9 * np.abs(deviance))
        best = np.where(taken[:, None, None], tried, best)
        lowest = np.where(taken, told, lowest)
        open_ &= ~taken
        if not open_.any():
            break
        length = np.where(open_, length / 2, length)
    return best, lowest


def _deviance(sums: Patterns, covariance: Numbers) -> Numbers:
    """Minus twice the restricted log-likelihood without its constant: [replicate]."""
    state = sums.solved(covariance)
    fitted = np.einsum("rpkl,rplk->r", state.weight, state.residual)
    return (sums.count * state.log_determinant).sum(axis=1) + np.linalg.slogdet(state.crossed)[1] + fitted


def _effects(sums: Patterns, covariance: Numbers, which: int, method: str) -> Effects:
    """Effects of one covariate at every visit with standard errors and degrees of freedom."""
    state = sums.solved(covariance)
    estimate = state.coefficient[:, which, :]
    expected = expected_information(sums, covariance)
    information = expected if method == "kenward_roger" else observed_information(sums, covariance)
    inverse = np.linalg.pinv(information, hermitian=True)
    se, df = np.empty_like(estimate), np.empty_like(estimate)
    for visit in range(sums.visits):
        column = visit * sums.covariates + which
        variance = state.inverse[:, column, column]
        slope = state.slopes(column)
        if method == "kenward_roger":
            adjusted = variance + 2 * np.einsum("rab,rab->r", inverse, state.bias(column))
        else:
            adjusted = variance
        se[:, visit] = np.sqrt(np.maximum(adjusted, 0))
        df[:, visit] = 2 * variance**2 / np.einsum("ra,rab,rb->r", slope, inverse, slope)
    with np.errstate(divide="ignore", invalid="ignore"):
        p = 2 * stdtr(df, -np.abs(estimate / se))
    return Effects(estimate, se, df, p)
