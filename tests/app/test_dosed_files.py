"""Doses into a model file on the command line."""

import json

import numpy as np
import pytest

import resprout as rs

DECAY = "x = 0; k = 0.5; x' = -k*x;"


@pytest.fixture
def file(tmp_path):
    made = tmp_path / "m.ant"
    made.write_text(DECAY, encoding="utf-8")
    return made


def test_a_dose_is_given_once_and_to_patients(resprout, file):
    doses = ("--dose", "x: 8; every 2 h x 2", "--hours", "4", "--json")
    once = json.loads(resprout("simulate", "m.ant", *doses)[1])
    # 8 e^-2 + 8 e^-1; a step is held to 1e-8
    expected = 8 * np.exp(-2) + 8 * np.exp(-1)
    assert once["rows"][0]["values"][-1] == pytest.approx(expected, rel=1e-6)
    many = json.loads(resprout("simulate", "m.ant", "--vary", "k=lognormal(cv=0)", "--patients", "3", *doses)[1])
    assert many["rows"][0]["mean"][-1] == pytest.approx(expected, rel=1e-6)
    assert many["provenance"]["scenario"]["doses"] == ["x: 8; every 2 h x 2"]


def test_doses_are_exported_as_events(resprout, tmp_path, file):
    code, _, _ = resprout("export", "m.xml", "--model", "m.ant", "--dose", "x: 8; every 2 h x 2")
    assert code == 0
    run = rs.simulate_imported(rs.import_model(tmp_path / "m.xml"), 4)
    assert run["x"].sel(time_h=4).item() == pytest.approx(8 * np.exp(-2) + 8 * np.exp(-1), rel=1e-6)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("simulate", "m.ant", "--dose", "y: 5 mg"), "`y` is not in the model"),
        (("simulate", "m.ant", "--dose", "x: 5 mg over", "--vary", "k=normal(1"), "`over` needs a time"),
        (("simulate", "saline", "--dose", "x: 5 mg"), "doses of this model are a regimen"),
        (("export", "m.xml", "--dose", "x: 5 mg"), "doses of this model are a regimen"),
        (("export", "m.xml", "--model", "m.ant", "--dose", "x: much"), "`much` is no constant"),
    ],
)
def test_a_dose_that_does_not_fit_is_refused(resprout, tmp_path, file, command, said):
    code, out, err = resprout(*command)
    assert code == 2 and said in err and out == ""
    assert [path.name for path in tmp_path.iterdir()] == ["m.ant"]
