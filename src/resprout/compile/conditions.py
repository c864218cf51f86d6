"""A system -> one whose rates do not jump: every condition that a rate holds becomes an input, which the solver sets where it changes.

So does every `floor`, which jumps where its argument passes a whole number. Between two such moments the rates are smooth, so that
a step is as accurate as its error estimate says, and what it passes over can be found on its dense output. A condition is a
comparison that the model itself makes; those of `abs`, `min` and `max` are left in place, since these are continuous.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from resprout.compile import graph as g
from resprout.compile.graph import Graph, Node
from resprout.compile.prune import copy_nodes
from resprout.compile.system import System


@dataclass(frozen=True)
class Condition:
    """A comparison whose truth may change while a model is integrated, or a `floor` whose value may.

    node   on the plain graph                         kind          LESS, AT_MOST or EQUAL; CALL for a floor
    gap    left - right                               left, right   its sides; the argument of a floor, and 0
    input  the input that stands for it in rates      in_rates      whether any rate reads it; triggers read it otherwise
    """

    node: Node
    kind: int
    left: Node
    right: Node
    gap: Node
    input: str
    in_rates: bool


@dataclass(frozen=True)
class HybridSystem:
    """The system that is integrated, and the conditions that its further inputs stand for, on the graph of the plain one."""

    system: System
    conditions: tuple[Condition, ...]


def hold_conditions(system: System, triggers: Iterable[Node]) -> HybridSystem:
    """Replace every condition in the rates by an input of its own.

    system     as the file has it
    triggers   of events, whose conditions are found too
    """
    graph, rate_nodes = system.graph, set(system.graph.reachable(system.rate))
    found: list[Condition] = []
    for node in graph.reachable([*system.rate, *triggers]):
        floor = graph.kind[node] == g.CALL and graph.symbol[node] == "floor"
        if not (floor or node in graph.conditions) or graph.is_invariant(node) or graph.kind[node] == g.CONSTANT:
            continue
        left, right = (*graph.arguments[node], graph.zero) if floor else graph.arguments[node]
        name = _unused(f"condition_{len(found) + 1}", system)
        gap = graph.subtract(left, right)
        found.append(Condition(node, graph.kind[node], left, right, gap, name, node in rate_nodes))
    names = tuple(condition.input for condition in found if condition.in_rates)
    new = Graph(system.states, (*system.inputs, *names))
    assigned = copy_nodes(graph, new, graph.reachable(system.assigned.values()), {})
    inputs = {condition.node: new.name(condition.input) for condition in found if condition.in_rates}
    rates = copy_nodes(graph, new, graph.reachable(system.rate), inputs)
    hybrid = System(
        new,
        system.states,
        (*system.constants, *names),
        (*system.inputs, *names),
        tuple(rates[node] for node in system.rate),
        {name: assigned[node] for name, node in system.assigned.items()},
        system.any_scale,
    )
    return HybridSystem(hybrid, tuple(found))


def _unused(name: str, system: System) -> str:
    taken = {*system.states, *system.constants, *system.assigned}
    while name in taken:
        name += "_"
    return name
