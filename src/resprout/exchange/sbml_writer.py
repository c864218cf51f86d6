"""A checked model -> SBML Level 3 Version 2 that other programs run: constants of one patient, steady-state start, doses as events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from xml.sax.saxutils import escape

import libsbml

from resprout.language.bibliography import citation
from resprout.language.records import Model

CONTINUOUS_FRAMEWORK, SYSTEM_PARAMETER = 293, 2
ROLES = {"umol": 360, "uM": 196}
"""Terms of the Systems Biology Ontology by unit: quantity and concentration of an entity pool."""
_BIOLOGICAL = {
    "is": libsbml.BQB_IS,
    "isVersionOf": libsbml.BQB_IS_VERSION_OF,
    "hasVersion": libsbml.BQB_HAS_VERSION,
    "isPartOf": libsbml.BQB_IS_PART_OF,
    "isPropertyOf": libsbml.BQB_IS_PROPERTY_OF,
    "isDescribedBy": libsbml.BQB_IS_DESCRIBED_BY,
    "hasTaxon": libsbml.BQB_HAS_TAXON,
}


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
    for name, value in {**model.nominal, **(constants or {}), **(start or {})}.items():
        parameter = inner.getParameter(name)
        if parameter is not None:
            parameter.setValue(float(value))
    for number, (hour, group) in enumerate(_by_hour(changes)):
        _add_event(inner, number, hour, group)
    return str(libsbml.writeSBMLToString(document))


def _by_hour(changes: Iterable[Change]) -> list[tuple[float, list[Change]]]:
    hours: dict[float, list[Change]] = {}
    for change in changes:
        hours.setdefault(change.time_h, []).append(change)
    return sorted(hours.items())


def timed_event(inner: libsbml.Model, number: int, trigger_text: str) -> libsbml.Event:
    """A new event that happens once, when its trigger comes true; false before the start, so that hour 0 is seen."""
    event = inner.createEvent()
    event.setId(f"change_{number}")
    event.setUseValuesFromTriggerTime(True)
    trigger = event.createTrigger()
    trigger.setInitialValue(False)
    trigger.setPersistent(True)
    trigger.setMath(libsbml.parseL3Formula(trigger_text))
    return event


def _add_event(inner: libsbml.Model, number: int, hour: float, group: list[Change]) -> None:
    event = timed_event(inner, number, f"time >= {float(hour)!r} hour")
    event.setName(f"at hour {hour:g}")
    for change in _joined(group):
        assignment = event.createEventAssignment()
        assignment.setVariable(change.name)
        unit = inner.getParameter(change.name).getUnits()
        amount = f"{float(change.value)!r} {unit}"
        assignment.setMath(libsbml.parseL3Formula(f"{change.name} + {amount}" if change.adds else amount))


def _joined(group: Iterable[Change]) -> list[Change]:
    """One change of each name, because an event assigns a variable once: what is added is summed, what sets it replaces what came before."""
    joined: dict[str, Change] = {}
    for change in group:
        before = joined.get(change.name)
        if before is not None and change.adds:
            change = replace(change, value=before.value + change.value, adds=before.adds)
        joined[change.name] = change
    return list(joined.values())


def _annotate(inner: libsbml.Model, model: Model) -> None:
    """Say of every quantity what it means, how it is known and which catalogues have it."""
    sources = {entry["key"]: entry for entry in model.tables.get("sources", ())}
    inner.setMetaId("model")
    inner.setSBOTerm(CONTINUOUS_FRAMEWORK)
    for name, constant in model.constants.items():
        parameter = inner.getParameter(name)
        if parameter is None:
            continue
        parameter.setMetaId(f"meta_{name}")
        parameter.setSBOTerm(_role(constant.unit))
        keys = constant.source.split()
        lines = [f"{constant.meaning} ({constant.grade}; evidence {constant.evidence or 'none'})"]
        lines += [f"Source: {citation(sources[key])}" for key in keys if key in sources]
        _note(parameter, lines)
        for key in keys:
            if sources.get(key, {}).get("doi"):
                _link(parameter, "isDescribedBy", f"doi:{sources[key]['doi']}")
    for name, equation in model.equations.items():
        parameter = inner.getParameter(name)
        parameter.setMetaId(f"meta_{name}")
        parameter.setSBOTerm(_role(equation.unit))
        _note(parameter, [equation.meaning])
    for row in model.tables.get("annotations", ()):
        element = inner if row["name"] == "model" else inner.getParameter(row["name"])
        if element is not None:
            _link(element, row["qualifier"], row["id"])


def _role(unit: str) -> int:
    return ROLES.get(unit, SYSTEM_PARAMETER)


def _link(element: libsbml.SBase, qualifier: str, identifier: str) -> None:
    """Point to an entry of a public catalogue."""
    term = libsbml.CVTerm(libsbml.BIOLOGICAL_QUALIFIER)
    term.setBiologicalQualifierType(_BIOLOGICAL[qualifier])
    term.addResource(f"https://identifiers.org/{identifier}")
    element.addCVTerm(term, True)


def _note(element: libsbml.SBase, lines: list[str]) -> None:
    paragraphs = "".join(f'<p xmlns="http://www.w3.org/1999/xhtml">{escape(line)}</p>' for line in lines)
    element.setNotes(paragraphs)
