"""Doses -> events: a regimen and the people's constants in, boluses and piecewise-constant inputs in micromoles out."""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from resprout.dosing.dose_records import KETAMINES, Dose, Regimen, same_moment_h
from resprout.errors import Fault, InputError
from resprout.language.drug_instances import with_drugs
from resprout.language.records import Model
from resprout.solve import Events

Numbers = NDArray[np.float64]
ENANTIOMERS = {"S_ketamine": "S_share", "R_ketamine": "R_share"}
DEPOT_ABSORPTION = {
    "nasal": "nasal_absorption",
    "sublingual": "mucosal_absorption",
    "im": "muscle_absorption",
    "sc": "skin_absorption",
    "ip": "peritoneal_absorption",
}
DEPOT_REACHES = {"im": "muscle_bioavailability", "sc": "skin_bioavailability", "ip": "peritoneal_bioavailability"}
LABORATORY = ("ip", "local")  # routes for which a drug's level in the brain is given, not its kinetics
GUT_ABSORPTION = {
    "nasal": "spray_gut_absorption",
    "sublingual": "spray_gut_absorption",
    "oral": "tablet_gut_absorption",
}
SPRAY_MG = 28.0  # one device of esketamine
SPRAY_GAP_H = 5 / 60  # between devices


@dataclass(frozen=True)
class Bolus:
    """An amount that appears at once: state, hour, amount (umol, a number or [patient])."""

    state: str
    time_h: float
    amount: Numbers | float


@dataclass(frozen=True)
class Flow:
    """An amount that enters at a constant rate: input, first and last hour, whole amount (umol, a number or [patient])."""

    input: str
    start_h: float
    stop_h: float
    amount: Numbers | float


def check_routes(model: Model, regimen: Regimen) -> None:
    """Refuse a route for which the model has no kinetics of the drug.

    raises   InputError with every fault found
    """
    faults = []
    for drug in regimen.drugs:
        faults += _route_faults(model, drug, {dose.route for dose in regimen.doses if dose.drug == drug})
    if faults:
        raise InputError(*faults)


def route_constants(regimen: Regimen, constants: Mapping[str, Numbers | float]) -> dict[str, Numbers | float]:
    """Constants that the route of a drug decides: after a laboratory route its half-life in the brain is the measured one.

    constants   every constant of the model with the regimen's drugs, each a number or [patient]
    """
    found = {}
    for dose in regimen.doses:
        half_life = f"{dose.drug}_{dose.route}_half_life"
        if dose.route in LABORATORY and half_life in constants:
            found[f"{dose.drug}_brain_half_time"] = constants[half_life]
    return found


def prepare_doses(
    model: Model, regimen: Regimen, constants: Mapping[str, Numbers | float]
) -> tuple[Model, dict[str, Numbers | float], Events]:
    """What a regimen makes of a model and of somebody's constants: the one way from doses to the engine.

    model       the chain
    constants   by constant: a number or [patient], what differs from the model's values; it stands above what a route decides
    returns     the model with the regimen's drugs, the constants with those that routes decide, and the doses as events
    """
    chain = with_drugs(model, regimen.drugs)
    given = {**route_constants(regimen, {**chain.nominal, **constants}), **constants}
    return chain, given, regimen_events(regimen, {**chain.nominal, **given})


def dosing_names(regimen: Regimen) -> set[str]:
    """Names of the drugs' constants that doses by these routes read, beside those that equations read."""
    parts = {"oral": ("molar_mass", "gut_lag"), "ip": ("ip_brain_peak", "ip_half_life")}
    parts |= {"local": ("local_brain_peak", "local_half_life"), "inhaled": ("inhaled_saturation", "clearance")}
    found = {f"{dose.drug}_{part}" for dose in regimen.doses for part in parts.get(dose.route, ("molar_mass",))}
    return found | {f"{dose.drug}_{share}" for dose in regimen.doses for share in ENANTIOMERS.values()}


def _route_faults(model: Model, drug: str, routes: set[str]) -> list[Fault]:
    """What is wrong with the routes of one drug: kinetics that the model does not have, or two kinds at once."""
    known = {route for route in LABORATORY if f"{drug}_{route}_brain_peak" in model.constants}
    if f"{drug}_inhaled_saturation" in model.constants:
        known.add("inhaled")
    elif f"{drug}_central_volume" in model.constants:
        known |= {"iv", "im", "sc", "oral"}
    expected = f"Expected {', '.join(sorted(known))}."
    faults = [Fault(f"{drug} has no kinetics for the {route} route.", "", expected) for route in sorted(routes - known)]
    if not faults and len(routes) > 1 and routes & set(LABORATORY):
        faults.append(Fault(f"{drug} by {' and '.join(sorted(routes))} in one run.", "", "Expected one of them a run."))
    return faults


