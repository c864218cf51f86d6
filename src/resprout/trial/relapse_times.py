"""Relapse in a trial: ratings of the responders of each replicate in, times to relapse or censoring, shares and hazard ratios out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from resprout.statistics.time_to_event import Hazards, hazard_ratio, times_to_relapse
from resprout.trial.trial_outcome import Numbers, View, responded


def times_to_relapse_by_replicate(view: View) -> list[tuple[Numbers, NDArray[np.bool_]]]:
    """Times to relapse of the responders of each replicate, or of everybody who is allocated after `phases`.

    view     an endpoint of an arm
    returns  days to relapse or censoring and whether relapsed, [patient at risk] each, by replicate
    """
    rule = view.protocol.relapse
    if rule is None:
        raise ValueError("the protocol does not define relapse")
    start = int(np.abs(view.visits - rule.start).argmin())
    baseline = view.rating[:, :, 0]
    at_risk = responded(view.rating[:, :, start], baseline, drop=rule.response, at_most=view.response_cut_off)
    if view.protocol.phases:
        at_risk = np.ones_like(at_risk)
    after = view.visits[start + 1 :] / 24 - view.visits[start] / 24
    later, cut_off = view.rating[:, :, start + 1 :], rule.at_least.get(view.endpoint)
    days, relapsed = times_to_relapse(
        later, baseline, list(after), kept=rule.kept, at_least=cut_off, in_a_row=rule.in_a_row
    )
    return [(days[each, who], relapsed[each, who]) for each, who in enumerate(at_risk)]


def relapse_rate(view: View) -> Numbers:
    """Share of the patients at risk who are known to have relapsed by the visit, whoever left before.

    view     an endpoint of an arm, at a visit
    returns  [replicate]  1  0 to 1; NaN where nobody is at risk
    """
    rule = view.protocol.relapse
    end = (view.visits[view.at] - (rule.start if rule else 0.0)) / 24 + 1e-9
    return np.array([(relapsed & (days <= end)).mean() for days, relapsed in times_to_relapse_by_replicate(view)])


def relapse_hazards(view: View) -> list[Hazards]:
    """Relapse of an arm against the control: hazard ratio and log-rank test.

    view     an endpoint of an arm
    returns  one comparison a replicate
    """
    control = replace(view, arm=str(view.protocol.control_arm))
    found = []
    for one, two in zip(times_to_relapse_by_replicate(view), times_to_relapse_by_replicate(control), strict=True):
        days, relapsed = (np.concatenate(pair) for pair in zip(one, two, strict=True))
        found.append(hazard_ratio(days, relapsed, np.arange(days.size) < one[0].size))
    return found


def relapse_hazard_ratio(view: View) -> Numbers:
    """Hazard ratio of relapse against the control by Cox regression.

    view     an endpoint of an arm
    returns  [replicate]  1  NaN where not estimable
    """
    return np.array([np.exp(each.log_ratio) for each in relapse_hazards(view)])
