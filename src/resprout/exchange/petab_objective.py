"""Parameters of a PEtab problem -> simulations, log-likelihood, chi-square and log prior, for many vectors of parameters at once."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from resprout.errors import Fault, InputError, nearest
from resprout.exchange.petab_checks import check_runnable
from resprout.exchange.petab_formulas import TIME, formula_of
from resprout.exchange.petab_periods import Engine, ExperimentGroup, Trace, lanes_of
from resprout.exchange.petab_records import LIN, LOG, LOG10, PetabExperiment, PetabMeasurement, PetabProblem

if TYPE_CHECKING:
    pass

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Predicted:
    """Measurements as the model predicts them.

    simulation, noise   [vector, measurement]          lost   [vector] why a vector could not be simulated; empty if it could
    """

    simulation: Floats
    noise: Floats
    lost: NDArray[np.object_]


class Objective:
    """What a PEtab problem minimises.

    problem   it was made of
    """

    def __init__(self, problem: PetabProblem) -> None:
        """Sort out once what every evaluation needs."""
        self.problem = problem
        check_runnable(problem)
        self.measured = np.array([each.value for each in problem.measurements])
        self.rows: dict[str, list[int]] = {}
        for row, measurement in enumerate(problem.measurements):
            self.rows.setdefault(measurement.observable, []).append(row)
        self.observables = {each.name: each for each in problem.observables}

    @cached_property
    def outputs(self) -> tuple[str, ...]:
        """Quantities of the model that observables read."""
        model, names = self.problem.model, dict[str, None]()
        for name in self.rows:
            observable = self.observables[name]
            for expression in (observable.formula, observable.noise):
                read = [n for n in formula_of(expression).names if n not in observable.placeholders]
                names |= dict.fromkeys(n for n in read if n in model.equations or n in model.constants)
        return tuple(names)

    @cached_property
    def groups(self) -> list[ExperimentGroup]:
        """Experiments that are run together."""
        groups: dict[Any, list[PetabExperiment]] = {}
        for experiment in self.problem.experiments:
            periods = experiment.periods
            targets = tuple(sorted(target for target, _ in periods[0].changes))
            groups.setdefault((tuple(period.time for period in periods), targets), []).append(experiment)
        return [self._group(tuple(group)) for group in groups.values()]

    def _group(self, experiments: tuple[PetabExperiment, ...]) -> ExperimentGroup:
        names = {experiment.name for experiment in experiments}
        times = np.unique([each.time for each in self.problem.measurements if each.experiment in names])
        return ExperimentGroup(experiments, times[np.isfinite(times)], bool(np.isinf(times).any()))

    @cached_property
    def span(self) -> float:
        """The longest finite time of the problem, from the beginning of an experiment."""
        times = [t for group in self.groups for t in (*group.times, *(p.time for p in group.experiments[0].periods))]
        finite = [abs(time) for time in times if math.isfinite(time)]
        return max(finite, default=0.0) or 1.0

    def vectors(self, values: Mapping[str, ArrayLike]) -> dict[str, Floats]:
        """[vector] of every parameter: nominal, but for those that are given.

        raises   InputError for names that are no parameters, and for parameters that have no value
        """
        known = self.problem.nominal
        faults = [
            Fault(f"`{name}` is no parameter of the problem.", self.problem.file, remedy=nearest(name, known))
            for name in values
            if name not in known
        ]
        arrays = {n: np.atleast_1d(np.asarray(values.get(n, known[n]), dtype=float)) for n in known}
        faults += [
            Fault(f"parameter `{name}` has no value.", self.problem.file, "Expected a nominal value, or a value given.")
            for name, each in arrays.items()
            if not np.isfinite(each).all()
        ]
        if faults:
            raise InputError(*faults)
        size = max((len(each) for each in arrays.values()), default=1)
        return {name: np.array(np.broadcast_to(each, size)) for name, each in arrays.items()}

    def predict(
        self,
        vectors: Mapping[str, Floats],
        *,
        checked: bool = False,
        threads: int | None = None,
        own: Mapping[str, Mapping[str, Floats]] | None = None,
    ) -> Predicted:
        """Simulate every measurement.

        vectors   name -> [vector] of every parameter
        checked   whether runs are checked with shorter steps
        threads   None for all cores
        own       by experiment: name -> [vector] of parameters and constants that have other values there
        """
        own = own or {}
        count = lanes_of(vectors, own)
        engine = Engine(self.problem.model, self.outputs, self.span, vectors, checked=checked, threads=threads, own=own)
        traces: dict[str, Trace] = {}
        lost = np.full(count, "", dtype=object)
        for group in self.groups:
            for experiment, trace in zip(group.experiments, engine.traces(group), strict=True):
                traces[experiment.name] = trace
                told = [f"experiment `{experiment.name}`: {reason}" if reason else "" for reason in trace.lost]
                lost = np.where(lost == "", np.array(told, dtype=object), lost)
        shape = (count, len(self.measured))
        simulation, noise = np.full(shape, np.nan), np.full(shape, np.nan)
        for name, rows in self.rows.items():
            simulation[:, rows], noise[:, rows] = self._observe(name, rows, traces, vectors, own)
        # a lane may fail after its last measurement
        complete = np.isfinite(simulation).all(axis=1) & np.isfinite(noise).all(axis=1)
        lost = np.where(complete, "", np.where(lost == "", "an observable has no finite value", lost))
        return Predicted(simulation, noise, lost)

    def _observe(  # many arguments: what a formula may read
        self,
        name: str,
        rows: list[int],
        traces: Mapping[str, Trace],
        vectors: Mapping[str, Floats],
        own: Mapping[str, Mapping[str, Floats]],
    ) -> tuple[Floats, Floats]:
        """[vector, row] of one observable and its noise."""
        observable, measurements = self.observables[name], [self.problem.measurements[row] for row in rows]
        count = lanes_of(vectors, own)
        known: dict[str, Floats] = {parameter: values[:, None] for parameter, values in vectors.items()}
        there = {each.experiment: {**vectors, **own.get(each.experiment, {})} for each in measurements}
        for parameter in {each for values in own.values() for each in values if each in vectors}:
            known[parameter] = np.stack([there[each.experiment][parameter] for each in measurements], axis=1)
        known[TIME] = np.array([each.time for each in measurements])[None, :]
        for output in self.outputs:
            known[output] = np.stack([_at(traces[each.experiment], output, each) for each in measurements], axis=1)
        for place, placeholder in enumerate(observable.placeholders):
            given = [formula_of(each.overrides[place])(there[each.experiment]) for each in measurements]
            known[placeholder] = np.stack([np.broadcast_to(each, count) for each in given], axis=1)
        shape = (count, len(rows))
        seen = np.broadcast_to(formula_of(observable.formula)(known), shape)
        return seen, np.broadcast_to(formula_of(observable.noise)({**known, name: seen}), shape)

    def residuals(self, found: Predicted) -> Floats:
        """[vector, measurement] measured minus simulated on the scale of the noise, over the noise."""
        result = np.empty_like(found.simulation)
        for name, rows in self.rows.items():
            scaled = SCALED[self.observables[name].scale]
            with np.errstate(all="ignore"):
                miss = scaled(self.measured[rows]) - scaled(found.simulation[:, rows])
                result[:, rows] = miss / found.noise[:, rows]
        return result

    def log_likelihoods(self, found: Predicted) -> Floats:
        """[vector, measurement] by libpetab's formulas; not a number where the noise is not above 0."""
        from petab.v1.calculate import calculate_single_llh

        result = np.empty_like(found.simulation)
        for name, rows in self.rows.items():
            own = self.observables[name]
            with np.errstate(all="ignore"):
                sizes = np.where(found.noise[:, rows] > 0, found.noise[:, rows], np.nan)
                result[:, rows] = calculate_single_llh(
                    self.measured[rows], found.simulation[:, rows], own.scale, own.distribution, sizes
                )
        return result

    def log_likelihood(self, found: Predicted) -> Floats:
        """[vector] of all measurements; not a number where a vector could not be simulated."""
        total = np.zeros(len(found.simulation))
        parts = self.log_likelihoods(found)
        for rows in self.rows.values():
            total += parts[:, rows].sum(axis=1)
        return np.where(found.lost == "", total, np.nan)

    def log_prior(self, vectors: Mapping[str, Floats]) -> Floats:
        """[vector] log density of the parameters that are estimated, on the linear scale."""
        count = max((len(each) for each in vectors.values()), default=1)
        total = np.zeros(count)
        for parameter in self.problem.estimated:
            value = vectors[parameter.name]
            if parameter.prior is not None:
                with np.errstate(divide="ignore"):
                    total += np.log(np.asarray(parameter.prior.pdf(value), dtype=float))
                continue
            width = parameter.upper - parameter.lower
            inside = (value >= parameter.lower) & (value <= parameter.upper)
            total += np.where(inside, -math.log(width) if 0 < width < math.inf else 0.0, -math.inf)
        return total


SCALED: dict[str, Callable[[Floats], Floats]] = {LIN: np.asarray, LOG: np.log, LOG10: np.log10}


def _at(trace: Trace, output: str, measurement: PetabMeasurement) -> Floats:
    """[vector] of an output when something was measured."""
    column = int(np.flatnonzero(trace.time == measurement.time)[0])
    return trace.values[output][:, column]
