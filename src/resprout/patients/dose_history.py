"""Typed rows of one person -> occasions with doses, by NONMEM's rules of EVID, RATE, ADDL and II, SS, and order of records."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from resprout.dosing.dose_events import check_routes
from resprout.dosing.dose_records import Dose, Regimen, regimen_faults
from resprout.dosing.regimen import ROUTES, SYNONYMS
from resprout.errors import Fault, InputError, nearest
from resprout.language.drug_instances import library_drugs
from resprout.language.records import Model
from resprout.patients.data_mapping import DataMapping
from resprout.patients.event_rows import CORRECT_CELL, EventRow

STEADY_DAYS = 28.0
"""How long dosing has gone on before a record with SS: long enough for a drug of a half-life up to four days."""
MOST_STEADY_DOSES = 400
BOLUS, MODELLED_RATE, MODELLED_DURATION = 0.0, -1.0, -2.0
OF_DOSES = ("rate", "duration", "ii", "addl", "ss")
"""Numbers that only a dose record has, beside its amount."""
KINDS = {0: "an observation", 2: "another event", 3: "a reset"}


@dataclass
class Stretch:
    """An occasion while it is read: its rows of observations, and doses on the table's clock."""

    origin: float
    doses: list[Dose] = field(default_factory=list)
    pending: list[tuple[Dose, float, int]] = field(default_factory=list)
    observed: list[tuple[EventRow, bool]] = field(default_factory=list)
    last_dose_h: float = -math.inf
    given: dict[tuple[object, ...], int] = field(default_factory=dict)
    placebo: list[float] = field(default_factory=list)


