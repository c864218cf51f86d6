"""The units of an SBML document: its unit of time in hours, by meaning and not by name, and the unit of each quantity in words."""

from __future__ import annotations

from dataclasses import dataclass

import libsbml

SECONDS_PER_HOUR = 3600.0
PLAIN_NAMES = {"second": 1.0, "minute": 60.0, "min": 60.0, "hour": 3600.0, "h": 3600.0, "day": 86400.0}
"""Seconds in units whose name says all; `s` behind them is let go."""
COUNTED_AS_HOURS = "counted as hours"


@dataclass(frozen=True)
class TimeUnit:
    """A document's unit of time.

    name    as messages say it; empty if nothing declares one        hours   h   in one of it
    note    where it comes from, for people
    """

    name: str
    hours: float
    note: str


def time_unit(document: libsbml.SBMLDocument) -> TimeUnit:
    """The unit of time that a document declares, in whatever spelling; what declares none counts as an hour.

    document   a sound one of Level 2 or 3
    """
    model, declared = document.getModel(), "time"
    if document.getLevel() > 2:
        declared = model.getTimeUnits()
        if not declared:
            return TimeUnit("", 1.0, f"not declared, {COUNTED_AS_HOURS}")
    elif model.getUnitDefinition("time") is None:
        return TimeUnit("second", 1 / SECONDS_PER_HOUR, "second, the unit of Level 2 where a file declares none")
    definition = model.getUnitDefinition(declared)
    seconds = 1.0 if declared == "second" else _seconds(definition)
    if seconds is None:
        return TimeUnit("", 1.0, f"`{declared}` is declared, which is no unit of time: {COUNTED_AS_HOURS}")
    named = definition.getName() if definition is not None else ""
    size = f"{seconds:g} s"
    name = named or (declared if declared != "time" else size)
    note = name if name == size or PLAIN_NAMES.get(name.rstrip("s").lower()) == seconds else f"{name}, of {size}"
    return TimeUnit(name, seconds / SECONDS_PER_HOUR, note)


def _seconds(definition: libsbml.UnitDefinition | None) -> float | None:
    """Seconds in a unit, reduced to the base units of the SI; None if it is no time."""
    if definition is None or not definition.getNumUnits():
        return None
    reduced = libsbml.UnitDefinition.convertToSI(definition)
    libsbml.UnitDefinition.simplify(reduced)
    if reduced.getNumUnits() != 1:
        return None
    unit = reduced.getUnit(0)
    if unit.getKind() != libsbml.UNIT_KIND_SECOND or unit.getExponentAsDouble() != 1:
        return None
    seconds = unit.getMultiplier() * 10.0 ** unit.getScale()
    return seconds if 0 < seconds < float("inf") else None


def amount_unit(element: libsbml.SBase) -> tuple[str, str, float]:
    """The unit in which amounts of a quantity are counted: as the document names it, what it measures, and its size.

    element   a species, or anything else with a unit
    returns   name, `kilogram` or `mole` (else empty), and how many of them it is
    """
    model = element.getModel()
    if isinstance(element, libsbml.Species):
        name = element.getSubstanceUnits() or model.getSubstanceUnits()
    else:
        name = unit_of(element)
    definition = model.getUnitDefinition(name) if name else None
    if name and definition is None:
        definition = libsbml.UnitDefinition(3, 2)
        unit = definition.createUnit()
        unit.initDefaults()
        unit.setKind(libsbml.UnitKind_forName(name))
    if definition is None or not definition.getNumUnits():
        return name, "", 1.0
    spoken = definition.getName() or name
    reduced = libsbml.UnitDefinition.convertToSI(definition)
    libsbml.UnitDefinition.simplify(reduced)
    if reduced.getNumUnits() != 1 or reduced.getUnit(0).getExponentAsDouble() != 1:
        return spoken, "", 1.0
    unit = reduced.getUnit(0)
    kinds = {libsbml.UNIT_KIND_KILOGRAM: "kilogram", libsbml.UNIT_KIND_MOLE: "mole"}
    size = unit.getMultiplier() * 10.0 ** unit.getScale()
    return (spoken, kinds[unit.getKind()], size) if unit.getKind() in kinds and size > 0 else (spoken, "", 1.0)


def unit_of(element: libsbml.SBase) -> str:
    """The unit of a quantity, as the document names it or as the model's own units have it."""
    model = element.getModel()
    if isinstance(element, libsbml.Species):
        amount = element.getSubstanceUnits() or model.getSubstanceUnits() or "substance"
        home = model.getCompartment(element.getCompartment())
        if element.getHasOnlySubstanceUnits() or home is None:
            return amount
        return f"{amount}/{unit_of(home) or 'size'}"
    if isinstance(element, libsbml.Compartment):
        return element.getUnits() or _size_unit(element, model)
    if isinstance(element, libsbml.Reaction):
        extent, time = model.getExtentUnits(), model.getTimeUnits()
        return f"{extent}/{time}" if extent and time else ""
    return element.getUnits() if hasattr(element, "getUnits") else ""


def _size_unit(home: libsbml.Compartment, model: libsbml.Model) -> str:
    if not home.isSetSpatialDimensions():
        return ""
    by_dimensions = {3: model.getVolumeUnits, 2: model.getAreaUnits, 1: model.getLengthUnits}
    found = by_dimensions.get(int(home.getSpatialDimensions()))
    return found() if found else ""
