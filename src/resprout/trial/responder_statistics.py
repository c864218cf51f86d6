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
    before, now = (responded(view.rating[:, :, at], view.rating[:, :, 0]) for at in (start, view.at))
    return np.asarray((before & now).sum(axis=1) / before.sum(axis=1))


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
    return responded(upto, view.rating[:, :, :1])


def _early_and_late(view: View) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Who responds at the visit, and who at the primary one."""
    primary = view.protocol.primary
    late = -1 if primary is None else int(np.abs(view.visits - primary.time).argmin())
    early, end = (responded(view.rating[:, :, at], view.rating[:, :, 0]) for at in (view.at, late))
    return early, end
