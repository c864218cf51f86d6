"""What a self-rating asks about: visits in; the hours of the days before that it covers, and their mean, out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
MOMENTS = 5
"""Hours at which the days that a rating asks about are looked at, first and last included."""


def recall_time(scale: str, parameters: Mapping[str, float]) -> float:
    """How long before a visit the days begin that a scale asks about.

    scale       its name
    parameters  by constant of the model; `recall_` with the name of the scale is used
    returns     scalar  h  0 for a scale that rates the day itself
    """
    return parameters.get(f"recall_{scale}", 0.0)


def recalled_hours(
    scale: str, visits_h: Sequence[float] | Numbers, first_h: float, parameters: Mapping[str, float]
) -> Numbers:
    """The hours that the ratings of a scale cover.

    scale       its name
    visits_h    [visit]          h  when it is rated
    first_h     scalar           h  nothing is known before it, so that days before count as that hour
    parameters  by constant of the model; `recall_` with the name of the scale is used
    returns     [visit, moment]  h  ascending in each row, the visit itself last; MOMENTS of them, or one
    """
    recall = recall_time(scale, parameters)
    back = np.linspace(recall, 0.0, MOMENTS) if recall else np.zeros(1)
    return np.asarray(np.round(np.maximum(np.asarray(visits_h, dtype=float)[:, None] - back, first_h), 9))


def all_recalled_hours(
    visits: Iterable[tuple[str, Sequence[float]]], first_h: float, parameters: Mapping[str, float]
) -> set[float]:
    """Every hour that the ratings of several scales cover: h.

    visits      name of a scale and its visits, each
    first_h     scalar  h  as in `recalled_hours`
    parameters  by constant of the model
    """
    return {
        hour for scale, times in visits for hour in recalled_hours(scale, times, first_h, parameters).ravel().tolist()
    }


def recalled_mean(values: Numbers) -> Numbers:
    """The mean over the time that each rating covers.

    values   [..., visit, moment]  any  at the hours of `recalled_hours`
    returns  [..., visit]          any  by the trapezoidal rule
    """
    return np.asarray(values @ moment_weights(values.shape[-1]))


def moment_weights(moments: int) -> Numbers:
    """Weight of each of some evenly spaced hours in their mean, by the trapezoidal rule: [moment], sum 1."""
    if moments == 1:
        return np.ones(1)
    weight = np.full(moments, 1.0 / (moments - 1))
    weight[[0, -1]] /= 2
    return weight


def recalled_correlation(scales: Sequence[str], hours: Numbers, parameters: Mapping[str, float]) -> Numbers:
    """Correlation of the within-subject variability that ratings contain, with the variance that averaging leaves on the diagonal.

    scales      [visit]             names of the scales
    hours       [visit]         h   when they are rated
    parameters  by constant of the model; `fluctuation_time` and `recall_` with the names of the scales are used
    returns     [visit, visit]  1   of the variance on one day
    """
    recall = np.array([recall_time(scale, parameters) for scale in scales])
    moments = MOMENTS if recall.any() else 1
    covered = hours[:, None] - recall[:, None] * np.linspace(1.0, 0.0, moments)
    apart = np.abs(covered[:, :, None, None] - covered[None, None, :, :])
    weight = moment_weights(moments)
    return np.einsum("i,aibj,j->ab", weight, np.exp(-apart / parameters["fluctuation_time"]), weight)
