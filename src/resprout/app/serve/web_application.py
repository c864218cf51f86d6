"""The web application: Dash for what is drawn, plain routes for files and fragments, the guard around both."""

from __future__ import annotations

import threading
from collections.abc import Collection
from pathlib import Path
from typing import Any

from dash import Dash
from flask import Flask, Response, request

from resprout.app.evidence_codes import is_code
from resprout.app.serve.callbacks import register_callbacks
from resprout.app.serve.evidence_dialog import evidence_fragment
from resprout.app.serve.export_formats import trajectory_csv
from resprout.app.serve.form_state import read_state
from resprout.app.serve.model_tab import model_fragment
from resprout.app.serve.page_layout import page_layout
from resprout.app.serve.page_template import shell
from resprout.app.serve.path_bands import recruits
from resprout.app.serve.path_simulation import page_trajectory, warm_up
from resprout.app.serve.request_guard import guard_app, refuse
from resprout.app.serve.scoreboard_tab import Scoreboard
from resprout.app.serve.trial_tab import design, warm_trials
from resprout.errors import ResproutError
from resprout.installation import installed_version
from resprout.language import given_or_shipped, load_model
from resprout.language.plain_yaml import write_yaml
from resprout.language.records import Model


def make_app(model: Model | None = None, *, hosts: Collection[str] | None = None) -> Dash:
    """The page as an application that any WSGI server runs.

    model   None for the shipped one
    hosts   host names it answers to; None for any
    """
    loaded = given_or_shipped(model)
    server: Any = Flask("resprout")  # Dash says bool, and takes a server
    app = Dash(
        "resprout",
        server=server,
        assets_folder=str(Path(__file__).with_name("assets")),
        update_title="",
        title="resprout",
        suppress_callback_exceptions=True,
        serve_locally=True,
    )
    app.layout = page_layout
    app.index_string = shell(loaded, installed_version())
    register_callbacks(app, loaded)
    guard_app(app, hosts)
    add_routes(server, loaded)
    return app


def add_routes(server: Flask, model: Model) -> None:
    """Files to take along and the tabs that are plain HTML."""
    scoreboard = Scoreboard(model)

    @server.get("/path.csv")
    def path_csv() -> Response:
        state, faults = read_state(dict(request.args.items()), model)
        if faults:
            return refuse(400, "\n".join(f"{name}: {fault}" for name, fault in faults.items()))
        try:
            text = trajectory_csv(page_trajectory(state, model), model)
        except ResproutError as error:
            return refuse(400, str(error))
        name = {"Content-Disposition": 'attachment; filename="resprout-path.csv"'}
        return Response(text, mimetype="text/csv", headers=name)

    @server.get("/trial.yaml")
    def trial_yaml() -> Response:
        state, faults = read_state(dict(request.args.items()), model)
        fields, more = ({}, faults) if faults else design(state, model)
        if more:
            return refuse(400, "\n".join(f"{name}: {fault}" for name, fault in more.items()))
        name = {"Content-Disposition": 'attachment; filename="my_trial.yaml"'}
        return Response(write_yaml(fields), mimetype="application/yaml", headers=name)

    @server.get("/part/model")
    def part_model() -> Response:
        return Response(model_fragment(model), mimetype="text/html")

    @server.get("/part/evidence/<code>")
    def part_evidence(code: str) -> Response:
        if not is_code(code):
            return refuse(404, "This is no code of evidence.")
        try:
            return Response(evidence_fragment(model, code), mimetype="text/html")
        except ResproutError as error:
            return refuse(404, str(error))

    @server.get("/part/scoreboard")
    def part_scoreboard() -> Response:
        html, whole = scoreboard.html()
        return Response(html, status=200 if whole else 202, mimetype="text/html")


def warm_in_background() -> threading.Thread:
    """Build the kernels while the first reader is still reading."""
    thread = threading.Thread(target=warm_all, name="warm up", daemon=True)
    thread.start()
    return thread


def warm_all() -> None:
    """The kernel of the path first, then those of the usual trial arms."""
    warm_up()
    recruits(load_model())
    warm_trials()
