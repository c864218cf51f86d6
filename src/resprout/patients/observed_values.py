"""Rows of one person -> levels and ratings: endpoints named, units converted, items added up, impossible values told."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from resprout.dosing.dose_records import Dose
from resprout.errors import Fault, nearest
from resprout.language.drug_instances import library_drugs
from resprout.language.records import Model
from resprout.patients.data_mapping import DataMapping
from resprout.patients.dataset import LEVEL, RATING, Observation
from resprout.patients.event_rows import MISSING, EventRow, number_in

LEVELS = {
    "ketamine": "ketamine_venous",
    "norketamine": "norketamine_venous",
    "hydroxynorketamine": "hydroxynorketamine_plasma",
    "hnk": "hydroxynorketamine_plasma",
}
FURTHER_LEVELS = ("ketamine_arterial",)
NG_PER_ML = {"ng/ml": 1.0, "ug/l": 1.0, "mcg/l": 1.0, "µg/l": 1.0, "ug/ml": 1000.0, "mg/l": 1000.0, "pg/ml": 0.001}
UMOL_PER_L = {"umol/l": 1.0, "µmol/l": 1.0, "um": 1.0, "nmol/l": 0.001, "nm": 0.001}
LEAST_VOLUME_L, HEAVIEST_KG = 2.0, 200.0
"""Less than the plasma of an adult, and the weight of those whose weight is unknown: what a dose cannot exceed in plasma."""
SCORE_UNITS = ("", "point", "points", "score", "mmhg", "1")


@dataclass(frozen=True)
class Endpoints:
    """What can be observed: by spelling without marks, the endpoint; levels with their molar mass (g/mol); items by name."""

    spelt: Mapping[str, str]
    molar_mass: Mapping[str, float]
    items: Mapping[str, tuple[str, float]]


@functools.lru_cache(maxsize=8)
def endpoints_of(model: Model) -> Endpoints:
    """Every endpoint that a table may hold.

    model    whose outputs, scales and drugs are used
    returns  endpoints by name
    """
    spelt = {_plain(name): name for name in model.scales}
    mass = {}
    for word, output in LEVELS.items():
        if output in model.equations:
            spelt |= {_plain(word): output, _plain(output): output}
            mass[output] = model.nominal[f"{output.rpartition('_')[0]}_molar_mass"]
    for output in FURTHER_LEVELS:
        if output in model.equations:
            spelt[_plain(output)], mass[output] = output, model.nominal["ketamine_molar_mass"]
    for drug in library_drugs(model):
        if _plain(drug) in spelt or f"{drug}_central_volume" not in model.constants:
            continue
        spelt |= {_plain(drug): f"{drug}_plasma", _plain(f"{drug}_plasma"): f"{drug}_plasma"}
        mass[f"{drug}_plasma"] = model.nominal.get(f"{drug}_molar_mass", float("nan"))
    items = {row["item"]: (row["group"], float(row["highest"])) for row in model.tables.get("items", ())}
    return Endpoints(spelt, mass, items)


class ObservationReader:
    """Reads the observations of people; what is wrong goes to `faults`, what is left out to `left`."""

    def __init__(self, model: Model, mapping: DataMapping, faults: list[Fault], left: dict[str, list[int]]) -> None:
        self.model, self.mapping, self.faults, self.left = model, mapping, faults, left
        self.known = endpoints_of(model)

    def read(self, rows: list[tuple[EventRow, bool]], origin: float, doses: Sequence[Dose] = ()) -> list[Observation]:
        """The observations of one occasion.

        rows     with whether each follows a dose at its hour        origin   h   start of the occasion
        doses    of the occasion, on the table's clock
        returns  in order of time, items of a scale added up
        """
        found: dict[tuple[str, float, bool], Observation] = {}
        items: dict[tuple[float, bool], dict[str, tuple[float, EventRow]]] = {}
        for row, after in rows:
            name = self._endpoint(row)
            if name is None and row.words.get("value"):
                self._number(row, "value")
            if name is None or not self._has_value(row):
                continue
            if name in self.known.items and name not in self.model.scales:
                value = self._score(row, name, 0.0, self.known.items[name][1], 1.0)
                own = items.setdefault((row.time_h, after), {})
                if name in own:
                    said = f"{name} stands in row {own[name][1].line} already, at the same time."
                    self._fault(row, said, "Expected one value.", "Leave one out, or mark it with MDV 1.")
                elif value is not None:
                    own[name] = value, row
                continue
            made = self._observation(row, name, row.time_h - origin, after)
            if made is not None and self._is_possible(row, made, doses):
                self._add(found, made, row)
        for (time, after), scores in items.items():
            self._add_totals(found, scores, time - origin, after)
        return sorted(found.values(), key=lambda each: (each.time_h, each.after_dose))

    def _add(self, found: dict[tuple[str, float, bool], Observation], made: Observation, row: EventRow) -> None:
        """Keep an observation, unless there is one of the same endpoint at the same time."""
        key = made.endpoint, made.time_h, made.after_dose
        if key in found:
            said = f"{made.endpoint} stands in row {found[key].row} already, at the same time."
            self._fault(row, said, "Expected one value.", "Leave one out, or mark it with MDV 1.")
        else:
            found[key] = made

    def _endpoint(self, row: EventRow) -> str | None:
        """The endpoint of a row: of its column, as the mapping translates it, or that of all rows."""
        stated, told = row.words.get("endpoint", ""), self.mapping.endpoint
        if isinstance(told, dict):
            by_cmt = "" if "endpoint" in row.names else told.get(row.words.get("cmt", ""), "")
            stated = told.get(stated, stated) if stated else by_cmt
        name = stated or (told if isinstance(told, str) else "")
        if not name:
            remedy = "Add a column `endpoint`, or `endpoint: MADRS` or `endpoint: {1: ketamine, 2: MADRS}` (by DVID)."
            said = "the value names no endpoint."
            self._fault(row, said, "Expected a rating scale or a drug level.", remedy, at="endpoint")
            return None
        known = self.known.spelt.get(_plain(name)) or next(
            (item for item in self.known.items if item.lower() == name.lower()), None
        )
        if known is None:
            choices = [*self.model.scales, *LEVELS, *self.known.items]
            remedy = nearest(name, choices, "resprout describe scales")
            said = f"`{name}` is no rating scale and no level here."
            self._fault(row, said, "Expected a rating scale, one of its items or a drug level.", remedy, at="endpoint")
        return known

    def _has_value(self, row: EventRow) -> bool:
        """Whether a row has a value that counts; what has none is noted."""
        if row.numbers.get("mdv"):
            self.left.setdefault("marked as missing (MDV 1)", []).append(row.line)
            return False
        if "value" not in row.words and not row.numbers.get("below"):
            self.left.setdefault("no value: a visit or sample that was missed", []).append(row.line)
            return False
        return True

    def _observation(self, row: EventRow, name: str, time_h: float, after: bool) -> Observation | None:
        """One level or rating."""
        if name in self.known.molar_mass:
            return self._level(row, name, time_h, after)
        scale = self.model.scales[name]
        unit = row.words.get("unit", self.mapping.units.get(name, ""))
        if _unit(unit) not in SCORE_UNITS:
            said = f"{name} in `{unit}`."
            self._fault(row, said, f"Expected {scale.unit}s.", "Check the endpoint of the row.", at="unit")
            return None
        value = self._score(row, name, scale.lowest, scale.highest, scale.step)
        return None if value is None else Observation(name, RATING, time_h, value, False, after, row.line)

    def _score(self, row: EventRow, name: str, lowest: float, highest: float, step: float) -> float | None:
        """A score within the range of its scale or item, and a multiple of its step."""
        value = self._number(row, name)
        if value is None or row.words["value"].startswith("<"):
            if value is not None:
                said = f"{name} is `{row.words['value']}`."
                self._fault(row, said, "Expected a score, not a limit.", "State the score, or mark it with MDV 1.")
            return None
        if not lowest <= value <= highest or (value - lowest) % step:
            expected = f"Expected {lowest:g} to {highest:g} in steps of {step:g}."
            self._fault(row, f"{name} is {value:g}.", expected, "Check the score and the version of the scale.")
            return None
        return value

    def _level(self, row: EventRow, name: str, time_h: float, after: bool) -> Observation | None:
        """One level in ng/mL, or that it lies below a limit."""
        size = self._unit_size(row, name)
        text = row.words.get("value", "")
        below = bool(row.numbers.get("below")) or text.startswith("<")
        limit = row.numbers.get("lloq")
        value = limit
        if text and text not in MISSING:
            value = self._number(row, name)
            if value is None:
                return None
        if size is None:
            return None
        if value is not None and value < 0:
            self._fault(
                row, f"{name} is {value:g}.", "Expected a level from 0 on.", "Write what lies below the limit as `<2`."
            )
            return None
        if limit and below and text and value is not None and value > limit:
            said = f"{name} is {text}, and below its limit of {limit:g}."
            self._fault(row, said, "Expected one of them.", "Correct the mark, the level or the limit.")
            return None
        if limit is not None and limit > 0 and (below or (value or 0.0) < limit):
            value, below = limit, True
        if value is None or value <= 0:
            found = f"{name} is {'missing' if value is None else f'{value:g}'}, and its limit of quantification is not stated."
            self._fault(row, found, "Expected a level above 0.", "State LLOQ, or write the level as `<2`.")
            return None
        known = (limit if limit else value if below else math.nan) * size
        return Observation(name, LEVEL, time_h, value * size, below, after, row.line, known)

    def _is_possible(self, row: EventRow, made: Observation, doses: Sequence[Dose]) -> bool:
        """Whether a level is one of a drug that is given, and it or its limit below that of all doses in the least volume."""
        if made.kind != LEVEL or made.endpoint in FURTHER_LEVELS:
            return True
        if made.endpoint not in self.model.equations and not any(
            made.endpoint == f"{dose.drug}_plasma" for dose in doses
        ):
            said = f"a level of {made.endpoint} stands where no dose of the drug does."
            remedy = "Add its doses, or mark the level with MDV 1."
            self._fault(row, said, "Expected doses of the drug since the last reset.", remedy, at="endpoint")
            return False
        before = [dose for dose in doses if dose.times_h[0] <= row.time_h and dose.route != "inhaled"]
        given_mg = sum(dose.amount_mg * (HEAVIEST_KG if dose.per_kg else 1.0) for dose in before)
        most = given_mg * 1000 / LEAST_VOLUME_L
        if given_mg and made.value > most:
            said = f"{made.endpoint} is {made.value:,.6g} ng/mL after {given_mg:g} mg."
            expected = f"Expected at most {most:,.6g}, that of all doses in {LEAST_VOLUME_L:g} L."
            self._fault(
                row, said, expected, "Check the unit of the level.", at="unit" if "unit" in row.names else "value"
            )
            return False
        return True

    def _number(self, row: EventRow, name: str) -> float | None:
        """The number in the value of a row, also behind `<`."""
        text = row.words.get("value", "").lstrip("< ")
        return number_in(text, row.names["value"], row.place("value"), self.mapping.decimal, self.faults)

    def _unit_size(self, row: EventRow, name: str) -> float | None:
        """How many ng/mL one of a level's unit is."""
        spoken = next((word for word, output in LEVELS.items() if output == name), name)
        unit = row.words.get("unit") or self.mapping.units.get(name) or self.mapping.units.get(spoken)
        unit = unit or self.mapping.units.get("level") or self.mapping.units.get("value")
        if not unit:
            remedy = f"Add a column `unit`, or `units: {{{spoken}: ng/mL}}` in a mapping file."
            said, expected = f"the level of {name} has no unit.", "Expected for instance ng/mL or umol/L."
            self._fault(row, said, expected, remedy, at="unit" if "unit" in row.names else "value")
            return None
        plain = _unit(unit)
        if plain in UMOL_PER_L:
            return UMOL_PER_L[plain] * self.known.molar_mass[name]
        if plain not in NG_PER_ML:
            expected = "Expected ng/mL, ug/L, ug/mL, mg/L, umol/L or nmol/L."
            remedy = "Convert the level to one of these units."
            self._fault(row, f"`{unit}` is no unit of a level.", expected, remedy, at="unit")
            return None
        return NG_PER_ML[plain]

    def _add_totals(
        self,
        found: dict[tuple[str, float, bool], Observation],
        scores: Mapping[str, tuple[float, EventRow]],
        time_h: float,
        after: bool,
    ) -> None:
        """Add up the items of one visit to the longest scale that is complete; what belongs to none is noted."""
        left = set(scores)
        for scale in reversed(list(self.model.scales.values())):
            own = {name for name, (group, _) in self.known.items.items() if group in scale.groups}
            if own and own <= left:
                row = max((scores[name][1] for name in own), key=lambda each: each.line)
                total = scale.lowest + sum(scores[name][0] for name in own)
                self._add(found, Observation(scale.name, RATING, time_h, total, False, after, row.line), row)
                left -= own
        for name in left:
            self.left.setdefault("an item without all others of its scale at the visit", []).append(
                scores[name][1].line
            )

    def _fault(self, row: EventRow, found: str, expected: str, remedy: str, *, at: str = "value") -> None:
        self.faults.append(row.fault(found, expected, remedy, at=at))


def _plain(name: str) -> str:
    """A name without case and marks; HAM-D is the other usual name of HDRS."""
    return re.sub(r"[\s_\-]", "", name.lower()).replace("hamd", "hdrs")


def _unit(text: str) -> str:
    return text.lower().replace(" ", "").replace("μ", "µ").replace("mcg", "ug")
