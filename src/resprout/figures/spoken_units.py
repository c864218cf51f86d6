"""Times and units as one says them aloud, for pictures and screens alike."""

from __future__ import annotations


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


def format_unit(unit: str) -> str:
    """A unit of the model as one writes it: ng/mL for ng_per_mL, nothing for a bare number."""
    if unit in ("", "1", "dimensionless"):
        return ""
    shown = f"1/{unit.removeprefix('per_')}" if unit.startswith("per_") else unit.replace("_per_", "/")
    return "points" if shown == "point" else shown
