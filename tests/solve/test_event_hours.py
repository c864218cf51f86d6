"""When events of imported models happen to the last digit, what outputs say at that hour, and which of equal events comes first."""

from __future__ import annotations

import numpy as np
import pytest

from resprout.exchange.imported_model import import_model
from resprout.solve import Events, run_patients


def outputs(folder, text: str, times, names, *, patients: int = 1):
    file = folder / "m.ant"
    file.write_text(f"model m\n{text}\nend\n", encoding="utf-8")
    model = import_model(file)
    varied = {"unread": np.arange(float(patients))} if patients > 1 else {}
    found = run_patients(model, varied, Events.none(), np.array(times, dtype=float), names)
    assert found.message(0) == "solved"
    return found.value


def test_an_output_at_the_hour_of_an_event_is_the_value_after_it(tmp_path):
    text = "x = 1; y = 1; E: at (time >= 2): x = 5; F: at (time > 2): y = 5;"
    found = outputs(tmp_path, text, [0, 1, 2, 3], ["x", "y"])[0]
    # at 2 the first holds already, the second does not yet
    assert found.T.tolist() == [[1, 1, 5, 5], [1, 1, 1, 5]]


def test_a_threshold_that_events_move_is_met_exactly(tmp_path):
    # seven tenths, and as many again after each: hours that no sum of halves gives
    text = "n = 0; due = 0.7; E: at (time >= due && n < 4): n = n + 1, due = due + 0.7;"
    due = [0.7, 0.7 + 0.7, 0.7 + 0.7 + 0.7, 0.7 + 0.7 + 0.7 + 0.7]
    found = outputs(tmp_path, text, [0.0, *due, 9.0], ["n"])[0, :, 0]
    assert found.tolist() == [0, 1, 2, 3, 4, 4]


def test_a_delayed_event_happens_at_the_sum_of_both_hours_as_outputs_have_it(tmp_path):
    # 0.1 + 0.2 is a little more than 0.3
    text = "x = 1; E: at 0.2 after (time >= 0.1): x = 5;"
    assert outputs(tmp_path, text, [0, 0.1, 0.3, 1], ["x"])[0, :, 0].tolist() == [1, 1, 5, 5]


def test_what_only_events_change_is_exact_beside_what_moves(tmp_path):
    text = "n = 0.1; x = 1; x' = -0.3*x; E: at (x < 0.5): n = n + 0.2; F: at (x < 0.25): n = n + 0.4;"
    found = outputs(tmp_path, text, np.linspace(0, 10, 997), ["n"])[0, :, 0]
    assert set(found.tolist()) == {0.1, 0.1 + 0.2, 0.1 + 0.2 + 0.4}


def test_a_state_that_grows_evenly_meets_its_threshold_within_rounding(tmp_path):
    text = "x = 0; x' = 0.1; n = 0; E: at (x >= 1): n = 1, x = 0;"
    found = outputs(tmp_path, text, [0, 10 * (1 - 1e-12), 10 * (1 + 1e-12), 15], ["n", "x"])[0]
    assert found[:, 0].tolist() == [0, 0, 1, 1]
    # half of the way again
    assert found[-1, 1] == pytest.approx(0.5, abs=1e-9)


def test_an_output_that_jumps_at_a_time_has_its_new_value_there(tmp_path):
    text = "x = 1; x' = -0.3*x; y := piecewise(1, time >= 0.7, 0); z := floor(10*time);"
    times = np.arange(13) / 10
    y, z = outputs(tmp_path, text, times, ["y", "z"])[0].T
    assert y.tolist() == [0] * 7 + [1] * 6
    # the products as doubles have them: 10 * 0.3 is 3 though 0.3 is not three tenths
    assert z.tolist() == [float(10 * time // 1) for time in times]


TIED = (
    "unread = 0; q = 0; r = 0; last = 0;"
    "Q: at (time - last >= 0.01), priority=1, persistent=false: q = q + 1, last = time;"
    "R: at (time - last >= 0.01), priority=1, persistent=false: r = r + 1, last = time;"
)


def test_chance_chooses_among_events_of_equal_priority_and_chooses_alike_again(tmp_path):
    found = outputs(tmp_path, TIED, [0.0, 4.005], ["q", "r"], patients=3)[:, -1]
    # 400 draws of a fair coin have a standard deviation of 10; five of them
    assert found.sum(axis=1).tolist() == [400] * 3 and (np.abs(found[:, 0] - 200) < 50).all()
    assert len(set(found[:, 0].tolist())) > 1
    again = outputs(tmp_path, TIED, [0.0, 4.005], ["q", "r"], patients=2)[:, -1]
    assert again.tolist() == found[:2].tolist()


def test_events_without_priority_happen_as_the_file_has_them(tmp_path):
    found = outputs(tmp_path, TIED.replace(", priority=1", ""), [0.0, 1.005], ["q", "r"])[0, -1]
    assert found.tolist() == [100, 0]


def test_a_floor_in_a_rate_is_followed_from_step_to_step(tmp_path):
    # 0 + 1 + 2 + 3/2 over 3.5; the same of its negative, which is -1, -2, -3 and -4 between whole numbers
    text = "x = 0; x' = floor(time); y = 0; y' = floor(-time);"
    found = outputs(tmp_path, text, [0, 3.5], ["x", "y"])[0, -1]
    np.testing.assert_allclose(found, [4.5, -1 - 2 - 3 - 2], rtol=1e-9)


def test_a_factorial_of_what_is_not_whole_is_no_number(tmp_path):
    file = tmp_path / "m.ant"
    file.write_text("n = 5; y := factorial(time); z := factorial(n);", encoding="utf-8")
    found = run_patients(import_model(file), {}, Events.none(), np.array([0.0, 2.5, 4.0]), ["y", "z"])
    np.testing.assert_array_equal(found.value[0].T, [[1, np.nan, 24], [120, 120, 120]])
    assert "`y` is not a number" in found.notes[0]
