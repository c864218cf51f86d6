"""Statistics that papers report: a trial's ratings in, one number a replicate out."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from resprout.statistics.anova import group_by_time, treatment_by_time
from resprout.statistics.t_tests import paired_p, welch_p
from resprout.statistics.time_to_event import median_day, well_at
from resprout.trial.design import Protocol
from resprout.trial.difference_spread import difference_sd
from resprout.trial.relapse_times import relapse_hazard_ratio, relapse_rate, times_to_relapse_by_replicate
from resprout.trial.responder_statistics import (
    kept_response,
    partial_response,
    response_ever,
    response_twice,
    sensitivity,
    share_above,
    specificity,
)
from resprout.trial.trial_outcome import (
    Numbers,
    Outcome,
    View,
    carried_forward,
    odds,
    remission_share,
    responder_share,
)

ALPHA = 0.05
MAY_NOT_BE_REACHED = ("first_significant_h", "relapse_median_d", "remission_median_h")


@dataclass(frozen=True)
class Statistic:
    """A statistic: what it computes, [replicate], and what must be known for it."""

    compute: Callable[[View], Numbers]
    meaning: str
    needs_time: bool = True
    needs_arm: bool = True
    needs_control: bool = False


def statistic(
    protocol: Protocol, outcome: Outcome, name: str, arm: str, endpoint: str, time_h: float | None
) -> Numbers:
    """Compute one statistic of a trial in every replicate.

    protocol  design of the trial
    outcome   ratings and dropout of every replicate
    name      of the statistic, a key of STATISTICS
    arm       name of the arm; empty for the first
    endpoint  name of the endpoint
    time_h    scalar       h  time of the visit; None for the last
    returns   [replicate]  NaN where it is not estimable; infinite for a time that is not reached
    """
    visits = np.array(protocol.visits_of(endpoint))
    at = -1 if time_h is None else int(np.abs(visits - time_h).argmin())
    view = View(protocol, outcome, arm or protocol.arms[0].name, endpoint, visits, at)
    with warnings.catch_warnings():
        # a replicate in which nobody was rated has no mean; it is NaN, left out of intervals and counted
        warnings.simplefilter("ignore", RuntimeWarning)
        found = np.asarray(STATISTICS[name].compute(view), dtype=float)
    # a ratio to nothing is not estimable; only a time may be infinite, where it is not reached
    return found if name in MAY_NOT_BE_REACHED else np.where(np.isfinite(found), found, np.nan)


def _mean(view: View) -> Numbers:
    return np.nanmean(view.rating[:, :, view.at], axis=1)


def _sd(view: View) -> Numbers:
    return np.nanstd(view.rating[:, :, view.at], axis=1, ddof=1)


def _first_period(view: View) -> Numbers:
    """Ratings of the people who started with this arm; of everybody in parallel groups."""
    if not view.paired:
        return view.rating[:, :, view.at]
    before = 0
    for arm in view.protocol.arms:
        if arm.name == view.arm:
            return view.rating[:, before : before + (arm.first or 0), view.at]
        before += arm.first or 0
    raise ValueError(view.arm)


def _first_mean(view: View) -> Numbers:
    return np.nanmean(_first_period(view), axis=1)


def _first_sd(view: View) -> Numbers:
    return np.nanstd(_first_period(view), axis=1, ddof=1)


def _change(rating: Numbers, at: int) -> Numbers:
    return rating[:, :, at] - rating[:, :, 0]


def _mean_change(view: View) -> Numbers:
    return np.nanmean(_change(view.rating, view.at), axis=1)


def _relative_change(view: View) -> Numbers:
    return _mean_change(view) / np.nanmean(view.rating[:, :, 0], axis=1)


def _sd_change(view: View) -> Numbers:
    return np.nanstd(_change(view.rating, view.at), axis=1, ddof=1)


def _response(view: View) -> Numbers:
    return responder_share(view.rating[:, :, view.at], view.rating[:, :, 0], at_most=view.response_cut_off)


def _response_of_control(view: View) -> Numbers:
    return responder_share(view.control[:, :, view.at], view.control[:, :, 0], at_most=view.response_cut_off)


def _remission(view: View) -> Numbers:
    return remission_share(view.rating[:, :, view.at], _cut_off(view)) * _has_remission(view)


def _remission_ever(view: View) -> Numbers:
    upto = view.rating[:, :, 1 : (view.at % len(view.visits)) + 1]
    return (upto <= _cut_off(view)).any(axis=2).mean(axis=1) * _has_remission(view)


def _cut_off(view: View) -> float:
    scale = view.outcome.scales.get(view.endpoint)
    return scale.remission if scale is not None and scale.remission is not None else np.nan


def _has_remission(view: View) -> float:
    """1 where the scale has a cut-off; else NaN, which makes a share NaN rather than 0."""
    return np.nan if np.isnan(_cut_off(view)) else 1.0


def _difference(view: View) -> Numbers:
    return np.nanmean(_change(view.rating, view.at), axis=1) - np.nanmean(_change(view.control, view.at), axis=1)


def _response_difference(view: View) -> Numbers:
    return _response(view) - _response_of_control(view)


def _relative_response(view: View) -> Numbers:
    other = _response_of_control(view)
    return _response(view) / np.where(other > 0, other, np.nan)


def _odds_ratio(view: View) -> Numbers:
    one, two = (odds(each[:, :, view.at], each[:, :, 0], view.response_cut_off) for each in (view.rating, view.control))
    return one / two


def _cohen_d(view: View) -> Numbers:
    """Difference of scores at the visit over their pooled spread; positive where the drug is better."""
    one, two = view.rating[:, :, view.at], view.control[:, :, view.at]
    pooled = np.sqrt((np.nanvar(one, axis=1, ddof=1) + np.nanvar(two, axis=1, ddof=1)) / 2)
    return (np.nanmean(two, axis=1) - np.nanmean(one, axis=1)) / pooled


def _improvement_d(view: View) -> Numbers:
    """Mean fall from baseline over the spread of falls."""
    return -_mean_change(view) / _sd_change(view)


def _visit_p(view: View) -> Numbers:
    """Two-sided p of drug against control at every visit after baseline, by Welch's test (paired in a crossover)."""
    one, two = view.rating[:, :, 1:], view.control[:, :, 1:]
    return paired_p(one - two) if view.paired else welch_p(one, two)


