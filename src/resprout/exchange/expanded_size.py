"""Functions and their calls -> how many symbols a formula has when all are written out, without writing them out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import libsbml

OF_EVENTS = (libsbml.Trigger, libsbml.Delay, libsbml.Priority, libsbml.EventAssignment)


@dataclass(frozen=True)
class Form:
    """Symbols of a formula.

    size     numbers, names and operators     reads   how often each argument of a function is read beside
    """

    size: int = 0
    reads: Mapping[str, int] = field(default_factory=dict)

    def __add__(self, other: Form) -> Form:
        reads = dict(self.reads)
        for name, count in other.reads.items():
            reads[name] = reads.get(name, 0) + count
        return Form(self.size + other.size, reads)

    def times(self, count: int) -> Form:
        """The same so many times."""
        return Form(self.size * count, {name: many * count for name, many in self.reads.items()})


def call_form(called: Form | None, arguments: Sequence[str], given: Sequence[Form]) -> Form:
    """What a call adds.

    called      body of the function; None for one that is not written out
    arguments   its names of them          given   what stands in their place
    """
    found = Form(1 if called is None else called.size)
    for index, form in enumerate(given):
        count = 1 if called is None or index >= len(arguments) else called.reads.get(arguments[index], 0)
        found += form.times(count)
    return found


def expanded_symbols(model: libsbml.Model) -> tuple[int, int]:
    """Symbols of all formulas of a model, and of those of its events, when functions are written out.

    A function that calls itself counts once.
    """
    functions = _Functions(model)
    total = of_events = 0
    elements = model.getListOfAllElements()
    for element in (elements.get(index) for index in range(elements.getSize())):
        if isinstance(element, libsbml.FunctionDefinition):
            continue
        tree = element.getMath() if hasattr(element, "getMath") else None
        size = 0 if tree is None else functions.form_of(tree).size
        if isinstance(element, OF_EVENTS):
            of_events += size
        else:
            total += size
    return total, of_events


class _Functions:
    """The functions of a model, each looked at once."""

    def __init__(self, model: libsbml.Model) -> None:
        self.defined = {function.getId(): function for function in model.getListOfFunctionDefinitions()}
        self.forms: dict[str, Form | None] = {}

    def form(self, name: str) -> Form | None:
        """What a function adds where it is called; None for one that the model has not, or that is being looked at."""
        if name not in self.defined:
            return None
        if name not in self.forms:
            self.forms[name] = None
            body = self.defined[name].getBody()
            self.forms[name] = None if body is None else self.form_of(body, _arguments(self.defined[name]))
        return self.forms[name]

    def form_of(self, tree: libsbml.ASTNode, arguments: Sequence[str] = ()) -> Form:
        """Symbols of a formula, and how often it reads each of these arguments."""
        waiting: list[tuple[libsbml.ASTNode, bool]] = [(tree, False)]
        found: list[Form] = []
        while waiting:
            part, done = waiting.pop()
            children = part.getNumChildren()
            if not done and children:
                waiting.append((part, True))
                waiting += [(part.getChild(index), False) for index in reversed(range(children))]
                continue
            given = found[len(found) - children :]
            del found[len(found) - children :]
            name = part.getName() or ""
            if part.getType() == libsbml.AST_FUNCTION:
                found.append(call_form(self.form(name), _arguments(self.defined.get(name)), given))
            elif children:
                found.append(call_form(None, (), given))
            else:
                found.append(Form(0, {name: 1}) if part.isName() and name in arguments else Form(1))
        return found[0]


def _arguments(function: libsbml.FunctionDefinition | None) -> list[str]:
    """Names of the arguments of a function."""
    count = 0 if function is None else function.getNumArguments()
    return [function.getArgument(index).getName() for index in range(count)] if function is not None else []
