"""The page of a model file: parameters, doses and how patients differ at the left, a card for each output at the right."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from html import escape
from pathlib import Path
from typing import Any

from dash import ALL, Dash, Input, Output, State, ctx, dcc, html, no_update
from flask import Flask

from resprout.app.html_page import NOTICE
from resprout.app.serve.callbacks import message_of_any
from resprout.app.serve.imported_answer import (
    HEIGHT,
    MOST_OUTPUTS,
    MOST_PATIENTS,
    Asked,
    OutputTrajectory,
    command_line,
    first_outputs,
    picture,
    read_form,
    table_csv,
    trajectories,
)
from resprout.app.serve.job_queue import JOBS
from resprout.app.serve.page_layout import CONFIG, legend_items
from resprout.app.serve.page_template import ICON
from resprout.app.serve.request_guard import guard_app
from resprout.errors import InputError, ResproutError
from resprout.figures.palette import CONTROL_COLOUR, STAGE_COLOUR
from resprout.installation import installed_version
from resprout.language.records import ImportedModel
from resprout.simulation.imported_simulation import changing_outputs

SIZES = ("volume", "litre", "area", "length")
"""Units of compartments."""
MOST_FIELDS, MOST_LISTED, UNTIL = 24, 400, 100.0
LIVE: Any = {"aria-live": "polite"}
PLACES = ("until", "set", "dose", "vary", "patients", "outputs")


def make_imported_app(model: ImportedModel, *, hosts: Collection[str] | None = None) -> Dash:
    """The page of an imported model as an application that any WSGI server runs.

    model   what `rs.import_model` gave
    hosts   host names it answers to; None for any
    """
    server: Any = Flask("resprout")
    app = Dash(
        "resprout",
        server=server,
        assets_folder=str(Path(__file__).with_name("assets")),
        assets_ignore=r".*\.js$",  # the script of the other page looks for its own controls
        update_title="",
        title=f"{model.name}: resprout",
        serve_locally=True,
    )
    app.layout = layout(model)
    app.index_string = shell(model, installed_version())
    _register(app, model)
    guard_app(app, hosts)
    return app


def shell(model: ImportedModel, version: str) -> str:
    """The page around what Dash draws."""
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(model.name)}: resprout</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<link rel="icon" href="{ICON}">{{%css%}}</head><body data-tab="file">'
        '<a class="skip" href="#main">Skip to the results</a>'
        f'<header><div class="brand"><h1>{escape(model.name)}</h1><p>{escape(said_of(model))}</p></div></header>'
        f'<section class="notice" aria-label="Notice">{escape(NOTICE)}</section>{{%app_entry%}}'
        f"<footer>resprout {escape(version)}, model {escape(model.digest)}. For research and teaching; not medical advice.</footer>"
        '<noscript><p class="notice">This page needs JavaScript. The same from the command line: '
        "<code>resprout simulate --help</code>.</p></noscript>{%config%}{%scripts%}{%renderer%}</body></html>"
    )


def said_of(model: ImportedModel) -> str:
    """How large the model is, in words."""
    parts = [f"{len(model.states)} states", f"{len(model.constants)} constants"]
    if model.event_count:
        parts.append(f"{model.event_count} event{'s' if model.event_count > 1 else ''}")
    return (
        ", ".join(parts) + f"; time in {unit_of_time(model)}{'' if model.time_unit else ' (the file declares no unit)'}"
    )


def unit_of_time(model: ImportedModel) -> str:
    """The model's unit of time in words."""
    unit = model.time_unit or "hours"
    return f"units of {unit}" if unit[0].isdigit() else unit


def layout(model: ImportedModel) -> html.Div:
    """Form and results."""
    return html.Div([html.Aside(form(model)), html.Main(results(model), id="main")], className="layout")


def results(model: ImportedModel) -> list[Any]:
    """What stands at the right: what went wrong, the curves, the command, the equations."""
    return [
        html.Div(id="said", className="status", role="status", **LIVE),
        dcc.Loading(
            html.Div(id="curves", className="cards"), delay_show=400, type="dot", color=STAGE_COLOUR["circuit"]
        ),
        html.Div(
            [html.Pre(id="command", tabIndex=0), html.Button("CSV", id="take-csv", className="quiet")],
            className="taken",
        ),
        dcc.Download(id="csv"),
        dcc.Store(id="table"),
        html.Details(
            [html.Summary("Equations and constants"), equations(model)],
            className="stage",
        ),
    ]


def form(model: ImportedModel) -> list[Any]:
    """Every field, with the file's own values in it."""
    fields = parameters(model)
    doses = next(iter(model.dose_targets), "")
    example = f"{doses}: 100; every 24 h x 7" if doses else "no state of this model takes a dose"
    varied = next(iter(fields), "k")
    offered, chosen = changing_outputs(model), first_outputs(model, UNTIL)
    return [
        group(
            "Run",
            field("until", f"Until, in {unit_of_time(model)}", number("until", UNTIL)),
            field("dose", "Doses, one a line", text("dose", example)),
        ),
        group(
            "Outputs",
            field("outputs", f"Up to {MOST_OUTPUTS}, joined by commas", text("outputs", "", ", ".join(chosen))),
            html.Details(
                [html.Summary(f"All {len(offered):,}"), html.Code(", ".join(offered), className="choices")],
            ),
        ),
        group(
            "Parameters",
            *(field_of(name, model) for name in fields),
            field("set", "Other values", text("set", "name=value, name=value")),
        ),
        group(
            "Patients",
            field("vary", "How they differ", text("vary", f"{varied}=lognormal(cv=0.3)")),
            field("patients", "How many", number("patients", 200, 1, MOST_PATIENTS)),
        ),
    ]


