"""Patients given a dose, shared with the tests of the solver."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "solve"))
