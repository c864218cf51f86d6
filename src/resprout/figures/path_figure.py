"""The path in time: one dose followed through the six stages, from minutes to weeks."""

from __future__ import annotations

import plotly.graph_objects as go
import xarray as xr
from plotly.subplots import make_subplots

from resprout.dosing.dose_records import named_ketamine
from resprout.figures.palette import DASHES, STAGE_COLOUR, faint, plain_template
from resprout.figures.spoken_units import format_time
from resprout.figures.stage_panels import PANELS, Band, Panel, band_of, ketamine_given, turning_time

EARLY_H = 6.0
LEADS = {
    "ketamine_venous": "ketamine in plasma",
    "PV_NMDA_block": "receptor block",
    "glutamate_release": "glutamate release",
    "p_mTOR": "p-mTOR",
    "spine_density": "spine density",
    "HDRS17": "HDRS-17",
}


def path_in_time(run: xr.Dataset, title: str = "") -> go.Figure:
    """Draw six panels in the order of the stages: mean line and 5-95 % band over patients.

    run      patient, time_h   outputs of `simulate` or the path of a trial; a missing output is left out
    title    text              the finding; by default the turning time of each stage, read from the run
    returns  figure            left column the first six hours, right column all days
    """
    figure = make_subplots(
        rows=len(PANELS),
        cols=2,
        shared_yaxes=True,
        horizontal_spacing=0.03,
        vertical_spacing=0.045,
        column_widths=[0.45, 0.55],
    )
    for row, panel in enumerate(PANELS, start=1):
        draw_panel(figure, run, panel, row)
    patients = run.sizes.get("patient", 1)
    at = f", {run.attrs['constants']}" if run.attrs.get("constants") else ""
    who = (
        f"one patient{at}"
        if patients == 1
        else f"{patients:,} patients{at}, mean; bands hold 90 % of patients, in crowded panels of one line only"
    )
    figure.update_layout(
        template=plain_template(),
        title={"text": f"{title or finding(run)}<br><span style='font-size:13px'>{who}</span>", "y": 0.99},
        height=1300,
        margin={"l": 46, "r": 235, "t": 128, "b": 50},
    )
    label_time(figure, float(run["time_h"].max()))
    return figure


def draw_panel(figure: go.Figure, run: xr.Dataset, panel: Panel, row: int) -> None:
    """Draw the lines of one stage into both columns of a row, with a legend of its own at the right."""
    colour = STAGE_COLOUR[panel.stage]
    legend = "legend" if row == 1 else f"legend{row}"
    present = [name for name in panel.lines if name in run]
    for name, dash in zip(present, DASHES, strict=False):
        band = band_of(run, name, panel.way)
        line = named_ketamine(panel.lines[name], ketamine_given(run))
        label = line + (f"<br><span style='font-size:10px'>{band.size}</span>" if band.size else "")
        for column in (1, 2):
            if name in LEADS or len(present) <= 2:
                draw_band(figure, band, colour, row, column)
            draw_line(figure, band, {"color": colour, "dash": dash, "width": 2}, label, legend, row, column)
    if not present:
        figure.add_annotation(text="not among the outputs of this run", showarrow=False, x=1, y=1, row=row, col=1)
    figure.update_yaxes(nticks=5, row=row, col=1)
    top = figure.get_subplot(row, 2).yaxis.domain[1]
    figure.add_annotation(
        text=f"<span style='color:{colour}'><b>{panel.title}</b></span>  {panel.axis}",
        x=0,
        y=top,
        xref="paper",
        yref="paper",
        xanchor="left",
        yanchor="bottom",
        yshift=5,
        xshift=-34,
        showarrow=False,
        font={"size": 12.5},
    )
    place = {"x": 1.015, "y": top, "xanchor": "left", "yanchor": "top", "font": {"size": 11.5}, "tracegroupgap": 0}
    figure.update_layout({legend: place})


def draw_band(figure: go.Figure, band: Band, colour: str, row: int, column: int) -> None:
    """Shade the band over patients, without outline, legend or hover."""
    if band.lower is None or band.upper is None:
        return
    hours = band.time_h if column == 1 else band.time_h / 24
    silent = {"mode": "lines", "line": {"width": 0}, "showlegend": False, "hoverinfo": "skip"}
    figure.add_trace(go.Scatter(x=hours, y=band.upper, **silent), row=row, col=column)
    figure.add_trace(
        go.Scatter(x=hours, y=band.lower, fill="tonexty", fillcolor=faint(colour, 0.09), **silent), row=row, col=column
    )


def draw_line(
    figure: go.Figure, band: Band, line: dict[str, object], label: str, legend: str, row: int, column: int
) -> None:
    """Draw one mean line; the first column carries its entry in the legend."""
    figure.add_trace(
        go.Scatter(
            x=band.time_h if column == 1 else band.time_h / 24,
            y=band.mean,
            mode="lines",
            line=line,
            name=label,
            legend=legend,
            legendgroup=f"{legend}{label}",
            showlegend=column == 1,
            text=[format_time(float(hour)) for hour in band.time_h],
            hovertemplate="%{text}: %{y:.3g}<extra>" + label.split("<br>")[0] + "</extra>",
        ),
        row=row,
        col=column,
    )


def label_time(figure: go.Figure, end_h: float) -> None:
    """Put hours under the left column and days under the right one; only the lowest row names them."""
    end_d = end_h / 24
    step = next((step for step in (1, 2, 7, 14, 28) if end_d / step <= 8), 56)
    for row in range(1, len(PANELS) + 1):
        figure.update_xaxes(range=[-0.15, min(EARLY_H, end_h)], dtick=1, showticklabels=True, row=row, col=1)
        figure.update_xaxes(range=[-0.02 * end_d, end_d], dtick=step, showticklabels=True, row=row, col=2)
    figure.update_xaxes(title_text="hours after the first dose", row=len(PANELS), col=1)
    figure.update_xaxes(title_text="days after the first dose", row=len(PANELS), col=2)


def finding(run: xr.Dataset) -> str:
    """Say in one sentence when each stage is farthest from baseline, read from the means of the run."""
    words = {name: named_ketamine(LEADS[name], ketamine_given(run)) for name in LEADS if name in run}
    turned = {words[name]: turning_time(run, name) for name in words}
    moved = [f"{word} {format_time(hour)}" for word, hour in turned.items() if hour is not None]
    if not moved:
        return "No stage leaves its steady state"
    lines = [", ".join(moved[:2]), ", ".join(moved[2:])]
    return "Time of the largest change: " + ",<br>".join(line for line in lines if line)
