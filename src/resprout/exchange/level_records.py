"""Observed people as the event records of NONMEM: amounts that enter compartments, levels and ratings, resets, covariates."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import yaml

from resprout.dosing.dose_events import DEPOT_ABSORPTION, GUT_ABSORPTION, Bolus, Flow, dose_parts
from resprout.dosing.dose_records import KETAMINES, Dose, drug_words
from resprout.errors import Fault, InputError
from resprout.exchange.level_model import WEIGHT, LevelModel, level_model
from resprout.language.csv_cells import write_csv
from resprout.language.drug_instances import with_drugs
from resprout.language.records import Model
from resprout.patients.dataset import LEVEL, Dataset, Occasion, Person
from resprout.people.covariates import CYP2B6_GROUPS, CYP2B6_factor, liver_flow_factor
from resprout.people.screening import CLEARANCE_OF_CYP2B6, LIVER_FLOW

COLUMNS = (
    *("ID", "TIME", "AMT", "RATE", "EVID", "CMT", "DV", "MDV", "DVID", "LLOQ", "BLQ"),
    *("WT", "AGE", "SEX", "CYP2B6", "FHEP", "FDEM"),
)
FIRST_RATING = 11  # number of the first endpoint that the level model does not have
CARRIED = {"weight", "age", "sex", "CYP2B6"}
SEXES = {"female": 1, "male": 0}
FACTORS = {LIVER_FLOW: "FHEP", CLEARANCE_OF_CYP2B6: "FDEM"}
"""By constant: the column by which a person's value is multiplied."""
Row = dict[str, Any]


@dataclass(frozen=True)
class LevelRecords:
    """A table for programs of population analysis.

    rows         by column; what is missing is absent       model        formulas of the levels
    endpoints    by number in DVID: level or rating         compartments names of the states, from number 1 on
    drug         that is given                              left_out     what the table or the formulas do not carry
    drugs, routes  by compartment: what a dose into it is, for reading the table back; empty where that is more than iv doses
    patients     as the table names them, from ID 1 on
    """

    rows: Sequence[Row]
    model: LevelModel
    endpoints: Mapping[int, str]
    compartments: tuple[str, ...]
    drug: str
    left_out: tuple[str, ...]
    drugs: Mapping[int, str]
    routes: Mapping[int, str]
    patients: tuple[str, ...]


def level_records(data: Dataset, model: Model, drug: str | None = None) -> LevelRecords:
    """The event records of observed people, and the formulas of the levels of one drug.

    data      checked tables          model   the shipped chain, or that of a named population
    drug      whose levels are modelled; None for the only one, or that with most levels
    returns   records in order
    raises    InputError for a drug that nobody was given or that has no plasma levels
    """
    chosen = _drug(data, drug)
    chain = with_drugs(model, () if chosen in KETAMINES else (chosen,))
    family = KETAMINES if chosen in KETAMINES else (chosen,)
    outputs, others = _endpoints(data, chain, chosen)
    left = [f"doses of {drug_words(name)}" for name in _given(data) if name not in family]
    left += ["placebo"] * any(each.placebo_h for who in data.people for each in who.occasions)
    mg_per_umol = chain.nominal[f"{chosen}_molar_mass"] / 1000
    parts = {
        (place, number): list(_entering(each, who, chain, family))
        for place, who in enumerate(data.people)
        for number, each in enumerate(who.occasions)
    }
    dosed = {part.state for own in parts.values() for part in own}
    found = level_model(chain, outputs, dosed, _routes(data, chosen), mg_per_umol, left)
    states = tuple(sorted(found.states, key=lambda name: name not in dosed))
    endpoints = dict(enumerate(outputs, start=1)) | dict(enumerate(others, start=FIRST_RATING))
    writer = _Writer(states, {name: number for number, name in endpoints.items()}, mg_per_umol)
    rows = [
        row
        for place, who in enumerate(data.people)
        for row in writer.person(who, place + 1, [parts[place, number] for number in range(len(who.occasions))], chain)
    ]
    drugs = _read_back(parts.values(), states) if all(dose.route == "iv" for dose in _doses(data, family)) else {}
    routes = dict.fromkeys(drugs, "iv")
    left += _unknown(data, found)
    names = tuple(who.name for who in data.people)
    return LevelRecords(rows, found, endpoints, states, drug_words(chosen), tuple(left), drugs, routes, names)


@dataclass(frozen=True)
class Entry:
    """An amount (umol) that enters a state at an hour, at once or over a time (h)."""

    time_h: float
    state: str
    amount: float
    duration_h: float


