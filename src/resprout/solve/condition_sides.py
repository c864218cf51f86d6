"""On which side of its conditions a model is: at points, and over ranges of its states, by bounds that miss nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resprout.compile import graph as g
from resprout.compile.conditions import Condition
from resprout.compile.evaluate import compute, evaluation_order
from resprout.compile.graph import Graph
from resprout.compile.interval_arithmetic import IntervalArithmetic
from resprout.compile.numpy_arithmetic import NumpyArithmetic
from resprout.solve.events import Floats

Sides = NDArray[np.int64]
"""[condition, ...] 1 or 0, whether a comparison holds; for `==` the sign of left - right, so that a passage through 0 is seen;
the value of a floor."""
LARGEST_FLOOR = 2.0**62
"""Above it there are no whole numbers to pass."""


def _whole(value: Any) -> Any:
    """The floor of numbers as whole numbers; of what is not a number, and of what is too large, one that stays."""
    known = np.nan_to_num(np.floor(value), nan=LARGEST_FLOOR, posinf=LARGEST_FLOOR, neginf=-LARGEST_FLOOR)
    return np.clip(known, -LARGEST_FLOOR, LARGEST_FLOOR).astype(np.int64)


class ConditionSides:
    """Evaluates conditions that are on one graph."""

    def __init__(self, graph: Graph, conditions: Sequence[Condition]) -> None:
        self.graph, self.conditions = graph, tuple(conditions)
        self.equal = np.array([condition.kind == g.EQUAL for condition in conditions], dtype=bool)
        self.floor = np.array([condition.kind == g.CALL for condition in conditions], dtype=bool)
        targets = [side for condition in conditions for side in (condition.left, condition.right)]
        self.order = evaluation_order(graph, targets, lambda node: graph.kind[node] == g.SYMBOL)

    def at(self, given: Mapping[str, Any], shape: tuple[int, ...] = ()) -> Sides:
        """The sides at points.

        given   value of every symbol: a number or an array of a shape
        """
        symbol = self.graph.symbol
        with np.errstate(all="ignore"):
            values = compute(NumpyArithmetic(), self.graph, self.order, lambda node: given[symbol[node]])
        found = np.zeros((len(self.conditions), *shape), np.int64)
        for row, condition in enumerate(self.conditions):
            left, right = values[condition.left], values[condition.right]
            if condition.kind == g.EQUAL:
                found[row] = np.greater(left, right).astype(np.int64) - np.less(left, right).astype(np.int64)
            elif condition.kind == g.CALL:
                found[row] = _whole(left)
            else:
                found[row] = np.less(left, right) if condition.kind == g.LESS else np.less_equal(left, right)
        return found

    def bounds(self, given: Mapping[str, Any], shape: tuple[int, ...]) -> tuple[Sides, Sides]:
        """The smallest and the largest side over ranges.

        given   (lower, upper) of every symbol
        """
        symbol = self.graph.symbol
        with np.errstate(all="ignore"):
            values = compute(IntervalArithmetic(), self.graph, self.order, lambda node: given[symbol[node]])
        low = np.zeros((len(self.conditions), *shape), np.int64)
        high = np.zeros_like(low)
        for row, condition in enumerate(self.conditions):
            left, right = values[condition.left], values[condition.right]
            if condition.kind == g.EQUAL:
                low[row] = np.where(left[0] > right[1], 1, np.where(left[0] >= right[1], 0, -1))
                high[row] = np.where(left[1] < right[0], -1, np.where(left[1] <= right[0], 0, 1))
            elif condition.kind == g.CALL:
                low[row], high[row] = _whole(left[0]), _whole(left[1])
            else:
                compared = np.less if condition.kind == g.LESS else np.less_equal
                low[row], high[row] = compared(left[1], right[0]), compared(left[0], right[1])
        return low, high

    def values(self, sides: Sides) -> Floats:
        """The value of each condition: 1 where it holds, else 0; that of a floor."""
        equal, floor = (which.reshape(-1, *[1] * (sides.ndim - 1)) for which in (self.equal, self.floor))
        return np.where(floor, sides, np.where(equal, sides == 0, sides == 1)).astype(np.float64)
