"""The tables of truth on the command line: what they print, and the form of their JSON."""

import json

import pytest

ROW = {"id", "intervention", "drug", "readout", "observed", "predicted", "agree", "verification"}


@pytest.fixture(scope="module")
def every_intervention():
    from typer.testing import CliRunner

    from resprout.app.cli import app

    return CliRunner().invoke(app, ["interventions", "--json", "--draws", "3"]).stdout


def test_interventions_print_every_row_and_the_counts(every_intervention):
    said = json.loads(every_intervention)
    assert set(said["rows"][0]) >= ROW
    assert said["total"] == len(said["rows"]) == 71
    assert said["agree"] == sum(row["agree"] for row in said["rows"])
    assert said["draws"] == 3 and len(said["agree_by_draw"]) == 3
    # counted by row and by draw, these are the same
    assert sum(row["agree_draws"] for row in said["rows"]) * 3 == pytest.approx(sum(said["agree_by_draw"]))


@pytest.mark.parametrize("command", ["interventions", "hypotheses", "compare"])
def test_each_command_shows_an_example_in_its_help(resprout, command):
    code, out, _ = resprout(command, "--help")
    assert code == 0 and f"resprout {command}" in out.split("Example:")[1]


def test_compare_writes_table_and_picture(resprout, tmp_path):
    code, out, _ = resprout("compare", "--json", "--draws", "3", "--table", "agents.csv", "--out", "agents.html")
    assert code == 0
    row = json.loads(out)["rows"][0]
    assert json.loads(out)["draws"] == 3 and row["HDRS17_24h_lower"] <= row["HDRS17_24h_upper"]
    assert sorted(file.name for file in tmp_path.iterdir()) == ["agents.csv", "agents.csv-metadata.json", "agents.html"]
    assert len(json.loads(out)["rows"]) >= 12


def test_at_least_thirty_drugs_are_described(resprout):
    assert len(json.loads(resprout("describe", "--drugs", "--json")[1])) >= 30
    code, out, _ = resprout("describe", "--drugs")
    assert code == 0 and "scopolamine" in out


def test_a_target_shows_who_acts_there(resprout):
    code, out, _ = resprout("describe", "mGluR2")
    assert code == 0 and "LY341495" in out and "TS_161" in out


@pytest.mark.parametrize(
    ("regimen", "told"),
    [
        ("NBQX 10 mg oral", "no kinetics for the oral route"),
        ("NBQX 10 mg ip", "go by weight"),
        ("nitrous oxide 50 mg iv", "no kinetics for the iv route"),
        ("nitrous oxide 95 % inhaled over 1 h", "absurdly large"),
        ("ketamine 1 mg local", "cannot be given by the local route"),
    ],
)
def test_a_dose_that_cannot_be_given_is_told(resprout, regimen, told):
    code, _, error = resprout("simulate", regimen, "--patients", "2", "--days", "1")
    assert code == 2 and told in " ".join(error.split())
