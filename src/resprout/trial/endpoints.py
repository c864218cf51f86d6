"""Endpoints: ratings in, the long table of means, changes, response, remission and differences out."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray
from scipy.special import chdtri, stdtrit

from resprout.errors import refuse_others
from resprout.language.rating_scales import mood_rated
from resprout.simulation.labelled_results import RATES_MOOD
from resprout.simulation.summaries import exact_interval
from resprout.trial.design import Protocol
from resprout.trial.trial_outcome import Outcome, odds, remission_share, responder_share

Numbers = NDArray[np.float64]
COLUMNS = ["arm", "endpoint", "time_h", "statistic", "value", "lower", "upper", "n"]
TRIAL_COLUMNS = [*COLUMNS, "not_estimable"]
ENOUGH_REPLICATES = (
    20  # from here on, intervals are the 95 % prediction interval over replicates; below, textbook intervals
)
Found = tuple[tuple[float, float, float], int]  # value, lower and upper; in how many replicates it is not estimable


def share_interval(share: float, n: int, level: float = 0.95) -> tuple[float, float]:
    """Exact confidence interval of a proportion.

    share    scalar  1  observed proportion
    n        scalar  1  number of patients
    level    scalar  1  confidence level
    returns  lower and upper bound
    """
    return exact_interval(round(share * n), n, level)


def long_table(run: xr.Dataset, arm: str | None = None) -> pd.DataFrame:
    """The long table of a run of `simulate`: expected scores of one arm, or of one an arm for each of several regimens, without ratings.

    run      outputs [patient, time_h] or [regimen, patient, time_h], as `simulate` gives them
    arm      name of the arm; None takes the regimen, or the name of each of several
    returns  one row per endpoint, hour and statistic (mean, mean_change, sd_change, and for scales of depression
             response_rate and remission_rate, as the attributes `rates` and `remission` of the output say), with the 95 % confidence interval
             over patients
    raises   InputError for what is no run, and for one name of several regimens
    """
    refuse_others(("run", run, hasattr(run, "data_vars"), "what `simulate` gives"))
    return pd.DataFrame(long_rows(run, arm), columns=COLUMNS)


def long_rows(run: xr.Dataset, arm: str | None = None) -> list[dict[str, Any]]:
    """The rows of `long_table` as records, without pandas.

    run      outputs [patient, time_h] or [regimen, patient, time_h], as `simulate` gives them
    arm      name of the arm; None takes the regimen, or the name of each of several
    returns  one record per row
    raises   InputError for one name of several regimens
    """
    if "regimen" in run.dims:
        several = [str(each) for each in run["regimen"].to_numpy()]
        refuse_others(("arm", arm, arm is None, f"None: the run has {len(several)} regimens, whose names are taken"))
        return [row for each in several for row in long_rows(run.sel(regimen=each), each)]
    solved = run.isel(patient=np.flatnonzero(run["status"].to_numpy() == 0))
    name = arm if arm is not None else str(run.attrs.get("regimen", ""))
    hours = run["time_h"].to_numpy().astype(float)
    rows: list[dict[str, Any]] = []
    for endpoint in (str(each) for each in run.data_vars if "time_h" in run[each].dims):
        rating = solved[endpoint].transpose("patient", "time_h").to_numpy()[None]
        labels = run[endpoint].attrs
        cut_off = labels.get("remission")
        rows += _arm_rows(name, endpoint, hours, rating, labels.get("rates") == RATES_MOOD, (cut_off, None))
    return [{column: row[column] for column in COLUMNS} for row in rows]


def trial_table(protocol: Protocol, outcome: Outcome) -> pd.DataFrame:
    """The long table of a trial over its replicates.

    protocol  design of the trial
    outcome   ratings of every replicate, and the scales they are on
    returns   as `long_table`, with difference, cohen_d and odds_ratio of each arm against the control; n is the number of
              patients of one trial. From 20 replicates on, `value` is the mean over replicates and the interval is the 95 %
              prediction interval for one trial of this size; below, the 95 % confidence interval. `not_estimable` is the
              number of replicates in which the statistic is not estimable; they are in neither value nor interval.
    """
    control, ratings = protocol.control_arm, outcome.ratings
    rows: list[dict[str, Any]] = []
    for endpoint in protocol.endpoints:
        scale, mood = outcome.scales.get(endpoint.name), mood_rated(outcome.scales, endpoint.name)
        hours = np.array(endpoint.visits)
        for arm in protocol.arms:
            rating = ratings[arm.name, endpoint.name]
            with warnings.catch_warnings():
                # a replicate in which nobody came to a visit has no mean there; `not_estimable` counts it
                warnings.simplefilter("ignore", RuntimeWarning)
                cut_offs = scale.remission if scale is not None else None, protocol.response.get(endpoint.name)
                rows += _arm_rows(arm.name, endpoint.name, hours, rating, mood, cut_offs)
                if endpoint.name in protocol.events:
                    above = _above(rating, protocol.events[endpoint.name])
                    rows += _rows(arm.name, endpoint.name, hours, {"share_above": above}, rating.shape[1])
                if control is not None and arm.name != control:
                    against = ratings[control, endpoint.name]
                    interval = _paired_difference if protocol.design == "crossover" else _welch
                    compared = _contrasts(rating, against, interval, mood, cut_offs[1])
                    n = min(rating.shape[1], against.shape[1])
                    rows += _rows(arm.name, endpoint.name, hours[1:], compared, n)
    return pd.DataFrame(rows, columns=TRIAL_COLUMNS)


def _arm_rows(
    arm: str, endpoint: str, hours: Numbers, rating: Numbers, mood: bool, cut_offs: tuple[float | None, float | None]
) -> list[dict[str, Any]]:
    """Rows of one arm and endpoint; rating [replicate, patient, visit]; whether it rates depression, and its cut-offs of
    remission and of response."""
    n = rating.shape[1]
    cut_off, at_most = cut_offs
    change = rating - rating[:, :, :1]
    found = {
        "mean": [_mean(rating[:, :, visit]) for visit in range(len(hours))],
        "mean_change": [_mean(change[:, :, visit]) for visit in range(len(hours))],
        "sd_change": [_spread(change[:, :, visit]) for visit in range(len(hours))],
    }
    if mood:
        before = rating[:, :, 0]
        responded = [responder_share(rating[:, :, visit], before, at_most=at_most) for visit in range(len(hours))]
        found["response_rate"] = [_share(share, n) for share in responded]
        if cut_off is not None:
            remitted = [remission_share(rating[:, :, visit], cut_off) for visit in range(len(hours))]
            found["remission_rate"] = [_share(share, n) for share in remitted]
    return _rows(arm, endpoint, hours, found, n)


def _above(rating: Numbers, cut_off: float) -> list[Found]:
    """Share of patients above a cut-off at any visit so far, by visit; rating [replicate, patient, visit]."""
    ever = np.logical_or.accumulate(rating > cut_off, axis=2)
    return [_share(ever[:, :, visit].mean(axis=1), rating.shape[1]) for visit in range(rating.shape[2])]


def _contrasts(
    rating: Numbers,
    against: Numbers,
    textbook: Callable[[Numbers, Numbers], Found],
    mood: bool,
    at_most: float | None,
) -> dict[str, list[Found]]:
    """What compares an arm with the control at each visit after baseline, each by its change from baseline."""
    change, other = (each - each[:, :, :1] for each in (rating, against))
    found: dict[str, list[Found]] = {"difference": [], "cohen_d": []}
    for visit in range(1, rating.shape[2]):
        one, two = change[:, :, visit], other[:, :, visit]
        difference = np.nanmean(one, axis=1) - np.nanmean(two, axis=1)
        pooled = np.sqrt((np.nanvar(one, axis=1, ddof=1) + np.nanvar(two, axis=1, ddof=1)) / 2)
        found["cohen_d"].append(_over_replicates(difference / np.where(pooled > 0, pooled, np.nan)))
        few = len(one) < ENOUGH_REPLICATES
        found["difference"].append(textbook(one, two) if few else _over_replicates(difference))
        if mood:
            halves = [odds(each[:, :, visit], each[:, :, 0], at_most) for each in (rating, against)]
            found.setdefault("odds_ratio", []).append(_over_replicates(halves[0] / halves[1]))
    return found


def _rows(arm: str, endpoint: str, hours: Numbers, found: dict[str, list[Found]], n: int) -> list[dict[str, Any]]:
    return [
        dict(zip(TRIAL_COLUMNS, (arm, endpoint, float(hour), statistic, *interval, n, missing), strict=True))
        for statistic, each in found.items()
        for hour, (interval, missing) in zip(hours, each, strict=True)
    ]


def _over_replicates(statistic: Numbers) -> Found:
    """Mean and 95 % prediction interval over the replicates that have the statistic; no interval from fewer than 20."""
    sound = statistic[np.isfinite(statistic)]
    missing = statistic.size - sound.size
    if sound.size == 0:
        return (np.nan, np.nan, np.nan), missing
    lower, upper = np.quantile(sound, [0.025, 0.975]) if sound.size >= ENOUGH_REPLICATES else (np.nan, np.nan)
    return (float(sound.mean()), float(lower), float(upper)), missing


def _mean(score: Numbers) -> Found:
    """Mean of [replicate, patient] with its interval."""
    if len(score) >= ENOUGH_REPLICATES:
        return _over_replicates(np.nanmean(score, axis=1))
    return _paired(score)


def _rated(*groups: Numbers) -> tuple[list[Numbers], list[float], int]:
    """The replicates in which somebody was rated in every group, the mean number of those rated, and how many others."""
    known = np.all([np.isfinite(group).any(axis=1) for group in groups], axis=0)
    some = [group[known] for group in groups]
    counts = [float(np.isfinite(group).sum(axis=1).mean()) if len(group) else 0.0 for group in some]
    return some, counts, int((~known).sum())


def _paired(score: Numbers) -> Found:
    """Mean of [replicate, patient] with Student's interval for one trial of this size."""
    (score,), (n,), missing = _rated(score)
    mean = float(np.nanmean(score)) if n else np.nan
    if n < 2:
        return (mean, np.nan, np.nan), missing
    half = float(stdtrit(n - 1, 0.975) * np.nanmean(np.nanstd(score, axis=1, ddof=1)) / np.sqrt(n))
    return (mean, mean - half, mean + half), missing


