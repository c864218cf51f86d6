"""The meta-analysis as pictures: a forest of drug effects, and improvement over time on drug and control."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from resprout.calibrate.meta_analysis_time_courses import TimeCoursePanel
from resprout.figures.palette import CONTROL_COLOUR, INK, LINE, STAGE_COLOUR, faint, plain_template

ROW_PX = 30
NAME_LETTER_PX = 7.4
PANELS_A_ROW = 2
LARGEST_POINT_PX = 26


@dataclass(frozen=True)
class ForestRow:
    """One line of the forest: name, group, effect with its interval, and what it rests on, in words."""

    name: str
    group: str
    median: float
    lower: float
    upper: float
    said: str


def effect_forest(rows: Sequence[ForestRow], *, title: str, axis: str) -> go.Figure:
    """Draw effects with their 90 % intervals, group by group.

    rows      those of a group together
    title     what the picture shows
    axis      title of the axis
    returns   Plotly figure
    """
    figure, place, ticks, group = go.Figure(), 0.0, [], ""
    colours = dict(zip(dict.fromkeys(row.group for row in rows), list(STAGE_COLOUR.values())[::-1], strict=False))
    for row in rows:
        if row.group != group:
            place -= 0.4 if group else 0.0
            group = row.group
        colour = colours.get(row.group, INK)
        figure.add_trace(_effect_trace(row, place, colour, not any(trace.name == row.group for trace in figure.data)))
        beside = f"{row.median:+.2f} ({row.lower:+.2f} to {row.upper:+.2f})  {row.said}"
        figure.add_annotation(
            x=1, xref="paper", xanchor="left", xshift=10, y=place, text=beside, showarrow=False, font={"size": 12}
        )
        ticks.append((place, row.name))
        place -= 1
    figure.add_vline(x=0, line={"color": CONTROL_COLOUR, "width": 1})
    figure.update_layout(
        template=plain_template(),
        title={"text": title, "x": 0.02, "xref": "container", "y": 0.975, "yanchor": "top"},
        height=int(ROW_PX * -place + 175),
        width=980,
        margin={"l": NAME_LETTER_PX * max(len(row.name) for row in rows) + 20, "r": 330, "t": 95, "b": 55},
        legend={"orientation": "h", "x": 0, "y": 1.0, "yanchor": "bottom", "font": {"size": 12}},
    )
    figure.update_xaxes(title_text=axis, showgrid=True)
    figure.update_yaxes(
        tickvals=[at for at, _ in ticks], ticktext=[name for _, name in ticks], range=[place + 0.2, 0.7], showgrid=False
    )
    return figure


def time_course_figure(panels: Sequence[TimeCoursePanel], *, title: str) -> go.Figure:
    """Draw improvement over time, a panel a drug: prediction with 90 % band, published points as large as their people.

    panels    one for each drug
    title     what the picture shows
    returns   Plotly figure
    """
    rows = -(-len(panels) // PANELS_A_ROW)
    figure = make_subplots(
        rows=rows,
        cols=PANELS_A_ROW,
        subplot_titles=[panel.title for panel in panels],
        horizontal_spacing=0.08,
        vertical_spacing=min(0.28 / rows, 0.12),
    )
    for number, panel in enumerate(panels):
        row, column = number // PANELS_A_ROW + 1, number % PANELS_A_ROW + 1
        named = {trace.name for trace in figure.data}
        figure.add_traces([*_curves(panel, named), *_published(panel, named)], rows=row, cols=column)
    figure.update_layout(
        template=plain_template(),
        title={"text": title, "x": 0.02, "xref": "container", "y": 0.985, "yanchor": "top"},
        height=250 * rows + 130,
        width=980,
        margin={"l": 70, "r": 25, "t": 105, "b": 55},
        legend={"orientation": "h", "x": 0, "y": 1.0, "yanchor": "bottom", "yref": "paper"},
    )
    figure.update_layout(legend={"y": 1 + 32 / (250 * rows)})
    figure.update_xaxes(title_text="days", title_standoff=4)
    figure.update_yaxes(tickformat=".0%", zeroline=True, zerolinecolor=LINE)
    figure.update_annotations(font={"size": 13})
    return figure


def _effect_trace(row: ForestRow, place: float, colour: str, first: bool) -> go.Scatter:
    """An effect with its interval; the first of a group stands in the legend."""
    return go.Scatter(
        x=[row.median],
        y=[place],
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [row.upper - row.median],
            "arrayminus": [row.median - row.lower],
            "thickness": 1.8,
            "width": 0,
            "color": faint(colour, 0.7),
        },
        mode="markers",
        marker={"symbol": "square", "size": 9, "color": colour},
        name=row.group,
        legendgroup=row.group,
        showlegend=first,
        hovertemplate=f"{row.name}: %{{x:.2f}} ({row.lower:.2f} to {row.upper:.2f}), {row.said}<extra></extra>",
    )


def _curves(panel: TimeCoursePanel, named: set[str]) -> list[go.Scatter]:
    """Predictions of one panel with their 90 % bands."""
    traces, days = [], [hour / 24 for hour in panel.hours]
    for arm, (median, lower, upper) in panel.curves.items():
        colour, name = CONTROL_COLOUR if arm == "control" else STAGE_COLOUR["score"], f"predicted, {arm}"
        band = go.Scatter(
            x=[*days, *days[::-1]],
            y=[*upper, *list(lower)[::-1]],
            fill="toself",
            fillcolor=faint(colour, 0.15),
            mode="lines",
            line={"width": 0},
            hoverinfo="skip",
            showlegend=False,
        )
        line = go.Scatter(
            x=days,
            y=median,
            mode="lines",
            line={"color": colour, "width": 2.2},
            name=name,
            legendgroup=name,
            showlegend=name not in named,
            hovertemplate="%{y:.0%} at %{x:.1f} d<extra></extra>",
        )
        traces += [band, line]
    return traces


def _published(panel: TimeCoursePanel, named: set[str]) -> list[go.Scatter]:
    """Published means of one panel."""
    traces = []
    for control in (True, False):
        own = [point for point in panel.points if point[3] == control]
        name = "published, control" if control else "published, drug"
        points = go.Scatter(
            x=[hour / 24 for hour, *_ in own],
            y=[point[1] for point in own],
            mode="markers",
            marker={
                "size": [min(5 + 0.9 * point[2] ** 0.5, LARGEST_POINT_PX) for point in own],
                "color": faint(CONTROL_COLOUR if control else STAGE_COLOUR["score"], 0.6),
                "line": {"color": "white", "width": 1},
            },
            name=name,
            legendgroup=name,
            showlegend=name not in named,
            text=[point[4] for point in own],
            hovertemplate="%{text}: %{y:.0%} at %{x:.1f} d<extra></extra>",
        )
        traces += [points] if own else []
    return traces
