"""The tables of a PEtab problem of version 2 -> a PetabProblem."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

from resprout.errors import Fault, ModelError
from resprout.exchange.petab_model import petab_model
from resprout.exchange.petab_reading import LIMITS, libpetab_listening, petab_faults
from resprout.exchange.petab_records import (
    LIN,
    LOG,
    LOG10,
    PetabExperiment,
    PetabMeasurement,
    PetabObservable,
    PetabParameter,
    PetabPeriod,
    PetabProblem,
)
from resprout.exchange.population_reading import population_model
from resprout.exchange.population_tables import PopulationTables

WHOLE = "whole_model"
"""The experiment of measurements that name none: the model as it is, from time 0."""
DECADES = 100.0
"""Positive bounds this far apart are searched on the logarithmic scale; version 2 leaves the scale to the tool."""


def read_version2(path: Path, tables: PopulationTables | None = None) -> PetabProblem:
    """Read and check a problem of version 2.

    path    of its YAML file          tables   of the extension `population`; None where it is not used
    raises  ModelError with everything that libpetab finds, or that does not fit the extension
    """
    from petab.v2 import Problem, load_yaml
    from petab.v2.lint import ValidationIssueSeverity

    with libpetab_listening(path.name) as told:
        location = next(iter(load_yaml(path)["model_files"].values()))["location"]
        model = petab_model(path.parent / location)
        problem = Problem.from_yaml(path)
        issues = _issues(problem, tables)
    errors = [issue.message for issue in issues if issue.level > ValidationIssueSeverity.WARNING]
    known = {"", *(experiment.id for experiment in problem.experiments)}
    unknown = dict.fromkeys(m.experiment_id for m in problem.measurements if (m.experiment_id or "") not in known)
    errors += [f"Experiment `{name}` of the measurement table is not in the experiment table" for name in unknown]
    if errors or told.errors:
        raise ModelError(*petab_faults([*told.errors, *errors], path.name))
    _refuse_aliases(problem, path.name)
    measured = {measurement.experiment_id or "" for measurement in problem.measurements}
    experiments = [_experiment(problem, each) for each in problem.experiments if each.id in measured]
    if "" in measured:
        experiments.append(PetabExperiment(WHOLE, (PetabPeriod(0.0),)))
    found = PetabProblem(
        file=str(path),
        version=2,
        model=model,
        parameters=tuple(_parameter(each) for each in problem.parameters),
        observables=tuple(_observable(each) for each in problem.observables),
        experiments=tuple(experiments),
        measurements=tuple(_measurement(each) for each in problem.measurements),
        table=problem.measurement_df,
        notes=tuple(issue.message for issue in issues),
    )
    return found if tables is None else replace(found, population=population_model(tables, found))


def _issues(problem: Any, tables: PopulationTables | None) -> list[Any]:
    """What libpetab finds. Parameters that only the extension reads are unknown to it: their priors are checked by themselves."""
    from petab.v2 import ParameterTable
    from petab.v2.lint import CheckPriorDistribution, get_valid_parameters_for_parameter_table

    if tables is None:
        return list(problem.validate())
    allowed, kept = get_valid_parameters_for_parameter_table(problem), problem.parameter_tables
    own = [each for each in problem.parameters if each.id in tables.symbols and each.id not in allowed]
    priors = CheckPriorDistribution().run(problem) if own else None
    problem.parameter_tables = [ParameterTable([each for each in problem.parameters if each not in own])]
    extensions, problem.config.extensions = problem.config.extensions, {}
    issues = list(problem.validate())
    problem.parameter_tables, problem.config.extensions = kept, extensions
    known = {issue.message for issue in issues}
    return [*issues, *([priors] if priors is not None and priors.message not in known else [])]


def _refuse_aliases(problem: Any, name: str) -> None:
    expected = "Names of the model were expected."
    faults = [
        Fault(f"`{mapping.petab_id}` stands for `{mapping.model_id}` in the mapping table.", name, expected, LIMITS)
        for mapping in problem.mappings
        if mapping.model_id and mapping.model_id != mapping.petab_id
    ]
    if faults:
        raise ModelError(*faults)


def _experiment(problem: Any, experiment: Any) -> PetabExperiment:
    periods = []
    for period in experiment.sorted_periods:
        changes = problem.get_changes_for_period(period)
        periods.append(PetabPeriod(float(period.time), tuple((c.target_id, c.target_value) for c in changes)))
    if len(periods) == 1 and math.isinf(periods[0].time):
        periods.append(PetabPeriod(0.0))
    return PetabExperiment(experiment.id, tuple(periods) or (PetabPeriod(0.0),))


def _parameter(row: Any) -> PetabParameter:
    nan, inf = float("nan"), float("inf")
    lower, upper = -inf if row.lb is None else float(row.lb), inf if row.ub is None else float(row.ub)
    value = nan if row.nominal_value is None else float(row.nominal_value)
    prior = row.prior_dist if row.estimate else None
    wide = lower > 0 and DECADES * lower <= upper < inf
    return PetabParameter(row.id, value, lower, upper, bool(row.estimate), LOG10 if wide else LIN, prior, prior)


def _observable(row: Any) -> PetabObservable:
    distribution = str(row.noise_distribution.value)
    placeholders = (*row.observable_placeholders, *row.noise_placeholders)
    return PetabObservable(
        row.id,
        row.formula,
        row.noise_formula,
        distribution.removeprefix("log-"),
        LOG if distribution.startswith("log-") else LIN,
        tuple(str(symbol) for symbol in placeholders),
    )


def _measurement(row: Any) -> PetabMeasurement:
    overrides = (*row.observable_parameters, *row.noise_parameters)
    return PetabMeasurement(
        row.observable_id, row.experiment_id or WHOLE, float(row.time), float(row.measurement), overrides
    )
