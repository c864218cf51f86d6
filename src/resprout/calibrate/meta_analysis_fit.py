"""A longitudinal model-based meta-analysis of published trials: improvement by drug, dose, control, time and study."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import version

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dpotrf, dpotri
from scipy.optimize import minimize
from threadpoolctl import threadpool_limits

from resprout import cache
from resprout.calibrate.meta_analysis_covariates import (
    FIXED,
    RANDOM,
    Cell,
    Covariates,
    TimeCourse,
    contrast,
    fixed_design,
    observed_cells,
    random_design,
)
from resprout.calibrate.meta_analysis_rows import ImprovementRow, TrialSummary, improvement_rows
from resprout.calibrate.no_u_turn import need_sampler, sampled
from resprout.errors import Fault, InputError

Numbers = NDArray[np.float64]
ONSETS_H, OFFSETS_H = (1.0, 4.0, 12.0), (4 * 24.0, 8 * 24.0, 16 * 24.0)
SCALE_SD = 0.5  # of the normal prior of the logarithm of `scale`
FEWEST_TRIALS = 4
EACH, TUNING, DRAWS = 100, 100, 200  # draws of each chain, its adaptation, and the draws that are kept of all
WEIGHED = 100  # draws that a prediction without a trial is weighed over
SCALES = np.array(list(RANDOM.values()))
LARGEST_LOGARITHM = 12.0


@dataclass(frozen=True)
class MetaAnalysis:
    """A fitted meta-analysis: a linear mixed model whose coefficients are integrated out, and draws of its standard deviations.

    draws        [draw, 1 + random effect]  1   logarithm of the scale of standard errors, then of the standard deviation of
                                                each random effect of RANDOM
    rows, trials that it was fitted to
    """

    covariates: Covariates
    draws: Numbers
    rows: tuple[ImprovementRow, ...] = field(repr=False)
    trials: tuple[TrialSummary, ...] = field(repr=False)

    @property
    def cells(self) -> list[Cell]:
        """Arms and visits of all rows."""
        return observed_cells(self.rows, self.trials)

    @property
    def improvement(self) -> Numbers:
        """[row] as published."""
        return np.array([row.improvement for row in self.rows])

    @functools.cached_property
    def weighed(self) -> tuple[Numbers, Numbers]:
        """Some of the draws, evenly spaced, [draw, ...], and for each the inverse covariance of all rows: [draw, row, row]."""
        draws = self.draws[np.linspace(0, len(self.draws) - 1, WEIGHED).astype(int)]
        structure = Structure.of(self.covariates, self.cells).seen_through(contrast(self.rows))
        noise = np.diag([row.standard_error**2 for row in self.rows])
        return draws, np.stack([np.linalg.inv(structure.covariance(draw) + np.exp(draw[0]) * noise) for draw in draws])


@dataclass(frozen=True)
class Structure:
    """Covariance of improvement between arms at visits, for any draw: [cell, cell] of fixed effects and of each random effect."""

    fixed: Numbers
    random: tuple[Numbers, ...]

    @classmethod
    def of(cls, covariates: Covariates, cells: Sequence[Cell]) -> Structure:
        """Of some cells; coefficients have their priors, so that an effect that no trial informs is uncertain, not absent."""
        design = fixed_design(covariates, cells) * [sd for sd, _ in FIXED.values()]
        parts = [random_design(covariates, cells, name) for name in RANDOM]
        return cls(design @ design.T, tuple(part @ part.T for part in parts))

    def seen_through(self, weight: Numbers) -> Structure:
        """The covariance of weighted sums of cells: weight [sum, cell]."""
        return Structure(weight @ self.fixed @ weight.T, tuple(weight @ part @ weight.T for part in self.random))

    def covariance(self, draw: Numbers) -> Numbers:
        """[cell, cell] for one draw."""
        return self.fixed + sum(np.exp(2 * sd) * part for sd, part in zip(draw[1:], self.random, strict=True))


def fit_meta_analysis(trials: Sequence[TrialSummary], *, seed: int = 1) -> MetaAnalysis:
    """Fit the meta-analysis to the published numbers of trials.

    trials   designs with their published numbers
    seed     of the sampler
    returns  the fit
    raises   InputError where too few trials print an improvement, or a package of the extra `calibrate` is missing

    Improvement as a share of baseline, each number weighted by its standard error, is a sum of the fixed effects of FIXED
    and of random effects of control type, drug, study, and drug in study. The time course of procedures is the likeliest of
    a grid. Coefficients are integrated out; the standard deviations are sampled by the No-U-Turn
    sampler.
    """
    need_sampler()
    rows = tuple(improvement_rows(trials))
    named = len({row.trial for row in rows})
    if named < FEWEST_TRIALS:
        raise InputError(
            Fault(f"{named} trials print an improvement.", "", f"A meta-analysis expects {FEWEST_TRIALS} or more.")
        )
    with threadpool_limits(limits=1, user_api="blas"):  # matrices of this size are slower with several
        mode = _likeliest(rows, tuple(trials))
        return MetaAnalysis(mode.covariates, _sample(mode, seed), rows, tuple(trials))


def draws_without(fit: MetaAnalysis, trial: str, seed: int = 1) -> Numbers:
    """Draws of the standard deviations from a fit without one trial; its time course is kept.

    fit      of all trials
    trial    name of the one left out
    seed     of the sampler
    returns  as `MetaAnalysis.draws`
    """
    rows = tuple(row for row in fit.rows if row.trial != trial)
    return _sample(_mode(rows, fit.trials, fit.covariates.time_course), seed)


def _sample(mode: _Mode, seed: int) -> Numbers:
    """Draws around a mode, by the No-U-Turn sampler; kept on disk, as every prediction beside the meta-analysis asks for the same."""
    key = hashlib.sha256(f"{cache.source_digest('calibrate')} {version('nutpie')} {seed}".encode())
    for part in (mode.draw, mode.posterior.improvement, mode.posterior.structure.fixed, mode.posterior.parts):
        key.update(np.ascontiguousarray(part).tobytes())
    kept = cache.stored("meta-analyses", key.hexdigest()[:32])
    if kept is None:
        chains = sampled(mode.posterior, mode.draw, draws=EACH, tuning=TUNING, seed=seed)
        draws = chains.reshape(-1, mode.draw.size)
        kept = draws[np.linspace(0, len(draws) - 1, DRAWS).astype(int)].tobytes()
        cache.store("meta-analyses", key.hexdigest()[:32], kept)
    return np.frombuffer(kept).reshape(DRAWS, mode.draw.size).copy()


class _Posterior:
    """Log posterior density of a draw, with its gradient; a class, so that it can be sent to other processes."""

    def __init__(self, structure: Structure, improvement: Numbers, error: Numbers) -> None:
        self.structure, self.improvement = structure, improvement
        self.parts = np.stack([np.diag(error**2), *structure.random])
        self.twice = np.array(
            [1.0, *(2.0 for _ in structure.random)]
        )  # a draw holds standard deviations of random effects

    def __call__(self, draw: Numbers) -> tuple[float, Numbers]:
        """Log density up to a constant, and its gradient by each part of a draw; -inf and 0 far outside the priors and where rounding
        leaves no covariance."""
        if np.any(np.abs(draw) > LARGEST_LOGARITHM):
            return -np.inf, np.zeros_like(draw)
        variances = np.exp([draw[0], *(2 * draw[1:])])
        covariance = self.structure.fixed + np.tensordot(variances, self.parts, 1)
        factor, failed = dpotrf(covariance, lower=1)
        if failed:
            return -np.inf, np.zeros_like(draw)
        lower, _ = dpotri(factor, lower=1)
        precision = np.tril(lower) + np.tril(lower, -1).T
        away = precision @ self.improvement
        likelihood = -np.log(np.diag(factor)).sum() - 0.5 * self.improvement @ away
        prior = np.sum(draw[1:] - 0.5 * (np.exp(draw[1:]) / SCALES) ** 2) - 0.5 * (draw[0] / SCALE_SD) ** 2
        inside = np.outer(away, away) - precision
        slope = 0.5 * variances * self.twice * np.tensordot(self.parts, inside, 2)
        slope += np.array([-draw[0] / SCALE_SD**2, *(1 - (np.exp(draw[1:]) / SCALES) ** 2)])
        return float(likelihood + prior), slope


@dataclass(frozen=True)
class _Mode:
    """The posterior mode under one time course: its log density, where it lies, and what it is the mode of."""

    density: float
    draw: Numbers
    covariates: Covariates
    posterior: _Posterior


def _likeliest(rows: tuple[ImprovementRow, ...], trials: tuple[TrialSummary, ...]) -> _Mode:
    """The mode under the likeliest time course: of the offsets at the middle onset, then of the onsets at that offset."""
    middle = ONSETS_H[len(ONSETS_H) // 2]
    found = [_mode(rows, trials, TimeCourse(middle, offset)) for offset in OFFSETS_H]
    best = max(found, key=lambda each: each.density).covariates.time_course
    found += [_mode(rows, trials, TimeCourse(onset, best.offset_h)) for onset in ONSETS_H if onset != middle]
    return max(found, key=lambda each: each.density)


def _mode(rows: tuple[ImprovementRow, ...], trials: tuple[TrialSummary, ...], time_course: TimeCourse) -> _Mode:
    covariates = Covariates.of(trials, time_course)
    structure = Structure.of(covariates, observed_cells(rows, trials)).seen_through(contrast(rows))
    errors = np.array([row.standard_error for row in rows])
    posterior = _Posterior(structure, np.array([row.improvement for row in rows]), errors)

    def downhill(draw: Numbers) -> tuple[float, Numbers]:
        value, slope = posterior(draw)
        return -value, -slope

    found = minimize(
        downhill,
        np.array([0.0, *np.log(0.5 * SCALES)]),
        jac=True,
        method="L-BFGS-B",
        bounds=[(-LARGEST_LOGARITHM, LARGEST_LOGARITHM)] * (1 + len(RANDOM)),
    )
    return _Mode(-float(found.fun), np.asarray(found.x), covariates, posterior)
