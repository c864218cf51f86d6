"""An imported model's SBML -> equations on a graph: right-hand sides, assigned quantities, events and initial values."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

import libsbml

from resprout.compile.graph import Graph, Node
from resprout.compile.operations import NUMBERS, USUAL, Build
from resprout.compile.system import Event, System
from resprout.errors import Fault, ModelError
from resprout.language.records import ImportedModel


def read_imported(model: ImportedModel) -> System:
    """Read the rules of an imported model into a graph."""
    document = libsbml.readSBMLFromString(model.sbml)
    document.expandFunctionDefinitions()
    rules = document.getModel()
    states = tuple(state.name for state in model.states)
    graph = Graph(states, model.inputs)
    assigned: dict[str, Node] = {}

    def look_up(name: str) -> Node:
        return assigned[name] if name in assigned else graph.name(name)

    for equation in model.assigned:
        assigned[equation.name] = _node(graph, rules.getRule(equation.name).getMath(), look_up, USUAL)
    rate = tuple(_node(graph, rules.getRule(name).getMath(), look_up, USUAL) for name in states)
    return System(graph, states, tuple(model.constants), model.inputs, rate, assigned)


def read_events(model: ImportedModel, system: System) -> tuple[Event, ...]:
    """The events of an imported model, on the graph of its system."""
    document = libsbml.readSBMLFromString(model.sbml)
    graph, found = system.graph, []
    for event in document.getModel().getListOfEvents():
        trigger = event.getTrigger()
        changes = tuple(
            (change.getVariable(), _node(graph, change.getMath(), system.node, USUAL))
            for change in event.getListOfEventAssignments()
        )
        found.append(
            Event(
                _node(graph, trigger.getMath(), system.node, USUAL),
                trigger.getInitialValue(),
                trigger.getPersistent(),
                event.getUseValuesFromTriggerTime(),
                changes,
            )
        )
    return tuple(found)


def read_start(model: ImportedModel, given: Collection[str]) -> tuple[Graph, Mapping[str, Node]]:
    """Where an imported model begins: a node for each state and constant.

    given     names whose beginning somebody has set, whatever the file says
    returns   a graph whose symbols are plain beginnings, and the nodes
    """
    # the document owns the model, and must outlive it
    document = libsbml.readSBMLFromString(model.sbml)
    rules = document.getModel()
    graph, begun = Graph((), ()), {state.name: state for state in model.states}
    nodes: dict[str, Node] = {}

    def look_up(name: str) -> Node:
        if name not in nodes:
            formula = rules.getInitialAssignment(name) or rules.getAssignmentRule(name)
            if name in given or formula is None:
                nodes[name] = graph.name(name)
            else:
                nodes[name] = _node(graph, formula.getMath(), look_up, USUAL)
        return nodes[name]

    return graph, {name: look_up(name) for name in (*begun, *model.constants)}


def _node(graph: Graph, tree: libsbml.ASTNode, look_up: Callable[[str], Node], known: Mapping[int, Build]) -> Node:
    # by class: once libRoadRunner or COPASI is imported, SWIG may hand out nodes whose own methods are theirs
    of = libsbml.ASTNode
    if of.isNumber(tree):
        return graph.number(of.getValue(tree))
    kind = of.getType(tree)
    if kind == libsbml.AST_NAME:
        return look_up(of.getName(tree))
    if kind in NUMBERS:
        return graph.number(NUMBERS[kind])
    arguments = [_node(graph, of.getChild(tree, index), look_up, known) for index in range(of.getNumChildren(tree))]
    builder = known.get(kind)
    if builder is None:
        raise ModelError(
            Fault(
                f"`{libsbml.formulaToL3String(tree)}` uses a function the engine does not have.",
                expected="It has + - * / ^, exp, ln and sqrt.",
            )
        )
    return builder(graph, arguments)
