"""Whether a posterior can be trusted: a fit in; ranks of known truths among draws, and what a second seed changes, out."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import chisquare, geninvgauss

from resprout.calibrate.fitted_parameters import Numbers
from resprout.calibrate.posterior import Posterior, sample
from resprout.calibrate.posterior_mode import SOFT, Fit, Progress
from resprout.calibrate.residual_emulator import QuadraticResiduals

DATA_SETS, RANKED, BINS = 100, 99, 10  # 99 draws leave 100 ranks, which ten bins share evenly
CHAIN = 250
LEVEL = 0.01


@dataclass(frozen=True)
class PosteriorChecks:
    """Checks of one posterior, by quantity.

    moved        [quantity]   difference of the means of two seeds, in Monte Carlo standard errors of that difference
    rank_p       [quantity]   p value of uniform ranks, by a chi-squared test over BINS bins
    data_sets    how many synthetic data sets the ranks are of
    covered      share of the numbers of further replications that lie inside the 90 % prediction intervals of those posteriors
    """

    moved: Numbers
    rank_p: Numbers
    data_sets: int
    covered: float = math.nan

    @property
    def fails(self) -> Numbers:
        """[quantity] whether ranks are not uniform at LEVEL after Holm's correction over all quantities."""
        order = np.argsort(self.rank_p)
        limits = LEVEL / np.arange(len(order), 0, -1)
        below = np.logical_and.accumulate(self.rank_p[order] < limits)
        found = np.zeros(len(order), dtype=bool)
        found[order] = below
        return found


def check_posterior(
    posterior: Posterior, *, data_sets: int = DATA_SETS, seed: int = 1, progress: Progress = print
) -> PosteriorChecks:
    """Simulation-based calibration of a posterior, and its means under a second seed.

    data_sets   synthetic ones
    progress    told what is under way

    The synthetic truth is a draw of the posterior; what a replication of all experiments would then publish is the emulator there with
    the fit's law of error. The posterior given the real and the repeated data together must hold the truth at uniform ranks.

    Sources: Talts S, Betancourt M, Simpson D, Vehtari A, Gelman A. Validating Bayesian inference algorithms with simulation-based
    calibration. arXiv 2018;1804.06788. Holm S. A simple sequentially rejective multiple test procedure. Scand J Stat 1979;6:65-70.
    """
    other = sample(posterior.fit, seed=seed + 1)
    variance = posterior.free.var(axis=0) / posterior.ESS + other.free.var(axis=0) / other.ESS
    moved = (other.free.mean(axis=0) - posterior.free.mean(axis=0)) / np.sqrt(variance)
    found = list(_replications(posterior, data_sets, seed, progress))
    ranks = np.array([each for each, _ in found])
    return PosteriorChecks(moved, uniform_p(ranks), data_sets, float(np.mean([inside for _, inside in found])))


def uniform_p(ranks: Numbers) -> Numbers:
    """P value of uniform ranks 0 to RANKED: [data set, quantity] -> [quantity]."""
    edges = np.linspace(-0.5, RANKED + 0.5, BINS + 1)
    counts = np.array([np.histogram(column, edges)[0] for column in ranks.T])
    return np.asarray(chisquare(counts, axis=1).pvalue)


def _replications(
    posterior: Posterior, data_sets: int, seed: int, progress: Progress
) -> Iterator[tuple[Numbers, float]]:
    """Of one data set after the other: ranks of the truth among draws of the posterior that it gives, [quantity], and the share of
    a further replication that this posterior's 90 % prediction intervals hold."""
    random = np.random.default_rng(seed)
    fit = posterior.fit
    for number in range(data_sets):
        truth = posterior.free[random.integers(len(posterior.free))]
        free = sample(repeated(fit, truth, random), seed=seed + number, draws=CHAIN).free
        chosen = free[np.linspace(0, len(free) - 1, RANKED).astype(int)]
        progress(f"synthetic data {number + 1} of {data_sets}")
        yield (chosen < truth).sum(axis=0), _held(fit, truth, chosen, np.random.default_rng([seed, number]))


def _held(fit: Fit, truth: Numbers, draws: Numbers, random: np.random.Generator) -> float:
    """Share of the rows of a replication in a world of this truth [quantity] that lie between the 5th and the 95th of 99 predictions."""
    known = fit.surface.at(draws)
    predicted = np.sort(known + _errors(fit, known.shape, random), axis=0)
    further = fit.surface.at(truth[None])[0] + _errors(fit, known.shape[1:], random)
    return float(((predicted[4] <= further) & (further <= predicted[94])).mean())


def _errors(fit: Fit, shape: tuple[int, ...], random: np.random.Generator) -> Numbers:
    """Errors of published numbers by the fit's law, in sd of their row: [..., row]."""
    scale = geninvgauss.rvs(1, SOFT**2, size=shape, random_state=random)
    return np.asarray(np.hypot(1.0, fit.surface.error) * np.sqrt(scale) * random.standard_normal(shape))


def repeated(fit: Fit, truth: Numbers, random: np.random.Generator) -> Fit:
    """The fit to its data and to a replication of all experiments in a world of this truth [quantity]."""
    surface = fit.surface
    noise = _errors(fit, surface.error.shape, random)
    shifted = replace(surface, value=surface.value - surface.at(truth[None])[0] - noise)
    pairs = [(getattr(surface, name), getattr(shifted, name)) for name in ("value", "slope", "curvature", "error")]
    both = QuadraticResiduals(surface.centre, *map(np.concatenate, pairs))
    return replace(fit, rows=(*fit.rows, *(f"{row} again" for row in fit.rows)), free=truth, emulator=both)
