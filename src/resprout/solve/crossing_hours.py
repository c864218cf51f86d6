"""When conditions change that are straight lines in time until something else happens: known beforehand, and found to the last digit.

A state whose rate is zero stays as it is between events, and one whose rate reads none but such states moves along a line. A
condition whose sides differ by a line in those changes at an hour that a division gives; a search on the dense output of a step
would find it less exactly, and take a hundred times as long.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from resprout.compile import graph as g
from resprout.compile.conditions import Condition
from resprout.compile.graph import Graph, Node
from resprout.compile.system import System

JUMPS = (g.LESS, g.AT_MOST, g.EQUAL)


def still_states(system: System) -> NDArray[np.bool_]:
    """[state] Whether nothing but an event changes it."""
    return np.array([rate == system.graph.zero for rate in system.rate], dtype=bool)


def is_straight(system: System) -> bool:
    """Whether every state moves along a line until an event changes something; rates have no conditions then."""
    still = _bits(still_states(system))
    return all(system.graph.reads[rate] & ~still == 0 for rate in system.rate)


def _bits(states: NDArray[np.bool_]) -> int:
    return sum(1 << int(index) for index in np.flatnonzero(states))


def slopes_of(system: System, conditions: Sequence[Condition]) -> list[Node | None]:
    """Of each condition how fast its sides part where that is a line in time until an event happens; None of the others."""
    still = _bits(still_states(system))
    return [_slope(system, condition.gap, still) for condition in conditions]


def _slope(system: System, gap: Node, still: int) -> Node | None:
    """Rate of change of a formula that moves along a line while some states are still; None if it does not.

    still   bits of these states
    """
    graph: Graph = system.graph
    moving = graph.reads[gap] & ~still
    for node in graph.reachable([gap]):
        jumps = graph.kind[node] in JUMPS or (graph.kind[node] == g.CALL and graph.symbol[node] == "floor")
        if jumps and graph.reads[node] & ~still:
            return None
    slope = graph.zero
    for state in graph.reads_states(gap):
        if not moving >> state & 1:
            continue
        rate, by_state = system.rate[state], graph.derivative(gap, state)
        if (graph.reads[rate] | graph.reads[by_state]) & ~still:
            return None
        slope = graph.add(slope, graph.multiply(by_state, rate))
    return slope
