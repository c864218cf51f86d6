"""Mixed model for repeated measures: ratings with missing visits in, treatment effects with their uncertainty out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr

from resprout.statistics.estimability import (
    FEW_FREEDOM,
    FEW_PATIENTS,
    MANY_VISITS,
    NO_CONTRAST,
    NO_VARIANCE,
    NOBODY_RATED,
    NOT_CONVERGED,
    REASON_TYPE,
    SINGULAR,
    Reasons,
    first_reason,
)
from resprout.statistics.mmrm_derivatives import (
    Patterns,
    Solved,
    expected_information,
    gradient,
    observed_information,
    pattern_sums,
)

Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]
Places = NDArray[np.intp]
MOST_STEPS, MOST_HALVINGS, MOST_VISITS = 60, 20, 40
SMALL_GAIN = 1e-12  # of the restricted log-likelihood, by the next step
SMALLEST_EIGENVALUE = 1e-7  # of the correlations of visits, or of covariates; below it they count as singular
ROUNDING = 1e-12  # of a sum of squares or a deviance
LARGEST_BATCH = 6_000_000  # numbers of the largest intermediate array, so that memory stays bounded
METHODS = ("kenward_roger", "satterthwaite")


@dataclass(frozen=True)
class Effects:
    """Effects of one covariate at every visit.

    estimate, se, df, p   [replicate, visit]   p is two-sided; NaN where not estimable
    reason                [replicate, visit]   why it is not estimable; empty where it is
    """

    estimate: Numbers
    se: Numbers
    df: Numbers
    p: Numbers
    reason: Reasons


@dataclass(frozen=True)
class Fit:
    """A fitted model, NaN where it is not estimable.

    coefficient [replicate, covariate, visit]   covariance [replicate, visit, visit]   deviance [replicate] of REML
    converged   [replicate]                     reason     [replicate, visit]          empty where estimable
    effects     by position of the covariate
    """

    coefficient: Numbers
    covariance: Numbers
    deviance: Numbers
    converged: Flags
    reason: Reasons
    effects: dict[int, Effects]


def mmrm(score: Numbers, covariates: Numbers, wanted: tuple[int, ...], *, method: str = "kenward_roger") -> Fit:
    """Fit a model with an unstructured covariance of visits by restricted maximum likelihood.

    score       [replicate, patient, visit]      points  ratings after baseline; NaN where missing (at random)
    covariates  [replicate, patient, covariate]  1       each acts on every visit with its own coefficient
    wanted      positions of the covariates whose effects are wanted
    method      kenward_roger or satterthwaite degrees of freedom
    returns     the fit of every replicate

    A visit at which nobody was rated is left out. The rest is estimable if the covariates are not collinear at any visit, if
    every two visits have as many patients in common as there are visits and covariates together, and if the estimation
    converges to a covariance that is not singular. The second condition looks at attendance only, never at ratings; where
    nobody returns after a missed visit it is what the likelihood needs to have a maximum, elsewhere it is stricter.

    Kenward MG, Roger JH. Biometrics 1997;53:983-97. Satterthwaite: the observed information of the covariance.
    """
    attended = np.isfinite(score).any(axis=1)
    whole = _unfitted(score, covariates, wanted)
    whole.reason[:] = np.where(attended, "", NOBODY_RATED)
    for kept in np.unique(attended, axis=0):
        rows, visits = np.flatnonzero((attended == kept).all(axis=1)), np.flatnonzero(kept)
        for some in _batches(rows, visits.size, covariates.shape[2]):
            part = _fit(score[some][..., visits], covariates[some], wanted, method)
            whole.covariance[np.ix_(some, visits, visits)] = part.covariance
            whole.coefficient[np.ix_(some, np.arange(covariates.shape[2]), visits)] = part.coefficient
            whole.deviance[some], whole.converged[some] = part.deviance, part.converged
            whole.reason[np.ix_(some, visits)] = part.reason
            for which in wanted:
                for name in Effects.__annotations__:
                    getattr(whole.effects[which], name)[np.ix_(some, visits)] = getattr(part.effects[which], name)
    for effects in whole.effects.values():
        effects.reason[:] = np.where(attended, effects.reason, NOBODY_RATED)
    return whole


def _batches(rows: Places, visits: int, covariates: int) -> Iterator[Places]:
    """Replicates in groups that fit into memory; none where there are no visits or more than can be fitted."""
    if visits:
        size = max(1, LARGEST_BATCH // (visits**2 * (visits + 1) // 2 * covariates**2 * visits))
        yield from (rows[first : first + size] for first in range(0, len(rows), size))


def _unfitted(score: Numbers, covariates: Numbers, wanted: tuple[int, ...]) -> Fit:
    """A fit of which nothing has been estimated yet."""
    replicates, _, visits = score.shape
    size = (replicates, visits)
    reason = np.full(size, "", dtype=REASON_TYPE)
    unknown = np.full(size, np.nan)
    effects = {
        each: Effects(unknown.copy(), unknown.copy(), unknown.copy(), unknown.copy(), reason.copy()) for each in wanted
    }
    coefficient, covariance = (
        np.full((replicates, covariates.shape[2], visits), np.nan),
        np.full((*size, visits), np.nan),
    )
    return Fit(coefficient, covariance, np.full(replicates, np.nan), np.zeros(replicates, bool), reason, effects)


def _fit(score: Numbers, covariates: Numbers, wanted: tuple[int, ...], method: str) -> Fit:
    """Fit one batch of replicates, in each of which every visit has ratings."""
    fit = _unfitted(score, covariates, wanted)
    if score.shape[2] > MOST_VISITS:
        fit.reason[:] = MANY_VISITS
    else:
        sums = pattern_sums(score, covariates)
        fit.reason[:] = _refused(sums)[:, None]
        rows = np.flatnonzero(fit.reason[:, 0] == "")
        if rows.size:
            some = sums.take(rows)
            covariance, fit.converged[rows] = _maximised(some)
            singular = smallest_eigenvalue(covariance) < SMALLEST_EIGENVALUE
            fit.reason[rows] = first_reason((singular, SINGULAR), (~fit.converged[rows], NOT_CONVERGED))[:, None]
            rows, good = rows[fit.reason[rows, 0] == ""], fit.reason[rows, 0] == ""
            if rows.size:
                _fill(fit, rows, some.take(good).solved(covariance[good]), covariance[good], method)
    for effects in fit.effects.values():
        missing = np.where(np.isfinite(effects.p), "", SINGULAR)
        effects.reason[:] = np.where(fit.reason != "", fit.reason, missing)
    return fit


def _fill(fit: Fit, rows: Places, state: Solved, covariance: Numbers, method: str) -> None:
    """Enter what could be estimated."""
    fit.coefficient[rows], fit.covariance[rows], fit.deviance[rows] = state.coefficient, covariance, _deviance(state)
    information = expected_information(state)
    if method != "kenward_roger":
        information = observed_information(state, information)
    inverse: Numbers = np.asarray(np.linalg.pinv(information, hermitian=True), dtype=np.float64)
    for which, effects in fit.effects.items():
        effects.estimate[rows], effects.se[rows], effects.df[rows] = _effects(state, inverse, which, method)
        with np.errstate(divide="ignore", invalid="ignore"):
            effects.p[rows] = 2 * stdtr(effects.df[rows], -np.abs(effects.estimate[rows] / effects.se[rows]))
        for each in (effects.estimate, effects.se, effects.df):
            each[rows] = np.where(np.isfinite(effects.p[rows]), each[rows], np.nan)


def _refused(sums: Patterns) -> Reasons:
    """Why the ratings of a replicate cannot carry the model, by attendance, covariates and variance: [r]."""
    common, q = sums.pairs, sums.covariates
    shown = np.einsum("rpk,rpxy->rkxy", sums.seen.astype(float), sums.xx, optimize=True)
    collinear = (smallest_eigenvalue(shown) < SMALLEST_EIGENVALUE).any(axis=1)
    few = (common < sums.visits + q).any(axis=(1, 2))
    alone = (np.einsum("rkk->rk", common) < q).any(axis=1)
    reason = first_reason((alone, FEW_PATIENTS), (collinear, NO_CONTRAST), (few, FEW_FREEDOM)).astype(REASON_TYPE)
    rows = np.flatnonzero(reason == "")
    if rows.size:
        some = sums.take(rows)
        variance = np.einsum("rpkk->rk", _unweighted(some).residual)
        total = np.einsum("rpkk->rk", some.yy)
        constant = (variance <= ROUNDING * total).any(axis=1)
        reason[rows] = np.where(constant, NO_VARIANCE, "")
    return reason


def smallest_eigenvalue(matrix: Numbers) -> Numbers:
    """Smallest eigenvalue of a symmetric matrix with its diagonal scaled to 1.

    matrix   [..., k, k]  any  for instance a covariance
    returns  [...]        1    0 if the matrix is singular, or if its diagonal is not above 0
    """
    diagonal = np.einsum("...kk->...k", matrix)
    sound = (diagonal > 0).all(axis=-1) & np.isfinite(matrix).all(axis=(-2, -1))
    scale = np.where(sound[..., None], 1 / np.sqrt(np.where(diagonal > 0, diagonal, 1.0)), 0.0)
    scaled = np.where(sound[..., None, None], matrix, 0.0) * scale[..., :, None] * scale[..., None, :]
    return np.asarray(np.linalg.eigvalsh(scaled)[..., 0])


def _maximised(sums: Patterns) -> tuple[Numbers, Flags]:
    """The covariance of the largest restricted likelihood, and whether it was reached: Newton steps, or Fisher scoring
    where the likelihood is not concave."""
    covariance = _first_covariance(sums)
    deviance = _deviance(sums.solved(covariance))
    converged = np.zeros(sums.replicates, dtype=bool)
    running = np.arange(sums.replicates)
    for _ in range(MOST_STEPS):
        some = sums.take(running)
        state = some.solved(covariance[running])
        uphill = gradient(state)
        direction = _direction(state, uphill)
        small = (uphill * direction).sum(axis=1) < SMALL_GAIN
        converged[running] = small
        on = ~small & np.isfinite(direction).all(axis=1)
        on &= smallest_eigenvalue(covariance[running]) >= SMALLEST_EIGENVALUE
        running = running[on]
        if not running.size:
            break
        moved = _step(some.take(on), covariance[running], deviance[running], direction[on])
        covariance[running], deviance[running] = moved
    return covariance, converged


def _unweighted(sums: Patterns) -> Solved:
    """Ordinary least squares."""
    return sums.solved(np.broadcast_to(np.eye(sums.visits), (sums.replicates, sums.visits, sums.visits)))


def _first_covariance(sums: Patterns) -> Numbers:
    """A positive definite start: pairwise residual covariances, with small eigenvalues lifted."""
    cross, freedom = _unweighted(sums).residual.sum(axis=1), sums.pairs - sums.covariates
    variance = np.einsum("rkk->rk", cross) / np.einsum("rkk->rk", freedom)
    scale = np.sqrt(np.einsum("rk,rl->rkl", variance, variance))
    correlation = np.clip(cross / freedom / scale, -0.95, 0.95)
    value, vector = np.linalg.eigh(correlation * (1 - np.eye(sums.visits)) + np.eye(sums.visits))
    lifted = np.einsum("rki,ri,rli->rkl", vector, np.maximum(value, 0.05), vector)
    return np.asarray(lifted * scale)


def _direction(state: Solved, uphill: Numbers) -> Numbers:
    """Where to go from a covariance: [r, a]; NaN where that cannot be computed."""
    expected = expected_information(state)
    observed = observed_information(state, expected)
    concave = smallest_eigenvalue(observed) > SMALLEST_EIGENVALUE**2
    information = np.where(concave[:, None, None], observed, expected)
    diagonal = np.einsum("raa->ra", information)
    # near a singular covariance, rounding can leave no information at all
    sound = (diagonal > 0).all(axis=1) & np.isfinite(information).all(axis=(1, 2))
    information = np.where(sound[:, None, None], information, np.eye(diagonal.shape[1]))
    scale = 1 / np.sqrt(np.einsum("raa->ra", information))
    value, vector = np.linalg.eigh(information * scale[:, :, None] * scale[:, None])
    told = np.einsum("rab,ra->rb", vector, uphill * scale)
    # directions in which the likelihood is flat are left alone
    known = value > 1e-12 * value[:, -1:]
    direction = scale * np.einsum("rab,rb->ra", vector, np.where(known, told, 0.0) / np.where(known, value, 1.0))
    return np.asarray(np.where(sound[:, None], direction, np.nan))


def _step(sums: Patterns, covariance: Numbers, deviance: Numbers, direction: Numbers) -> tuple[Numbers, Numbers]:
    """Go along the direction as far as the covariance stays positive definite and the deviance does not rise."""
    change = np.einsum("ra,akl->rkl", direction, sums.basis)
    best, lowest = covariance.copy(), deviance.copy()
    length, left = 1.0, np.arange(len(deviance))
    for _ in range(MOST_HALVINGS):
        tried = covariance[left] + length * change[left]
        sound = smallest_eigenvalue(tried) > ROUNDING
        told = np.full(left.size, np.inf)
        if sound.any():
            told[sound] = _deviance(sums.take(left[sound]).solved(tried[sound]))
        taken = told <= deviance[left] + ROUNDING * np.abs(deviance[left])
        best[left[taken]], lowest[left[taken]] = tried[taken], told[taken]
        left, length = left[~taken], length / 2
        if not left.size:
            break
    return best, lowest


def _deviance(state: Solved) -> Numbers:
    """Minus twice the restricted log-likelihood without its constant: [replicate]."""
    fitted = np.einsum("rpkl,rplk->r", state.weight, state.residual)
    return (state.sums.count * state.log_determinant).sum(axis=1) + np.linalg.slogdet(state.crossed)[1] + fitted


def _effects(state: Solved, inverse: Numbers, which: int, method: str) -> tuple[Numbers, Numbers, Numbers]:
    """Estimate, standard error and degrees of freedom of one covariate at every visit; NaN where a variance is not above 0."""
    estimate = state.coefficient[:, which]
    se, df = np.empty_like(estimate), np.empty_like(estimate)
    for visit in range(state.sums.visits):
        column = visit * state.sums.covariates + which
        variance = state.inverse[:, column, column]
        slope = state.slopes(column)
        adjusted = variance
        if method == "kenward_roger":
            adjusted = variance + 2 * np.einsum("rab,rab->r", inverse, state.bias(column))
        spread = np.einsum("ra,rab,rb->r", slope, inverse, slope)
        sound = (adjusted > 0) & (spread > 0)
        se[:, visit] = np.sqrt(np.where(sound, adjusted, np.nan))
        df[:, visit] = 2 * variance**2 / np.where(sound, spread, np.nan)
    return estimate, se, df
