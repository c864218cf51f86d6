"""Pictures as plain data: numbers in, dictionaries that Plotly draws out; cheap enough to make at every move of a slider."""

from __future__ import annotations

import base64
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from resprout.figures.palette import AXIS, FONT, INK

Picture = dict[str, Any]


def packed(values: ArrayLike) -> dict[str, str]:
    """Numbers as the browser's own array of 32-bit floats: a quarter of the text, and nothing to parse."""
    return {"dtype": "f4", "bdata": base64.b64encode(np.asarray(values, dtype="<f4").tobytes()).decode()}


def axis(**more: Any) -> Picture:
    """An axis in the look of every figure of resprout."""
    return {**AXIS, "fixedrange": True, "automargin": False, **more}


def words(text: str) -> Picture:
    """The words beside an axis."""
    return {"text": text, "standoff": 5, "font": {"size": 12}}


def value_axis(**more: Any) -> Picture:
    """An upright axis: a light grid and no line."""
    return axis(**{"showgrid": True, "showline": False, "ticks": "", "nticks": 5, **more})


TRIAL_HEIGHT, BALANCE_HEIGHT, RATINGS_HEIGHT = 280, 320, 340
"""Heights of pictures in pixels; their places have the same, since a picture that follows the width forgets its own."""


def look(height: int, margin: Sequence[int], **more: Any) -> Picture:
    """A layout without background; margin is left, right, top, bottom in pixels."""
    left, right, top, bottom = margin
    return {
        "font": {"family": FONT, "size": 12.5, "color": INK},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "height": height,
        "margin": {"l": left, "r": right, "t": top, "b": bottom},
        "showlegend": False,
        "hovermode": "closest",
        "uirevision": "kept",
        **more,
    }


def nice_range(lowest: float, highest: float, room: float = 0.06) -> list[float]:
    """A range with round ends, so that an axis stands still while a curve moves a little."""
    if not math.isfinite(lowest) or not math.isfinite(highest) or highest <= lowest:
        return [0.0, 1.0]
    span = (highest - lowest) * (1 + room)
    step = 10 ** math.floor(math.log10(span))
    step *= next(size for size in (0.1, 0.2, 0.5, 1.0) if span / (step * size) <= 10)
    if -room * span < lowest <= 0:  # rounding below zero is no reason for an axis that starts there
        return [0.0, math.ceil((highest + room * span / 2) / step) * step]
    bottom = math.floor((lowest - room * span / 2) / step) * step
    return [bottom, math.ceil((highest + room * span / 2) / step) * step]
