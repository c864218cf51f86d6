"""The equations of a model as nodes of one graph: what is read from SBML and what kernels are written from."""

from __future__ import annotations

from dataclasses import dataclass

from resprout.compile.graph import Graph, Node


@dataclass(frozen=True)
class System:
    """The equations of a model on one graph.

    states, constants   names, in the order of the numerical arrays
    rate                [state] node of each right-hand side
    assigned            node of each assigned quantity, by name
    """

    graph: Graph
    states: tuple[str, ...]
    constants: tuple[str, ...]
    inputs: tuple[str, ...]
    rate: tuple[Node, ...]
    assigned: dict[str, Node]

    def node(self, name: str) -> Node:
        """The node of any quantity by name."""
        return self.assigned[name] if name in self.assigned else self.graph.name(name)


@dataclass(frozen=True)
class Event:
    """An event of an imported model, as nodes of its System's graph.

    trigger       not 0 while it holds; the event happens when it begins to
    held_before   whether it counts as holding before the beginning
    persistent    whether it still happens if an event of the same moment ends its trigger
    at_trigger    whether its values are taken when it is triggered, not when it happens
    changes       (state, new value)
    """

    trigger: Node
    held_before: bool
    persistent: bool
    at_trigger: bool
    changes: tuple[tuple[str, Node], ...]
