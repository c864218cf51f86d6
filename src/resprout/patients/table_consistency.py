"""What rows of different people say of each other: one spelling of a patient, doses of people of whom nothing is observed."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from resprout.errors import Fault, nearest
from resprout.patients.event_rows import NUMBER, EventRow


def spelling_faults(rows: Sequence[EventRow]) -> list[Fault]:
    """Patients who differ in case, spaces, invisible characters or the writing of a number only.

    rows     of all files
    returns  a fault for each further spelling, at its first row
    """
    first: dict[str, EventRow] = {}
    seen: set[str] = set()
    faults = []
    for row in rows:
        if row.patient in seen:
            continue
        seen.add(row.patient)
        other = first.setdefault(_plain(row.patient), row)
        if other is not row:
            said = f"`{row.patient}` and `{other.patient}` (row {other.line}) differ in spelling only."
            remedy = "Write a patient the same way in all rows; give two people different names."
            faults.append(row.fault(said, "Expected one spelling of a patient.", remedy, at="patient"))
    return faults


def unobserved_faults(tables: Sequence[Sequence[EventRow]]) -> list[Fault]:
    """Of several files: doses of a person who has a row in no other file.

    tables   rows of each file
    returns  a fault for each such person, at their first dose
    """
    people = [dict.fromkeys(row.patient for row in rows) for rows in tables]
    faults = []
    for number, rows in enumerate(tables):
        others = {name for place, own in enumerate(people) if place != number for name in own}
        told: set[str] = set()
        if not others:
            continue
        for row in rows:
            dosed = row.numbers.get("amount") or row.evid in (1, 4)
            if dosed and row.patient not in others and row.patient not in told and not _observed(rows, row.patient):
                told.add(row.patient)
                remedy = nearest(row.patient, others) or "Check the spelling, or leave out the doses."
                said = f"patient {row.patient} has doses, and no row in the other files."
                faults.append(
                    row.fault(said, "Expected observations of everybody who has doses.", remedy, at="patient")
                )
    return faults


def _observed(rows: Sequence[EventRow], patient: str) -> bool:
    """Whether a file holds a value of a person."""
    return any(row.patient == patient and "value" in row.words for row in rows)


def _plain(name: str) -> str:
    """A name without case, spaces and invisible characters; a number as one number."""
    shown = "".join(
        each
        for each in unicodedata.normalize("NFKC", name)
        if unicodedata.category(each) != "Cf" and not each.isspace()
    )
    return f"{float(shown):.15g}" if NUMBER.fullmatch(shown) else shown.casefold()
