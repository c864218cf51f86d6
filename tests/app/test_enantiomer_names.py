"""What gives an enantiomer names it: figures, tables, files, sentences and messages do not call esketamine ketamine."""

import re

import numpy as np
import pytest

import resprout as rs
from resprout.app.cli import run as command
from resprout.app.report import run_page
from resprout.app.serve.form_state import read_state, regimen_text
from resprout.app.serve.path_panels import panel_data
from resprout.app.serve.path_simulation import page_trajectory
from resprout.app.serve.stage_sentences import sentences
from resprout.dosing.regimen import parse_regimen
from resprout.errors import InputError
from resprout.figures.path_figure import path_in_time

MODEL = rs.load_model()
ALONE = re.compile(r"(?<!\w)ketamine\b")


@pytest.fixture(scope="module")
def run():
    people = rs.People(2, point=True)
    return rs.simulate(MODEL, people, "esketamine 84 mg nasal", days=1, outputs=["ketamine_venous", "HDRS17"])


@pytest.mark.parametrize(
    ("regimen", "name"),
    [
        ("ketamine 0.5 mg/kg iv over 40 min", "ketamine"),
        ("esketamine 84 mg nasal", "esketamine"),
        ("R-ketamine 0.5 mg/kg iv over 40 min", "arketamine"),
        ("S-ketamine 10 mg iv + R-ketamine 10 mg iv", "ketamine"),
        ("escitalopram 10 mg oral", ""),
    ],
)
def test_outputs_of_ketamine_hold_what_the_regimen_gives(regimen, name):
    assert parse_regimen(regimen, ["escitalopram"]).ketamine == name


def test_labels_of_a_run_and_of_its_figure_name_the_enantiomer(run):
    assert "esketamine" in run["ketamine_venous"].attrs["long_name"]
    labels = [trace.name for trace in path_in_time(run).data if trace.name]
    assert any(label.startswith("esketamine, venous plasma") for label in labels)
    assert not any(ALONE.search(label) for label in labels)
    assert "esketamine in plasma" in path_in_time(run).layout.title.text


def test_the_report_of_a_run_says_what_its_rows_of_ketamine_hold(run):
    text = re.sub(r"<[^>]*>", " ", run_page(run, MODEL, "esketamine 84 mg nasal"))
    assert "ketamine_venous: the sum of both enantiomers, of which this regimen gives esketamine only." in text


def test_the_command_line_says_so_below_its_table(capsys):
    words = ["--patients", "2", "--days", "1", "--point", "--outputs", "ketamine_venous"]
    assert command(["simulate", "esketamine 84 mg nasal", *words]) == 0
    assert "of which this regimen gives esketamine only" in " ".join(capsys.readouterr().out.split())
    assert command(["simulate", "ketamine 40 mg iv over 40 min", *words]) == 0
    assert "enantiomers" not in " ".join(capsys.readouterr().out.split())


def test_the_page_names_the_enantiomer_in_sentence_legend_and_regimen():
    state, faults = read_state({"drug": "S_ketamine", "amount": "84", "unit": "mg", "route": "nasal"}, MODEL)
    assert faults == {} and regimen_text(state) == "esketamine 84 mg nasal"
    trajectory = page_trajectory(state, MODEL)
    assert sentences(trajectory)["dose"].startswith("Venous plasma esketamine peaks at")
    dose = panel_data(trajectory, None, MODEL)[0]
    labels = [line["label"] for line in dose["lines"]]
    assert "esketamine, venous plasma" in labels and not any(ALONE.search(label) for label in labels)


@pytest.mark.parametrize(
    ("regimen", "says"),
    [
        ("esketamine 84 mg nasal + esketamine 20 mg sc", "nasal and sc esketamine in one run"),
        ("esketamine 84 mg nasal + esketamine 20 mg oral", "oral and nasal esketamine in one run"),
        ("esketamine 1 mg local", "esketamine cannot be given by the local route"),
    ],
)
def test_messages_name_the_enantiomer(regimen, says):
    with pytest.raises(InputError, match=says):
        parse_regimen(regimen)


def test_the_path_of_a_trial_names_what_its_first_active_arm_gives():
    path = rs.run_trial("daly2018_synapse_week2", replicates=1, point=True).path
    assert path.attrs["ketamine_given"] == "esketamine" and np.isfinite(path["ketamine_venous"]).all()
