"""A fit of a PEtab problem that is killed goes on from what it has kept, to the same numbers."""

from __future__ import annotations

import signal
import subprocess
import sys

import pandas as pd
import pytest
from petab_files import DECAY, MEASUREMENTS_2, OBSERVABLES, PARAMETERS_2, write_problem

import resprout as rs
from resprout.cache import cache_folder

KILLED = """
import os, signal, sys
import resprout as rs
from resprout import cache
store, left = cache.store, [int(sys.argv[2])]
def counted(*told):
    store(*told)
    left[0] -= 1
    if not left[0]:
        os.kill(os.getpid(), signal.SIGKILL)
cache.store = counted
rs.fit_petab(rs.read_petab(sys.argv[1]), starts=3, seed=4)
"""
TABLES = {
    "parameters": [PARAMETERS_2, "s0\t0.1\t100\t4\ttrue", "k\t0.01\t10\t2\ttrue"],
    "observables": [f"{OBSERVABLES}\tnoiseDistribution", "seen\tS\t0.2*k\tlog-normal"],
    "measurements": [MEASUREMENTS_2, "seen\t\t0.5\t3.4", "seen\t\t1\t2.2", "seen\t\t3\t0.95"],
}


def empty_cache(folder, name):
    """A cache that has compiled code and no fit."""
    own, shared = folder / name, cache_folder()
    own.mkdir()
    for each in shared.iterdir() if shared is not None else ():
        if each.name != "petab":
            (own / each.name).symlink_to(each)
    return own


@pytest.mark.slow
def test_a_fit_that_is_killed_goes_on_to_the_same_estimates(tmp_path, monkeypatch):
    problem = rs.read_petab(write_problem(tmp_path / "p", 2, DECAY, **TABLES))
    rs.evaluate_petab(problem)
    whole, half = empty_cache(tmp_path, "whole"), empty_cache(tmp_path, "half")
    monkeypatch.setenv("RESPROUT_CACHE", str(whole))
    expected = rs.fit_petab(problem, starts=3, seed=4)
    many = int(expected.starts["evaluations"].iloc[0])
    monkeypatch.setenv("RESPROUT_CACHE", str(half))
    # the starting points, every evaluation of the first start and its end, and five evaluations of the second
    words = [sys.executable, "-c", KILLED, problem.file, str(1 + many + 1 + 5)]
    ended = subprocess.run(words, capture_output=True, text=True, check=False)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    found = rs.fit_petab(problem, starts=3, seed=4)
    assert found.kept == 1
    pd.testing.assert_frame_equal(found.parameters, expected.parameters, check_exact=True)
    pd.testing.assert_frame_equal(found.starts, expected.starts, check_exact=True)
    assert found.objective == expected.objective
    # and once it has ended, nothing is computed again
    assert rs.fit_petab(problem, starts=3, seed=4).kept == 3


def test_another_problem_does_not_take_what_a_fit_has_kept(tmp_path):
    first = rs.read_petab(write_problem(tmp_path / "p", 2, DECAY, **TABLES))
    other = {**TABLES, "measurements": [*TABLES["measurements"][:-1], "seen\t\t3\t0.9500000000000001"]}
    second = rs.read_petab(write_problem(tmp_path / "q", 2, DECAY, **other))
    again = rs.read_petab(write_problem(tmp_path / "r", 2, DECAY, **TABLES))
    from resprout.exchange.petab_kept import problem_digest

    assert problem_digest(first) == problem_digest(again) != problem_digest(second)
