"""What happens when the page asks: each request checked, worked out and answered, or answered with a message."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any

from dash import ClientsideFunction, Dash, Input, Output, dcc, html, no_update

from resprout.app.caveats import Shown, caveats_for, shown_by_run, shown_by_trial
from resprout.app.serve.drugs_tab import COLUMNS, LEAST_DAYS, READOUTS, Row, balance_picture, compare, spans
from resprout.app.serve.export_formats import command_line, python_code, rows_csv, trial_command
from resprout.app.serve.form_state import Faults, State, difference_words, read_state, regimen_text, say
from resprout.app.serve.job_queue import JOBS
from resprout.app.serve.page_layout import CONFIG, TRIAL_PICTURES, legend_items
from resprout.app.serve.path_bands import band_data
from resprout.app.serve.path_panels import panel_data
from resprout.app.serve.path_simulation import page_trajectory
from resprout.app.serve.patients_tab import checked, faulty, read_people, shown, view_of
from resprout.app.serve.plot_data import packed
from resprout.app.serve.stage_sentences import sentences
from resprout.app.serve.trial_pictures import arms_of, trial_pictures
from resprout.app.serve.trial_tab import run_design, run_upload
from resprout.errors import Fault, InputError, ResproutError
from resprout.figures import FIGURES
from resprout.figures.palette import STAGE_COLOUR
from resprout.figures.stage_panels import PATH_OUTPUTS
from resprout.language.records import Model
from resprout.trial import Trial

FIGURE_REPLICATES = 100
FIGURES_S = 300.0  # of all figures, which are drawn once
OF_FIGURES = Shown(
    frozenset({"HDRS25", "HDRS17", "MADRS", "p_mTOR", "spine_density"}),
    frozenset({"ketamine"}),
    frozenset({"single_dose", "control_arm", "small_trial", "bipolar"}),
)
log = logging.getLogger("resprout.page")
Request = Any


def register_callbacks(app: Dash, model: Model) -> None:
    """Connect the page with what it asks for."""

    @app.callback(Output("path-done", "data"), Input("path-request", "data"), prevent_initial_call=True)
    @answered(0)
    def path_answer(request: Request) -> tuple[Any, ...]:
        return (path_response(request, model),)

    trial = [
        Output(f"trial-{name}{end}", part)
        for name in TRIAL_PICTURES
        for end, part in (("", "figure"), ("-legend", "children"), ("-sentence", "children"))
    ]

    @app.callback(*trial, Output("trial-done", "data"), Input("trial-request", "data"), prevent_initial_call=True)
    @answered(len(trial))
    def trial_answer(request: Request) -> tuple[Any, ...]:
        return trial_response(request, model)

    drugs = [Output("drugs-table", "children"), Output("balance", "figure"), Output("balance-sentence", "children")]

    @app.callback(*drugs, Output("drugs-done", "data"), Input("drugs-request", "data"), prevent_initial_call=True)
    @answered(len(drugs))
    def drugs_answer(request: Request) -> tuple[Any, ...]:
        return drugs_response(request, model)

    @app.callback(
        Output("figures-body", "children"),
        Output("figure-done", "data"),
        Input("figure-request", "data"),
        prevent_initial_call=True,
    )
    @answered(1)
    def figure_answer(request: Request) -> tuple[Any, ...]:
        return figures_body(), {"caveats": [each.sentence for each in caveats_for(OF_FIGURES)]}

    register_bands(app, model)
    register_patients(app, model)
    for name in ("path", "bands", "trial", "drugs", "figure", "patients"):
        app.clientside_callback(
            ClientsideFunction("page", name), Input(f"{name}-done", "data"), prevent_initial_call=True
        )


def register_bands(app: Dash, model: Model) -> None:
    """Connect the bands of the six panels."""

    @app.callback(Output("bands-done", "data"), Input("bands-request", "data"), prevent_initial_call=True)
    @answered(0)
    def bands_answer(request: Request) -> tuple[Any, ...]:
        state, faults = read_state(fields_in(request), model)
        return ({"faults": faults} if faults else {"bands": band_data(state, model)},)


def register_patients(app: Dash, model: Model) -> None:
    """Connect the tab of a reader's own table."""
    patients = [Output("patients-checked", "children"), Output("patients-shown", "children")]

    @app.callback(
        *patients, Output("patients-done", "data"), Input("patients-request", "data"), prevent_initial_call=True
    )
    @answered(len(patients))
    def patients_answer(request: Request) -> tuple[Any, ...]:
        return patients_response(request, model)


