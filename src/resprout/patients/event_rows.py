"""Rows of cells -> typed rows: who, when, what kind of event, and its numbers; every cell that cannot be read is told."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from resprout.dosing.regimen import AMOUNTS, TIMES_H
from resprout.errors import Fault
from resprout.patients.data_mapping import COVARIATES, Columns, DataMapping
from resprout.patients.table_cells import TableCells

MISSING = ("", ".", "NA", "na", "N/A", "n/a")
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
COMMA_NUMBER = re.compile(r"[+-]?\d+,\d+")
DATED = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d)?")
RATES = {
    "mg/h": 1.0,
    "mg/min": 60.0,
    "ug/min": 0.06,
    "ug/h": 0.001,
    "mg/kg/h": 1.0,
    "ug/kg/min": 0.06,
    "mg/kg/min": 60.0,
}
LATEST_H = 24 * 365.25 * 5


@dataclass(frozen=True)
class EventRow:
    """One row.

    where      file and line            line      of the file
    patient    as written               time_h    on the table's clock
    evid       0 observation, 1 dose, 2 other, 3 reset, 4 reset and dose; None where it follows from the amount
    numbers    amount (mg or mg/kg), rate (mg/h), duration (h), ii (h), addl, ss, mdv, below, lloq; missing ones absent
    words      drug, unit, route, cmt, endpoint, value and covariates as written; missing ones absent
    per_kg     whether amount and rate are by body weight
    """

    where: str
    line: int
    patient: str
    time_h: float
    evid: int | None
    numbers: dict[str, float] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)
    per_kg: bool = False


class RowReader:
    """Reads the rows of one file; what is wrong goes to `faults`."""

    def __init__(self, cells: TableCells, columns: Columns, mapping: DataMapping, faults: list[Fault]) -> None:
        self.cells, self.columns, self.mapping, self.faults = cells, columns, mapping, faults
        self.first_moment: dict[str, datetime] = {}
        self.time_unit = self._unit("time", TIMES_H)
        self.units = {
            "duration": self._unit("duration", TIMES_H),
            "ii": self._unit("ii", TIMES_H, "time"),
            "rate": self._unit("rate", RATES),
        }
        self.dose_unit = columns.unit.get("amount") or mapping.units.get("amount") or mapping.units.get("dose")

    def rows(self) -> list[EventRow]:
        """Every row that can be read."""
        found = [self._row(cells, line) for cells, line in zip(self.cells.rows, self.cells.lines, strict=True)]
        return [row for row in found if row is not None]

    def _unit(self, meaning: str, known: dict[str, float], like: str = "") -> float:
        """What one of the unit of a column is in hours or mg/h; a column without a unit is a fault."""
        if meaning not in self.columns.place or not self._is_used(meaning):
            return 1.0
        unit = self.columns.unit.get(meaning) or self.mapping.units.get(meaning)
        unit = unit or (self.columns.unit.get(like) or self.mapping.units.get(like) if like else None)
        name = self.columns.name[meaning]
        if unit is None:
            remedy = f"Call it `{meaning}_h`, or write `units: {{{meaning}: h}}` in a mapping file."
            if meaning == "rate":
                remedy = "Write `units: {rate: mg/h}` in a mapping file."
            self.faults.append(Fault(f"the column `{name}` has no unit.", f"{self.cells.file}:1", "", remedy))
        elif unit.lower() not in known:
            expected = f"Expected one of {', '.join(known)}."
            self.faults.append(Fault(f"`{unit}` is no unit of {meaning}.", f"{self.cells.file}:1", expected))
        return known.get((unit or "").lower(), 1.0)

    def _is_used(self, meaning: str) -> bool:
        """Whether a column holds anything but 0, codes and missing cells."""
        at = self.columns.place[meaning]
        dated = meaning == "time" and all(
            cells[at] in MISSING or DATED.fullmatch(cells[at]) for cells in self.cells.rows
        )
        return not dated and any(cells[at] not in (*MISSING, "0", "-1", "-2") for cells in self.cells.rows)

    def _row(self, cells: list[str], line: int) -> EventRow | None:
        """One row; None where it has no person or no time."""
        where = f"{self.cells.file}:{line}"
        words = {meaning: cells[at] for meaning, at in self.columns.place.items() if cells[at] not in MISSING}
        patient = words.pop("patient", "")
        before = len(self.faults)
        if not patient:
            self.faults.append(Fault("the row names nobody.", where, f"Expected a {self.columns.name['patient']}."))
        numbers: dict[str, float] = {}
        for meaning in ("evid", "amount", "rate", "duration", "ii", "addl", "ss", "mdv", "below", "lloq"):
            value = self._number(meaning, words, where)
            if value is not None:
                numbers[meaning] = value
        time = self._time(patient, words, where)
        whole = {name: numbers[name] for name in ("evid", "addl", "ss", "mdv", "below") if name in numbers}
        allowed = {"evid": range(5), "addl": range(-1, 1001), "ss": range(3), "mdv": range(2), "below": range(2)}
        for name, value in whole.items():
            if value not in allowed[name]:
                limits = f"Expected a whole number from {max(allowed[name][0], 0)} to {allowed[name][-1]}."
                self.faults.append(Fault(f"{self.columns.name[name]} is {value:g}.", where, limits))
        if len(self.faults) > before or time is None:
            return None
        for meaning in ("rate", "duration", "ii"):
            if numbers.get(meaning, 0) > 0:
                numbers[meaning] *= self.units[meaning]
        per_kg = self._scale_amount(numbers, words, where)
        evid = int(numbers.pop("evid")) if "evid" in numbers else None
        return EventRow(where, line, patient, time, evid, numbers, words, per_kg)

    def _scale_amount(self, numbers: dict[str, float], words: dict[str, str], where: str) -> bool:
        """Bring the amount of a dose to mg, or mg/kg; whether it is by weight."""
        if not numbers.get("amount") and not numbers.get("rate"):
            return False
        dosed = words.get("unit", "") if numbers.get("amount") else ""
        named = self.columns.unit.get("amount", "")
        unit = (dosed or self.dose_unit or "").lower().replace(" ", "")
        if dosed and named and unit != named:
            name = self.columns.name["amount"]
            self.faults.append(Fault(f"the unit of the dose is `{dosed}`, and the column is `{name}`.", where))
            return False
        if not unit:
            remedy = "Call the column `dose_mg`, add a column `unit`, or write `units: {amount: mg}` in a mapping file."
            self.faults.append(Fault("the dose has no unit.", where, "Expected mg, mg/kg, ug or g.", remedy))
            return False
        if unit not in AMOUNTS:
            found = f"`{unit}` is no unit of a dose."
            self.faults.append(Fault(found, where, f"Expected one of {', '.join(AMOUNTS)}."))
            return False
        size, per_kg = AMOUNTS[unit]
        numbers["amount"] = numbers.get("amount", 0.0) * size
        return per_kg

    def _number(self, meaning: str, words: dict[str, str], where: str) -> float | None:
        """Take a number from a cell; None where there is none."""
        text = words.pop(meaning, "")
        if not text:
            return None
        return number_in(text, self.columns.name[meaning], where, self.mapping.decimal, self.faults)

    def _time(self, patient: str, words: dict[str, str], where: str) -> float | None:
        """Hours on the table's clock: of the column `time`, or from the person's first date on."""
        text, date, clock = (words.pop(name, "") for name in ("time", "date", "clock"))
        if date or "date" in self.columns.place:
            return self._dated(patient, f"{date} {clock}".strip(), where)
        if not text:
            self.faults.append(Fault("the row has no time.", where, f"Expected a {self.columns.name['time']}."))
            return None
        if DATED.fullmatch(text):
            return self._dated(patient, text, where)
        value = number_in(text, self.columns.name["time"], where, self.mapping.decimal, self.faults)
        if value is None:
            return None
        if abs(value * self.time_unit) > LATEST_H:
            found = f"the time {text} is more than five years from hour 0."
            self.faults.append(Fault(found, where, "", "Check the unit of the time."))
            return None
        return value * self.time_unit

    def _dated(self, patient: str, text: str, where: str) -> float | None:
        """Hours from midnight before a person's first row to a date and clock time."""
        style = self.mapping.date_format
        moment = None
        for clock in ("", " %H:%M", " %H:%M:%S"):
            try:
                moment = datetime.strptime(
                    text.replace("T", " ") if style is None else text, (style or "%Y-%m-%d") + clock
                )
                break
            except ValueError:
                continue
        if moment is None:
            expected = f"Expected {style} and a time such as 14:30." if style else "Expected a date such as 2019-03-28."
            remedy = "State `date_format: '%d.%m.%Y'` in a mapping file where dates are written otherwise."
            self.faults.append(Fault(f"`{text}` is no date.", where, expected, remedy))
            return None
        first = self.first_moment.setdefault(patient, moment)
        midnight = first.replace(hour=0, minute=0, second=0)
        return (moment - midnight).total_seconds() / 3600


def number_in(text: str, column: str, where: str, decimal: str, faults: list[Fault]) -> float | None:
    """Read a finite number.

    text      of the cell        column   its name        where   file and line
    decimal   mark of decimals   faults   a cell that holds none is added here
    """
    plain = text.replace(",", ".") if decimal == "," else text
    if NUMBER.fullmatch(plain) and math.isfinite(float(plain)):
        return float(plain)
    found, expected, remedy = f"{column} is `{text:.40}`.", "Expected a number.", ""
    if COMMA_NUMBER.fullmatch(text):
        remedy = f"Write `{text.replace(',', '.')}`, or `decimal: ','` in a mapping file if it is a decimal comma."
    elif decimal == "," and "." in text:
        remedy = "The mapping file says that decimals have a comma."
    faults.append(Fault(found, where, expected, remedy))
    return None


def covariate_words(row: EventRow) -> dict[str, Any]:
    """The covariates that a row states."""
    return {name: row.words[name] for name in COVARIATES if name in row.words}