def regimen_events(regimen: Regimen, constants: Mapping[str, Numbers | float]) -> Events:
    """Turn a regimen into events.

    regimen     doses and their hours
    constants   every constant of the model with the regimen's drugs, each a number or [patient]
    returns     events in order of time; amounts in umol, rates in umol/h, absorption constants set at first use
    """
    given = [part for dose in regimen.doses for part in dose_parts(dose, constants)]
    boluses = [part for part in given if isinstance(part, Bolus)]
    flows = [part for part in given if isinstance(part, Flow)]
    changes = [*_absorption(regimen, constants), *_merged(boluses), *_levels(flows)]
    if not changes:
        return Events.none()
    changes.sort(key=lambda change: change[0])
    patients = max(np.size(value) for _, _, value in changes)
    value = np.stack([np.broadcast_to(value, (patients,)) for _, _, value in changes])
    return Events(np.array([change[0] for change in changes]), tuple(change[1] for change in changes), value)


def dose_parts(dose: Dose, constants: Mapping[str, Numbers | float]) -> Iterator[Bolus | Flow]:
    """Split a dose by enantiomer and time into what enters where.

    dose        with all its hours
    constants   every constant of the model with the dose's drug, each a number or [patient]
    returns     boluses into states and flows into inputs; amounts in umol
    """
    if dose.route in (*LABORATORY, "inhaled") and dose.drug not in KETAMINES:
        yield from _laboratory(dose, constants)
        return
    weight = constants["body_weight"] if dose.per_kg else 1.0
    amount = dose.amount_mg * weight / constants[f"{dose.drug}_molar_mass"] * 1000.0
    shares = {dose.drug: 1.0}
    if dose.drug in KETAMINES:
        shares = {drug: float(np.median(constants[f"{dose.drug}_{share}"])) for drug, share in ENANTIOMERS.items()}
    for molecule, share in shares.items():
        for time_h in dose.times_h if share > 0 else ():
            yield from _enter(dose, molecule, time_h, amount * share, constants)


def _laboratory(dose: Dose, constants: Mapping[str, Numbers | float]) -> Iterator[Bolus | Flow]:
    """Send a drug straight to its level in the brain (ip, local), or a gas into blood at the level of the air."""
    for time_h in dose.times_h:
        if dose.route == "inhaled":
            level = dose.amount_mg / 100 * constants[f"{dose.drug}_inhaled_saturation"]
            size = (constants["body_weight"] / constants["reference_weight"]) ** constants["clearance_weight_exponent"]
            amount = level * constants[f"{dose.drug}_clearance"] * size * dose.duration_h
            yield Flow(f"{dose.drug}_infusion", time_h, time_h + dose.duration_h, amount)
        else:
            level = dose.amount_mg * constants[f"{dose.drug}_{dose.route}_brain_peak"]
            lasting = _hours(constants, "peritoneal_duration")
            yield Flow(f"{dose.drug}_brain_input", time_h, time_h + lasting, level)


def _enter(
    dose: Dose, molecule: str, time_h: float, amount: Numbers | float, constants: Mapping[str, Numbers | float]
) -> Iterator[Bolus | Flow]:
    """Send one amount of one molecule along its route."""
    if dose.route == "iv" and dose.duration_h > 0:
        yield Flow(f"{molecule}_infusion", time_h, time_h + dose.duration_h, amount)
    elif dose.route == "iv":
        yield Bolus(f"{molecule}_central", time_h, amount)
    elif dose.route in DEPOT_REACHES:
        reaches = constants[DEPOT_REACHES[dose.route]]
        yield Bolus(f"{molecule}_depot", time_h, amount * (reaches if dose.drug in KETAMINES else 1.0))
    elif dose.route == "oral":
        lag = f"{molecule}_gut_lag"
        start = time_h + (_hours(constants, lag) if lag in constants else 0.0)
        released = dose.duration_h or _hours(constants, "tablet_dissolution_duration")
        yield Flow(f"{molecule}_gut_input", start, start + released, amount)
    elif dose.route == "sublingual":
        taken = constants["mucosal_share"]
        yield Flow(f"{molecule}_depot_input", time_h, time_h + _hours(constants, "mucosal_duration"), amount * taken)
        oral_until = time_h + _hours(constants, "spray_swallow_duration")
        yield Flow(f"{molecule}_gut_input", time_h, oral_until, amount * (1 - taken))
    else:
        yield from _sprays(dose, molecule, time_h, amount, constants)


