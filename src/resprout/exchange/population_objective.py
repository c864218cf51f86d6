"""The objective of a PEtab problem with the extension `population`: groups by their summaries, individuals by their marginal likelihood."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from resprout.exchange.individual_likelihood import IndividualLikelihood
from resprout.exchange.petab_objective import Objective, Predicted
from resprout.exchange.petab_periods import lanes_of
from resprout.exchange.petab_records import PetabMeasurement, PetabProblem
from resprout.exchange.population_records import Group
from resprout.exchange.population_summaries import Individuals, summary_fit
from resprout.exchange.population_values import GroupNodes, Spreads, group_nodes, individual_values, spreads_of

Floats = NDArray[np.float64]
MOST_NUMBERS = 2_000_000
"""Individuals times vectors times states that are followed at once: some hundred MB with their times."""
SPARED = 1e-6
"""Share of individuals, the most extreme ones of a grid, whose simulation may fail without the vector counting as lost."""


@dataclass(frozen=True)
class PopulationPrediction(Predicted):
    """Measurements as the model predicts them, and how likely they are.

    log_likelihood   [vector]                residual   [vector, measurement]   standard normal scores
    """

    log_likelihood: Floats
    residual: Floats


@dataclass(frozen=True)
class _Part:
    """Groups whose individuals have the same weights, or experiments of the typical individual.

    rows    of the measurements         nodes   by group
    """

    objective: Objective
    rows: Sequence[int]
    groups: Sequence[Group]
    nodes: Mapping[str, GroupNodes]


class PopulationObjective:
    """What a PEtab problem of a population minimises.

    problem   it was made of
    """

    def __init__(self, problem: PetabProblem) -> None:
        """Sort measurements by what they are of."""
        assert problem.population is not None
        self.problem, self.population = problem, problem.population
        self.plain = Objective(problem)
        self.group_of = {name: group for group in self.population.groups for name in group.sizes}
        rows: dict[str, list[int]] = {}
        for row, measurement in enumerate(problem.measurements):
            group = self.group_of.get(measurement.experiment)
            kind = "typical" if group is None else "summaries" if group.summaries else "individuals"
            rows.setdefault(kind, []).append(row)
        self.typical = self._part(rows["typical"], ()) if "typical" in rows else None
        self.parts = self._summary_parts(rows.get("summaries", []))
        self.individuals = None
        if "individuals" in rows:
            own = [group for group in self.population.groups if not group.summaries]
            part = self._part(rows["individuals"], own)
            self.individual_rows = part.rows
            self.individuals = IndividualLikelihood(part.objective, self.population, own)

    def _part(self, rows: Sequence[int], groups: Sequence[Group]) -> _Part:
        """The same problem with some of its measurements."""
        measurements = tuple(self.problem.measurements[row] for row in rows)
        named = {each.experiment for each in measurements}
        experiments = tuple(each for each in self.problem.experiments if each.name in named)
        own = replace(self.problem, measurements=measurements, experiments=experiments, population=None)
        nodes = {group.name: group_nodes(self.population, group) for group in groups if group.summaries}
        return _Part(Objective(own), rows, groups, nodes)

    def _summary_parts(self, rows: Sequence[int]) -> list[_Part]:
        """Parts by how many individuals stand for a group, each to be run side by side."""
        sizes: dict[int, list[Group]] = {}
        for group in self.population.groups:
            if group.summaries:
                sizes.setdefault(len(group_nodes(self.population, group).weight), []).append(group)
        found = []
        for groups in sizes.values():
            names = {name for group in groups for name in group.sizes}
            found.append(self._part([r for r in rows if self.problem.measurements[r].experiment in names], groups))
        return found

    def vectors(self, values: Mapping[str, ArrayLike]) -> dict[str, Floats]:
        """[vector] of every parameter; as `Objective.vectors`."""
        return self.plain.vectors(values)

    def log_prior(self, vectors: Mapping[str, Floats]) -> Floats:
        """[vector] as `Objective.log_prior`."""
        return self.plain.log_prior(vectors)

    def log_likelihood(self, found: Predicted) -> Floats:
        """[vector] not a number where a vector could not be simulated."""
        assert isinstance(found, PopulationPrediction)
        return np.where(found.lost == "", found.log_likelihood, np.nan)

    def residuals(self, found: Predicted) -> Floats:
        """[vector, measurement] standard normal scores."""
        assert isinstance(found, PopulationPrediction)
        return found.residual

    def predict(
        self, vectors: Mapping[str, Floats], *, checked: bool = False, threads: int | None = None
    ) -> PopulationPrediction:
        """Simulate every measurement, and compare it.

        vectors   name -> [vector] of every parameter
        checked   whether runs are checked with shorter steps, and expected quantiles are looked for
        threads   None for all cores
        """
        count = lanes_of(vectors, {})
        spreads = spreads_of(self.population, self.problem.model, vectors, count)
        shape = (count, len(self.problem.measurements))
        found = PopulationPrediction(
            np.full(shape, np.nan), np.full(shape, np.nan), spreads.lost.copy(), np.zeros(count), np.full(shape, np.nan)
        )
        if self.typical is not None:
            self._add_typical(found, self.typical, vectors, checked=checked, threads=threads)
        for part in self.parts:
            many = max(len(each.weight) for each in part.nodes.values()) * len(part.objective.problem.experiments)
            step = max(1, MOST_NUMBERS // (many * max(1, len(self.problem.model.states))))
            for first in range(0, count, step):
                some = slice(first, min(first + step, count))
                self._add_groups(found, part, vectors, spreads, some, checked=checked, threads=threads)
        if self.individuals is not None:
            simulation, noise, likelihood, residual, lost = self.individuals.compare(vectors, spreads, threads=threads)
            rows = list(self.individual_rows)
            found.simulation[:, rows], found.noise[:, rows], found.residual[:, rows] = simulation, noise, residual
            found.log_likelihood[:] += likelihood
            _lose(found.lost, lost)
        return found

    def _add_typical(
        self,
        found: PopulationPrediction,
        part: _Part,
        vectors: Mapping[str, Floats],
        *,
        checked: bool,
        threads: int | None,
    ) -> None:
        """Add measurements of the typical individual."""
        own = part.objective.predict(vectors, checked=checked, threads=threads)
        rows = list(part.rows)
        found.simulation[:, rows], found.noise[:, rows] = own.simulation, own.noise
        found.residual[:, rows] = part.objective.residuals(own)
        found.log_likelihood[:] += part.objective.log_likelihood(own)
        _lose(found.lost, own.lost)

    def _add_groups(  # many arguments: what individuals of some vectors are made of
        self,
        found: PopulationPrediction,
        part: _Part,
        vectors: Mapping[str, Floats],
        spreads: Spreads,
        some: slice,
        *,
        checked: bool,
        threads: int | None,
    ) -> None:
        """Add summaries of some vectors."""
        count, few = some.stop - some.start, _of(spreads, some)
        many = max(len(each.weight) for each in part.nodes.values())
        own: dict[str, dict[str, Floats]] = {}
        for group in part.groups:
            nodes = part.nodes[group.name]
            effects = np.broadcast_to(nodes.effects, (count, *nodes.effects.shape))
            values = individual_values(self.population, few, effects, nodes.covariates)
            own |= {experiment: {name: each.ravel() for name, each in values.items()} for experiment in group.sizes}
        lanes = {name: np.repeat(values[some], many) for name, values in vectors.items()}
        seen = part.objective.predict(lanes, checked=checked, threads=threads, own=own)
        for place, row in enumerate(part.rows):
            measurement = self.problem.measurements[row]
            group = self.group_of[measurement.experiment]
            shape = (count, many)
            value, noise = seen.simulation[:, place].reshape(shape), seen.noise[:, place].reshape(shape)
            people, lost = self._individuals(value, noise, part.nodes[group.name].weight, measurement)
            size = group.sizes[measurement.experiment]
            summary = self.population.summaries[measurement.observable]
            fit = summary_fit(summary, people, size, measurement.value, told=checked)
            found.simulation[some, row], found.residual[some, row] = fit.expected, fit.residual
            found.log_likelihood[some] += fit.log_likelihood
            reasons = seen.lost.reshape(shape)
            told = [next((str(reason) for reason in line if reason), "") for line in reasons]
            _lose(found.lost[some], np.where(lost, np.array(told, dtype=object), ""))

    def _individuals(
        self, value: Floats, noise: Floats, weight: Floats, measurement: PetabMeasurement
    ) -> tuple[Individuals, NDArray[np.bool_]]:
        """Individuals of one measurement, without those at the ends of a grid that cannot be simulated; and the vectors that are lost."""
        broken = ~(np.isfinite(value) & (noise > 0))
        missing = broken @ weight
        if broken.any():
            middle = int(np.argmax(weight))
            # the most likely individual stands in for them; the vector is lost if they are more than spared
            value, noise = np.where(broken, value[:, [middle]], value), np.where(broken, noise[:, [middle]], noise)
        observable = self.plain.observables[measurement.observable]
        return Individuals(value, noise, weight, observable), missing > SPARED


def _of(spreads: Spreads, some: slice) -> Spreads:
    return Spreads(
        {name: each[some] for name, each in spreads.middle.items()},
        {name: each[some] for name, each in spreads.spread.items()},
        spreads.mixing[some],
        tuple(each[some] for each in spreads.slopes),
        spreads.lost[some],
    )


def _lose(lost: NDArray[np.object_], told: NDArray[np.object_]) -> None:
    """Note why vectors are lost, the first reason of each."""
    place = (lost == "") & (told != "")
    lost[place] = told[place]


def objective_of(problem: PetabProblem) -> Objective | PopulationObjective:
    """What a PEtab problem minimises, with or without the extension."""
    return Objective(problem) if problem.population is None else PopulationObjective(problem)
