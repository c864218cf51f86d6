"""A forest: shares of several trials with intervals, and what they say together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

from resprout.figures.palette import CONTROL_COLOUR, INK, STAGE_COLOUR, faint, plain_template

ROW_HEIGHT = 34


@dataclass(frozen=True)
class Line:
    """One row of a forest.

    label      name of the trial            group     heading under which it stands
    share      0 to 1   predicted           lower, upper   its 95 % prediction interval
    n          people                       observed  0 to 1 published, None where nothing is
    elsewhere  published share of another time, and when in words; None where nothing is
    """

    label: str
    group: str
    share: float
    lower: float
    upper: float
    n: int
    observed: float | None = None
    elsewhere: tuple[float, str] | None = None


@dataclass(frozen=True)
class Diamond:
    """The pooled estimate: share, its interval, and the interval for the true share of a next trial."""

    label: str
    share: float
    lower: float
    upper: float
    ahead_lower: float
    ahead_upper: float


def forest(lines: Sequence[Line], pooled: Diamond, *, title: str, subtitle: str, axis: str) -> go.Figure:
    """Draw a forest plot.

    lines    rows from top to bottom, those of a group together      pooled   the diamond below them
    axis     title of the axis of shares
    """
    figure = go.Figure()
    place, ticks, group = 0.0, [], ""
    for line in lines:
        if line.group != group:
            place -= 0.35 if group else 0.0
            group = line.group
            figure.add_annotation(
                x=0, xref="paper", y=place, xanchor="right", text=f"<b>{group}</b>", showarrow=False, xshift=-8
            )
            place -= 1
        ticks.append((place, line.label))
        _draw_line(figure, line, place)
        place -= 1
    place -= 0.3
    _draw_diamond(figure, pooled, place)
    ticks.append((place, f"<b>{pooled.label}</b>"))
    colour = STAGE_COLOUR["score"]
    figure.add_vline(x=pooled.share, line={"color": faint(colour, 0.5), "width": 1, "dash": "dot"})
    figure.update_layout(
        template=plain_template(),
        title={
            "text": f"{title}<br><span style='font-size:13px'>{subtitle}</span>",
            "y": 0.955,
            "x": 0.02,
            "xref": "container",
        },
        height=int(ROW_HEIGHT * (1.0 - place) + 240),
        margin={"l": 190, "r": 185, "t": 155, "b": 55},  # room for two lines of subtitle and two of the legend
        legend={"orientation": "h", "x": 0, "y": 1.0, "yanchor": "bottom", "font": {"size": 12}},
    )
    figure.update_xaxes(range=[-0.01, 1.01], tickformat=".0%", title_text=axis, showgrid=True)
    figure.update_yaxes(
        tickvals=[at for at, _ in ticks],
        ticktext=[label for _, label in ticks],
        range=[place - 0.8, 0.6],
        showgrid=False,
        tickfont={"size": 12.5, "color": INK},
    )
    return figure


def _draw_line(figure: go.Figure, line: Line, place: float) -> None:
    """Draw one trial: a square as large as its people, its interval, the published share where there is one."""
    colour = STAGE_COLOUR["score"]
    first = not any(trace.name == "virtual trial" for trace in figure.data)
    figure.add_trace(
        go.Scatter(
            x=[line.share],
            y=[place],
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [line.upper - line.share],
                "arrayminus": [line.share - line.lower],
                "thickness": 1.6,
                "width": 0,
                "color": faint(colour, 0.7),
            },
            mode="markers",
            marker={"symbol": "square", "size": 6 + 1.6 * line.n**0.5, "color": colour},
            name="virtual trial",
            legendgroup="virtual",
            showlegend=first,
            hovertemplate=f"{line.label}: %{{x:.0%}} ({line.lower:.0%} to {line.upper:.0%}), n={line.n}<extra></extra>",
        )
    )
    if line.observed is not None:
        new = not any(trace.name == "published" for trace in figure.data)
        figure.add_trace(
            go.Scatter(
                x=[line.observed],
                y=[place],
                mode="markers",
                marker={"symbol": "diamond-open", "size": 11, "color": INK, "line": {"width": 1.8}},
                name="published",
                showlegend=new,
                hovertemplate=f"published: {line.observed:.0%}<extra></extra>",
            )
        )
    if line.elsewhere is not None:
        _draw_elsewhere(figure, line.elsewhere, place)
    text = f"{line.share:.0%} ({line.lower:.0%}–{line.upper:.0%})  n={line.n}"
    _write_beside(figure, place, text, {"size": 12, "color": CONTROL_COLOUR})


def _draw_elsewhere(figure: go.Figure, published: tuple[float, str], place: float) -> None:
    """Draw the published share of another time, paler, with the time beside it."""
    share, when = published
    name = "published, at another time"
    figure.add_trace(
        go.Scatter(
            x=[share],
            y=[place],
            mode="markers+text",
            marker={"symbol": "diamond-open", "size": 9, "color": CONTROL_COLOUR, "line": {"width": 1.5}},
            text=[when],
            textposition="top center",
            textfont={"size": 10.5, "color": CONTROL_COLOUR},
            name=name,
            showlegend=not any(trace.name == name for trace in figure.data),
            hovertemplate=f"published {when}: {share:.0%}<extra></extra>",
        )
    )


def _draw_diamond(figure: go.Figure, pooled: Diamond, place: float) -> None:
    """Draw the pooled estimate as a diamond, with a thin line for the next trial."""
    colour = STAGE_COLOUR["score"]
    figure.add_trace(
        go.Scatter(
            x=[pooled.ahead_lower, pooled.ahead_upper],
            y=[place, place],
            mode="lines",
            line={"color": faint(colour, 0.45), "width": 5},
            name="true share of a next trial, 95 %",
            hoverinfo="skip",
        )
    )
    figure.add_trace(
        go.Scatter(
            x=[pooled.lower, pooled.share, pooled.upper, pooled.share, pooled.lower],
            y=[place, place + 0.28, place, place - 0.28, place],
            fill="toself",
            fillcolor=colour,
            mode="lines",
            line={"color": colour, "width": 1},
            showlegend=False,
            hovertemplate=f"pooled: {pooled.share:.0%} ({pooled.lower:.0%} to {pooled.upper:.0%})<extra></extra>",
        )
    )
    text = f"<b>{pooled.share:.0%} ({pooled.lower:.0%}–{pooled.upper:.0%})</b>"
    _write_beside(figure, place, text, {"size": 12})


def _write_beside(figure: go.Figure, place: float, text: str, font: dict[str, Any]) -> None:
    """Write the numbers of a line to the right of the plot."""
    beside = {"x": 1, "xref": "paper", "xanchor": "left", "xshift": 10}
    figure.add_annotation(**beside, y=place, text=text, showarrow=False, font=font)
