"""Conditions and events of many patients side by side: each meets their own hours, alone as in company, and every run ends."""

from __future__ import annotations

import numpy as np
import pytest

from resprout.compile import graph as g
from resprout.compile.evaluate import compute, evaluation_order
from resprout.compile.graph import Graph
from resprout.compile.interval_arithmetic import IntervalArithmetic
from resprout.compile.lane_intervals import LaneIntervals
from resprout.compile.numpy_arithmetic import NumpyArithmetic
from resprout.exchange.imported_model import import_model
from resprout.solve import Events, run_patients

REFILLED = "x = 1; k = 0.3; x' = -k*x; n = 0; E: at (x < 0.5): x = x + 1, n = n + 1;"


def solved(folder, text: str, times, names, constants, **how):
    file = folder / "m.ant"
    file.write_text(f"model m\n{text}\nend\n", encoding="utf-8")
    return run_patients(import_model(file), constants, Events.none(), np.array(times, dtype=float), names, **how)


def test_every_patient_meets_their_own_thresholds(tmp_path):
    k = np.linspace(0.1, 0.9, 41)
    found = solved(tmp_path, REFILLED, [20.0], ["n", "x"], {"k": k})
    assert not found.status.any()
    # from 1 to a half by ln 2, and from one and a half by ln 3 each time again
    decades = k * 20.0 - np.log(2.0)
    number = np.floor(decades / np.log(3.0)) + 1
    assert found.output("n")[:, 0].tolist() == number.tolist()
    left = 1.5 * np.exp(-(decades - (number - 1) * np.log(3.0)))
    np.testing.assert_allclose(found.output("x")[:, 0], left, rtol=1e-6)


@pytest.mark.parametrize("threads", [1, 2])
def test_the_bits_of_a_patient_with_events_do_not_depend_on_company(tmp_path, threads):
    k, times = np.linspace(0.1, 0.9, 150), np.linspace(0, 20, 23)
    text = f"{REFILLED} y = 0; y' = piecewise(1, x > 0.8, 0); D: at 0.7 after (y > 2 + k): x = 2*x;"
    whole = solved(tmp_path, text, times, ["x", "y", "n"], {"k": k}, threads=threads).value
    few = [3, 77, 140]
    alone = solved(tmp_path, text, times, ["x", "y", "n"], {"k": k[few]}, threads=1).value
    assert whole[few].tobytes() == alone.tobytes()


def test_more_events_than_a_million_end_a_run_with_a_sentence(tmp_path):
    text = "n = 0; due = 1e-7; E: at (time >= due): due = due + 1e-7, n = n + 1;"
    found = solved(tmp_path, text, [0.0, 1.0], ["n"], {})
    assert "a million events happened" in found.message(0)
    assert np.isnan(found.output("n")[0, 1])


def test_more_events_than_a_thousand_that_wait_end_a_run_with_a_sentence(tmp_path):
    text = "n = 0; s = 0; s' = 1; E: at 50 after (sin(300*s) > 0): n = n + 1;"
    assert "a thousand waited" in solved(tmp_path, text, [0.0, 40.0], ["n"], {}).message(0)


def test_events_whose_intervals_halve_to_nothing_end_where_they_must(tmp_path):
    # y is set to 2 whenever it passes x: each interval is half of the one before, until x has come down to 2
    text = "x = 3; x' = -1; y = 2; y' = 1 + 0*x; z = 1; z' = -0.01*z; n = 0; E: at (y > x): y = 2, n = n + 1;"
    found = solved(tmp_path, text, [0.0, 2.0], ["x", "y", "n"], {})
    assert found.message(0) == "solved"
    x, y, n = found.value[0, 1]
    assert x == pytest.approx(1, abs=1e-9) and y == pytest.approx(3, abs=1e-9) and 40 < n < 60


def test_two_thousand_changes_within_one_step_are_all_found(tmp_path):
    # nothing bends, so that one step would reach the end; the sine rises through 0 once in 2 pi / 300
    text = "n = 0; s = 0; s' = 1; E: at (sin(300*s) > 0): n = n + 1;"
    found = solved(tmp_path, text, [0.0, 40.0], ["n"], {}).output("n")[0, 1]
    assert found == np.floor(40 * 300 / (2 * np.pi)) + 1


def test_ten_thousand_events_of_time_are_all_counted(tmp_path):
    text = "n = 0; due = 0.001; E: at (time >= due): due = due + 0.001, n = n + 1;"
    assert solved(tmp_path, text, [0.0, 10.0005], ["n"], {}).output("n")[0, 1] == 10_000


def formulas() -> tuple[Graph, list[int]]:
    """Expressions with every operation that bounds are known of."""
    graph = Graph(("x", "y"), ())
    x, y = graph.name("x"), graph.name("y")
    above = graph.compare(g.LESS, x, y)
    called = [graph.call(name, x) for name in ("sin", "cos", "atan", "tanh", "cosh", "floor", "sinh", "tan")]
    return graph, [
        graph.add(graph.multiply(x, y), graph.number(-0.3)),
        graph.multiply(x, x),
        graph.divide(x, y),
        graph.exp(graph.multiply(x, y)),
        graph.log(y),
        graph.sqrt(y),
        graph.select(above, graph.multiply(x, graph.number(2.0)), y),
        graph.call("pow", y, x),
        *called,
    ]


def test_bounds_of_any_arithmetic_hold_every_point_and_are_near_those_of_numpy():
    graph, targets = formulas()
    order = evaluation_order(graph, targets, lambda node: graph.kind[node] == g.SYMBOL)
    random = np.random.default_rng(5)
    low = {"x": random.uniform(-2, 2, 200), "y": random.uniform(-0.5, 3, 200)}
    high = {name: value + random.uniform(0, 0.5, 200) for name, value in low.items()}

    def values(over, given):
        with np.errstate(all="ignore"):
            return compute(over, graph, order, lambda node: given[graph.symbol[node]])

    bounds = values(LaneIntervals(NumpyArithmetic()), {name: (low[name], high[name]) for name in low})
    tight = values(IntervalArithmetic(), {name: (low[name], high[name]) for name in low})
    for share in np.linspace(0, 1, 9):
        point = {name: low[name] + share * (high[name] - low[name]) for name in low}
        at = values(NumpyArithmetic(), point)
        for node in targets:
            least, value, most = np.broadcast_arrays(bounds[node][0], at[node], bounds[node][1])
            assert (~np.isfinite(value) | ((least <= value) & (value <= most))).all()
    # where both are bounded the wider of them is wider by no more than the wave of a sine
    for node in targets[:8]:
        own, other = (np.broadcast_to(found[node][0], (200,)) for found in (bounds, tight))
        both = np.isfinite(own) & np.isfinite(other)
        np.testing.assert_allclose(own[both], other[both], rtol=1e-9, atol=1e-9)