def answered(outputs: int) -> Callable[[Callable[[Request], tuple[Any, ...]]], Callable[[Request], Any]]:
    """Make a callback that always answers: a mistake becomes a message, a fault of ours an apology and a line in the log.

    outputs   how many parts stand before the last, which is a mapping for the page's script
    """

    def wrap(work: Callable[[Request], tuple[Any, ...]]) -> Callable[[Request], Any]:
        @wraps(work)
        def safe(request: Request) -> Any:
            answer = respond(work, request, outputs)
            return answer if outputs else answer[-1]

        return safe

    return wrap


def respond(work: Callable[[Request], tuple[Any, ...]], request: Request, outputs: int) -> tuple[Any, ...]:
    """Do the work, or say why not; nothing that is drawn changes then."""
    kept = (no_update,) * outputs
    serial = request.get("serial") if isinstance(request, dict) else None
    started = time.perf_counter()
    try:
        *parts, done = work(request)
    except ResproutError as error:
        return *kept, {"message": message_of_any(error), "serial": serial}
    except Exception:
        log.exception("a callback failed")
        return *kept, {"message": "This did not work; the fault is ours. Nothing was kept.", "serial": serial}
    return *parts, {**done, "serial": serial, "ms": round(1000 * (time.perf_counter() - started), 1)}


def message_of_any(error: ResproutError) -> str:
    """All faults of any of our errors as one message."""
    return say(InputError(*error.faults))


def fields_in(request: Request) -> Any:
    """The fields of a request."""
    if not isinstance(request, dict):
        raise InputError(Fault("the request is no list of fields.", "", "Expected names with values."))
    return request.get("fields", {})


def path_response(request: Request, model: Model) -> dict[str, Any]:
    """Answer for the six panels: lines and sentences by stage, code to take along; or messages by field."""
    state, faults = read_state(fields_in(request), model)
    if faults:
        return {"faults": faults}
    try:
        trajectory = page_trajectory(state, model)
    except InputError as error:
        return {"faults": faults_of(error)}
    pinned, told = None, ""
    hours = float(trajectory.time_h[-1])
    if isinstance(request.get("pinned"), dict):
        pinned_state, pinned_faults = read_state(request["pinned"], model)
        if not pinned_faults:
            pinned, told = page_trajectory(pinned_state, model), difference_words(pinned_state, state, model)
    return {
        "faults": {},
        "hours": packed(trajectory.time_h)["bdata"],
        "lastDose": trajectory.dose_h[-1],
        "pinned": told,
        "referenceHours": packed(pinned.time_h)["bdata"] if pinned else "",
        "panels": panel_data(trajectory, pinned, model),
        "sentences": sentences(trajectory),
        "regimen": regimen_text(state),
        "caveats": [each.sentence for each in caveats_for(shown_by_run(PATH_OUTPUTS, trajectory.regimen, hours))],
        "command": command_line(state, model),
        "python": python_code(state, model),
    }


def faults_of(error: InputError) -> Faults:
    """Messages of an error by the fields that its faults name."""
    return {fault.field or "drug": f"{fault.found} {fault.expected} {fault.remedy}".strip() for fault in error.faults}


def trial_response(request: Request, model: Model) -> tuple[Any, ...]:
    """Answer for the trial tab."""
    sent, protocol = fields_in(request), request.get("protocol")
    outcome: Trial | None = None
    faults: Faults = {}
    kept = (no_update,) * (3 * len(TRIAL_PICTURES))
    with JOBS.place():
        if protocol is not None:
            try:
                outcome = run_upload(protocol, model)
            except InputError as error:
                return *kept, {"faults": {"protocol": say(error)}}
        else:
            state, faults = read_state(sent, model)
            if not faults:
                outcome, faults = run_design(state, model)
    if outcome is None:
        return *kept, {"faults": faults}
    legend = [(name, "", colour, dash) for name, colour, dash, _ in arms_of(outcome)]
    parts = [
        part
        for picture, sentence in trial_pictures(outcome).values()
        for part in (picture, legend_items(legend), sentence)
    ]
    people = outcome.protocol.people
    times = f"{outcome.replicates} replicates" if outcome.replicates > 1 else "one replicate"
    said = f"{people} people in {len(outcome.protocol.arms)} arms, {times}, seed {outcome.seed}, constants at their point estimate"
    limits = [each.sentence for each in caveats_for(shown_by_trial(outcome))]
    shipped = protocol is None and state.text["published"] != "own"
    taken = {"command": trial_command(outcome, shipped=shipped), "csv": outcome.table.to_csv(index=False)}
    return *parts, {"faults": {}, "said": said, "caveats": limits, **taken}


