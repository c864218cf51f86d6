"""Relapse in a trial: ratings of the responders of each replicate in, times to relapse or censoring out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from resprout.statistics.time_to_event import times_to_relapse
from resprout.trial.trial_outcome import Numbers, View, responded


def times_to_relapse_by_replicate(view: View) -> list[tuple[Numbers, NDArray[np.bool_]]]:
    """Times to relapse of the responders of each replicate.

    view     an endpoint of an arm
    returns  days to relapse or censoring and whether relapsed, [responder] each, by replicate
    """
    rule = view.protocol.relapse
    if rule is None:
        raise ValueError("the protocol does not define relapse")
    start = int(np.abs(view.visits - rule.start).argmin())
    baseline = view.rating[:, :, 0]
    responder = responded(view.rating[:, :, start], baseline, drop=rule.response)
    after = view.visits[start + 1 :] / 24 - view.visits[start] / 24
    days, relapsed = times_to_relapse(
        view.rating[:, :, start + 1 :], baseline, list(after), kept=rule.kept, in_a_row=rule.in_a_row
    )
    return [(days[each, who], relapsed[each, who]) for each, who in enumerate(responder)]
