"""Relapse: ratings after response in, time to relapse, the share still well and the hazard ratio out."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc

from resprout.errors import need_package
from resprout.statistics.estimability import (
    NO_EVENT,
    NOBODY_AT_RISK,
    NOT_CONVERGED,
    NOT_REACHED,
    SEPARATED,
    first_reason,
)

Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]
UPHILL = 1e-4  # standard errors by which another Newton step would move the estimate
MOST_PERMUTED = 12  # patients; up to here the log-rank test counts every allocation, above it uses chi-square


@dataclass(frozen=True)
class Hazards:
    """The hazards of two groups.

    log_ratio, se  Cox regression, ties after Efron; NaN where not estimable, for which `reason` says why
    p              two-sided, of the log-rank test; NaN only where nobody relapsed or a group is empty
    """

    log_ratio: float
    se: float
    p: float
    reason: str = ""


def times_to_relapse(
    score: Numbers,
    baseline: Numbers,
    days: Sequence[float],
    *,
    kept: float,
    at_least: float | None = None,
    in_a_row: int = 1,
) -> tuple[Numbers, Flags]:
    """Find when each patient has lost the improvement.

    score     [..., visit]  points  ratings after the hour from which relapse counts; NaN where missing
    baseline  [...]         points  rating before the first dose
    days      [visit]       d       since that hour
    kept      scalar        1       a smaller reduction than this share of baseline is a relapse
    at_least  scalar        points  a score of so many is a relapse, in place of `kept`; None for none
    in_a_row  number of consecutive visits that must show it
    returns   [...] d to the first of those visits, or to the last rating; [...] whether relapsed

    A missed visit neither shows nor interrupts a relapse.
    """
    lost = (baseline[..., None] - score) < kept * baseline[..., None] if at_least is None else score >= at_least
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


def still_well(days: Numbers, relapsed: Flags) -> tuple[Numbers, Numbers]:
    """Kaplan-Meier estimate of the relapse-free share.

    days      [patient]  d     time to relapse or to the last rating
    relapsed  [patient]  bool  whether the patient has relapsed; False is censored
    returns   days of relapse [step] and the share without relapse after each [step]
    """
    steps = np.unique(days[relapsed])
    lost = np.array([(relapsed & (days == day)).sum() / (days >= day).sum() for day in steps])
    return steps, np.cumprod(1 - lost)


def well_at(days: Numbers, relapsed: Flags, at: float) -> float:
    """Share of patients without relapse at a day.

    days      [patient]  d     time to relapse or to the last rating
    relapsed  [patient]  bool  whether the patient has relapsed; False is censored
    at        scalar     d     day of interest
    returns   scalar     1     0 to 1; NaN without patients, or where the last patient without relapse was seen before that day
    """
    if days.size == 0:
        return np.nan
    steps, share = still_well(days, relapsed)
    before = np.searchsorted(steps, at + 1e-9, side="right")
    left = float(share[before - 1]) if before else 1.0
    return left if left < 1e-12 or at <= days.max() + 1e-9 else np.nan


def median_day(days: Numbers, relapsed: Flags, share: float = 0.5) -> float:
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


def median_reason(median: Numbers) -> NDArray[np.str_]:
    """Why medians are not estimable.

    median   [replicate]  d  as `median_day` gives them
    returns  [replicate]     the reason; empty where the median is reached
    """
    return first_reason((np.isnan(median), NOBODY_AT_RISK), (np.isinf(median), NOT_REACHED))


def log_rank(days: Numbers, relapsed: Flags, treated: Flags) -> float:
    """Two-sided p of the log-rank test.

    days      [patient]  d     time to relapse or to the last rating
    relapsed  [patient]  bool  whether the patient has relapsed; False is censored
    treated   [patient]  bool  whether the patient belongs to the first group
    returns   scalar     1     NaN where nobody relapsed or a group is empty

    Up to 12 patients p is the share of all allocations of these patients that differ as much or more: chi-square, which
    is used above, rejects too often there.
    """
    first = int(treated.sum())
    if not relapsed.any() or first in (0, treated.size):
        return np.nan
    score, variance = relapsed.astype(float), 0.0
    for day in np.unique(days[relapsed]):
        at_risk = days >= day
        events, people = int((relapsed & (days == day)).sum()), int(at_risk.sum())
        score -= at_risk * (events / people)
        share = treated[at_risk].mean()
        variance += events * share * (1 - share) * (people - events) / max(people - 1, 1)
    observed = abs(float(score[treated].sum()))
    if treated.size <= MOST_PERMUTED:
        return float((np.abs(score[_allocations(treated.size, first)].sum(axis=1)) >= observed - 1e-9).mean())
    return float(chdtrc(1, observed**2 / variance)) if variance > 0 else np.nan


@lru_cache(maxsize=128)
def _allocations(people: int, first: int) -> NDArray[np.intp]:
    """Every choice of `first` patients: [choice, patient]."""
    return np.array(list(combinations(range(people), first)))


def hazard_ratio(days: Numbers, relapsed: Flags, treated: Flags) -> Hazards:
    """Hazard ratio by Cox regression, ties after Efron, and the log-rank test.

    days      [patient]  d     time to relapse or to the last rating
    relapsed  [patient]  bool  whether the patient has relapsed; False is censored
    treated   [patient]  bool  whether the patient belongs to the first group
    returns   log hazard ratio with its standard error, and p
    raises    InputError if the extra `survival` is not installed

    The ratio is not estimable where nobody relapses in a group, or where one group never relapses while both are at risk.
    Efron B. The efficiency of Cox's likelihood function for censored data. J Am Stat Assoc 1977;72:557-65.
    """
    reason = _separated(days, relapsed, treated)
    p = log_rank(days, relapsed, treated)
    if reason:
        return Hazards(np.nan, np.nan, p, reason)
    need_package("statsmodels", "survival")
    from statsmodels.duration.hazard_regression import PHReg

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = PHReg(days, treated.astype(float)[:, None], status=relapsed.astype(int), ties="efron")
        fit = model.fit()
        ratio, se = float(fit.params[0]), float(fit.bse[0])
        uphill = float(model.score(fit.params)[0])
    # statsmodels does not say whether it converged; at the maximum the score is 0
    if not abs(uphill * se) < UPHILL:
        return Hazards(np.nan, np.nan, p, NOT_CONVERGED)
    return Hazards(ratio, se, p)


def _separated(days: Numbers, relapsed: Flags, treated: Flags) -> str:
    """Why the hazard ratio is 0, infinite or not defined; empty where it is estimable."""
    if treated.all() or not treated.any():
        return NOBODY_AT_RISK
    if not (relapsed[treated].any() and relapsed[~treated].any()):
        return NO_EVENT
    both = days <= min(days[treated].max(), days[~treated].max())
    shared = relapsed & both
    return "" if shared[treated].any() and shared[~treated].any() else SEPARATED
