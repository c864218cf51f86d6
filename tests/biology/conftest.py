"""The run that every fact of the biology is read from."""

from __future__ import annotations

import pytest
from scenarios import Courses, scenarios, solve


@pytest.fixture(scope="session")
def courses() -> Courses:
    """The typical depressed person (glial uptake 0.68, stress 1) unless a scenario says otherwise."""
    return solve(scenarios())
