"""Outputs of an imported model over time: means and 90 % ranges in, a panel an output out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from resprout.figures.palette import INK, STAGE_COLOUR, faint, plain_template

Numbers = NDArray[np.float64]
COLUMNS, ROW_PX, MOST_PANELS = 2, 210, 24
COLOUR = STAGE_COLOUR["signal"]


def imported_figure(
    time: Numbers, unit: str, named: Sequence[tuple[str, str]], middle: Numbers, limits: tuple[Numbers, Numbers] | None
) -> go.Figure:
    """Draw every output over time, the first MOST_PANELS of them.

    time     [time] in `unit`               unit     of time, in words
    named    (name, unit) of each output    middle   [time, output] mean, or the one trajectory
    limits   [time, output] 5 and 95 % quantiles of patients; None for one trajectory
    returns  Plotly figure
    """
    shown = named[:MOST_PANELS]
    rows = -(-len(shown) // COLUMNS)
    titles = [f"{name}, {own}" if own and own != "dimensionless" else name for name, own in shown]
    space = 0.45 / rows if rows > 1 else 0.0
    figure = make_subplots(rows, COLUMNS, subplot_titles=titles, vertical_spacing=space, horizontal_spacing=0.1)
    for number in range(len(shown)):
        place = {"row": number // COLUMNS + 1, "col": number % COLUMNS + 1}
        if limits is not None:
            low, high = (each[:, number] for each in limits)
            band = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "showlegend": False}
            figure.add_scatter(x=time, y=low, **band, **place)
            figure.add_scatter(x=time, y=high, fill="tonexty", fillcolor=faint(COLOUR, 0.2), **band, **place)
        line = {"color": COLOUR, "width": 2}
        figure.add_scatter(x=time, y=middle[:, number], mode="lines", line=line, showlegend=False, **place)
    figure.update_xaxes(title={"text": f"time, {unit}", "standoff": 4})
    figure.update_yaxes(rangemode="tozero" if np.nanmin(middle) >= 0 else "normal")
    figure.update_annotations(font={"size": 13, "color": INK})
    margin = {"l": 60, "r": 20, "t": 40, "b": 50}
    return figure.update_layout(template=plain_template(), height=ROW_PX * rows + 90, margin=margin)
