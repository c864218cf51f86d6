"""Sensitivity as a picture: indices in, one panel for each output and time out, bars in the colour of the constant's stage."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from resprout.calibrate.sensitivity_indices import Index, Sensitivity, Target
from resprout.figures.palette import INK, STAGE_COLOUR, faint, plain_template
from resprout.language import STAGES

BAR_PX, HEAD_PX, NAMES_PX = 23, 105, 205
LEAST_BARS = 5  # for which there is room


def sensitivity_figure(found: Sensitivity, targets: Sequence[Target], top: int = 15) -> go.Figure:
    """Draw total indices as pale bars with first-order indices inside them, the largest on top; only effects if screened.

    found     as `analyse_sensitivity` gives it      targets   a panel each      top   constants in each panel
    returns   Plotly figure
    """
    shown = [found.of(target)[:top] for target in targets]
    screened = all(np.isnan(index.total) for rows in shown for index in rows)
    figure = make_subplots(rows=1, cols=len(targets), horizontal_spacing=0.34 / len(targets))
    for column, rows in enumerate(shown, start=1):
        _panel(figure, rows, column, screened)
        low, high = (f"{value:.3g}" for value in _middle(found, targets[column - 1]))
        text = (
            f"<b>{targets[column - 1].text}</b><br><sup>{low} to {high}, mean less and plus one SD of all samples</sup>"
        )
        figure.add_annotation(
            text=text,
            xref=f"x{column if column > 1 else ''} domain",
            yref="paper",
            x=0,
            y=1.0,
            xanchor="left",
            yanchor="bottom",
            showarrow=False,
            align="left",
        )
    _legend(figure, shown, screened)
    title = "mean effect of a step through the range" if screened else "share of variance"
    figure.update_xaxes(showgrid=True, rangemode="tozero", title={"text": title})
    figure.update_yaxes(showgrid=False, autorange="reversed", ticksuffix="  ")
    figure.update_layout(
        template=plain_template(),
        title={"text": finding(found, targets), "y": 0.97},
        height=BAR_PX * max(LEAST_BARS, *map(len, shown)) + HEAD_PX + 115,
        width=560 * len(targets) + NAMES_PX // 2,
        margin={"l": NAMES_PX, "r": 20, "t": HEAD_PX, "b": 115},
        barmode="overlay",
        bargap=0.35,
        legend={"orientation": "h", "x": 0, "xref": "container", "y": 0.01, "yref": "container", "yanchor": "bottom"},
    )
    return figure


def finding(found: Sensitivity, targets: Sequence[Target]) -> str:
    """The title: the constants to which the first target is most sensitive."""
    names = [readable_name(index.factor.name) for index in found.of(targets[0])[:3]]
    told = f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]
    return f"{targets[0].text} is most sensitive to {told}"


def colour_of(stage: int) -> str:
    """Colour of a stage of the chain; of what has no stage (0), that of text."""
    return STAGE_COLOUR[STAGES[stage - 1]] if stage else INK


def readable_name(name: str) -> str:
    """A constant's name as it is read."""
    return name.replace("_", " ")


def _panel(figure: go.Figure, rows: Sequence[Index], column: int, screened: bool) -> None:
    """Bars of one target with their intervals."""
    names = [readable_name(index.factor.name) for index in rows]
    colours = [colour_of(index.factor.stage) for index in rows]
    if screened:
        _bars(figure, column, names, [(i.mu_star, i.mu_star_lower, i.mu_star_upper) for i in rows], colours, "effect")
        return
    pale = [faint(colour, 0.35) for colour in colours]
    _bars(figure, column, names, [(i.total, i.total_lower, i.total_upper) for i in rows], pale, "total")
    _bars(
        figure, column, names, [(i.first, i.first_lower, i.first_upper) for i in rows], colours, "alone", interval=False
    )


def _bars(
    figure: go.Figure,
    column: int,
    names: Sequence[str],
    numbers: Sequence[tuple[float, float, float]],
    colours: Sequence[str],
    what: str,
    *,
    interval: bool = True,
) -> None:
    value = np.array([number[0] for number in numbers])
    above = np.array([number[2] for number in numbers]) - value
    below = value - np.maximum([number[1] for number in numbers], 0)
    hover = [
        f"{name}<br>{what} {now:.3g} ({low:.3g} to {high:.3g})"
        for name, (now, low, high) in zip(names, numbers, strict=True)
    ]
    error = {
        "type": "data",
        "array": above,
        "arrayminus": np.maximum(below, 0),
        "color": INK,
        "thickness": 1,
        "width": 2,
    }
    bar = go.Bar(
        x=np.maximum(value, 0),
        y=list(names),
        orientation="h",
        marker={"color": list(colours), "line": {"width": 0}},
        error_x=error if interval else None,
        width=0.66 if interval else 0.3,
        hovertext=hover,
        hoverinfo="text",
        showlegend=False,
    )
    figure.add_trace(bar, row=1, col=column)


def _legend(figure: go.Figure, shown: Sequence[Sequence[Index]], screened: bool) -> None:
    """One entry a stage that is shown, and one for what pale and full bars are."""
    stages = sorted({index.factor.stage for rows in shown for index in rows} - {0})
    for number in stages:
        stage = STAGES[number - 1]
        marker = {"color": STAGE_COLOUR[stage], "symbol": "square", "size": 11}
        figure.add_trace(go.Scatter(x=[None], y=[None], mode="markers", marker=marker, name=f"{number} {stage}"))
    if not screened:
        for name, opacity, size in (("alone (narrow)", 1.0, 8), ("with others (wide, 95 % interval)", 0.35, 12)):
            marker = {"color": faint(INK, opacity), "symbol": "square", "size": size}
            figure.add_trace(go.Scatter(x=[None], y=[None], mode="markers", marker=marker, name=name))


def _middle(found: Sensitivity, target: Target) -> tuple[float, float]:
    """Mean less and plus one standard deviation over the samples."""
    order = list(dict.fromkeys(index.target for index in found.indices))
    mean, deviation = found.spread[order.index(target)]
    return mean - deviation, mean + deviation
