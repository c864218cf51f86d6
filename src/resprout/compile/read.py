"""A checked model's SBML -> equations on a graph: takes Model, gives the right-hand side of every state and the value of every assigned quantity."""

from __future__ import annotations

from functools import reduce

import libsbml

from resprout.compile.graph import Graph, Node
from resprout.compile.system import System
from resprout.errors import Fault, ModelError
from resprout.language.records import Model


def read_system(model: Model) -> System:
    """Read the rules of a model into a graph."""
    document = libsbml.readSBMLFromString(model.sbml)
    document.expandFunctionDefinitions()
    rules = document.getModel()
    states = tuple(state.name for state in model.states)
    graph = Graph(states, model.inputs)
    assigned: dict[str, Node] = {}
    for equation in model.assigned:
        assigned[equation.name] = _node(graph, rules.getRule(equation.name).getMath(), assigned)
    rate = tuple(_node(graph, rules.getRule(name).getMath(), assigned) for name in states)
    return System(graph, states, tuple(model.constants), model.inputs, rate, assigned)


def _node(graph: Graph, tree: libsbml.ASTNode, assigned: dict[str, Node]) -> Node:
    if tree.isNumber():
        return graph.number(tree.getValue())
    kind = tree.getType()
    if kind == libsbml.AST_NAME:
        name = tree.getName()
        return assigned[name] if name in assigned else graph.name(name)
    arguments = [_node(graph, tree.getChild(index), assigned) for index in range(tree.getNumChildren())]
    builder = _OPERATIONS.get(kind)
    if builder is None:
        raise ModelError(
            Fault(
                f"`{libsbml.formulaToL3String(tree)}` uses a function the engine does not have.",
                expected="It has + - * / ^, exp, ln and sqrt.",
            )
        )
    return builder(graph, arguments)


def _minus(graph: Graph, arguments: list[Node]) -> Node:
    return graph.negate(arguments[0]) if len(arguments) == 1 else graph.subtract(*arguments)


def _root(graph: Graph, arguments: list[Node]) -> Node:
    if len(arguments) == 1:
        return graph.sqrt(arguments[0])
    return graph.power(arguments[1], graph.reciprocal(arguments[0]))


_OPERATIONS = {
    libsbml.AST_PLUS: lambda graph, arguments: reduce(graph.add, arguments, graph.zero),
    libsbml.AST_TIMES: lambda graph, arguments: reduce(graph.multiply, arguments, graph.one),
    libsbml.AST_MINUS: _minus,
    libsbml.AST_DIVIDE: lambda graph, arguments: graph.divide(*arguments),
    libsbml.AST_POWER: lambda graph, arguments: graph.power(*arguments),
    libsbml.AST_FUNCTION_POWER: lambda graph, arguments: graph.power(*arguments),
    libsbml.AST_FUNCTION_EXP: lambda graph, arguments: graph.exp(*arguments),
    libsbml.AST_FUNCTION_LN: lambda graph, arguments: graph.log(*arguments),
    libsbml.AST_FUNCTION_ROOT: _root,
}