def _difference_p(view: View) -> Numbers:
    return _visit_p(view)[:, view.at - 1 if view.at > 0 else -1]


def _change_p(view: View) -> Numbers:
    """Two-sided p of the change from baseline, within people."""
    return paired_p(_change(view.rating, view.at))


def _first_significant(view: View) -> Numbers:
    p = _visit_p(view)
    found = p < ALPHA
    first = np.where(found.any(axis=1), view.visits[1:][found.argmax(axis=1)], np.inf)
    return np.where(np.isfinite(p).any(axis=1), first, np.nan)


def _last_significant(view: View) -> Numbers:
    p = _visit_p(view)
    found = p < ALPHA
    last = view.visits[1:][found.shape[1] - 1 - found[:, ::-1].argmax(axis=1)]
    return np.where(np.isfinite(p).any(axis=1), np.where(found.any(axis=1), last, 0.0), np.nan)


def _interaction_p(view: View) -> Numbers:
    whole = [view.outcome.ratings[arm.name, view.endpoint] for arm in view.protocol.arms]
    return treatment_by_time(carried_forward(np.stack(whole, axis=2))).p


def _group_F(view: View) -> Numbers:
    """F of arm x time for two parallel arms, baseline among the times."""
    both = [view.rating, view.control]
    whole = np.concatenate(both, axis=1)
    group = np.repeat([0, 1], [each.shape[1] for each in both])
    return group_by_time(carried_forward(whole), np.broadcast_to(group, whole.shape[:2])).F


def _genotype_F(view: View) -> Numbers:
    """F of genotype x time with Met carriers as one group; NaN in a replicate without both groups."""
    carrier = (view.outcome.genotype[view.arm] > 0).astype(np.int64)
    both = (carrier.sum(axis=1) > 1) & ((1 - carrier).sum(axis=1) > 1)
    found = np.full(len(carrier), np.nan)
    if both.any():
        found[both] = group_by_time(carried_forward(view.rating[both]), carrier[both]).F
    return found


def _genotype_gap(view: View) -> Numbers:
    """How much further Val/Val fall than Met carriers."""
    carrier = view.outcome.genotype[view.arm] > 0
    change = _change(view.rating, view.at)
    return np.nanmean(np.where(carrier, change, np.nan), axis=1) - np.nanmean(np.where(carrier, np.nan, change), axis=1)


def _relapse_median(view: View) -> Numbers:
    return np.array([median_day(days, relapsed) for days, relapsed in times_to_relapse_by_replicate(view)])


def _relapse_mean(view: View) -> Numbers:
    return np.array(
        [days[relapsed].mean() if relapsed.any() else np.nan for days, relapsed in times_to_relapse_by_replicate(view)]
    )


def _well_share(view: View) -> Numbers:
    rule = view.protocol.relapse
    start = 0.0 if rule is None else rule.start
    day = (view.visits[view.at] - start) / 24
    return np.array([well_at(days, relapsed, day) for days, relapsed in times_to_relapse_by_replicate(view)])


def _relapse_share(view: View) -> Numbers:
    return 1 - _well_share(view)


def _early_share(view: View) -> Numbers:
    """Share of the improvement at the last visit that is already there."""
    return _mean_change(view) / np.nanmean(_change(view.rating, -1), axis=1)


def _early_drug_share(view: View) -> Numbers:
    """Share of the drug-control difference at the last visit that is already there."""
    last = np.nanmean(_change(view.rating, -1), axis=1) - np.nanmean(_change(view.control, -1), axis=1)
    return _difference(view) / last


