"""Times and units as one says them aloud, for pictures and screens alike."""

from __future__ import annotations

import re

LONG_HOURS = re.compile(r"(?:(\d+(?:\.\d+)?)-)?(\d+\.\d{3,}) h\b")


def format_time(time_h: float) -> str:
    """A time after the first dose as one says it aloud: 40 min, 4 h, 3 d."""
    minutes = round(time_h * 60)
    if minutes == 0:
        return "start"
    if minutes < 60 or (minutes < 300 and minutes % 60):
        return f"{minutes} min"
    if time_h < 48 and abs(time_h - 24) > 0.01:
        return f"{time_h:.3g} h"
    return f"{time_h / 24:.3g} d"


def with_spoken_times(text: str) -> str:
    """A text whose hours with many decimals are times as one says them aloud: 100 min for 1.66667 h."""

    def spoken(found: re.Match[str]) -> str:
        times = [format_time(float(each)) for each in found.groups() if each is not None]
        return " to ".join(times)

    return LONG_HOURS.sub(spoken, text)


def format_unit(unit: str) -> str:
    """A unit of the model as one writes it: ng/mL for ng_per_mL, nothing for a bare number."""
    if unit in ("", "1", "dimensionless"):
        return ""
    shown = f"1/{unit.removeprefix('per_')}" if unit.startswith("per_") else unit.replace("_per_", "/")
    return "points" if shown == "point" else shown
