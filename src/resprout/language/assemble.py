"""Statements and constants -> one SBML document: writes the Antimony model, has libSBML check every unit, maps each complaint to its line."""

from __future__ import annotations

import re
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import antimony
import libsbml

from resprout.errors import Fault, nearest
from resprout.language.records import Constant, Equation
from resprout.language.stages import Statement, read_statements

_ANTIMONY_PLACE = re.compile(r"line (\d+)[:,]?\s*")
_WORD = re.compile(r"[A-Za-z_]\w*")
KNOWN_FUNCTIONS = frozenset({"exp", "ln", "sqrt"})


def to_sbml(
    folder: Path,
    name: str,
    equations: list[Equation],
    constants: dict[str, Constant],
    faults: list[Fault],
    check: bool = True,
) -> str:
    """The SBML text of a model, or an empty string if Antimony cannot read it; with `check`, units are checked."""
    functions = read_statements(folder / "functions.ant", faults)
    units = read_statements(folder / "units.ant", faults)
    lines = [*functions, *_model_lines(name, units, equations, constants)]
    antimony.clearPreviousLoads()
    if antimony.loadAntimonyString("\n".join(f"{line.text};" if line.file else line.text for line in lines)) < 0:
        faults.append(_antimony_fault(antimony.getLastError(), lines))
        return ""
    document = libsbml.readSBMLFromString(antimony.getSBMLString(name))
    _complete(document, constants)
    if check:
        faults.extend(_check(document, {**constants, **{equation.name: equation for equation in equations}}))
    return libsbml.writeSBMLToString(document)


def _model_lines(
    name: str, units: list[Statement], equations: list[Equation], constants: dict[str, Constant]
) -> list[Statement]:
    def generated(text: str) -> Statement:
        return Statement(text, "", "", 0)

    signs = {"state": "' =", "assigned": " :="}
    lines = [generated(f"model {name}()"), *units]
    lines += [Statement(f"{e.name}{signs[e.kind]} {e.text}", "", e.file, e.line) for e in equations]
    lines += [generated(f"{e.name} = {e.start!r};") for e in equations if e.kind == "state"]
    lines += [Statement(f"{e.name} has {e.unit}", "", e.file, e.line) for e in equations]
    for constant in constants.values():
        lines.append(Statement(f"{constant.name} = {constant.value!r}", "", constant.file, constant.line))
        lines.append(Statement(f"{constant.name} has {constant.unit}", "", constant.file, constant.line))
    return [*lines, generated("end")]


def _antimony_fault(message: str, lines: list[Statement]) -> Fault:
    found = _ANTIMONY_PLACE.search(message)
    place = ""
    if found:
        index = int(found.group(1)) - 1
        place = lines[index].place if 0 <= index < len(lines) and lines[index].file else ""
        message = message[found.end() :]
    return Fault(message.strip().rstrip(".") + ".", place, "Expected an Antimony statement.")


def _complete(document: libsbml.SBMLDocument, constants: dict[str, Constant]) -> None:
    model = document.getModel()
    model.setTimeUnits("hour")
    for name, constant in constants.items():
        parameter = model.getParameter(name)
        if parameter is not None and constant.role == "input":
            parameter.setConstant(False)
    for index in range(model.getNumRules()):
        _mark_pure(model.getRule(index).getMath())
    for index in range(model.getNumFunctionDefinitions()):
        _mark_pure(model.getFunctionDefinition(index).getMath())


def _mark_pure(tree: libsbml.ASTNode) -> None:
    if tree.isNumber() and not tree.isSetUnits():
        tree.setUnits("dimensionless")
    for index in range(tree.getNumChildren()):
        _mark_pure(tree.getChild(index))


def _check(document: libsbml.SBMLDocument, known: dict[str, Constant | Equation]) -> list[Fault]:
    document.setConsistencyChecks(libsbml.LIBSBML_CAT_MODELING_PRACTICE, False)
    document.checkConsistency()
    faults = []
    for index in range(document.getNumErrors()):
        error = document.getError(index)
        if error.getSeverity() < libsbml.LIBSBML_SEV_WARNING:
            continue
        message = " ".join(error.getMessage().split())
        names = [word for word in re.findall(r"'(\w+)'", message) if word in known]
        place = f"{known[names[0]].file}:{known[names[0]].line}" if names else ""
        faults.append(Fault(message, place))
    return faults


def with_reads(
    equations: list[Equation], constants: dict[str, Constant], functions: set[str], faults: list[Fault]
) -> list[Equation]:
    """Equations with the names they read; a name that is defined nowhere is a fault."""
    known = {equation.name for equation in equations} | set(constants)
    complete = []
    for equation in equations:
        words = dict.fromkeys(_WORD.findall(re.sub(r"\b\d+\.?\d*[eE][-+]?\d+", "", equation.text)))
        for word in words:
            if word not in known and word not in functions and word not in KNOWN_FUNCTIONS:
                faults.append(
                    Fault(
                        f"`{equation.name}` reads `{word}`, which is defined nowhere.",
                        f"{equation.file}:{equation.line}",
                        remedy=nearest(word, known),
                    )
                )
        complete.append(replace(equation, reads=tuple(word for word in words if word in known)))
    return complete


def sort_assigned(equations: list[Equation], faults: list[Fault]) -> list[Equation]:
    """States, then assigned quantities in an order in which they can be computed."""
    assigned = {equation.name: equation for equation in equations if equation.kind == "assigned"}
    sorter = TopologicalSorter(
        {name: [r for r in equation.reads if r in assigned] for name, equation in assigned.items()}
    )
    try:
        order = list(sorter.static_order())
    except CycleError as loop:
        names = loop.args[1]
        first = assigned[names[0]]
        faults.append(Fault(f"these quantities define each other: {' <- '.join(names)}.", f"{first.file}:{first.line}"))
        order = list(assigned)
    states = [equation for equation in equations if equation.kind == "state"]
    return [*states, *(assigned[name] for name in order)]
