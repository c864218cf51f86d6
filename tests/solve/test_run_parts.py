"""A run in parts: each goes on where the one before ended, and events happen as in the whole."""

from __future__ import annotations

import numpy as np
import pytest

from resprout.exchange.imported_model import import_model
from resprout.solve import Events, run_patients
from resprout.solve.imported_run import RunPart, run_imported

BOUNCE = "model bounce\n x = 1; x' = -0.5*x; n = 0; n' = 0; at x < 0.4, t0=false: x = x + 1, n = n + 1;\nend"
OUTPUTS = ("x", "n")


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "bounce.ant"
    path.write_text(BOUNCE, encoding="utf-8")
    return import_model(path)


def part_of(model, start, hours, part):
    return run_imported(model, start, Events.none(), np.array([0.0, hours]), OUTPUTS, 1e-9, None, "Rodas4", part)


def test_two_parts_are_the_whole(model):
    whole = run_patients(model, {}, Events.none(), [0.0, 3.0, 7.0], OUTPUTS, tolerance=1e-9)
    first = part_of(model, {}, 3.0, RunPart(open_end=True))
    second = part_of(model, dict(zip(OUTPUTS, first.value[0, -1], strict=True)), 4.0, RunPart(first.held))
    # two runs of tolerance 1e-9
    assert second.value[0, -1] == pytest.approx(whole.value[0, -1], rel=1e-6)
    assert whole.value[0, -1, 1] > 0


def test_a_trigger_that_held_before_does_not_begin_to_hold(model):
    start = {"x": 0.3, "n": 0.0}
    anew = part_of(model, start, 0.1, RunPart())
    going_on = part_of(model, start, 0.1, RunPart(np.array([[True]])))
    assert (anew.value[0, -1, 1], going_on.value[0, -1, 1]) == (1, 0)


def test_events_of_the_last_moment_are_left_to_the_part_that_follows(tmp_path):
    path = tmp_path / "clock.ant"
    path.write_text("model m\n x = 1; x' = 0; at time >= 2, fromTrigger=false: x = x + 1;\nend", encoding="utf-8")
    model = import_model(path)
    run = (Events.none(), np.array([0.0, 2.0]), ("x",), 1e-9, None, "Rodas4")
    assert not run_imported(model, {}, *run, RunPart(open_end=True)).held.any()
    assert run_imported(model, {}, *run, RunPart()).held.all()
