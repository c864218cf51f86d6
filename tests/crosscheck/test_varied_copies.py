"""Copies of an imported model beside libRoadRunner: both meet the error, and what cannot be timed is said."""

import pytest

from resprout.crosscheck.varied_copies import bench_copies
from resprout.dosing.species_doses import read_doses
from resprout.errors import InputError
from resprout.exchange.imported_model import import_model

pytest.importorskip("roadrunner")
DOSED = """model four_doses
  central = 0; peripheral = 0; gut = 100; ka = 0.9; k = 0.12; k12 = 0.3; k21 = 0.2; given = 1; later = 24
  gut' = -ka*gut; central' = ka*gut - (k + k12)*central + k21*peripheral; peripheral' = k12*central - k21*peripheral
  again: at (time >= later && given < 4): gut = gut + 100, given = given + 1, later = later + 24
end
"""


def model_of(tmp_path, text):
    path = tmp_path / "model.ant"
    path.write_text(text, encoding="utf-8")
    return import_model(path)


def test_both_programs_meet_the_error_with_doses_as_events(tmp_path):
    rows = bench_copies(model_of(tmp_path, DOSED), 96.0, copies=64)
    assert [row["tool"] for row in rows] == ["resprout", "libRoadRunner"]
    assert all(row["max_relative_error"] <= 1e-4 for row in rows)
    assert rows[0]["events"] == 1 and rows[1]["ratio_to_libroadrunner"] == 1


def test_doses_are_given_to_both_programs(tmp_path):
    text = "model m\n central = 0; gut = 0; ka = 0.9; k = 0.12; gut' = -ka*gut; central' = ka*gut - k*central;\nend"
    doses = read_doses(["gut: 100; every 24 h x 4"])
    rows = bench_copies(model_of(tmp_path, text), 96.0, copies=16, doses=doses)
    assert all(row["max_relative_error"] <= 1e-4 and row["events"] == 4 for row in rows)


def test_a_model_in_which_nothing_can_differ_is_refused(tmp_path):
    with pytest.raises(InputError, match="no parameter above 0"):
        bench_copies(model_of(tmp_path, "model m\n x = 1; x' = -0.5*x\nend"), 1.0, copies=4)
