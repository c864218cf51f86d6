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
    any_scale           whether states may be of any size, so that their squares may be too small for a double
    """

    graph: Graph
    states: tuple[str, ...]
    constants: tuple[str, ...]
    inputs: tuple[str, ...]
    rate: tuple[Node, ...]
    assigned: dict[str, Node]
    any_scale: bool = False

    def node(self, name: str) -> Node:
        """The node of any quantity by name."""
        return self.assigned[name] if name in self.assigned else self.graph.name(name)


@dataclass(frozen=True)
class Change:
    """What an event does to one state.

    state   its name
    value   new value of the quantity that the file assigns
    size    by which that value is multiplied when the event happens: of the compartment, for a concentration held as an amount; or None
    """

    state: str
    value: Node
    size: Node | None = None


@dataclass(frozen=True)
class Event:
    """An event of an imported model, as nodes of its System's graph.

    trigger       not 0 while it holds; the event is triggered when it begins to
    held_before   whether it counts as holding before the beginning
    persistent    whether it still happens if its trigger ceases to hold before
    at_trigger    whether its values are taken when it is triggered, not when it happens
    delay         time from the trigger to the event, or None
    priority      of events of one moment the one with the largest happens first; None comes after all others
    """

    trigger: Node
    held_before: bool
    persistent: bool
    at_trigger: bool
    delay: Node | None
    priority: Node | None
    changes: tuple[Change, ...]
