"""An SBML or Antimony file -> an ImportedModel that the engine takes: read, checked, refused by name or flattened."""

from __future__ import annotations

import functools
import hashlib
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import antimony
import libsbml

from resprout.errors import Fault, ModelError, first_faults, refuse_others
from resprout.exchange.file_limits import check_antimony_text, check_sbml_text, check_symbols
from resprout.exchange.formula_trees import Tree, names_in
from resprout.exchange.model_text import read_text
from resprout.exchange.sbml_flattening import Flat, as_amount, flatten
from resprout.exchange.sbml_units import amount_unit, time_unit, unit_of
from resprout.exchange.submodels import check_submodels, external_texts, has_submodels, location, write_out_submodels
from resprout.exchange.unsupported_sbml import LIMITS, refusals
from resprout.language.ordering import sort_assigned
from resprout.language.records import Constant, DoseTarget, Equation, ImportedModel

SBML_SUFFIXES, ANTIMONY_SUFFIXES = (".xml", ".sbml"), (".ant", ".txt")
_LINE = re.compile(r"(?:[Ee]rror in model string, )?line (\d+)[:,]?\s*")
_SECOND = re.compile(r"(.*(?:=|->).*?[\w)])\s+([A-Za-z_]\w*\s*(?::?=|'\s*=|:).*)$")
"""A statement of Antimony followed by the name and sign of a second one, without `;` between them."""
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f]")
_REQUIRED = re.compile(r"\b([\w.-]+):required\s*=\s*[\"'](?:true|1)[\"']")
EXPECTED = "Expected an SBML file (.xml, .sbml) or an Antimony file (.ant, .txt)."


def import_model(file: str | Path) -> ImportedModel:
    """The model in an SBML or Antimony file.

    file      path of an SBML (.xml, .sbml) or Antimony (.ant, .txt) file
    returns   the checked model; `rs.simulate_imported` follows it from its initial values
    raises    ModelError with every fault found, each with the line in an SBML file
    """
    refuse_others(("file", file, isinstance(file, str | Path), "the path of an SBML or Antimony file"))
    path = Path(file)
    if path.suffix.lower() not in (*SBML_SUFFIXES, *ANTIMONY_SUFFIXES):
        raise ModelError(Fault(f"`{path.name}` has no suffix known here.", "", EXPECTED))
    written = path.suffix.lower() in SBML_SUFFIXES
    text = read_text(path, xml=written)
    # Antimony's reader does not come back from some of these
    if _CONTROL.search(text):
        raise ModelError(Fault("the file holds characters that are no text.", path.name, EXPECTED))
    return _read(str(path), text, external_texts(path, text) if written else ())


def import_text(text: str, file: str) -> ImportedModel:
    """The model in SBML text that was made of a file.

    text    SBML of any supported level        file   path of the file, for messages
    raises  ModelError with every fault found
    """
    return _read(str(Path(file).with_suffix(SBML_SUFFIXES[0])), text, ())


@functools.lru_cache(maxsize=16)
def _read(path: str, text: str, beside: tuple[tuple[str, str], ...]) -> ImportedModel:
    """`beside` holds what is read of other files, so that another text of theirs is another model."""
    name = Path(path).name
    written = Path(path).suffix.lower() in SBML_SUFFIXES
    (check_sbml_text if written else check_antimony_text)(text, name)
    document = libsbml.readSBMLFromString(text if written else _from_antimony(name, text))
    document.setLocationURI(location(path))

    def place(element: libsbml.SBase) -> str:
        return f"{name}:{element.getLine()}" if written and element.getLine() else name

    if document.getModel() is not None:
        check_symbols(document.getModel(), name)
        if has_submodels(document):
            check_submodels(document, name)
    faults = _unsound(document, name, written)
    if document.getModel() is None and not faults:
        faults.append(Fault("there is no model in the file.", name, EXPECTED))
    faults = faults or _unknown_packages(document, text, name)
    if not faults and has_submodels(document):
        write_out_submodels(document, name)
        check_symbols(document.getModel(), name)
    faults = faults or refusals(document, place)
    if faults:
        raise ModelError(*first_faults(faults, name))
    time = time_unit(document)
    original = str(libsbml.writeSBMLToString(document))
    _to_newest(document, name)
    title = document.getModel().getName() or document.getModel().getId() or Path(path).stem
    flat = flatten(document, name)
    clock = flat.clock if flat.clock in flat.rate else ""
    told = {"name": title, "time_unit": time.name, "hours_per_unit": time.hours, "time_note": time.note}
    told |= {"clock": clock, "original": original}
    return _as_model(flat, path, told)


