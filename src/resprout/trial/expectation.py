"""What happens to symptoms without a drug: expectation, the natural course of illness, and being seen by a rater."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from resprout.trial.design import Protocol
from resprout.trial.ratings import fact

Numbers = NDArray[np.float64]
OPEN = ("open_label", "wait_list")  # whoever is treated knows it


def belief(protocol: Protocol, arm: str, peak_euphoria: Numbers) -> Numbers:
    """How sure patients are of being treated with something effective.

    protocol       design of the trial
    arm            name of the arm
    peak_euphoria  [patient]  points  highest VAS_high; may unblind where the trial is blind and blinding is natural
    returns        [patient]  1       0 to 1
    """
    is_control = arm == protocol.control_arm
    if protocol.control == "wait_list" and is_control:
        return np.zeros(len(peak_euphoria))
    blind = 1.0 if protocol.control in OPEN else fact(f"belief_{protocol.control}")
    if is_control or protocol.blinding == "maintained":
        return np.full(len(peak_euphoria), blind)
    told = np.maximum(peak_euphoria, 0.0)
    return blind + (1 - blind) * told / (told + fact("unblinding_VAS_high"))


def expectation_left(
    sure: Numbers, propensity: Numbers, since_h: Numbers, occasions_h: Sequence[float], *, pills: bool
) -> Numbers:
    """Share of symptoms that remains after the effect of expectation.

    sure         [patient]        1  belief of being treated, 0 to 1
    propensity   [patient]        1  placebo propensity of the patient, mean 1
    since_h      [time]           h  since the first treatment; no effect before it
    occasions_h  [occasion]       h  treatments, from the first; each renews expectation
    pills        oral drugs are expected to take weeks, procedures hours
    returns      [patient, time]  1  0 to 1
    """
    since = np.maximum(since_h, 0.0)
    given = np.asarray(occasions_h, dtype=float) - min(occasions_h)
    latest = given[np.maximum(np.searchsorted(given, since, side="right") - 1, 0)]
    onset = fact("placebo_onset_pill" if pills else "placebo_onset")
    course = (1 - np.exp(-since / onset)) * np.exp(-(since - latest) / fact("placebo_fade"))
    strength = -np.log1p(-fact("placebo_depth")) * sure * propensity
    return np.exp(-strength[:, None] * course)


def natural_course(recovery: Numbers, hours: Numbers) -> Numbers:
    """Share of symptoms that remains in the clinical course without treatment.

    recovery  [patient]        1  speed of recovery of the patient, mean 1
    hours     [time]           h  since screening
    returns   [patient, time]  1  0 to 1
    """
    return np.exp(-recovery[:, None] * np.maximum(hours, 0.0) / fact("recovery_time"))


def visit_fall(visits_h: Sequence[float]) -> Numbers:
    """Reduction of HDRS17 by the visits up to each one.

    visits_h  [visit]  h       times of the visits, ascending
    returns   [visit]  points  cumulative reduction

    A visit soon after another has a smaller effect, and so has a late one.
    """
    hours = np.asarray(visits_h, dtype=float)
    gaps, late = np.diff(hours), np.maximum(hours[1:] - hours[0] - fact("visit_reference"), 0.0)
    each = fact("visit_effect") * (1 - np.exp(-gaps / fact("visit_memory"))) * np.exp(-late / fact("visit_decline"))
    return np.concatenate([[0.0], np.cumsum(each)])
