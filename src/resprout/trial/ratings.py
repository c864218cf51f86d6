"""From true scores to ratings: the day's mood, the rater's items, and readings of a line or a cuff."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from resprout.language import shipped_folder
from resprout.language.rating_scales import SCALES, Scale
from resprout.language.records import Model
from resprout.people.population import Fact, read_facts, value_now
from resprout.people.streams import normals
from resprout.trial.rating_items import item_scores

Numbers = NDArray[np.float64]
People = NDArray[np.int64]
RATIO_ENDING = "_per_HDRS17"
READER = {"VAS_high": "rater_VAS_high", "SBP": "rater_blood_pressure", "DBP": "rater_blood_pressure"}


@cache
def observation_facts() -> dict[str, Fact]:
    """The facts about rating that the package ships."""
    return read_facts(shipped_folder() / "ratings.tsv")


def fact(name: str) -> float:
    """The value of one observation fact, in the unit of its row."""
    return value_now(observation_facts()[name])


def ratios_of(model: Model) -> dict[str, float]:
    """Points of each scale of depression for one of HDRS17, as the model has them."""
    ratios = {"HDRS17": 1.0}
    for name, constant in model.constants.items():
        if name.endswith(RATIO_ENDING):
            ratios[name.removesuffix(RATIO_ENDING)] = constant.value
    return ratios


def mood_swings(seed: int, person: People, times_h: Sequence[float]) -> Numbers:
    """Day-to-day swings of mood, remembered for some days.

    person    [patient]        numbers in the population
    times_h   [time]          h  ascending, from screening on
    returns   [patient, time]  1  standard normal at each hour; correlation falls with the time between
    """
    swing = np.empty((len(person), len(times_h)))
    swing[:, 0] = normals(seed, "mood swing at screening", person)
    for index in range(1, len(times_h)):
        kept = np.exp(-(times_h[index] - times_h[index - 1]) / fact("fluctuation_time"))
        fresh = normals(seed, f"mood swing at {times_h[index] - times_h[0]:.4f} h", person)
        swing[:, index] = kept * swing[:, index - 1] + np.sqrt(1 - kept**2) * fresh
    return swing


def rate(
    scale: Scale,
    true: Numbers,
    swing: Numbers,
    seed: int,
    person: People,
    labels: Sequence[str],
    ratios: Mapping[str, float],
) -> Numbers:
    """Rate people.

    true     [patient, visit]  points  of HDRS17 for a scale of depression, of the scale itself for any other
    swing    [patient, visit]  1       mood swings; they move depression scales only
    labels   [visit]                  a name for each rating, which keys the rater's error
    ratios   points of each scale for one of HDRS17
    returns  [patient, visit]  points  a multiple of the scale's step within its range
    """
    severity = np.maximum(true + fact("fluctuation") * swing, 0.0) if scale.mood else true
    if scale.items:
        return scale.lowest + item_scores(scale, severity, ratios, seed, person, labels).sum(axis=2, dtype=float)
    error = np.stack([normals(seed, f"rater {scale.name} {label}", person) for label in labels], axis=1)
    read = np.round((true + fact(READER[scale.name]) * error) / scale.step) * scale.step
    return np.clip(read, scale.lowest, scale.highest)


def visit_label(period: int, hour: float) -> str:
    """The name of one visit, which keys the draws of its ratings."""
    return f"period {period} at {hour:.4f} h"


def screening_rater(
    model: Model, confirmed_after_h: float | None = None
) -> Callable[[str, Numbers, People, int], Numbers]:
    """Make a rater of candidates, who sees each on a good or a bad day.

    confirmed_after_h   hours until the baseline, if that rating counts as well
    returns             (scale, true score, person, seed) -> [patient] points; the lower of the two if there are two
    """
    ratios = ratios_of(model)
    hours = [0.0] if confirmed_after_h is None else [0.0, confirmed_after_h]

    def rater(scale: str, true: Numbers, person: People, seed: int) -> Numbers:
        swing = mood_swings(seed, person, hours)
        severity = np.repeat(true[:, None] / ratios[scale], len(hours), axis=1)
        labels = ["at screening", visit_label(0, 0.0)][: len(hours)]
        return rate(SCALES[scale], severity, swing, seed, person, labels, ratios).min(axis=1)

    return rater
