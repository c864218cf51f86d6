"""The panels of a Plotly figure, arranged anew for the width of a printed column."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import plotly.graph_objects as go

from resprout.figures.printed_text import SMALL_PT, plain_text, text_width, wrapped
from resprout.figures.printed_traces import decoded

MM_PT = 72 / 25.4
NARROWEST_MM, NARROWEST_SHARED_MM = 52.0, 16.0  # of a panel with labels of its own, and of one that shares them
LABEL_MARGIN_MM, LONGEST_LABEL_MM = 3.0, 34.0
TWO_LINES = 1.5  # of the height of a row, where a label has two lines
SAME = 1e-6


@dataclass
class PrintedPanel:
    """One pair of axes.

    x, y          names of its axes, such as x2                    row, column   in print, from 0 at the top left
    traces        in the order of drawing                          title         above it, with tags
    notes         annotations                                      lines         shapes
    first         whether it shows the labels of a shared axis     last          whether it is the last of its row on screen
    lowest        whether it shows the labels of a shared axis of x
    """

    x: str
    y: str
    row: int
    column: int
    traces: list[Any] = field(default_factory=list)
    title: str = ""
    notes: list[Any] = field(default_factory=list)
    lines: list[Any] = field(default_factory=list)
    first: bool = True
    last: bool = True
    lowest: bool = True


@dataclass(frozen=True)
class PrintedGrid:
    """Panels with the number of rows and columns in print, and by how much more rows there are than on screen."""

    panels: tuple[PrintedPanel, ...]
    rows: int
    columns: int
    longer: float


def axis_of(figure: go.Figure, name: str) -> Any:
    """The layout of an axis by its short name, such as x2."""
    return figure.layout[f"{name[0]}axis{name[1:]}"]


def panels_of(figure: go.Figure, width_mm: float) -> PrintedGrid:
    """Panels of a figure with all that is drawn in them; those of a row that do not fit go below one another.

    figure     as Plotly would draw it
    width_mm   mm   of the page
    """
    pairs = dict.fromkeys((trace.xaxis or "x", trace.yaxis or "y") for trace in figure.data)
    tops = sorted({_ends(figure, y)[1] for _, y in pairs}, reverse=True)
    lefts = sorted({_ends(figure, x)[0] for x, _ in pairs})
    across = min(len(lefts), _columns(figure, [y for _, y in pairs], len(lefts), width_mm))
    folds = -(-len(lefts) // across)
    panels = []
    for x, y in pairs:
        row, column = tops.index(_ends(figure, y)[1]), lefts.index(_ends(figure, x)[0])
        panel = PrintedPanel(x, y, row * folds + column // across, column % across)
        panel.first, panel.last = panel.column == 0, column == len(lefts) - 1
        panel.lowest = row == len(tops) - 1
        panel.traces = [each for each in figure.data if (each.xaxis or "x", each.yaxis or "y") == (x, y)]
        panels.append(panel)
    for shape in figure.layout.shapes:
        _place(panels, figure, shape, shape.x0, shape.y0).lines.append(shape)
    for note in figure.layout.annotations:
        panel = _place(panels, figure, note, note.x, note.y)
        if _is_title(figure, panel, note):
            panel.title = note.text
        else:
            panel.notes.append(note)
    used = sorted({panel.row for panel in panels})
    for panel in panels:
        panel.row = used.index(panel.row)
    return PrintedGrid(tuple(panels), len(used), across, len(used) / len(tops) * _line_share(figure, pairs))


def _line_share(figure: go.Figure, pairs: Iterable[tuple[str, str]]) -> float:
    """By how much rows grow where their labels take two lines."""
    labels = [label for _, y in pairs for label in category_labels(figure, y)]
    return TWO_LINES if any("\n" in label_in_lines(label) for label in labels) else 1.0


def label_in_lines(label: str) -> str:
    """The name of a category in lines that leave room for its panel."""
    return "\n".join(wrapped(label, SMALL_PT, LONGEST_LABEL_MM * MM_PT))


def _ends(figure: go.Figure, name: str) -> tuple[float, float]:
    """Where an axis begins and ends, as shares of the figure."""
    low, high = axis_of(figure, name).domain or (0.0, 1.0)
    return round(float(low), 6), round(float(high), 6)


def _columns(figure: go.Figure, names: Sequence[str], wanted: int, width_mm: float) -> int:
    """How many panels stand beside each other in a width, up to those on screen."""
    shared = wanted > 1 and any(axis_of(figure, name).matches for name in names)
    if not shared:
        return max(1, min(wanted, int(width_mm // NARROWEST_MM)))
    lines = [
        line for name in names for each in category_labels(figure, name) for line in label_in_lines(each).split("\n")
    ]
    labels = max((text_width(line, SMALL_PT) for line in lines), default=0.0)
    left = width_mm - labels / MM_PT - LABEL_MARGIN_MM
    return max(1, min(wanted, int(left // NARROWEST_SHARED_MM)))


def category_labels(figure: go.Figure, name: str) -> list[str]:
    """Words that stand at an axis: given ones, or the categories of what is drawn; none for numbers."""
    axis = axis_of(figure, name)
    if axis.ticktext is not None:
        return [plain_text(str(text)) for text in axis.ticktext]
    return categories(figure, name)


def categories(figure: go.Figure, name: str) -> list[str]:
    """Categories of an axis in the order in which they come; none for an axis of numbers."""
    side, own = name[0], f"{name[0]}axis"
    values = [value for trace in figure.data if (trace[own] or side) == name for value in _listed(trace[side])]
    return list(dict.fromkeys(value for value in values if isinstance(value, str)))


def _listed(values: Any) -> list[Any]:
    return [] if values is None else list(decoded(values))


def _place(panels: Sequence[PrintedPanel], figure: go.Figure, thing: Any, x: Any, y: Any) -> PrintedPanel:
    """The panel to which a shape or an annotation belongs."""
    x_ref, y_ref = (thing.xref or "x").split()[0], (thing.yref or "y").split()[0]
    found = [each for each in panels if x_ref in (each.x, "paper") and y_ref in (each.y, "paper")]
    row = [
        each
        for each in panels
        if each.y == y_ref or _ends(figure, each.y) == _ends(figure, y_ref if y_ref != "paper" else each.y)
    ]
    if x_ref == "paper" and x is not None and x >= 1 - SAME and y_ref != "paper":
        return next((each for each in row if each.last), panels[-1])
    if x_ref == "paper":
        inside = [each for each in found if _ends(figure, each.x)[0] - SAME <= x <= _ends(figure, each.x)[1] + SAME]
        found = inside or found
    if y_ref == "paper":
        at_top = [each for each in found if abs(_ends(figure, each.y)[1] - y) < SAME * 10]
        found = at_top or found
    return (found or list(panels))[0]


def _is_title(figure: go.Figure, panel: PrintedPanel, note: Any) -> bool:
    """Whether an annotation stands on top of its panel."""
    above = note.yref == "paper" and note.yanchor == "bottom" and not note.showarrow
    return bool(above and abs(_ends(figure, panel.y)[1] - note.y) < SAME * 10)