class _Writer:
    """Makes the records of people."""

    def __init__(self, states: Sequence[str], endpoints: Mapping[str, int], mg_per_umol: float) -> None:
        self.compartment = {name: number for number, name in enumerate(states, start=1)}
        self.endpoints, self.mg_per_umol = endpoints, mg_per_umol

    def person(self, who: Person, number: int, entries: Sequence[Sequence[Entry]], chain: Model) -> list[Row]:
        """The records of one person, with covariates in each."""
        covariates = _covariates(who, chain)
        start = min([0.0, *(each.origin for each in who.occasions)])
        rows: list[Row] = []
        for place, (occasion, own) in enumerate(zip(who.occasions, entries, strict=True)):
            origin = occasion.origin - start
            if place:
                rows.append({"TIME": origin, "EVID": 3, "MDV": 1, "CMT": 1})
            rows += self.occasion(occasion, own, origin)
        return [{"ID": number, **row, **covariates} for row in rows]

    def occasion(self, occasion: Occasion, entries: Sequence[Entry], origin: float) -> list[Row]:
        """The records of one occasion: at one hour observations, doses, and observations that follow a dose."""
        found: list[tuple[float, int, Row]] = []
        for entry in entries:
            amount = entry.amount * self.mg_per_umol
            rate = amount / entry.duration_h if entry.duration_h else 0.0
            row = {"AMT": amount, "RATE": rate, "EVID": 1, "CMT": self.compartment[entry.state], "MDV": 1}
            found.append((entry.time_h, 1, row))
        for each in occasion.observations:
            row = {"EVID": 0, "CMT": 1, "DV": each.value, "MDV": 0, "DVID": self.endpoints[each.endpoint]}
            if each.kind == LEVEL:
                row |= {"LLOQ": each.lloq} if np.isfinite(each.lloq) else {"LLOQ": each.value} if each.below else {}
                row |= {"BLQ": int(each.below)}
            found.append((each.time_h, 2 if each.after_dose else 0, row))
        found.sort(key=lambda each: each[:2])
        return [{"TIME": origin + time, **row} for time, _, row in found]


def _drug(data: Dataset, drug: str | None) -> str:
    """The drug whose levels are modelled, by the model's name; of the ketamine family the one that is given most."""
    given = _given(data)
    if not given:
        raise InputError(Fault("nobody is given a drug.", ", ".join(data.source), "Expected doses.", "Add doses."))
    if drug is not None:
        known = {drug_words(name).lower(): name for name in given} | {name.lower(): name for name in given}
        if drug.lower() not in known:
            choices = ", ".join(dict.fromkeys(drug_words(name) for name in given))
            found = f"`{drug}` is given to nobody."
            raise InputError(Fault(found, "--drug", f"Expected one of {choices}."))
        return known[drug.lower()]
    seen = [each.endpoint for who in data.people for _, each in who.observations if each.kind == LEVEL]
    many = {
        name: sum(end.startswith(f"{'ketamine' if name in KETAMINES else name}_") for end in seen) for name in given
    }
    return max(many, key=lambda name: many[name])


def _given(data: Dataset) -> list[str]:
    """Names of the drugs that are given, most doses first."""
    counts: dict[str, int] = {}
    for who in data.people:
        for dose in (dose for each in who.occasions for dose in each.doses):
            counts[dose.drug] = counts.get(dose.drug, 0) + len(dose.times_h)
    return sorted(counts, key=lambda name: -counts[name])


def _doses(data: Dataset, family: Sequence[str]) -> list[Dose]:
    """Doses of the drug."""
    return [dose for who in data.people for each in who.occasions for dose in each.doses if dose.drug in family]


def _endpoints(data: Dataset, chain: Model, drug: str) -> tuple[list[str], list[str]]:
    """Levels that the formulas have, in the table's order, or the usual one of the drug; and every other endpoint."""
    seen = list(dict.fromkeys(each.endpoint for who in data.people for _, each in who.observations))
    levels = {each.endpoint for who in data.people for _, each in who.observations if each.kind == LEVEL}
    usual = "ketamine_venous" if drug in KETAMINES else f"{drug}_plasma"
    parts = ("ketamine_", "norketamine_", "hydroxynorketamine_") if drug in KETAMINES else (f"{drug}_",)
    own = [name for name in seen if name in levels and name.startswith(parts)]
    if not own and usual not in chain.equations:
        found = f"the model has no plasma levels of {drug_words(drug)}."
        raise InputError(Fault(found, "--drug", "Expected a drug with plasma kinetics.", "Name another by `--drug`."))
    return own or [usual], [name for name in seen if name not in own]


