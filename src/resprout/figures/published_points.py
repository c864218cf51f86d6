"""Published means of a trial as points of its figures: a protocol and predicted means in, values with intervals out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from scipy.special import stdtrit

from resprout.figures.palette import INK, whiskers
from resprout.figures.spoken_units import format_time
from resprout.trial.design import Protocol, Published

SHOWN = ("read", "secondary", "digitised")  # numbers that nobody has seen at a source are not drawn
SPREAD = {"mean": "sd", "mean_change": "sd_change"}
MOST_DIFFERENCES = 3
PUBLISHED = "published"


@dataclass(frozen=True)
class PublishedPoint:
    """A published mean at a visit.

    arm, endpoint, time_h   where it stands                 value        on the endpoint's scale
    half_width              of its 95 % interval; NaN where no standard deviation is published
    n                       people behind it                said         what was published, in words
    """

    arm: str
    endpoint: str
    time_h: float
    value: float
    half_width: float
    n: int
    said: str


def published_points(protocol: Protocol, table: pd.DataFrame) -> list[PublishedPoint]:
    """Published means and changes of a trial, for its figure.

    protocol  of the trial
    table     long table of the trial; a published change is drawn from the predicted mean at the first visit
    returns   those whose number was seen; bounds are left out
    """
    found = []
    for row in protocol.published:
        if row.statistic in SPREAD and row.verification in SHOWN and not row.bound and row.arm and row.time is not None:
            start = _start(table, row) if row.statistic == "mean_change" else 0.0
            if not np.isnan(start):
                found.append(_point(protocol, row, start))
    return found


def _point(protocol: Protocol, row: Published, start: float) -> PublishedPoint:
    """One published mean; `start` is added to a change."""
    n = row.people or _people(protocol, row.arm)
    deviation = next((each.value for each in protocol.published if _is_spread_of(each, row)), np.nan)
    half_width = float(stdtrit(n - 1, 0.975)) * deviation / n**0.5 if n > 1 else np.nan
    spread = "" if np.isnan(deviation) else f" (SD {deviation:g})"
    kind = "published change" if row.statistic == "mean_change" else "published mean"
    return PublishedPoint(
        row.arm,
        row.endpoint,
        float(row.time or 0.0),
        start + row.value,
        half_width,
        n,
        f"{kind} {row.value:g}{spread}, n={n}",
    )


def _is_spread_of(other: Published, row: Published) -> bool:
    same = (other.arm, other.endpoint, other.time) == (row.arm, row.endpoint, row.time)
    return same and other.statistic == SPREAD[row.statistic] and other.people == row.people


def _people(protocol: Protocol, arm: str) -> int:
    if protocol.design == "crossover":
        return protocol.people
    return next((each.size or 0 for each in protocol.arms if each.name == arm), 0)


def _start(table: pd.DataFrame, row: Published) -> float:
    """Predicted mean of an arm at its first visit; NaN if it has none."""
    own = table[table["statistic"].eq("mean") & table["arm"].eq(row.arm) & table["endpoint"].eq(row.endpoint)]
    return float(own.sort_values("time_h")["value"].iloc[0]) if len(own) else np.nan


def published_trace(
    points: Sequence[PublishedPoint], visits: Sequence[float], *, beside: float = 0.0, shown: bool = False
) -> go.Scatter:
    """The points of one arm and endpoint on an axis of evenly spaced visits, as open diamonds.

    visits   h   of the axis, ascending
    beside   of the space between visits, how far from the visit they stand, so that arms do not cover each other
    shown    whether the legend names them
    """
    places = np.interp([point.time_h for point in points], list(visits), range(len(visits)))
    half = np.nan_to_num([point.half_width for point in points])
    return go.Scatter(
        x=[float(place) + beside for place in places],
        y=[point.value for point in points],
        error_y=whiskers(half, half, INK),
        mode="markers",
        marker={"symbol": "diamond-open", "size": 10, "color": INK, "line": {"width": 1.8}},
        name=PUBLISHED,
        legendgroup=PUBLISHED,
        showlegend=shown,
        text=[f"{point.arm}: {point.said}" for point in points],
        hovertemplate="%{text}<extra></extra>",
    )


def published_words(protocol: Protocol, points: Sequence[PublishedPoint]) -> str:
    """What the diamonds are, and the published differences from the control; empty where nothing was published."""
    said = []
    if points:
        changes = any(point.said.startswith("published change") for point in points)
        drawn = " (changes from the predicted start)" if changes else ""
        sizes = sorted({point.n for point in points})
        n = f"{sizes[0]}" if len(sizes) == 1 else f"{sizes[0]} to {sizes[-1]}"
        bars = ", bars 95 % intervals where an SD is published" if any(p.half_width > 0 for p in points) else ""
        said.append(f"diamonds: published means{drawn}, n = {n} per arm{bars}")
    differences = [
        f"{row.endpoint} {row.value:g} ({row.arm}{f' at {format_time(row.time)}' if row.time is not None else ''})"
        for row in protocol.published
        if row.statistic == "difference" and row.verification in SHOWN and not row.bound
    ]
    if differences:
        more = f" and {len(differences) - MOST_DIFFERENCES} more" if len(differences) > MOST_DIFFERENCES else ""
        said.append(f"published difference from control: {', '.join(differences[:MOST_DIFFERENCES])}{more}")
    return "; ".join(said)
