"""Colours and lettering that every picture shares: one colour per stage, from dose to score."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go
from numpy.typing import ArrayLike

from resprout.figures.spoken_units import format_time, format_unit  # noqa: F401

# Chosen by search: every pair stays apart under three kinds of colour blindness, each reads on white and on near-black.
STAGE_COLOUR = {
    "dose": "#228EF0",
    "receptor": "#AE4015",
    "circuit": "#1E7B59",
    "signal": "#E85A9B",
    "spine": "#BE830D",
    "score": "#7440E4",
}
CONTROL_COLOUR = "#7D8590"
DASHES = ("solid", "dash", "dot", "dashdot", "longdashdot")
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', sans-serif"
INK = "#3A414B"
LINE = "#E3E6EA"

AXIS = {
    "showgrid": False,
    "zeroline": False,
    "showline": True,
    "linecolor": LINE,
    "gridcolor": LINE,
    "ticks": "outside",
    "ticklen": 4,
    "tickcolor": LINE,
    "tickfont": {"size": 11.5},
}
"""The look of every axis, on the page and in figures."""


def plain_template() -> go.layout.Template:
    """The look of every figure: no background, light horizontal grid, a title that is a sentence."""
    axis = {**AXIS, "title": {"font": {"size": 12}}}
    return go.layout.Template(
        layout={
            "font": {"family": FONT, "size": 13, "color": INK},
            "title": {"font": {"size": 17}, "x": 0.0, "xanchor": "left", "xref": "paper", "yanchor": "top"},
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "xaxis": axis,
            "yaxis": {**axis, "showgrid": True, "showline": False, "ticks": ""},
            "hovermode": "closest",
            # on a page without background Plotly would put its buttons on a dark grey block
            "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": CONTROL_COLOUR, "activecolor": INK},
        }
    )


def faint(colour: str, opacity: float) -> str:
    """The same colour, `opacity` of it (0 to 1)."""
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"


def whiskers(above: ArrayLike, below: ArrayLike, colour: str) -> dict[str, Any]:
    """Error bars in a lighter shade of a line's colour, from how far they reach `above` and `below` it."""
    shape = {"type": "data", "symmetric": False, "thickness": 1.2, "width": 3}
    return {**shape, "array": above, "arrayminus": below, "color": faint(colour, 0.55)}
