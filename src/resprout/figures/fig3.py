"""The analogue of Fig 3 of Krystal, Sanacora & Duman (2013): one synapse in illness and after ketamine, each part with its number."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from resprout.figures.palette import INK, plain_template
from resprout.figures.spoken_units import format_time
from resprout.figures.synapse_drawing import (
    HEIGHT,
    LABEL_WIDTH,
    LABELS,
    SCALE_TEXT,
    WIDTH,
    Part,
    parts_of,
    ratio_colour,
    scale_boxes,
)
from resprout.language import given_or_shipped
from resprout.language.records import Model
from resprout.people import recruit
from resprout.people.draws import draws_words
from resprout.simulation import Output, simulate

REGIMEN = "ketamine 0.5 mg/kg iv over 40 min"
# output, words, hour at which the cure is read; the order is that of the chain
LINKS = (
    ("uptake", "glial glutamate uptake", 1.0),
    ("ambient_glutamate", "ambient glutamate", 1.0),
    ("mGluR2_activation", "inhibitory mGluR2", 1.0),
    ("glutamate_release", "glutamate release", 1.0),
    ("extrasynaptic_signal", "extrasynaptic NMDA signal", 1.0),
    ("AMPA_throughput", "AMPA throughput", 1.0),
    ("p_eEF2", "p-eEF2", 1.0),
    ("BDNF_outside", "BDNF at its receptor", 1.0),
    ("Akt", "Akt", 2.0),
    ("p_mTOR", "mTORC1", 2.0),
    ("synaptic_protein", "synaptic protein", 12.0),
    ("spine_density", "spine density", 24.0),
    ("connectivity", "functional connectivity", 24.0),
)
PATIENTS = 300
LONGEST_LINE = 17  # letters of a label, beyond which it breaks


@dataclass(frozen=True)
class Ratio:
    """One link relative to the mean of healthy people.

    words    of the link      mean, lower, upper   1   over patients, with the 90 % range
    hour     h   after the dose; None for illness, before it
    """

    words: str
    mean: float
    lower: float
    upper: float
    hour: float | None

    @property
    def said(self) -> str:
        """The number with its range and its time."""
        when = "" if self.hour is None else f" at {format_time(self.hour)}"
        return f"{ratio_text(self.mean)} ({ratio_text(self.lower)} to {ratio_text(self.upper)}){when}"


def figure3(*, patients: int = PATIENTS, seed: int = 1, model: Model | None = None, point: bool = False) -> go.Figure:
    """Draw a synapse of people ill, at baseline, and after ketamine; each part is coloured by its ratio to health.

    patients   people with major depression; as many healthy ones give the reference      seed   of people
    point      use the point estimate; otherwise each person takes a posterior draw
    """
    model = given_or_shipped(model)
    ill, after = ratios_to_health(patients=patients, seed=seed, model=model, point=point)
    figure = make_subplots(
        rows=1, cols=2, horizontal_spacing=0.04, subplot_titles=("A  illness", "B  after ketamine 0.5 mg/kg")
    )
    for column, ratios in ((1, ill), (2, after)):
        _draw(figure, ratios, column)
    figure.update_xaxes(range=[0, WIDTH], visible=False)
    figure.update_yaxes(range=[0, HEIGHT], visible=False)
    figure.update_layout(
        template=plain_template(),
        title={
            "text": f"{_finding(ill, after)}"
            f"<br><span style='font-size:13px'>Ratio to the mean of {patients:,} healthy people: mean of as many with major "
            f"depression (90 % range), {draws_words(model, point)};<br>after ketamine at the time that is given</span>",
            "y": 0.97,
            "x": 0.02,
            "xref": "container",
        },
        height=720,
        margin={"l": 20, "r": 20, "t": 125, "b": 15},
        showlegend=False,
    )
    return figure


def ratios_to_health(
    *, patients: int = PATIENTS, seed: int = 1, model: Model | None = None, point: bool = False
) -> tuple[dict[str, Ratio], dict[str, Ratio]]:
    """Every link of the chain in illness and after ketamine, by output; arguments as in `figure3`."""
    model = given_or_shipped(model)
    links = [link for link in LINKS if link[0] in model.equations]
    outputs, hours = [name for name, _, _ in links], sorted({0.0, *(hour for _, _, hour in links)})
    people = recruit(patients, seed=seed, model=model, uncertain=not point)
    well = recruit(patients, seed=seed, population="healthy", model=model, uncertain=not point)
    ill = simulate(model, people, REGIMEN, days=2, outputs=Output(outputs, hours))
    healthy = simulate(model, well, "saline", days=0.1, outputs=outputs)
    found: tuple[dict[str, Ratio], dict[str, Ratio]] = ({}, {})
    for name, words, hour in links:
        health = float(healthy[name].isel(time_h=0).mean())
        for place, at in enumerate((None, hour)):
            values = ill[name].sel(time_h=at or 0.0, method="nearest").to_numpy() / health
            lower, upper = np.quantile(values, [0.05, 0.95])
            found[place][name] = Ratio(words, float(values.mean()), float(lower), float(upper), at)
    return found


def _finding(ill: dict[str, Ratio], after: dict[str, Ratio]) -> str:
    """What the figure shows of spines, as its title."""
    name = "spine_density"
    if name not in ill:
        return "A synapse in illness and after ketamine"
    return f"Spine density is {ill[name].mean:.0%} of health in illness and {after[name].mean:.0%} a day after ketamine"


def ratio_text(ratio: float) -> str:
    """A ratio with two or three digits."""
    return f"{ratio:,.0f}" if ratio >= 100 else f"{ratio:.1f}" if ratio >= 10 else f"{ratio:.2f}"


def _draw(figure: go.Figure, ratios: dict[str, Ratio], column: int) -> None:
    """Draw one synapse with the number of each part, and the scale of its colours."""
    spines = ratios["spine_density"].mean if "spine_density" in ratios else 1.0
    for part in parts_of(spines):
        if part.output is None or part.output in ratios:
            _draw_part(figure, part, ratios[part.output] if part.output else None, column)
    for output, (side, height, at) in LABELS.items():
        if output in ratios:
            _draw_label(figure, ratios[output], side, height, at, column)
    for box in scale_boxes():
        _draw_part(figure, box.part, None, column, colour=ratio_colour(box.ratio))
        _text(figure, box.x, box.y, box.said, "middle center", column)
    _text(figure, *SCALE_TEXT, "ratio to health", "middle right", column)


def _draw_part(figure: go.Figure, part: Part, ratio: Ratio | None, column: int, *, colour: str = "") -> None:
    told = f"{ratio.words}: {ratio.said}" if ratio else ""
    figure.add_trace(
        go.Scatter(
            x=part.x,
            y=part.y,
            mode="lines",
            fill="toself",
            fillcolor=colour or (ratio_colour(ratio.mean) if ratio else "#FFFFFF"),
            line={"color": "#6B7480", "width": 1.2},
            hoveron="fills",
            text=told,
            hoverinfo="text" if told else "skip",
        ),
        row=1,
        col=column,
    )


def _draw_label(
    figure: go.Figure, ratio: Ratio, side: str, height: float, at: tuple[float, float], column: int
) -> None:
    """Words and number at an edge, with a line to the part."""
    edge, inner = (0.0, LABEL_WIDTH) if side == "left" else (WIDTH, WIDTH - LABEL_WIDTH)
    figure.add_trace(
        go.Scatter(
            x=[inner, at[0]],
            y=[height, at[1]],
            mode="lines",
            line={"color": "#9AA1AB", "width": 0.8},
            hoverinfo="skip",
        ),
        row=1,
        col=column,
    )
    when = "" if ratio.hour is None else f"<br>at {format_time(ratio.hour)}"
    value = f"{ratio_text(ratio.mean)} ({ratio_text(ratio.lower)}–{ratio_text(ratio.upper)}){when}"
    anchor = "middle right" if side == "left" else "middle left"
    first, _, rest = ratio.words.partition(" ")
    words = ratio.words if len(ratio.words) <= LONGEST_LINE else f"{first}<br>{rest}"
    _text(figure, edge, height, f"{words}<br>{value}", anchor, column)


def _text(figure: go.Figure, x: float, y: float, text: str, anchor: str, column: int) -> None:
    figure.add_trace(
        go.Scatter(
            x=[x],
            y=[y],
            mode="text",
            text=[text],
            textposition=anchor,
            textfont={"size": 11.5, "color": INK},
            cliponaxis=False,
            hoverinfo="skip",
        ),
        row=1,
        col=column,
    )
