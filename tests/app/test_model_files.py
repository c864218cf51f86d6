"""A model file of one's own on the command line and in Python."""

import json

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import resprout as rs

DECAY = "x = 8; k = 0.5; x' = -k*x; twice := 2*x;"
SECONDS = "model m\n unit time_unit = 1 second; x = 8; k = 0.5; x' = -k*x;\nend"
MODEL = ("simulate", "--model", "m.ant")


@pytest.fixture
def file(tmp_path):
    made = tmp_path / "m.ant"
    made.write_text(DECAY, encoding="utf-8")
    return made


def test_simulate_follows_a_file_and_writes_its_table(resprout, tmp_path, file):
    code, out, _ = resprout(*MODEL, "--hours", "4", "--outputs", "x,twice", "--table", "t.csv", "--out", "r.nc")
    assert code == 0 and "x" in out
    table = pd.read_csv(tmp_path / "t.csv")
    last = table[(table.endpoint == "twice") & (table.time_h == 4)]
    # 16 e^-2; a step is held to 1e-8
    assert last["value"].item() == pytest.approx(16 * np.exp(-2), rel=1e-6)
    with xr.open_dataset(tmp_path / "r.nc") as run:
        assert run["x"].dims == ("patient", "time_h")


def test_a_constant_and_a_beginning_can_be_set(resprout, file):
    said = json.loads(resprout(*MODEL, "--hours", "2", "--set", "k=1", "--set", "x=3", "--outputs", "x", "--json")[1])
    # 3 e^-2; as above
    assert said["rows"][0]["values"][-1] == pytest.approx(3 * np.exp(-2), rel=1e-6)


def test_until_is_in_the_unit_of_the_file_and_hours_are_converted(resprout, file):
    file.write_text(SECONDS, encoding="utf-8")
    said = json.loads(resprout(*MODEL, "--until", "2", "--json")[1])
    other = json.loads(resprout(*MODEL, "--hours", str(2 / 3600), "--json")[1])
    assert said["time_unit"] == "second"
    assert said["time"][-1] == pytest.approx(2)
    # 8 e^-1; as above
    assert said["rows"][0]["values"][-1] == pytest.approx(8 * np.exp(-1), rel=1e-6)
    assert other["rows"][0]["values"][-1] == pytest.approx(8 * np.exp(-1), rel=1e-6)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (("ketamine 0.5 mg/kg iv",), "regimen"),
        (("--patients", "7"), "--patients"),
        (("--block", "AMPA=0.9"), "--block"),
        (("--genotype", "met/met"), "--genotype"),
        (("--out", "r.zarr"), "r.zarr"),
        (("--hours", "0"), "`hours` is 0"),
        (("--hours", "1", "--until", "2"), "--until"),
        (("--set", "kk=1"), "Did you mean `k`"),
        (("--outputs", "twic"), "Did you mean `twice`"),
    ],
)
def test_what_a_model_file_does_not_take_is_named(resprout, tmp_path, file, options, named):
    code, out, err = resprout(*MODEL, *options)
    assert code == 2 and named in err and out == ""
    assert "Traceback" not in err
    assert [path.name for path in tmp_path.iterdir()] == ["m.ant"]


@pytest.mark.parametrize("command", [("interventions",), ("hypotheses",), ("compare",)])
def test_commands_on_the_chain_refuse_a_model_file(resprout, file, command):
    code, _, err = resprout(*command, "--model", "m.ant")
    assert code == 2 and "without stages" in err


def test_check_lists_what_a_file_holds(resprout, file):
    code, out, _ = resprout("check", "m.ant")
    assert code == 0 and all(name in out for name in ("twice", "state", "constant", "assigned"))
    assert json.loads(resprout("check", "m.ant", "--json")[1])["states"] == ["x"]


def test_check_refuses_by_name_with_code_2(resprout, file):
    file.write_text("x = 1; x' = 0; y = 1; y' = delay(x, 1);", encoding="utf-8")
    code, out, err = resprout("check", "m.ant")
    assert code == 2 and out == ""
    assert "`y`" in err and "`delay`" in err


def test_a_regimen_is_still_asked_for_of_the_shipped_model(resprout):
    code, _, err = resprout("simulate", "--patients", "2")
    assert code == 2 and "regimen is empty" in err


def test_python_runs_a_file_once_for_each_value(file):
    run = rs.simulate_imported(rs.import_model(file), 2, overrides={"k": [0.5, 1.0]}, outputs=["x"])
    # 8 e^-kt; as above
    assert run["x"].sel(time_h=2).values == pytest.approx([8 * np.exp(-1), 8 * np.exp(-2)], rel=1e-6)
    assert run["status"].values.tolist() == [0, 0]


def test_python_refuses_people_and_regimen_for_a_file(file):
    with pytest.raises(rs.InputError) as caught:
        rs.simulate(rs.import_model(file), 10, "ketamine 0.5 mg/kg iv", days=1)
    assert "rs.simulate_imported" in str(caught.value)
