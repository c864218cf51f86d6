"""A model from a file is described, and the errors of its numbers estimated, on the command line."""

import json

import numpy as np
import pytest

# with k = 2 and x = 1 at the beginning x is e^(-2t); y reads it
TEXT = 'model m\n  // a loss\n  x = 1; k = 2; x\' = -k*x; y := x + 1; k is "rate of loss";\nend'


@pytest.fixture
def file(tmp_path):
    (tmp_path / "m.ant").write_text(TEXT, encoding="utf-8")
    return "m.ant"


def test_a_quantity_is_told_with_what_it_reads_and_what_reads_it(resprout, file):
    told = json.loads(resprout("describe", "x", "--model", file, "--json")[1])
    assert told["equation"] == "dx/dt = -k * x"
    assert (sorted(told["reads"]), told["read_by"], told["takes_doses"]) == (["k", "x"], ["x", "y"], True)
    code, out, _ = resprout("describe", "k", "--model", file)
    assert code == 0 and "rate of loss" in out and "constant" in out
    assert "state" in resprout("describe", "--model", file)[1]


def test_what_is_not_in_a_file_is_refused(resprout, file):
    code, out, err = resprout("describe", "kk", "--model", file)
    assert code == 2 and out == "" and "Did you mean `k`" in err
    code, _, err = resprout("describe", "--drugs", "--model", file)
    assert code == 2 and "--drugs" in err


def test_the_error_of_a_run_is_that_of_its_tolerance(resprout, file):
    found = []
    for tolerance in ("1e-3", "1e-7"):
        options = ("--hours", "3", "--tolerance", tolerance, "--errors", "--json")
        told = json.loads(resprout("simulate", file, *options)[1])
        exact = np.exp(-2 * np.array(told["time"]))
        values = next(row["values"] for row in told["rows"] if row["endpoint"] == "x")
        # the finer run is a hundred times better than what is estimated
        assert told["error"] == pytest.approx(np.abs(values - exact).max(), rel=0.2)
        found.append(told["error"])
    assert found[1] < found[0] / 100


def test_errors_of_patients_are_the_same_alone_and_in_company(resprout, tmp_path, file):
    options = ("--vary", "k=lognormal(cv=0.5)", "--patients", "12", "--hours", "3", "--tolerance", "1e-4", "--errors")
    assert resprout("simulate", file, *options, "--out", "all.nc")[0] == 0
    code, out, _ = resprout("simulate", file, *options, "--patient-ids", "7", "--out", "one.nc", "--json")
    assert code == 0
    import xarray as xr

    with (
        xr.open_dataset(tmp_path / "all.nc", engine="scipy") as every,
        xr.open_dataset(tmp_path / "one.nc", engine="scipy") as one,
    ):
        assert one["error"].item() == every["error"].sel(patient=7).item() == json.loads(out)["error"]
        assert 0 < every["error"].max() < 1e-3
    code, _, err = resprout("simulate", file, *options, "--out", "all.zarr")
    assert code == 2 and "errors" in err