class DoseReader:
    """Reads the events of people in order; what is wrong goes to `faults`."""

    def __init__(self, model: Model | None, mapping: DataMapping, faults: list[Fault]) -> None:
        library = () if model is None else library_drugs(model)
        self.names = SYNONYMS | {name.lower().replace("_", "-"): name for name in library}
        self.model, self.mapping, self.faults = model, mapping, faults

    @classmethod
    def of_states(cls, states: Sequence[str], mapping: DataMapping, faults: list[Fault]) -> DoseReader:
        """A reader for an imported model, in which a dose enters a state that the drug names.

        states   of the model          mapping   of the table          faults   what is wrong is added here
        returns  a reader without routes and bounds of doses
        """
        reader = cls(None, mapping, faults)
        reader.names = {name.lower().replace("_", "-"): name for name in states}
        return reader

    def stretches(self, rows: list[EventRow], weights: list[float | None]) -> list[Stretch]:
        """The occasions of one person.

        rows      of the person, in the table's order      weights   kg   at each row, None where unknown
        returns   stretches; doses end where a reset comes
        """
        found = [Stretch(rows[0].time_h)]
        before = -math.inf
        died = math.inf
        for row, weight in zip(rows, weights, strict=True):
            kind = self._kind(row)
            if kind in (3, 4):
                self._close(found[-1], row.time_h)
                found.append(Stretch(row.time_h))
            elif row.time_h < before:
                found_here = f"the row goes back from hour {before:g} to {row.time_h:g}."
                remedy = "Sort the table by person and time, or mark a reset by EVID 3 or 4."
                self._fault(row, found_here, "Expected rows in order of time.", remedy, at="time")
            before = row.time_h
            if row.words.get("endpoint", "").lower() == "death":
                died = row.time_h
                continue
            if row.time_h > died:
                said = f"the row comes after death at hour {died:g}."
                self._fault(row, said, "Expected none.", "Check the times.", at="time")
            if kind in (1, 4):
                self._dose(row, weight, found[-1])
            elif kind == 0:
                found[-1].observed.append((row, found[-1].last_dose_h == row.time_h))
        self._close(found[-1], math.inf)
        return [each for each in found if each.doses or each.observed or each.placebo] or found[:1]

    def _kind(self, row: EventRow) -> int:
        """What kind of event a row is; where EVID is not stated a dose, if there is an amount, else an observation."""
        dosed = bool(row.numbers.get("amount")) or row.numbers.get("rate", 0) > 0
        if row.evid is None:
            if dosed and "value" in row.words:
                found = "the row is a dose and an observation at once."
                self._fault(row, found, "Expected one of them a row.", "Split it in two rows.", at="value")
            kind = 1 if dosed else 0 if "value" in row.words or "endpoint" in row.words else 2
        else:
            kind = row.evid
        stray = [name for name in ("amount", *OF_DOSES) if row.numbers.get(name)]
        if kind in (0, 2, 3) and stray:
            names = " and ".join(row.names[name] for name in stray)
            found = f"a record of {KINDS[kind]} has {names}."
            remedy = "Make it a dose record (EVID 1, an amount and no value), or leave them out."
            self._fault(row, found, "Expected them in dose records only.", remedy, at=stray[0])
        elif kind == 2 and row.evid is None and (treated := [name for name in ("drug", "route") if name in row.words]):
            found = f"the row names a {treated[0]}, and neither an amount nor a value."
            remedy = "State the amount, or mark a record of another event by EVID 2."
            self._fault(row, found, "Expected the amount of a dose.", remedy, at=treated[0])
        return kind

    def _dose(self, row: EventRow, weight: float | None, stretch: Stretch) -> None:
        """Add the doses of one dose record: those of steady state before it, its own, and additional ones; a lag moves all of them."""
        numbers = row.numbers
        drug = self._drug(row)
        route, (amount, duration) = ("iv", (0.0, 0.0)) if drug == "saline" else (self._route(row), self._amount(row))
        interval, many, steady = numbers.get("ii", 0.0), int(numbers.get("addl", 0)), int(numbers.get("ss", 0))
        self._check_repeats(row, interval, many, steady, amount)
        start = row.time_h + numbers.get("lag", 0.0)
        stretch.last_dose_h = row.time_h if start == row.time_h else stretch.last_dose_h
        if drug == "saline":
            stretch.placebo.append(row.time_h)
            stretch.placebo += [row.time_h + interval * step for step in range(1, many + 1)]
        if drug == "saline" or None in (drug, route, amount):
            return
        if duration and route not in ("iv", "inhaled"):
            at = "rate" if row.numbers.get("rate", 0.0) > 0 else "duration"
            said = f"the {route} dose has a duration."
            self._fault(row, said, "Expected one of iv and inhaled doses only.", "Leave RATE and DUR out.", at=at)
            return
        per_kg = row.per_kg
        if per_kg and weight is not None:
            amount, per_kg = float(amount or 0.0) * weight, False
        made = Dose(str(drug), float(amount or 0.0), per_kg, str(route), duration, (start,))
        if not self._can_be_given(row, made) or self._is_repeated(row, made, stretch):
            return
        if steady == 1:
            stretch.doses = []
            stretch.pending = []
        if steady and interval > 0:
            back = min(math.ceil(STEADY_DAYS * 24 / interval), MOST_STEADY_DOSES)
            stretch.doses += [replace(made, times_h=(start - interval * step,)) for step in range(back, 0, -1)]
        stretch.doses.append(made)
        if many > 0 and interval > 0:
            stretch.pending.append((made, interval, many))

    def _can_be_given(self, row: EventRow, made: Dose) -> bool:
        """Whether a dose is within its bounds, and the model has kinetics for its route; what is not is told."""
        if self.model is None:
            return True
        alone = Regimen("", (replace(made, times_h=(0.0,)),))
        found = regimen_faults(alone)
        try:
            check_routes(self.model, alone)
        except InputError as error:
            found += [replace(each, field="route") for each in error.faults]
        for each in found:
            at = "rate" if each.field == "duration" and "duration" not in row.names else each.field
            self._fault(row, each.found, each.expected, each.remedy or "Check the dose and its unit.", at=at)
        return not found

    def _is_repeated(self, row: EventRow, made: Dose, stretch: Stretch) -> bool:
        """Whether the same dose stands in an earlier row at the same time, which is told."""
        key = made.drug, made.amount_mg, made.per_kg, made.route, made.duration_h, row.time_h
        first = stretch.given.setdefault(key, row.line)
        if first != row.line:
            remedy = "Leave one out; if both were given, state their sum in one row."
            self._fault(
                row, f"the same dose stands in row {first} already.", "Expected each dose once.", remedy, at="time"
            )
        return first != row.line

    def _close(self, stretch: Stretch, end: float) -> None:
        """Write out the additional doses of a stretch up to its end; a reset turns off those after it, lagged ones and infusions."""
        for made, interval, many in stretch.pending:
            times = [made.times_h[0] + interval * step for step in range(1, many + 1)]
            stretch.doses += [replace(made, times_h=(time,)) for time in times if time < end]
        stretch.pending = []
        cut = []
        for dose in stretch.doses:
            left = end - dose.times_h[0]
            if left < 0:
                continue
            if dose.duration_h > left > 0:
                dose = replace(dose, amount_mg=dose.amount_mg * left / dose.duration_h, duration_h=left)
            cut.append(dose)
        stretch.doses = cut
        stretch.placebo = [time for time in stretch.placebo if time < end]

    def _amount(self, row: EventRow) -> tuple[float | None, float]:
        """Amount and duration (h) of one dose, from AMT with RATE or DUR."""
        amount, rate, duration = (row.numbers.get(name, 0.0) for name in ("amount", "rate", "duration"))
        if rate in (MODELLED_RATE, MODELLED_DURATION):
            if duration > 0:
                return amount, duration
            found = f"{row.names['rate']} is {rate:g}: a rate or duration that a model estimates."
            expected = "Expected the rate of the infusion, or a column of durations."
            self._fault(row, found, expected, "Fill in RATE or DUR.", at="rate")
            return None, 0.0
        for name, value in (("amount", amount), ("rate", rate), ("duration", duration)):
            if value < 0:
                self._fault(row, f"{row.names[name]} is {value:g}.", "Expected a number from 0 on.", at=name)
        if min(amount, rate, duration) < 0:
            return None, 0.0
        if rate > 0 and duration > 0 and not math.isclose(rate * duration, amount, rel_tol=1e-3):
            found = f"rate x duration is {rate * duration:g}, the amount {amount:g}."
            self._fault(row, found, "Expected them to agree.", "Leave RATE or DUR out.", at="rate")
            return None, 0.0
        if amount == 0:
            found = "an infusion that never ends (AMT 0)." if rate > 0 else "a dose of nothing."
            remedy = "State the amount, or set EVID to 2."
            self._fault(row, found, "Expected an amount above 0.", remedy, at="amount")
            return None, 0.0
        return amount, amount / rate if rate > 0 else duration

    def _check_repeats(self, row: EventRow, interval: float, many: int, steady: int, amount: float | None) -> None:
        """Tell what ADDL, II and SS cannot mean together."""
        if many > 0 and interval <= 0:
            said = f"ADDL is {many}, and II is {interval:g}."
            self._fault(row, said, "Expected II above 0.", "State the interval.", at="addl")
        if many < 0:
            self._fault(row, "ADDL is negative.", "Expected the number of additional doses.", at="addl")
        if steady and interval <= 0 and amount is not None:
            expected = "Expected II above 0; a steady-state infusion cannot be stated here."
            said = f"SS is {steady}, and II is {interval:g}."
            self._fault(row, said, expected, "State the interval of the doses.", at="ss")
        if interval > 0 and many == 0 and not steady:
            said, expected = f"II is {interval:g} h, without ADDL or SS.", "Expected II only where doses repeat."
            self._fault(row, said, expected, "Set II to 0, or state ADDL.", at="ii")

    def _drug(self, row: EventRow) -> str | None:
        """The model's name of the drug of a dose."""
        stated = row.words.get("drug", "")
        if isinstance(self.mapping.drug, dict):
            code = stated if "drug" in row.names else row.words.get("cmt", "")
            stated = self.mapping.drug.get(code, stated)
        spoken = stated or (self.mapping.drug if isinstance(self.mapping.drug, str) else "")
        if not spoken:
            remedy = "Name the drug: a column `drug`, or `drug: ketamine` in a mapping file."
            self._fault(row, "the dose names no drug.", "Expected for instance ketamine.", remedy, at="drug")
            return None
        known = self.names.get(spoken.lower().replace("_", "-"))
        if known is None:
            remedy = nearest(spoken, self.names, "resprout describe drugs")
            self._fault(row, f"`{spoken}` is no drug here.", "Expected a drug of the model.", remedy, at="drug")
        return known

    def _route(self, row: EventRow) -> str | None:
        """The route of a dose: of its column, of its compartment, or that of all doses."""
        if self.model is None:
            return "iv"
        stated, told = row.words.get("route", ""), self.mapping.route
        if isinstance(told, dict):
            by_cmt = "" if "route" in row.names else told.get(row.words.get("cmt", ""), "")
            stated = stated or by_cmt
        spoken = stated or (told if isinstance(told, str) else "")
        if not spoken:
            remedy = "Add a column `route`, or `route: iv` or `route: {1: oral, 2: iv}` (by CMT) in a mapping file."
            self._fault(row, "the dose names no route.", "Expected for instance iv, nasal or oral.", remedy, at="route")
            return None
        known = ROUTES.get(spoken.lower())
        if known is None:
            expected = f"Expected one of {', '.join(dict.fromkeys(ROUTES.values()))}."
            self._fault(row, f"`{spoken}` is no route.", expected, nearest(spoken, ROUTES) or CORRECT_CELL, at="route")
        return known

    def _fault(self, row: EventRow, found: str, expected: str, remedy: str = CORRECT_CELL, *, at: str) -> None:
        self.faults.append(row.fault(found, expected, remedy, at=at))
