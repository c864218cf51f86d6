"""Relapse: ratings after response in, time to relapse, the share still well and the hazard ratio out."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from resprout.errors import need_package

Numbers = NDArray[np.float64]


def times_to_relapse(
    score: Numbers, baseline: Numbers, days: Sequence[float], *, kept: float, in_a_row: int = 1
) -> tuple[Numbers, NDArray[np.bool_]]:
    """Find when each patient has lost the improvement.

    score     [..., visit]  points  ratings after the hour from which relapse counts; NaN where missing
    baseline  [...]         points  rating before the first dose
    days      [visit]       d       since that hour
    kept      scalar        1       a smaller reduction than this share of baseline is a relapse
    in_a_row  number of consecutive visits that must show it
    returns   [...] d to the first of those visits, or to the last rating; [...] whether relapsed

    A missed visit neither shows nor interrupts a relapse.
    """
    lost = (baseline[..., None] - score) < kept * baseline[..., None]
    seen = np.isfinite(score)
    run = np.zeros(score.shape[:-1], dtype=int)
    began = np.full(score.shape[:-1], np.nan)
    when = np.full(score.shape[:-1], np.nan)
    last = np.zeros(score.shape[:-1])
    for visit, day in enumerate(days):
        bad, here = lost[..., visit] & seen[..., visit], seen[..., visit]
        began = np.where(bad & (run == 0), day, began)
        run = np.where(here, np.where(bad, run + 1, 0), run)
        when = np.where(np.isnan(when) & (run >= in_a_row), began, when)
        last = np.where(here, day, last)
    relapsed = np.isfinite(when)
    return np.where(relapsed, when, last), relapsed


def still_well(days: Numbers, relapsed: NDArray[np.bool_]) -> tuple[Numbers, Numbers]:
    """Kaplan-Meier estimate of the relapse-free share.

    days      [patient]  d     time to relapse or to the last rating
    relapsed  [patient]  bool  whether the patient has relapsed; False is censored
    returns   days of relapse [step] and the share without relapse after each [step]
    """
    steps = np.unique(days[relapsed])
    lost = np.array([(relapsed & (days == day)).sum() / (days >= day).sum() for day in steps])
    return steps, np.cumprod(1 - lost)


def well_at(days: Numbers, relapsed: NDArray[np.bool_], at: float) -> float:
    """Share of patients without relapse at a day; NaN without patients.

    days      [patient]  d     time to relapse or to the last rating
    relapsed  [patient]  bool  whether the patient has relapsed; False is censored
    at        scalar     d     day of interest
    returns   scalar     1     0 to 1
    """
    if days.size == 0:
        return np.nan
    steps, share = still_well(days, relapsed)
    before = np.searchsorted(steps, at, side="right")
    return float(share[before - 1]) if before else 1.0


def median_day(days: Numbers, relapsed: NDArray[np.bool_], share: float = 0.5) -> float:
    """Day at which the share without relapse has fallen to 1 - `share`; infinite if it never does, NaN without patients.

    days      [patient]  d     time to relapse or to the last rating
    relapsed  [patient]  bool  whether the patient has relapsed; False is censored
    share     scalar     1     share that has relapsed; 0.5 for the median
    returns   scalar     d     middle of the interval where the curve is flat at that share, as in R
    """
    if days.size == 0:
        return np.nan
    steps, well = still_well(days, relapsed)
    reached = np.flatnonzero(well <= 1 - share + 1e-12)
    if reached.size == 0:
        return np.inf
    first = reached[0]
    flat = abs(well[first] - (1 - share)) < 1e-12 and first + 1 < steps.size
    return float((steps[first] + steps[first + 1]) / 2 if flat else steps[first])


def hazard_ratio(days: Numbers, relapsed: NDArray[np.bool_], treated: NDArray[np.bool_]) -> tuple[float, float, float]:
    """Hazard ratio by Cox regression; NaN where nobody relapses in a group.

    days      [patient]  d     time to relapse or to the last rating
    relapsed  [patient]  bool  whether the patient has relapsed; False is censored
    treated   [patient]  bool  whether the patient belongs to the first group
    returns   log hazard ratio, its standard error and two-sided p
    raises    InputError if the extra `survival` is not installed
    """
    groups = [relapsed[treated].any(), relapsed[~treated].any()]
    if not all(groups):
        return np.nan, np.nan, np.nan
    need_package("statsmodels", "survival")
    from statsmodels.duration.hazard_regression import PHReg

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit = PHReg(days, treated.astype(float)[:, None], status=relapsed.astype(int)).fit()
    return float(fit.params[0]), float(fit.bse[0]), float(fit.pvalues[0])
