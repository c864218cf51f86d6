"""Rows of the PEtab extension `population` and the problem they belong to -> a PopulationModel, or everything that does not fit."""

from __future__ import annotations

from collections.abc import Iterator

from resprout.errors import Fault, ModelError, first_faults, nearest
from resprout.exchange.petab_records import LAPLACE, PetabProblem
from resprout.exchange.population_records import (
    LIN_COVARIATE,
    LOG_COVARIATE,
    LOG_NORMAL,
    LOGIT_NORMAL,
    MEAN,
    SD,
    SHARE_ABOVE,
    SHARE_BELOW,
    CovariateEffect,
    CovariateValue,
    Distribution,
    Group,
    PopulationModel,
    Summary,
)
from resprout.exchange.population_tables import EXPECTED_NUMBER, GUIDE, PopulationTables, expression_of


def population_model(tables: PopulationTables, problem: PetabProblem) -> PopulationModel:
    """The extension of a problem.

    tables    its rows, each right by itself        problem   read without the extension
    returns   the extension
    raises    ModelError with everything that does not fit the problem
    """
    faults = [
        *_parameter_faults(tables, problem),
        *_formula_faults(tables, problem),
        *_effect_faults(tables),
        *_group_faults(tables, problem),
        *_covariate_faults(tables),
        *_summary_faults(tables, problem),
        *_measurement_faults(tables, problem),
    ]
    if faults:
        raise ModelError(*first_faults(faults, problem.file))
    rows = tables.rows
    distributions = tuple(_distribution(each.cells) for each in rows["distribution_files"])
    effects = tuple(dict.fromkeys(each.effect for each in distributions))
    correlations = tuple(
        (
            effects.index(each.cells["effectId1"]),
            effects.index(each.cells["effectId2"]),
            expression_of(each.cells["correlation"]),
        )
        for each in rows["correlation_files"]
    )
    regressions = tuple(
        CovariateEffect(
            each.row.parameterId,
            each.row.covariateId,
            expression_of(each.row.coefficient),
            each.row.reference,
            each.row.transformation,
        )
        for each in rows["covariate_effect_files"]
    )
    summaries = {
        each.row.observableId: Summary(each.row.statistic, each.row.argument) for each in rows["summary_files"]
    }
    groups = tuple(_groups(tables, problem))
    return PopulationModel(distributions, effects, correlations, regressions, groups, summaries)


def _distribution(cells: dict[str, str]) -> Distribution:
    effect = cells["effectId"] or cells["parameterId"]
    return Distribution(cells["parameterId"], cells["distribution"], expression_of(cells["spread"]), effect)


def _groups(tables: PopulationTables, problem: PetabProblem) -> Iterator[Group]:
    summaries = {each.cells["observableId"] for each in tables.rows["summary_files"]}
    of_summaries = {each.experiment for each in problem.measurements if each.observable in summaries}
    sizes: dict[str, dict[str, int]] = {}
    for each in tables.rows["group_files"]:
        sizes.setdefault(each.row.groupId, {})[each.row.experimentId] = each.row.size
    for name, own in sizes.items():
        covariates = {
            each.row.covariateId: CovariateValue(each.row.value, each.row.spread, each.row.distribution)
            for each in tables.rows["covariate_files"]
            if each.row.groupId == name
        }
        yield Group(name, own, covariates, any(experiment in of_summaries for experiment in own))


def _parameter_faults(tables: PopulationTables, problem: PetabProblem) -> Iterator[Fault]:
    known, values = {*problem.nominal, *problem.model.constants}, {**problem.model.nominal, **problem.nominal}
    for each in tables.rows["distribution_files"]:
        name, kind = each.cells["parameterId"], each.cells["distribution"]
        if name not in known:
            expected = "Expected a parameter of the parameter table, or a constant of the model."
            yield Fault(f"`{name}` is no parameter.", each.where, expected, nearest(name, known))
            continue
        value = float(values[name])
        outside = (kind == LOG_NORMAL and value <= 0) or (kind == LOGIT_NORMAL and not 0 < value < 1)
        if outside:
            expected = "Expected a value above 0." if kind == LOG_NORMAL else "Expected a value between 0 and 1."
            yield Fault(f"`{name}` is {kind}, and its nominal value is {value:g}.", each.where, expected)


def _formula_faults(tables: PopulationTables, problem: PetabProblem) -> Iterator[Fault]:
    """Formulas that read something else than parameters which are the same for everybody."""
    own = {each.cells["parameterId"] for each in tables.rows["distribution_files"]}
    known = [name for name in problem.nominal if name not in own]
    columns = (
        ("spread", "distribution_files"),
        ("correlation", "correlation_files"),
        ("coefficient", "covariate_effect_files"),
    )
    for column, files in columns:
        for each in tables.rows[files]:
            for symbol in map(str, expression_of(each.cells[column]).free_symbols):
                if symbol not in known:
                    found = f"the {column} reads `{symbol}`."
                    told = "in which individuals differ" if symbol in own else "which is not in the parameter table"
                    yield Fault(f"{found[:-1]}, {told}.", each.where, EXPECTED_NUMBER, nearest(symbol, known))


