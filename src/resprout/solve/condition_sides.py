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

Sides = NDArray[np.int8]
"""[condition, ...] 1 or 0, whether a comparison holds; for `==` the sign of left - right, so that a passage through 0 is seen."""


class ConditionSides:
    """Evaluates conditions that are on one graph."""

    def __init__(self, graph: Graph, conditions: Sequence[Condition]) -> None:
        self.graph, self.conditions = graph, tuple(conditions)
        self.equal = np.array([condition.kind == g.EQUAL for condition in conditions], dtype=bool)
        targets = [side for condition in conditions for side in (condition.left, condition.right)]
        self.order = evaluation_order(graph, targets, lambda node: graph.kind[node] == g.SYMBOL)

    def at(self, given: Mapping[str, Any], shape: tuple[int, ...] = ()) -> Sides:
        """The sides at points.

        given   value of every symbol: a number or an array of a shape
        """
        symbol = self.graph.symbol
        with np.errstate(all="ignore"):
            values = compute(NumpyArithmetic(), self.graph, self.order, lambda node: given[symbol[node]])
        found = np.zeros((len(self.conditions), *shape), np.int8)
        for row, condition in enumerate(self.conditions):
            left, right = values[condition.left], values[condition.right]
            if condition.kind == g.EQUAL:
                found[row] = np.greater(left, right).astype(np.int8) - np.less(left, right).astype(np.int8)
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
        low = np.zeros((len(self.conditions), *shape), np.int8)
        high = np.zeros_like(low)
        for row, condition in enumerate(self.conditions):
            left, right = values[condition.left], values[condition.right]
            if condition.kind == g.EQUAL:
                low[row] = np.where(left[0] > right[1], 1, np.where(left[0] >= right[1], 0, -1))
                high[row] = np.where(left[1] < right[0], -1, np.where(left[1] <= right[0], 0, 1))
            else:
                compared = np.less if condition.kind == g.LESS else np.less_equal
                low[row], high[row] = compared(left[1], right[0]), compared(left[0], right[1])
        return low, high

    def holds(self, sides: Sides) -> NDArray[np.bool_]:
        """Whether each condition holds."""
        equal = self.equal.reshape(-1, *[1] * (sides.ndim - 1))
        return np.where(equal, sides == 0, sides == 1)
