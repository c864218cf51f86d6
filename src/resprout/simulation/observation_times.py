"""Hours worth observing: dense after each dose, sparse later."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

DENSE_DOSES = 12
"""More doses than this are observed densely after the first and the last only."""


def output_hours(doses_h: Sequence[float], last_h: float, further_h: Sequence[float] = ()) -> NDArray[np.float64]:
    """Hours worth observing, by default.

    doses_h     [dose]     h   times of the doses
    last_h      scalar     h   end of the observation
    further_h   [time]     h   observed besides, also after the end
    returns     [time]     h   ascending: every 5 min to 4 h after a dose, 30 min to 24 h, 3 h to 3 d, then 12 h
    """
    dense = list(doses_h) if len(doses_h) <= DENSE_DOSES else [doses_h[0], doses_h[-1]]
    after = np.concatenate(
        [np.arange(0, 48) / 12, np.arange(8, 48) / 2, np.arange(8, 24) * 3.0, np.arange(72, last_h + 12, 12)]
    )
    hours = [0.0, last_h, *doses_h]
    for dose, following in zip(dense, [*dense[1:], math.inf], strict=True):
        hours += [hour for hour in dose + after if hour < following]
    rounded = np.round(hours, 9)
    within = rounded[(rounded >= 0) & (rounded <= last_h)]
    return np.unique(np.concatenate([within, np.round(np.asarray(further_h, dtype=float), 9)]))
