"""Random effects and covariates -> the parameters of individuals, by experiment, for many vectors of parameters at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from resprout.exchange.petab_formulas import formula_of
from resprout.exchange.population_nodes import population_nodes
from resprout.exchange.population_records import (
    BERNOULLI,
    LOG_COVARIATE,
    LOG_NORMAL,
    LOGIT_NORMAL,
    CovariateValue,
    Group,
    PopulationModel,
)
from resprout.language.records import ImportedModel

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Spreads:
    """How individuals differ at some vectors of parameters.

    middle    by parameter: [vector] of the typical individual, on the scale of its distribution
    spread    by parameter: [vector] on that scale
    mixing    [vector, effect, effect] lower Cholesky factor of the correlations
    slopes    by place in the covariate effects: [vector]
    lost      [vector] what is impossible; empty if nothing is
    """

    middle: Mapping[str, Floats]
    spread: Mapping[str, Floats]
    mixing: Floats
    slopes: tuple[Floats, ...]
    lost: NDArray[np.object_]


def spreads_of(population: PopulationModel, model: ImportedModel, vectors: Mapping[str, Floats], count: int) -> Spreads:
    """Evaluate what the extension says of the parameters.

    population   the extension            model   of the problem, whose constants are typical values where the table has none
    vectors      name -> [vector]         count   of vectors
    """
    lost = np.full(count, "", dtype=object)
    middle, spread = {}, {}
    for each in population.distributions:
        name = each.parameter
        typical = np.broadcast_to(vectors[name] if name in vectors else float(model.nominal[name]), count)
        with np.errstate(all="ignore"):
            middle[name] = _scaled(typical, each.kind)
        _note(
            lost, ~np.isfinite(middle[name]), f"the typical value of `{name}` lies outside its {each.kind} distribution"
        )
        spread[name] = np.array(np.broadcast_to(formula_of(each.spread)(vectors), count))
        _note(lost, ~(spread[name] >= 0), f"the spread of `{name}` is below 0")
    size = len(population.effects)
    table = np.broadcast_to(np.eye(size), (count, size, size)).copy()
    for row, column, expression in population.correlations:
        table[:, row, column] = table[:, column, row] = formula_of(expression)(vectors)
    mixing = np.broadcast_to(np.eye(size), table.shape).copy()
    for vector in range(count):
        try:
            mixing[vector] = np.linalg.cholesky(table[vector])
        except np.linalg.LinAlgError:
            _note(lost, np.arange(count) == vector, "the correlations contradict each other")
    slopes = tuple(
        np.array(np.broadcast_to(formula_of(each.coefficient)(vectors), count)) for each in population.covariate_effects
    )
    return Spreads(middle, spread, mixing, slopes, lost)


def _note(lost: NDArray[np.object_], where: NDArray[np.bool_], reason: str) -> None:
    lost[where & (lost == "")] = reason


def individual_values(
    population: PopulationModel, spreads: Spreads, effects: Floats, covariates: Mapping[str, Floats]
) -> dict[str, Floats]:
    """Parameters of individuals: by name [vector, individual].

    population   the extension               spreads      at some vectors
    effects      [vector, individual, effect]   1         independent standard normal numbers
    covariates   by name: [individual]
    """
    mixed = np.einsum("vij,vkj->vki", spreads.mixing, effects)
    found = {}
    for each in population.distributions:
        name, column = each.parameter, population.effects.index(each.effect)
        value = spreads.middle[name][:, None] + spreads.spread[name][:, None] * mixed[:, :, column]
        for slope, regression in zip(spreads.slopes, population.covariate_effects, strict=True):
            if regression.parameter == name:
                plain, reference = covariates[regression.covariate], regression.reference
                if regression.scale == LOG_COVARIATE:
                    plain, reference = np.log(plain), float(np.log(reference))
                value = value + slope[:, None] * (plain - reference)[None, :]
        found[name] = _unscaled(value, each.kind)
    return found


def _scaled(values: Floats, kind: str) -> Floats:
    if kind == LOG_NORMAL:
        return np.asarray(np.log(values))
    return np.asarray(np.log(values / (1 - values)) if kind == LOGIT_NORMAL else values)


def _unscaled(values: Floats, kind: str) -> Floats:
    if kind == LOG_NORMAL:
        return np.asarray(np.exp(values))
    return np.asarray(1 / (1 + np.exp(-values)) if kind == LOGIT_NORMAL else values)


@dataclass(frozen=True)
class GroupNodes:
    """Individuals who stand for a group.

    effects     [node, effect]   1   independent standard normal numbers
    covariates  by name: [node]      weight   [node]   sum to 1
    """

    effects: Floats
    covariates: Mapping[str, Floats]
    weight: Floats


def group_nodes(population: PopulationModel, group: Group) -> GroupNodes:
    """Random effects and covariates over which a group is averaged.

    population   the extension          group   one of its groups
    """
    read = {each.covariate for each in population.covariate_effects}
    own = {name: value for name, value in group.covariates.items() if name in read}
    continuous = [name for name, value in own.items() if value.varies and value.kind != BERNOULLI]
    size = len(population.effects)
    nodes = population_nodes(size + len(continuous))
    effects, weight = nodes.place[:, :size], nodes.weight
    covariates = {
        name: _covariate(
            value, nodes.place[:, size + continuous.index(name)] if name in continuous else np.zeros(len(weight))
        )
        for name, value in own.items()
    }
    for name, value in own.items():
        if value.kind == BERNOULLI and value.varies:
            effects = np.concatenate([effects, effects])
            covariates = {key: np.concatenate([each, each]) for key, each in covariates.items()}
            covariates[name] = np.repeat([0.0, 1.0], len(weight))
            weight = np.concatenate([(1 - value.value) * weight, value.value * weight])
    return GroupNodes(effects, covariates, weight)


def _covariate(value: CovariateValue, score: Floats) -> Floats:
    """Values of a covariate at standard normal scores."""
    if value.kind == LOG_NORMAL:
        return np.asarray(value.value * np.exp(value.spread * score))
    return np.asarray(value.value + value.spread * score)