def _paired_difference(one: Numbers, two: Numbers) -> Found:
    """Mean difference of two treatments of the same people."""
    return _paired(one - two)


def _welch(one: Numbers, two: Numbers) -> Found:
    """Difference of means of two groups [replicate, patient] with Welch's interval for one trial of this size."""
    (one, two), counts, missing = _rated(one, two)
    difference = float(np.nanmean(one) - np.nanmean(two)) if min(counts) else np.nan
    if min(counts) < 2:
        return (difference, np.nan, np.nan), missing
    spreads = [float(np.nanmean(np.nanvar(group, axis=1, ddof=1))) for group in (one, two)]
    parts = [spread / count for spread, count in zip(spreads, counts, strict=True)]
    if sum(parts) == 0:
        return (difference, np.nan, np.nan), missing
    freedom = sum(parts) ** 2 / sum(part**2 / (n - 1) for part, n in zip(parts, counts, strict=True))
    half = float(stdtrit(freedom, 0.975) * np.sqrt(sum(parts)))
    return (difference, difference - half, difference + half), missing


def _spread(change: Numbers) -> Found:
    """Standard deviation of [replicate, patient] with its interval."""
    seen = np.isfinite(change).sum(axis=1)
    spread = np.nanstd(change, axis=1, ddof=1) if change.shape[1] > 1 else np.full(len(change), np.nan)
    if len(change) >= ENOUGH_REPLICATES or not (seen > 1).any():
        return _over_replicates(spread)
    n, value = float(seen[seen > 1].mean()), float(np.nanmean(spread))
    lower, upper = (value * np.sqrt((n - 1) / chdtri(n - 1, tail)) for tail in (0.025, 0.975))
    return (value, float(lower), float(upper)), int((seen < 2).sum())


def _share(share: Numbers, n: int) -> Found:
    """Share by replicate with its interval."""
    if len(share) >= ENOUGH_REPLICATES:
        return _over_replicates(share)
    return (float(share.mean()), *share_interval(float(share.mean()), n)), 0
