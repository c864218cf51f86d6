"""An imported model's SBML -> equations on a graph: right-hand sides, assigned quantities, events and initial values."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import libsbml

from resprout.compile.conditions import HybridSystem, hold_conditions
from resprout.compile.graph import Graph, Node
from resprout.compile.operations import NUMBERS, USUAL, Build
from resprout.compile.system import Change, Event, System
from resprout.errors import Fault, ModelError
from resprout.language.records import ImportedModel


@dataclass(frozen=True)
class ImportedEquations:
    """An imported model as nodes.

    plain    its system as the file has it         events   on the graph of `plain`
    hybrid    the system that is integrated, its rates without jumps: conditions are inputs
    """

    plain: System
    events: tuple[Event, ...]
    hybrid: HybridSystem


@functools.lru_cache(maxsize=8)
def read_imported(model: ImportedModel) -> ImportedEquations:
    """Read the rules and events of an imported model."""
    document = libsbml.readSBMLFromString(model.sbml)
    document.expandFunctionDefinitions()
    rules = document.getModel()
    states = tuple(state.name for state in model.states)
    graph = Graph(states, model.inputs)
    assigned: dict[str, Node] = {}

    def look_up(name: str) -> Node:
        return assigned[name] if name in assigned else graph.name(name)

    for equation in model.assigned:
        assigned[equation.name] = formula_node(graph, rules.getRule(equation.name).getMath(), look_up, USUAL)
    rate = tuple(formula_node(graph, rules.getRule(name).getMath(), look_up, USUAL) for name in states)
    system = System(graph, states, tuple(model.constants), model.inputs, rate, assigned, any_scale=True)
    events = tuple(_event(event, rules, system) for event in rules.getListOfEvents())
    return ImportedEquations(system, events, hold_conditions(system, [event.trigger for event in events]))


def _event(event: libsbml.Event, rules: libsbml.Model, system: System) -> Event:
    def node(holder: libsbml.SBase) -> Node:
        return formula_node(system.graph, holder.getMath(), system.node, USUAL)

    def change(assignment: libsbml.EventAssignment) -> Change:
        name = assignment.getVariable()
        if name not in system.assigned:
            return Change(name, node(assignment))
        # the concentration of a species held as an amount, amount / size
        amount, size = (rules.getRule(name).getMath().getChild(side).getName() for side in (0, 1))
        return Change(amount, node(assignment), system.node(size))

    trigger = event.getTrigger()
    return Event(
        node(trigger),
        trigger.getInitialValue(),
        trigger.getPersistent(),
        event.getUseValuesFromTriggerTime(),
        node(event.getDelay()) if event.isSetDelay() else None,
        node(event.getPriority()) if event.isSetPriority() else None,
        tuple(change(assignment) for assignment in event.getListOfEventAssignments() if assignment.isSetMath()),
    )


@functools.lru_cache(maxsize=16)
def read_start(model: ImportedModel, given: frozenset[str]) -> tuple[Graph, Mapping[str, Node]]:
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
                nodes[name] = formula_node(graph, formula.getMath(), look_up, USUAL)
        return nodes[name]

    return graph, {name: look_up(name) for name in (*begun, *model.constants)}


def formula_node(
    graph: Graph, tree: libsbml.ASTNode, look_up: Callable[[str], Node], known: Mapping[int, Build]
) -> Node:
    """A formula as a node.

    graph     that takes it
    tree      the formula, with functions written out
    look_up   name -> its node
    known     kind of an operation -> how its node is made
    raises    ModelError for an operation that is not known
    """
    # by class: once libRoadRunner or COPASI is imported, SWIG may hand out nodes whose own methods are theirs
    of = libsbml.ASTNode
    # without recursion: a sum of thousands of terms is a tree as deep; `kind` None is the tree itself, not yet looked at
    waiting: list[tuple[libsbml.ASTNode, int | None]] = [(tree, None)]
    found: list[Node] = []
    while waiting:
        part, kind = waiting.pop()
        children = of.getNumChildren(part)
        if kind is not None:
            arguments = found[len(found) - children :]
            del found[len(found) - children :]
            found.append(known[kind](graph, arguments))
        elif of.isNumber(part):
            found.append(graph.number(of.getValue(part)))
        elif (kind := of.getType(part)) == libsbml.AST_NAME:
            found.append(look_up(of.getName(part)))
        elif kind in NUMBERS:
            found.append(graph.number(NUMBERS[kind]))
        elif kind not in known:
            text = libsbml.formulaToL3String(part)
            expected = "It has + - * / ^, exp, ln and sqrt."
            raise ModelError(Fault(f"`{text:.60}` uses a function the engine does not have.", expected=expected))
        else:
            waiting.append((part, kind))
            waiting += [(of.getChild(part, index), None) for index in reversed(range(children))]
    return found[0]
