"""What an imported model may not hold: takes an SBML document, gives a fault for each construct that is not run, by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import libsbml

from resprout.errors import Fault

LIMITS = "docs/limits.md lists what an imported model may hold."
HARMLESS = ("layout", "render", "groups", "fbc")
_NAMED = {
    libsbml.AST_FUNCTION_DELAY: "`delay`",
}

Place = Callable[[libsbml.SBase], str]


def refusals(document: libsbml.SBMLDocument, place: Place) -> list[Fault]:
    """A fault for everything the engine does not run.

    place   where an element stands, as messages say it
    """
    model = document.getModel()
    found: list[tuple[libsbml.SBase, str, str]] = [
        *_packages(document),
        *((constraint, "a constraint", "") for constraint in model.getListOfConstraints()),
        *_reactions(model),
        *_functions(model),
    ]
    return [
        Fault(f"{what} is not supported.", place(element), expected or "An ordinary ODE model was expected.", LIMITS)
        for element, what, expected in found
    ]


def _packages(document: libsbml.SBMLDocument) -> Iterator[tuple[libsbml.SBase, str, str]]:
    # in Level 2 packages are annotations only
    for index in range(document.getNumPlugins() if document.getLevel() > 2 else 0):
        name = document.getPlugin(index).getPackageName()
        if name != "l3v2extendedmath" and (name not in HARMLESS or document.getPackageRequired(name)):
            yield document, f"the SBML package `{name}`", "SBML core, and packages that do not change the mathematics."
    for index in range(document.getNumUnknownPackages()):
        prefix = document.getUnknownPackagePrefix(index)
        if document.getPackageRequired(prefix):
            yield document, f"the SBML package `{prefix}`", ""


def _reactions(model: libsbml.Model) -> Iterator[tuple[libsbml.SBase, str, str]]:
    for reaction in model.getListOfReactions():
        name = reaction.getId()
        if reaction.isSetFast() and reaction.getFast():
            yield reaction, f"reaction `{name}`: a fast reaction", ""
        if not reaction.isSetKineticLaw() or not reaction.getKineticLaw().isSetMath():
            yield reaction, f"reaction `{name}`: a reaction without kinetic law", "A rate was expected."


def _functions(model: libsbml.Model) -> Iterator[tuple[libsbml.SBase, str, str]]:
    elements = model.getListOfAllElements()
    for element in (elements.get(index) for index in range(elements.getSize())):
        tree = element.getMath() if hasattr(element, "getMath") else None
        for name in sorted(_refused(tree)) if tree is not None else ():
            yield element, f"{_owner(element)}: the function {name}", ""
    for reaction in model.getListOfReactions():
        # those of Level 2 are no elements of the list
        for taken in (*reaction.getListOfReactants(), *reaction.getListOfProducts()):
            tree = taken.getStoichiometryMath().getMath() if taken.isSetStoichiometryMath() else None
            for name in sorted(_refused(tree)) if tree is not None else ():
                yield taken, f"{_owner(reaction)}: the function {name}", ""


def _refused(tree: libsbml.ASTNode) -> set[str]:
    found: set[str] = set()
    waiting = [tree]
    while waiting:
        part = waiting.pop()
        kind = part.getType()
        if kind in _NAMED:
            found.add(_NAMED[kind])
        elif kind > libsbml.AST_END_OF_CORE and not _extended(kind):
            found.add(f"`{part.getName() or libsbml.formulaToL3String(part)}`")
        waiting += [part.getChild(index) for index in range(part.getNumChildren())]
    return found


def _extended(kind: int) -> bool:
    return kind in (
        libsbml.AST_FUNCTION_MAX,
        libsbml.AST_FUNCTION_MIN,
        libsbml.AST_LOGICAL_IMPLIES,
        libsbml.AST_FUNCTION_QUOTIENT,
        libsbml.AST_FUNCTION_REM,
        libsbml.AST_FUNCTION_RATE_OF,
    )


def _owner(element: libsbml.SBase) -> str:
    """The named element that some mathematics belongs to."""
    while element is not None and not (element.getIdAttribute() or getattr(element, "getVariable", str)()):
        element = element.getParentSBMLObject()
    if element is None:
        return "the model"
    return f"{element.getElementName()} `{element.getIdAttribute() or element.getVariable()}`"
