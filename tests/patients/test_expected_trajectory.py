"""The trajectory that a posterior expects between visits: the same as at visits, smooth, and without visits of its own."""

from dataclasses import replace

import numpy as np
import pytest

import resprout as rs
from resprout.app.observed_commands import picture
from resprout.patients.expected_ratings import expected_values, history_of, solve_history
from resprout.patients.expected_trajectory import expected_trajectory

MODEL = rs.load_model()
DATA = rs.read_data("example", model=MODEL)
SOME = replace(DATA, people=DATA.people[2:4])


@pytest.fixture(scope="module")
def found():
    return rs.update(800, SOME, model=MODEL)


@pytest.fixture(scope="module")
def trajectory(found):
    return expected_trajectory(found)


def test_hours_between_visits_are_no_visits_which_bring_expectation(found):
    posterior = next(iter(found.posteriors.values()))
    history = history_of(posterior.person.occasions[0], posterior.setting, resistant=False)
    visits = history.visits["MADRS"]
    plain = expected_values(MODEL, posterior.people, history, solve_history(MODEL, posterior.people, history))["MADRS"]
    hours = tuple(sorted({*visits, *np.linspace(0, 336, 30).tolist()}))
    watched = replace(history, between_h=hours)
    dense = expected_values(MODEL, posterior.people, watched, solve_history(MODEL, posterior.people, watched))["MADRS"]
    at = [hours.index(hour) for hour in visits]
    # the tolerance of the solution is 0.05 points of HDRS17, and relief is followed at more hours
    assert np.abs(dense[:, at] - plain).mean() < 0.1


def test_the_trajectory_holds_every_visit_and_its_bands_hold_each_other(trajectory):
    assert set(trajectory["patient"]) == {"3", "4"} and set(trajectory["endpoint"]) == {"MADRS", "ketamine_venous"}
    inside = trajectory[["seen_lower", "lower", "median", "upper", "seen_upper"]].to_numpy()
    late = trajectory["time_h"] > 0
    # bands of what would be seen have noise of their own, so that they are wider up to the error of the draws
    assert (np.diff(inside[late], axis=1) >= -0.05 * inside[late][:, 2:3]).all() and np.isfinite(inside).all()
    assert (np.diff(inside[late][:, 1:4], axis=1) >= -1e-9).all()
    levels = trajectory[trajectory["endpoint"] == "ketamine_venous"]
    assert levels["time_h"].max() <= 9.0  # the last sample is that of 6 h


def test_at_a_visit_the_band_of_an_observation_is_that_of_the_table_of_observations(found, trajectory):
    seen = found.observations[(found.observations["endpoint"] == "MADRS") & (found.observations["time_h"] == 336)]
    for row in seen.itertuples():
        own = trajectory[(trajectory["patient"] == row.patient) & (trajectory["endpoint"] == "MADRS")]
        last = own.iloc[-1]
        # other errors are drawn, and ratings are whole points there
        assert (last["time_h"], last["seen_lower"]) == (336, pytest.approx(row.lower, abs=2.5))
        assert last["seen_upper"] == pytest.approx(row.upper, abs=2.5)


def test_the_picture_has_a_panel_for_each_endpoint_and_every_observation(trajectory):
    figure = picture(SOME, trajectory)
    dots = [trace for trace in figure.data if trace.mode == "markers"]
    assert sum(len(trace.x) for trace in dots) == sum(1 for _ in SOME.people[0].observations)
    assert picture(SOME, trajectory.iloc[:0]) is None


def test_the_command_writes_the_trajectory_of_the_people_that_it_is_asked_for(tmp_path, monkeypatch, capsys):
    from resprout.app.cli import run

    monkeypatch.chdir(tmp_path)
    words = ["data", "fit", "example", "--person", "3", "--draws", "800", "--trajectory", "c.csv", "--out", "c.svg"]
    assert run([*words, "--size", "single"]) == 0
    assert "1 of 1 people" in capsys.readouterr().out
    assert (tmp_path / "c.csv").read_text(encoding="utf-8").startswith("patient,occasion,endpoint,time_h,median,lower")
    # numbers along the axis of levels are written out
    text = (tmp_path / "c.svg").read_text(encoding="utf-8")
    assert "mathdefault" not in text and "<svg" in text
    assert run([*words[:3], "--person", "33b"]) == 2
    assert "nobody is called `33b`" in capsys.readouterr().err
