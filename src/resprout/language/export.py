"""A checked model -> SBML Level 3 Version 2 that other programs run: constants of one patient, resting start, doses as events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import libsbml

from resprout.language.records import Model


@dataclass(frozen=True)
class Change:
    """One thing that happens at one hour: `name` becomes `value`, or grows by it if `adds`."""

    time_h: float
    name: str
    value: float
    adds: bool


def write_sbml(
    model: Model,
    *,
    constants: Mapping[str, float] | None = None,
    start: Mapping[str, float] | None = None,
    changes: Iterable[Change] = (),
) -> str:
    """The model of one patient as SBML text.

    constants   name -> value where it differs from the shipped one
    start       state -> value at hour 0; omitted states keep the model's first guess
    changes     doses and blocks, written as events
    returns     SBML Level 3 Version 2
    """
    document = libsbml.readSBMLFromString(model.sbml)
    document.setLevelAndVersion(3, 2, False, True)
    inner = document.getModel()
    inner.setName("resprout: dose, receptor, circuit, signal, spine, score")
    _annotate(inner, model)
    for name, value in {**(constants or {}), **(start or {})}.items():
        parameter = inner.getParameter(name)
        if parameter is not None:
            parameter.setValue(float(value))
    for number, (hour, group) in enumerate(_by_hour(changes)):
        _add_event(inner, number, hour, group)
    return libsbml.writeSBMLToString(document)


def _by_hour(changes: Iterable[Change]) -> list[tuple[float, list[Change]]]:
    hours: dict[float, list[Change]] = {}
    for change in changes:
        hours.setdefault(change.time_h, []).append(change)
    return sorted(hours.items())


def _add_event(inner: libsbml.Model, number: int, hour: float, group: list[Change]) -> None:
    event = inner.createEvent()
    event.setId(f"change_{number}")
    event.setName(f"at hour {hour:g}")
    event.setUseValuesFromTriggerTime(True)
    trigger = event.createTrigger()
    # false before the start, so that a dose at hour 0 is given
    trigger.setInitialValue(False)
    trigger.setPersistent(True)
    trigger.setMath(libsbml.parseL3Formula(f"time >= {float(hour)!r} hour"))
    for change in group:
        assignment = event.createEventAssignment()
        assignment.setVariable(change.name)
        unit = inner.getParameter(change.name).getUnits()
        amount = f"{float(change.value)!r} {unit}"
        assignment.setMath(libsbml.parseL3Formula(f"{change.name} + {amount}" if change.adds else amount))


def _annotate(inner: libsbml.Model, model: Model) -> None:
    """Write meaning, grade and source of every quantity into its notes."""
    for name, constant in model.constants.items():
        parameter = inner.getParameter(name)
        if parameter is not None:
            origin = f"{constant.grade}; source {constant.source or 'none'}; evidence {constant.evidence or 'none'}"
            _note(parameter, f"{constant.meaning} ({origin})")
    for name, equation in model.equations.items():
        _note(inner.getParameter(name), equation.meaning)


def _note(parameter: libsbml.Parameter, text: str) -> None:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    parameter.setNotes(f'<p xmlns="http://www.w3.org/1999/xhtml">{escaped}</p>')
