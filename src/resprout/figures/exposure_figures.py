"""Exposure of observed people as pictures: change of a score over exposure, and a forest of covariate effects."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from resprout.figures.palette import CONTROL_COLOUR, INK, STAGE_COLOUR, faint, plain_template

if TYPE_CHECKING:
    import pandas as pd

ROW_PX = 34
NAMES = {"AUC_infinity": "AUC to infinity", "AUC_last": "AUC to the last level", "Cmax": "Cmax"}


def exposure_figure(points: pd.DataFrame, line: pd.DataFrame, *, title: str, exposure: str, change: str) -> go.Figure:
    """Draw everybody's change over exposure, and the regression with its 95 % band.

    points    exposure, change and patient           line   exposure, change, lower, upper
    title     what the picture shows                 exposure, change   titles of the axes
    returns   Plotly figure; exposure on a logarithmic axis
    """
    colour = STAGE_COLOUR["score"]
    x = [*line["exposure"], *line["exposure"][::-1]]
    y = [*line["upper"], *line["lower"][::-1]]
    fill = {"fillcolor": faint(colour, 0.16), "line": {"width": 0}}
    figure = go.Figure(
        go.Scatter(x=x, y=y, fill="toself", mode="lines", name="95 % confidence", hoverinfo="skip", **fill)
    )
    look = {"color": colour, "width": 2}
    figure.add_trace(go.Scatter(x=line["exposure"], y=line["change"], mode="lines", line=look, name="regression"))
    dots = go.Scatter(
        x=points["exposure"], y=points["change"], mode="markers", text=points["patient"], name="people",
        marker={"size": 7, "color": faint(INK, 0.65)}, hovertemplate="patient %{text}: %{x:.4g}, %{y:+.3g}<extra></extra>",
    )  # fmt: skip
    figure.add_trace(dots)
    figure.add_hline(y=0, line={"color": CONTROL_COLOUR, "width": 1, "dash": "dot"})
    ends = [*points["exposure"], *line["exposure"]]
    figure.update_xaxes(title_text=exposure, type="log", tickvals=log_ticks(min(ends), max(ends)))
    figure.update_yaxes(title_text=change)
    return _finished(figure, title, 470)


def covariate_figure(effects: pd.DataFrame, *, title: str, exposure: str, change: str) -> go.Figure:
    """Draw what covariates do to exposure and to the change at equal exposure, with 95 % limits.

    effects   outcome, covariate, contrast, people, effect, lower, upper
    title     what the picture shows                 exposure, change   titles of the axes
    returns   Plotly figure: ratios on a logarithmic axis on the left, points on the right
    """
    labels = list(dict.fromkeys(zip(effects["covariate"], effects["contrast"], strict=True)))
    place = {label: len(labels) - number for number, label in enumerate(labels)}
    figure = make_subplots(rows=1, cols=2, shared_yaxes=True, horizontal_spacing=0.06)
    panels = (("exposure", STAGE_COLOUR["dose"], 1.0, exposure), ("change", STAGE_COLOUR["score"], 0.0, change))
    for column, (outcome, colour, none, axis) in enumerate(panels, start=1):
        own = effects[effects["outcome"] == outcome]
        at = [place[label] for label in zip(own["covariate"], own["contrast"], strict=True)]
        bars = {"type": "data", "symmetric": False, "array": own["upper"] - own["effect"], "thickness": 1.6, "width": 0}
        bars |= {"arrayminus": own["effect"] - own["lower"], "color": faint(colour, 0.7)}
        dots = go.Scatter(
            x=own["effect"], y=at, error_x=bars, mode="markers", showlegend=False, customdata=own[["people", "lower", "upper"]],
            marker={"symbol": "square", "size": 9, "color": colour},
            hovertemplate="%{x:.3g} (%{customdata[1]:.3g} to %{customdata[2]:.3g}), n = %{customdata[0]}<extra></extra>",
        )  # fmt: skip
        figure.add_trace(dots, row=1, col=column)
        figure.add_vline(x=none, line={"color": CONTROL_COLOUR, "width": 1, "dash": "dot"}, row=1, col=column)
        kind = {"type": "log", "tickvals": log_ticks(*_ends(own))} if outcome == "exposure" else {}
        figure.update_xaxes(title_text=axis, showgrid=True, row=1, col=column, **kind)
    names = [f"{covariate}<br><span style='font-size:11px'>{contrast}</span>" for covariate, contrast in labels]
    ticks = {"tickvals": list(place.values()), "ticktext": names, "range": [0.4, len(labels) + 0.6], "showgrid": False}
    figure.update_yaxes(**ticks)
    return _finished(figure, title, ROW_PX * len(labels) + 190).update_layout(margin_l=190)


def log_ticks(lowest: float, highest: float) -> list[float]:
    """Round numbers within a range, for a logarithmic axis: two to eight where there are as many.

    lowest, highest   above 0
    """
    decades = range(math.floor(math.log10(lowest)), math.ceil(math.log10(highest)) + 1)
    for steps in ((1,), (1, 3), (1, 2, 5), (1, 1.5, 2, 3, 5, 7), (1, 1.2, 1.4, 1.6, 2, 2.5, 3, 4, 5, 6, 7, 8, 9)):
        found = [float(f"{step * 10.0**decade:g}") for decade in decades for step in steps]
        found = [each for each in found if lowest <= each <= highest]
        if len(found) >= 4:
            return found
    return found


def _ends(own: pd.DataFrame) -> tuple[float, float]:
    """The range of ratios and their limits, with 1 in it."""
    return min(0.95, *own["lower"]), max(1.05, *own["upper"])


def _finished(figure: go.Figure, title: str, height: int) -> go.Figure:
    """A figure with the look of all."""
    figure.update_layout(
        template=plain_template(),
        title={"text": title, "x": 0.02, "xref": "container", "y": 1 - 18 / height, "yanchor": "top"},
        height=height,
        width=900,
        margin={"l": 75, "r": 25, "t": 95, "b": 60},
        legend={"orientation": "h", "x": 0, "y": 1.01, "yanchor": "bottom"},
    )
    return figure
