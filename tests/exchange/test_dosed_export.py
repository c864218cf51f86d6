"""Doses into an imported model, written as events: libRoadRunner runs what we run, and what is read back gives the same."""

from __future__ import annotations

import numpy as np
import pytest

import resprout as rs
from resprout.dosing.species_doses import read_doses
from resprout.errors import InputError
from resprout.exchange.dosed_export import export_dosed
from resprout.exchange.imported_model import import_model

roadrunner = pytest.importorskip("roadrunner")
TIMES = np.array([0.0, *(np.arange(40) * 0.5 + 0.123)])
HEAD = "model m\n tlag = 0.4; bio = 0.7; k = 0.3; "
TARGETS = {
    "a concentration": HEAD + "compartment C = 2; species S in C; S = 0; J: S -> ; C*k*S;\nend",
    "an amount": HEAD + "compartment C = 2; substanceOnly species S in C; S = 0; J: S -> ; k*S;\nend",
    "a concentration in a compartment that grows": (
        HEAD + "compartment C = 2; C' = 0.1; species S in C; S = 0; J: S -> ; C*k*S;\nend"
    ),
    "a species with a rate rule": HEAD + "compartment C = 2; species S in C; S = 0; S' = -k*S;\nend",
    "a parameter with a rate rule": HEAD + "S = 0; S' = -k*S/(1 + S);\nend",
    "a quantity that events alone change": HEAD + "S = 0; x = 1; x' = -S*x; at (time >= 3): S = S + 1;\nend",
}
DOSES = ["S: 5 lag=tlag F=bio at 1 h; every 4 h x 3", "S: 6 over 2 h at 2 h, lag 15 min", "S: 3 over 2 h at 3 h"]


@pytest.mark.parametrize("case", TARGETS)
def test_what_is_written_is_run_alike_by_another_program(tmp_path, case):
    (tmp_path / "m.ant").write_text(TARGETS[case], encoding="utf-8")
    model = import_model(tmp_path / "m.ant")
    run = rs.simulate_imported(model, TIMES[-1], times_h=TIMES, outputs=["S"], doses=DOSES).sel(time_h=TIMES)
    text = export_dosed(model, read_doses(DOSES))
    program = roadrunner.RoadRunner(text)
    program.integrator.relative_tolerance, program.integrator.absolute_tolerance = 1e-11, 1e-13
    program.integrator.maximum_time_step = 0.05
    concentration = "concentration" in case or "species" in case
    program.timeCourseSelections = ["[S]" if concentration else "S"]
    theirs = np.array(program.simulate(times=TIMES.tolist()))[:, 0]
    (tmp_path / "again.xml").write_text(text, encoding="utf-8")
    again = rs.simulate_imported(import_model(tmp_path / "again.xml"), TIMES[-1], times_h=TIMES, outputs=["S"]).sel(
        time_h=TIMES
    )
    # tolerances of 1e-8 here and 1e-11 there
    assert np.abs(run["S"].values[0] - theirs).max() < 1e-6 * theirs.max()
    assert np.abs(run["S"].values - again["S"].values).max() < 1e-6 * theirs.max()


def test_units_are_converted_as_in_a_run(tmp_path):
    text = (
        "model m\n unit substance = 1e-3 gram; unit time_unit = 60 second\n compartment C = 2; "
        "substanceOnly species S in C; S = 0; J: S -> ; 0*S\nend"
    )
    (tmp_path / "m.ant").write_text(text, encoding="utf-8")
    program = roadrunner.RoadRunner(export_dosed(import_model(tmp_path / "m.ant"), read_doses(["S: 2 g at 1 h"])))
    program.timeCourseSelections = ["S"]
    # 2 g counted in mg, after 60 of the file's minutes
    assert np.array(program.simulate(times=[0, 59, 61]))[:, 0].tolist() == [0.0, 0.0, 2000.0]


def test_a_dose_that_does_not_fit_is_refused(tmp_path):
    (tmp_path / "m.ant").write_text(TARGETS["an amount"], encoding="utf-8")
    with pytest.raises(InputError, match="`Q` is not in the model"):
        export_dosed(import_model(tmp_path / "m.ant"), read_doses(["Q: 5"]))
