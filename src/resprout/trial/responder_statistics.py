"""Statistics of who responds and when: a view of one arm's ratings in, one share a replicate out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from resprout.trial.trial_outcome import Numbers, View, responded, responder_share


def response_ever(view: View) -> Numbers:
    """Share of patients who respond at one visit or more up to this one.

    view     one endpoint of one arm
    returns  [replicate]  1  0 to 1
    """
    return np.asarray(_responses_so_far(view).any(axis=2).mean(axis=1))


def response_twice(view: View) -> Numbers:
    """Share of patients who respond at two visits or more up to this one, not necessarily one after the other.

    view     one endpoint of one arm
    returns  [replicate]  1  0 to 1
    """
    return np.asarray((_responses_so_far(view).sum(axis=2) >= 2).mean(axis=1))


def partial_response(view: View) -> Numbers:
    """Share of patients whose score has fallen by a fifth of its baseline.

    view     one endpoint of one arm
    returns  [replicate]  1  0 to 1
    """
    return responder_share(view.rating[:, :, view.at], view.rating[:, :, 0], drop=0.2)


def kept_response(view: View) -> Numbers:
    """Share of those who had responded when relapse starts to count who respond at the visit.

    view     one endpoint of one arm
    returns  [replicate]  1  0 to 1; NaN where nobody had responded
    """
    rule = view.protocol.relapse
    start = int(np.abs(view.visits - (rule.start if rule else view.visits[1])).argmin())
    before, now = (_responded_at(view, at) for at in (start, view.at))
    return np.asarray((before & now).sum(axis=1) / before.sum(axis=1))


def share_above(view: View) -> Numbers:
    """Share of patients who are above the endpoint's cut-off of events at any visit up to this one.

    view     one endpoint of one arm
    returns  [replicate]  1  0 to 1; NaN where the protocol has no cut-off
    """
    cut_off = view.protocol.events.get(view.endpoint, np.nan)
    upto = view.rating[:, :, : (view.at % len(view.visits)) + 1]
    return (upto > cut_off).any(axis=2).mean(axis=1) * (1.0 if np.isfinite(cut_off) else np.nan)


def sensitivity(view: View) -> Numbers:
    """Share of those who respond at the primary visit who respond at this one.

    view     one endpoint of one arm
    returns  [replicate]  1  0 to 1; NaN where nobody responds at the primary visit
    """
    early, late = _early_and_late(view)
    return np.asarray((early & late).sum(axis=1) / late.sum(axis=1))


def specificity(view: View) -> Numbers:
    """Share of those who do not respond at the primary visit who do not respond at this one.

    view     one endpoint of one arm
    returns  [replicate]  1  0 to 1; NaN where everybody responds at the primary visit
    """
    early, late = _early_and_late(view)
    return np.asarray((~early & ~late).sum(axis=1) / (~late).sum(axis=1))


def _responses_so_far(view: View) -> NDArray[np.bool_]:
    """Who responds at each visit after baseline up to this one: [replicate, patient, visit]."""
    upto = view.rating[:, :, 1 : (view.at % len(view.visits)) + 1]
    return responded(upto, view.rating[:, :, :1], at_most=view.response_cut_off)


def _early_and_late(view: View) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Who responds at the visit, and who at the primary one."""
    primary = view.protocol.primary
    late = -1 if primary is None else int(np.abs(view.visits - primary.time).argmin())
    return _responded_at(view, view.at), _responded_at(view, late)


def _responded_at(view: View, at: int) -> NDArray[np.bool_]:
    """Who responds at a visit: [replicate, patient]."""
    return responded(view.rating[:, :, at], view.rating[:, :, 0], at_most=view.response_cut_off)
