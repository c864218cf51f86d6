"""The SBML model of a PEtab problem -> an imported model whose time may begin anywhere, and what its species are held as."""

from __future__ import annotations

import functools
from pathlib import Path

import libsbml

from resprout.exchange.file_limits import check_sbml_text
from resprout.exchange.formula_trees import Tree, combined, named
from resprout.exchange.imported_model import import_text
from resprout.exchange.model_text import read_text
from resprout.language.records import ImportedModel

BEGINNING = "petab_time_of_period"
"""Constant that is added to the model's time: when the period began that is run."""


def petab_model(file: Path) -> ImportedModel:
    """The model of a problem.

    file    SBML, whatever it is called
    raises  ModelError with every fault found
    """
    text = read_text(file, xml=True)
    check_sbml_text(text, file.name)
    return import_text(_with_beginning(text), str(file))


def _with_beginning(text: str) -> str:
    """The same SBML with `time` replaced by `time + petab_time_of_period` wherever it is read."""
    document = libsbml.readSBMLFromString(text)
    model = document.getModel()
    if model is None or document.getNumErrors(libsbml.LIBSBML_SEV_ERROR) or "symbols/time" not in text:
        return text
    properties = libsbml.ConversionProperties()
    properties.addOption("expandFunctionDefinitions", True)
    document.convert(properties)
    elements = model.getListOfAllElements()
    for element in (elements.get(index) for index in range(elements.getSize())):
        if hasattr(element, "setMath") and element.getMath() is not None:
            element.setMath(_shifted(element.getMath()))
    begin = model.createParameter()
    begin.setId(BEGINNING)
    begin.setConstant(True)
    begin.setValue(0.0)
    return str(libsbml.writeSBMLToString(document))


def _shifted(tree: Tree) -> Tree:
    """A copy of a formula in which the beginning of the period is added to every `time`."""
    if tree.getType() == libsbml.AST_NAME_TIME:
        return combined(libsbml.AST_PLUS, tree, named(BEGINNING))
    copy = tree.deepCopy()
    waiting = [copy]
    while waiting:
        part = waiting.pop()
        for index in range(part.getNumChildren()):
            child = part.getChild(index)
            if child.getType() == libsbml.AST_NAME_TIME:
                part.replaceChild(index, combined(libsbml.AST_PLUS, child, named(BEGINNING)), True)
            else:
                waiting.append(child)
    return copy


@functools.lru_cache(maxsize=16)
def held_as_amounts(model: ImportedModel) -> dict[str, tuple[str, str]]:
    """Concentrations whose amount is the state of the flattened model: name -> (state, size of the compartment)."""
    flat = libsbml.readSBMLFromString(model.sbml)
    own = libsbml.readSBMLFromString(model.original)
    states = {equation.name for equation in model.states}
    found = {}
    for equation in model.assigned:
        tree = flat.getModel().getRule(equation.name).getMath()
        if tree.getType() != libsbml.AST_DIVIDE or tree.getNumChildren() != 2:
            continue
        amount, size = tree.getChild(0), tree.getChild(1)
        names = amount.getName(), size.getName()
        made_here = names[0] in states and own.getModel().getElementBySId(names[0]) is None
        if amount.isName() and size.isName() and made_here:
            found[equation.name] = names
    return found
