"""Statements and constants -> one SBML document: writes the Antimony model, has libSBML check every unit, maps each complaint to its line."""

from __future__ import annotations

import re

import antimony
import libsbml

from resprout.errors import Fault, ModelError
from resprout.language.records import Constant, Equation, Model
from resprout.language.stages import Statement, parse_statements

_ANTIMONY_PLACE = re.compile(r"line (\d+)[:,]?\s*")


def model_sbml(model: Model) -> str:
    """The whole model as SBML Level 3 text, units included.

    raises   ModelError if Antimony cannot read it
    """
    faults: list[Fault] = []
    document = _document(model, faults)
    if document is None:
        raise ModelError(*faults)
    return str(libsbml.writeSBMLToString(document))


def unit_faults(model: Model) -> list[Fault]:
    """What Antimony cannot read, and every unit that libSBML finds inconsistent, each with its line."""
    faults: list[Fault] = []
    document = _document(model, faults)
    return faults if document is None else _check(document, {**model.constants, **model.equations})


def _document(model: Model, faults: list[Fault]) -> libsbml.SBMLDocument | None:
    functions = parse_statements(model.functions, "functions.ant")
    units = parse_statements(model.units, "units.ant")
    equations = [*model.states, *model.assigned]
    read = {name for equation in equations for name in equation.reads}
    constants = {name: constant for name, constant in model.constants.items() if name in read}
    lines = [*functions, *_model_lines(model.name, units, equations, constants)]
    antimony.clearPreviousLoads()
    if antimony.loadAntimonyString("\n".join(f"{line.text};" if line.file else line.text for line in lines)) < 0:
        faults.append(_antimony_fault(antimony.getLastError(), lines))
        return None
    document = libsbml.readSBMLFromString(antimony.getSBMLString(model.name))
    _complete(document, constants)
    return document


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
