"""A model -> its equations on a graph: the right-hand side of every state and the value of every assigned quantity."""

from __future__ import annotations

from resprout.compile.graph import Graph, Node
from resprout.compile.infix import infix_node, read_functions
from resprout.compile.system import System
from resprout.language.records import EquationModel, ImportedModel, Model


def read_system(model: EquationModel) -> System:
    """Read the equations of a model into a graph: the chain's from their text, an imported model's from its SBML."""
    if isinstance(model, Model):
        return _read_chain(model)
    # libsbml is imported only for an imported model
    from resprout.compile.read import read_imported

    assert isinstance(model, ImportedModel)
    return read_imported(model).hybrid.system


def _read_chain(model: Model) -> System:
    states, functions = tuple(state.name for state in model.states), read_functions(model.functions)
    graph = Graph(states, model.inputs)
    assigned: dict[str, Node] = {}

    def look_up(name: str) -> Node:
        return assigned[name] if name in assigned else graph.name(name)

    for equation in model.assigned:
        assigned[equation.name] = infix_node(graph, equation.text, look_up, functions)
    rate = tuple(infix_node(graph, state.text, look_up, functions) for state in model.states)
    constants = tuple(name for name, constant in model.constants.items() if constant.in_chain)
    return System(graph, states, constants, model.inputs, rate, assigned)