def _effect_faults(tables: PopulationTables) -> Iterator[Fault]:
    effects = {each.cells["effectId"] or each.cells["parameterId"] for each in tables.rows["distribution_files"]}
    for each in tables.rows["correlation_files"]:
        for column in ("effectId1", "effectId2"):
            name = each.cells[column]
            if name not in effects:
                expected = "Expected one of the distribution table."
                yield Fault(f"`{name}` is no random effect.", each.where, expected, nearest(name, effects))
    own = {each.cells["parameterId"] for each in tables.rows["distribution_files"]}
    groups = dict.fromkeys(each.cells["groupId"] for each in tables.rows["group_files"])
    known = {(each.cells["groupId"], each.cells["covariateId"]) for each in tables.rows["covariate_files"]}
    for each in tables.rows["covariate_effect_files"]:
        name, covariate = each.cells["parameterId"], each.cells["covariateId"]
        if name not in own:
            expected = "Expected a parameter of the distribution table; its spread may be 0."
            yield Fault(f"`{name}` has no distribution.", each.where, expected, nearest(name, own))
        if missing := [group for group in groups if (group, covariate) not in known]:
            found = f"covariate `{covariate}` has no value in {len(missing)} groups, the first `{missing[0]}`."
            yield Fault(found, each.where, "Expected a row of the covariate table for each group.")


def _group_faults(tables: PopulationTables, problem: PetabProblem) -> Iterator[Fault]:
    known = {each.name for each in problem.experiments}
    for each in tables.rows["group_files"]:
        if (name := each.cells["experimentId"]) not in known:
            found = f"`{name}` is no experiment with measurements."
            yield Fault(found, each.where, "", nearest(name, known) or "Measure something, or take the row out.")
    groups = {each.cells["groupId"] for each in tables.rows["group_files"]}
    for each in tables.rows["covariate_files"]:
        if (name := each.cells["groupId"]) not in groups:
            yield Fault(f"`{name}` is no group.", each.where, "", nearest(name, groups))


def _covariate_faults(tables: PopulationTables) -> Iterator[Fault]:
    """Logarithms of covariates that may be 0 or less."""
    logs = {
        each.cells["covariateId"]
        for each in tables.rows["covariate_effect_files"]
        if each.cells["transformation"] == LOG_COVARIATE
    }
    for each in tables.rows["covariate_files"]:
        if each.cells["covariateId"] in logs and each.row.distribution != LOG_NORMAL:
            value = CovariateValue(each.row.value, each.row.spread, each.row.distribution)
            if value.value <= 0 or value.varies:
                found = f"the logarithm of `{each.cells['covariateId']}` is read, and it may be 0 or less."
                yield Fault(found, each.where, f"Expected log-normal values, or `{LIN_COVARIATE}` as transformation.")


def _summary_faults(tables: PopulationTables, problem: PetabProblem) -> Iterator[Fault]:
    observables = {each.name: each for each in problem.observables}
    for each in tables.rows["summary_files"]:
        name, statistic = each.cells["observableId"], each.cells["statistic"]
        if name not in observables:
            yield Fault(f"`{name}` is no observable.", each.where, "", nearest(name, observables))
        elif statistic in (MEAN, SD) and observables[name].distribution == LAPLACE:
            found = f"the {statistic} of `{name}`, whose noise has a Laplace distribution."
            yield Fault(found, each.where, "Expected normal or log-normal noise.", GUIDE)


def _measurement_faults(tables: PopulationTables, problem: PetabProblem) -> Iterator[Fault]:
    """Summaries outside groups and beyond their range, and values of one individual in groups of several."""
    statistics = {each.cells["observableId"]: each.cells["statistic"] for each in tables.rows["summary_files"]}
    groups = {each.cells["experimentId"]: each for each in tables.rows["group_files"]}
    varying = {
        each.cells["groupId"]: each
        for each in tables.rows["covariate_files"]
        if CovariateValue(each.row.value, each.row.spread, each.row.distribution).varies
    }
    kinds: dict[str, set[bool]] = {}
    told: set[tuple[str, str]] = set()
    for each in problem.measurements:
        statistic, group = statistics.get(each.observable), groups.get(each.experiment)
        spoken = f"`{each.observable}` in experiment `{each.experiment}`"
        if group is not None:
            kinds.setdefault(group.cells["groupId"], set()).add(statistic is not None)
        size = 0 if group is None else group.row.size
        found = expected = ""
        if statistic is not None and group is None:
            found, expected = (
                f"{spoken} is a summary, and the experiment has no group.",
                "Expected a row of the group table.",
            )
        elif statistic is None and size > 1:
            found, expected = f"{spoken} is no summary, and its group has {size} individuals.", "Expected a size of 1."
        elif statistic is None and group is not None and group.cells["groupId"] in varying:
            found, expected = (
                f"{spoken} is of one individual, whose covariates have a spread.",
                "Expected their values.",
            )
        elif statistic == SD and size < 2:
            found, expected = f"{spoken} is a standard deviation of one individual.", "Expected a size of 2 or more."
        elif statistic in (SHARE_ABOVE, SHARE_BELOW) and not 0 <= each.value <= 1:
            found, expected = f"{spoken} is a share of {each.value:g}.", "Expected 0 to 1."
        elif statistic == SD and each.value < 0:
            found, expected = f"{spoken} is a standard deviation of {each.value:g}.", "Expected 0 or more."
        if found and (found, spoken) not in told:
            told.add((found, spoken))
            yield Fault(found, problem.file, expected, GUIDE)
    for name, both in kinds.items():
        if len(both) > 1:
            found = f"group `{name}` has summaries and values of one individual."
            yield Fault(found, problem.file, "Expected one of them; name another group.", GUIDE)
