"""Where the value of a constant may lie: the word of its table's column `bounds`."""

from __future__ import annotations

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
