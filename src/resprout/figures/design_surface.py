"""A design surface: power, benefit and dissociation over the values tried, as curves or maps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from resprout.figures.palette import STAGE_COLOUR, faint, plain_template

AXIS_WORDS = {
    "n": "patients per arm",
    "dose": "dose, in the unit of the protocol",
    "dropout": "share who leave a week",
}
MEASURES = (
    ("power", "power", "share of trials with p < .05", 0.0, 1.0),
    ("difference", "benefit", "points below control", None, None),
    ("dissociation", "dissociation", "highest CADSS, points", None, None),
)
USUAL_POWER = 0.8
LIGHT_TO_DARK = [[0, "#F3EFFD"], [0.5, "#B79BF0"], [1, "#4A1FA8"]]


def design_surface(rows: Sequence[dict[str, Any]], axes: Sequence[str], title: str = "") -> go.Figure:
    """Draw a grid of designs.

    rows    what `surface` gives       axes   the one or two axes that vary, the first across
    """
    varied = [name for name in axes if len({row[name] for row in rows}) > 1] or list(axes[:1])
    figure = make_subplots(
        rows=1, cols=3, horizontal_spacing=0.09, subplot_titles=[f"{words}" for _, words, _, _, _ in MEASURES]
    )
    for column, (name, _, unit, low, high) in enumerate(MEASURES, start=1):
        values = [benefit(row) if name == "difference" else row[name] for row in rows]
        if len(varied) >= 2:
            _map(figure, rows, values, varied[:2], column, unit, (low, high))
        else:
            _curve(figure, rows, values, varied[0], column, unit, name)
    replicates, first = rows[0]["replicates"], rows[0]
    what = f"{first['analysis'] or 'no'} analysis of {first['endpoint']} at {first['time_h'] / 24:g} d"
    figure.update_layout(
        template=plain_template(),
        title={
            "text": f"{title or finding(rows, varied)}<br><span style='font-size:13px'>{replicates:,} virtual trials a "
            f"design; {what}</span>",
            "y": 0.96,
        },
        height=430,
        margin={"l": 70, "r": 40, "t": 125, "b": 60},
        showlegend=False,
    )
    return figure


def benefit(row: dict[str, Any]) -> float:
    """How far the drug lowers the score below control."""
    return -float(row["difference"])


def finding(rows: Sequence[dict[str, Any]], varied: Sequence[str]) -> str:
    """Say which design is the smallest, or otherwise the first, with the usual power."""
    enough = [row for row in rows if row["power"] >= USUAL_POWER]
    if not enough:
        return f"No design tried reaches {USUAL_POWER:.0%} power"
    best = min(enough, key=lambda row: tuple(row[name] for name in varied))
    told = ", ".join(f"{name} = {best[name]:g}" for name in varied)
    smallest = all(best[name] == min(row[name] for row in rows) for name in varied)
    if smallest:
        return f"The smallest design tried ({told}) has {best['power']:.0%} power already"
    return f"{USUAL_POWER:.0%} power is reached from {told}"


def _curve(
    figure: go.Figure, rows: Sequence[dict[str, Any]], values: list[float], axis: str, column: int, unit: str, name: str
) -> None:
    """Draw one measure over one axis."""
    colour = STAGE_COLOUR["score"]
    x = [row[axis] for row in rows]
    if name == "difference":
        upper, lower = ([-row[end] for row in rows] for end in ("lower", "upper"))
        band = {"x": [*x, *x[::-1]], "y": [*upper, *lower[::-1]], "fill": "toself", "fillcolor": faint(colour, 0.15)}
        figure.add_trace(go.Scatter(**band, mode="lines", line={"width": 0}, hoverinfo="skip"), row=1, col=column)
    figure.add_trace(
        go.Scatter(x=x, y=values, mode="lines+markers", line={"color": colour, "width": 2}, marker={"size": 8}),
        row=1,
        col=column,
    )
    figure.update_xaxes(title_text=AXIS_WORDS.get(axis, axis), row=1, col=column)
    figure.update_yaxes(title_text=unit, rangemode="tozero", row=1, col=column)
    if name == "power":
        figure.update_yaxes(range=[0, 1.03], tickformat=".0%", row=1, col=column)
        figure.add_hline(y=USUAL_POWER, line={"color": faint(colour, 0.5), "dash": "dot", "width": 1}, row=1, col=1)


def _map(
    figure: go.Figure,
    rows: Sequence[dict[str, Any]],
    values: list[float],
    axes: Sequence[str],
    column: int,
    unit: str,
    ends: tuple[float | None, float | None],
) -> None:
    """Draw one measure over two axes as squares with their number written in."""
    across, up = (sorted({row[name] for row in rows}) for name in axes)
    at = {(row[axes[0]], row[axes[1]]): value for row, value in zip(rows, values, strict=True)}
    z = [[at.get((x, y), float("nan")) for x in across] for y in up]
    shown = [[f"{value:.0%}" if ends[1] == 1.0 else f"{value:.1f}" for value in line] for line in z]
    figure.add_trace(
        go.Heatmap(
            x=[f"{value:g}" for value in across],
            y=[f"{value:g}" for value in up],
            z=z,
            text=shown,
            texttemplate="%{text}",
            colorscale=LIGHT_TO_DARK,
            zmin=ends[0],
            zmax=ends[1],
            showscale=False,
            xgap=2,
            ygap=2,
            hovertemplate=f"%{{x}}, %{{y}}: %{{text}} {unit}<extra></extra>",
        ),
        row=1,
        col=column,
    )
    figure.update_xaxes(title_text=AXIS_WORDS.get(axes[0], axes[0]), type="category", row=1, col=column)
    figure.update_yaxes(
        title_text=AXIS_WORDS.get(axes[1], axes[1]) if column == 1 else "", type="category", row=1, col=column
    )
