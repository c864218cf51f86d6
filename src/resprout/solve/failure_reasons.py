"""Why a patient of an imported model could not be solved: the state, the time and what its rate does there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from resprout.compile import graph as g
from resprout.compile.evaluate import compute, evaluation_order
from resprout.compile.graph import Graph, Node
from resprout.compile.numpy_arithmetic import NumpyArithmetic
from resprout.compile.system import System
from resprout.solve.events import Floats
from resprout.solve.step_size import MOST_STEPS

GROWN = 1e8
"""A state larger than this times every other, and than all of them were at the beginning, grows without bound."""
ALMOST_ZERO = 1e-8
"""Share of its own terms below which a divisor is almost zero."""
STEPS_AHEAD = np.logspace(-12, -1, 12)
"""Shares of the time passed by which rates are looked at beyond the last step."""


def failure_reason(
    system: System,
    constants: Mapping[str, Any],
    states: Sequence[str],
    last: Floats,
    start: Floats,
    hour: float,
    *,
    many: bool,
) -> str:
    """One sentence on what stopped a patient.

    system      as the file has it, every rate with its conditions
    states      names of the states that were integrated
    last        [state] where they were              start   [state] where they began
    hour        when, in the model's own unit of time
    many        whether steps ran out, rather than shrank
    """
    symbols = dict.fromkeys(system.states, 0.0) | dict(constants) | dict(zip(states, last, strict=True))
    rates = _rates(system, symbols)
    found = _broken(system, symbols, states, rates)
    for share in STEPS_AHEAD if found is None else ():
        ahead = {name: symbols[name] + share * max(abs(hour), 1e-300) * rates[name] for name in states}
        if all(np.isfinite(value) for value in ahead.values()):
            found = _broken(system, symbols | ahead, states, _rates(system, symbols | ahead))
        if found is not None:
            break
    row = int(np.abs(last).argmax()) if len(states) else 0
    others = np.append(np.delete(np.abs(last), row), np.abs(start)).max(initial=0.0)
    if len(states) and np.abs(last[row]) > GROWN * (others or 1.0):
        largest = states[row]
        return f"`{largest}` grows without bound: it has reached {symbols[largest]:.3g} at time {hour:.6g}"
    if found is not None:
        return f"{found} near time {hour:.6g}"
    if many:
        return f"more than {MOST_STEPS:,} steps were needed and time {hour:.6g} was reached: loosen the tolerance or run shorter".replace(
            ",", " ", 1
        )
    steepest = max(states, key=lambda name: abs(rates[name]) / max(abs(symbols[name]), 1e-300), default="")
    if divisor := _small_divisor(system, steepest, symbols):
        return f"the rate of `{steepest}` divides by {divisor:.3g}, almost zero, near time {hour:.6g}"
    return f"the step shrank to nothing at time {hour:.6g}, where `{steepest}` changes fastest ({rates.get(steepest, 0.0):.3g} per unit of time)"


def _small_divisor(system: System, name: str, symbols: Mapping[str, Any]) -> float | None:
    """What a rate divides by, if that is what little is left of larger numbers."""
    if not name:
        return None
    graph, target = system.graph, system.rate[system.states.index(name)]
    values = _values(graph, [target], symbols)
    for node in graph.reachable([target]):
        if graph.kind[node] != g.RECIPROCAL or graph.kind[below := graph.arguments[node][0]] != g.ADD:
            continue
        parts = [abs(float(values[part])) for part in graph.arguments[below]]
        if 0 < abs(float(values[below])) < ALMOST_ZERO * max(parts):
            return float(values[below])
    return None


def _rates(system: System, symbols: Mapping[str, Any]) -> dict[str, float]:
    values = _values(system.graph, system.rate, symbols)
    return {name: float(values[node]) for name, node in zip(system.states, system.rate, strict=True)}


def _values(graph: Graph, targets: Sequence[Node], symbols: Mapping[str, Any]) -> dict[Node, Any]:
    order = evaluation_order(graph, targets, lambda node: graph.kind[node] == g.SYMBOL)
    with np.errstate(all="ignore"):
        return compute(NumpyArithmetic(), graph, order, lambda node: np.float64(symbols[graph.symbol[node]]))


def _broken(
    system: System, symbols: Mapping[str, Any], states: Sequence[str], rates: Mapping[str, float]
) -> str | None:
    """The first state whose rate is no finite number, and why."""
    for name in states:
        if np.isfinite(rates[name]):
            continue
        return f"the rate of `{name}` is {'infinite' if np.isinf(rates[name]) else 'not a number'}, {_why(system, name, symbols)}"
    return None


def _why(system: System, name: str, symbols: Mapping[str, Any]) -> str:
    """Which operation made a rate no finite number."""
    graph, target = system.graph, system.rate[system.states.index(name)]
    values = _values(graph, [target], symbols)
    for node in graph.reachable([target]):
        inner = [values[argument] for argument in graph.arguments[node]]
        if node not in values or np.isfinite(values[node]) or not all(np.isfinite(value) for value in inner):
            continue
        kind = graph.kind[node]
        if kind == g.RECIPROCAL:
            return "a division by zero"
        if kind == g.SQRT:
            return f"the square root of {inner[0]:.3g}"
        if kind == g.CALL:
            return f"{graph.symbol[node]}({', '.join(f'{value:.3g}' for value in inner)})"
        return "a number too large for a double"
    return "of a quantity that is no number itself"
