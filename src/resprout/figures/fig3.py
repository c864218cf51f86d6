"""The analogue of Fig 3 of Krystal, Sanacora & Duman (2013): what illness does to each link, and what ketamine does."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from resprout.figures.palette import CONTROL_COLOUR, STAGE_COLOUR, faint, plain_template
from resprout.figures.spoken_units import format_time
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
LEAST, MOST = 0.3, 60.0  # of health, on the axis; what lies beyond is an arrow at its end, with its number


def figure3(*, patients: int = PATIENTS, seed: int = 1, model: Model | None = None, point: bool = False) -> go.Figure:
    """Draw every link of the chain relative to health: people ill, at baseline, and after ketamine.

    patients   people with major depression; as many healthy ones give the reference      seed   of people
    point      use the point estimate; otherwise each person takes a posterior draw
    """
    model = given_or_shipped(model)
    links = [link for link in LINKS if link[0] in model.equations]
    outputs, hours = [name for name, _, _ in links], sorted({0.0, *(hour for _, _, hour in links)})
    people = recruit(patients, seed=seed, model=model, uncertain=not point)
    ill = simulate(model, people, REGIMEN, days=2, outputs=Output(outputs, hours))
    well = simulate(
        model,
        recruit(patients, seed=seed, population="healthy", model=model, uncertain=not point),
        "saline",
        days=0.1,
        outputs=outputs,
    )
    figure = make_subplots(
        rows=1, cols=2, shared_yaxes=True, horizontal_spacing=0.04, subplot_titles=("A  illness", "B  after ketamine")
    )
    for place, (name, words, hour) in enumerate(links):
        health = float(well[name].isel(time_h=0).mean())
        for column, time_h in ((1, 0.0), (2, hour)):
            values = ill[name].sel(time_h=time_h, method="nearest").to_numpy() / health
            _draw(figure, place, words, values, model.equations[name].stage, column, format_time(time_h))
    _finish(figure, [words for _, words, _ in links], patients, draws_words(model, point))
    return figure


def _draw(figure: go.Figure, place: int, words: str, values: np.ndarray, stage: int, column: int, when: str) -> None:
    """Draw the mean of one link with the 90 % range over patients."""
    colour = list(STAGE_COLOUR.values())[stage - 1]
    lower, mean, upper = np.quantile(values, 0.05), values.mean(), np.quantile(values, 0.95)
    told = f"{words}: {mean:.2f} of health ({lower:.2f} to {upper:.2f}), {when}"
    beyond = f"from almost nothing, × {mean:,.0f}" if mean > MOST else ""
    lower, mean, upper = np.clip([lower, mean, upper], LEAST, MOST)
    figure.add_trace(
        go.Scatter(x=[lower, upper], y=[place] * 2, mode="lines", line={"color": faint(colour, 0.45), "width": 7}),
        row=1,
        col=column,
    )
    figure.add_trace(
        go.Scatter(
            x=[mean],
            y=[place],
            mode="markers+text",
            marker={"color": colour, "size": 11, "symbol": "triangle-right" if beyond else "circle"},
            text=[beyond],
            textposition="top left",
            cliponaxis=False,
            hovertemplate=told + "<extra></extra>",
        ),
        row=1,
        col=column,
    )
    if column == 2:
        figure.add_annotation(
            x=1, xref="paper", xanchor="left", xshift=8, y=place, text=when, showarrow=False, font={"size": 11.5}
        )


def _finish(figure: go.Figure, words: list[str], patients: int, constants: str) -> None:
    """Axes, reference line and title."""
    figure.add_vline(x=1, line={"color": CONTROL_COLOUR, "width": 1.2, "dash": "dot"})
    figure.update_xaxes(
        type="log",
        range=[np.log10(LEAST), np.log10(MOST)],
        tickvals=[0.5, 1, 2, 4, 8, 16, 32],
        ticktext=["½", "1", "2", "4", "8", "16", "32"],
        title_text="ratio to health",
    )
    figure.update_yaxes(
        tickvals=list(range(len(words))), ticktext=words, range=[len(words) - 0.4, -0.6], tickfont={"size": 12.5}
    )
    figure.update_layout(
        template=plain_template(),
        title={
            "text": "Illness takes spines away; ketamine drives growth signals, and spines return"
            f"<br><span style='font-size:13px'>{patients:,} people with major depression relative to the mean of as many "
            f"healthy ones; bars hold 90 % of patients, {constants};<br>at the right the time after the dose</span>",
            "y": 0.96,
            "x": 0.02,
            "xref": "container",
        },
        height=620,
        margin={"l": 190, "r": 70, "t": 125, "b": 55},
        showlegend=False,
    )
