"""The run that every fact of the biology is read from."""

from __future__ import annotations

import pytest
from scenarios import Trajectories, scenarios, solve


@pytest.fixture(scope="session")
def trajectories() -> Trajectories:
    """The typical depressed person (glial uptake 0.68, stress 1) unless a scenario says otherwise."""
    return solve(scenarios())