def _to_newest(document: libsbml.SBMLDocument, name: str) -> None:
    """Change a document into one of Level 3 Version 2."""
    first = document.getLevel() == 1
    if (document.getLevel(), document.getVersion()) != (3, 2) and not document.setLevelAndVersion(3, 2, False):
        raise ModelError(Fault("the file cannot be read as SBML Level 3 Version 2.", name, EXPECTED))
    model = document.getModel()
    # Level 1 does not say what is constant, and libSBML takes what no rule names as such
    for rule in model.getListOfRules() if first else ():
        for read in names_in(rule.getMath()) if rule.isAlgebraic() else ():
            if model.getParameter(read) is not None:
                model.getParameter(read).setConstant(False)


def _from_antimony(name: str, text: str) -> str:
    antimony.clearPreviousLoads()
    if antimony.loadAntimonyString(text) < 0:
        message = antimony.getLastError().strip()
        found = _LINE.search(message)
        where = f"{name}:{found.group(1)}" if found else name
        said = _LINE.sub("", message, count=1).rstrip(".")
        if found and (two := _two_statements(text.splitlines()[int(found.group(1)) - 1])):
            told = f"`{' '.join(two)}` holds two statements."
            raise ModelError(Fault(told, where, "Expected `;` between statements.", f"Try `{'; '.join(two)}`."))
        raise ModelError(Fault(f"{said:.300}.", where, "Expected an Antimony model.", LIMITS))
    return str(antimony.getSBMLString(antimony.getMainModuleName()))


def _two_statements(line: str) -> tuple[str, str] | None:
    """Two statements of a line of Antimony between which `;` is missing, if there are such."""
    for part in line.partition("//")[0].split(";"):
        if found := _SECOND.match(part):
            return found.group(1).strip(), found.group(2).strip()
    return None


def _unsound(document: libsbml.SBMLDocument, name: str, written: bool) -> list[Fault]:
    """What libSBML calls an error; units and good practice are the owner's affair."""
    if not document.getNumErrors(libsbml.LIBSBML_SEV_ERROR) and not document.getNumErrors(libsbml.LIBSBML_SEV_FATAL):
        document.setConsistencyChecks(libsbml.LIBSBML_CAT_UNITS_CONSISTENCY, False)
        document.setConsistencyChecks(libsbml.LIBSBML_CAT_MODELING_PRACTICE, False)
        document.checkConsistency()
    faults = []
    for error in (document.getError(index) for index in range(document.getNumErrors())):
        # a unit that is not there is as good as one that is not checked
        about_units = error.getErrorId() in (libsbml.DanglingUnitSIdRef, libsbml.DanglingUnitReference)
        if error.getSeverity() in (libsbml.LIBSBML_SEV_ERROR, libsbml.LIBSBML_SEV_FATAL) and not about_units:
            where = f"{name}:{error.getLine()}" if written and error.getLine() else name
            faults.append(Fault(" ".join(error.getMessage().split()), where, "Sound SBML was expected."))
    return faults


def _unknown_packages(document: libsbml.SBMLDocument, text: str, name: str) -> list[Fault]:
    known = {document.getPlugin(index).getPrefix() for index in range(document.getNumPlugins())}
    head = text[: text.find("<model")] if "<model" in text else ""
    return [
        Fault(f"the SBML package `{prefix}` is not supported.", name, "An ordinary ODE model was expected.", LIMITS)
        for prefix in dict.fromkeys(_REQUIRED.findall(head))
        if prefix not in known
    ]


def _as_model(flat: Flat, path: str, told: dict[str, Any]) -> ImportedModel:
    if not flat.element:
        raise ModelError(Fault("there is nothing in the model.", Path(path).name, EXPECTED))
    faults = [
        Fault(
            f"`{name}` has no value to begin with.", Path(path).name, "A value or an initial assignment was expected."
        )
        for name in flat.start
        if flat.start[name] is None
    ]
    constants = {name: _constant(flat, name, path) for name in flat.constants}
    equations = [
        _equation(flat, name, kind, tree, path)
        for kind, trees in (("state", flat.rate), ("assigned", flat.assigned))
        for name, tree in trees.items()
    ]
    ordered = [replace(e, reads=_reads(flat, e)) for e in equations]
    ordered = sort_assigned(ordered, faults)
    if faults:
        raise ModelError(*faults)
    sbml = _write(flat, told["name"])
    return ImportedModel(
        **told,
        file=path,
        constants=constants,
        states=tuple(equation for equation in ordered if equation.kind == "state"),
        assigned=tuple(equation for equation in ordered if equation.kind == "assigned"),
        sbml=sbml,
        digest=hashlib.sha256(sbml.encode()).hexdigest()[:16],
        event_count=len(flat.events),
        dose_targets=_dose_targets(flat),
    )


