"""Calls of a model's own functions -> the functions' formulas, written out where they are called.

libSBML's converter `expandFunctionDefinitions` looks for every function in every formula, which takes seconds where there are hundreds of both.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import libsbml

from resprout.exchange.formula_trees import Tree, parts_of, with_replaced


def write_out_functions(model: libsbml.Model) -> None:
    """Write out every call in rules, rates, beginnings and events; the model has no functions afterwards.

    model   of Level 3 Version 2, without local parameters and without functions that call themselves
    """
    called = _Functions(model)
    for element in _with_formulas(model) if called.defined else ():
        tree = element.getMath()
        if tree is not None and any(called.defines(part) for part in parts_of(tree)):
            element.setMath(called.written_out(tree))
    while model.getNumFunctionDefinitions():
        model.removeFunctionDefinition(0)


def _with_formulas(model: libsbml.Model) -> Iterator[Any]:
    yield from model.getListOfRules()
    yield from model.getListOfInitialAssignments()
    for reaction in model.getListOfReactions():
        if reaction.isSetKineticLaw():
            yield reaction.getKineticLaw()
    for event in model.getListOfEvents():
        yield from (part for part in (event.getTrigger(), event.getDelay(), event.getPriority()) if part is not None)
        yield from event.getListOfEventAssignments()


class _Functions:
    """The functions of a model, each written out once.

    defined   by name
    """

    def __init__(self, model: libsbml.Model) -> None:
        functions = model.getListOfFunctionDefinitions()
        self.defined = {function.getId(): function for function in functions if function.getBody() is not None}
        self.bodies: dict[str, Tree] = {}

    def defines(self, tree: Tree) -> bool:
        """Whether the outermost part of a formula is a call of one of them."""
        return tree.getType() == libsbml.AST_FUNCTION and tree.getName() in self.defined

    def written_out(self, tree: Tree) -> Tree:
        """A copy of a formula without calls."""
        whole = tree.deepCopy()
        places = [(part, index) for part in parts_of(whole) for index in range(part.getNumChildren())]
        # inner calls first: they stand in arguments of outer ones
        for part, index in reversed(places):
            if self.defines(part.getChild(index)):
                part.replaceChild(index, self._in_place_of(part.getChild(index)), True)
        return self._in_place_of(whole) if self.defines(whole) else whole

    def _in_place_of(self, call: Tree) -> Tree:
        """The formula of a call whose arguments hold none."""
        function = self.defined[call.getName()]
        names = [function.getArgument(index).getName() for index in range(function.getNumArguments())]
        return with_replaced(self._body(call.getName()), {name: call.getChild(i) for i, name in enumerate(names)})

    def _body(self, name: str) -> Tree:
        if name not in self.bodies:
            self.bodies[name] = self.written_out(self.defined[name].getBody())
        return self.bodies[name]
