"""Checks of population predictions: simulated observations in; visual predictive checks and normalised prediction discrepancies out.

Holford N. PAGE 2005;14:738 (visual predictive check); Bergstrand M et al. AAPS J 2011;13:143 (prediction correction);
Brendel K et al. Pharm Res 2006;23:2036 (normalised prediction distribution errors).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.special import ndtri

from resprout.patients.predictive_simulations import Simulated

Numbers = NDArray[np.float64]
PERCENTILES = (5.0, 50.0, 95.0)
MOST_NOMINAL_TIMES, BINS = 14, 10
CHECK_COLUMNS = (
    *("endpoint", "bin", "from_h", "to_h", "middle_h", "observations", "percentile"),
    *("observed", "simulated", "lower", "upper"),
)
FEWEST_FOR_TAILS = 10  # observations of a bin below which its 5th and 95th percentiles are its extremes


@dataclass(frozen=True)
class Discrepancies:
    """Normalised prediction distribution errors of one endpoint.

    rows     positions of the observations        values   [observation]  standard normal where the population fits
    mean, variance, and p values of a t test of the mean, a chi-squared test of the variance and a Shapiro-Wilk test;
    p        the smallest of the three, times three
    """

    endpoint: str
    rows: NDArray[np.int64]
    values: Numbers
    mean: float
    variance: float
    p_mean: float
    p_variance: float
    p_normal: float

    @property
    def p(self) -> float:
        """The smallest p value, corrected for three tests by Bonferroni."""
        return min(3 * min(self.p_mean, self.p_variance, self.p_normal), 1.0)


def time_bins(hours: Numbers) -> NDArray[np.int64]:
    """Put times in bins: one each where there are few, otherwise bins of as many observations each.

    hours    [observation]  h
    returns  [observation]     number of the bin, in order of time
    """
    nominal = np.unique(np.round(hours, 3))
    if nominal.size <= MOST_NOMINAL_TIMES:
        return np.searchsorted(nominal, np.round(hours, 3)).astype(np.int64)
    edges = np.unique(np.quantile(hours, np.linspace(0, 1, BINS + 1)[1:-1]))
    return np.searchsorted(edges, hours, side="right").astype(np.int64)


def prediction_corrected(values: Numbers, prediction: Numbers, bins: NDArray[np.int64], lowest: float = 0.0) -> Numbers:
    """Values as if everybody of a bin had had the same prediction.

    values      [observation, ...]  any    observed or simulated
    prediction  [observation]       any    of the population, for each
    bins        [observation]              number of the bin
    lowest      scalar              any    of the endpoint
    returns     [observation, ...]  any

    lowest + (value - lowest) x (typical prediction of the bin - lowest) / (prediction - lowest); the median is typical.
    """
    typical = np.empty(len(prediction))
    for each in np.unique(bins):
        typical[bins == each] = np.median(prediction[bins == each])
    above = np.maximum(prediction - lowest, 1e-9)
    factor = np.where(prediction - lowest > 1e-9, (typical - lowest) / above, 1.0)
    return np.asarray(lowest + (values - lowest) * factor.reshape(-1, *[1] * (values.ndim - 1)))


def predictive_check(
    simulated: Simulated, *, corrected: bool = False, lowest: dict[str, float] | None = None
) -> list[tuple[object, ...]]:
    """A visual predictive check as a table.

    simulated  observations and simulations
    corrected  whether values are corrected for predictions that differ within a bin
    lowest     by endpoint: where its scale begins; 0 where it is not named
    returns    rows by CHECK_COLUMNS: percentiles of what was observed, and median and 95 % interval of those of the replicates

    A level below its limit of quantification counts as below every other, among observed and simulated ones; a percentile that
    lies there is NaN.
    """
    table, found = simulated.observations, list[tuple[object, ...]]()
    for endpoint in dict.fromkeys(table["endpoint"]):
        rows = np.flatnonzero((table["endpoint"] == endpoint).to_numpy())
        hours = table["after_first_dose_h"].to_numpy(dtype=float)[rows]
        observed, drawn = _censored(simulated, rows)
        bins = time_bins(hours)
        if corrected:
            prediction = np.median(simulated.replicates[rows], axis=1)
            base = (lowest or {}).get(endpoint, 0.0)
            observed, drawn = (prediction_corrected(each, prediction, bins, base) for each in (observed, drawn))
        for number in np.unique(bins):
            own = bins == number
            place = (
                endpoint,
                int(number) + 1,
                hours[own].min(),
                hours[own].max(),
                float(np.median(hours[own])),
                int(own.sum()),
            )
            for percentile in PERCENTILES:
                seen = _percentile(observed[own], percentile)
                each = _percentile(drawn[own], percentile)
                limits = np.quantile(each, [0.5, 0.025, 0.975], method="nearest")
                told = (float(value) if np.isfinite(value) else np.nan for value in (seen, *limits))
                found.append((*place, percentile, *told))
    return found


def _censored(simulated: Simulated, rows: NDArray[np.int64]) -> tuple[Numbers, Numbers]:
    """Observed and simulated values; minus infinity below the limit of quantification."""
    table = simulated.observations
    observed = np.where(table["below"].to_numpy()[rows], -np.inf, table["observed"].to_numpy(dtype=float)[rows])
    limit = table["lloq"].to_numpy(dtype=float)[rows][:, None]
    drawn = simulated.replicates[rows]
    return observed, np.where(drawn < limit, -np.inf, drawn)


def _percentile(values: Numbers, percentile: float) -> Numbers:
    """A percentile over observations; the nearest value, so that censored values stay censored."""
    return np.asarray(np.percentile(values, percentile, axis=0, method="nearest"))


def discrepancies(simulated: Simulated) -> list[Discrepancies]:
    """Normalised prediction distribution errors by endpoint.

    simulated   observations and simulations
    returns     a record for each endpoint with at least three observations; levels below their limit are left out

    The observations of each person are decorrelated by mean and covariance of the person's own simulations.
    """
    table = simulated.observations
    found = []
    for endpoint in dict.fromkeys(table["endpoint"]):
        chosen = (table["endpoint"] == endpoint).to_numpy() & ~table["below"].to_numpy()
        rows, values = [], []
        for _, own in table[chosen].groupby(["patient", "occasion"], sort=False):
            place = table.index.get_indexer(own.index)
            rows.append(place)
            values.append(decorrelated(own["observed"].to_numpy(dtype=float), simulated.replicates[place]))
        if sum(map(len, rows)) >= 3:
            found.append(_tested(endpoint, np.concatenate(rows), np.concatenate(values)))
    return found


def decorrelated(observed: Numbers, drawn: Numbers) -> Numbers:
    """Standard normal scores of a person's observations among the person's simulations.

    observed  [observation]             any
    drawn     [observation, replicate]  any
    returns   [observation]             1    of the decorrelated values; ties count half
    """
    many = drawn.shape[1]
    mean = drawn.mean(axis=1)
    covariance = np.cov(drawn) if len(observed) > 1 else np.atleast_2d(drawn.var(axis=1, ddof=1))
    covariance = covariance + 1e-9 * np.eye(len(observed)) * max(float(np.trace(covariance)), 1e-9)
    factor = np.linalg.cholesky(covariance)
    white = np.linalg.solve(factor, observed - mean)
    others = np.linalg.solve(factor, drawn - mean[:, None])
    below = (others < white[:, None]).sum(axis=1) + 0.5 * (others == white[:, None]).sum(axis=1)
    share = np.clip(below / many, 0.5 / many, 1 - 0.5 / many)
    return np.asarray(ndtri(share))


def _tested(endpoint: str, rows: Sequence[int] | NDArray[np.int64], values: Numbers) -> Discrepancies:
    """The errors with tests of mean, variance and normality."""
    many, variance = len(values), float(values.var(ddof=1))
    place = stats.chi2(many - 1).cdf((many - 1) * variance)
    tests = (
        float(stats.ttest_1samp(values, 0.0).pvalue),
        float(2 * min(place, 1 - place)),
        float(stats.shapiro(values).pvalue) if many <= 5000 else np.nan,
    )
    return Discrepancies(endpoint, np.asarray(rows), values, float(values.mean()), variance, *tests)
