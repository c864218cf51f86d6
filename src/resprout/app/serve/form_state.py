"""The state of the page: what a browser sent in, checked values or a message for each field out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from resprout.app.serve.form_fields import LONGEST_LINE, Field, fields_of
from resprout.dosing.dose_records import drug_words
from resprout.dosing.regimen import Regimen, parse_regimen
from resprout.errors import Fault, InputError, nearest
from resprout.language.drug_instances import library_drugs
from resprout.language.records import Model

LONGEST_VALUE = 200
FIELD_OF_DOSE = {"amount": "amount", "route": "route", "duration": "minutes"}
Faults = dict[str, str]


@dataclass(frozen=True)
class State:
    """Checked values of every field: numbers in the unit of the field, the rest as text."""

    number: dict[str, float]
    text: dict[str, str]
    changed: dict[str, str]

    @property
    def key(self) -> str:
        """What tells this state from any other: the fields that differ from their defaults."""
        return self.query()

    def query(self) -> str:
        """The query part of a link that restores this state."""
        return urlencode(self.changed)


def read_state(sent: object, model: Model) -> tuple[State, Faults]:
    """Check what a browser sent.

    sent      a mapping of field names to text or numbers; fields left out take their defaults
    returns   the state, with defaults where a field is faulty, and a message by faulty field
    raises    InputError if it is no mapping at all
    """
    if not isinstance(sent, Mapping):
        raise InputError(Fault("the request is no list of fields.", "", "Expected names with values."))
    number, text, changed, faults = {}, {}, {}, {}
    for name, field in fields_of(model).items():
        spoken = sent.get(name, field.default)
        said = said_value(spoken)
        if said is None:
            faults[name] = "Expected a short text or a number."
            said = field.default
        elif (fault := field_fault(field, said)) is not None:
            faults[name] = fault
            said = field.default
        if field.kind in ("number", "slider"):
            number[name] = float(said)
        else:
            text[name] = said.strip()
        if said.strip() != field.default:
            changed[name] = said.strip()
    return State(number, text, changed), faults


def said_value(value: object) -> str | None:
    """A value as text, or None if it is neither a short text nor a number."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    said = f"{value:g}" if isinstance(value, float) else str(value)
    return said if len(said) <= LONGEST_VALUE and said.isprintable() else None


def field_fault(field: Field, said: str) -> str | None:
    """What is wrong with one value, in words for the field; None if nothing is."""
    if field.kind == "choice":
        known = [value for value, _ in field.choices]
        return None if said in known else f"`{said[:40]}` is no choice here. {nearest(said, known)}".strip()
    if field.kind == "line":
        return None if len(said) <= LONGEST_LINE else f"Expected at most {LONGEST_LINE} characters."
    bounds = f"from {field.lowest:g} to {field.highest:g}{' ' + field.unit if field.unit else ''}"
    try:
        value = float(said)
    except ValueError:
        return f"Expected a number {bounds}."
    if not math.isfinite(value) or not field.lowest <= value <= field.highest:
        return f"Expected a number {bounds}."
    if field.step == 1 and value != int(value):
        return f"Expected a whole number {bounds}."
    return None


def regimen_text(state: State) -> str:
    """The regimen of the form as one line, as the command line takes it."""
    number, text = state.number, state.text
    parts = []
    if text["drug"] == "saline":
        parts.append("saline")
    else:
        repeats = f"; every {number['every']:g} d x {number['times']:.0f}" if number["times"] > 1 else ""
        parts.append(dose_text(state, "") + repeats)
    if text["drug2"] != "none":
        start = f" at {number['start2']:g} h" if number["start2"] else ""
        parts.append(dose_text(state, "2") + start)
    return " + ".join(part for part in parts if part != "saline") or "saline"


def dose_text(state: State, which: str) -> str:
    """One dose of the form; `which` is empty for the first and 2 for the second."""
    number, text = state.number, state.text
    drug, route, minutes = text[f"drug{which}"], text[f"route{which}"], number[f"minutes{which}"]
    how = (f" over {minutes:g} min" if minutes else " bolus") if route == "iv" else ""
    how = f" over {minutes:g} min" if route == "inhaled" and minutes else how
    return f"{drug_words(drug)} {number[f'amount{which}']:g} {text[f'unit{which}']} {route}{how}"


def difference_words(state: State, other: State, model: Model) -> str:
    """The regimen of a state, and by which fields of patient, blocks and hypothesis it differs from another."""
    told = [regimen_text(state)]
    for name, field in fields_of(model).items():
        if field.group in ("dose", "second", "trial", "drugs") and name != "days":
            continue
        if (state.number.get(name), state.text.get(name)) != (other.number.get(name), other.text.get(name)):
            value = f"{state.number[name]:g}" if name in state.number else dict(field.choices).get(state.text[name], "")
            unit = field.unit.partition(" (")[0]
            told.append(f"{field.label} {value}{'' if unit in ('', '%') else ' '}{unit}")
    return ", ".join(told)


def read_regimen(state: State, model: Model) -> tuple[Regimen | None, Faults]:
    """The regimen of the form, or the parser's messages at the dose they belong to."""
    library = library_drugs(model)
    faults: Faults = {}
    for which in ("", "2"):
        if state.text[f"drug{which}"] not in ("saline", "none"):
            try:
                parse_regimen(dose_text(state, which), library)
            except InputError as error:
                faults.setdefault(fault_field(error, which), say(error))
    if faults:
        return None, faults
    try:
        return parse_regimen(regimen_text(state), library), {}
    except InputError as error:
        repeats = any(fault.field == "times" for fault in error.faults)
        return None, {"times" if repeats else "drug2" if state.text["drug2"] != "none" else "drug": say(error)}


def fault_field(error: InputError, which: str) -> str:
    """The field that a message of the regimen parser is about."""
    return f"{FIELD_OF_DOSE.get(error.faults[0].field, 'drug')}{which}"


def say(error: InputError) -> str:
    """All faults of an error as one message."""
    return " ".join(str(fault)[0].upper() + str(fault)[1:] for fault in error.faults)
