"""What Dash draws: the trial's four pictures, drugs, figures, and the stores through which requests pass."""

from __future__ import annotations

from typing import Any

from dash import dcc, html

from resprout.app.serve.plot_data import BALANCE_HEIGHT, TRIAL_HEIGHT, look

CONFIG: Any = {"displayModeBar": False, "displaylogo": False, "responsive": True, "scrollZoom": False}
TRIAL_PICTURES = {
    "score": "Mean score by visit",
    "responders": "Responders",
    "dissociation": "Dissociation",
    "power": "Power of such a trial",
}
STORES = (
    "path-request",
    "path-done",
    "bands-request",
    "bands-done",
    "trial-request",
    "trial-done",
    "drugs-request",
    "drugs-done",
    "figure-request",
    "figure-done",
    "patients-request",
    "patients-done",
)


def page_layout() -> html.Div:
    """Everything inside the results area; the page's own script shows one tab at a time."""
    return html.Div(
        [
            *(dcc.Store(id=name) for name in STORES),
            tab("trial", html.Div([trial_card(*item) for item in TRIAL_PICTURES.items()], className="cards")),
            tab("drugs", html.Div(id="drugs-table"), graph_card("balance", "Relief and dissociation", BALANCE_HEIGHT)),
            tab("figures", html.Div(id="figures-body")),
            tab(
                "patients",
                html.Div(id="patients-shown"),
                html.Div(html.P("No table is read yet.", className="hint"), id="patients-checked"),
            ),
        ]
    )


def tab(name: str, *parts: Any) -> html.Section:
    """One tab's results."""
    labels: dict[str, Any] = {"data-for": name, "aria-labelledby": f"tab-{name}"}
    return html.Section(
        list(parts),
        id=f"panel-{name}",
        className="panel",
        role="tabpanel",
        **labels,
    )


def trial_card(name: str, title: str) -> html.Article:
    """One picture of the trial with its sentence."""
    return graph_card(f"trial-{name}", title, TRIAL_HEIGHT)


def graph_card(name: str, title: str, height: int) -> html.Article:
    """A picture of a height in pixels with a title and a sentence."""
    return html.Article(
        [
            html.Header(html.H2(title)),
            graph(name, title, height),
            html.Ul(id=f"{name}-legend", className="legend"),
            html.P(id=f"{name}-sentence", className="sentence"),
        ],
        className="card",
    )


def graph(name: str, label: str, height: int) -> html.Div:
    """A picture, empty until its numbers come."""
    empty = {"data": [], "layout": look(height, (40, 10, 8, 34), xaxis={"visible": False}, yaxis={"visible": False})}
    labels: dict[str, Any] = {"aria-label": label}
    return html.Div(dcc.Graph(id=name, figure=empty, config=CONFIG, style={"height": height}), role="img", **labels)


def legend_items(items: list[tuple[str, str, str, str]]) -> list[html.Li]:
    """Entries of a legend: (label, size in words, colour, dash)."""
    return [
        html.Li(
            [
                html.Span(className=f"stroke {dash}", style={"color": colour}),
                html.Span(label),
                html.Small(size) if size else None,
            ]
        )
        for label, size, colour, dash in items
    ]
