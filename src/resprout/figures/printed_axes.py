"""Axes of a panel in print: range, ticks, titles, reference lines and remarks, with labels that do not touch."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import plotly.graph_objects as go
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullFormatter, NullLocator
from matplotlib.transforms import Bbox, blended_transform_factory

from resprout.figures.palette import INK, LINE
from resprout.figures.printed_panels import PrintedPanel, axis_of, categories, label_in_lines
from resprout.figures.printed_text import SMALL_PT, colour_in, is_bold, plain_text, wrapped
from resprout.figures.printed_traces import DASH, PX_PT, colour_of, draw_trace

AIR_PX = 3.0  # between neighbouring labels
EDGE_PX = 4.0  # of the sheet
FEW_TICKS = (4, 2)
FEW_DECADES, MOST_LOG_TICKS = 2.5, 12  # up to which 2 and 5 are marked too


def draw_panel(axes: Axes, figure: go.Figure, panel: PrintedPanel) -> None:
    """Draw everything of a panel.

    axes      empty
    figure    Plotly figure
    panel     what of it is drawn here
    """
    x_names, y_names = categories(figure, panel.x), categories(figure, panel.y)
    x_axis, y_axis = axis_of(figure, panel.x), axis_of(figure, panel.y)
    for name, axis in (("x", x_axis), ("y", y_axis)):
        if axis.type == "log":
            getattr(axes, f"set_{name}scale")("log")
    before = None
    for trace in panel.traces:
        draw_trace(axes, trace, before, x_names, y_names)
        before = trace
    squares = any(trace.type == "heatmap" for trace in panel.traces)
    _axis(axes.xaxis, x_axis, x_names, squares)
    _axis(axes.yaxis, y_axis, y_names, squares)
    grid = _grid_of(figure, panel)
    for name, wanted in grid.items():
        if wanted and not squares:
            getattr(axes, f"{name}axis").grid(color=LINE, linewidth=0.5)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    for axis, wanted, edge in ((axes.xaxis, x_axis, "bottom"), (axes.yaxis, y_axis, "left")):
        if wanted.visible is False:
            axis.set_major_locator(NullLocator())
            axis.set_visible(False)
            axes.spines[edge].set_visible(False)
    for shape in panel.lines:
        _line(axes, shape)
    for note in panel.notes:
        _note(axes, note, x_axis, y_axis)
    if panel.title:
        axes.set_title(
            plain_text(panel.title),
            fontsize=SMALL_PT,
            fontweight="bold" if is_bold(panel.title) else "normal",
            color=colour_in(panel.title) or INK,
            loc="left",
            pad=3,
        )
    axes.tick_params(labelleft=panel.first or not y_axis.matches, labelbottom=panel.lowest or not x_axis.matches)


def _grid_of(figure: go.Figure, panel: PrintedPanel) -> dict[str, bool]:
    """Whether lines are drawn at the ticks of x and y: as the axis says, otherwise as the template does."""
    template = figure.layout.template.layout
    found = {}
    for name, own in (("x", panel.x), ("y", panel.y)):
        said = axis_of(figure, own).showgrid
        found[name] = bool(template[f"{name}axis"].showgrid if said is None else said)
    return found


def _axis(axis: Any, wanted: Any, names: list[str], squares: bool) -> None:
    """Range, ticks and title of one axis."""
    shift = 0.5 if squares else 0.0
    _range(axis, wanted, names, shift)
    if wanted.tickvals is not None:
        axis.set_major_locator(FixedLocator([float(at) for at in wanted.tickvals]))
        axis.set_ticklabels([plain_text(str(text)) for text in wanted.ticktext or wanted.tickvals])
        axis.set_minor_locator(NullLocator())
    elif names:
        axis.set_major_locator(FixedLocator([place + shift for place in range(len(names))]))
        axis.set_ticklabels([label_in_lines(name) for name in names])
    elif wanted.tickformat:
        spec = str(wanted.tickformat)
        axis.set_major_formatter(FuncFormatter(lambda value, _: format(value, spec)))
    elif wanted.type == "log":
        _logarithmic(axis)
    if wanted.nticks and wanted.tickvals is None and not names and wanted.type != "log":
        axis.set_major_locator(MaxNLocator(wanted.nticks))
    axis.set_label_text(plain_text(wanted.title.text), fontsize=SMALL_PT)
    axis.set_tick_params(labelsize=SMALL_PT, pad=2)
    if wanted.zeroline:
        line = axis.axes.axvline if axis.axis_name == "x" else axis.axes.axhline
        line(0, color=LINE, lw=0.6, zorder=0.5)


def _logarithmic(axis: Any) -> None:
    """Round numbers along a logarithmic axis, written out: powers of ten do without letters above the line."""
    low, high = axis.get_view_interval()
    few = low > 0 and np.log10(high / low) <= FEW_DECADES
    axis.set_major_locator(LogLocator(10, subs=(1, 2, 5) if few else (1,), numticks=MOST_LOG_TICKS))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def _range(axis: Any, wanted: Any, names: list[str], shift: float) -> None:
    set_limits = axis.axes.set_xlim if axis.axis_name == "x" else axis.axes.set_ylim
    if wanted.range is not None and None not in wanted.range:
        low, high = (float(end) for end in wanted.range)
        set_limits(*((10**low, 10**high) if wanted.type == "log" else (low, high)))
    elif names:
        set_limits(-0.5 + shift, len(names) - 0.5 + shift)
    elif wanted.rangemode == "tozero":
        low, high = axis.get_view_interval()
        # data far from zero that hardly differ would touch the end
        set_limits(min(low, 0.0) if low < 0 else 0.0, max(high, 1.05 * axis.get_data_interval()[1], 0.0))
    if wanted.autorange == "reversed":
        low, high = axis.get_view_interval()
        set_limits(max(low, high), min(low, high))


def _line(axes: Axes, shape: Any) -> None:
    """A reference line across the panel."""
    look: dict[str, Any] = {
        "color": colour_of(shape.line.color),
        "lw": (shape.line.width or 1) * PX_PT,
        "ls": DASH.get(shape.line.dash or "solid", "-"),
        "zorder": 0.8,
        "alpha": (shape.opacity if shape.opacity is not None else 1.0) * colour_of(shape.line.color)[3],
    }
    if shape.x0 == shape.x1:
        axes.axvline(float(shape.x0), **look)
    elif shape.y0 == shape.y1:
        axes.axhline(float(shape.y0), **look)


def _note(axes: Axes, note: Any, x_axis: Any, y_axis: Any) -> None:
    """A remark at its place in the panel or beside it."""
    x = 10**note.x if x_axis.type == "log" and _in_data(note.xref, "x") else note.x
    y = 10**note.y if y_axis.type == "log" and _in_data(note.yref, "y") else note.y
    where = blended_transform_factory(
        axes.transData if _in_data(note.xref, "x") else axes.transAxes,
        axes.transData if _in_data(note.yref, "y") else axes.transAxes,
    )
    axes.annotate(
        plain_text(note.text),
        (x, y),
        ((note.xshift or 0) * PX_PT, (note.yshift or 0) * PX_PT),
        xycoords=where,
        textcoords="offset points",
        ha=note.xanchor if note.xanchor in ("left", "right") else "center",
        va={"top": "top", "bottom": "bottom"}.get(note.yanchor or "", "center"),
        fontsize=SMALL_PT,
        fontweight="bold" if is_bold(note.text) else "normal",
        color=colour_in(note.text) or colour_of(note.font.color),
        annotation_clip=False,
    )


def _in_data(reference: str | None, side: str) -> bool:
    """Whether a place counts in the numbers of an axis."""
    said = reference or side
    return said != "paper" and "domain" not in said


def fit_words(drawn: Figure) -> None:
    """Wrap titles of panels and axes that are longer than their place.

    drawn   laid out already
    """
    right = drawn.bbox.width - EDGE_PX
    point = drawn.dpi / 72
    tops = [round(axes.get_position().y1, 3) for axes in drawn.axes]
    for axes, top in zip(drawn.axes, tops, strict=True):
        box = axes.get_window_extent()
        middle = (box.x0 + box.x1) / 2
        below = box.width if tops.count(top) > 1 else 2 * min(middle - EDGE_PX, right - middle)
        title = axes._left_title  # type: ignore[attr-defined]
        for text, room in ((title, right - box.x0), (axes.xaxis.label, below), (axes.yaxis.label, box.height)):
            bold = text.get_fontweight() == "bold"
            lines = [
                part
                for line in text.get_text().split("\n")
                for part in wrapped(line, SMALL_PT, room / point, bold=bold)
            ]
            text.set_text("\n".join(lines))
    drawn.draw_without_rendering()


def separate_labels(drawn: Figure) -> None:
    """Where labels of an axis of x touch, break them into lines; where they still do, set fewer or upright ones.

    drawn   laid out already
    """
    changes: list[Callable[[Axes], None]] = [_broken, *(partial(_fewer, most=most) for most in FEW_TICKS), _upright]
    for change in changes:
        touching = [axes for axes in drawn.axes if _touch(axes)]
        if not touching:
            return
        for axes in touching:
            change(axes)
        drawn.draw_without_rendering()


def _shown(axes: Axes, side: str = "x") -> list[Any]:
    """Labels of ticks that lie within the range of an axis."""
    low, high = sorted(getattr(axes, f"get_{side}lim")())
    labels = getattr(axes, f"get_{side}ticklabels")()
    places = [label.get_position()[0 if side == "x" else 1] for label in labels]
    return [
        label
        for label, place in zip(labels, places, strict=True)
        if label.get_text() and label.get_visible() and low <= place <= high
    ]


def _touch(axes: Axes) -> bool:
    """Whether neighbouring labels below an axis touch each other."""
    boxes = [label.get_window_extent() for label in _shown(axes)]
    ordered = sorted(boxes, key=lambda box: float(box.x0))
    return any(_near(one, next_) for one, next_ in pairwise(ordered))


def _near(one: Bbox, other: Bbox) -> bool:
    return bool(one.x1 + AIR_PX > other.x0)


def _broken(axes: Axes) -> None:
    if isinstance(axes.xaxis.get_major_locator(), FixedLocator):
        axes.xaxis.set_ticklabels([label.get_text().replace(" ", "\n") for label in axes.get_xticklabels()])


def _fewer(axes: Axes, most: int) -> None:
    if axes.get_xscale() == "log" and most == FEW_TICKS[0]:
        words = [label.get_text() for label in axes.get_xticklabels()]
        axes.xaxis.set_ticklabels([word if place % 2 else "" for place, word in enumerate(words)])
    if not isinstance(axes.xaxis.get_major_locator(), FixedLocator) and axes.get_xscale() == "linear":
        axes.xaxis.set_major_locator(MaxNLocator(most))


def _upright(axes: Axes) -> None:
    if isinstance(axes.xaxis.get_major_locator(), FixedLocator):
        words = [label.get_text().replace("\n", " ") for label in axes.get_xticklabels()]
        axes.xaxis.set_ticklabels(words, rotation=90)


def overlapping_text(drawn: Figure) -> list[tuple[str, str]]:
    """Pairs of texts that cover each other, which a figure for print must not have.

    drawn   a figure that has been laid out
    """
    labels = [label for axes in drawn.axes for label in (*_shown(axes), *_shown(axes, "y"))]
    more = [text for axes in drawn.axes for text in (*axes.texts, axes.title, axes._left_title, axes.xaxis.label)]  # type: ignore[attr-defined]
    texts = [text for text in (*labels, *more, *drawn.texts) if text.get_text().strip() and text.get_visible()]
    legends = [text for legend in drawn.legends for text in legend.get_texts()]
    boxes = [(text.get_text(), text.get_window_extent()) for text in (*texts, *legends)]
    return [
        (one, other)
        for place, (one, box) in enumerate(boxes)
        for other, next_ in boxes[place + 1 :]
        if box.x0 < next_.x1 and next_.x0 < box.x1 and box.y0 < next_.y1 and next_.y0 < box.y1
    ]
