"""Covariates as a table has them -> covariates of the model: words and numbers of each person, or what is wrong with them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from resprout.errors import Fault, InputError, nearest
from resprout.language.bounds import AGE, BMI_RANGE, WEIGHT_KG, Range
from resprout.patients.data_mapping import DataMapping
from resprout.patients.event_rows import CORRECT_CELL, EventRow, covariate_words, number_in
from resprout.people.covariates import ANCESTRIES, COMEDICATIONS, CYP2B6_GROUPS, genotype_named

HEIGHT_CM = Range(50, 260, "cm")
NUMBERS = {"age": AGE, "weight": WEIGHT_KG, "height": HEIGHT_CM, "BMI": BMI_RANGE}
WORDS: dict[str, dict[str, Any]] = {
    "sex": {"female": "female", "f": "female", "woman": "female", "male": "male", "m": "male", "man": "male"},
    "ancestry": {name: name for name in ANCESTRIES},
    "CYP2B6": {name: name for name in CYP2B6_GROUPS},
    "comedication": {name: name for name in COMEDICATIONS},
    "resistant": {"yes": True, "1": True, "true": True, "y": True, "no": False, "0": False, "false": False, "n": False},
}
COMEDICATION = "comedication"
LATER = {
    "weight": "a later weight changes doses by weight only; clearance and volumes keep the first",
    "BMI": "a later BMI is left out; clearance and volumes keep the first",
    "age": "a later age is left out; the first one counts",
}
"""Covariates that may change with time, and what becomes of a later value."""
HOURS_A_YEAR = 24 * 365.25


def read_covariates(
    rows: list[EventRow], mapping: DataMapping, faults: list[Fault], left: dict[str, list[int]]
) -> tuple[dict[str, Any], list[float | None], list[tuple[float, str]]]:
    """The covariates of one person.

    rows     of the person, in order            mapping   what codes mean
    faults   what is wrong is added here         left     rows that are used in part are noted here
    returns  covariates by name, the first weight and comedication among them; the weight (kg) at each row, None where unknown; and
             from which hour of the table's clock on each comedication was taken
    """
    found: dict[str, Any] = {}
    taken: list[tuple[float, str]] = []
    weights: list[float | None] = []
    weight: float | None = None
    for row in rows:
        for name, text in covariate_words(row).items():
            value = _value(name, text, row, mapping, faults)
            if value is None:
                continue
            if name == COMEDICATION and (not taken or taken[-1][1] != value):
                taken.append((row.time_h, value))
            if name not in found:
                found[name] = value
            elif found[name] != value and not _may_change(name, found[name], value, row.time_h - rows[0].time_h):
                said, expected = (
                    f"{name} is {value}, and was {found[name]} before.",
                    "Expected the same in all rows of a person.",
                )
                faults.append(row.fault(said, expected, at=name))
            elif found[name] != value and name in LATER:
                left.setdefault(LATER[name], []).append(row.line)
            weight = value if name == "weight" else weight
        weights.append(weight)
    return found, [found.get("weight") if each is None else each for each in weights], taken


def _may_change(name: str, first: Any, later: Any, hours: float) -> bool:
    """Whether a covariate may have another value so many hours later: ages, in whole years or not, go on with the time."""
    if name == "age":
        return bool(0 <= later - first <= max(hours, 0.0) / HOURS_A_YEAR + 1)
    return name in LATER or name == COMEDICATION


def _value(name: str, text: str, row: EventRow, mapping: DataMapping, faults: list[Fault]) -> Any:
    """One covariate of one row; None where it is wrong."""
    place = row.place(name)
    text = mapping.values.get(name, {}).get(text, text)
    if name == "arm":
        return text
    if name in NUMBERS:
        value = number_in(text, row.names[name], place, mapping.decimal, faults)
        if value is None or NUMBERS[name].allows(value):
            return value
        faults += [_here(each, row, name) for each in NUMBERS[name].faults(f"the {name}", value)]
        return None
    if name == "genotype":
        return _tried(genotype_named, text, row, name, faults)
    known = WORDS[name].get(text.lower())
    if known is None:
        choices = ", ".join(map(str, WORDS[name]))
        remedy = f"Say what it means: `values: {{{name}: {{'{text}': ...}}}}`, or name the column under `ignore`."
        said = f"{name} is `{text:.40}`."
        near = nearest(text, [each for each in WORDS[name] if len(each) > 2])
        remedy = near if near.startswith("Did") else remedy
        faults.append(row.fault(said, f"Expected one of {choices}.", remedy, at=name))
    return known


def _tried(reads: Callable[[str], Any], text: str, row: EventRow, name: str, faults: list[Fault]) -> Any:
    """What a reader makes of a text; its faults get their place."""
    try:
        return reads(text)
    except InputError as error:
        faults += [_here(each, row, name) for each in error.faults]
        return None


def _here(fault: Fault, row: EventRow, meaning: str) -> Fault:
    """A fault of a value, with the place where it stands."""
    return row.fault(fault.found, fault.expected, fault.remedy or CORRECT_CELL, at=meaning)
