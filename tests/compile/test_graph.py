"""Expressions and derivatives of the graph against SymPy."""

from __future__ import annotations

import math

import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from resprout.compile.graph import ADD, EXP, LOG, MULTIPLY, POWER, RECIPROCAL, SQRT, SYMBOL, Graph
from resprout.compile.jacobian import jacobian
from resprout.compile.order import minimum_degree

X, Y, K = sympy.symbols("x y k", positive=True)


def build(graph: Graph, expression: sympy.Expr) -> int:
    if expression.is_Symbol:
        return graph.name(expression.name)
    if expression.is_number:
        return graph.number(float(expression))
    arguments = [build(graph, argument) for argument in expression.args]
    kind = expression.func
    if kind in (sympy.Add, sympy.Mul):
        combine = graph.add if kind is sympy.Add else graph.multiply
        total = arguments[0]
        for argument in arguments[1:]:
            total = combine(total, argument)
        return total
    if kind is sympy.Pow:
        return graph.power(*arguments)
    return {sympy.exp: graph.exp, sympy.log: graph.log}[kind](*arguments)


def evaluate(graph: Graph, target: int, values: dict[str, float]) -> float:
    done: dict[int, float] = {}
    rules = {
        ADD: lambda a, b: a + b,
        MULTIPLY: lambda a, b: a * b,
        RECIPROCAL: lambda a: 1 / a,
        EXP: math.exp,
        LOG: math.log,
        SQRT: math.sqrt,
        POWER: lambda a, b: a**b,
    }
    for node in graph.reachable([target]):
        if graph.is_number(node):
            done[node] = graph.value[node]
        elif graph.kind[node] == SYMBOL:
            done[node] = values[graph.symbol[node]]
        else:
            done[node] = rules[graph.kind[node]](*(done[argument] for argument in graph.arguments[node]))
    return done[target]


EXPRESSIONS = [
    X**2 * Y + K / X,
    sympy.exp(-K * X) / (1 + Y**3),
    sympy.sqrt(X + Y) * sympy.log(X * K),
    (X / K) ** Y,
    X**2.7 / (K**2.7 + X**2.7),
    (1 + X) ** -2 * (Y - X) * (K + 3),
]


@pytest.mark.parametrize("expression", EXPRESSIONS, ids=str)
@given(x=st.floats(0.1, 3), y=st.floats(0.1, 3), k=st.floats(0.1, 3))
def test_values_and_derivatives_equal_those_of_sympy(expression, x, y, k):
    graph = Graph(["x", "y"], [])
    values = {"x": x, "y": y, "k": k}
    place = {X: x, Y: y, K: k}
    node = build(graph, expression)
    assert evaluate(graph, node, values) == pytest.approx(float(expression.subs(place)), rel=1e-12, abs=1e-13)
    derivatives = jacobian(graph, [node, graph.multiply(node, node)])
    for index, symbol in enumerate((X, Y)):
        derivative = float(sympy.diff(expression, symbol).subs(place))
        assert evaluate(graph, graph.derivative(node, index), values) == pytest.approx(derivative, rel=1e-10, abs=1e-11)
        assert evaluate(graph, derivatives.get((0, index), graph.zero), values) == pytest.approx(
            derivative, rel=1e-10, abs=1e-11
        )
        square = float(sympy.diff(expression**2, symbol).subs(place))
        assert evaluate(graph, derivatives.get((1, index), graph.zero), values) == pytest.approx(
            square, rel=1e-9, abs=1e-10
        )


def test_equal_expressions_are_one_node():
    graph = Graph(["x"], [])
    x, k = graph.name("x"), graph.name("k")
    assert graph.multiply(x, k) == graph.multiply(k, x)


def test_what_depends_on_constants_only_is_invariant_and_gathered():
    graph = Graph(["x"], ["u"])
    x, k, c = graph.name("x"), graph.name("k"), graph.name("c")
    product = graph.multiply(graph.multiply(x, k), c)
    assert any(
        graph.is_invariant(argument) and graph.kind[argument] == MULTIPLY for argument in graph.arguments[product]
    )
    assert not graph.is_invariant(graph.name("u"))


def test_the_slope_of_a_hill_term_is_finite_without_drug():
    graph = Graph(["x"], [])
    term = graph.power(graph.name("x"), graph.name("n"))
    derivative = graph.derivative(term, 0)
    assert evaluate(graph, derivative, {"x": 0.0, "n": 1.4}) == 0.0


def test_the_jacobian_through_a_bottleneck_is_that_of_the_chain_rule():
    # ten rates read ten states through one value
    graph = Graph([f"x{number}" for number in range(10)], [])
    total = graph.zero
    for name in graph.states:
        total = graph.add(total, graph.exp(graph.name(name)))
    middle = graph.exp(total)
    rates = [graph.exp(graph.multiply(middle, graph.name(f"k{number}"))) for number in range(10)]
    derivatives = jacobian(graph, rates)
    assert len(derivatives) == 100
    values = {f"x{number}": 0.01 * number - 1 for number in range(10)} | {f"k{number}": 0.001 for number in range(10)}
    for row, column in [(0, 0), (3, 9), (9, 4)]:
        expected = evaluate(graph, graph.derivative(rates[row], column), values)
        assert evaluate(graph, derivatives[row, column], values) == pytest.approx(expected, rel=1e-12)


def test_a_rate_that_reads_nothing_that_moves_has_no_derivative():
    graph = Graph(["x"], ["u"])
    assert jacobian(graph, [graph.name("k"), graph.name("u"), graph.name("x")]) == {(2, 0): graph.one}


def test_elimination_fills_what_gauss_fills():
    # an arrow matrix that points to the first state fills completely if that state goes first, and not at all if last
    arrow = {(0, i) for i in range(5)} | {(i, 0) for i in range(5)} | {(i, i) for i in range(5)}
    found = minimum_degree(5, arrow)
    assert found.order[-1] == 0 or found.order[-2] == 0
    assert found.pattern == frozenset(arrow)