def _remission_median(view: View) -> Numbers:
    """Median hour at which people are first at or below the cut-off; infinite if half never are."""
    well = view.rating[:, :, 1:] <= _cut_off(view)
    first = np.where(well.any(axis=2), view.visits[1:][well.argmax(axis=2)], np.inf)
    return np.median(first, axis=1) * _has_remission(view)


def _noncarriers(view: View) -> Numbers:
    return (view.outcome.genotype[view.arm] == 0).mean(axis=1)


def _left(view: View) -> Numbers:
    return np.isfinite(view.outcome.left_h[view.arm]).mean(axis=1)


def _guesses(view: View) -> Numbers:
    return view.outcome.guessed_drug[view.arm].mean(axis=1)


STATISTICS = {
    "mean": Statistic(_mean, "mean rating"),
    "sd": Statistic(_sd, "standard deviation of ratings"),
    "first_period_mean": Statistic(_first_mean, "mean rating of those who started with the arm"),
    "first_period_sd": Statistic(_first_sd, "standard deviation of ratings of those who started with the arm"),
    "mean_change": Statistic(_mean_change, "mean change from baseline"),
    "relative_change": Statistic(_relative_change, "mean change as a share of the mean baseline"),
    "sd_change": Statistic(_sd_change, "standard deviation of the change from baseline"),
    "response_rate": Statistic(_response, "response rate (>= 50 % reduction)"),
    "response_ever": Statistic(response_ever, "response rate at any visit so far"),
    "response_twice": Statistic(response_twice, "response rate at two visits or more so far"),
    "partial_response": Statistic(partial_response, "partial response rate (>= 20 % reduction)"),
    "remission_rate": Statistic(_remission, "remission rate (score at or below the cut-off)"),
    "remission_ever": Statistic(_remission_ever, "remission rate at any visit so far"),
    "kept_response": Statistic(kept_response, "share of early responders who still respond"),
    "difference": Statistic(_difference, "change against control", needs_control=True),
    "difference_sd": Statistic(
        difference_sd,
        "standard deviation of the change behind the standard error of the difference",
        needs_control=True,
    ),
    "response_difference": Statistic(_response_difference, "response rate less that of control", needs_control=True),
    "relative_response": Statistic(_relative_response, "response rate over that of control", needs_control=True),
    "odds_ratio": Statistic(_odds_ratio, "odds ratio of response", needs_control=True),
    "cohen_d": Statistic(_cohen_d, "Cohen's d against control, pooled standard deviation", needs_control=True),
    "improvement_d": Statistic(_improvement_d, "reduction from baseline over its standard deviation"),
    "first_significant_h": Statistic(
        _first_significant, "first visit at which drug and control differ (p < .05)", False, True, True
    ),
    "last_significant_h": Statistic(
        _last_significant, "last visit at which drug and control differ (p < .05)", False, True, True
    ),
    "difference_p": Statistic(_difference_p, "p of drug against control at the visit", needs_control=True),
    "change_p": Statistic(_change_p, "p of the change from baseline"),
    "interaction_p": Statistic(_interaction_p, "p of treatment x time", False, False),
    "interaction_F": Statistic(_group_F, "F of arm x time", False, True, True),
    "genotype_F": Statistic(_genotype_F, "F of genotype x time", False),
    "genotype_gap": Statistic(_genotype_gap, "change of Met carriers less that of Val/Val"),
    "relapse_median_d": Statistic(_relapse_median, "median days to relapse of responders", False),
    "relapse_mean_d": Statistic(_relapse_mean, "mean days to relapse of those who relapse", False),
    "relapse_share": Statistic(_relapse_share, "share of responders who have relapsed"),
    "well_share": Statistic(_well_share, "share of responders without relapse"),
    "relapse_rate": Statistic(relapse_rate, "share of those at risk known to have relapsed, whoever left before"),
    "hazard_ratio": Statistic(
        relapse_hazard_ratio, "hazard ratio of relapse against control", False, needs_control=True
    ),
    "early_share": Statistic(_early_share, "share of the last visit's improvement reached"),
    "early_drug_share": Statistic(
        _early_drug_share, "share of the last visit's difference reached", needs_control=True
    ),
    "sensitivity": Statistic(sensitivity, "share of responders at the primary visit who respond at this one"),
    "specificity": Statistic(
        specificity, "share of non-responders at the primary visit who do not respond at this one"
    ),
    "share_above": Statistic(share_above, "share above the endpoint's cut-off of events at any visit so far"),
    "remission_median_h": Statistic(_remission_median, "median hours to the first remission", False),
    "noncarrier_share": Statistic(_noncarriers, "share without a Met allele", False),
    "guessed_drug": Statistic(_guesses, "share who guess, after the last visit, that they were given the drug", False),
    "left": Statistic(_left, "dropout rate", False),
}
