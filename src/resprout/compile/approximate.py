"""Polynomials for exp and ln on a short interval: takes a function and a degree, gives coefficients near the best possible."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.polynomial import chebyshev, polynomial

POINTS = 2000


def fitted(function: Callable[[np.ndarray], np.ndarray], low: float, high: float, degree: int) -> tuple[float, ...]:
    """Coefficients, lowest power first, of a Chebyshev fit on [low, high]; an economised series, not a Taylor one."""
    angle = np.pi * (np.arange(POINTS) + 0.5) / POINTS
    place = np.cos(angle)
    series = chebyshev.cheb2poly(
        chebyshev.chebfit(place, function((high - low) / 2 * place + (high + low) / 2), degree)
    )
    inner = np.array([-(high + low) / (high - low), 2 / (high - low)])
    result: np.ndarray = np.zeros(1)
    power: np.ndarray = np.ones(1)
    for coefficient in series:
        result = polynomial.polyadd(result, coefficient * power)
        power = polynomial.polymul(power, inner)
    return tuple(float(value) for value in result)


def log_ratio_over(square: np.ndarray) -> np.ndarray:
    """ln((1+z)/(1-z)) / z as a function of z squared, which is smooth at zero."""
    z = np.sqrt(square)
    near = 2 + 2 * square / 3
    return np.where(square < 1e-8, near, np.log1p(2 * z / (1 - z)) / np.maximum(z, 1e-150))
