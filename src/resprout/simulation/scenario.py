"""A scenario: what is given, blocked and changed, and what is observed when; parsed and checked once, the same for every caller."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resprout.dosing.dose_events import check_routes, dosing_names
from resprout.dosing.dose_records import Regimen, drug_words, regimen_faults
from resprout.dosing.regimen import parse_regimen
from resprout.errors import Fault, InputError, nearest
from resprout.language.bounds import DAYS, SCHEDULE_H
from resprout.language.drug_instances import library_drugs, with_drugs
from resprout.language.given_values import mapping_of, number_of, numbers_of
from resprout.language.notebook_view import fact_sheet, few
from resprout.language.records import Constant, Model
from resprout.simulation.labelled_results import spelled
from resprout.simulation.observation_times import output_hours
from resprout.simulation.settings import Output

Numbers = NDArray[np.float64]
DEFAULT_OUTPUTS = {
    "dose": (
        "ketamine_venous",
        "ketamine_arterial",
        "norketamine_venous",
        "hydroxynorketamine_plasma",
        "ketamine_brain",
    ),
    "receptor": (
        "PV_NMDA_block",
        "SST_NMDA_block",
        "pyramidal_synaptic_NMDA_block",
        "pyramidal_extrasynaptic_NMDA_block",
    ),
    "circuit": (
        "pyramidal_rate",
        "PV_rate",
        "SST_rate",
        "glutamate_release",
        "ambient_glutamate",
        "AMPA_throughput",
        "extrasynaptic_signal",
    ),
    "surge": ("glutamine_cycling", "LVDCC_opening", "calcium", "BDNF_release", "BDNF_pool", "TrkB"),
    "signal": ("Akt", "ERK", "GSK3", "p_mTOR", "p_S6K", "p_4EBP1", "p_eEF2", "synaptic_protein"),
    "spine": ("labile_spines", "stable_spines", "spine_density", "fast_gain", "connectivity"),
    "score": ("severity", "HDRS17", "MADRS", "VAS_high", "BPRS_positive", "CADSS", "SBP", "DBP"),
}
GREATEST_BLOCK = 1e6
DRUG_TABLES = ("drugs.tsv", "targets.tsv", "drug_properties.tsv")


@dataclass(frozen=True)
class Scenario:
    """What is done to people and what is observed.

    regimen     doses of every drug
    hours       [time]   h   observation times
    outputs     names of model quantities
    blocks      share by input, from hour 0 on
    overrides   value by constant, the same for everybody or [patient]
    """

    regimen: Regimen
    hours: tuple[float, ...]
    outputs: tuple[str, ...]
    blocks: Mapping[str, float] = field(default_factory=dict)
    overrides: Mapping[str, Any] = field(default_factory=dict)

    def _repr_html_(self) -> str:
        """What a notebook shows: what is given, changed and observed."""
        told = {
            "regimen": self.regimen.text,
            "observed": few(self.outputs),
            "times": f"{len(self.hours):,}, to {self.hours[-1] / 24:g} d" if self.hours else "",
            "blocked": ", ".join(f"{name} by {share:g}" for name, share in self.blocks.items()),
            "set": spelled(self.overrides),
        }
        return fact_sheet("Scenario", told)


def read_scenario(
    model: Model,
    regimen: str | Regimen,
    days: float,
    output: Output | None = None,
    blocks: Mapping[str, float] | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> Scenario:
    """Check a scenario before anybody is recruited.

    regimen     for instance "ketamine 0.5 mg/kg iv over 40 min", or one that has been parsed
    days        d   how long to observe, from the first dose
    raises      InputError with every fault found
    """
    asked = output or Output()
    blocks, overrides = ((mapping_of(each) or {}) if each is not None else {} for each in (blocks, overrides))
    plan, faults = _plan(model, regimen)
    chain = model if plan is None else with_drugs(model, plan.drugs)
    chosen, more = _outputs(chain, asked)
    faults += more + _block_faults(model, blocks)
    faults += _override_faults(chain, plan, overrides) + _time_faults(days, asked)
    if faults or plan is None:
        raise InputError(*faults)
    hours = output_hours(plan.times_h, (number_of(days) or 0.0) * 24, asked.times_h)
    shares = {name: float(value) for name, value in blocks.items()}
    values = {name: _value(value) for name, value in overrides.items()}
    return Scenario(plan, tuple(hours.tolist()), tuple(chosen), shares, values)


def read_plan(model: Model, regimen: str | Regimen) -> Regimen:
    """A regimen read, with every route checked.

    raises   InputError with every fault
    """
    plan, faults = _plan(model, regimen)
    if faults or plan is None:
        raise InputError(*faults)
    return plan


def main_outputs(model: Model) -> list[str]:
    """The main outputs of every stage, as far as the model has them, and the plasma level of every drug added to it."""
    main = [name for names in DEFAULT_OUTPUTS.values() for name in names if name in model.equations]
    return [*(f"{drug}_plasma" for drug in model.drugs), *main]


def block_input(model: Model, name: str) -> str | None:
    """The input that a block's name means: itself, or with `_block` behind."""
    inputs = {known.lower(): known for known in model.inputs}
    return inputs.get(f"{name}_block".lower()) or inputs.get(name.lower())


