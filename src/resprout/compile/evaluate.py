"""Nodes -> numbers by NumPy: for initial values, triggers and what an event assigns, where machine code would not pay."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from resprout.compile import graph as g
from resprout.compile.calls import CALLS
from resprout.compile.graph import Graph, Node

_COMPUTE: dict[int, Callable[..., Any]] = {
    g.ADD: np.add,
    g.MULTIPLY: np.multiply,
    g.RECIPROCAL: lambda x: np.divide(1.0, x),
    g.EXP: np.exp,
    g.LOG: np.log,
    g.SQRT: np.sqrt,
    g.POWER: np.float_power,
    g.LESS: lambda left, right: np.where(np.less(left, right), 1.0, 0.0),
    g.AT_MOST: lambda left, right: np.where(np.less_equal(left, right), 1.0, 0.0),
    g.EQUAL: lambda left, right: np.where(np.equal(left, right), 1.0, 0.0),
    g.SELECT: lambda chosen, left, right: np.where(np.not_equal(chosen, 0.0), left, right),
}


def evaluate(graph: Graph, targets: Sequence[Node], given: Mapping[str, Any]) -> list[Any]:
    """The value of each target.

    given     value of every symbol: a number, or an array; all arrays have one shape
    returns   a number or an array for each target
    """
    values: dict[Node, Any] = {}
    with np.errstate(all="ignore"):
        for node in graph.reachable(targets):
            kind, inner = graph.kind[node], [values[argument] for argument in graph.arguments[node]]
            if kind == g.CONSTANT:
                values[node] = graph.value[node]
            elif kind == g.SYMBOL:
                values[node] = given[graph.symbol[node]]
            elif kind == g.CALL:
                values[node] = CALLS[graph.symbol[node]].compute(*inner)
            else:
                values[node] = _COMPUTE[kind](*inner)
    return [values[target] for target in targets]