def _sprays(
    dose: Dose, molecule: str, time_h: float, amount: Numbers | float, constants: Mapping[str, Numbers | float]
) -> Iterator[Bolus | Flow]:
    """Divide a nasal dose into equal sprays; a smaller share of the later ones is taken up in the nose."""
    sprays = max(1, math.ceil(round(dose.amount_mg / SPRAY_MG, 9))) if not dose.per_kg else 1
    mean_share = constants["nasal_share_first_spray"] * (1 + (sprays - 1) * constants["later_spray_factor"]) / sprays
    for spray in range(sprays):
        start = time_h + spray * SPRAY_GAP_H
        yield Bolus(f"{molecule}_depot", start, amount / sprays * mean_share)
        oral_until = start + _hours(constants, "spray_swallow_duration")
        yield Flow(f"{molecule}_gut_input", start, oral_until, amount / sprays * (1 - mean_share))


def _hours(constants: Mapping[str, Numbers | float], name: str) -> float:
    """A duration, the same for everybody: inputs of all patients must end at one hour."""
    return float(np.median(constants[name]))


def _absorption(
    regimen: Regimen, constants: Mapping[str, Numbers | float]
) -> Iterator[tuple[float, str, Numbers | float]]:
    """Set the absorption constants of ketamine's routes as each comes into use, each once at an hour."""
    found: dict[tuple[float, str], Numbers | float] = {}
    for dose in regimen.doses:
        if dose.drug in KETAMINES:
            for target, table in (("depot", DEPOT_ABSORPTION), ("gut", GUT_ABSORPTION)):
                if dose.route in table:
                    found[dose.times_h[0], f"ketamine_{target}_absorption"] = constants[table[dose.route]]
    yield from ((time_h, name, value) for (time_h, name), value in found.items())


def _merged(boluses: list[Bolus]) -> Iterator[tuple[float, str, Numbers | float]]:
    """Add up boluses into one state at one moment."""
    for state in dict.fromkeys(bolus.state for bolus in boluses):
        own = [bolus for bolus in boluses if bolus.state == state]
        moment_of = _moments(bolus.time_h for bolus in own)
        amounts: dict[float, Numbers | float] = {}
        for bolus in own:
            moment = moment_of[bolus.time_h]
            amounts[moment] = amounts[moment] + bolus.amount if moment in amounts else bolus.amount
        yield from ((moment, state, amounts[moment]) for moment in sorted(amounts))


def _levels(flows: list[Flow]) -> Iterator[tuple[float, str, Numbers | float]]:
    """Add up overlapping flows into the levels of one input, each summed anew, so that the last is exactly 0."""
    for name in dict.fromkeys(flow.input for flow in flows):
        own = [flow for flow in flows if flow.input == name]
        moment_of = _moments(time for flow in own for time in (flow.start_h, flow.stop_h))
        starting: dict[float, list[int]] = {}
        for number, flow in enumerate(own):
            if moment_of[flow.stop_h] <= moment_of[flow.start_h]:
                found = f"`{name}` at hour {flow.start_h:g} lasts too short a time to be told from none."
                raise InputError(Fault(found, "", "Expected a longer infusion or release.", "Or give it as a bolus."))
            starting.setdefault(moment_of[flow.start_h], []).append(number)
        running: list[int] = []
        for moment in sorted(set(moment_of.values())):
            running = [number for number in running if moment_of[own[number].stop_h] > moment]
            running = sorted([*running, *starting.get(moment, ())])
            rates = (own[number].amount / (own[number].stop_h - own[number].start_h) for number in running)
            yield moment, name, _total(rates)


def _total(amounts: Iterable[Numbers | float]) -> Numbers | float:
    """One after another: the built-in `sum` rounds floats otherwise from Python 3.12 on."""
    return functools.reduce(operator.add, amounts, 0.0)


def _moments(times: Iterable[float]) -> dict[float, float]:
    """The moment of each hour: the first of those that differ by rounding only."""
    moments: dict[float, float] = {}
    moment = -math.inf
    for time in sorted(set(times)):
        if time - moment > same_moment_h(time):
            moment = time
        moments[time] = moment
    return moments
