"""Many users slide at once on a real server: redraws in time, no error, memory that does not grow."""

import importlib.util
import os
import statistics
import sys
import threading
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.browser
LOAD = Path(__file__).parents[2] / "benchmarks" / "page_load.py"
SECONDS = float(os.environ.get("RESPROUT_LOAD_SECONDS", "10"))
USERS = 50
PAUSE_S = 0.5  # between an answer and the next move of a hand
MEDIAN_MS = 150.0


@pytest.fixture(scope="module")
def load():
    """The benchmark that moves the sliders."""
    spec = importlib.util.spec_from_file_location("page_load", LOAD)
    module = importlib.util.module_from_spec(spec)
    sys.modules["page_load"] = module
    spec.loader.exec_module(module)
    return module


def test_fifty_users_slide_without_error_in_time_and_in_constant_memory(server, server_process, load, took):
    port = int(server[0].rsplit(":", 1)[1].rstrip("/"))
    load.wait_for(port)

    def slide(seconds):
        moves, errors = [], []
        until = time.perf_counter() + seconds
        hands = [
            threading.Thread(target=load.slide, args=(port, user, until, PAUSE_S, moves, errors))
            for user in range(USERS)
        ]
        for hand in hands:
            hand.start()
        for hand in hands:
            hand.join()
        return moves, errors

    slide(SECONDS / 2)  # what is remembered of earlier patients is filled
    before = load.memory_mb(server_process.pid)
    moves, errors = slide(SECONDS)
    after = load.memory_mb(server_process.pid)
    took[f"{USERS} users for {SECONDS:g} s, median of {len(moves)} redraws (asked: {MEDIAN_MS:g} ms)"] = (
        f"{statistics.median(moves):.0f} ms, memory {before:.0f} to {after:.0f} MB"
    )
    assert errors == []
    if "RESPROUT_LOAD_SECONDS" in os.environ:  # by `make test-load`, on a free machine
        assert statistics.median(moves) < MEDIAN_MS
    assert after < 1.1 * before
