"""Mathematics of SBML -> operations on a graph: a few for the shipped model, all usual ones for an imported model."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import reduce
from itertools import pairwise

import libsbml

from resprout.compile import graph as g
from resprout.compile.graph import Graph, Node

Build = Callable[[Graph, list[Node]], Node]
AVOGADRO = 6.02214179e23
"""As SBML defines the symbol."""


def _minus(graph: Graph, arguments: list[Node]) -> Node:
    return graph.negate(arguments[0]) if len(arguments) == 1 else graph.subtract(*arguments)


def _root(graph: Graph, arguments: list[Node]) -> Node:
    if len(arguments) == 1:
        return graph.sqrt(arguments[0])
    return graph.power(arguments[1], graph.reciprocal(arguments[0]))


SMOOTH: dict[int, Build] = {
    libsbml.AST_PLUS: lambda graph, arguments: reduce(graph.add, arguments, graph.zero),
    libsbml.AST_TIMES: lambda graph, arguments: reduce(graph.multiply, arguments, graph.one),
    libsbml.AST_MINUS: _minus,
    libsbml.AST_DIVIDE: lambda graph, arguments: graph.divide(*arguments),
    libsbml.AST_POWER: lambda graph, arguments: graph.power(*arguments),
    libsbml.AST_FUNCTION_POWER: lambda graph, arguments: graph.power(*arguments),
    libsbml.AST_FUNCTION_EXP: lambda graph, arguments: graph.exp(*arguments),
    libsbml.AST_FUNCTION_LN: lambda graph, arguments: graph.log(*arguments),
    libsbml.AST_FUNCTION_ROOT: _root,
}
"""What the shipped model is written in."""


def _any_root(graph: Graph, arguments: list[Node]) -> Node:
    if len(arguments) == 1 or (graph.is_number(arguments[0]) and graph.value[arguments[0]] == 2):
        return graph.sqrt(arguments[-1])
    return graph.raised(arguments[1], graph.reciprocal(arguments[0]))


def _logarithm(graph: Graph, arguments: list[Node]) -> Node:
    base = graph.number(math.log(10.0)) if len(arguments) == 1 else graph.call("log", arguments[0])
    return graph.divide(graph.call("log", arguments[-1]), base)


def _not(graph: Graph, arguments: list[Node]) -> Node:
    return graph.compare(g.EQUAL, arguments[0], graph.zero)


def _truth(graph: Graph, node: Node) -> Node:
    """1 for anything but 0."""
    return graph.select(node, graph.one, graph.zero)


def _all(graph: Graph, arguments: list[Node]) -> Node:
    return reduce(lambda left, right: graph.select(left, right, graph.zero), arguments, graph.one)


def _any(graph: Graph, arguments: list[Node]) -> Node:
    return reduce(lambda left, right: graph.select(left, graph.one, right), arguments, graph.zero)


def _odd(graph: Graph, arguments: list[Node]) -> Node:
    truths = [_truth(graph, node) for node in arguments]
    return reduce(lambda left, right: graph.select(left, _not(graph, [right]), right), truths, graph.zero)


def _chain(kind: int, *, swapped: bool = False) -> Build:
    """a < b < c means that each neighbouring pair is in order."""

    def build(graph: Graph, arguments: list[Node]) -> Node:
        pairs = list(pairwise(arguments))
        found = [graph.condition(kind, *(pair[::-1] if swapped else pair)) for pair in pairs]
        return _all(graph, found)

    return build


def _piecewise(graph: Graph, arguments: list[Node]) -> Node:
    result = arguments[-1] if len(arguments) % 2 else graph.number(math.nan)
    for index in range(len(arguments) // 2 - 1, -1, -1):
        result = graph.select(arguments[2 * index + 1], arguments[2 * index], result)
    return result


def _smaller(graph: Graph, left: Node, right: Node) -> Node:
    return graph.select(graph.compare(g.LESS, left, right), left, right)


def _larger(graph: Graph, left: Node, right: Node) -> Node:
    return graph.select(graph.compare(g.LESS, left, right), right, left)


def _absolute(graph: Graph, arguments: list[Node]) -> Node:
    [value] = arguments
    return graph.select(graph.compare(g.LESS, value, graph.zero), graph.negate(value), value)


def _floor(graph: Graph, node: Node) -> Node:
    return graph.call("floor", node)


def _ceiling(graph: Graph, node: Node) -> Node:
    return graph.negate(_floor(graph, graph.negate(node)))


def _quotient(graph: Graph, arguments: list[Node]) -> Node:
    """a / b without its fraction, whatever their signs."""
    ratio = graph.divide(*arguments)
    below = graph.compare(g.LESS, ratio, graph.zero)
    return graph.select(below, _ceiling(graph, ratio), _floor(graph, ratio))


def _remainder(graph: Graph, arguments: list[Node]) -> Node:
    """What is left of a when its multiples of b are taken away; of the sign of a."""
    return graph.subtract(arguments[0], graph.multiply(arguments[1], _quotient(graph, arguments)))


def _factorial(graph: Graph, arguments: list[Node]) -> Node:
    """n!, not a number where n is not whole or is negative."""
    [value] = arguments
    whole = _floor(graph, value)
    product = graph.call("tgamma", graph.add(whole, graph.one))
    known = graph.select(graph.compare(g.LESS, value, graph.zero), graph.number(math.nan), product)
    return graph.select(graph.compare(g.EQUAL, value, whole), known, graph.number(math.nan))


def _called(name: str) -> Build:
    return lambda graph, arguments: graph.call(name, *arguments)


def _inverted(name: str) -> Build:
    """1 / f(x), as the secant is of the cosine."""
    return lambda graph, arguments: graph.reciprocal(graph.call(name, *arguments))


def _of_inverse(name: str) -> Build:
    """f(1 / x), as the inverse secant is of the inverse cosine."""
    return lambda graph, arguments: graph.call(name, graph.reciprocal(arguments[0]))


USUAL: dict[int, Build] = {
    **SMOOTH,
    libsbml.AST_POWER: lambda graph, arguments: graph.raised(*arguments),
    libsbml.AST_FUNCTION_POWER: lambda graph, arguments: graph.raised(*arguments),
    libsbml.AST_FUNCTION_ROOT: _any_root,
    libsbml.AST_FUNCTION_LN: _called("log"),
    libsbml.AST_FUNCTION_LOG: _logarithm,
    libsbml.AST_FUNCTION_ABS: _absolute,
    libsbml.AST_FUNCTION_FLOOR: lambda graph, arguments: _floor(graph, arguments[0]),
    libsbml.AST_FUNCTION_CEILING: lambda graph, arguments: _ceiling(graph, arguments[0]),
    libsbml.AST_FUNCTION_QUOTIENT: _quotient,
    libsbml.AST_FUNCTION_REM: _remainder,
    libsbml.AST_FUNCTION_FACTORIAL: _factorial,
    libsbml.AST_FUNCTION_MIN: lambda graph, arguments: reduce(lambda a, b: _smaller(graph, a, b), arguments),
    libsbml.AST_FUNCTION_MAX: lambda graph, arguments: reduce(lambda a, b: _larger(graph, a, b), arguments),
    libsbml.AST_FUNCTION_PIECEWISE: _piecewise,
    libsbml.AST_LOGICAL_AND: _all,
    libsbml.AST_LOGICAL_OR: _any,
    libsbml.AST_LOGICAL_XOR: _odd,
    libsbml.AST_LOGICAL_NOT: _not,
    libsbml.AST_LOGICAL_IMPLIES: lambda graph, arguments: _any(graph, [_not(graph, arguments[:1]), arguments[1]]),
    libsbml.AST_RELATIONAL_LT: _chain(g.LESS),
    libsbml.AST_RELATIONAL_GT: _chain(g.LESS, swapped=True),
    libsbml.AST_RELATIONAL_LEQ: _chain(g.AT_MOST),
    libsbml.AST_RELATIONAL_GEQ: _chain(g.AT_MOST, swapped=True),
    libsbml.AST_RELATIONAL_EQ: _chain(g.EQUAL),
    libsbml.AST_RELATIONAL_NEQ: lambda graph, arguments: _not(graph, [graph.condition(g.EQUAL, *arguments)]),
    libsbml.AST_FUNCTION_SIN: _called("sin"),
    libsbml.AST_FUNCTION_COS: _called("cos"),
    libsbml.AST_FUNCTION_TAN: _called("tan"),
    libsbml.AST_FUNCTION_SINH: _called("sinh"),
    libsbml.AST_FUNCTION_COSH: _called("cosh"),
    libsbml.AST_FUNCTION_TANH: _called("tanh"),
    libsbml.AST_FUNCTION_SEC: _inverted("cos"),
    libsbml.AST_FUNCTION_CSC: _inverted("sin"),
    libsbml.AST_FUNCTION_COT: _inverted("tan"),
    libsbml.AST_FUNCTION_SECH: _inverted("cosh"),
    libsbml.AST_FUNCTION_CSCH: _inverted("sinh"),
    libsbml.AST_FUNCTION_COTH: _inverted("tanh"),
    libsbml.AST_FUNCTION_ARCSIN: _called("asin"),
    libsbml.AST_FUNCTION_ARCCOS: _called("acos"),
    libsbml.AST_FUNCTION_ARCTAN: _called("atan"),
    libsbml.AST_FUNCTION_ARCSINH: _called("asinh"),
    libsbml.AST_FUNCTION_ARCCOSH: _called("acosh"),
    libsbml.AST_FUNCTION_ARCTANH: _called("atanh"),
    libsbml.AST_FUNCTION_ARCSEC: _of_inverse("acos"),
    libsbml.AST_FUNCTION_ARCCSC: _of_inverse("asin"),
    libsbml.AST_FUNCTION_ARCCOT: _of_inverse("atan"),
    libsbml.AST_FUNCTION_ARCSECH: _of_inverse("acosh"),
    libsbml.AST_FUNCTION_ARCCSCH: _of_inverse("asinh"),
    libsbml.AST_FUNCTION_ARCCOTH: _of_inverse("atanh"),
}
"""What an imported model may use; jumps are allowed, and powers are right for any sign."""

NUMBERS = {
    libsbml.AST_CONSTANT_PI: math.pi,
    libsbml.AST_CONSTANT_E: math.e,
    libsbml.AST_CONSTANT_TRUE: 1.0,
    libsbml.AST_CONSTANT_FALSE: 0.0,
    libsbml.AST_NAME_AVOGADRO: AVOGADRO,
}
