"""An imported model with people who differ: population and individual estimates of its constants from observations of several people.

The algorithm is that of Lindstrom and Bates (Biometrics 1990;46:673): the model is linearised at each person's own estimate, the linear
mixed model that results is fitted by maximum likelihood, and both are repeated until nothing changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import ndtri

from resprout.errors import Fault, InputError, SolveError, nearest
from resprout.exchange.imported_model_data import ModelPerson
from resprout.language.records import ImportedModel
from resprout.simulation.cohort_simulation import refuse_failures
from resprout.solve import Events, run_patients

if TYPE_CHECKING:
    import pandas as pd

Numbers = NDArray[np.float64]
STEP = 1e-4  # of a logarithm, for derivatives
MOST_ITERATIONS = 60
CONVERGED = 1e-6  # change of a logarithm
LOWEST_LOG_SD, LARGEST_MOVE = -12.0, 1.0
Z90 = float(ndtri(0.95))


@dataclass(frozen=True)
class ImportedPopulation:
    """Estimates of an imported model's constants.

    population   a row a constant: logarithm, its standard error, standard deviation between people, median
    people       a row a person and constant: median and 90 % limits of the posterior given the population
    residual_sd  in the unit of the outputs
    log_likelihood, iterations   of the linearised model at the end
    """

    population: pd.DataFrame
    people: pd.DataFrame
    residual_sd: float
    log_likelihood: float
    iterations: int


@dataclass(frozen=True)
class _Mixed:
    """A linear mixed model fitted by maximum likelihood: fixed effects with covariance, standard deviations, random effects by person."""

    fixed: Numbers
    covariance: Numbers
    sd: Numbers
    residual_sd: float
    random: Numbers
    spread: Numbers
    log_likelihood: float


def fit_imported_population(
    model: ImportedModel, people: Sequence[ModelPerson], constants: Sequence[str]
) -> ImportedPopulation:
    """Estimate constants of an imported model and how they differ between people, log-normally, each by itself.

    model       what `rs.import_model` gave; its values are the first estimates
    people      with doses and observations          constants   names of those that are estimated and differ
    returns     population and individual estimates; the residual error is the same for every observation
    raises      InputError for names and values that will not do, SolveError where the algorithm does not converge
    """
    _refuse(model, people, constants)
    fixed = np.log([model.constants[name].value for name in constants])
    random = np.zeros((len(people), len(constants)))
    start = np.concatenate([np.full(len(constants), np.log(0.3)), [0.0]])
    for iteration in range(1, MOST_ITERATIONS + 1):
        pairs = [_linearised(model, who, constants, fixed + own) for who, own in zip(people, random, strict=True)]
        jacobians = [jacobian for _, jacobian in pairs]
        working = [
            who.values - expected + jacobian @ (fixed + own)
            for who, own, (expected, jacobian) in zip(people, random, pairs, strict=True)
        ]
        if iteration == 1:
            first = np.concatenate([who.values - expected for who, (expected, _) in zip(people, pairs, strict=True)])
            start[-1] = np.log(max(float(first.std()), 1e-6))
        found, start = _mixed(working, jacobians, start)
        moved = np.clip(found.fixed + found.random - fixed - random, -LARGEST_MOVE, LARGEST_MOVE)
        whole = fixed + random + moved
        change = max(float(np.abs(found.fixed - fixed).max()), float(np.abs(moved).max()))
        fixed = np.clip(found.fixed, fixed - LARGEST_MOVE, fixed + LARGEST_MOVE)
        random = whole - fixed
        if change < CONVERGED:
            return _told(people, constants, found, iteration)
    expected_words = f"Expected a change below {CONVERGED:g} within {MOST_ITERATIONS} steps."
    remedy = "Begin with other values of the constants, or estimate fewer."
    raise SolveError(Fault(f"the estimates still change by {change:.2g}.", "", expected_words, remedy))


def _refuse(model: ImportedModel, people: Sequence[ModelPerson], constants: Sequence[str]) -> None:
    """Refuse constants that the model has not or that are not above 0, and people without observations."""
    faults = [
        Fault(f"`{name}` is no constant of the model.", "", "", nearest(name, model.constants))
        for name in constants
        if name not in model.constants
    ]
    faults += [
        Fault(
            f"`{name}` is {model.constants[name].value:g}.",
            "",
            "Expected a value above 0.",
            "Set it in the model file.",
        )
        for name in constants
        if name in model.constants and not model.constants[name].value > 0
    ]
    empty = [who.name for who in people if not len(who.values)]
    if empty or len(people) < 2 or not constants:
        found = f"{len(people)} people, of whom {len(empty)} have no observation, and {len(constants)} constants."
        faults.append(Fault(found, "", "Expected two people with observations and a constant.", "Check the table."))
    if faults:
        raise InputError(*faults)


def _linearised(
    model: ImportedModel, who: ModelPerson, constants: Sequence[str], logs: Numbers
) -> tuple[Numbers, Numbers]:
    """What is expected of a person's observations, and its derivatives by the logarithms of their constants."""
    many = len(constants)
    moved = np.vstack([logs, *(logs + sign * STEP * np.eye(many)[place] for place in range(many) for sign in (1, -1))])
    values = {name: np.exp(moved[:, place]) for place, name in enumerate(constants)}
    hours, at = np.unique(who.time_h, return_inverse=True)
    outputs = list(dict.fromkeys(who.outputs))
    doses = Events(
        np.array([time / model.hours_per_unit for time, _, _ in who.doses]),
        tuple(state for _, state, _ in who.doses),
        np.array([[amount] for _, _, amount in who.doses]).reshape(-1, 1),
    )
    run = run_patients(model, {**who.constants, **values}, doses, hours / model.hours_per_unit, outputs, tolerance=1e-8)
    refuse_failures(run.status, 0.0, spared=0, reasons=run.reasons)
    column = np.array([outputs.index(name) for name in who.outputs])
    seen = run.value[:, at, column]
    jacobian = np.stack([(seen[1 + 2 * place] - seen[2 + 2 * place]) / (2 * STEP) for place in range(many)], axis=1)
    return seen[0], jacobian


