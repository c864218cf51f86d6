"""What the data do not tell apart: draws of a posterior in; combinations of quantities that are known better than each of them out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from resprout.calibrate.fitted_parameters import Numbers

LARGEST_VARIANCE = 0.5
LEAST_LOADING = 0.3
MOST_COMBINATIONS = 12


@dataclass(frozen=True)
class Combination:
    """A direction among standardised quantities.

    variance  of the combination under the posterior, 1 if its quantities were independent
    loadings  by quantity, the largest first, its own sign +; what is smaller than LEAST_LOADING is left out
    """

    variance: float
    loadings: dict[str, float]

    @property
    def text(self) -> str:
        """Such as `+0.71 relapse_hazard +0.68 relapse_by_symptoms`."""
        return " ".join(f"{value:+.2f} {name}" for name, value in self.loadings.items())


def not_told_apart(names: Sequence[str], free: Numbers) -> list[Combination]:
    """Combinations of quantities that the data fix, though not the quantities themselves.

    names    [quantity]
    free     [draw, quantity]  prior sd from the prior
    returns  eigenvectors of the posterior correlation matrix with eigenvalues below LARGEST_VARIANCE, the smallest first, of at least two
             quantities each; along a direction at right angles the same quantities may move together and hardly change what is predicted
    """
    matrix = np.corrcoef(free.T)
    variances, vectors = np.linalg.eigh(np.atleast_2d(matrix))
    found: list[Combination] = []
    for variance, vector in zip(variances, vectors.T, strict=True):
        if variance >= LARGEST_VARIANCE or len(found) == MOST_COMBINATIONS:
            break
        order = [place for place in np.argsort(-np.abs(vector)) if abs(vector[place]) >= LEAST_LOADING]
        if len(order) > 1:
            sign = np.sign(vector[order[0]])
            found.append(Combination(float(variance), {names[place]: float(sign * vector[place]) for place in order}))
    return found
