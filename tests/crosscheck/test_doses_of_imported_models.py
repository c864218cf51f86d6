"""Doses into imported models beside libRoadRunner, whose events give the same."""

from __future__ import annotations

import numpy as np
import pytest

import resprout as rs

roadrunner = pytest.importorskip("roadrunner")
antimony = pytest.importorskip("antimony")

TIMES = np.array([0.0, *(np.arange(60) * 0.5 + 0.123)])
MODEL = """model m
  compartment C = 2
  species drug in C, deep in C
  drug = 0; deep = 0; k = 0.3; q = 0.5; n = 0; n' = 0
  J0: drug -> deep; C*q*drug
  J1: deep -> drug; C*0.2*deep
  J2: drug -> ; C*k*drug/(1 + drug^1.3)
  {}
end"""
BOLUS = "E{0}: at (time >= {1}), t0=false: drug = drug + {2}/C"
INFUSION = "R{0} = 0; I{0}: -> {1}; R{0}; A{0}: at (time >= {2}), t0=false: R{0} = {4}; B{0}: at (time >= {3}), t0=false: R{0} = 0"
EVERY_8_H = "\n".join(BOLUS.format(number, 8 * number + 1, 10) for number in range(3))
LEVEL = "again: at (drug > 4), t0=false: deep = deep + 1, n = n + 1"
LATER = "later: at (drug > 4) after 1.5, t0=false: drug = drug + deep"
CASES = {
    "a bolus three times": (["drug: 10 bolus at 1 h; every 8 h x 3"], "", EVERY_8_H),
    "an infusion twice": (
        ["drug: 20 over 2 h at 1 h; every 8 h x 2"],
        "",
        INFUSION.format(0, "drug", 1, 3, 10) + "\n" + INFUSION.format(1, "drug", 9, 11, 10),
    ),
    "infusions that overlap": (
        ["drug: 20 over 4 h at 1 h", "drug: 9 over 3 h at 2 h", "deep: 4 over 1 h at 3 h"],
        "",
        "\n".join(
            INFUSION.format(*each) for each in ((0, "drug", 1, 5, 5), (1, "drug", 2, 5, 3), (2, "deep", 3, 4, 4))
        ),
    ),
    "lag and bioavailability": (
        ["drug: 20 at 2 h, lag 0.75 h, F 0.6", "deep: 10 over 2 h at 3 h, lag 30 min, F 0.4"],
        "",
        BOLUS.format(0, 2.75, 12) + "\n" + INFUSION.format(1, "deep", 3.5, 5.5, 2),
    ),
    "an event that a dose sets off": (["drug: 10 bolus at 1 h; every 8 h x 3"], LEVEL, EVERY_8_H),
    "an event with a delay that a dose sets off": (["drug: 10 bolus at 1 h; every 8 h x 3"], LATER, EVERY_8_H),
    "an infusion that crosses a threshold": (["drug: 40 over 4 h at 1 h"], LEVEL, INFUSION.format(0, "drug", 1, 5, 10)),
    "a rate that changes at a level": (
        ["drug: 10 bolus at 1 h; every 8 h x 3"],
        "J3: drug -> ; C*drug*piecewise(0.4, drug > 2, 0)",
        EVERY_8_H,
    ),
}


def theirs(text, outputs):
    antimony.clearPreviousLoads()
    assert antimony.loadAntimonyString(text) >= 0, antimony.getLastError()
    program = roadrunner.RoadRunner(antimony.getSBMLString(antimony.getMainModuleName()))
    program.integrator.relative_tolerance, program.integrator.absolute_tolerance = 1e-11, 1e-13
    program.integrator.maximum_time_step = 0.05
    program.timeCourseSelections = [f"[{name}]" for name in outputs]
    return np.array(program.simulate(times=TIMES.tolist()))


def imported(tmp_path, text):
    (tmp_path / "m.ant").write_text(text, encoding="utf-8")
    return rs.import_model(tmp_path / "m.ant")


@pytest.mark.parametrize("case", CASES)
def test_doses_are_events_of_another_program(tmp_path, case):
    doses, more, events = CASES[case]
    run = rs.simulate_imported(
        imported(tmp_path, MODEL.format(more)), TIMES[-1], times_h=TIMES, doses=doses, outputs=["drug", "deep"]
    ).sel(time_h=TIMES)
    expected = theirs(MODEL.format(f"{more}\n{events}"), ("drug", "deep"))
    for column, name in enumerate(("drug", "deep")):
        # tolerances of 1e-8 here and 1e-11 there
        assert np.abs(run[name].values[0] - expected[:, column]).max() < 1e-6 * expected[:, column].max(), name


def test_each_patient_has_volume_lag_amount_and_bioavailability_of_their_own(tmp_path):
    text = MODEL.format("tlag = 0.5; bio = 0.6; amount = 10")
    table = {"C": [2.0, 3.0, 1.5], "tlag": [0.5, 1.25, 0.0], "bio": [0.6, 0.9, 1.0], "amount": [10.0, 20.0, 5.0]}
    run = rs.simulate_imported(
        imported(tmp_path, text),
        TIMES[-1],
        times_h=TIMES,
        patients=table,
        doses="drug: amount lag=tlag F=bio at 1 h; every 8 h x 2",
        outputs=["drug", "deep"],
    ).sel(time_h=TIMES)
    for patient in range(3):
        size, lag, share, amount = (table[name][patient] for name in table)
        events = "\n".join(BOLUS.format(number, 1 + 8 * number + lag, amount * share) for number in range(2))
        expected = theirs(text.replace("C = 2\n", f"C = {size}\n").replace("end", events + "\nend"), ("drug", "deep"))
        for column, name in enumerate(("drug", "deep")):
            off = np.abs(run[name].values[patient] - expected[:, column]).max()
            assert off < 1e-6 * expected[:, column].max(), (patient, name)
