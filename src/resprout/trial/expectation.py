"""Symptoms without a drug: expectation, clinical course, and the effect of visits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from resprout.trial.design import Protocol

Numbers = NDArray[np.float64]
Parameters = Mapping[str, float]
OPEN = ("open_label", "wait_list")  # whoever is treated knows it


def belief(protocol: Protocol, arm: str, peak_euphoria: Numbers, parameters: Parameters) -> Numbers:
    """How sure patients are of being treated with something effective.

    protocol       design of the trial
    arm            name of the arm
    peak_euphoria  [patient]  points  highest VAS_high; may unblind where the trial is blind and blinding is natural
    parameters     by constant of the model; beliefs by control type and `unblinding_VAS_high` are used
    returns        [patient]  1       0 to 1
    """
    is_control = arm == protocol.control_arm
    if protocol.control == "wait_list" and is_control:
        return np.zeros(len(peak_euphoria))
    blind = 1.0 if protocol.control in OPEN else parameters[f"belief_{protocol.control}"]
    if is_control or protocol.blinding == "maintained":
        return np.full(len(peak_euphoria), blind)
    told = np.maximum(peak_euphoria, 0.0)
    return blind + (1 - blind) * told / (told + parameters["unblinding_VAS_high"])


def expectation_left(
    sure: Numbers,
    propensity: Numbers,
    since_h: Numbers,
    occasions_h: Sequence[float],
    parameters: Parameters,
    *,
    pills: bool,
) -> Numbers:
    """Share of symptoms that remains after the effect of expectation.

    sure         [patient]        1  belief of being treated, 0 to 1
    propensity   [patient]        1  placebo propensity of the patient, mean 1
    since_h      [time]           h  since the first treatment; no effect before it
    occasions_h  [occasion]       h  treatments, from the first; each renews expectation
    parameters   by constant of the model; onset, fade and depth of the placebo response are used
    pills        oral drugs are expected to take weeks, procedures hours
    returns      [patient, time]  1  0 to 1
    """
    since = np.maximum(since_h, 0.0)
    given = np.asarray(occasions_h, dtype=float) - min(occasions_h)
    latest = given[np.maximum(np.searchsorted(given, since, side="right") - 1, 0)]
    onset = parameters["placebo_onset_pill" if pills else "placebo_onset"]
    effect = (1 - np.exp(-since / onset)) * np.exp(-(since - latest) / parameters["placebo_fade"])
    strength = -np.log1p(-parameters["placebo_depth"]) * sure * propensity
    return np.exp(-strength[:, None] * effect)


def clinical_course(recovery: Numbers, hours: Numbers, parameters: Parameters) -> Numbers:
    """Share of symptoms that remains in the clinical course without treatment.

    recovery    [patient]        1  speed of recovery of the patient, mean 1
    hours       [time]           h  since screening
    parameters  by constant of the model; `recovery_time` is used
    returns     [patient, time]  1  0 to 1
    """
    return np.exp(-recovery[:, None] * np.maximum(hours, 0.0) / parameters["recovery_time"])


def visit_fall(visits_h: Sequence[float], parameters: Parameters) -> Numbers:
    """Reduction of HDRS17 by the visits up to each one.

    visits_h    [visit]  h       times of the visits, ascending
    parameters  by constant of the model; those whose names begin with `visit_` are used
    returns     [visit]  points  cumulative reduction

    A visit soon after another has a smaller effect, and so has a late one.
    """
    hours = np.asarray(visits_h, dtype=float)
    gaps, late = np.diff(hours), np.maximum(hours[1:] - hours[0] - parameters["visit_reference"], 0.0)
    soon = 1 - np.exp(-gaps / parameters["visit_memory"])
    each = parameters["visit_effect"] * soon * np.exp(-late / parameters["visit_decline"])
    return np.concatenate([[0.0], np.cumsum(each)])
