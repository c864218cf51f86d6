"""Nodes -> values, over any arithmetic: numbers by NumPy, instructions by LLVM."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from resprout.compile import graph as g
from resprout.compile.arithmetic import Arithmetic, Value
from resprout.compile.graph import Graph, Node
from resprout.compile.numpy_arithmetic import NumpyArithmetic

Order = list[tuple[Node, bool]]
"""Nodes in order of evaluation, each with whether it is known without being computed."""


def evaluation_order(graph: Graph, targets: Iterable[Node], known: Callable[[Node], bool]) -> Order:
    """The order in which targets are computed; what is below a known node is left out."""
    done: set[Node] = set()
    order: Order = []
    # each target's own nodes come right before it, so that few values wait in registers
    waiting = [(node, False) for node in reversed(list(targets))]
    while waiting:
        node, ready = waiting.pop()
        if node in done:
            continue
        given = not ready and known(node)
        if ready or given:
            done.add(node)
            order.append((node, given))
            continue
        waiting.append((node, True))
        waiting += [(argument, False) for argument in reversed(graph.arguments[node])]
    return order


def compute(arithmetic: Arithmetic, graph: Graph, order: Order, given: Callable[[Node], Value]) -> dict[Node, Value]:
    """Compute every node of an order.

    given    returns the value of a known node: a state, a constant, a time-invariant value
    returns  the value of every node
    """
    values: dict[Node, Value] = {}
    for node, known in order:
        if known:
            values[node] = given(node)
        else:
            values[node] = _operation(arithmetic, graph, node, [values[inner] for inner in graph.arguments[node]])
    return values


def _operation(arithmetic: Arithmetic, graph: Graph, node: Node, inner: list[Value]) -> Value:
    kind = graph.kind[node]
    if kind == g.CONSTANT:
        return arithmetic.number(graph.value[node])
    if kind == g.CALL:
        return arithmetic.call(graph.symbol[node], inner)
    if kind not in _OPERATIONS:
        raise AssertionError(f"node {node} of kind {kind} has no value and no operation")
    return _OPERATIONS[kind](arithmetic, *inner)


def _as_number(arithmetic: Arithmetic, held: Value) -> Value:
    return arithmetic.choose(held, arithmetic.number(1.0), arithmetic.number(0.0))


_OPERATIONS: dict[int, Callable[..., Value]] = {
    g.ADD: lambda over, left, right: over.add(left, right),
    g.MULTIPLY: lambda over, left, right: over.multiply(left, right),
    g.RECIPROCAL: lambda over, value: over.divide(over.number(1.0), value),
    g.EXP: lambda over, value: over.exp(value),
    g.LOG: lambda over, value: over.log(value),
    g.SQRT: lambda over, value: over.sqrt(value),
    g.POWER: lambda over, base, exponent: over.exp(over.multiply(exponent, over.log(base))),
    g.LESS: lambda over, left, right: _as_number(over, over.less(left, right)),
    g.AT_MOST: lambda over, left, right: _as_number(over, over.at_most(left, right)),
    g.EQUAL: lambda over, left, right: _as_number(over, over.equal(left, right)),
    # what is not a number counts as true
    g.SELECT: lambda over, chosen, left, right: over.choose(over.equal(chosen, over.number(0.0)), right, left),
}


class Evaluator:
    """Targets that are evaluated by NumPy again and again: their order is found once."""

    def __init__(self, graph: Graph, targets: Sequence[Node]) -> None:
        self.graph, self.targets = graph, tuple(targets)
        self.order = evaluation_order(graph, targets, lambda node: graph.kind[node] == g.SYMBOL)

    def __call__(self, given: Mapping[str, Any]) -> list[Any]:
        """The value of each target, a number or an array.

        given   value of every symbol: a number, or an array; all arrays have one shape
        """
        symbol = self.graph.symbol
        with np.errstate(all="ignore"):
            values = compute(NumpyArithmetic(), self.graph, self.order, lambda node: given[symbol[node]])
        return [values[target] for target in self.targets]


def evaluate(graph: Graph, targets: Sequence[Node], given: Mapping[str, Any]) -> list[Any]:
    """The value of each target by NumPy, once; arguments and result as for `Evaluator`."""
    return Evaluator(graph, targets)(given)
