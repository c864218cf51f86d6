"""Prediction interval of simulated values, whatever their distribution: values in, bounds out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def prediction_interval(seen: NDArray[np.float64], level: float) -> tuple[float, float]:
    """The central interval that one more value lies in with this probability.

    seen     [sample]  any  values simulated before; infinite ones count, NaN do not occur
    level    scalar    1    0 to 1
    returns  lower and upper bound; NaN without values

    One more value lies below the k-th smallest of n with probability k / (n + 1), whatever the distribution; between two
    values the bounds are linear in the probability. Where n is too small for the level, they are the extremes.

    Source: Wilks SS. Statistical prediction with special reference to the problem of tolerance limits. Ann Math Stat
    1942;13:400-409.
    """
    if not seen.size:
        return np.nan, np.nan
    ordered = np.sort(seen)
    return _at(ordered, 0.5 - level / 2), _at(ordered, 0.5 + level / 2)


def _at(ordered: NDArray[np.float64], probability: float) -> float:
    """The bound below which one more value lies with this probability."""
    # a place that is whole must not miss its value by rounding: the next one may be infinite
    place = float(np.clip(np.round(probability * (ordered.size + 1), 9) - 1, 0, ordered.size - 1))
    below, part = int(place), place - int(place)
    if part == 0:
        return float(ordered[below])
    # of a sum, since the difference of infinite values is unknown
    return float(ordered[below] * (1 - part) + ordered[below + 1] * part)
