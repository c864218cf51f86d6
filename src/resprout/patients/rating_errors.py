"""Errors of ratings and levels: expected values in; how observations vary around them, their likelihood, and further observations out."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr

from resprout.language.records import Model
from resprout.people.ratings import rate
from resprout.people.recall import recalled_correlation

Numbers = NDArray[np.float64]
GRID_POINTS, GRID_PEOPLE, GRID_SEED = 27, 4000, 271828
HIGHEST_SEVERITY = 52.0  # points of HDRS17
SMALLEST_SD = 0.3  # of a score's error, in steps of its scale: a score is a whole number of steps


@dataclass(frozen=True)
class ErrorTable:
    """How ratings of a scale vary, by expected value, measured on the model's own rater.

    at        [point]   expected value: HDRS17 of a scale of depression, of the scale itself for any other
    mean      [point]   points     mean rating
    daily     [point]   points     SD by within-subject variability, which is correlated over some days
    lasting   [point]   points     SD by the person's profile of items, the same at all visits
    fresh     [point]   points     SD by the rater, new at each visit, and by the steps of the scale
    """

    at: Numbers
    mean: Numbers
    daily: Numbers
    lasting: Numbers
    fresh: Numbers


@dataclass(frozen=True)
class Spread:
    """Mean and covariance of several ratings of each person.

    mean         [person, visit]          points
    covariance   [person, visit, visit]   points^2
    """

    mean: Numbers
    covariance: Numbers


@functools.lru_cache(maxsize=64)
def error_table(model: Model, scale: str) -> ErrorTable:
    """Measure the errors of a scale: people of each severity are rated three times, twice on one day and once on another.

    model    whose items, rater errors and within-subject variability are used
    scale    its name
    returns  the table
    """
    kind = model.scales[scale]
    low, high = (0.0, HIGHEST_SEVERITY) if kind.mood else (kind.lowest, kind.highest)
    at = low + (high - low) * np.linspace(0, 1, GRID_POINTS) ** 1.5  # closer where scores reach their floor
    person = np.arange(GRID_PEOPLE)
    day = np.random.default_rng(GRID_SEED).standard_normal((2, GRID_PEOPLE, GRID_POINTS))
    severity = np.broadcast_to(at, (GRID_PEOPLE, GRID_POINTS))
    first, again, other = (
        rate(kind, severity, variation, GRID_SEED, person, [f"{label} {number}" for number in range(at.size)], model)
        for label, variation in (("first", day[0]), ("again", day[0]), ("other", day[1]))
    )
    centred = [each - each.mean(axis=0) for each in (first, again, other)]
    same_day = (centred[0] * centred[1]).mean(axis=0)
    other_day = (centred[0] * centred[2] + centred[1] * centred[2]).mean(axis=0) / 2
    whole = (centred[0] ** 2).mean(axis=0)
    smallest = (SMALLEST_SD * kind.step) ** 2
    return ErrorTable(
        at,
        np.mean([first, again, other], axis=(0, 1)),
        np.sqrt(np.maximum(same_day - other_day, 0.0)) * kind.mood,
        np.sqrt(np.maximum(other_day, 0.0)) * (not kind.rater_error),
        np.sqrt(np.maximum(whole - same_day, smallest)),
    )


def rating_spread(model: Model, scales: tuple[str, ...], hours: Numbers, expected: Numbers) -> Spread:
    """Mean and covariance of ratings at several visits.

    model     whose rater is used
    scales    [visit]           name of the scale; those of depression together, or one other alone
    hours     [visit]           h
    expected  [person, visit]   points   as `expected_values` gives it
    returns   mean and covariance
    """
    parts = {name: np.empty(expected.shape) for name in ("mean", "daily", "lasting", "fresh")}
    for scale in set(scales):
        own = np.array([name == scale for name in scales])
        table = error_table(model, scale)
        for name, part in parts.items():
            part[:, own] = np.interp(expected[:, own], table.at, getattr(table, name))
    kept = recalled_correlation(scales, hours, model.nominal)
    daily, lasting = parts["daily"], parts["lasting"]
    covariance = daily[:, :, None] * daily[:, None, :] * kept + lasting[:, :, None] * lasting[:, None, :]
    visit = np.arange(hours.size)
    covariance[:, visit, visit] += parts["fresh"] ** 2
    return Spread(parts["mean"], covariance)


def log_likelihood_of_ratings(spread: Spread, observed: Numbers, floor: NDArray[np.bool_], step: Numbers) -> Numbers:
    """Log likelihood of ratings.

    spread    of the same visits
    observed  [visit]   points
    floor     [visit]            whether the rating is the lowest of its scale, which only says how low at most
    step      [visit]   points   of the scale
    returns   [person]  1
    """
    total = np.zeros(len(spread.mean))
    above = np.flatnonzero(~floor)
    left = observed[above] - spread.mean[:, above]
    factor = _lower_factor(spread.covariance[:, above[:, None], above])
    white = _solve_lower(factor, left)
    total -= 0.5 * (white**2).sum(axis=1) + np.log(np.diagonal(factor, axis1=1, axis2=2)).sum(axis=1)
    for visit in np.flatnonzero(floor):
        across = _solve_lower(factor, spread.covariance[:, visit, above])
        mean = spread.mean[:, visit] + (across * white).sum(axis=1)
        variance = np.maximum(spread.covariance[:, visit, visit] - (across**2).sum(axis=1), 1e-6)
        total += log_ndtr((observed[visit] + step[visit] / 2 - mean) / np.sqrt(variance))
    return total


def further_ratings(spread: Spread, observed: Numbers, noise: Numbers) -> Numbers:
    """Draw the ratings that follow those observed, one for each person; they are not yet on the steps of their scale.

    spread    of the observed visits, then of the further ones
    observed  [visit] or [person, visit]   points      of the first visits
    noise     [person, further visit]      1           standard normal
    returns   [person, further visit]      points
    """
    seen = observed.shape[-1]
    mean, covariance = spread.mean[:, seen:], spread.covariance[:, seen:, seen:]
    if seen:
        factor = _lower_factor(spread.covariance[:, :seen, :seen])
        white = _solve_lower(factor, observed - spread.mean[:, :seen])
        across = np.stack(
            [_solve_lower(factor, spread.covariance[:, seen + visit, :seen]) for visit in range(mean.shape[1])], axis=2
        )
        mean = mean + np.einsum("psv,ps->pv", across, white)
        covariance = covariance - np.einsum("psv,psw->pvw", across, across)
    tiny = 1e-9 * np.eye(mean.shape[1])
    return np.asarray(mean + np.einsum("pvw,pw->pv", np.linalg.cholesky(covariance + tiny), noise))


def single_readings(table: ErrorTable, expected: Numbers, lasting: Numbers, fresh: Numbers) -> Numbers:
    """Readings of a scale other than of depression at one hour; they are not yet on the steps of their scale.

    table     of the scale
    expected  [person]  points   expected values
    lasting   [person]  1        standard normal, the same at all hours
    fresh     [person]  1        standard normal, of this hour
    returns   [person]  points
    """
    mean, same, new = (np.interp(expected, table.at, part) for part in (table.mean, table.lasting, table.fresh))
    return np.asarray(mean + same * lasting + new * fresh)


def on_scale(model: Model, scale: str, rating: Numbers) -> Numbers:
    """Ratings on the steps of a scale and within its range.

    model    whose scale
    scale    its name
    rating   [...]  points
    returns  [...]  points
    """
    kind = model.scales[scale]
    return np.clip(np.round((rating - kind.lowest) / kind.step) * kind.step + kind.lowest, kind.lowest, kind.highest)


def log_likelihood_of_level(expected: Numbers, observed: float, sd: float, *, below: bool) -> Numbers:
    """Log likelihood of one level whose logarithm has a normal error.

    expected  [person]  ng/mL     true level
    observed  scalar    ng/mL     what was measured, or the limit that it lies below
    sd        scalar    1         of the log level
    below     whether it is only known to be below
    returns   [person]  1
    """
    away = (np.log(observed) - np.log(np.maximum(expected, 1e-6))) / sd
    return np.asarray(log_ndtr(away) if below else -0.5 * away**2 - np.log(sd))


def _lower_factor(covariance: Numbers) -> Numbers:
    """The Cholesky factor of each person's covariance [person, visit, visit]."""
    return np.asarray(np.linalg.cholesky(covariance), dtype=np.float64)


def _solve_lower(factor: Numbers, right: Numbers) -> Numbers:
    """Solve lower triangular systems: factor [person, row, row], right [person, row]; few rows, so row by row."""
    found = np.empty_like(right)
    for row in range(right.shape[1]):
        known = np.einsum("pk,pk->p", factor[:, row, :row], found[:, :row])
        found[:, row] = (right[:, row] - known) / factor[:, row, row]
    return found
