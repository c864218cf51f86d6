"""t tests: ratings of groups in, two-sided p of every replicate out, NaN where it is not estimable."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr

Numbers = NDArray[np.float64]
ROUNDING = 1e-12  # of the mean square; a smaller variance is the rounding of none


def mean_and_variance(rating: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """Count, mean and variance over patients, without warnings where nobody was rated.

    rating   [replicate, patient, ...]  any  NaN where missing
    returns  [replicate, ...] number of patients; mean, NaN without patients; variance, NaN with fewer than two
    """
    seen = np.isfinite(rating)
    count = seen.sum(axis=1)
    mean = np.where(seen, rating, 0.0).sum(axis=1) / np.where(count > 0, count, np.nan)
    gap = np.where(seen, rating - mean[:, None], 0.0)
    variance = np.square(gap).sum(axis=1) / np.where(count > 1, count - 1, np.nan)
    return count, mean, variance


def welch_p(one: Numbers, two: Numbers) -> Numbers:
    """Welch's test of two groups of patients.

    one      [replicate, patient, ...]  any  ratings of one group; NaN where missing
    two      [replicate, patient, ...]  any  ratings of the other
    returns  [replicate, ...]           1    NaN with fewer than two patients in a group, or without variance in both

    Welch BL. The generalization of `Student's' problem when several different population variances are involved.
    Biometrika 1947;34:28-35.
    """
    (n, mean, variance), (other_n, other_mean, other_variance) = mean_and_variance(one), mean_and_variance(two)
    parts = variance / n, other_variance / other_n
    total = sum(parts)
    scale = np.square(mean) + np.square(other_mean)
    total = np.where(total > ROUNDING * scale, total, np.nan)
    df = total**2 / (parts[0] ** 2 / (n - 1) + parts[1] ** 2 / (other_n - 1))
    return np.asarray(2 * stdtr(df, -np.abs((mean - other_mean) / np.sqrt(total))))


def paired_p(change: Numbers) -> Numbers:
    """Student's test that a change within patients is 0 in the mean.

    change   [replicate, patient, ...]  any  NaN where missing
    returns  [replicate, ...]           1    NaN with fewer than two patients, or without variance between them
    """
    n, mean, variance = mean_and_variance(change)
    variance = np.where(variance > ROUNDING * np.square(mean), variance, np.nan)
    return np.asarray(2 * stdtr(n - 1, -np.abs(mean) / np.sqrt(variance / n)))