def _entering(occasion: Occasion, who: Person, chain: Model, family: Sequence[str]) -> list[Entry]:
    """What the doses of one occasion bring into which state."""
    constants = {**chain.nominal, WEIGHT: float(who.covariates.get("weight", chain.nominal[WEIGHT]))}
    found = []
    for dose in occasion.doses:
        for part in dose_parts(dose, constants) if dose.drug in family else ():
            if isinstance(part, Bolus):
                found.append(Entry(part.time_h, part.state, float(part.amount), 0.0))
            else:
                found.append(
                    Entry(part.start_h, _state_of(part, chain), float(part.amount), part.stop_h - part.start_h)
                )
    return found


def _state_of(flow: Flow, chain: Model) -> str:
    """The state that an input of the chain enters."""
    return next(state.name for state in chain.states if flow.input in state.text.split())


def _routes(data: Dataset, drug: str) -> dict[str, str]:
    """By absorption constant of the ketamine family that its routes decide: the constant of the route.

    raises   InputError where two routes would need two values of one of them
    """
    found: dict[str, str] = {}
    if drug not in KETAMINES:
        return found
    for dose in _doses(data, KETAMINES):
        for target, table in (("depot", DEPOT_ABSORPTION), ("gut", GUT_ABSORPTION)):
            name, constant = f"ketamine_{target}_absorption", table.get(dose.route)
            if constant is not None and found.setdefault(name, constant) != constant:
                said = f"doses by routes with different absorption: {found[name]} and {constant}."
                remedy = "Export people of one route at a time."
                raise InputError(Fault(said, ", ".join(data.source), "Expected one of them.", remedy))
    return found


def _covariates(who: Person, chain: Model) -> Row:
    """The covariates of one person as numbers, and the factors that follow from age and enzyme."""
    told = who.covariates
    found: Row = {}
    for column, name in (("WT", "weight"), ("AGE", "age")):
        if name in told:
            found[column] = float(told[name])
    if "sex" in told:
        found["SEX"] = SEXES[str(told["sex"])]
    parameters = chain.nominal
    if "age" in told and LIVER_FLOW in parameters:
        found["FHEP"] = float(liver_flow_factor({"age": np.array([told["age"]])}, parameters)[0])
    if "CYP2B6" in told and CLEARANCE_OF_CYP2B6 in parameters:
        found["CYP2B6"] = CYP2B6_GROUPS.index(told["CYP2B6"]) + 1
        found["FDEM"] = float(CYP2B6_factor({"CYP2B6": np.array([told["CYP2B6"]])}, parameters)[0])
    return {"FHEP": 1.0, "FDEM": 1.0} | found


def _read_back(parts: Any, states: Sequence[str]) -> dict[int, str]:
    """By compartment that intravenous doses enter: the drug, for reading the table again."""
    entered = {part.state for own in parts for part in own}
    return {
        number: drug_words(name.removesuffix("_central"))
        for number, name in enumerate(states, start=1)
        if name in entered
    }


def _unknown(data: Dataset, found: LevelModel) -> list[str]:
    """Covariates that are not carried, and what stands in for those that somebody has not."""
    others = {name for who in data.people for name in who.covariates} - CARRIED
    told = [", ".join(sorted(others))] * bool(others)
    for name, stands in (("weight", "70 kg"), ("age", "the mean age"), ("CYP2B6", "a normal metaboliser")):
        many = sum(name not in who.covariates for who in data.people)
        if many and (name == "weight" or any(constant in found.constants for constant in FACTORS)):
            told.append(f"{name} of {many} {'person' if many == 1 else 'people'}: {stands} stands in")
    return told


def table_text(records: LevelRecords) -> str:
    """The records as CSV; missing cells are a dot.

    records   of all people
    """
    lines = [",".join(COLUMNS)]
    for row in records.rows:
        lines.append(",".join("." if name not in row else f"{row[name]:.10g}" for name in COLUMNS))
    return "\n".join(lines) + "\n"


def patients_text(records: LevelRecords) -> str:
    """Which patient is which ID, as CSV.

    records   of all people
    """
    out = io.StringIO()
    write_csv(out, ("ID", "patient"), list(enumerate(records.patients, start=1)))
    return out.getvalue()


def mapping_text(records: LevelRecords, setting: Mapping[str, Any]) -> str:
    """The mapping file with which `resprout data` reads the records again.

    records   with intravenous doses          setting   how people were treated
    """
    told = {
        "units": {"time": "h", "amount": "mg", "rate": "mg/h", "level": "ng/mL"},
        "drug": dict(records.drugs),
        "route": dict(records.routes),
        "endpoint": dict(records.endpoints),
        "values": {
            "sex": {number: name for name, number in SEXES.items()},
            "CYP2B6": dict(enumerate(CYP2B6_GROUPS, start=1)),
        },
        "ignore": list(FACTORS.values()),
        "setting": {name: value for name, value in setting.items() if value is not None},
    }
    return yaml.safe_dump(told, sort_keys=False)
