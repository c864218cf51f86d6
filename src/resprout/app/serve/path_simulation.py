"""One patient's trajectory: a checked state in, every output of the six panels over time out, in a few milliseconds."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resprout.app.serve.form_fields import fields_of
from resprout.app.serve.form_state import State, read_regimen, read_state
from resprout.calibrate.hypotheses import read_hypotheses
from resprout.dosing.dose_events import prepare_doses, regimen_events
from resprout.dosing.dose_records import drug_words
from resprout.dosing.regimen import Regimen, parse_regimen
from resprout.errors import Fault, InputError, SolveError
from resprout.figures.stage_panels import PATH_OUTPUTS
from resprout.language import load_model
from resprout.language.drug_instances import library_drugs, with_drugs
from resprout.language.rating_scales import keep_within
from resprout.language.records import Model
from resprout.people.typical import MEDIAN_STRESS, MEDIAN_UPTAKE, typical_patient
from resprout.simulation.observation_times import output_hours
from resprout.solve import Events, Trajectories, run_patients

Numbers = NDArray[np.float64]
Person = tuple[float, float, float, str, str]
Pairs = tuple[tuple[str, float], ...]
FURTHER_OUTPUTS = ("VAS_high", "MADRS", "SBP", "glutamine_cycling", "ambient_glutamate")
ENTRANCES = ("iv bolus", "iv over 1 h", "im", "oral", "sublingual")
_building = threading.Lock()
_warm: set[int] = set()  # numbers of drugs beside ketamine for which the kernels have been built


@dataclass(frozen=True)
class Trajectory:
    """What happens to one patient.

    time_h    [time]  h   hours after the first dose
    value     by output: [time], in the unit of the output
    regimen   as the command line takes it
    drugs     given beside the ketamine family
    ketamine  as `Regimen.ketamine`
    dose_h    h   when each dose begins
    """

    time_h: Numbers
    value: dict[str, Numbers]
    regimen: str
    drugs: tuple[str, ...] = ()
    ketamine: str = ""
    dose_h: tuple[float, ...] = (0.0,)

    @property
    def drug_levels(self) -> dict[str, str]:
        """Output and label of the plasma level of each drug beside the ketamine family that reaches plasma."""
        labels = {f"{drug}_plasma": f"{drug_words(drug)}, plasma" for drug in self.drugs}
        return {name: label for name, label in labels.items() if self.value[name].max() > 0}


def trajectory_outputs(model: Model) -> list[str]:
    """Outputs that the page draws or speaks of: always the same, so that one kernel serves all with as many drugs."""
    wanted = (*PATH_OUTPUTS, *FURTHER_OUTPUTS, *(f"{drug}_plasma" for drug in model.drugs))
    return [name for name in dict.fromkeys(wanted) if name in model.equations]


def page_trajectory(state: State, model: Model) -> Trajectory:
    """Follow the patient of the page.

    raises   InputError for a regimen that cannot be read, SolveError if this patient has no solution
    """
    regimen, faults = read_regimen(state, model)
    if regimen is None:
        raise InputError(*(Fault(message, field=field) for field, message in faults.items()))
    return patient_trajectory(
        model,
        regimen,
        state.number["days"],
        pairs(blocks_of(state, model)),
        person_of(state),
        hypothesis_of(state, model),
    )


def person_of(state: State) -> Person:
    """Glial uptake, stress, weight (kg), rs6265 genotype and CYP2B6 of the page's patient."""
    number, text = state.number, state.text
    return number["glial"] / 100, number["stress"], number["weight"], text["genotype"], text["enzyme"]


def pairs(values: dict[str, float]) -> Pairs:
    """Values by name in a hashable form."""
    return tuple(sorted(values.items()))


def hypothesis_of(state: State, model: Model) -> Pairs:
    """The constants that the chosen hypothesis changes."""
    return rivals_of(model).get(state.text.get("hypothesis", ""), ())


@lru_cache(maxsize=8)
def rivals_of(model: Model) -> dict[str, Pairs]:
    """Changed constants of every hypothesis that the model has."""
    return {each.name: pairs(each.overrides) for each in read_hypotheses(model)}


def reference_trajectory(model: Model) -> Trajectory:
    """The published infusion in a typical patient, against which heights are shown."""
    regimen = parse_regimen("ketamine 0.5 mg/kg iv over 40 min")
    return patient_trajectory(model, regimen, 14.0, (), (MEDIAN_UPTAKE, MEDIAN_STRESS, 70.0, "Val/Val", "normal"))


