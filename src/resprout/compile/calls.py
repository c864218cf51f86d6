"""Functions of the C library that an imported model may use: by name, as NumPy computes them, and their derivatives as nodes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import gamma

if TYPE_CHECKING:
    from resprout.compile.graph import Graph, Node


@dataclass(frozen=True)
class Call:
    """One function: what computes it on arrays, and its partial derivatives.

    derivatives   (graph, the node itself, its arguments) -> a node for each argument
    """

    compute: Callable[..., Any]
    derivatives: Callable[[Graph, Node, tuple[Node, ...]], tuple[Node, ...]]


def _one(
    derivative: Callable[[Graph, Node, Node], Node],
) -> Callable[[Graph, Node, tuple[Node, ...]], tuple[Node, ...]]:
    return lambda graph, node, arguments: (derivative(graph, node, arguments[0]),)


def _square_and(graph: Graph, node: Node, sign: float, added: float) -> Node:
    """sign x node^2 + added."""
    square = graph.multiply(node, node)
    return graph.add(graph.multiply(square, graph.number(sign)), graph.number(added))


def _inverse_root(sign: float, added: float) -> Callable[[Graph, Node, Node], Node]:
    return lambda graph, _, x: graph.reciprocal(graph.sqrt(_square_and(graph, x, sign, added)))


def _power_derivatives(graph: Graph, node: Node, arguments: tuple[Node, ...]) -> tuple[Node, ...]:
    base, exponent = arguments
    lower = graph.call("pow", base, graph.add(exponent, graph.number(-1.0)))
    # the graph's own logarithm stays finite where the base is not positive
    return graph.multiply(exponent, lower), graph.multiply(node, graph.log(base))


def _no_slope(graph: Graph, node: Node, arguments: tuple[Node, ...]) -> tuple[Node, ...]:
    """Of a function that is constant between its jumps, and of one that is asked for whole numbers only."""
    return (graph.zero,) * len(arguments)


CALLS: dict[str, Call] = {
    "log": Call(np.log, _one(lambda graph, _, x: graph.reciprocal(x))),
    "pow": Call(np.float_power, _power_derivatives),
    "sin": Call(np.sin, _one(lambda graph, _, x: graph.call("cos", x))),
    "cos": Call(np.cos, _one(lambda graph, _, x: graph.negate(graph.call("sin", x)))),
    "tan": Call(np.tan, _one(lambda graph, node, _: _square_and(graph, node, 1.0, 1.0))),
    "asin": Call(np.arcsin, _one(_inverse_root(-1.0, 1.0))),
    "acos": Call(np.arccos, _one(lambda graph, node, x: graph.negate(_inverse_root(-1.0, 1.0)(graph, node, x)))),
    "atan": Call(np.arctan, _one(lambda graph, _, x: graph.reciprocal(_square_and(graph, x, 1.0, 1.0)))),
    "sinh": Call(np.sinh, _one(lambda graph, _, x: graph.call("cosh", x))),
    "cosh": Call(np.cosh, _one(lambda graph, _, x: graph.call("sinh", x))),
    "tanh": Call(np.tanh, _one(lambda graph, node, _: _square_and(graph, node, -1.0, 1.0))),
    "asinh": Call(np.arcsinh, _one(_inverse_root(1.0, 1.0))),
    "acosh": Call(np.arccosh, _one(_inverse_root(1.0, -1.0))),
    "atanh": Call(np.arctanh, _one(lambda graph, _, x: graph.reciprocal(_square_and(graph, x, -1.0, 1.0)))),
    "floor": Call(np.floor, _no_slope),
    "tgamma": Call(gamma, _no_slope),
}
