"""`resprout validate`: what it prints, the form of its JSON, and what it says of mistakes."""

import json

import pytest

ASKED = {"id", "stage", "seed_row", "observed", "predicted", "lower", "upper", "pass", "used_in_fit"}


@pytest.fixture(scope="module")
def said():
    from typer.testing import CliRunner

    from resprout.app.cli import app

    return json.loads(CliRunner().invoke(app, ["validate", "zarate2006", "--replicates", "20", "--json"]).stdout)


def test_rows_have_what_was_asked_and_totals_count_them(said):
    assert all(set(row) >= ASKED for row in said["rows"])
    assert said["total"] == len(said["rows"])
    assert said["passed"] == sum(row["pass"] for row in said["rows"])
    assert {row["group"] for row in said["rows"]} == {"laboratory", "intervention", "trial"}


def test_rows_that_the_fit_has_not_seen_are_counted_apart(said):
    unseen = [row for row in said["rows"] if not row["used_in_fit"]]
    assert said["by_use"]["not_used_in_fit"] == {"passed": sum(row["pass"] for row in unseen), "total": len(unseen)}


def test_the_screen_shows_reasons_and_totals(resprout, tmp_path):
    code, out, _ = resprout("validate", "--no-trials", "--table", "rows.csv")
    assert code == 0
    assert "not used in the fit" in out and "Rows that do not pass, and the reasons" in out and "Totals" in out
    assert "no reason is given yet" not in out
    assert (tmp_path / "rows.csv").read_text().startswith("id,group,stage,seed_row,")


def test_mistakes_are_told(resprout):
    code, _, said = resprout("validate", "zarate2007", "--table", "rows.txt")
    assert code == 2 and "rows.txt" in said
    code, _, said = resprout("validate", "zarate2007")
    assert code == 2 and "no trial of the scoreboard" in said


def test_the_help_has_an_example(resprout):
    code, out, _ = resprout("validate", "--help")
    assert code == 0 and "resprout validate" in out.split("Example:")[1]
