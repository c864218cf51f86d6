"""Conditions and events of an imported model -> machine-code functions over the driver's lanes, beside the kernels that integrate it.

Every operation is rounded as it stands, unlike in the kernels: a condition on time is met to the last digit.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import llvmlite
import llvmlite.binding as llvm
import llvmlite.ir as ir
import numpy as np

from resprout import cache
from resprout.compile import graph as g
from resprout.compile.arithmetic import Arithmetic, Value
from resprout.compile.code_check import check_machine_code
from resprout.compile.conditions import Condition
from resprout.compile.evaluate import compute, evaluation_order
from resprout.compile.graph import Node
from resprout.compile.lane_intervals import LaneIntervals
from resprout.compile.llvm_arithmetic import LlvmArithmetic
from resprout.compile.machine import host, load_code, object_codes
from resprout.solve.condition_sides import LARGEST_FLOOR
from resprout.solve.crossing_hours import slopes_of
from resprout.solve.kernel_code import Bound
from resprout.solve.rosenbrock import dense_output, inside
from resprout.solve.tableau import Tableau

if TYPE_CHECKING:  # read by libSBML, which a plain installation does without
    from resprout.compile.read import ImportedEquations

STEP = ("state", "new", "dense")
EVENT_ARGUMENTS: dict[str, tuple[str, ...]] = {
    "sides_at": ("state", "given", "side"),
    "sides_within": (*STEP, "place", "hour", "given", "side"),
    "point_within": (*STEP, "place", "hour", "point"),
    "bounds_within": (*STEP, "place", "place_end", "hour", "hour_end", "given", "side", "side_end"),
    "foresee": ("state", "given", "gap", "slope"),
    "event_values": ("state", "given", "value_held", "truth", "delay", "priority", "value", "size"),
}
"""Arrays of each function, by their names in `event_arrays.py` and `driver_arrays.py`."""


@dataclass(frozen=True, eq=False)
class EventCode:
    """Loaded machine code.

    address   of each function        engine    keeps the code alive
    """

    address: dict[str, int]
    engine: llvm.ExecutionEngine

    def bound(self, name: str, arrays: Mapping[str, np.ndarray]) -> Bound:
        """A function with the addresses of its arrays."""
        pointers = tuple(np.int64(arrays[argument].ctypes.data) for argument in EVENT_ARGUMENTS[name])
        return Bound(np.int64(self.address[name]), pointers)


_LOADED: dict[str, EventCode] = {}


def build_event_code(equations: ImportedEquations, digest: str, clock: int, tableau: Tableau) -> EventCode:
    """The machine code of a model's conditions and events: from memory, from disk, or made now.

    digest    of the model
    clock     row of the state that counts time, or -1
    tableau   of the method, whose dense output is looked at
    """
    processor, features, width = host()
    parts = [digest, "events", tableau.name, processor, features, str(width), llvmlite.__version__]
    key = hashlib.sha256("\n".join([*parts, cache.source_digest("compile", "solve")]).encode()).hexdigest()[:32]
    if key not in _LOADED:
        code = cache.stored("kernels", key)
        if code is None:
            check_machine_code()
            (code,) = object_codes([_Writer(equations, clock, len(tableau.dense), width).text()])
            cache.store("kernels", key, code)
        engine, address = load_code([code], EVENT_ARGUMENTS)
        _LOADED[key] = EventCode(address, engine)
    return _LOADED[key]


class _Writer:
    """Writes the functions.

    terms   of the dense output
    """

    def __init__(self, equations: ImportedEquations, clock: int, terms: int, width: int) -> None:
        self.system, self.events, self.conditions = equations.plain, equations.events, equations.hybrid.conditions
        self.graph, self.clock, self.terms = self.system.graph, clock, terms
        self.module = ir.Module("events")
        self.over = LlvmArithmetic(self.module, width, exact=True)
        self.row = {name: row for row, name in enumerate(self.system.states)}
        self.constant = {name: row for row, name in enumerate(self.system.constants)}
        self.slopes = slopes_of(self.system, self.conditions)
        sides = [side for condition in self.conditions for side in (condition.left, condition.right)]
        self.sides = list(dict.fromkeys(sides))
        self.read = sorted({state for side in sides for state in self.graph.reads_states(side)})

    def text(self) -> str:
        """The LLVM text of all functions."""
        for name, write in (
            ("sides_at", lambda r: self._sides(r, self._loaded(r))),
            ("sides_within", lambda r: self._sides(r, self._within(r, r.place, r.hour))),
            ("point_within", self._point),
            ("bounds_within", self._bounds),
            ("foresee", self._foresee),
            ("event_values", self._event_values),
        ):
            write(self.over.function(name, EVENT_ARGUMENTS[name]))
            self.over.builder.ret_void()
        return str(self.module)

    def _values(
        self,
        targets: Sequence[Node],
        states: Callable[[int], Value],
        constants: Callable[[int], Value],
        over: Arithmetic | None = None,
        held: Mapping[Node, Value] | None = None,
    ) -> dict[Node, Value]:
        """The value of every node that the targets need.

        states, constants   of a row        held   values of nodes that are not computed
        """
        graph, known = self.graph, held or {}
        order = evaluation_order(graph, targets, lambda node: node in known or graph.kind[node] == g.SYMBOL)

        def given(node: Node) -> Value:
            if node in known:
                return known[node]
            name = graph.symbol[node]
            return states(self.row[name]) if name in self.row else constants(self.constant[name])

        return compute(over or self.over, graph, order, given)

    def _loaded(self, r: SimpleNamespace) -> Callable[[int], Value]:
        return lambda row: self.over.load(r.state, row)

    def _constants(self, r: SimpleNamespace) -> Callable[[int], Value]:
        return lambda row: self.over.load(r.given, row)

    def _within(self, r: SimpleNamespace, place: Any, hour: Any) -> Callable[[int], Value]:
        """States at a fraction of the step just attempted."""
        over, fraction = self.over, self.over.load(place)
        at = inside(over, self.terms, fraction)

        def state(row: int) -> Value:
            if row == self.clock:
                return over.load(hour)
            before, after, bends = over.load(r.state, row), over.load(r.new, row), self._bends(r, row)
            found = dense_output(over, at, before, after, bends)
            # rounding must not move what only events change
            still = over.equal(before, after)
            for bend in bends:
                still = over.both(still, over.equal(bend, over.number(0.0)))
            return over.choose(over.less(fraction, over.number(1.0)), over.choose(still, before, found), after)

        return state

    def _bends(self, r: SimpleNamespace, row: int) -> list[Value]:
        return [self.over.load(r.dense, self.terms * row + term) for term in range(self.terms)]

    def _sides(self, r: SimpleNamespace, states: Callable[[int], Value]) -> None:
        over, one, zero = self.over, self.over.number(1.0), self.over.number(0.0)
        values = self._values(self.sides, states, self._constants(r))
        for row, condition in enumerate(self.conditions):
            left, right = values[condition.left], values[condition.right]
            if condition.kind == g.EQUAL:
                below = over.choose(over.less(left, right), over.number(-1.0), zero)
                side = over.choose(over.less(right, left), one, below)
            elif condition.kind == g.CALL:
                side = self._whole(left)
            else:
                compared = over.less if condition.kind == g.LESS else over.at_most
                side = over.choose(compared(left, right), one, zero)
            over.store(side, r.side, row)

    def _whole(self, value: Value) -> Value:
        """The floor; of what is no number, one that stays."""
        over = self.over
        floor = over.call("floor", [over.choose(over.equal(value, value), value, over.number(LARGEST_FLOOR))])
        return over.minimum(over.maximum(floor, over.number(-LARGEST_FLOOR)), over.number(LARGEST_FLOOR))

    def _point(self, r: SimpleNamespace) -> None:
        state = self._within(r, r.place, r.hour)
        for row in range(len(self.row)):
            self.over.store(state(row), r.point, row)

    def _bounds(self, r: SimpleNamespace) -> None:
        """The smallest and the largest side of every condition over a part of the step.

        A curve leaves the chord between two of its points by at most an eighth of the square of their distance times its largest
        second derivative, and that of x^m (1 - x) is at most 2 m^2 between 0 and 1.
        """
        over = self.over
        first, last = self._within(r, r.place, r.hour), self._within(r, r.place_end, r.hour_end)
        width = over.subtract(over.load(r.place_end), over.load(r.place))
        eighth = over.multiply(over.number(0.125), over.multiply(width, width))
        ranges = {}
        for row in self.read:
            low, high = first(row), last(row)
            low, high = over.minimum(low, high), over.maximum(high, low)
            if row != self.clock:
                bend = over.number(0.0)
                for term, value in enumerate(self._bends(r, row)):
                    bend = over.add(bend, over.multiply(over.number(2.0 * (term + 1) ** 2), over.absolute(value)))
                sag = over.multiply(bend, eighth)
                low, high = over.subtract(low, sag), over.add(high, sag)
            ranges[row] = low, high
        intervals = LaneIntervals(over)
        constants = self._constants(r)
        values = self._values(self.sides, ranges.__getitem__, lambda row: (constants(row),) * 2, intervals)
        for row, condition in enumerate(self.conditions):
            for value, array in zip(self._side_bounds(condition, values), (r.side, r.side_end), strict=True):
                over.store(value, array, row)

    def _side_bounds(self, condition: Condition, values: Mapping[Node, Any]) -> tuple[Value, Value]:
        over, one, zero, minus = self.over, self.over.number(1.0), self.over.number(0.0), self.over.number(-1.0)
        left, right = values[condition.left], values[condition.right]
        if condition.kind == g.CALL:
            return self._whole(left[0]), self._whole(left[1])
        if condition.kind == g.EQUAL:
            low = over.choose(
                over.less(right[1], left[0]), one, over.choose(over.at_most(right[1], left[0]), zero, minus)
            )
            high = over.choose(
                over.less(left[1], right[0]), minus, over.choose(over.at_most(left[1], right[0]), zero, one)
            )
            return low, high
        compared = over.less if condition.kind == g.LESS else over.at_most
        return over.choose(compared(left[1], right[0]), one, zero), over.choose(compared(left[0], right[1]), one, zero)

    def _foresee(self, r: SimpleNamespace) -> None:
        """By how much the sides of conditions that are lines in time differ, and how fast that changes."""
        known = [
            (row, c.gap, s)
            for row, (c, s) in enumerate(zip(self.conditions, self.slopes, strict=True))
            if s is not None
        ]
        targets = [node for _, gap, slope in known for node in (gap, slope)]
        values = self._values(targets, self._loaded(r), self._constants(r))
        for row, gap, slope in known:
            self.over.store(values[gap], r.gap, row)
            self.over.store(values[slope], r.slope, row)

    def _event_values(self, r: SimpleNamespace) -> None:
        """Which triggers hold, given the values of conditions; delays, priorities, and what each event would assign now."""
        over, graph, states, constants = self.over, self.graph, self._loaded(r), self._constants(r)
        held = {condition.node: over.load(r.value_held, row) for row, condition in enumerate(self.conditions)}
        triggers = [event.trigger for event in self.events]
        truths = self._values(triggers, states, constants, held=held)
        changes = [change for event in self.events for change in event.changes]
        delays = [event.delay or graph.zero for event in self.events]
        priorities = [event.priority or graph.zero for event in self.events]
        sizes = [change.size or graph.one for change in changes]
        values = self._values([*delays, *priorities, *(c.value for c in changes), *sizes], states, constants)
        for nodes, found, array in (
            (triggers, truths, r.truth),
            (delays, values, r.delay),
            (priorities, values, r.priority),
            ([change.value for change in changes], values, r.value),
            (sizes, values, r.size),
        ):
            for row, node in enumerate(nodes):
                over.store(found[node], array, row)
