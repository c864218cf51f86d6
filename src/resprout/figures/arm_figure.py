"""The arms of any trial over its visits: one panel an endpoint, mean with interval for each arm."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from resprout.figures.palette import CONTROL_COLOUR, DASHES, STAGE_COLOUR, plain_template, whiskers
from resprout.figures.published_points import (
    PUBLISHED,
    PublishedPoint,
    published_points,
    published_trace,
    published_words,
)
from resprout.figures.spoken_units import format_time, format_unit
from resprout.language import load_model
from resprout.trial.design import Protocol
from resprout.trial.endpoints import ENOUGH_REPLICATES

ARM_COLOURS = tuple(STAGE_COLOUR[stage] for stage in ("score", "dose", "receptor", "circuit", "spine", "signal"))
DODGE = 0.05  # of the space between visits
PANEL_HEIGHT = 250
TITLE_LETTERS, TITLE_LINE_PX = 68, 22
NOTE_LETTERS, NOTE_LINE_PX = 120, 17


def arms_over_time(
    table: pd.DataFrame, *, control: str | None, replicates: int, title: str, protocol: Protocol | None = None
) -> go.Figure:
    """Draw the mean of every arm at every visit.

    table       long table of a trial; rows with statistic `mean` are used
    control     name of the control arm, drawn grey and dotted
    replicates  trials behind it, which decide the kind of interval
    protocol    whose published numbers are drawn beside; None for none
    """
    points = [] if protocol is None else published_points(protocol, table)
    means = table[table["statistic"].eq("mean")]
    endpoints = list(dict.fromkeys(means["endpoint"]))
    figure = make_subplots(
        rows=len(endpoints), cols=1, vertical_spacing=0.5 / max(len(endpoints), 2) ** 1.4, subplot_titles=endpoints
    )
    arms = list(dict.fromkeys(means["arm"]))
    for row, endpoint in enumerate(endpoints, start=1):
        own = means[means["endpoint"].eq(endpoint)]
        visits = sorted(map(float, own["time_h"].unique()))
        for place, arm in enumerate(arms):
            dodge = DODGE * (place - (len(arms) - 1) / 2)
            _draw(figure, own[own["arm"].eq(arm)].sort_values("time_h"), visits, dodge, row, _look(arm, arms, control))
        _draw_published(figure, [point for point in points if point.endpoint == endpoint], visits, row)
        _label(figure, visits, row)
        figure.update_yaxes(title_text=endpoint_unit(endpoint), row=row, col=1)
    many = replicates >= ENOUGH_REPLICATES
    interval = "bars hold the 95 % prediction interval" if many else "bars are 95 % intervals"
    lines = wrap(title, TITLE_LETTERS) or [""]
    beside = "" if protocol is None else published_words(protocol, points)
    note = "".join(f"<br>{line}" for line in wrap(beside, NOTE_LETTERS))
    lines_px = TITLE_LINE_PX * len(lines) + NOTE_LINE_PX * note.count("<br>")
    figure.update_layout(
        template=plain_template(),
        title={
            "text": f"{'<br>'.join(lines)}<br><span style='font-size:13px'>means of {replicates:,} virtual trials; {interval}{note and ';'}{note}</span>",
            "y": 1,
            "yref": "container",
            "pad": {"t": 18},
        },
        height=PANEL_HEIGHT * len(endpoints) + 170 + lines_px,
        margin={"l": 65, "r": 40, "t": 120 + lines_px, "b": 50},
        legend={"orientation": "h", "x": 0, "y": 1 + 35 / (PANEL_HEIGHT * len(endpoints)), "yanchor": "bottom"},
    )
    return figure


def endpoint_unit(endpoint: str) -> str:
    """The unit of an endpoint, as an axis names it: points of a scale, mmHg of a blood pressure.

    endpoint   a scale of the shipped model; points of any other
    """
    scale = load_model().scales.get(endpoint)
    return "points" if scale is None else format_unit(scale.unit)


def _draw_published(figure: go.Figure, points: list[PublishedPoint], visits: list[float], row: int) -> None:
    """Draw published means of one endpoint, an arm at a time."""
    arms = list(dict.fromkeys(point.arm for point in points))
    for place, arm in enumerate(arms):
        own = [point for point in points if point.arm == arm]
        new = not any(trace.name == PUBLISHED for trace in figure.data)
        beside = 3 * DODGE * (place - (len(arms) - 1) / 2)
        figure.add_trace(published_trace(own, visits, beside=beside, shown=new), row=row, col=1)


def _look(arm: str, arms: Sequence[str], control: str | None) -> tuple[str, str, str]:
    """Colour, dash and symbol of an arm; grey and dotted for the control."""
    if arm == control:
        return CONTROL_COLOUR, "dot", "circle-open"
    number = [each for each in arms if each != control].index(arm)
    return ARM_COLOURS[number % len(ARM_COLOURS)], DASHES[number // len(ARM_COLOURS) % len(DASHES)], "circle"


def _draw(
    figure: go.Figure, rows: pd.DataFrame, visits: list[float], beside: float, row: int, look: tuple[str, str, str]
) -> None:
    """Draw one arm of one endpoint."""
    colour, dash, symbol = look
    name = str(rows["arm"].iloc[0]) if len(rows) else ""
    figure.add_trace(
        go.Scatter(
            x=[visits.index(float(hour)) + beside for hour in rows["time_h"]],
            y=rows["value"],
            error_y=whiskers(rows["upper"] - rows["value"], rows["value"] - rows["lower"], colour),
            mode="lines+markers",
            line={"color": colour, "width": 2, "dash": dash},
            marker={"size": 6, "symbol": symbol, "color": colour},
            name=name,
            legendgroup=name,
            showlegend=row == 1,
            text=[format_time(float(hour)) for hour in rows["time_h"]],
            hovertemplate="%{text}: %{y:.1f}<extra>" + name + "</extra>",
        ),
        row=row,
        col=1,
    )


def _label(figure: go.Figure, visits: list[float], row: int) -> None:
    """Name the visits; every second or third where they are many."""
    step = -(-len(visits) // 14)
    places = [place for place in range(len(visits)) if place % step == 0 or place == len(visits) - 1]
    figure.update_xaxes(
        tickvals=places,
        ticktext=[format_time(visits[place]) for place in places],
        range=[-0.4, len(visits) - 0.6],
        row=row,
        col=1,
    )
