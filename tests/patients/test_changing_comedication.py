"""Comedication that changes within a table of observed people: read with its hours, and followed from then on."""

from dataclasses import replace

import numpy as np
import pytest

import resprout as rs
from resprout.dosing.regimen import parse_regimen
from resprout.errors import InputError
from resprout.patients.dataset import Setting
from resprout.patients.expected_ratings import SEVERITY, History, solve_history
from resprout.people.typical import typical_patient
from resprout.simulation.cohort_simulation import run_cohort
from resprout.simulation.scenario import Scenario
from resprout.simulation.settings import Numerics

MODEL = rs.load_model()
HEADER = "patient,time_h,evid,drug,route,dose_mg,duration_min,endpoint,value,comedication\n"
KETAMINE = parse_regimen("ketamine 40 mg iv over 40 min at 48 h")
HOURS = (0.0, 24.0, 72.0, 240.0)
HISTORY = History(KETAMINE, (), {"MADRS": HOURS}, Setting())
LITHIUM = {"GSK3": MODEL.nominal["lithium_GSK3_block"]}


def read(tmp_path, rows):
    (tmp_path / "a.csv").write_text(HEADER + rows, encoding="utf-8")
    return rs.read_data(tmp_path / "a.csv")


def severity(comedication, people=None):
    people = typical_patient(model=MODEL) if people is None else people
    solved = solve_history(MODEL, people, replace(HISTORY, comedication=comedication))
    return solved.at(SEVERITY, np.array(HOURS))[0]


def test_the_hours_of_a_change_are_those_of_the_table_and_of_each_occasion(tmp_path):
    rows = "1,0,0,,,,,MADRS,30,none\n1,2,1,ketamine,iv,40,40,,,none\n1,50,0,,,,,MADRS,20,lithium\n"
    rows += "1,100,3,,,,,,,lithium\n1,120,0,,,,,MADRS,22,\n1,150,0,,,,,MADRS,22,none\n2,0,0,,,,,MADRS,30,lithium\n"
    data = read(tmp_path, rows)
    first, second = data.people[0].occasions
    assert first.comedication == ((0.0, "none"), (50.0, "lithium"))
    assert second.comedication == ((0.0, "lithium"), (50.0, "none"))
    assert data.people[0].covariates["comedication"] == "none"
    # who takes the same throughout has no changes
    assert data.people[1].occasions[0].comedication == ()


def test_what_is_taken_from_the_beginning_is_a_block_from_the_beginning():
    hours = np.array(HOURS)
    scenario = Scenario(KETAMINE, tuple(hours.tolist()), (SEVERITY,), blocks=LITHIUM)
    blocked = run_cohort(MODEL, typical_patient(model=MODEL), scenario, Numerics(tolerance=1e-3)).value[0, :, 0]
    # a second later, and two solutions of tolerance 1e-3
    assert severity(((0.0, "none"), (1 / 3600, "lithium"))) == pytest.approx(blocked, rel=2e-3)
    assert not np.allclose(severity(()), blocked, rtol=2e-3)


def test_a_change_changes_nothing_before_its_hour_and_nothing_if_it_comes_after_the_last():
    plain, late, never = (
        severity(()),
        severity(((0.0, "none"), (100.0, "lithium"))),
        severity(((0.0, "none"), (900.0, "lithium"))),
    )
    # inputs that may change are arrays of the kernel: another solution of tolerance 1e-3
    assert never == pytest.approx(plain, rel=2e-3)
    assert late[:3] == pytest.approx(plain[:3], rel=2e-3) and late[3] < plain[3] - 0.01


def test_another_word_than_a_comedication_is_refused(tmp_path):
    with pytest.raises(InputError, match="comedication is `lithum`"):
        read(tmp_path, "1,0,0,,,,,MADRS,30,none\n1,50,0,,,,,MADRS,20,lithum\n")