@lru_cache(maxsize=512)
def patient_trajectory(
    model: Model,
    regimen: Regimen,
    days: float,
    blocks: Pairs,
    person: Person,
    changed: Pairs = (),
) -> Trajectory:
    """Solve one patient; `person` as in `person_of`, `changed` constants as a rival hypothesis has them."""
    model = with_drugs(model, regimen.drugs)
    constants: dict[str, Any] = {**person_constants(model, person), **dict(changed)}
    hours = output_hours(regimen.times_h, max(days * 24, regimen.times_h[-1] + 24))
    solved = solve_people(model, regimen, hours, constants, blocks, changed)
    if solved.status[0] != 0:
        remedy = "Move the patient or a block nearer to where it was."
        raise SolveError(Fault("this patient cannot be solved.", "", solved.message(0), remedy))
    outputs = trajectory_outputs(model)
    keep_within(model.scales, outputs, solved.value)
    value = {name: solved.value[0, :, column] for column, name in enumerate(outputs)}
    return Trajectory(hours, value, regimen.text, regimen.drugs, regimen.ketamine, tuple(regimen.times_h))


def solve_people(  # many arguments: who, what is given and what is changed
    model: Model, regimen: Regimen, hours: Numbers, constants: Mapping[str, Any], blocks: Pairs, changed: Pairs
) -> Trajectories:
    """Solve one person or several under a regimen with the kernels that the page has built.

    model      with the drugs of the regimen      hours      [time]  h   when outputs are wanted
    constants  by name: [person]                  blocks     share by input      changed    value by constant
    """
    overrides, drugs = dict(changed), len(regimen.drugs)
    _, constants, doses = prepare_doses(model, regimen, dict(constants))
    events = silent_events(model)
    before_dose = np.array([[overrides.get(name, model.nominal.get(name, 0.0))] for name in events.name])
    events = Events(events.time_h, events.name, before_dose)
    if blocks:
        shares = np.array([[share] for _, share in blocks])
        events = events.joined(Events(np.zeros(len(blocks)), tuple(name for name, _ in blocks), shares))
    events = events.joined(doses)
    with contextlib.nullcontext() if drugs in _warm else _building:
        solved = run_patients(model, constants, events, hours, trajectory_outputs(model), threads=1)
    _warm.add(drugs)
    return solved


def person_constants(model: Model, person: Person) -> dict[str, Numbers]:
    """What makes this person: by constant, [1]. Only what slides is set anew."""
    glial_uptake, stress, weight_kg, genotype, enzyme = person
    sliding = {"glial_uptake": glial_uptake, "stress": stress, "body_weight": weight_kg}
    return {**born_constants(model, genotype, enzyme), **{name: np.array([value]) for name, value in sliding.items()}}


@lru_cache(maxsize=32)
def born_constants(model: Model, genotype: str, enzyme: str) -> dict[str, Numbers]:
    """What a person is born with: by constant, [1]."""
    return typical_patient(genotype=genotype, CYP2B6=enzyme, model=model).constants


@lru_cache(maxsize=8)
def silent_events(model: Model) -> Events:
    """Every input and entrance set to nothing at hour 0, so that any regimen and block moves the same names.

    model   with the drugs of the regimen
    """
    names = set(model.inputs)
    for entrance in ENTRANCES:
        names |= set(regimen_events(parse_regimen(f"ketamine 1 mg {entrance}"), model.nominal).name)
    names |= {f"{drug}_{place}" for drug in model.drugs for place in ("central", "depot")}
    ordered = tuple(sorted(names))
    return Events(np.zeros(len(ordered)), ordered, np.zeros((len(ordered), 1)))


def blocks_of(state: State, model: Model) -> dict[str, float]:
    """Blocks of the page by input: shares from 0 to 1, concentrations in units of their Kd."""
    steps = {name for name, field in fields_of(model).items() if field.group.startswith("block")}
    return {
        name: state.number[name] / (100.0 if model.constants[name].bounds == "share" else 1.0)
        for name in sorted(steps)
        if state.number[name] > 0
    }


def warm_up() -> None:
    """Build the kernels without and with one drug beside ketamine before anybody asks for them."""
    model = load_model()
    reference_trajectory(model)
    drugs = [drug for drug in library_drugs(model) if f"{drug}_central_volume" in model.constants]
    for drug in drugs[:1]:
        regimen = parse_regimen(f"{drug} 1 mg iv", drugs)
        patient_trajectory(model, regimen, 1.0, (), person_of(read_state({}, model)[0]))