def _mixed(working: Sequence[Numbers], designs: Sequence[Numbers], start: Numbers) -> tuple[_Mixed, Numbers]:
    """Fit the linearised model: the same design for fixed and random effects, independent random effects."""

    def solved(point: Numbers) -> _Mixed:
        sd, residual = np.exp(point[:-1]), float(np.exp(point[-1]))
        parts = [np.linalg.inv(design * sd**2 @ design.T + residual**2 * np.eye(len(design))) for design in designs]
        information = sum(design.T @ inverse @ design for design, inverse in zip(designs, parts, strict=True))
        covariance = np.linalg.inv(np.asarray(information))
        right = sum(d.T @ inverse @ y for d, inverse, y in zip(designs, parts, working, strict=True))
        fixed = covariance @ np.asarray(right)
        left = [y - design @ fixed for y, design in zip(working, designs, strict=True)]
        random = np.stack([sd**2 * (d.T @ inverse @ r) for d, inverse, r in zip(designs, parts, left, strict=True)])
        spread = np.stack([
            np.diag(np.diag(sd**2) - sd[:, None] ** 2 * (d.T @ inverse @ d) * sd[None, :] ** 2)
            for d, inverse in zip(designs, parts, strict=True)
        ])  # fmt: skip
        size = sum(len(y) for y in working)
        told = sum(-np.linalg.slogdet(inverse)[1] + r @ inverse @ r for inverse, r in zip(parts, left, strict=True))
        likelihood = -0.5 * (float(told) + size * float(np.log(2 * np.pi)))
        return _Mixed(fixed, covariance, sd, residual, random, spread, likelihood)

    limits = [(LOWEST_LOG_SD, 3.0)] * (len(start) - 1) + [(LOWEST_LOG_SD, 20.0)]
    best = minimize(lambda point: -solved(point).log_likelihood, start, method="L-BFGS-B", bounds=limits,
                    options={"ftol": 1e-14, "gtol": 1e-8})  # fmt: skip
    return solved(best.x), np.asarray(best.x)


def _told(
    people: Sequence[ModelPerson], constants: Sequence[str], found: _Mixed, iterations: int
) -> ImportedPopulation:
    """The estimates as tables."""
    import pandas as pd

    errors = np.sqrt(np.diag(found.covariance))
    rows = zip(constants, found.fixed, errors, found.sd, np.exp(found.fixed), strict=True)
    population = pd.DataFrame(list(rows), columns=["constant", "logarithm", "standard_error", "sd", "median"])
    own = []
    for who, random, spread in zip(people, found.random, found.spread, strict=True):
        middle, half = found.fixed + random, Z90 * np.sqrt(np.maximum(spread, 0.0))
        limits = (np.exp(middle), np.exp(middle - half), np.exp(middle + half))
        own += [(who.name, name, *(float(each[place]) for each in limits)) for place, name in enumerate(constants)]
    table = pd.DataFrame(own, columns=["patient", "constant", "median", "lower", "upper"])
    return ImportedPopulation(population, table, found.residual_sd, found.log_likelihood, iterations)
