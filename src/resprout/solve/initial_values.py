"""An imported model: where its patients begin, and how its states are held to the tolerance."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from resprout.compile import graph as g
from resprout.compile.evaluate import evaluate
from resprout.compile.graph import Node
from resprout.compile.system import Event, System
from resprout.language.records import ImportedModel
from resprout.solve.events import Floats

IMPORTED_TOLERANCE = 1e-8
"""Tighter than the shipped model's: nobody has yet looked at how this model's errors add up."""
SMALL_SHARE = 1e-4
"""Absolute over relative tolerance, in units of where a state begins."""
MOST_BREAKS = 10_000


@dataclass(frozen=True)
class Beginning:
    """Patients at the beginning.

    constants   name -> scalar or [patient]: what was set, and what follows from it
    start       [patient or 1, state] in the model's order
    """

    constants: dict[str, ArrayLike]
    start: Floats


@functools.lru_cache(maxsize=8)
def read_imported_equations(model: ImportedModel) -> tuple[System, tuple[Event, ...]]:
    """The equations of an imported model, and its events on the same graph."""
    # libsbml is imported only for an imported model
    from resprout.compile.read import read_events, read_imported

    system = read_imported(model)
    return system, read_events(model, system)


def begin(model: ImportedModel, given: Mapping[str, ArrayLike]) -> Beginning:
    """Work out the beginnings that depend on other quantities.

    given     name -> scalar or [patient], of constants and of states; it goes before what the file says
    """
    from resprout.compile.read import read_start

    plain = {name: constant.value for name, constant in model.constants.items()}
    plain |= {state.name: state.start for state in model.states}
    values = {**plain, **{name: np.asarray(value, dtype=float) for name, value in given.items()}}
    graph, nodes = read_start(model, frozenset(given))
    found = dict(zip(nodes, evaluate(graph, list(nodes.values()), values), strict=True))
    states = np.broadcast_arrays(*(np.atleast_1d(np.asarray(found[s.name], dtype=float)) for s in model.states))
    constants = {name: found[name] for name in model.constants if name in given or np.isnan(plain[name])}
    constants |= {name: found[name] for name in model.constants if np.ndim(found[name]) > 0}
    return Beginning(constants, np.ascontiguousarray(np.stack(states, axis=-1)))


def imported_tolerances(relative: float, start: Floats) -> Floats:
    """[1 + state] relative tolerance, then absolute by state: a small share of where the state begins.

    A state that begins at zero is held like the smallest other one.
    """
    size = np.abs(np.where(np.isfinite(start), start, 0.0)).max(axis=0, initial=0.0)
    positive = size[size > 0]
    size = np.where(size > 0, size, positive.min() if positive.size else 1.0)
    return np.array([relative, *(relative * SMALL_SHARE * size)])


def break_times(system: System, clock: str, targets: Sequence[Node], constants: Mapping[str, ArrayLike]) -> Floats:
    """Hours at which a comparison of time with constants may change, which the solver must not step over.

    targets     nodes that may hold such comparisons
    constants   value of every constant
    """
    graph = system.graph
    if clock not in graph.states:
        return np.zeros(0)
    own, found = graph.states.index(clock), []
    for node in graph.reachable(targets):
        if graph.kind[node] not in (g.LESS, g.AT_MOST, g.EQUAL):
            continue
        left, right = graph.arguments[node]
        gap = graph.subtract(left, right)
        if graph.reads_states(gap) != [own]:
            continue
        slope = graph.derivative(gap, own)
        if graph.is_invariant(slope):
            rise, begun = evaluate(graph, [slope, gap], {**constants, clock: 0.0})
            with np.errstate(all="ignore"):
                found.append(np.ravel(-np.asarray(begun) / rise))
    times = np.unique(np.concatenate(found)) if found else np.zeros(0)
    return times[np.isfinite(times) & (times > 0)][:MOST_BREAKS]
