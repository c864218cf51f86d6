"""Absolute tolerances of an imported model: every state is held to its own size, which nobody knows beforehand.

The first guess is the size at which a state begins. Where the run shows that a state stays smaller than guessed, it is run again
with what it showed. What rounding makes of the flows into a state is no error that a shorter step could mend, and bounds the
tolerance from below.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import numpy as np

from resprout.compile import graph as g
from resprout.compile.evaluate import Evaluator
from resprout.compile.graph import Graph, Node
from resprout.compile.system import System
from resprout.solve.events import Floats

SMALL_SHARE = 1e-4
"""Absolute over relative tolerance, in units of the size of a state."""
ROUNDING_SHARE = 1e-17
"""Of all that flows into and out of a state during a run; a tenth of a double's precision, since errors of steps partly cancel."""
TOO_LARGE = 10.0
"""A tolerance that is larger by this than it should be is mended, and the patient run again."""


def imported_tolerances(relative: float, start: Floats, patients: int) -> Floats:
    """[patient, state] absolute tolerances: a small share of where the state begins.

    relative   tolerance of a step
    start      [patient or 1, state]

    A state that begins at zero is held like the smallest other one of the patient.
    """
    size = np.abs(np.where(np.isfinite(start), start, 0.0))
    smallest = np.where(size > 0, size, np.inf).min(axis=1, keepdims=True, initial=np.inf)
    size = np.where(size > 0, size, np.where(np.isfinite(smallest), smallest, 1.0))
    return np.array(np.broadcast_to(relative * SMALL_SHARE * size, (patients, size.shape[1])))


def tightened(
    relative: float,
    absolute: Floats,
    peak: Floats,
    system: System,
    states: tuple[str, ...],
    constants: Mapping[str, Any],
    span: float,
) -> Floats:
    """[patient, state] absolute tolerances that follow what a run has shown; those that were good enough are as before.

    absolute   [patient, state] of that run
    peak       [patient, state] largest size of each state; 0 where nothing is known
    states     of the kernel, in its order
    constants  name -> scalar or [patient] of the system
    span       how long the run was
    """
    sizes: dict[str, Any] = {name: peak[:, row] for row, name in enumerate(states)}
    flows = _gross_flows(system, states, {**dict.fromkeys(system.states, 1.0), **constants, **sizes}, len(peak))
    floor = np.minimum(ROUNDING_SHARE * span * flows, relative * peak)
    wanted = np.maximum(relative * SMALL_SHARE * peak, floor)
    return np.where((peak > 0) & (absolute > TOO_LARGE * wanted), wanted, absolute)


def _gross_flows(system: System, states: tuple[str, ...], given: Mapping[str, Any], patients: int) -> Floats:
    """[patient, state] sum of the sizes of all terms of each rate, with every state at its largest."""
    evaluator, columns = _flow_terms(system.graph, tuple(system.rate[system.states.index(name)] for name in states))
    flows = np.zeros((len(states), patients))
    for row, value in zip(columns, evaluator(given), strict=True):
        size = np.abs(value)
        flows[row] += np.where(np.isfinite(size), size, 0.0)
    return flows.T


@functools.lru_cache(maxsize=16)
def _flow_terms(graph: Graph, rates: tuple[Node, ...]) -> tuple[Evaluator, list[int]]:
    """The terms of some rates, ready to be evaluated, and the number of the rate of each."""
    terms = [_terms(graph, node) for node in rates]
    nodes = [node for each in terms for node in each]
    return Evaluator(graph, nodes), [row for row, each in enumerate(terms) for _ in each]


def _terms(graph: Graph, node: Node) -> list[Node]:
    found, waiting = [], [node]
    while waiting:
        node = waiting.pop()
        if graph.kind[node] == g.ADD:
            waiting += graph.arguments[node]
        else:
            found.append(node)
    return found
