"""A System -> plain statements that other programs can run: every value that is used more than once has a name of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from resprout.compile import graph as g
from resprout.compile.graph import Graph, Node
from resprout.compile.system import System

INFIX = {g.ADD: "({} + {})", g.MULTIPLY: "({} * {})", g.RECIPROCAL: "(1.0 / {})", g.EXP: "exp({})", g.SQRT: "sqrt({})"}
SBML = {**INFIX, g.LOG: "ln({})", g.POWER: "({} ^ {})"}
PYTHON = {**INFIX, g.LOG: "log({})", g.POWER: "({} ** {})"}
DIFFSL = {**INFIX, g.LOG: "log({})", g.POWER: "pow({}, {})"}
PLAIN = (g.CONSTANT, g.SYMBOL)


@dataclass(frozen=True)
class Statements:
    """A system as formulas by name, in order of evaluation.

    invariant  depend on constants only: worth computing once per patient
    shared   values that several others read
    rate     of each state         output   of each output
    """

    invariant: dict[str, str]
    shared: dict[str, str]
    rate: dict[str, str]
    output: dict[str, str]


def statements(system: System, outputs: Iterable[str], words: Mapping[int, str]) -> Statements:
    """Write a system down; `words` is SBML, PYTHON or DIFFSL."""
    graph = system.graph
    observed = {name: system.node(name) for name in outputs}
    targets = [*system.rate, *observed.values()]
    readers = _readers(graph, targets)
    text: dict[Node, str] = {}
    named: tuple[dict[str, str], dict[str, str]] = ({}, {})
    for node in graph.reachable(targets):
        text[node] = _formula(graph, node, text, words)
        still = graph.is_invariant(node)
        if graph.kind[node] not in PLAIN and readers.get(node, 0) > (0 if still else 1):
            name = f"{'invariant' if still else 'shared'}_{node}"
            named[0 if still else 1][name], text[node] = text[node], name
    rate = {name: text[node] for name, node in zip(system.states, system.rate, strict=True)}
    return Statements(*named, rate, {name: text[node] for name, node in observed.items()})


def _readers(graph: Graph, targets: list[Node]) -> dict[Node, int]:
    """How many moving values read each node; a target counts as read."""
    readers: dict[Node, int] = dict.fromkeys(targets, 1)
    for node in graph.reachable(targets, stop_at_invariant=True):
        for argument in () if graph.is_invariant(node) else graph.arguments[node]:
            readers[argument] = readers.get(argument, 0) + 1
    return readers


def _formula(graph: Graph, node: Node, text: Mapping[Node, str], words: Mapping[int, str]) -> str:
    if graph.kind[node] == g.CONSTANT:
        return f"({graph.value[node]!r})"
    if graph.kind[node] == g.SYMBOL:
        return graph.symbol[node]
    return words[graph.kind[node]].format(*(text[argument] for argument in graph.arguments[node]))


def invariant_values(
    invariant: Mapping[str, str], constants: Mapping[str, ArrayLike]
) -> dict[str, NDArray[np.float64]]:
    """The time-invariant values in PYTHON's words: by name, scalar or [patient] as the constants are."""
    scope: dict[str, Any] = {"exp": np.exp, "log": np.log, "sqrt": np.sqrt}
    scope |= {name: np.asarray(value, dtype=float) for name, value in constants.items()}
    for name, formula in invariant.items():
        scope[name] = eval(formula, {"__builtins__": {}}, scope)
    return {name: scope[name] for name in invariant}
