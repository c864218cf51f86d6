"""Between-study heterogeneity: published numbers of trials in, the likelihood of each value of the intraclass correlation out."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.special import logit
from scipy.stats import beta
from scipy.stats import t as student

from resprout.calibrate.fitted_parameters import Numbers
from resprout.calibrate.residuals import fitted_rows, fitted_trials
from resprout.language import load_model
from resprout.language.records import Model
from resprout.people.draws import draws_of
from resprout.simulation.workers import process_pool
from resprout.trial.design import LARGE_TRIAL
from resprout.trial.protocol import read_protocol
from resprout.trial.published_numbers import published_statistic
from resprout.trial.replicates import run_series

NAME = "study_intraclass_correlation"
HIGHEST = 0.2  # at 0.3 some studies of trials with strict entry criteria find hardly anybody to recruit
VALUES = (0.01, 0.05, 0.1, 0.15, HIGHEST)
PRIOR = (1.5, 8.5)  # of a beta law: mean 0.15, 90 % between 0.02 and 0.36; assumed
FINE = np.linspace(0.002, HIGHEST, 397)
TAIL = 4  # degrees of freedom: a trial that the model misses must not be taken for heterogeneity
REPLICATES, REPLICATES_LARGE = 32, 16
Work = tuple[str, float, str, int]


def likelihoods(
    model: Model, values: Sequence[float] = VALUES, trials: Sequence[str] | None = None, *, seed: int = 7
) -> Numbers:
    """Log likelihood of the published numbers of trials for each value of `study_intraclass_correlation`; all else as shipped.

    A number is taken to be spread around the mean of replicates with their standard deviation, in Student's t. Numbers that are pooled
    over studies say nothing of how studies differ.

    trials    names; None for all that a fit looks at
    returns   [value], up to a constant
    """
    names = fitted_trials() if trials is None else list(trials)
    work: list[Work] = [(model.folder, value, trial, seed) for value in values for trial in names]
    with process_pool() as pool:
        found = np.array(list(pool.map(_likelihood, work)))
    return np.asarray(found.reshape(len(values), len(names)).sum(axis=1))


@dataclass(frozen=True)
class HeterogeneityPosterior:
    """What the trials say of the intraclass correlation, with its prior: mean, 90 % interval, and evenly spaced quantiles."""

    mean: float
    lower: float
    upper: float
    draws: tuple[float, ...]


def posterior(values: Sequence[float], log_likelihood: Numbers, draws: int) -> HeterogeneityPosterior:
    """Join the likelihood of some values with the prior PRIOR.

    values          [value]  1  at which the likelihood was computed, ascending
    log_likelihood  [value]  1  up to a constant; between values by a monotone cubic in the logit, beyond them level
    draws           number of draws
    returns         the posterior
    """
    curve = PchipInterpolator(logit(np.array(values)), log_likelihood)
    inside = np.clip(FINE, values[0], values[-1])
    log_density = curve(logit(inside)) + beta.logpdf(FINE, *PRIOR)
    mass = np.exp(log_density - log_density.max())
    share = np.cumsum(mass) / mass.sum()
    lower, upper = np.interp([0.05, 0.95], share, FINE)
    spaced = np.interp((np.arange(draws) + 0.5) / draws, share, FINE)
    return HeterogeneityPosterior(float(mass @ FINE / mass.sum()), float(lower), float(upper), tuple(spaced.tolist()))


def with_heterogeneity(
    draws: Sequence[Mapping[str, float]], found: HeterogeneityPosterior, seed: int = 1
) -> list[dict[str, float]]:
    """Give every posterior draw an intraclass correlation of its own, in an order that has nothing to do with the draws."""
    order = np.random.default_rng(seed).permutation(len(draws))
    return [{**draw, NAME: found.draws[place]} for draw, place in zip(draws, order, strict=True)]


def with_present_heterogeneity(model: Model, draws: Sequence[Mapping[str, float]]) -> list[dict[str, float]]:
    """Give new draws the intraclass correlations of the present ones, in their order; unchanged where those have none."""
    present = [draw[NAME] for draw in draws_of(model) if NAME in draw]
    if not present:
        return [dict(draw) for draw in draws]
    return [{**draw, NAME: present[place % len(present)]} for place, draw in enumerate(draws)]


def _likelihood(work: Work) -> float:
    folder, value, trial, seed = work
    total = 0.0
    model = load_model(folder).with_parameters({NAME: value})
    with warnings.catch_warnings():
        # a replicate in which nobody relapsed has no day of relapse
        warnings.simplefilter("ignore", RuntimeWarning)
        design, regimens = read_protocol(trial, model)
        count = REPLICATES if design.people < LARGE_TRIAL else REPLICATES_LARGE
        outcome = run_series(design, regimens, model, count, seed, point=True)[1]
        for row in fitted_rows(design):
            seen = published_statistic(design, outcome, row)
            seen = seen[np.isfinite(seen)]
            spread = seen.std(ddof=1) if seen.size > 1 else 0.0
            if spread > 0 and not row.bound and row.studies == 1:
                total += float(student.logpdf(row.value, TAIL, seen.mean(), spread))
    return total
