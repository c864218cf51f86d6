"""Where the value of a constant may lie: the word of its table's column `bounds`, or two numbers."""

from __future__ import annotations

import math
from typing import Literal

Bounds = Literal["any", "nonnegative", "positive", "share", "multiple"]
WORDS = {
    "any": "any finite number",
    "nonnegative": "at least 0",
    "positive": "above 0",
    "share": "from 0 to 1",
    "multiple": "at least 0, a multiple of the concentration of half effect",
}


def is_within(value: float, bounds: str) -> bool:
    """Whether a value may be taken; no word means any."""
    return {
        "nonnegative": value >= 0,
        "multiple": value >= 0,
        "positive": value > 0,
        "share": 0 <= value <= 1,
    }.get(bounds, True)


def is_between(value: float, lower: float | None, upper: float | None) -> bool:
    """Whether a value is neither below the one bound nor above the other; None or NaN bounds nothing."""
    return not ((lower is not None and value < lower) or (upper is not None and value > upper))


def in_words(lower: float | None, upper: float | None) -> str:
    """Two bounds, as messages say them."""
    low, high = (bound is not None and math.isfinite(bound) for bound in (lower, upper))
    if low and high:
        return f"from {lower:g} to {upper:g}"
    return f"at least {lower:g}" if low else f"at most {upper:g}" if high else WORDS["any"]


def number_or_nan(text: str) -> float:
    """The number in a cell; NaN where there is none."""
    try:
        return float(text)
    except ValueError:
        return math.nan
