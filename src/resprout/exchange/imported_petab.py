"""People of an imported model and estimates of its constants -> a PEtab problem with the extension `population`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from resprout.errors import Fault, InputError
from resprout.exchange.imported_model_data import ModelPerson
from resprout.exchange.mixed_effects import ImportedPopulation
from resprout.exchange.petab_texts import HEADERS, Tables, problem_texts
from resprout.exchange.population_records import LOG_NORMAL, NORMAL_VALUES
from resprout.language.records import ImportedModel
from resprout.solve.initial_values import begin

FAR = 100.0
"""Bounds of an estimate lie this factor from it."""
LEAST_SPREAD, SPREAD_BOUNDS = 0.001, (0.0001, 3.0)


def imported_problem(model: ImportedModel, people: Sequence[ModelPerson], found: ImportedPopulation) -> dict[str, str]:
    """A PEtab problem whose nominal values are the estimates.

    model     the people are of          people   with doses and observations          found   estimates from them
    returns   text of every file by name; time in the unit of the model
    raises    InputError for a model whose initial values depend on what is estimated
    """
    tables: Tables = {name: [] for name in HEADERS}
    for row in found.population.to_dict("records"):
        name, value, sd = row["constant"], float(row["median"]), max(float(row["sd"]), LEAST_SPREAD)
        tables["parameters"].append((name, repr(value / FAR), repr(value * FAR), repr(value), "true"))
        tables["parameters"].append((f"omega_{name}", *map(repr, SPREAD_BOUNDS), repr(sd), "true"))
        tables["distributions"].append((name, LOG_NORMAL, f"omega_{name}", ""))
    error = float(found.residual_sd)
    tables["parameters"].append(("sigma", repr(error / FAR), repr(error * FAR), repr(error), "true"))
    for output in dict.fromkeys(output for who in people for output in who.outputs):
        tables["observables"].append((f"measured_{output}", output, "sigma", NORMAL_VALUES))
    initial = _initial(model, found)
    for number, who in enumerate(people, start=1):
        _add_person(tables, f"person_{number}", who, model, initial)
    return problem_texts(tables, model.original)


def _initial(model: ImportedModel, found: ImportedPopulation) -> dict[str, float]:
    """Initial values of the states, to which a dose at the beginning is added."""
    values = dict(zip(found.population["constant"], found.population["median"], strict=True))
    starts = [begin(model, {name: factor * value for name, value in values.items()}).start for factor in (1.0, 1.25)]
    for state, one, other in zip(model.states, *(start[0] for start in starts), strict=True):
        if one != other:
            told = f"the initial value of `{state.name}` depends on what is estimated."
            raise InputError(Fault(told, "", "Expected initial values that are the same for everybody."))
    return {state.name: float(value) for state, value in zip(model.states, starts[0][0], strict=True)}


def _add_person(
    tables: Tables, name: str, who: ModelPerson, model: ImportedModel, initial: Mapping[str, float]
) -> None:
    """The experiment of one person: constants of their own, doses at once, observations. Observations at the hour of a dose follow it."""
    unit = model.hours_per_unit
    periods: dict[float, dict[str, str]] = {0.0: {constant: repr(value) for constant, value in who.constants.items()}}
    for hour, state, amount in who.doses:
        changes = periods.setdefault(hour / unit, {})
        # the beginning of an experiment reads no states
        before = changes.get(state, repr(initial[state]) if hour == 0 else state)
        changes[state] = f"{before} + {amount!r}"
    for place, (time, changes) in enumerate(sorted(periods.items())):
        condition = f"{name}_{place}" if changes else ""
        tables["conditions"] += [(condition, target, value) for target, value in changes.items()]
        tables["experiments"].append((name, repr(time), condition))
    for hour, output, value in zip(who.time_h, who.outputs, who.values, strict=True):
        tables["measurements"].append((f"measured_{output}", name, repr(float(hour / unit)), repr(float(value))))
    tables["groups"].append((name, name, 1))
