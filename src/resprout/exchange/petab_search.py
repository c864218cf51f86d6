"""The parameters of a PEtab problem as a search space: every one on its scale, in units in which its range is 1."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from resprout.errors import Fault, InputError
from resprout.exchange.petab_formulas import formula_of
from resprout.exchange.petab_records import LIN, LOG, NORMAL, PetabParameter, PetabProblem

Floats = NDArray[np.float64]

STEP = 1e-4
"""Distance of the points of a difference, over the range of a parameter on its scale; rounding of a run is some 1e-8."""
AT_BOUND = 1e-4
"""Share of its range within which a parameter counts as at its bound."""
INSIDE = 1e-6
FLAT, LOADING = 1e-8, 0.01
"""Curvature over the largest one below which a direction is not identified; part of such a direction that a parameter may have."""
QUANTILE = 1.959963984540054


class SearchSpace:
    """Where the estimated parameters of a problem are searched.

    lower, upper   [parameter] bounds; infinite where the problem has none
    """

    def __init__(self, problem: PetabProblem) -> None:
        """Find origin and unit of every parameter.

        raises   InputError for parameters whose range is no range on their scale
        """
        self.problem, self.parameters = problem, problem.estimated
        faults = [fault for parameter in self.parameters for fault in _faults(parameter, problem.file)]
        if faults:
            raise InputError(*faults)
        ends = [(_scaled(p.lower, p.scale), _scaled(p.upper, p.scale)) for p in self.parameters]
        low, high = (np.array(side, dtype=float) for side in zip(*ends, strict=True))
        nominal = np.array([_scaled(p.nominal, p.scale) for p in self.parameters])
        bounded = np.isfinite(low) & np.isfinite(high)
        middle = np.where(np.isfinite(nominal), nominal, 0.0)
        with np.errstate(invalid="ignore"):
            self.unit = np.where(bounded, high - low, np.maximum(np.abs(middle), 1.0))
        self.origin = np.where(np.isfinite(low), low, middle)
        self.lower, self.upper = (low - self.origin) / self.unit, (high - self.origin) / self.unit
        self.nominal = (nominal - self.origin) / self.unit

    def named(self, points: Floats) -> dict[str, Floats]:
        """[point] of every parameter on the linear scale, from points [point, parameter]."""
        scaled = self.origin + points * self.unit
        found = {}
        for index, parameter in enumerate(self.parameters):
            values = _linear(scaled[:, index], parameter.scale)
            found[parameter.name] = np.clip(values, parameter.lower, parameter.upper)
        return found

    def starting_points(self, count: int, seed: int) -> Floats:
        """[point, parameter] the nominal values, then a Latin hypercube over the priors or between the bounds."""
        from scipy.stats import qmc

        shares = qmc.LatinHypercube(len(self.parameters), rng=np.random.default_rng(seed)).random(count)
        points = np.empty_like(shares)
        for index, parameter in enumerate(self.parameters):
            if parameter.start is not None:
                drawn = np.asarray(parameter.start.ppf(shares[:, index]), dtype=float)
                points[:, index] = (_scaled_all(drawn, parameter.scale) - self.origin[index]) / self.unit[index]
            elif np.isfinite(self.lower[index]) and np.isfinite(self.upper[index]):
                width = self.upper[index] - self.lower[index]
                points[:, index] = self.lower[index] + shares[:, index] * width
            else:
                points[:, index] = self.nominal[index] + shares[:, index] - 0.5
        if np.isfinite(self.nominal).all():
            points[0] = self.nominal
        inside: Floats = np.clip(points, self.lower + INSIDE, self.upper - INSIDE)
        return inside

    def neighbours(self, point: Floats, step: float = STEP) -> tuple[Floats, Floats]:
        """Each parameter a step lower and a step higher, within the bounds."""
        return np.maximum(point - step, self.lower), np.minimum(point + step, self.upper)

    def at_bound(self, point: Floats) -> NDArray[np.bool_]:
        """[parameter] whether it lies at a bound."""
        return (point - self.lower < AT_BOUND) | (self.upper - point < AT_BOUND)

    def half_widths(self, point: Floats, curvature: Floats) -> Floats:
        """[parameter] half of the 95 % interval; not a number at a bound and where the data do not identify the parameter."""
        free = np.flatnonzero(~self.at_bound(point))
        half = np.full(len(point), np.nan)
        if not len(free) or not np.isfinite(curvature).all():
            return half
        values, directions = np.linalg.eigh(curvature[np.ix_(free, free)])
        known = values > FLAT * values.max()
        variance = (directions[:, known] ** 2 / values[known]).sum(axis=1)
        identified = (directions[:, ~known] ** 2).sum(axis=1) < LOADING
        half[free] = np.where(identified, QUANTILE * np.sqrt(variance), np.nan)
        return half

    def prior_residuals(self, points: Floats) -> Floats:
        """[point, prior] of normal and log-normal priors: half their squares, and a constant, are the negative log density.

        A log-normal density on the linear scale has the factor 1 / x: completing the square moves its mean by its variance.
        """
        values, columns = self.named(points), []
        for parameter in self.parameters:
            if _is_normal(parameter):
                prior, value = parameter.prior, values[parameter.name]
                log_base = math.log(prior.logbase) if prior.logbase else 0.0
                with np.errstate(divide="ignore"):
                    scaled = np.log(value) / log_base if log_base else value
                columns.append((scaled - prior.loc + prior.scale**2 * log_base) / prior.scale)
        return np.stack(columns, axis=1) if columns else np.empty((len(points), 0))


def least_squares_suits(problem: PetabProblem) -> bool:
    """Whether the objective is a sum of squares: (log-)normal noise of known size, (log-)normal or uniform priors, no population."""
    from petab.v1.distributions import Uniform

    if problem.population is not None:
        return False
    estimated = {parameter.name for parameter in problem.estimated}
    for parameter in problem.estimated:
        uniform = isinstance(parameter.prior, Uniform) and parameter.prior.logbase is False
        if parameter.prior is not None and not uniform and not _is_normal(parameter):
            return False
    observables = {each.name: each for each in problem.observables}
    for observable in observables.values():
        read = set(formula_of(observable.noise).names) - set(observable.placeholders)
        moving = read & ({observable.name} | estimated | set(problem.model.equations) | set(problem.model.constants))
        if observable.distribution != NORMAL or moving:
            return False
    for measurement in problem.measurements:
        own = observables[measurement.observable]
        noise = set(formula_of(own.noise).names)
        for placeholder, given in zip(own.placeholders, measurement.overrides, strict=True):
            if placeholder in noise and set(formula_of(given).names) & estimated:
                return False
    return True


def _is_normal(parameter: PetabParameter) -> bool:
    """Whether its prior is normal or log-normal."""
    from petab.v1.distributions import Normal

    return isinstance(parameter.prior, Normal)


def _faults(parameter: PetabParameter, file: str) -> list[Fault]:
    if parameter.scale != LIN and parameter.lower <= 0 and parameter.start is None:
        found = f"parameter `{parameter.name}` is searched on the scale {parameter.scale}, and its lower bound is {parameter.lower:g}."
        return [Fault(found, file, "A bound above 0 was expected.")]
    if not parameter.lower < parameter.upper:
        found = f"parameter `{parameter.name}` is estimated between {parameter.lower:g} and {parameter.upper:g}."
        return [Fault(found, file, "A lower bound below the upper one was expected.")]
    unbounded = math.isinf(parameter.lower) or math.isinf(parameter.upper)
    if unbounded and parameter.start is None and math.isnan(parameter.nominal):
        found = f"parameter `{parameter.name}` has neither bounds, nor a prior, nor a nominal value to start from."
        return [Fault(found, file, "One of them was expected.")]
    return []


def _scaled(value: float, scale: str) -> float:
    return float(_scaled_all(np.array([value]), scale)[0])


def _scaled_all(values: Floats, scale: str) -> Floats:
    if scale == LIN:
        return values
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.log(values) if scale == LOG else np.log10(values)


def _linear(values: Floats, scale: str) -> Floats:
    return values if scale == LIN else np.exp(values) if scale == LOG else np.power(10.0, values)
