"""What of an imported model depends on time alone: when its conditions change, and how finely its functions of time must be looked at.

A state of constant rate that no event changes, the clock among them, is a function of time. Over a run each condition on such
states is bounded by interval arithmetic, on cells that are split until every change lies in a cell of no width to speak of; there
it is found by bisection. Smooth functions of time are bounded likewise, until none varies by more than a quarter within a cell:
the edges of these cells are the hours at which a step has to end, so that no pulse is stepped over.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from resprout.compile import graph as g
from resprout.compile.arithmetic import Arithmetic
from resprout.compile.conditions import Condition
from resprout.compile.evaluate import Order, compute, evaluate, evaluation_order
from resprout.compile.graph import Graph, Node
from resprout.compile.interval_arithmetic import IntervalArithmetic
from resprout.compile.numpy_arithmetic import NumpyArithmetic
from resprout.solve.condition_sides import ConditionSides
from resprout.solve.events import Floats

FIRST_CELLS, PIECES = 32, 4
MOST_CELLS = 20_000
NARROWEST = 1e-10
"""Width of a cell, over that of the run, below which it is not split."""
SMOOTH_NARROWEST = 1e-7
VARIATION = 0.25
"""Share of a function's range that it may vary within a cell."""
ROUNDING = 1e-12
HALVINGS = 80
UNRESOLVED = (
    "a function of time changes too often to be resolved beforehand: a change shorter than a step may have been passed over; "
    "compare with a smaller `--tolerance` and a shorter run"
)

if TYPE_CHECKING:  # read by libSBML, which a plain installation does without
    from resprout.compile.read import ImportedEquations


@dataclass(frozen=True)
class Schedule:
    """What happens to one patient in time, whatever the states do.

    change_h    [change]                   when a condition changes
    value       [condition, change + 1]    that it has between changes, first before the first
    resolved_h  [hour]                     where a step has to end so that no function of time is stepped over
    notes       what could not be made sure of
    """

    change_h: Floats
    value: Floats
    resolved_h: Floats
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class TimeFunctions:
    """The parts of a model that depend on time alone.

    conditions   that do              nodes     smooth functions of time in the rates, of the hybrid system's graph
    slopes       rate of every state that is a function of time, by name, on the plain graph
    reads        constants and states whose values matter for all this
    smooth_reads those whose values matter for the smooth functions
    """

    equations: ImportedEquations
    conditions: tuple[Condition, ...]
    nodes: tuple[Node, ...]
    slopes: dict[str, Node]
    sides: ConditionSides
    reads: frozenset[str] = field(default_factory=frozenset)
    smooth_reads: frozenset[str] = field(default_factory=frozenset)

    def schedule(
        self, constants: Mapping[str, float], start: Mapping[str, float], span: float, *, watched: bool = False
    ) -> Schedule:
        """What happens in time to a patient.

        constants   of the patient, all of them      start   where the states begin
        span        how long, in the model's own unit of time
        watched     whether changes of conditions are found step by step; none is looked for beforehand then
        """
        rates = evaluate(self.equations.plain.graph, list(self.slopes.values()), constants)
        lines = {name: (start[name], float(rate)) for name, rate in zip(self.slopes, rates, strict=True)}
        change_h, sure = (np.zeros(0), True) if watched else self._changes(constants, lines, span)
        middle = np.concatenate([[0.0], change_h, [max(span, *change_h, 0.0)]])
        middle = (middle[1:] + middle[:-1]) / 2
        value = self.sides.values(self.sides.at(_points(constants, lines, middle), middle.shape))
        resolved_h, smooth = self._resolved(constants, lines, span)
        return Schedule(change_h, value, resolved_h, () if sure and smooth else (UNRESOLVED,))

    def _changes(self, constants: Mapping[str, float], lines: Lines, span: float) -> tuple[Floats, bool]:
        """When conditions change, and whether all of them have been found."""
        if not self.conditions:
            return np.zeros(0), True
        edges = np.linspace(0.0, span, FIRST_CELLS + 1)
        low, high, sure = edges[:-1], edges[1:], True
        while len(low):
            least, most = self.sides.bounds(_ranges(constants, lines, low, high), low.shape)
            is_open = (least != most).any(axis=0) & (high - low > NARROWEST * span)
            low, high = _split(low[is_open], high[is_open])
            if len(low) > MOST_CELLS:
                sure = False
                break
            edges = np.concatenate([edges, low])
        edges = np.unique(np.concatenate([edges, low]))
        sides = self.sides.at(_points(constants, lines, edges), edges.shape)
        changing = np.flatnonzero((sides[:, 1:] != sides[:, :-1]).any(axis=0))
        low, high, before = edges[changing], edges[changing + 1], sides[:, changing]
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            if ((middle <= low) | (middle >= high)).all():
                break
            same = (self.sides.at(_points(constants, lines, middle), middle.shape) == before).all(axis=0)
            low, high = np.where(same, middle, low), np.where(same, high, middle)
        return np.unique(high), sure

    def _resolved(self, constants: Mapping[str, float], lines: Lines, span: float) -> tuple[Floats, bool]:
        """Edges of cells in which no function of time varies much, and whether all could be split as far as that."""
        if not self.nodes:
            return np.zeros(0), True
        graph = self.equations.hybrid.system.graph
        order = evaluation_order(graph, self.nodes, lambda node: graph.kind[node] == g.SYMBOL)
        edges = np.linspace(0.0, span, FIRST_CELLS + 1)
        while len(edges) <= MOST_CELLS:
            ranges, points = _ranges(constants, lines, edges[:-1], edges[1:]), _points(constants, lines, edges)
            values = _values(graph, order, IntervalArithmetic(), ranges)
            at_edges = _values(graph, order, NumpyArithmetic(), points)
            wide = np.zeros(len(edges) - 1, dtype=bool)
            for node in self.nodes:
                least, most = (np.broadcast_to(bound, wide.shape) for bound in values[node])
                finite = np.isfinite(least) & np.isfinite(most)
                # where a function is no number at all there is nothing to resolve
                known = np.isfinite(np.broadcast_to(at_edges[node], edges.shape))
                reach = most[finite].max(initial=-np.inf) - least[finite].min(initial=np.inf)
                with np.errstate(invalid="ignore"):
                    # what rounding alone moves is no variation
                    least_wide = VARIATION * max(reach, 0.0) + ROUNDING * np.maximum(np.abs(least), np.abs(most))
                    wide |= np.where(finite, most - least > least_wide, known[1:] | known[:-1])
            wide &= np.diff(edges) > SMOOTH_NARROWEST * span
            if not wide.any():
                return edges[1:-1], True
            low, _ = _split(edges[:-1][wide], edges[1:][wide])
            edges = np.unique(np.concatenate([edges, low]))
        return np.linspace(0.0, span, MOST_CELLS + 1)[1:-1], False


