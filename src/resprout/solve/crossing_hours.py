"""When conditions change that are straight lines in time until something else happens: known beforehand, and found to the last digit.

A state whose rate is zero stays as it is between events, and one whose rate reads none but such states moves along a line. A
condition whose sides differ by a line in those changes at an hour that a division gives; a search on the dense output of a step
would find it less exactly, and take a hundred times as long.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resprout.compile import graph as g
from resprout.compile.evaluate import Evaluator
from resprout.compile.graph import Graph, Node
from resprout.compile.system import System
from resprout.solve.condition_sides import ConditionSides, Sides
from resprout.solve.events import Floats

NEAR = np.array([*range(-3, 17), 24, 32, 48, 64])
"""Units in the last place of an hour around it, in which a condition is looked at: rounding of its sides moves its change."""
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


class CrossingHours:
    """The conditions of a system that change at hours known beforehand.

    known   [condition] whether it is one of these
    """

    def __init__(self, system: System, sides: ConditionSides) -> None:
        """Find them."""
        graph, conditions = system.graph, sides.conditions
        still = _bits(still_states(system))
        slopes = [_slope(system, condition.gap, still) for condition in conditions]
        self.known = np.array([slope is not None for slope in slopes], dtype=bool)
        chosen = [condition for condition, slope in zip(conditions, slopes, strict=True) if slope is not None]
        self.evaluator = Evaluator(graph, [*(c.gap for c in chosen), *(s for s in slopes if s is not None)])
        self.equal, self.floor = sides.equal[self.known], sides.floor[self.known]
        self.sides = sides

    def first(self, given: Mapping[str, Any], sides: Sides, now: float) -> float:
        """The first hour at which one of them changes, if nothing else happens; infinite if none does.

        given   value of every symbol now     sides   [condition]
        """
        if not self.known.any():
            return np.inf
        values = np.array(self.evaluator(given), dtype=float)
        gap, slope = np.split(values, 2)
        side = sides[self.known]
        with np.errstate(all="ignore"):
            # a floor changes where its argument reaches the next whole number, or leaves this one downwards
            gap = np.where(self.floor, gap - side - (slope > 0), gap)
            hours = now - gap / slope
            compared = np.where(self.equal, (side != 0) & (slope * side < 0), (slope < 0) != (side == 1))
            changes = (slope != 0) & np.isfinite(hours) & (self.floor | compared)
        # what is about to change, as `time > 3` at 3, does so right after
        found = np.maximum(hours[changes], np.nextafter(now, np.inf))
        return float(found.min(initial=np.inf))

    def exact(
        self, hour: float, span: tuple[float, float], held: Sides, at: Callable[[Floats], Sides]
    ) -> tuple[float, Sides] | None:
        """The first hour near the one that was foreseen at which one of them has changed, and all sides then; None if none has.

        span   hours of the step's ends, the first excluded        held   [condition] sides at its beginning
        at     hours -> [condition, hour]
        """
        hours = hour + NEAR * np.spacing(hour)
        hours = hours[(hours > span[0]) & (hours <= span[1])]
        if not len(hours):
            return None
        sides = at(hours)
        watched = self.known & ~(self.sides.equal & (held == 0))
        changed = ((sides != held[:, None]) & watched[:, None]).any(axis=0)
        if not changed.any():
            return None
        first = int(changed.argmax())
        return float(hours[first]), sides[:, first]


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
