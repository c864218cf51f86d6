"""Archives on the command line."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

ARCHIVE = Path(__file__).parents[1] / "exchange" / "archives" / "tellurium.omex"


def test_an_archive_in_place_of_the_regimen_is_run_as_it_says(resprout, tmp_path):
    code, out, err = resprout("simulate", ARCHIVE, "--table", "t.csv")
    assert code == 0 and err == "" and "task2.P/max(task2.P)" in out and "Km=9" in out
    with (tmp_path / "t.csv").open(encoding="utf-8") as opened:
        rows = list(csv.DictReader(opened))
    scan = [float(row["value"]) for row in rows if row["output"] == "report_4" and row["column"] == "scan2.P"]
    told = json.loads(resprout("simulate", ARCHIVE, "--json")[1])
    columns = next(each for each in told["outputs"] if each["output"] == "report_4")
    assert np.ravel(columns["columns"]["scan2.P"]) == pytest.approx(scan, rel=1e-7)
    assert columns["set"]["k"] == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5])


def test_what_the_file_decides_is_refused_on_the_command_line(resprout):
    code, out, err = resprout("simulate", ARCHIVE, "--hours", "3", "--outputs", "S", "--patients", "5")
    assert code == 2 and out == ""
    assert all(name in err for name in ("--hours", "--outputs", "--patients"))


def test_a_model_file_becomes_an_archive_that_runs(resprout, tmp_path):
    (tmp_path / "m.ant").write_text("x = 8; k = 0.5; x' = -k*x;", encoding="utf-8")
    code, _, _ = resprout(
        "export", "m.omex", "--to", "omex", "--model", "m.ant", "--dose", "x: 8 at 2 h", "--until", "4"
    )
    assert code == 0
    told = json.loads(resprout("simulate", "m.omex", "--json")[1])
    # 8 e^-2 + 8 e^-1
    assert told["outputs"][1]["columns"]["x"][0][-1] == pytest.approx(8 * (np.exp(-2) + np.exp(-1)), rel=1e-6)
    code, _, err = resprout("export", "m.xml", "--model", "m.ant", "--until", "4")
    assert code == 2 and "--until" in err
