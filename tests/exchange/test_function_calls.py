"""Functions written out as libSBML's own converter writes them out."""

from __future__ import annotations

import libsbml
import pytest

from resprout.exchange.function_calls import write_out_functions

CORE = "http://www.sbml.org/sbml/level3/version2/core"
MODEL = """<?xml version="1.0" encoding="UTF-8"?><sbml xmlns="{core}" level="3" version="2"><model id="m">
<listOfFunctionDefinitions>{functions}</listOfFunctionDefinitions>
<listOfCompartments><compartment id="C" size="1" constant="true"/></listOfCompartments>
<listOfSpecies><species id="S" compartment="C" initialAmount="1" hasOnlySubstanceUnits="false" boundaryCondition="false" constant="false"/></listOfSpecies>
<listOfParameters><parameter id="x" value="1" constant="false"/>
<parameter id="p" constant="true"/><parameter id="y" value="3" constant="false"/></listOfParameters>
<listOfInitialAssignments><initialAssignment symbol="p">{math}</initialAssignment></listOfInitialAssignments>
<listOfRules><rateRule variable="x">{math}</rateRule></listOfRules>
<listOfReactions><reaction id="J" reversible="false"><listOfReactants><speciesReference species="S" stoichiometry="1" constant="true"/></listOfReactants>
<kineticLaw>{math}</kineticLaw></reaction></listOfReactions>
<listOfEvents><event useValuesFromTriggerTime="true"><trigger initialValue="true" persistent="true">{trigger}</trigger>
<priority>{math}</priority><delay>{math}</delay>
<listOfEventAssignments><eventAssignment variable="y">{math}</eventAssignment></listOfEventAssignments></event></listOfEvents>
</model></sbml>"""
DEFINED = {"f(a, b)": "a - b * g(b)", "g(a)": "a^2 + h()", "h()": "7", "swap(x, y)": "f(y, x)", "unused(a)": "a"}
FORMULAS = [
    "f(x, y)",
    "f(y, x)",
    "swap(x, y)",
    "swap(g(y), f(x, g(g(x))))",
    "2 + g(h())",
    "x * y",
    "sin(f(x, swap(y, x)))",
]


def as_math(formula: str, arguments: str = "") -> str:
    text = f"lambda({arguments}, {formula})" if arguments else formula
    return libsbml.writeMathMLToString(libsbml.parseL3Formula(text)).partition("?>")[2]


def document_of(formula: str) -> libsbml.SBMLDocument:
    functions = ""
    for head, body in DEFINED.items():
        name, _, arguments = head.rstrip(")").partition("(")
        math = as_math(body, arguments) if arguments else as_math(f"lambda({body})")
        functions += f'<functionDefinition id="{name}">{math}</functionDefinition>'
    text = MODEL.format(core=CORE, functions=functions, math=as_math(formula), trigger=as_math(f"{formula} > 3"))
    document = libsbml.readSBMLFromString(text)
    assert not document.getNumErrors(libsbml.LIBSBML_SEV_ERROR), document.getErrorLog().toString()
    return document


def formulas_of(document: libsbml.SBMLDocument) -> list[str]:
    elements = document.getModel().getListOfAllElements()
    found = [elements.get(index) for index in range(elements.getSize())]
    return [libsbml.formulaToL3String(each.getMath()) for each in found if hasattr(each, "getMath") and each.getMath()]


@pytest.mark.parametrize("formula", FORMULAS)
def test_calls_are_written_out_everywhere_as_by_libsbml(formula):
    document, expected = document_of(formula), document_of(formula)
    write_out_functions(document.getModel())
    properties = libsbml.ConversionProperties()
    properties.addOption("expandFunctionDefinitions", True)
    assert expected.convert(properties) == libsbml.LIBSBML_OPERATION_SUCCESS
    assert formulas_of(document) == formulas_of(expected)
    assert len(formulas_of(document)) == 7
    assert document.getModel().getNumFunctionDefinitions() == 0