Lines = Mapping[str, tuple[float, float]]
"""Start and rate of each state that is a function of time."""


def _points(constants: Mapping[str, float], lines: Lines, hours: Floats) -> dict[str, Any]:
    return {**constants, **{name: start + rate * hours for name, (start, rate) in lines.items()}}


def _ranges(constants: Mapping[str, float], lines: Lines, low: Floats, high: Floats) -> dict[str, Any]:
    given: dict[str, Any] = {name: (np.float64(value), np.float64(value)) for name, value in constants.items()}
    for name, (start, rate) in lines.items():
        ends = start + rate * low, start + rate * high
        given[name] = ends if rate >= 0 else ends[::-1]
    return given


def _values(graph: Graph, order: Order, arithmetic: Arithmetic, given: Mapping[str, Any]) -> dict[Node, Any]:
    with np.errstate(all="ignore"):
        return compute(arithmetic, graph, order, lambda node: given[graph.symbol[node]])


def _split(low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """Every cell in equal pieces."""
    edges = low[:, None] + (high - low)[:, None] * np.linspace(0.0, 1.0, PIECES + 1)
    return edges[:, :-1].ravel(), edges[:, 1:].ravel()


def time_functions(equations: ImportedEquations) -> TimeFunctions:
    """Find what depends on time alone."""
    plain, hybrid = equations.plain, equations.hybrid
    changed = {change.state for event in equations.events for change in event.changes}
    slopes = {
        name: rate
        for name, rate in zip(plain.states, plain.rate, strict=True)
        if plain.graph.is_invariant(rate) and name not in changed
    }
    own = _bits(plain.graph, slopes)
    conditions = tuple(c for c in hybrid.conditions if plain.graph.reads[c.node] & ~own == 0)
    graph = hybrid.system.graph
    own = _bits(graph, slopes)
    nodes = tuple(node for node in graph.reachable(hybrid.system.rate) if _is_curved(graph, node, own))
    sides = ConditionSides(plain.graph, conditions)
    smooth = _symbols(graph, nodes)
    if nodes:
        smooth |= _symbols(plain.graph, slopes.values())
    reads = _symbols(plain.graph, [*slopes.values(), *(condition.node for condition in conditions)])
    return TimeFunctions(equations, conditions, nodes, slopes, sides, reads | smooth, smooth)


def _bits(graph: Graph, names: Iterable[str]) -> int:
    bits = 0
    for name in names:
        bits |= graph.reads[graph.name(name)]
    return bits


def _is_curved(graph: Graph, node: Node, own: int) -> bool:
    """Whether a node reads functions of time, nothing else that moves, and is not a straight line in them."""
    reads = graph.reads[node]
    if reads == 0 or reads & ~own or graph.kind[node] == g.SYMBOL:
        return False
    return not all(graph.is_invariant(graph.derivative(node, state)) for state in graph.reads_states(node))


def _symbols(graph: Graph, nodes: Iterable[Node]) -> frozenset[str]:
    return frozenset(graph.symbol[node] for node in graph.reachable(nodes) if graph.kind[node] == g.SYMBOL)


def values_of(values: Mapping[str, ArrayLike], patient: int) -> dict[str, float]:
    """The values of one patient, of numbers and arrays [patient]."""
    found = {}
    for name, value in values.items():
        array = np.asarray(value, dtype=float)
        found[name] = float(array if array.ndim == 0 else array[min(patient, len(array) - 1)])
    return found
