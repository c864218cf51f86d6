"""Rows of cells -> typed rows: who, when, what kind of event, and its numbers; every cell that cannot be read is told."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from resprout.dosing.regimen import AMOUNTS, TIMES_H
from resprout.errors import Fault
from resprout.patients.data_mapping import COVARIATES, Columns, DataMapping
from resprout.patients.table_cells import SPREADSHEET_ERRORS, TableCells

MISSING = ("", ".", "NA", "na", "N/A", "n/a")
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
NOBODY = ("", "-", "--", "?", "nan", "null", "none")
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
CORRECT_CELL = "Correct the cell, or leave it empty where nothing is known."


@dataclass(frozen=True)
class EventRow:
    """One row.

    where      file and line            line      of the file
    patient    as written               time_h    on the table's clock; NaN until `hours_from_dates` where it has a date
    evid       0 observation, 1 dose, 2 other, 3 reset, 4 reset and dose; None where it follows from the amount
    numbers    amount (mg or mg/kg), rate (mg/h), duration (h), ii (h), lag (h), addl, ss, mdv, below, lloq; missing ones absent
    words      drug, unit, route, cmt, endpoint, value and covariates as written; missing ones absent
    per_kg     whether amount and rate are by body weight
    moment     date and time of day, where the row states them     has_clock   whether the time of day is stated
    names      by meaning: what the file calls the column
    """

    where: str
    line: int
    patient: str
    time_h: float
    evid: int | None
    numbers: dict[str, float] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)
    per_kg: bool = False
    moment: datetime | None = None
    has_clock: bool = True
    names: Mapping[str, str] = field(default_factory=dict)

    def place(self, meaning: str = "") -> str:
        """File, line, person and column, for messages.

        meaning   of the column; one that the file has not is left out
        returns   for instance `a.csv:2 (patient 1, column DV)`
        """
        return place_of(self.where, self.patient, self.names.get(meaning, ""))

    def fault(self, found: str, expected: str = "", remedy: str = CORRECT_CELL, *, at: str = "") -> Fault:
        """What is wrong in this row.

        found     what stands there           expected  what would be right
        remedy    what to do next             at        meaning of the column
        returns   fault with file, line, person and column
        """
        return Fault(found, self.place(at), expected, remedy, self.names.get(at, ""))


def place_of(where: str, patient: str, column: str) -> str:
    """A place in a table, for messages.

    where    file and line         patient   as written, or empty        column   its name, or empty
    returns  for instance `a.csv:2 (patient 1, column DV)`
    """
    more = [f"patient {patient}"] * bool(patient) + [f"column {column}"] * bool(column)
    return f"{where} ({', '.join(more)})" if more else where


class RowReader:
    """Reads the rows of one file; what is wrong goes to `faults`."""

    def __init__(self, cells: TableCells, columns: Columns, mapping: DataMapping, faults: list[Fault]) -> None:
        self.cells, self.columns, self.mapping, self.faults = cells, columns, mapping, faults
        self.time_unit = self._unit("time", TIMES_H)
        self.units = {
            "duration": self._unit("duration", TIMES_H),
            "ii": self._unit("ii", TIMES_H, "time"),
            "lag": self._unit("lag", TIMES_H, "time"),
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
            place = f"{self.cells.file}:1"
            self.faults.append(Fault(f"the column `{name}` has no unit.", place, "", remedy, name))
        elif unit.lower() not in known:
            expected, remedy = f"Expected one of {', '.join(known)}.", "Correct `units:` of the mapping file."
            found = f"`{unit}` is no unit of {meaning}, which the column `{name}` holds."
            self.faults.append(Fault(found, f"{self.cells.file}:1", expected, remedy, name))
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
        before = len(self.faults)
        patient = words.get("patient", "")
        for meaning in [name for name, text in words.items() if text in SPREADSHEET_ERRORS]:
            place, name = place_of(where, patient, self.columns.name[meaning]), self.columns.name[meaning]
            found = f"{name} is `{words.pop(meaning)}`, the error of a spreadsheet."
            self.faults.append(Fault(found, place, "Expected a value.", CORRECT_CELL, name))
        row = EventRow(where, line, patient, math.nan, None, names=self.columns.name)
        if words.pop("patient", "").lower() in NOBODY and len(self.faults) == before:
            expected = f"Expected a {self.columns.name['patient']}."
            self.faults.append(row.fault("the row names nobody.", expected, "Fill in the patient.", at="patient"))
        numbers: dict[str, float] = {}
        for meaning in ("evid", "amount", "rate", "duration", "ii", "lag", "addl", "ss", "mdv", "below", "lloq"):
            text = words.pop(meaning, "")
            value = self._number(meaning, text, row) if text else None
            if value is not None:
                numbers[meaning] = value
        time, moment, has_clock = self._time(words, row)
        self._check_codes(numbers, row)
        if len(self.faults) > before or (time is None and moment is None):
            return None
        for meaning in ("rate", "duration", "ii", "lag"):
            if numbers.get(meaning, 0) > 0:
                numbers[meaning] *= self.units[meaning]
        per_kg = self._scale_amount(numbers, words, row)
        evid = int(numbers.pop("evid")) if "evid" in numbers else None
        hour = math.nan if time is None else time
        return EventRow(where, line, patient, hour, evid, numbers, words, per_kg, moment, has_clock, self.columns.name)

    def _check_codes(self, numbers: dict[str, float], row: EventRow) -> None:
        """Tell codes that are not among those of NONMEM, and limits and intervals below 0."""
        allowed = {"evid": range(5), "addl": range(-1, 1001), "ss": range(3), "mdv": range(2), "below": range(2)}
        for name, value in numbers.items():
            said = f"{self.columns.name[name]} is {value:g}."
            if name in allowed and value not in allowed[name]:
                limits = f"Expected a whole number from {max(allowed[name][0], 0)} to {allowed[name][-1]}."
                self.faults.append(row.fault(said, limits, at=name))
            elif name in ("ii", "lag", "lloq") and value < 0:
                self.faults.append(row.fault(said, "Expected a number from 0 on.", at=name))

    def _scale_amount(self, numbers: dict[str, float], words: dict[str, str], row: EventRow) -> bool:
        """Bring the amount of a dose to mg, or mg/kg; whether it is by weight."""
        if not numbers.get("amount") and not numbers.get("rate"):
            return False
        dosed = words.get("unit", "") if numbers.get("amount") else ""
        named = self.columns.unit.get("amount", "")
        unit = (dosed or self.dose_unit or "").lower().replace(" ", "")
        if dosed and named and unit != named:
            name = self.columns.name["amount"]
            found = f"the unit of the dose is `{dosed}`, and the column is `{name}`."
            self.faults.append(row.fault(found, "", "Leave the unit out, or rename the column `dose`.", at="unit"))
            return False
        if not unit:
            remedy = "Call the column `dose_mg`, add a column `unit`, or write `units: {amount: mg}` in a mapping file."
            self.faults.append(row.fault("the dose has no unit.", "Expected mg, mg/kg, ug or g.", remedy, at="amount"))
            return False
        if unit not in AMOUNTS:
            found, expected = f"`{unit}` is no unit of a dose.", f"Expected one of {', '.join(AMOUNTS)}."
            at = "unit" if dosed else "amount"
            self.faults.append(row.fault(found, expected, "Convert the dose to one of these units.", at=at))
            return False
        size, per_kg = AMOUNTS[unit]
        numbers["amount"] = numbers.get("amount", 0.0) * size
        return per_kg

    def _number(self, meaning: str, text: str, row: EventRow) -> float | None:
        """The number in a cell; None where it holds none, which is told."""
        return number_in(text, self.columns.name[meaning], row.place(meaning), self.mapping.decimal, self.faults)

    def _time(self, words: dict[str, str], row: EventRow) -> tuple[float | None, datetime | None, bool]:
        """Hours on the table's clock, or a date; and whether the time of day is stated."""
        text, date, clock = (words.pop(name, "") for name in ("time", "date", "clock"))
        if date or "date" in self.columns.place:
            return None, self._dated(f"{date} {clock}".strip(), row, "date"), bool(clock) or ":" in date
        if not text:
            expected = f"Expected a {self.columns.name['time']}."
            self.faults.append(row.fault("the row has no time.", expected, "Fill in the time.", at="time"))
            return None, None, True
        if DATED.fullmatch(text):
            return None, self._dated(text, row, "time"), True
        if ":" in text or text.count("-") > 1 or text.count("/") > 1:
            found = f"{self.columns.name['time']} is `{text:.40}`."
            remedy = "Write a date as 2019-03-28 14:30, or hours as decimals."
            self.faults.append(row.fault(found, "Expected a number, or a date and time.", remedy, at="time"))
            return None, None, True
        value = self._number("time", text, row)
        if value is not None and abs(value * self.time_unit) > LATEST_H:
            found = f"the time {text} is more than five years from hour 0."
            self.faults.append(row.fault(found, "", "Check the unit of the time.", at="time"))
            return None, None, True
        return (None if value is None else value * self.time_unit), None, True

    def _dated(self, text: str, row: EventRow, meaning: str) -> datetime | None:
        """The moment that a date and clock time name."""
        style = self.mapping.date_format
        for clock in ("", " %H:%M", " %H:%M:%S"):
            try:
                return datetime.strptime(
                    text.replace("T", " ") if style is None else text, (style or "%Y-%m-%d") + clock
                )
            except ValueError:
                continue
        expected = f"Expected {style} and a time such as 14:30." if style else "Expected a date such as 2019-03-28."
        remedy = "State `date_format: '%d.%m.%Y'` in a mapping file where dates are written otherwise."
        self.faults.append(row.fault(f"`{text}` is no date.", expected, remedy, at=meaning))
        return None


def number_in(text: str, column: str, where: str, decimal: str, faults: list[Fault]) -> float | None:
    """Read a finite number.

    text      of the cell        column   its name        where   file, line, person and column
    decimal   mark of decimals   faults   a cell that holds none is added here
    """
    plain = text.replace(",", ".") if decimal == "," else text
    if NUMBER.fullmatch(plain) and math.isfinite(float(plain)):
        return float(plain)
    found, expected, remedy = f"{column} is `{text:.40}`.", "Expected a number.", CORRECT_CELL
    if COMMA_NUMBER.fullmatch(text):
        remedy = f"Write `{text.replace(',', '.')}`, or `decimal: ','` in a mapping file if it is a decimal comma."
    elif decimal == "," and "." in text:
        remedy = "The mapping file says that decimals have a comma."
    faults.append(Fault(found, where, expected, remedy, column))
    return None


def covariate_words(row: EventRow) -> dict[str, Any]:
    """The covariates that a row states."""
    return {name: row.words[name] for name in COVARIATES if name in row.words}
