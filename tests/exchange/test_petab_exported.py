"""The exported problem read back: the model as SBML, run through its periods, says what the engine says of the same measurements."""

from __future__ import annotations

import numpy as np
import pytest

import resprout as rs
from resprout.app.petab_command import export_petab
from resprout.calibrate.measurements import read_measurements
from resprout.calibrate.predicted_measurements import predict_measurements
from resprout.exchange.petab_problem import export_rows
from resprout.language import load_model


@pytest.mark.slow
def test_the_exported_problem_says_what_the_engine_says(tmp_path):
    export_petab(tmp_path / "problem")
    found = rs.evaluate_petab(rs.read_petab(tmp_path / "problem" / "resprout.yaml"))
    model = load_model()
    rows = export_rows(read_measurements(model))
    own = predict_measurements(model, rows)[0]
    miss = np.abs(found.simulations["simulation"] - own) / np.maximum(np.abs(own), 1e-6)
    read_at = np.array([all(readout.kind == "at" for readout in row.readouts) for row in rows])
    # the tolerances of both runs; areas are an integral there and trapezoids of a grid of hours here
    assert miss[read_at].max() < 2e-4 and miss[~read_at].max() < 0.02
    assert len(rows) > 50
