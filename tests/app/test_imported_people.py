"""Patients of a model file on the command line."""

import json

import numpy as np
import pandas as pd
import pytest


def test_the_command_runs_a_table_and_writes_one(resprout, tmp_path):
    (tmp_path / "m.ant").write_text("x = 8; k = 0.5; x' = -k*x;", encoding="utf-8")
    (tmp_path / "people.csv").write_text("id,k\n1,0.5\n2,1\n", encoding="utf-8")
    given = ("--patients", "people.csv", "--hours", "2", "--table", "t.csv", "--json")
    code, out, _ = resprout("simulate", "m.ant", *given)
    assert code == 0
    said = json.loads(out)
    # mean of 8 e^-1 and 8 e^-2
    assert said["rows"][0]["mean"][-1] == pytest.approx(4 * (np.exp(-1) + np.exp(-2)), rel=1e-6)
    table = pd.read_csv(tmp_path / "t.csv")
    last = table[(table.endpoint == "x") & (table.time_h == 2) & (table.statistic == "mean")]
    assert last["value"].item() == pytest.approx(4 * (np.exp(-1) + np.exp(-2)), rel=1e-6)


def test_the_command_refuses_cells_that_are_no_numbers_with_their_row(resprout, tmp_path):
    (tmp_path / "m.ant").write_text("x = 8; k = 0.5; x' = -k*x;", encoding="utf-8")
    (tmp_path / "people.csv").write_text("id,k\n1,0.5\n2,\n3,fast\n", encoding="utf-8")
    code, out, err = resprout("simulate", "m.ant", "--patients", "people.csv")
    assert code == 2 and out == ""
    assert "people.csv:3" in err and "people.csv:4" in err and "`fast`" in err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--patients", "7"), "nothing says how patients differ"),
        (("--cluster", "local:2"), "nothing says how patients differ"),
        (("--vary", "k=normal(1"), "says nothing"),
        (("--vary", "k=normal(1, 1)", "--patient-ids", "4", "--patients", "4"), "patient 4 is not in a draw of 4"),
        (("--vary", "k=normal(1, 1)", "--patient-ids", "0", "--out", "r.zarr"), "cannot be written as Zarr"),
    ],
)
def test_options_that_do_not_go_together_are_refused(resprout, tmp_path, options, said):
    (tmp_path / "m.ant").write_text("x = 8; k = 0.5; x' = -k*x;", encoding="utf-8")
    code, out, err = resprout("simulate", "m.ant", *options)
    assert code == 2 and said in err and out == ""
    assert [path.name for path in tmp_path.iterdir()] == ["m.ant"]


@pytest.mark.parametrize("option", [("--vary", "k=normal(1, 1)"), ("--patients", "people.csv")])
def test_the_shipped_model_has_patients_of_its_own(resprout, option):
    code, _, err = resprout("simulate", "saline", *option)
    assert code == 2 and "Expected `--model FILE`" in err


def test_a_report_of_patients_and_of_one_run_is_a_page(resprout, tmp_path):
    (tmp_path / "m.ant").write_text("x = 8; k = 0.5; x' = -k*x;", encoding="utf-8")
    given = ("--vary", "k=uniform(0.5, 1)", "--patients", "40", "--hours", "2", "--report", "people.html")
    assert resprout("simulate", "m.ant", *given)[0] == 0
    page = (tmp_path / "people.html").read_text(encoding="utf-8")
    assert "40 patients" in page and "k=uniform(0.5, 1)" in page and "d/dt" in page and "95 %" in page
    code, out, _ = resprout("simulate", "m.ant", "--hours", "2", "--report", "once.html")
    assert code == 0 and "wrote once.html" in out
    # 8 e^-1 at the end
    assert ">2.943<" in (tmp_path / "once.html").read_text(encoding="utf-8")
    code, _, said = resprout("simulate", "m.ant", "--report", "once.pdf")
    assert code == 2 and "--report" in said