def _dose_targets(flat: Flat) -> dict[str, DoseTarget]:
    """What doses change, by the name that they are given into: every state but the clock and sizes of compartments."""
    spoken = {amount: name for name, (amount, _) in flat.held.items()}
    found = {}
    for state in flat.rate:
        element = flat.element.get(state)
        if element is None or isinstance(element, libsbml.Compartment):
            continue
        counts = state in spoken or not isinstance(element, libsbml.Species) or as_amount(element.getModel(), element)
        size = "" if counts else element.getCompartment()
        found[spoken.get(state, state)] = DoseTarget(state, size, *amount_unit(element))
    return found


def _constant(flat: Flat, name: str, path: str) -> Constant:
    start = flat.start[name]
    value, element = start if isinstance(start, float) else float("nan"), flat.element[name]
    told: dict[str, Any] = {
        "unit": unit_of(element),
        "meaning": element.getName(),
        "file": Path(path).name,
        "role": "constant",
    }
    empty: dict[str, Any] = dict.fromkeys(("spread", "shared", "source", "grade", "evidence"), "")
    return Constant(name=name, value=value, stage=0, line=int(element.getLine()), **empty, **told)


def _equation(flat: Flat, name: str, kind: str, tree: Tree, path: str) -> Equation:
    element, start = flat.element.get(name), flat.start.get(name)
    return Equation(
        name=name,
        kind=kind,
        text=libsbml.formulaToL3String(tree),
        unit=unit_of(element) if element is not None else "",
        stage=0,
        meaning=element.getName() if element is not None else flat.told[name],
        file=Path(path).name,
        line=element.getLine() if element is not None else 0,
        start=start if isinstance(start, float) else 0.0,
    )


def _reads(flat: Flat, equation: Equation) -> tuple[str, ...]:
    names: dict[str, None] = {}
    waiting = [(flat.rate if equation.kind == "state" else flat.assigned)[equation.name]]
    while waiting:
        tree = waiting.pop()
        if tree.getType() == libsbml.AST_NAME:
            names[tree.getName()] = None
        waiting += [tree.getChild(index) for index in range(tree.getNumChildren())]
    return tuple(names)


def _write(flat: Flat, title: str) -> str:
    """The flattened model as SBML Level 3 Version 2."""
    document = libsbml.SBMLDocument(3, 2)
    model = document.createModel()
    model.setId("imported")
    model.setName(title)
    for name in (*flat.constants, *flat.rate, *flat.assigned):
        parameter, start = model.createParameter(), flat.start.get(name)
        parameter.setId(name)
        parameter.setConstant(name in flat.constants)
        if isinstance(start, float):
            parameter.setValue(start)
        elif start is not None:
            given = model.createInitialAssignment()
            given.setSymbol(name)
            given.setMath(start)
    for create, trees in ((model.createRateRule, flat.rate), (model.createAssignmentRule, flat.assigned)):
        for name, tree in trees.items():
            rule = create()
            rule.setVariable(name)
            rule.setMath(tree)
    for number, (event, changes) in enumerate(flat.events):
        _write_event(model, event, changes, number)
    return str(libsbml.writeSBMLToString(document))


def _write_event(model: libsbml.Model, event: libsbml.Event, changes: list[tuple[str, Tree]], number: int) -> None:
    made, trigger = model.createEvent(), event.getTrigger()
    made.setId(event.getId() or f"event_{number}")
    made.setUseValuesFromTriggerTime(event.getUseValuesFromTriggerTime())
    copy = made.createTrigger()
    copy.setInitialValue(trigger.getInitialValue())
    copy.setPersistent(trigger.getPersistent())
    copy.setMath(trigger.getMath())
    for create, part in ((made.createDelay, event.getDelay()), (made.createPriority, event.getPriority())):
        if part is not None and part.isSetMath():
            create().setMath(part.getMath())
    for name, tree in changes:
        change = made.createEventAssignment()
        change.setVariable(name)
        change.setMath(tree)
