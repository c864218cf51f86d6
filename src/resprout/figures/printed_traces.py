"""Traces of a Plotly figure drawn by matplotlib: lines, points, intervals, areas, bars and maps of numbers."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, Normalize, to_rgb, to_rgba
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from resprout.figures.palette import INK
from resprout.figures.printed_text import SMALL_PT, plain_text

KINDS = ("scatter", "bar", "heatmap")
PX_PT = 0.5  # of strokes and symbols, so that those of the screen suit print
DASH = {"solid": "-", "dash": (0, (4, 2)), "dot": (0, (1, 1.6)), "dashdot": "-.", "longdashdot": (0, (7, 2, 1, 2))}
SYMBOL = {
    "circle": "o",
    "square": "s",
    "diamond": "D",
    "triangle-right": ">",
    "triangle-up": "^",
    "cross": "P",
    "x": "X",
    "line-ns": "|",
}
RGB = re.compile(r"rgba?\(\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*(?:,\s*([\d.]+)\s*)?\)")
PALE = 0.45  # of lightness, below which letters on it are white
Colour = tuple[float, float, float, float]
Numbers = NDArray[np.float64]


def colour_of(text: Any, default: str = INK) -> Colour:
    """A colour of Plotly as red, green, blue and opacity, 0 to 1."""
    found = RGB.fullmatch(str(text)) if text is not None else None
    if found:
        red, green, blue = (int(found[place]) / 255 for place in (1, 2, 3))
        return red, green, blue, float(found[4]) if found[4] else 1.0
    red, green, blue, opacity = to_rgba(default if text is None else str(text))
    return red, green, blue, opacity


def positions(values: Any, names: Sequence[str]) -> Numbers:
    """Places along an axis: numbers as they are, categories by their order."""
    listed = [] if values is None else list(decoded(values))
    return np.array(
        [
            names.index(value) if isinstance(value, str) else np.nan if value is None else float(value)
            for value in listed
        ],
        dtype=float,
    )


def decoded(values: Any) -> Any:
    """Numbers of a trace; those that Plotly keeps as bytes in a figure read from JSON become an array."""
    if isinstance(values, dict) and "bdata" in values:
        return np.frombuffer(b64decode(values["bdata"]), dtype=values["dtype"])
    return values


def draw_trace(axes: Axes, trace: Any, before: Any, x_names: Sequence[str], y_names: Sequence[str]) -> None:
    """Draw one trace.

    axes               of its panel
    trace              of a Plotly figure
    before             the trace drawn before it in this panel, to which an area may reach; None for the first
    x_names, y_names   categories of the axes, none for numbers
    """
    if trace.type == "heatmap":
        _map(axes, trace)
        return
    x, y = positions(trace.x, x_names), positions(trace.y, y_names)
    if trace.type == "bar":
        _bars(axes, trace, x, y)
        return
    _area(axes, trace, before, x, y)
    _intervals(axes, trace, x, y)
    mode = trace.mode or "lines"
    if "lines" in mode and (trace.line.width is None or trace.line.width > 0):
        axes.plot(x, y, color=colour_of(trace.line.color), lw=_width(trace.line), ls=_dash(trace.line), zorder=2)
    if "markers" in mode:
        _markers(axes, trace, x, y)
    if "text" in mode:
        _texts(axes, trace, x, y)


def _width(line: Any) -> float:
    return float((2.0 if line.width is None else line.width) * PX_PT)


def _dash(line: Any) -> Any:
    return DASH.get(line.dash or "solid", "-")


def _area(axes: Axes, trace: Any, before: Any, x: Numbers, y: Numbers) -> None:
    look: dict[str, Any] = {"facecolor": colour_of(trace.fillcolor), "edgecolor": "none", "zorder": 1}
    if trace.fill == "toself":
        axes.fill(x, y, **look)
    elif trace.fill == "tonexty" and before is not None:
        axes.fill_between(x, np.asarray(decoded(before.y), dtype=float), y, **look)


def _intervals(axes: Axes, trace: Any, x: Numbers, y: Numbers) -> None:
    for name in ("error_x", "error_y"):
        bars = trace[name]
        if bars.array is None or bars.visible is False:
            continue
        above = np.nan_to_num(np.asarray(decoded(bars.array), dtype=float))
        below = above if bars.arrayminus is None else np.nan_to_num(np.asarray(decoded(bars.arrayminus), dtype=float))
        reach = np.maximum(np.stack([below, above]), 0.0)
        look: dict[str, Any] = {
            "ecolor": colour_of(bars.color),
            "elinewidth": (bars.thickness or 2) * PX_PT,
            "fmt": "none",
        }
        caps = (bars.width or 0) * PX_PT
        axes.errorbar(x, y, **{name.replace("error_", "") + "err": reach}, capsize=caps, zorder=1.5, **look)


def _markers(axes: Axes, trace: Any, x: Numbers, y: Numbers) -> None:
    marker = trace.marker
    face, edge, symbol, stroke = marker_look(trace)
    size = np.asarray(6.0 if marker.size is None else decoded(marker.size), dtype=float) * PX_PT
    axes.scatter(
        x,
        y,
        s=np.broadcast_to(size**2, x.shape),
        marker=symbol,
        facecolors=face,
        edgecolors=edge,
        linewidths=stroke,
        zorder=3,
        clip_on=trace.cliponaxis is not False,
    )


def marker_look(trace: Any) -> tuple[Any, Any, str, float]:
    """Face, edge, symbol and stroke (pt) of the points of a trace."""
    marker = trace.marker
    symbol = marker.symbol or "circle"
    fallback = trace.line.color if trace.type == "scatter" else None
    many = isinstance(marker.color, list | tuple)
    colours = (
        [colour_of(each) for each in marker.color] if many else colour_of(marker.color or fallback or marker.line.color)
    )
    if symbol.endswith("-open"):
        return "white", colours, SYMBOL.get(symbol.removesuffix("-open"), "o"), (marker.line.width or 1.8) * PX_PT
    edge = colour_of(marker.line.color) if marker.line.width else "none"
    return colours, edge, SYMBOL.get(symbol, "o"), (marker.line.width or 0) * PX_PT


def _texts(axes: Axes, trace: Any, x: Numbers, y: Numbers) -> None:
    up, _, side = (trace.textposition or "middle center").partition(" ")
    across = {"left": "right", "right": "left"}.get(side, "center")
    along = {"top": "bottom", "bottom": "top"}.get(up, "center")
    shift = {"top": 3.0, "bottom": -3.0}.get(up, 0.0)
    for place, text in enumerate(trace.text or ()):
        if text and np.isfinite(x[place]):
            axes.annotate(
                plain_text(str(text)),
                (x[place], y[place]),
                (0, shift),
                textcoords="offset points",
                ha=across,
                va=along,
                fontsize=SMALL_PT,
            )


def _bars(axes: Axes, trace: Any, x: Numbers, y: Numbers) -> None:
    colour = trace.marker.color
    colours = [colour_of(each) for each in colour] if isinstance(colour, list | tuple) else colour_of(colour)
    thick = float(trace.width) if isinstance(trace.width, int | float) else 0.7
    if trace.orientation == "h":
        axes.barh(y, x, height=thick, color=colours, zorder=2)
    else:
        axes.bar(x, y, width=thick, color=colours, zorder=2)
    _intervals(axes, trace, x, y)


def _map(axes: Axes, trace: Any) -> None:
    """Squares coloured by their number, with the number written in."""
    z = np.array([[np.nan if value is None else value for value in line] for line in trace.z], dtype=float)
    stops = [(float(at), to_rgb(colour)) for at, colour in trace.colorscale]
    colours = LinearSegmentedColormap.from_list("numbers", stops)
    low = np.nanmin(z) if trace.zmin is None else trace.zmin
    high = np.nanmax(z) if trace.zmax is None else trace.zmax
    scale = Normalize(low, high if high > low else low + 1)
    axes.pcolormesh(z, cmap=colours, norm=scale, edgecolors="white", linewidth=1.0)
    for row, line in enumerate(trace.text if trace.text is not None else ()):
        for column, text in enumerate(line):
            red, green, blue, _ = colours(scale(z[row, column]))
            dark = 0.299 * red + 0.587 * green + 0.114 * blue < PALE
            look: dict[str, Any] = {
                "ha": "center",
                "va": "center",
                "fontsize": SMALL_PT,
                "color": "white" if dark else INK,
            }
            axes.text(column + 0.5, row + 0.5, str(text), **look)


def legend_handle(trace: Any) -> Line2D:
    """The entry of a trace in a legend: its line, its points, or both."""
    mode = trace.mode or "lines"
    look: dict[str, Any] = {"color": colour_of(trace.line.color or trace.fillcolor), "ls": "none"}
    if "lines" in mode:
        wide = trace.line.width in (None, 0) and trace.fill is not None
        look |= {"ls": _dash(trace.line), "lw": 4.0 if wide else _width(trace.line)}
    if "markers" in mode:
        face, edge, symbol, stroke = marker_look(trace)
        size = trace.marker.size if isinstance(trace.marker.size, int | float) else 8.0
        look |= {"marker": symbol, "mfc": face, "mec": edge, "mew": stroke, "ms": min(size, 10.0) * PX_PT}
    return Line2D([], [], label=" ".join(plain_text(trace.name).split()), **look)
