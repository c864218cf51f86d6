"""`resprout validate`: what it prints, the form of its JSON, and what it says of mistakes."""

import json

import pytest

ASKED = {"id", "stage", "seed_row", "observed", "predicted", "lower", "upper", "pass", "used_in_fit"}
ASKED |= {"crps", "crps_null", "crps_mbma", "skill", "covered_50", "covered_80", "covered_90", "covered_95", "width"}


@pytest.fixture(scope="module")
def said():
    from typer.testing import CliRunner

    from resprout.app.cli import app

    return json.loads(CliRunner().invoke(app, ["validate", "zarate2006", "--replicates", "20", "--json"]).stdout)


def test_rows_have_what_was_asked_and_totals_count_them(said):
    assert all(set(row) >= ASKED for row in said["rows"])
    counted = [row for row in said["rows"] if row["counted"]]
    assert said["total"] == len(counted) == len(said["rows"]) - len(said["not_counted"])
    assert said["passed"] == sum(row["pass"] for row in counted)
    assert {row["group"] for row in said["rows"]} == {"laboratory", "intervention", "trial"}


def test_every_number_of_a_trial_has_its_baselines(said):
    rows = [row for row in said["rows"] if row["group"] == "trial" and row["kind"] == "number"]
    assert rows and all(row[name] is not None for row in rows for name in ("crps", "crps_null", "crps_mbma", "skill"))
    relief = next(row for row in rows if "response_rate at 24 h" in row["what"])
    assert relief["skill"] == pytest.approx(1 - relief["crps"] / relief["crps_null"])
    assert relief["crps"] < min(relief["crps_null"], relief["crps_inert"])


def test_rows_that_the_fit_has_not_seen_are_counted_apart(said):
    unseen = [row for row in said["rows"] if row["counted"] and not row["used_in_fit"]]
    part = said["by_use"]["not_used_in_fit"]
    assert (part["passed"], part["total"]) == (sum(row["pass"] for row in unseen), len(unseen))


def test_the_screen_shows_the_null_beside_the_model(resprout, tmp_path):
    code, out, _ = resprout("validate", "--no-trials", "--rows", "--table", "rows.csv")
    assert code == 0
    for words in ("not used in the fit", "Rows that do not pass, and the reasons", "if no drug changed mood", "kappa"):
        assert words in out
    assert "no reason is recorded" not in out
    assert (tmp_path / "rows.csv").read_text(encoding="utf-8").startswith("id,group,kind,counted,stage,seed_row,")


def test_mistakes_are_told(resprout):
    code, _, said = resprout("validate", "zarate2007", "--table", "rows.txt")
    assert code == 2 and "rows.txt" in said
    code, _, said = resprout("validate", "zarate2007")
    assert code == 2 and "no trial of the scoreboard" in said


def test_the_help_has_an_example(resprout):
    code, out, _ = resprout("validate", "--help")
    assert code == 0 and "resprout validate" in out.split("Example:")[1]
