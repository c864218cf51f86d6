"""Drugs side by side: one dose each in one typical depressed person in, a panel for each step of the chain out."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from resprout.calibrate.drug_comparison import COLUMNS, DrugComparison
from resprout.figures.palette import CONTROL_COLOUR, INK, STAGE_COLOUR, plain_template, whiskers

PANELS = {
    "glutamate_surge": ("glutamate<br>surge, %", "circuit"),
    "p_mTOR": ("mTORC1,<br>active share", "signal"),
    "BDNF_release": ("BDNF,<br>× rest", "signal"),
    "spines_24h": ("spines at<br>24 h, %", "spine"),
    "HDRS17_24h": ("HDRS17 at<br>24 h, points", "score"),
    "psychotomimetic": ("VAS “high”,<br>0 to 100", "receptor"),
}


NAME_LETTER_PX = 6.6
"""Room for a letter of a drug's name: pictures for print make none by themselves."""


def drug_comparison_figure(rows: Sequence[DrugComparison]) -> go.Figure:
    """Draw one bar for each drug in each of six panels; controls in grey.

    rows      as `compare_drugs` gives them
    returns   Plotly figure
    """
    titles = [title for title, _ in PANELS.values()]
    figure = make_subplots(rows=1, cols=len(PANELS), shared_yaxes=True, horizontal_spacing=0.025, subplot_titles=titles)
    names = [row.drug for row in rows]
    for column, (name, (_, stage)) in enumerate(PANELS.items(), start=1):
        colours = [CONTROL_COLOUR if row.family == "control" else STAGE_COLOUR[stage] for row in rows]
        values = [row.value[name] for row in rows]
        hover = f"%{{y}}<br>%{{x:.3g}} ({COLUMNS[name]})<extra></extra>"
        bar = go.Bar(x=values, y=names, orientation="h", marker={"color": colours}, hovertemplate=hover)
        if all(name in row.interval for row in rows):
            upper = [row.interval[name][1] - row.value[name] for row in rows]
            lower = [row.value[name] - row.interval[name][0] for row in rows]
            # an interval over draws need not hold the value at the point estimate
            bar.error_x = whiskers([max(each, 0) for each in upper], [max(each, 0) for each in lower], INK)
        figure.add_trace(bar, row=1, col=column)
    figure.update_yaxes(autorange="reversed", showgrid=False)
    figure.update_xaxes(showgrid=True, zeroline=True, nticks=4)
    figure.update_annotations(font={"size": 12})
    figure.update_layout(
        template=plain_template(),
        title={"text": f"{finding(rows)}{who(rows)}", "y": 0.965, "x": 0.02, "xref": "container"},
        height=24 * len(rows) + 172,
        margin={"l": NAME_LETTER_PX * max(map(len, names), default=0), "r": 20, "t": 112, "b": 40},
        showlegend=False,
        bargap=0.3,
    )
    return figure


def who(rows: Sequence[DrugComparison]) -> str:
    """The subtitle: in whom, and what the whiskers hold."""
    draws = rows[0].draws if rows else 0
    held = f"; whiskers hold 90 % of {draws} posterior draws of the constants" if draws else ", at the point estimate"
    return f"<br><span style='font-size:13px'>one typical depressed person{held}</span>"


def finding(rows: Sequence[DrugComparison]) -> str:
    """The title: how many drugs take at least a third of ketamine's fall of the score within a day."""
    fall = {row.drug: row.value["HDRS17_24h"] for row in rows}
    ketamine = next((value for drug, value in fall.items() if drug.startswith("ketamine")), 0.0)
    working = sum(1 for value in fall.values() if value < ketamine / 3 < 0)
    return f"{working} of {len(fall)} single doses lower depression by a third of ketamine's fall within a day"
