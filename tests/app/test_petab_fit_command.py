"""`resprout fit --petab`: what it prints and writes, and what it says of mistakes."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "exchange"))
from petab_files import DECAY, MEASUREMENTS_2, OBSERVABLES, PARAMETERS_2, write_problem

GIVEN = {
    "parameters": [PARAMETERS_2, "s0\t0.1\t10\t4\ttrue", "k\t0.01\t10\t0.5\ttrue"],
    "observables": [OBSERVABLES, "seen\tS\t0.2"],
    "measurements": [MEASUREMENTS_2, "seen\t\t1\t2.5", "seen\t\t3\t0.8"],
}


def test_a_fit_prints_estimates_and_writes_tables(resprout, tmp_path):
    path = write_problem(tmp_path / "p", 2, DECAY, **GIVEN)
    words = ["fit", "--petab", path, "--starts", 3, "--table", "e.csv", "--simulations", "s.csv"]
    code, out, said = resprout(*words)
    assert code == 0, said
    # two measurements, two parameters: S passes through both
    assert "3 of 3 starts ended within 0.1 of the best objective (least squares)." in out
    table = pd.read_csv("e.csv").set_index("parameter")["estimate"]
    assert table["k"] == pytest.approx(0.569717, rel=1e-4)
    assert pd.read_csv("s.csv")["simulation"].tolist() == pytest.approx([2.5, 0.8], rel=1e-4)


def test_no_starts_evaluate_the_nominal_values(resprout, tmp_path):
    path = write_problem(tmp_path / "p", 2, DECAY, **GIVEN)
    code, out, _ = resprout("fit", "--petab", path, "--starts", 0, "--json")
    told = json.loads(out)
    assert code == 0 and told["chi2"] == pytest.approx(0.3504, abs=1e-4) and "parameters" not in told
    code, out, _ = resprout("fit", "--petab", path, "--starts", 0)
    said = " ".join(out.split())
    assert code == 0 and "2 measurements in 1 experiment." in said and "at the nominal values" in said


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--petab", "none.yaml", "--ship"], ["`--ship` is given", "`none.yaml` is not there"]),
        (["--starts", "3"], ["`--starts` is given without `--petab`"]),
        (["--simulations", "s.csv"], ["`--simulations` is given without `--petab`"]),
        (["--petab", "none.yaml", "--starts", "0", "--table", "t.csv"], ["nothing is fitted"]),
        (["--petab", "none.yaml", "--simulations", "s.txt"], ["`none.yaml` is not there", "s.txt"]),
    ],
)
def test_mistakes_are_told_together_and_nothing_is_written(words, told, resprout, tmp_path):
    code, _, said = resprout("fit", *words)
    assert code == 2 and all(part in said for part in told)
    assert list(tmp_path.iterdir()) == []


def test_a_problem_that_is_none_is_refused_without_traceback(resprout, tmp_path):
    (tmp_path / "p.yaml").write_text("format_version: 2.0.0\nparameter_files: []\n", encoding="utf-8")
    code, _, said = resprout("fit", "--petab", "p.yaml")
    assert code == 2 and "Traceback" not in said and "p.yaml" in said