def parameters(model: ImportedModel) -> list[str]:
    """Constants with a field of their own: the first that are not zero, sizes of compartments last."""
    some = [constant for constant in model.constants.values() if constant.value != 0]
    return [constant.name for constant in sorted(some, key=lambda each: each.unit in SIZES)][:MOST_FIELDS]


def group(legend: str, *parts: Any) -> html.Fieldset:
    """Some fields under one heading."""
    return html.Fieldset([html.Legend(legend), *parts])


def field(name: str, label: str, control: Any) -> html.Div:
    """A control with its label and a place for its message."""
    return html.Div([html.Label(label, htmlFor=name), control, place(name)], className="field", id=f"field-{name}")


def place(name: str) -> html.P:
    """Where the message of a field appears."""
    return html.P(id=f"fault-{name}", className="fault", role="alert")


def field_of(name: str, model: ImportedModel) -> html.Div:
    """The field of a constant."""
    constant = model.constants[name]
    unit = f", {constant.unit}" if constant.unit and constant.unit != "dimensionless" else ""
    known = {"type": "value", "name": name}
    control = dcc.Input(id=known, type="number", value=constant.value, step="any", debounce=True)
    return html.Div(html.Label([html.Span(f"{name}{unit}"), control]), className="field")


def number(name: str, value: float, lowest: float | None = None, highest: float | None = None) -> dcc.Input:
    """A field for a number."""
    bounds: Any = {key: bound for key, bound in (("min", lowest), ("max", highest)) if bound is not None}
    return dcc.Input(id=name, type="number", value=value, step="any", debounce=True, **bounds)


def text(name: str, example: str, value: str = "") -> dcc.Textarea:
    """A field for text, which is read when it is left."""
    return dcc.Textarea(id=name, value=value, placeholder=example, rows=2, persistence=False, spellCheck=False)


def equations(model: ImportedModel) -> html.Div:
    """What the file says, equation by equation."""
    rows = []
    for equation in list(model.equations.values())[:MOST_LISTED]:
        sign = "' = " if equation.kind == "state" else " = "
        begins = f" begins at {equation.start:.6g}" if equation.start is not None else ""
        rows.append(html.Li([html.Code(equation.name + sign + equation.text), html.Span(begins, className="meaning")]))
    left = len(model.equations) - len(rows)
    more = [html.P(f"{left:,} more: `resprout describe --model FILE`.", className="hint")] if left > 0 else []
    return html.Div([html.Ul(rows, className="equations"), *more])


def _register(app: Dash, model: ImportedModel) -> None:
    """Connect form and results."""
    faults = [Output(f"fault-{name}", "children") for name in PLACES]

    @app.callback(
        Output("curves", "children"),
        Output("said", "children"),
        Output("command", "children"),
        Output("table", "data"),
        *faults,
        *(Input(name, "value") for name in PLACES),
        Input({"type": "value", "name": ALL}, "value"),
    )
    def answer(*given: Any) -> tuple[Any, ...]:
        names = [each["id"]["name"] for each in ctx.inputs_list[-1]]
        sent = {**dict(zip(PLACES, given, strict=False)), "values": dict(zip(names, given[-1], strict=True))}
        return respond(model, sent)

    @app.callback(
        Output("csv", "data"), Input("take-csv", "n_clicks"), State("table", "data"), prevent_initial_call=True
    )
    def csv(_clicks: Any, table: Any) -> Any:
        return {"content": table, "filename": "resprout.csv"} if table else no_update


def respond(model: ImportedModel, sent: Mapping[str, Any]) -> tuple[Any, ...]:
    """Curves, what is said of them, the command, the table, and the message of each field; nothing is drawn for what cannot be read."""
    kept = (no_update,) * 4
    try:
        asked = read_form(model, sent)
        with JOBS.place():
            found, notes = trajectories(model, asked)
    except InputError as error:
        own = {fault.field: f"{fault.found} {fault.expected} {fault.remedy}".strip() for fault in error.faults}
        elsewhere = [said for name, said in own.items() if name not in PLACES]
        said = " ".join(["The curves are those of before.", *elsewhere])
        return kept[0], said, no_update, no_update, *(own.get(name, "") for name in PLACES)
    except ResproutError as error:
        return kept[0], message_of_any(error), no_update, no_update, *("" for _ in PLACES)
    table = table_csv(found, model.time_unit or "h")
    cards = [card(trajectory, model, asked) for trajectory in found]
    return cards, _said(asked, notes), command_line(model, asked), table, *("" for _ in PLACES)


def _said(asked: Asked, notes: str) -> str:
    who = f"{asked.patients} patients: medians and bands of 90 %." if asked.vary else "One run."
    return f"{who} Note: {notes}." if notes else who


def card(trajectory: OutputTrajectory, model: ImportedModel, asked: Asked) -> html.Article:
    """One output."""
    entries = [("median" if asked.vary else "now", "", STAGE_COLOUR["circuit"], "solid")]
    if trajectory.before is not None:
        entries.append(("as in the file", "", CONTROL_COLOUR, "dash"))
    graph = dcc.Graph(figure=picture(trajectory, model.time_unit or "h"), config=CONFIG, style={"height": HEIGHT})
    unit = f" ({trajectory.unit})" if trajectory.unit and trajectory.unit != "dimensionless" else ""
    heading = html.Header(html.H2(f"{trajectory.name}{unit}"))
    labels: Any = {"aria-label": f"{trajectory.name} over time"}
    picture_of = html.Div(graph, role="img", **labels)
    return html.Article([heading, picture_of, html.Ul(legend_items(entries), className="legend")], className="card")
