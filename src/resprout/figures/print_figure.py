"""Figures in print: a Plotly figure in; the same data as SVG, PDF or PNG of the width of a journal's column out, without a browser."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import plotly.graph_objects as go
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from resprout.errors import Fault, InputError
from resprout.figures.palette import INK
from resprout.figures.printed_axes import draw_panel, fit_words, separate_labels
from resprout.figures.printed_panels import MM_PT, PrintedGrid, axis_of, panels_of
from resprout.figures.printed_text import FAMILY, LEADING, SMALL_PT, TITLE_PT, heading_and_note, text_width, wrapped
from resprout.figures.printed_traces import KINDS, legend_handle
from resprout.installation import installed_version

WIDTH_MM = {"single": 85.0, "double": 170.0}
"""mm   Widths of one and of two columns of a journal."""
BODY_MM = {"single": 0.125, "double": 0.16}  # of height for a pixel of the screen's panels
LABELS_MM = 9.0  # below the panels
EDGE_PT, GAP_PT = 3.0, 5.0
DPI = 300
LEGEND_LEADING = 1.45
LEGEND_STROKE_PT, LEGEND_GAP_PT = 18.0, 10.0
LOOK: Any = {
    "font.family": FAMILY,
    "font.size": SMALL_PT,
    "text.parse_math": False,
    "text.color": INK,
    "axes.edgecolor": "#9AA1AB",
    "axes.labelcolor": INK,
    "axes.linewidth": 0.5,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.major.width": 0.5,
    "ytick.major.width": 0.5,
    "xtick.major.size": 2.0,
    "ytick.major.size": 2.0,
    "pdf.fonttype": 42,  # TrueType, which every journal takes and every program can edit
    "svg.fonttype": "path",
    "svg.hashsalt": "resprout",
}


def write_picture(figure: go.Figure, path: str | Path, *, size: str = "double") -> Path:
    """Write a figure for print: white ground, fonts embedded, the title in the metadata, 300 dpi where it is made of pixels.

    figure    as `figure` or a command draws it
    path      .svg, .pdf or .png
    size      single or double: 85 or 170 mm wide
    returns   the path written
    raises    InputError for another size or suffix, and for a kind of trace that no figure of the package has
    """
    target = Path(path)
    form = target.suffix.lower().removeprefix(".")
    faults = []
    if size not in WIDTH_MM:
        faults.append(Fault(f"there is no size `{size}`.", "size", "Expected single (85 mm) or double (170 mm)."))
    if form not in ("svg", "pdf", "png"):
        faults.append(Fault(f"`{target.name}` is no picture.", "path", "Expected .svg, .pdf or .png."))
    for kind in sorted({trace.type for trace in figure.data} - set(KINDS)):
        expected = f"Expected traces of the kinds {', '.join(KINDS)}."
        faults.append(Fault(f"a trace of the kind {kind} cannot be printed.", "figure", expected))
    if faults:
        raise InputError(*faults)
    with mpl.rc_context(LOOK):
        printed_figure(figure, size).savefig(target, dpi=DPI, metadata=_metadata(figure, form), facecolor="white")
    return target


def _metadata(figure: go.Figure, form: str) -> dict[str, Any]:
    """Title, content and program; no date, so that the same figure has the same bytes."""
    title, note = heading_and_note(figure.layout.title.text)
    program = f"resprout {installed_version()}"
    if form == "pdf":
        return {"Title": title, "Subject": note, "Creator": program, "CreationDate": None}
    if form == "svg":
        return {"Title": title, "Description": note, "Creator": program, "Date": None}
    return {"Title": title, "Description": note, "Software": program}


def printed_figure(figure: go.Figure, size: str) -> Figure:
    """The figure as matplotlib draws it, of its final size.

    figure    a Plotly figure
    size      single or double
    """
    width = WIDTH_MM[size] * MM_PT
    grid = panels_of(figure, WIDTH_MM[size])
    handles = _handles(figure)
    title, note = heading_and_note(figure.layout.title.text)
    inside = width - 2 * EDGE_PT
    head = [(line, TITLE_PT, True) for line in wrapped(title, TITLE_PT, inside, bold=True)]
    head += [(line, SMALL_PT, False) for line in wrapped(note, SMALL_PT, inside)]
    columns, rows = _legend_shape(handles, inside)
    top = EDGE_PT + sum(size_pt * LEADING for _, size_pt, _ in head) + rows * SMALL_PT * LEGEND_LEADING + GAP_PT
    body = _body_mm(figure, grid, size) * MM_PT
    height = top + body + EDGE_PT
    drawn = Figure(figsize=(width / 72, height / 72), facecolor="white", layout="constrained")
    FigureCanvasAgg(drawn)
    down = EDGE_PT
    for line, size_pt, bold in head:
        weight = "bold" if bold else "normal"
        text = drawn.text(EDGE_PT / width, 1 - down / height, line, fontsize=size_pt, fontweight=weight, va="top")
        text.set_in_layout(False)
        down += size_pt * LEADING
    if handles:
        _legend(drawn, handles, columns, (EDGE_PT / width, 1 - (down + 1) / height))
    edge_x, edge_y = EDGE_PT / width, EDGE_PT / height
    engine: Any = drawn.get_layout_engine()
    engine.set(rect=(edge_x, edge_y, 1 - 2 * edge_x, 1 - top / height - edge_y), w_pad=0.03, h_pad=0.03)
    _panels(drawn, figure, grid)
    drawn.draw_without_rendering()
    fit_words(drawn)
    separate_labels(drawn)
    return drawn


def _body_mm(figure: go.Figure, grid: PrintedGrid, size: str) -> float:
    """Height of all panels with their labels, from that on screen."""
    layout = figure.layout
    pixels = (layout.height or 450) - (80 if layout.margin.t is None else layout.margin.t)
    pixels -= 80 if layout.margin.b is None else layout.margin.b
    return float(pixels * BODY_MM[size] * grid.longer + LABELS_MM * grid.longer)


def _handles(figure: go.Figure) -> list[Line2D]:
    """Entries of the legend, each name once; none where the figure has no legend."""
    shown = figure.layout.showlegend
    named = [each for each in figure.data if each.name and each.showlegend is not False and each.type == "scatter"]
    if shown is False or (len(named) < 2 and not any(each.showlegend for each in named)):
        return []
    return [legend_handle(each) for each in {plain_of_name(each.name): each for each in reversed(named)}.values()][::-1]


def plain_of_name(name: str) -> str:
    """The name of a trace up to its first break."""
    return name.partition("<br>")[0]


def _legend_shape(handles: Sequence[Line2D], width: float) -> tuple[int, int]:
    """Columns and rows of the legend; width in pt."""
    if not handles:
        return 1, 0
    widest = max(text_width(str(handle.get_label()), SMALL_PT) for handle in handles) + LEGEND_STROKE_PT + LEGEND_GAP_PT
    columns = max(1, min(len(handles), int(width // widest)))
    return columns, -(-len(handles) // columns)


def _legend(drawn: Figure, handles: list[Line2D], columns: int, at: tuple[float, float]) -> None:
    legend = drawn.legend(
        handles=handles,
        ncols=columns,
        loc="upper left",
        bbox_to_anchor=at,
        frameon=False,
        fontsize=SMALL_PT,
        borderpad=0,
        borderaxespad=0,
        labelspacing=0.4,
        columnspacing=1.2,
        handlelength=2.2,
        handletextpad=0.6,
    )
    legend.set_in_layout(False)


def _panels(drawn: Figure, figure: go.Figure, grid: PrintedGrid) -> None:
    """Axes of every panel; those that Plotly keeps alike share their range."""
    spec = drawn.add_gridspec(grid.rows, grid.columns)
    made: dict[str, Any] = {}
    for panel in grid.panels:
        axes = drawn.add_subplot(spec[panel.row, panel.column])
        draw_panel(axes, figure, panel)
        for name, share in ((panel.x, axes.sharex), (panel.y, axes.sharey)):
            group = f"{name[0]}:{_group(figure, name)}"
            if group in made and made[group] is not axes:
                share(made[group])
            made.setdefault(group, axes)


def _group(figure: go.Figure, name: str) -> str:
    """The axis whose range an axis takes: its own, or the one that it matches."""
    return axis_of(figure, name).matches or name
