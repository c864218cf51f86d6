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
