"""Forecasts under plans: doses by hand, faults of plan files, the same draws under every plan."""

import json

import numpy as np
import pytest

import resprout as rs
from resprout.app.cli import run
from resprout.dosing.dose_records import Dose
from resprout.dosing.regimen import parse_regimen
from resprout.figures.observed_figures import forecast_figure
from resprout.patients.dataset import Dataset, Occasion, Setting
from resprout.patients.treatment_plans import planned_doses, read_plans

MODEL = rs.load_model()
EVERY_84_H = Dose("ketamine", 40.0, False, "iv", 2 / 3, (0.0, 84.0, 168.0, 252.0))
PLANS = "plans:\n  stop: saline\n  weekly: ketamine 0.5 mg/kg iv over 40 min; every 7 d x 2\n  once more: saline\nweeks: 2\n"


def plans(tmp_path, text):
    """Plans from their text."""
    (tmp_path / "plan.yaml").write_text(text, encoding="utf-8")
    return read_plans(tmp_path / "plan.yaml", MODEL)


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """One person of the example, who has responded and lost it, under three plans of which two are the same."""
    data = rs.read_data("example", model=MODEL)
    one = Dataset((data.people[0],), Setting(), (), (), ("a",))
    return rs.forecast(
        None,
        one,
        plans(tmp_path_factory.mktemp("plans"), PLANS + "utility: {response: 2, dissociation: -1}\n"),
        model=MODEL,
    )


def test_a_plan_begins_at_its_start_and_replaces_what_was_to_come():
    occasion = Occasion(0.0, (EVERY_84_H,), ())
    doses = planned_doses(occasion, parse_regimen("ketamine 1 mg/kg iv over 1 h; every 7 d x 2"), 200.0, 700.0)
    assert [dose.times_h for dose in doses] == [(0.0, 84.0, 168.0), (200.0, 368.0)]
    assert planned_doses(occasion, parse_regimen("saline"), 200.0, 700.0)[0].times_h == (0.0, 84.0, 168.0)


def test_to_continue_repeats_the_last_dose_at_the_interval_so_far():
    occasion = Occasion(0.0, (EVERY_84_H,), ())
    doses = planned_doses(occasion, None, 200.0, 500.0)
    # every 84 h after 168: 252, 336, 420
    assert doses[1].times_h == (252.0, 336.0, 420.0) and doses[1].amount_mg == 40.0
    with pytest.raises(rs.InputError, match="1 dose before the plan"):
        planned_doses(occasion, None, 50.0, 500.0)


def test_every_fault_of_a_plan_file_is_told_with_its_line(tmp_path):
    text = (
        "plans:\n  a: ketamin 1 mg/kg iv\nendpoint: MADSR\nlimits: {DBP: 100}\nutility: {responce: 1}\nvisits: [7 q]\n"
    )
    with pytest.raises(rs.InputError) as refused:
        plans(tmp_path, text)
    told = {fault.where: str(fault) for fault in refused.value.faults}
    assert sorted(told) == [f"plan.yaml:{line}" for line in (2, 3, 4, 5, 6)]
    assert "Did you mean `MADRS`?" in told["plan.yaml:3"] and "Did you mean `response`?" in told["plan.yaml:5"]
    with pytest.raises(rs.InputError, match="no field of a plan"):
        plans(tmp_path, "plan: {a: saline}\n")


def test_visits_are_weekly_where_none_is_stated_and_from_the_start_of_the_plan(tmp_path):
    assert plans(tmp_path, PLANS).visits_h == (168.0, 336.0)
    assert plans(tmp_path, PLANS + "visits: [1 d, 14 d, 60 d]\n").visits_h == (24.0, 336.0)


def test_the_same_plan_has_the_same_forecast_and_no_dose_has_no_side_effect(found):
    rows = found.outcomes.set_index("plan")
    assert rows.loc["stop"].drop("patient").equals(rows.loc["once more"].drop("patient"))
    assert rows.loc["stop", ["dissociation", "blood_pressure"]].tolist() == [0, 0]
    assert rows.loc["weekly", "dissociation"] > 0.2


def test_who_responded_once_and_is_ill_again_does_better_with_more_doses(found):
    rows = found.outcomes.set_index("plan")
    assert rows.loc["weekly", "response"] > rows.loc["stop", "response"] + 0.05
    assert np.isnan(rows.loc["stop", "relapse"])  # nobody relapses who has not responded at the last visit


def test_expected_utility_is_the_sum_of_weights_times_probabilities(found):
    row = found.outcomes.set_index("plan").loc["weekly"]
    assert row["utility"] == pytest.approx(2 * row["response"] - row["dissociation"])


def test_ratings_to_come_are_on_the_clock_of_the_table_and_drawn(found):
    own = found.to_come[found.to_come["plan"] == "stop"]
    assert own["time_h"].tolist() == [336 + 168, 336 + 336]
    assert ((own["lower"] <= own["median"]) & (own["median"] <= own["upper"])).all()
    seen = rs.read_data("example", model=MODEL).table.query("patient == '1' and endpoint == 'MADRS'")
    assert len(forecast_figure(seen, found.to_come, title="a").data) == 2 * 3 + 1


def test_the_command_forecasts_people_by_name_and_refuses_unknown_ones(tmp_path, capsys):
    (tmp_path / "plan.yaml").write_text(PLANS, encoding="utf-8")
    words = ["data", "forecast", "example", "--plan", str(tmp_path / "plan.yaml")]
    assert run([*words, "--person", "41"]) == 2
    assert "nobody is called `41`" in capsys.readouterr().err
    assert run([*words, "--person", "3", "--json", "--out", str(tmp_path / "f.html")]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [each["plan"] for each in told["outcomes"]] == ["stop", "weekly", "once more"]
    assert "Not medical advice" in told["note"] and (tmp_path / "f.html").exists()
    assert run(["data", "forecast", "example", "--plan", str(tmp_path / "none.yaml")]) == 2