def _plan(model: Model, regimen: str | Regimen) -> tuple[Regimen | None, list[Fault]]:
    """The regimen read, and what is wrong with it: words, drugs, routes without kinetics."""
    try:
        plan = regimen if isinstance(regimen, Regimen) else parse_regimen(regimen, library_drugs(model))
        faults = regimen_faults(plan)
        if not faults:
            check_routes(model, plan)
    except InputError as error:
        return None, list(error.faults)
    return (None if faults else plan), faults


def _outputs(model: Model, asked: Output) -> tuple[list[str], list[Fault]]:
    """The outputs asked for, once each, and a fault for each that the model has not."""
    if asked.names is None:
        return main_outputs(model), []
    known = [*model.equations, *model.constants]
    faults = [
        Fault(f"`{name}` is no output of the model.", "", "", nearest(str(name), known, "resprout describe"), "outputs")
        for name in asked.names
        if name not in model.equations and name not in model.constants
    ]
    if not asked.names:
        faults.append(Fault("no output is asked for.", "", "Expected at least one, for instance `HDRS17`."))
    return list(dict.fromkeys(asked.names)), faults


def _block_faults(model: Model, blocks: Mapping[str, float]) -> list[Fault]:
    """What is wrong with the blocks."""
    faults = []
    steps = [name.removesuffix("_block") for name in model.inputs if not name.endswith(("_infusion", "_input"))]
    for name, share in blocks.items():
        target = block_input(model, str(name))
        greatest = 1.0 if target is None or model.constants[target].bounds == "share" else GREATEST_BLOCK
        if target is None:
            faults.append(Fault(f"`{name}` cannot be blocked.", "", "", nearest(str(name), steps, "resprout describe")))
        elif not _is_finite(share) or not 0 <= share <= greatest:
            faults.append(Fault(f"the block of `{name}` is {share}.", "", f"Expected from 0 to {greatest:g}."))
    return faults


def _override_faults(model: Model, plan: Regimen | None, overrides: Mapping[str, float]) -> list[Fault]:
    """What is wrong with the changed constants: unknown, not finite, out of bounds, or read by nothing under this regimen.

    model   with the drugs of the regimen
    """
    faults = []
    read = {name for equation in model.equations.values() for name in equation.reads}
    read |= dosing_names(plan) if plan is not None else set()
    absent = set(library_drugs(model)) - set(model.drugs)
    for name, value in overrides.items():
        drug = next((drug for drug in absent if str(name).startswith(f"{drug}_")), "")
        if plan is not None and drug and name not in read:
            found = f"`{name}` is set, but this regimen gives no {drug_words(drug)}."
            remedy = "Add the drug to the regimen, or leave the setting out."
            faults.append(Fault(found, "", "Nothing would read it.", remedy, str(name)))
        elif name not in model.constants:
            if not drug:
                remedy = nearest(str(name), model.constants, "resprout describe")
                faults.append(Fault(f"`{name}` is no constant of the model.", "", "", remedy, str(name)))
        elif plan is not None and name not in read and model.constants[name].file in DRUG_TABLES:
            found = f"`{name}` is set, but nothing reads it under this regimen."
            faults.append(Fault(found, "", "Expected a constant of a drug and route that are given.", "", str(name)))
        elif (wrong := _wrong_value(model.constants[name], value)) is not None:
            faults.append(wrong)
        elif model.constants[name].role == "rating":
            found, remedy = f"`{name}` is a parameter of ratings, and nobody is rated here.", "Set it for a trial."
            faults.append(Fault(found, "", "Expected a constant of the model or of people.", remedy, str(name)))
    return faults


def _wrong_value(constant: Constant, value: Any) -> Fault | None:
    """What is wrong with the value of a constant, or with the first wrong one of a value for each patient."""
    numbers, single = numbers_of(value), number_of(value) is not None
    if not numbers:
        expected = "Expected a finite number, or one for each patient."
        return Fault(f"`{constant.name}` is set to {value}.", "", expected, "", constant.name)
    if not single and not constant.in_chain:
        found = f"`{constant.name}` acts while people are recruited, so that no patient can have a value of their own."
        return Fault(found, "", "Expected one number.", "", constant.name)
    for place, each in enumerate(numbers):
        if not math.isfinite(each) or not constant.allows(each):
            found = (
                f"`{constant.name}` is set to {value if single else each}{'' if single else f' for patient {place}'}."
            )
            expected = f"Expected {constant.allowed}." if math.isfinite(each) else "Expected a finite number."
            return Fault(found, "", expected, "", constant.name)
    return None


def _value(given: Any) -> float | Numbers:
    """One value for everybody, or one for each patient."""
    single = number_of(given)
    return np.array(numbers_of(given), dtype=float) if single is None else single


def _time_faults(days: float, asked: Output) -> list[Fault]:
    """What is wrong with the hours."""
    faults = DAYS.faults("`days`", days, field="days")
    hours = numbers_of(asked.times_h)
    if hours is None or not all(math.isfinite(hour) and hour >= 0 for hour in hours):
        found = "an output hour is negative or not finite."
        faults.append(Fault(found, "", "Expected hours from the first dose on.", field="times_h"))
    elif not SCHEDULE_H.allows(max(hours, default=0.0)):
        found = f"hour {max(hours):g} is asked for."
        faults.append(Fault(found, "", f"Expected hours {SCHEDULE_H.in_words}.", field="times_h"))
    return faults


def _is_finite(value: object) -> bool:
    number = number_of(value)
    return number is not None and math.isfinite(number)
