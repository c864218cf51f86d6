"""Bounds by interval arithmetic hold every value of an expression within the range of its argument."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resprout.compile import graph as g
from resprout.compile.calls import CALLS
from resprout.compile.evaluate import Evaluator, compute, evaluation_order
from resprout.compile.graph import Graph
from resprout.compile.interval_arithmetic import IntervalArithmetic

X = "x"
BUILT = {
    **{name: (lambda graph, x, name=name: graph.call(name, x)) for name in CALLS if name != "pow"},
    "power of 9": lambda graph, x: graph.call("pow", x, graph.number(9.0)),
    "power of 10": lambda graph, x: graph.call("pow", x, graph.number(10.0)),
    "power of -3": lambda graph, x: graph.call("pow", x, graph.number(-3.0)),
    "power of -10": lambda graph, x: graph.call("pow", x, graph.number(-10.0)),
    "broken power": lambda graph, x: graph.call("pow", x, graph.number(2.3)),
    "square": lambda graph, x: graph.multiply(x, x),
    "reciprocal": lambda graph, x: graph.reciprocal(x),
    "exp": lambda graph, x: graph.exp(graph.multiply(x, x)),
    "root": lambda graph, x: graph.sqrt(x),
    "ln": lambda graph, x: graph.log(x),
    "a choice": lambda graph, x: graph.select(graph.compare(g.LESS, x, graph.one), graph.negate(x), graph.exp(x)),
    "an equality": lambda graph, x: graph.select(graph.compare(g.EQUAL, x, graph.one), x, graph.zero),
    "a pulse": lambda graph, x: graph.exp(graph.negate(graph.multiply(x, graph.add(x, graph.number(-2.0))))),
}


@pytest.mark.parametrize("name", BUILT)
@given(middle=st.floats(-20, 20), width=st.sampled_from([0.0, 1e-9, 0.01, 0.7, 5.0]))
def test_bounds_hold_every_value(name, middle, width):
    graph = Graph((X,), ())
    node = BUILT[name](graph, graph.name(X))
    low, high = middle - width / 2, middle + width / 2
    order = evaluation_order(graph, [node], lambda each: graph.kind[each] == g.SYMBOL)
    with np.errstate(all="ignore"):
        bounds = compute(IntervalArithmetic(), graph, order, lambda _: (np.array([low]), np.array([high])))[node]
    [values] = Evaluator(graph, [node])({X: np.linspace(low, high, 101)})
    values = values[np.isfinite(values)]
    assert (values >= bounds[0]).all() and (values <= bounds[1]).all()
    if width == 0 and len(values):
        # nothing is lost at a point, but for poles
        assert bounds[1] - bounds[0] <= 1e-9 * np.abs(values).max() + 1e-300 or not np.isfinite(bounds).all()
