"""Values of many individuals -> mean, standard deviation, share or quantile of a group, and the likelihood of a measured one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betainc, betaln, gammaln, ndtr, ndtri, xlog1py, xlogy

from resprout.exchange.petab_records import LAPLACE, LIN, PetabObservable
from resprout.exchange.population_records import MEAN, QUANTILE, SD, SHARE_ABOVE, Summary

Floats = NDArray[np.float64]
ROOT_TWO_PI = float(np.log(2 * np.pi) / 2)
HALVINGS = 60
"""Of the interval in which a quantile is looked for."""


@dataclass(frozen=True)
class Individuals:
    """What is expected of one measurement over the individuals of a group.

    value, noise   [vector, node]   in the unit of the observable      weight   [node]   sum to 1
    observable     whose noise is added
    """

    value: Floats
    noise: Floats
    weight: Floats
    observable: PetabObservable

    def below(self, limit: ArrayLike) -> Floats:
        """[vector] probability that an observed value lies below a limit, scalar or [vector, 1]."""
        return np.asarray(self._distribution(limit) @ self.weight)

    def density(self, limit: float) -> Floats:
        """[vector] probability density of an observed value."""
        score = self._score(limit)
        if self.observable.distribution == LAPLACE:
            own = np.exp(-np.abs(score)) / 2
        else:
            own = np.exp(-(score**2) / 2 - ROOT_TWO_PI)
        scale = self.noise if self.observable.scale == LIN else self.noise * limit
        return np.asarray((own / scale) @ self.weight)

    def _distribution(self, limit: ArrayLike) -> Floats:
        score = self._score(limit)
        if self.observable.distribution == LAPLACE:
            tail = np.exp(-np.abs(score)) / 2
            return np.where(score < 0, tail, 1 - tail)
        return np.asarray(ndtr(score))

    def _score(self, limit: ArrayLike) -> Floats:
        limit = np.asarray(limit, dtype=float)
        with np.errstate(all="ignore"):
            if self.observable.scale == LIN:
                return np.asarray((limit - self.value) / self.noise)
            # a log-normal value is above every limit up to 0
            return np.asarray((np.log(np.maximum(limit, 0.0)) - np.log(self.value)) / self.noise)

    def moments(self) -> tuple[Floats, Floats, Floats]:
        """[vector] mean, variance and fourth central moment of an observed value."""
        if self.observable.scale == LIN:
            mean = np.asarray(self.value @ self.weight)
            away, variance = (self.value - mean[:, None]) ** 2, self.noise**2
            second = (away + variance) @ self.weight
            fourth = (away**2 + 6 * away * variance + 3 * variance**2) @ self.weight
            return mean, np.asarray(second), np.asarray(fourth)
        raw = [(self.value**power * np.exp(power**2 * self.noise**2 / 2)) @ self.weight for power in (1, 2, 3, 4)]
        mean, square, cube, fourth = raw
        central = fourth - 4 * cube * mean + 6 * square * mean**2 - 3 * mean**4
        return np.asarray(mean), np.asarray(square - mean**2), np.asarray(central)

    def quantile(self, level: float) -> Floats:
        """[vector] the value below which a share of observed values lies, by halving an interval."""
        reach = 10 * self.noise if self.observable.scale == LIN else self.value * np.expm1(10 * self.noise)
        low, high = (self.value - reach).min(axis=1), (self.value + reach).max(axis=1)
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            under = self.below(middle[:, None]) < level
            low, high = np.where(under, middle, low), np.where(under, high, middle)
        return np.asarray((low + high) / 2)


@dataclass(frozen=True)
class SummaryFit:
    """One measured summary beside the expected one.

    expected, log_likelihood, residual   [vector]; the residual is a standard normal score
    """

    expected: Floats
    log_likelihood: Floats
    residual: Floats


def summary_fit(summary: Summary, people: Individuals, size: int, measured: float, *, told: bool) -> SummaryFit:
    """Compare a measured summary with the individuals of its group.

    summary    what was measured          people     values of individuals
    size       of the group               measured   in the unit of the observable, a share from 0 to 1
    told       whether an expected quantile is looked for, which the likelihood does not need; otherwise the measured one stands there
    """
    with np.errstate(all="ignore"):
        if summary.statistic in (MEAN, SD):
            return _moment_fit(summary.statistic, people, size, measured)
        assert summary.argument is not None
        if summary.statistic == QUANTILE:
            return _quantile_fit(summary.argument, people, size, measured, told=told)
        below = people.below(summary.argument)
        return _share_fit(1 - below if summary.statistic == SHARE_ABOVE else below, size, measured)


def _moment_fit(statistic: str, people: Individuals, size: int, measured: float) -> SummaryFit:
    mean, variance, fourth = people.moments()
    if statistic == MEAN:
        expected, error = mean, np.sqrt(variance / size)
    else:
        expected = np.sqrt(variance)
        error = np.sqrt((fourth - variance**2 * (size - 3) / (size - 1)) / size) / (2 * expected)
    score = (measured - expected) / error
    return SummaryFit(expected, -(score**2) / 2 - np.log(error) - ROOT_TWO_PI, score)


def _share_fit(share: Floats, size: int, measured: float) -> SummaryFit:
    count = round(size * measured)
    ways = gammaln(size + 1) - gammaln(count + 1) - gammaln(size - count + 1)
    likelihood = ways + xlogy(count, share) + xlog1py(size - count, -share)
    error = np.sqrt(share * (1 - share) / size)
    same = count == size * share
    score = np.where(same, 0.0, (count / size - share) / np.where(same, 1.0, error))
    return SummaryFit(share, likelihood, score)


def _quantile_fit(level: float, people: Individuals, size: int, measured: float, *, told: bool) -> SummaryFit:
    below, density = people.below(measured), people.density(measured)
    left, right = level * (size + 1), (1 - level) * (size + 1)
    likelihood = xlogy(left - 1, below) + xlog1py(right - 1, -below) - betaln(left, right) + np.log(density)
    expected = people.quantile(level) if told else np.full(len(below), measured)
    return SummaryFit(expected, likelihood, np.asarray(ndtri(betainc(left, right, below))))
