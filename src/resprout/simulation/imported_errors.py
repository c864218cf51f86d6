"""Numerical error of an imported model: its runs beside those at a hundredth of the tolerance."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from resprout.simulation.imported_population import ImportedRequest, solve_numbers
from resprout.simulation.imported_simulation import outputs_by_name
from resprout.simulation.selected_patients import FINER
from resprout.simulation.settings import TIGHTEST
from resprout.simulation.stream import Part
from resprout.solve.initial_values import IMPORTED_TOLERANCE

if TYPE_CHECKING:
    import xarray as xr

Values = NDArray[np.float64]
Floats = NDArray[np.floating[Any]]
SMALLEST = 1e-300
"""Largest value of an output below which it counts as zero."""
MEANING = "largest difference from a finer solve, over the output's peak"


def finer_tolerance(tolerance: float | None) -> float:
    """The tolerance of the run that is compared with.

    tolerance   of the run; None for the usual one
    """
    return max((tolerance or IMPORTED_TOLERANCE) * FINER, TIGHTEST)


def values_of(run: xr.Dataset) -> Values:
    """[patient, time, output] of a run."""
    return np.stack([found.values for found in outputs_by_name(run).values()], axis=-1)


def errors_of(values: Floats, finer: Floats) -> Values:
    """[patient]   Largest difference of any output from the finer solve, over that output's largest value.

    values, finer   [patient, time, output]; what is no number in both counts nowhere
    """
    both = np.isfinite(values) & np.isfinite(finer)
    gap = np.where(both, np.abs(np.where(both, values, 0.0) - np.where(both, finer, 0.0)), 0.0)
    peak = np.where(np.isfinite(finer), np.abs(finer), 0.0).max(axis=1, keepdims=True)
    return np.asarray((gap / np.maximum(peak, SMALLEST)).max(axis=(1, 2)), dtype=np.float64)


def errors_in(request: ImportedRequest, part: Part) -> Values:
    """[patient]   The errors of solved patients of a request."""
    precise = replace(
        request, numerics=replace(request.numerics, tolerance=finer_tolerance(request.numerics.tolerance))
    )
    return errors_of(part.value, solve_numbers(precise, part.candidate).value)


def with_error(run: xr.Dataset, error: Values) -> None:
    """Note the error of each patient in a run."""
    run["error"] = ("patient", error, {"long_name": MEANING})


def error_sentence(largest: float) -> str:
    """What is told of the largest error of a run."""
    return f"numerical error: at most {largest:.1e} of an output's largest value, in any patient."
