"""From true scores to ratings: within-subject variability, a rater's items, and readings of a scale or a cuff."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from resprout.language.rating_scales import Scale
from resprout.language.records import Model
from resprout.people.rating_items import item_scores, items_of
from resprout.people.streams import normals

Numbers = NDArray[np.float64]
People = NDArray[np.int64]


def within_subject_variation(
    seed: int, person: People, times_h: Sequence[float], parameters: Mapping[str, float]
) -> Numbers:
    """Within-subject variability of severity, correlated over some days.

    seed        of the random streams
    person      [patient]        1  numbers in the population
    times_h     [time]           h  ascending, from screening on
    parameters  by constant of the model; `fluctuation_time` is used
    returns     [patient, time]  1  standard normal at each time; the correlation decreases with the time between
    """
    variation = np.empty((len(person), len(times_h)))
    variation[:, 0] = normals(seed, "mood swing at screening", person)
    for index in range(1, len(times_h)):
        kept = np.exp(-(times_h[index] - times_h[index - 1]) / parameters["fluctuation_time"])
        fresh = normals(seed, f"mood swing at {times_h[index] - times_h[0]:.4f} h", person)
        variation[:, index] = kept * variation[:, index - 1] + np.sqrt(1 - kept**2) * fresh
    return variation


def rate(
    scale: Scale,
    true: Numbers,
    variation: Numbers,
    seed: int,
    person: People,
    labels: Sequence[str],
    model: Model,
) -> Numbers:
    """Rate patients.

    scale    the rating scale
    true     [patient, visit]  points  true score, of HDRS17 for a scale of depression, of the scale itself for any other
    variation    [patient, visit]  1       within-subject variation; it changes scales of depression only
    seed     of the random streams
    person   [patient]         1       numbers in the population
    labels   a name for each visit, which keys the rater's error
    model    whose items, rater errors and within-subject variability are used
    returns  [patient, visit]  points  a multiple of the scale's step within its range
    """
    severity = np.maximum(true + model.nominal["fluctuation"] * variation, 0.0) if scale.mood else true
    if not scale.rater_error:
        return scale.lowest + item_scores(scale, severity, model, seed, person, labels).sum(axis=2, dtype=float)
    error = np.stack([normals(seed, f"rater {scale.name} {label}", person) for label in labels], axis=1)
    if scale.is_self_rated:
        true = severity * (model.nominal[scale.ratio] if scale.ratio else 1.0)
    read = np.round((true + model.nominal[scale.rater_error] * error) / scale.step) * scale.step
    return np.clip(read, scale.lowest, scale.highest)


def points_of(scale: Scale, true: Mapping[str, Numbers], model: Model) -> Numbers:
    """True score of people on a scale of depression that the model has no output for.

    scale    a self-rating, or an item of another scale
    true     by output: [patient] points
    model    whose ratio is used
    returns  [patient]  points  of the self-rating; of an item, of the scale that it is part of
    """
    share = model.nominal[scale.ratio] if scale.is_self_rated and scale.ratio else 1.0
    return np.asarray(true[scale.rates] * share)


def visit_label(period: int, hour: float) -> str:
    """The name of one visit, which keys the random streams of its ratings.

    period   number of the period, from 0
    hour     scalar  h  since the first dose of the period
    returns  text
    """
    return f"period {period} at {hour:.4f} h"


def screening_rater(
    model: Model, confirmed_after_h: float | None = None
) -> Callable[[str, Numbers, People, int], Numbers]:
    """Make a rater of candidates, who includes within-subject variability.

    model              whose items, rater errors and within-subject variability are used
    confirmed_after_h  scalar  h  time until the baseline, if that rating counts as well; None if not
    returns            (scale, true score, person, seed) -> [candidate] points; the lower of the two if there are two. The
                       true score of an item is that of the scale that it is part of
    """
    ratios = items_of(model).ratios
    hours = [0.0] if confirmed_after_h is None else [0.0, confirmed_after_h]

    def rater(scale: str, true: Numbers, person: People, seed: int) -> Numbers:
        variation = within_subject_variation(seed, person, hours, model.nominal)
        whole = model.scales[scale].rates if model.scales[scale].item else scale
        severity = np.repeat(true[:, None] / ratios[whole], len(hours), axis=1)
        labels = ["at screening", visit_label(0, 0.0)][: len(hours)]
        return rate(model.scales[scale], severity, variation, seed, person, labels, model).min(axis=1)

    return rater
