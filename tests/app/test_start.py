"""What a cached run loads on its way to an answer."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {"sympy", "pandas", "plotly", "dash", "xarray", "statsmodels", "libsbml", "antimony", "matplotlib"}
CODE = """
import sys
from resprout.app.cli import run
code = run(["simulate", "ketamine 0.5 mg/kg iv over 40 min", "--patients", "30", "--days", "2", *sys.argv[1:]])
print("loaded", code, sorted(set(sys.modules) & {heavy!r}))
"""


@pytest.mark.parametrize(("option", "name"), [("--table", "t.csv"), ("--table", "t.parquet"), ("--out", "run.zarr")])
def test_a_cached_run_loads_no_library_of_symbols_frames_or_pictures(tmp_path, option, name):
    start = [sys.executable, "-c", CODE.replace("{heavy!r}", repr(HEAVY)), option]
    subprocess.run([*start, str(tmp_path / f"first_{name}")], capture_output=True, check=True)
    told = subprocess.run([*start, str(tmp_path / name)], capture_output=True, encoding="utf-8", check=True).stdout
    assert told.splitlines()[-1] == "loaded 0 []"
    assert (tmp_path / name).exists()


def test_a_table_holds_the_same_in_both_formats(tmp_path):
    pandas = pytest.importorskip("pandas")
    for name in ("t.csv", "t.parquet"):
        command = [sys.executable, "-c", CODE.replace("{heavy!r}", "set()"), "--table", str(tmp_path / name)]
        subprocess.run(command, capture_output=True, check=True)
    text, packed = pandas.read_csv(tmp_path / "t.csv"), pandas.read_parquet(tmp_path / "t.parquet")
    # the text has eight digits
    pandas.testing.assert_frame_equal(text, packed, check_dtype=False, rtol=1e-7)


def test_importing_the_package_loads_nothing_else():
    code = f"import resprout, sys; print(sorted(set(sys.modules) & {HEAVY | {'numpy', 'numba', 'scipy'}!r}))"
    told = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, encoding="utf-8", check=True
    )
    assert told.stdout == "[]\n"
