"""Points and weights over which values of individuals are averaged: a grid for one or two random effects, Sobol points for more."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, roots_hermitenorm

Floats = NDArray[np.float64]

REACH = 8.0
"""Standard deviations to which a grid reaches: beyond them lie 1e-15 of the individuals."""
GRID = {1: 1001, 2: 101}
"""Points along each axis of a grid."""
SOBOL_POWER = 12
"""Power of two of the number of Sobol points for three and more random effects."""
HERMITE = {1: 21, 2: 11, 3: 7}
"""Points along each axis around an individual's own random effects."""
HERMITE_SOBOL_POWER = 9
SOBOL_SEED = 20110531


@dataclass(frozen=True)
class Nodes:
    """Points of standard normal random effects.

    place    [node, effect]          weight   [node]   sum to 1
    """

    place: Floats
    weight: Floats


@functools.lru_cache(maxsize=32)
def population_nodes(effects: int) -> Nodes:
    """Points over a whole population: the trapezoidal rule on a grid, or scrambled Sobol points.

    effects   number of random effects; 0 gives one point
    """
    if effects == 0:
        return Nodes(np.zeros((1, 0)), np.ones(1))
    if effects in GRID:
        line = np.linspace(-REACH, REACH, GRID[effects])
        weight = np.exp(-(line**2) / 2)
        return _product(line, weight / weight.sum(), effects)
    return _sobol(effects, SOBOL_POWER)


@functools.lru_cache(maxsize=32)
def local_nodes(effects: int) -> Nodes:
    """Points around one individual: Gauss and Hermite's, or scrambled Sobol points.

    effects   number of random effects, from 1 on
    """
    if effects in HERMITE:
        line, weight = roots_hermitenorm(HERMITE[effects])
        return _product(line, weight / weight.sum(), effects)
    return _sobol(effects, HERMITE_SOBOL_POWER)


def _product(line: Floats, weight: Floats, effects: int) -> Nodes:
    places = np.stack([axis.ravel() for axis in np.meshgrid(*[line] * effects, indexing="ij")], axis=1)
    weights = functools.reduce(np.multiply.outer, [weight] * effects).ravel()
    return Nodes(places, weights)


def _sobol(effects: int, power: int) -> Nodes:
    from scipy.stats import qmc

    points = qmc.Sobol(effects, rng=np.random.default_rng(SOBOL_SEED)).random_base2(power)
    return Nodes(ndtri(points), np.full(len(points), 1 / len(points)))
