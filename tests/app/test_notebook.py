"""What a notebook shows of the records that people hold: at most one screen, and what they are."""

import json
import re
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import plotly.io
import pytest

import resprout as rs
from resprout.figures.notebook_display import show_in_exports
from resprout.patients.read_data import read_data
from resprout.simulation.scenario import read_scenario
from resprout.trial.protocol import read_protocol

SCREEN_ROWS, SCREEN_TEXT = 30, 3000
"""Rows of a table that fit on a screen of 1080 pixels, and characters of text in them."""


@pytest.fixture(scope="module")
def shown():
    model = rs.load_model()
    return {
        "model": model,
        "cohort": rs.recruit(200, seed=1, model=model),
        "scenario": read_scenario(model, "ketamine 0.5 mg/kg iv over 40 min", 14, blocks={"mTORC1": 0.9}),
        "protocol": read_protocol("fava2018_dose_ranging", model)[0],
        "trial": rs.run_trial("berman2000", replicates=2),
        "dataset": read_data("example", model=model),
    } | of_two_people(model)


def of_two_people(model):
    """What is computed of two people of the shipped table."""
    data = read_data("example", model=model)
    two = replace(data, people=data.people[:2])
    found = {"posteriors": rs.update(800, two, model=model), "simulated": rs.simulate_data(None, two, model=model)}
    return found | {"forecast": rs.forecast(800, two, "example", model=model)}


NAMES = {
    "model": "digest",
    "cohort": "200 of ",
    "scenario": "mTORC1 by 0.9",
    "protocol": "MADRS",
    "trial": "HDRS25, ketamine, last visit",
    "dataset": "no value: a visit or sample that was missed",
    "posteriors": "ketamine_clearance",
    "simulated": "ketamine_venous",
    "forecast": "once a week",
}


@pytest.mark.parametrize("name", NAMES)
def test_a_record_fits_on_one_screen_of_a_notebook(shown, name):
    html = shown[name]._repr_html_()
    assert html.count("<tr") <= SCREEN_ROWS
    assert len(re.sub(r"<[^>]+>", "", html)) <= SCREEN_TEXT
    assert NAMES[name] in html


@pytest.mark.parametrize("name", ["model", "cohort", "trial", "dataset", "posteriors", "simulated", "forecast"])
def test_a_record_of_many_numbers_is_one_line_of_text(shown, name):
    assert len(repr(shown[name])) < 200 and "\n" not in repr(shown[name])


def test_markup_in_a_name_is_shown_as_text():
    from resprout.language.notebook_view import fact_sheet

    assert "<script>" not in fact_sheet("<script>", {"<b>": "<i>"})


def test_the_notebook_of_the_documentation_is_kept_without_outputs():
    notebook = json.loads((Path(__file__).parents[2] / "docs" / "notebooks" / "tour.ipynb").read_text(encoding="utf-8"))
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert code
    assert [cell for cell in code if cell["outputs"] or cell["execution_count"] is not None] == []


@pytest.mark.parametrize(
    ("chosen", "kernel", "left"),
    [
        ("plotly_mimetype", "ipykernel.zmqshell", "plotly_mimetype+notebook"),
        ("vscode", "ipykernel.zmqshell", "vscode"),
        ("plotly_mimetype", "IPython.terminal", "plotly_mimetype"),
    ],
)
def test_figures_are_written_for_html_in_a_kernel_unless_the_reader_has_chosen(monkeypatch, chosen, kernel, left):
    shell = type("Shell", (), {"__module__": kernel})()
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    before = plotly.io.renderers.default
    try:
        plotly.io.renderers.default = chosen
        show_in_exports()
        assert plotly.io.renderers.default == left
    finally:
        plotly.io.renderers.default = before
