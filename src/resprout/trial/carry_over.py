"""Carry-over of a crossover: baselines of the second period by what was given first in, notable differences out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from resprout.language.rating_scales import mood_rated
from resprout.trial.design import Endpoint, Protocol
from resprout.trial.trial_outcome import Outcome

Numbers = NDArray[np.float64]
NOTABLE = 0.05  # of the first baseline; a smaller difference is not warned of
STANDARD_ERRORS = 2.0


@dataclass(frozen=True)
class CarryOver:
    """How far people start their second period from where those start it who had the control first.

    endpoint, arm   scale, and what was given first
    control         what the others were given first; empty where all had the same, compared with their own first baseline
    points          mean difference of the change from the first to the second baseline
    """

    endpoint: str
    arm: str
    control: str
    points: float


def carry_over(protocol: Protocol, outcome: Outcome) -> list[CarryOver]:
    """Find carry-over of each arm of a crossover on each scale of depression.

    protocol  design of the trial
    outcome   ratings of every replicate; crossover arms list the patients in one order
    returns   differences of more than a twentieth of the first baseline and two standard errors; none for parallel groups
    """
    if protocol.design != "crossover":
        return []
    found = []
    for endpoint in protocol.endpoints:
        if mood_rated(outcome.scales, endpoint.name):
            changes = _changes(protocol, outcome, endpoint)
            control = str(protocol.control_arm) if protocol.control_arm in changes else ""
            for arm, (change, baseline) in changes.items():
                others = changes[control][0] if control else np.zeros(1)
                gap = float(change.mean() - others.mean())
                error = float(np.sqrt(change.var() / change.size + others.var() / others.size))
                if arm != control and abs(gap) > max(NOTABLE * abs(baseline), STANDARD_ERRORS * error):
                    found.append(CarryOver(endpoint.name, arm, control, gap))
    return found


def _changes(protocol: Protocol, outcome: Outcome, endpoint: Endpoint) -> dict[str, tuple[Numbers, float]]:
    """By the arm given first: everybody's change from the first to the second baseline, and the mean of the first."""
    names, before, found = [arm.name for arm in protocol.arms], 0, {}
    for place, arm in enumerate(protocol.arms):
        people = slice(before, before + (arm.first or 0))
        before = people.stop
        second = names[(place + 1) % len(names)]
        one, two = (outcome.ratings[name, endpoint.name][:, people, 0] for name in (arm.name, second))
        if one.size:
            found[arm.name] = ((two - one).ravel(), float(one.mean()))
    return found
