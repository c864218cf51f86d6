"""From true scores to ratings: expectation, mood swings, visits, rater error and the scale's steps."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from resprout.people.population import Fact, read_facts
from resprout.people.streams import normals
from resprout.trial.scales import SCALES, Scale

Numbers = NDArray[np.float64]
People = NDArray[np.int64]
RATER = {"VAS_high": "rater_VAS_high", "BPRS_positive": "rater_BPRS_positive", "CADSS": "rater_CADSS"}
RATER |= {"SBP": "rater_blood_pressure", "DBP": "rater_blood_pressure"}


@cache
def observation_facts() -> dict[str, Fact]:
    """The facts about rating that the package ships."""
    return read_facts(Path(__file__).with_name("observation.tsv"))


def fact(name: str) -> float:
    """The value of one observation fact, in the unit of its row."""
    return observation_facts()[name].value


def mood_swings(seed: int, person: People, times_h: Sequence[float]) -> Numbers:
    """Day-to-day swings of mood, remembered for some days.

    person    [person]        numbers in the population
    times_h   [time]          h  ascending, from screening on
    returns   [person, time]  1  standard normal at each hour; correlation falls with the time between
    """
    swing = np.empty((len(person), len(times_h)))
    swing[:, 0] = normals(seed, "mood swing at screening", person)
    for index in range(1, len(times_h)):
        kept = np.exp(-(times_h[index] - times_h[index - 1]) / fact("fluctuation_time"))
        fresh = normals(seed, f"mood swing at {times_h[index] - times_h[0]:.4f} h", person)
        swing[:, index] = kept * swing[:, index - 1] + np.sqrt(1 - kept**2) * fresh
    return swing


def belief(control: str, is_control: bool, peak_euphoria: Numbers) -> Numbers:
    """How sure people are of being treated with something that works.

    control         control type of the trial     is_control     whether this arm is the control
    peak_euphoria   [person]  points of VAS_high  gives the drug away where the trial is blind
    returns         [person]  0 to 1
    """
    blind = fact(f"belief_{control}")
    if is_control:
        return np.full(len(peak_euphoria), blind)
    told = np.maximum(peak_euphoria, 0.0)
    return blind + (1 - blind) * told / (told + fact("unblinding_VAS_high"))


def placebo_share(sure: Numbers, propensity: Numbers, since_h: Numbers) -> Numbers:
    """Share of symptoms that expectation takes away.

    sure        [person]        0 to 1  belief of being treated
    propensity  [person]        1       the person's own, mean 1
    since_h     [time]          h       since the treatment; nothing before it
    returns     [person, time]  0 to 1
    """
    since = np.maximum(since_h, 0.0)
    course = (1 - np.exp(-since / fact("placebo_onset"))) * np.exp(-since / fact("placebo_fade"))
    strength = -np.log1p(-fact("placebo_depth")) * sure * propensity
    return 1 - np.exp(-strength[:, None] * course)


def visit_fall(visits_h: Sequence[float]) -> Numbers:
    """Fall of HDRS17 that the visits up to each one have brought; visits_h [visit] h, ascending; returns [visit] points."""
    gaps = np.diff(np.asarray(visits_h, dtype=float))
    return np.concatenate([[0.0], np.cumsum(fact("visit_effect") * (1 - np.exp(-gaps / fact("visit_memory"))))])


def rate(scale: Scale, true: Numbers, swing: Numbers, seed: int, person: People, labels: Sequence[str]) -> Numbers:
    """Rate people.

    true     [person, visit]  points  score after treatment, expectation and visits
    swing    [person, visit]  1       mood swings; they move depression scales only
    labels   [visit]                  a name for each rating, which keys the rater's error
    returns  [person, visit]  points  a multiple of the scale's step within its range
    """
    span = scale.highest - scale.lowest
    rater_sd = fact(RATER[scale.name]) if scale.name in RATER else fact("rater_mood") * span
    error = np.stack([normals(seed, f"rater {scale.name} {label}", person) for label in labels], axis=1)
    heard = true + rater_sd * error + (fact("fluctuation") * span * swing if scale.mood else 0.0)
    return np.clip(np.round(heard / scale.step) * scale.step, scale.lowest, scale.highest)


def rate_at_screening(scale: str, true: Numbers, person: People, seed: int) -> Numbers:
    """Rate candidates once, on a good or a bad day; [person] points."""
    swing = mood_swings(seed, person, [0.0])
    return rate(SCALES[scale], true[:, None], swing, seed, person, ["at screening"])[:, 0]