def drugs_response(request: Request, model: Model) -> tuple[Any, ...]:
    """Answer for the drugs tab."""
    state, faults = read_state(fields_in(request), model)
    if faults:
        return no_update, no_update, no_update, {"faults": faults}
    with JOBS.place():
        rows, faults = compare(state, model)
    picture, sentence = balance_picture(rows)
    days = max(state.number["days"], LEAST_DAYS)
    taken = {
        "command": "\n".join(command_line(state, model, row.regimen, days) for row in rows),
        "csv": rows_csv(["regimen", *COLUMNS], [(row.regimen, *row.value) for row in rows]),
    }
    return drug_table(rows), picture, sentence, {"faults": faults, "caveats": drugs_caveats(rows, state), **taken}


def drugs_caveats(rows: list[Row], state: State) -> list[str]:
    """Known limits of the numbers of the drugs tab, each once."""
    hours = max(24 * state.number["days"], 168.0)
    outputs = ("HDRS17", "glutamate_release", "p_mTOR", "spine_density", "CADSS")
    each = [caveats_for(shown_by_run(outputs, row.regimen, hours)) for row in rows]
    return list(dict.fromkeys(caveat.sentence for found in each for caveat in found))


def patients_response(request: Request, model: Model) -> tuple[Any, ...]:
    """Answer for the tab of observed people: the table checked, or one person of it shown."""
    with JOBS.place():
        try:
            data = read_people(request, model)
        except InputError as error:
            many = f"{len(error.faults)} fault{'' if len(error.faults) == 1 else 's'}: nothing of the table is used."
            return faulty(error), [], {"faults": {"patients": many}, "people": []}
        names = [who.name for who in data.people]
        if request.get("ask") != "person":
            said = f"{len(names)} {'person' if len(names) == 1 else 'people'}, no fault."
            return checked(data), [], {"faults": {}, "people": names, "said": said}
        try:
            view = view_of(request, data, model)
        except InputError as error:
            return no_update, no_update, {"faults": faults_of(error)}
    return no_update, shown(view, model), {"faults": {}}


def whole_figure(number: int, drawn: Any) -> html.Div:
    """A figure as high as it is drawn, which narrow screens scroll sideways."""
    labels: dict[str, Any] = {"aria-label": f"Figure {number}"}
    graph = dcc.Graph(figure=drawn, config=CONFIG, style={"height": drawn.layout.height})
    return html.Div(graph, className="wide figure", tabIndex=0, role="region", **labels)


def drug_table(rows: list[Row]) -> html.Div:
    """Readouts as bars in the colours of their stages."""
    head = html.Tr(
        [
            html.Th("regimen"),
            *(html.Th([readout.label, html.Small(readout.unit)], className="number") for readout in READOUTS),
        ]
    )
    widest = spans(rows)
    body = [
        html.Tr(
            [
                html.Th([html.Small(f"{place} "), row.regimen], scope="row"),
                *(
                    bar_cell(value, most, readout.stage)
                    for value, most, readout in zip(row.value, widest, READOUTS, strict=True)
                ),
            ]
        )
        for place, row in enumerate(rows, start=1)
    ]
    bars = html.Table([html.Thead(head), html.Tbody(body)], className="bars")
    labels: dict[str, Any] = {"aria-label": "Effects of each regimen, stage by stage"}
    return html.Div(bars, className="card wide", tabIndex=0, role="region", **labels)


def bar_cell(value: float, most: float, stage: str) -> html.Td:
    """A number over a bar whose length is its size."""
    width = f"{100 * min(abs(value) / most, 1):.1f}%"
    shown = f"{value:.0f}" if abs(value) >= 10 else f"{value + 0.0:.1f}".replace("-0.0", "0.0")
    bar = html.Span(className="bar", style={"width": width, "background": STAGE_COLOUR[stage]})
    return html.Td([html.Span(shown), html.Span(bar, className="track")], className="number")


@lru_cache(maxsize=1)
def figures_body() -> list[Any]:
    """Every figure this version has."""
    from resprout.figures import figure

    with JOBS.place(FIGURES_S):
        return [
            html.Article(
                [
                    html.Header(html.H2(f"Figure {number}")),
                    whole_figure(number, figure(number, replicates=FIGURE_REPLICATES)),
                    html.P(f"{what[0].upper()}{what[1:]}; {FIGURE_REPLICATES} replicates.", className="sentence"),
                ],
                className="card",
            )
            for number, what in FIGURES.items()
        ]
