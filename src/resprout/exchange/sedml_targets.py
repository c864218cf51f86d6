"""XPaths of SED-ML -> elements and quantities of an SBML model, and attributes changed there."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import libsbml

from resprout.errors import Fault, ModelError

_STEP = re.compile(r"(//|/)(?:(?:descendant|child)::)?(?:[\w.-]+:)?([\w.-]+|\*)((?:\[[^\]]*\])*)")
_PREDICATE = re.compile(r"""\s*@(id|name|metaid)\s*=\s*(["'])(.*?)\2\s*""")
_ATTRIBUTE = re.compile(r"/@(?:[\w.-]+:)?(\w+)$")
LONGEST = 2000  # characters of an address
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
SETTERS: dict[tuple[str, str], str] = {
    ("parameter", "value"): "setValue",
    ("localParameter", "value"): "setValue",
    ("compartment", "size"): "setSize",
    ("compartment", "volume"): "setSize",
    ("species", "initialAmount"): "setInitialAmount",
    ("species", "initialConcentration"): "setInitialConcentration",
    ("speciesReference", "stoichiometry"): "setStoichiometry",
}
"""Attributes of elements that are numbers."""
SWITCHES = {
    ("species", "boundaryCondition"): "setBoundaryCondition",
    ("species", "constant"): "setConstant",
    ("parameter", "constant"): "setConstant",
    ("species", "hasOnlySubstanceUnits"): "setHasOnlySubstanceUnits",
}
"""Attributes that are true or false."""
EXPECTED = "Expected the path of one element by its `id`, such as /sbml:sbml/sbml:model/sbml:listOfParameters/sbml:parameter[@id='k']."


def element_at(document: libsbml.SBMLDocument, target: str, where: str) -> Any:
    """The element that a path leads to.

    target   XPath of names and of predicates on id, name or metaid; an attribute at its end is not looked at
    where    it stands, for messages
    raises   ModelError for other paths, and for those that lead to no element or to several
    """
    path = _ATTRIBUTE.sub("", target.strip())
    steps = _STEP.findall(path)
    if len(target) > LONGEST or not steps or _STEP.sub("", path):
        raise ModelError(Fault(f"the path `{target:.120}` is not understood.", where, EXPECTED))
    tests = [
        (name, [_test(part, target, where) for part in re.findall(r"\[([^\]]*)\]", own)]) for _, name, own in steps
    ]
    elements = document.getListOfAllElements()
    found = [e for e in (elements.get(index) for index in range(elements.getSize())) if _fits(e, tests[-1])]
    for test in tests[:-1]:
        if test[1]:
            found = [element for element in found if any(_fits(outer, test) for outer in _around(element))]
    if len(found) != 1:
        told = f"the path `{target:.120}` leads to {'no' if not found else len(found)} element{'s' if found else ''}."
        raise ModelError(Fault(told, where, EXPECTED))
    return found[0]


def change_attribute(document: libsbml.SBMLDocument, target: str, value: str, where: str) -> None:
    """Set an attribute of a model; arguments and errors as in `element_at`."""
    element, named = element_at(document, target, where), _ATTRIBUTE.search(target.strip())
    key = _kind(element), named.group(1) if named else ""
    if key in SWITCHES and value.strip() in _BOOLEANS:
        getattr(element, SWITCHES[key])(_BOOLEANS[value.strip()])
        return
    if key not in SETTERS:
        expected = f"Expected one of {', '.join(sorted({name for _, name in (*SETTERS, *SWITCHES)}))}."
        raise ModelError(Fault(f"`{key[1] or target:.80}` of a {key[0]} is changed to `{value:.40}`.", where, expected))
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ModelError(Fault(f"`{key[1]}` is set to `{value:.40}`.", where, "Expected a finite number."))
    getattr(element, SETTERS[key])(number)


def quantity_at(document: libsbml.SBMLDocument, target: str, where: str) -> str:
    """The name of a quantity of the model that is run; arguments and errors as in `element_at`."""
    element = element_at(document, target, where)
    own = str(element.getIdAttribute())
    if _kind(element) == "localParameter":
        # the name that it gets where local parameters become those of the model
        law = element.getAncestorOfType(libsbml.SBML_REACTION)
        return f"{law.getIdAttribute()}_{own}"
    if not own:
        raise ModelError(Fault(f"the path `{target:.120}` leads to an element without `id`.", where, EXPECTED))
    return own


def _kind(element: Any) -> str:
    kind = str(element.getElementName())
    local = kind == "parameter" and element.getAncestorOfType(libsbml.SBML_KINETIC_LAW) is not None
    return "localParameter" if local else kind


def _test(text: str, target: str, where: str) -> Callable[[Any], bool]:
    parts = [_PREDICATE.fullmatch(part) for part in text.split(" and ")]
    if not all(parts):
        raise ModelError(Fault(f"the path `{target:.120}` is not understood.", where, EXPECTED))
    wanted = [(part.group(1), part.group(3)) for part in parts if part]
    reading = {"id": "getIdAttribute", "name": "getName", "metaid": "getMetaId"}
    return lambda element: all(getattr(element, reading[name])() == value for name, value in wanted)


def _fits(element: Any, test: tuple[str, list[Callable[[Any], bool]]]) -> bool:
    name, predicates = test
    named = name in ("*", element.getElementName()) or name == _kind(element)
    return named and all(predicate(element) for predicate in predicates)


def _around(element: Any) -> list[Any]:
    """The elements that hold one, from within."""
    found, outer = [], element.getParentSBMLObject()
    while outer is not None:
        found.append(outer)
        outer = outer.getParentSBMLObject()
    return found
