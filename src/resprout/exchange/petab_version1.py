"""The tables of a PEtab problem of version 1 -> a PetabProblem."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from resprout.errors import ModelError
from resprout.exchange.petab_model import petab_model
from resprout.exchange.petab_reading import libpetab_listening, petab_faults
from resprout.exchange.petab_records import (
    LIN,
    NORMAL,
    PetabExperiment,
    PetabMeasurement,
    PetabObservable,
    PetabParameter,
    PetabPeriod,
    PetabProblem,
)

_NUMBERED = re.compile(r"(observable|noise)Parameter(\d+)_")


def read_version1(path: Path) -> PetabProblem:
    """Read and check a problem of version 1.

    path    of its YAML file
    raises  ModelError with everything that libpetab finds
    """
    from petab.v1 import Problem
    from petab.v1.lint import lint_problem
    from petab.v1.yaml import load_yaml

    with libpetab_listening(path.name) as told:
        location = load_yaml(path)["problems"][0]["sbml_files"][0]
        model = petab_model(path.parent / location)
        problem = Problem.from_yaml(path)
        faulty = lint_problem(problem)
        if faulty or told.errors:
            raise ModelError(*petab_faults(told.errors or ["the problem is not sound"], path.name))
        parameters = [_parameter(row) for row in _rows(problem.parameter_df)]
        observables = [_observable(row) for row in _rows(problem.observable_df)]
        measured = [_measurement(row, observables) for row in _rows(problem.measurement_df)]
        experiments = dict(_experiments(problem))
    return PetabProblem(
        file=str(path),
        version=1,
        model=model,
        parameters=tuple(parameters),
        observables=tuple(observables),
        experiments=tuple(PetabExperiment(name, periods) for name, periods in experiments.items()),
        measurements=tuple(measured),
        table=problem.measurement_df,
        notes=tuple(told.warnings),
    )


def _rows(table: Any) -> Iterator[dict[str, Any]]:
    """The rows of a table, without empty cells."""
    named = table.reset_index() if table.index.name else table
    for row in named.to_dict("records"):
        yield {key: value for key, value in row.items() if not _empty(value)}


def _empty(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value)) or str(value).strip() in ("", "nan", "NaN")


def _parameter(row: dict[str, Any]) -> PetabParameter:
    from petab.v1.priors import Prior

    scale, estimated = str(row.get("parameterScale", LIN)), bool(int(row["estimate"]))
    lower, upper = float(row.get("lowerBound", -math.inf)), float(row.get("upperBound", math.inf))
    prior = start = None
    if estimated and "objectivePriorType" in row:
        prior = Prior.from_par_dict(row, type_="objective").distribution
    if estimated and "initializationPriorType" in row:
        start = Prior.from_par_dict(row, type_="initialization").distribution
    nominal = float(row.get("nominalValue", math.nan))
    return PetabParameter(str(row["parameterId"]), nominal, lower, upper, estimated, scale, prior, start or prior)


def _observable(row: dict[str, Any]) -> PetabObservable:
    from petab.v1.math import sympify_petab

    name = str(row["observableId"])
    formula, noise = sympify_petab(row["observableFormula"]), sympify_petab(row["noiseFormula"])
    placeholders = [
        symbol
        for kind, expression in (("observable", formula), ("noise", noise))
        for symbol in sorted(map(str, expression.free_symbols), key=_number_of)
        if symbol.startswith(f"{kind}Parameter") and symbol.endswith(f"_{name}")
    ]
    distribution, scale = row.get("noiseDistribution", NORMAL), row.get("observableTransformation", LIN)
    return PetabObservable(name, formula, noise, str(distribution), str(scale), tuple(dict.fromkeys(placeholders)))


def _number_of(symbol: str) -> int:
    found = _NUMBERED.match(symbol)
    return int(found[2]) if found else 0


def _measurement(row: dict[str, Any], observables: list[PetabObservable]) -> PetabMeasurement:
    from petab.v1 import split_parameter_replacement_list
    from petab.v1.math import sympify_petab

    name = str(row["observableId"])
    observable = next(each for each in observables if each.name == name)
    overrides = []
    for kind in ("observable", "noise"):
        given = split_parameter_replacement_list(row.get(f"{kind}Parameters"))
        numbers = [_number_of(each) for each in observable.placeholders if each.startswith(kind)]
        overrides += [sympify_petab(given[number - 1]) for number in numbers]
    conditions = (row.get("preequilibrationConditionId"), row["simulationConditionId"])
    return PetabMeasurement(name, _name(conditions), float(row["time"]), float(row["measurement"]), tuple(overrides))


def _name(conditions: tuple[str | None, str]) -> str:
    """The experiment of two conditions."""
    return "_then_".join(str(each) for each in conditions if each)


def _experiments(problem: Any) -> Iterator[tuple[str, tuple[PetabPeriod, ...]]]:
    changes = {str(row["conditionId"]): tuple(_changes(row)) for row in _rows(problem.condition_df)}
    for row in _rows(problem.measurement_df):
        before, condition = row.get("preequilibrationConditionId"), str(row["simulationConditionId"])
        periods = [PetabPeriod(-math.inf, changes[str(before)])] if before else []
        yield _name((before, condition)), (*periods, PetabPeriod(0.0, changes[condition]))


def _changes(row: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    from petab.v1.math import sympify_petab

    for name, value in row.items():
        if name not in ("conditionId", "conditionName"):
            yield name, sympify_petab(str(value))
