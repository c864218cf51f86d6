"""Emulator of residuals: points that the engine has computed in; residuals as quadratic functions of the quantities out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
PENALTIES = np.logspace(-3, 4, 22)  # of the ridge regression, relative to features of variance 1
LEAST_SPREAD = 1e-3  # prior sd; a quantity that points do not spread in tells nothing


@dataclass(frozen=True)
class QuadraticResiduals:
    """Residuals around a centre: r(x) = value + slope (x - centre) + curvature (x - centre)^2, and how far the engine lies off.

    centre      [quantity]        prior sd from the prior
    value       [row]             sd of the row
    slope       [row, quantity]   curvature   [row, quantity]
    error       [row]             sd of the engine around the emulator, of points that were left out one at a time
    """

    centre: Numbers
    value: Numbers
    slope: Numbers
    curvature: Numbers
    error: Numbers

    def at(self, free: Numbers) -> Numbers:
        """Residuals at points [point, quantity]: [point, row]."""
        away = free - self.centre
        return np.asarray(self.value + away @ self.slope.T + away**2 @ self.curvature.T)


def straight(centre: Numbers, value: Numbers, slope: Numbers) -> QuadraticResiduals:
    """The emulator that one Jacobian gives: no curvature, and no error that is known."""
    return QuadraticResiduals(centre, value, slope, np.zeros_like(slope), np.zeros_like(value))


def learned(first: QuadraticResiduals, points: Numbers, residuals: Numbers) -> QuadraticResiduals:
    """Correct an emulator by what the engine computed at some points.

    first      the emulator to correct, towards which the regression shrinks
    points     [point, quantity]   prior sd from the prior, spread as widely as the emulator is to be used
    residuals  [point, row]        of the engine at the points
    returns    an emulator with the same centre

    Ridge regression of what `first` leaves on a constant, the distances from the centre and their squares; the penalty of each row is the
    one with the smallest error at points left out one at a time.
    """
    away = points - first.centre
    spread = np.maximum(away.std(axis=0), LEAST_SPREAD)
    features = np.concatenate([away / spread, (away / spread) ** 2], axis=1)
    middle = features.mean(axis=0)
    left = residuals - first.at(points)
    coefficients, error = _regressed(features - middle, left - left.mean(axis=0))
    size = len(first.centre)
    return QuadraticResiduals(
        first.centre,
        first.value + left.mean(axis=0) - coefficients @ middle,
        first.slope + coefficients[:, :size] / spread,
        first.curvature + coefficients[:, size:] / spread**2,
        error,
    )


def _regressed(features: Numbers, targets: Numbers) -> tuple[Numbers, Numbers]:
    """Coefficients [row, feature] and sd of the errors of points left out [row]; features and targets have mean 0."""
    left, singular, right = np.linalg.svd(features, full_matrices=False)
    projected = left.T @ targets
    best = np.full(targets.shape[1], np.inf)
    kept = np.zeros((targets.shape[1], features.shape[1]))
    for penalty in PENALTIES * len(features):
        shrunk = singular**2 / (singular**2 + penalty)
        # the mean was estimated as well: 1 / n of the leverage
        leverage = (left**2) @ shrunk + 1 / len(features)
        missed = (targets - left @ (shrunk[:, None] * projected)) / (1 - np.minimum(leverage, 0.999))[:, None]
        error = np.sqrt((missed**2).mean(axis=0))
        better = error < best
        best = np.where(better, error, best)
        kept[better] = (right.T @ ((shrunk / np.maximum(singular, 1e-300))[:, None] * projected)).T[better]
    return kept, best
