"""Bands of the six panels: the state of the page in, the 90 % range of people with these settings at every hour out."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resprout.app.serve.form_state import State, read_regimen
from resprout.app.serve.path_panels import axis_values, lines_of, panel_range
from resprout.app.serve.path_simulation import (
    Pairs,
    Person,
    Trajectory,
    blocks_of,
    hypothesis_of,
    pairs,
    person_of,
    solve_people,
    trajectory_outputs,
)
from resprout.app.serve.plot_data import packed
from resprout.dosing.regimen import Regimen
from resprout.errors import Fault, InputError
from resprout.figures.stage_panels import PANELS
from resprout.language.drug_instances import with_drugs
from resprout.language.rating_scales import keep_within
from resprout.language.records import Model
from resprout.people import recruit
from resprout.people.covariates import CYP2B6_factor
from resprout.people.screening import CLEARANCE_OF_CYP2B6
from resprout.simulation.observation_times import output_hours

PEOPLE, SEED = 100, 1
LOWER, UPPER = 0.05, 0.95
Numbers = NDArray[np.float64]


def band_data(state: State, model: Model) -> list[dict[str, Any]]:
    """Bands as the page draws them, a panel a stage: range of the axis, and by line the lower and upper bound.

    raises   InputError for a regimen that cannot be read
    """
    regimen, faults = read_regimen(state, model)
    if regimen is None:
        raise InputError(*(Fault(message, field=field) for field, message in faults.items()))
    changed = hypothesis_of(state, model)
    value, hours = people_values(
        model, regimen, state.number["days"], pairs(blocks_of(state, model)), person_of(state), changed
    )
    found, chain = [], with_drugs(model, regimen.drugs)
    one = Trajectory(hours, {name: each[0] for name, each in value.items()}, regimen.text, regimen.drugs)
    for panel in PANELS:
        bounds = [
            np.quantile(axis_values(panel.stage, name, value[name], chain), [LOWER, UPPER], axis=0)
            for name in lines_of(panel, one)
        ]
        found.append(
            {
                "stage": panel.stage,
                "range": panel_range(panel, bounds),
                "bands": [{"lower": packed(low)["bdata"], "upper": packed(high)["bdata"]} for low, high in bounds],
            }
        )
    return found


@lru_cache(maxsize=64)
def people_values(  # many arguments: as `patient_trajectory`
    model: Model, regimen: Regimen, days: float, blocks: Pairs, person: Person, changed: Pairs
) -> tuple[dict[str, Numbers], Numbers]:
    """Outputs of people who share the settings of the page and differ in all else.

    returns   by output: [person, time], without the people who have no solution; and hours [time]
    raises    InputError if nobody has a solution
    """
    named = with_drugs(model, regimen.drugs)
    hours = output_hours(regimen.times_h, max(days * 24, regimen.times_h[-1] + 24))
    constants: dict[str, Any] = {**people_like(model, person), **dict(changed)}
    solved = solve_people(named, regimen, hours, constants, blocks, changed)
    outputs = trajectory_outputs(named)
    kept = solved.value[solved.status == 0]
    if not len(kept):
        raise InputError(Fault("nobody with these settings has a solution.", field="glial"))
    keep_within(named.scales, outputs, kept)
    return {name: kept[:, :, column] for column, name in enumerate(outputs)}, hours


def people_like(model: Model, person: Person) -> dict[str, Numbers]:
    """Constants of people with the uptake, stress, weight, genotype and enzyme of the page: by constant, [person]."""
    glial_uptake, stress, weight_kg, genotype, enzyme = person
    cohort = recruits(model).with_genotype(genotype, model)
    set_anew = {"glial_uptake": glial_uptake, "stress": stress, "body_weight": weight_kg}
    constants = cohort.constants | {name: np.full(len(cohort), value) for name, value in set_anew.items()}
    if CLEARANCE_OF_CYP2B6 in constants:
        own = CYP2B6_factor(cohort.covariates, model.nominal)
        wanted = CYP2B6_factor({"CYP2B6": np.full(len(cohort), enzyme)}, model.nominal)
        constants[CLEARANCE_OF_CYP2B6] = constants[CLEARANCE_OF_CYP2B6] * wanted / own
    return constants


@lru_cache(maxsize=4)
def recruits(model: Model) -> Any:
    """People with major depression, each at a posterior draw."""
    return recruit(PEOPLE, seed=SEED, model=model, uncertain=True)
