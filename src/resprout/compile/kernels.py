"""A System -> machine code over a batch of patients: prepare, relax, step, stride, keep, observe."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import llvmlite.ir as ir

from resprout.compile import graph as g
from resprout.compile.emit import Lanes, Row, emit
from resprout.compile.factors import Matrix, factorise, substitute
from resprout.compile.graph import Node
from resprout.compile.jacobian import jacobian
from resprout.compile.order import minimum_degree
from resprout.compile.system import System
from resprout.compile.tableau import Tableau

FRACTIONS_TOGETHER = 4
"""Fractions of the error norm that are brought to one denominator: a division costs as much as ten products."""

ROWS_TOGETHER = 2
"""Rows that one pass of a loop over states handles."""

PEAK_SHARE = 0.5
"""Share of its largest size so far below which a state's error counts as if it were that large."""

LARGEST_GROWTH, LARGEST_CUT, SAFETY = 6.0, 0.2, 0.75
"""Bounds of the factor from one step to the next."""

SMALLEST_STEP_H, MOST_STEPS = 1e-9, 100_000
"""A patient whose step falls below the first, or who needs more steps than the second, is given up."""

CLOCK = NOW, LATER, WISH, GOAL, DUE, TRIES = range(6)
"""Rows of a clock: hour, hour to which the step just tried leads, wished step, hour to land on next, hour of the next output
(infinite if there is none), steps tried."""

SIGNALS = EVENTFUL, WAITING = range(2)
"""Lanes, as the bits of a whole number, that have landed or are given up, and those with an output within the step just tried."""

SMALL_AT_REST = 1e-3
"""Size at which a state counts as small where changes on the way to rest are compared."""


@dataclass(frozen=True)
class Layout:
    """Where things lie in the arrays that the functions read; rows are [row, lane] unless said.

    parameters   constants in the model's order, then the frozen values that `prepare` adds
    sampled      states that `observe` reads, for which a step gives an interpolant
    """

    states: tuple[str, ...]
    constants: tuple[str, ...]
    outputs: tuple[str, ...]
    frozen: int
    sampled: tuple[int, ...]
    nonzero: int
    stages: int

    @property
    def room(self) -> int:
        """Rows that a step needs to work in."""
        return (1 + self.stages) * len(self.states) + self.nonzero

    @property
    def parameters(self) -> int:
        """Rows of the parameter array."""
        return len(self.constants) + self.frozen


def write_kernels(system: System, outputs: tuple[str, ...], tableau: Tableau, width: int) -> tuple[str, Layout]:
    """Write the LLVM text of all functions for one model and one list of outputs.

    prepare(P)                       frozen values from constants
    relax(Y, P, IH, D, A)            D = (IH - J)^-1 f: one implicit Euler or Newton direction; A its length, each state
                                     counted as a share of itself, and 1 or -1, the sign of the determinant of (IH - J)
    step(Y, P, H, T, M, N, E, C, W)  one Rosenbrock step; N new state, E error and factor, C interpolant of sampled states,
                                     W room for `layout.room` rows
    stride(... W, K, X, S)           a step whose size the clock K gives; judged: later hour and wish go to the clock, the
                                     share X of the step where an output is due, signals S
    keep(Y, N, E, M, K, Y, M)        Y becomes N in lanes whose error is at most 1; M is the largest size of Y so far; the
                                     clock goes on; what is written is given again
    observe(Y, N, C, X, P, O)        outputs at a share X of the step from Y to N
    """
    writer = _Writer(system, outputs, tableau, width)
    writer.prepare()
    writer.relax()
    writer.step()
    writer.stride()
    writer.keep()
    writer.observe()
    return str(writer.module), writer.layout


class _Writer:
    def __init__(self, system: System, outputs: tuple[str, ...], tableau: Tableau, width: int) -> None:
        self.system, self.outputs, self.tableau = system, outputs, tableau
        self.module = ir.Module("resprout")
        self.lanes = Lanes(self.module, width)
        graph = system.graph
        self.slopes = jacobian(graph, system.rate)
        self.elimination = minimum_degree(len(system.states), set(self.slopes))
        self.observed = tuple(system.node(name) for name in outputs)
        self.frozen = self._find_frozen()
        sampled = sorted({index for node in self.observed for index in graph.reads_states(node)})
        self.layout = Layout(
            system.states,
            system.constants,
            outputs,
            len(self.frozen),
            tuple(sampled),
            len(self.elimination.pattern),
            len(tableau.a),
        )

    def _find_frozen(self) -> dict[Node, int]:
        graph = self.system.graph
        targets = [*self.system.rate, *self.slopes.values(), *self.observed]
        found: dict[Node, int] = {}
        for node in graph.reachable(targets, stop_at_frozen=True):
            if graph.is_frozen(node) and graph.kind[node] not in (g.CONSTANT, g.SYMBOL):
                found[node] = len(self.system.constants) + len(found)
        return found

    def _given(
        self, parameters: ir.Value, states: dict[str, ir.Value], *, frozen: bool = True
    ) -> Callable[[Node], ir.Value | None]:
        """What gives a node its value."""
        place = {name: row for row, name in enumerate(self.system.constants)}
        graph = self.system.graph

        def given(node: Node) -> ir.Value | None:
            if frozen and node in self.frozen:
                return self.lanes.load(parameters, self.frozen[node])
            if graph.kind[node] != g.SYMBOL:
                return None
            name = graph.symbol[node]
            return states[name] if name in states else self.lanes.load(parameters, place[name])

        return given

    def prepare(self) -> None:
        """Frozen values, once per patient."""
        (parameters,) = self.lanes.function("prepare", 1)
        values = emit(self.lanes, self.system.graph, self.frozen, self._given(parameters, {}, frozen=False))
        for node, row in self.frozen.items():
            self.lanes.store(values[node], parameters, row)
        self.lanes.builder.ret_void()

    def _rates_and_matrix(
        self, states: dict[str, ir.Value], parameters: ir.Value, shift: ir.Value
    ) -> tuple[list[ir.Value], Matrix]:
        targets = [*self.system.rate, *self.slopes.values()]
        values = emit(self.lanes, self.system.graph, targets, self._given(parameters, states))
        minus = self.lanes.number(-1.0)
        matrix = {place: self.lanes.multiply(minus, values[node]) for place, node in self.slopes.items()}
        for index in range(len(self.system.states)):
            own = matrix.get((index, index))
            matrix[index, index] = shift if own is None else self.lanes.add(own, shift)
        factorise(self.lanes, matrix, self.elimination)
        return [values[node] for node in self.system.rate], matrix

    def _rates(self, states: dict[str, ir.Value], parameters: ir.Value) -> list[ir.Value]:
        values = emit(self.lanes, self.system.graph, self.system.rate, self._given(parameters, states))
        return [values[node] for node in self.system.rate]

    def _load_states(self, pointer: ir.Value) -> dict[str, ir.Value]:
        return {name: self.lanes.load(pointer, row) for row, name in enumerate(self.system.states)}

    def relax(self) -> None:
        """One damped Newton direction towards rest."""
        lanes = self.lanes
        start, parameters, shift, direction, change = lanes.function("relax", 5)
        rates, matrix = self._rates_and_matrix(self._load_states(start), parameters, lanes.load(shift, 0))
        parts = []
        for row, value in enumerate(substitute(lanes, matrix, self.elimination, rates)):
            lanes.store(value, direction, row)
            size = lanes.add(lanes.absolute(lanes.load(start, row)), lanes.number(SMALL_AT_REST))
            parts.append((lanes.multiply(value, value), lanes.multiply(size, size)))
        total = lanes.number(0.0)
        for first in range(0, len(parts), FRACTIONS_TOGETHER):
            total = lanes.add(total, self._sum_of_fractions(parts[first : first + FRACTIONS_TOGETHER]))
        lanes.store(lanes.intrinsic("sqrt", total), change, 0)
        lanes.store(lanes.sign_of_product([matrix[row, row] for row in range(len(rates))]), change, 1)
        lanes.builder.ret_void()

    def step(self) -> None:
        """One whole Rosenbrock step, its error and its interpolant.

        One function serves every stage, and what is the same for every state is a loop: a step must fit the instruction cache.
        """
        begin, stage = self._begin(), self._stage()
        ahead = [self._ahead(number) for number in range(1, len(self.tableau.a))]
        finish = self._finish()
        kind = ir.FunctionType(ir.VoidType(), [self.lanes.pointer] * 9)
        made = ir.Function(self.module, kind, "step")
        builder = self.lanes.builder = ir.IRBuilder(made.append_basic_block())
        start, parameters, step, tolerance, peak, result, error, dense, room = made.args
        builder.call(begin, [start, parameters, step, room])
        for number, prepare in enumerate(ahead, 1):
            builder.call(prepare, [start, step, room])
            builder.call(stage, [parameters, room, self.lanes.row(room, self._stage_row(number, 0))])
        builder.call(finish, [start, peak, result, error, dense, room, tolerance])
        builder.ret_void()

    def stride(self) -> None:
        """A step of the size that every lane's clock gives, judged for all lanes at once."""
        lanes, step_row, error_row = self.lanes, 2, 6
        *given, clock, share, signal = lanes.function("stride", 12)
        now, goal, wish = (lanes.load(clock, row) for row in (NOW, GOAL, WISH))
        left = lanes.subtract(goal, now)
        size = lanes.smaller(wish, left)
        lanes.store(size, given[step_row], 0)
        lanes.builder.call(self.module.get_global("step"), given)
        passed = lanes.builder.fcmp_ordered("<=", lanes.load(given[error_row], 0), lanes.number(1.0))
        arrived = lanes.builder.and_(passed, lanes.builder.fcmp_ordered(">=", size, left))
        grown = lanes.multiply(size, lanes.load(given[error_row], 1))
        later = lanes.builder.select(arrived, goal, lanes.add(now, size))
        later = lanes.builder.select(passed, later, now)
        # a step cut short to land says little about the next
        wish = lanes.builder.select(arrived, lanes.larger(wish, grown), grown)
        tries = lanes.add(lanes.load(clock, TRIES), lanes.number(1.0))
        for row, value in ((LATER, later), (WISH, wish), (TRIES, tries)):
            lanes.store(value, clock, row)
        small = lanes.builder.fcmp_ordered("<", wish, lanes.number(SMALLEST_STEP_H))
        stuck = lanes.builder.and_(lanes.builder.not_(passed), small)
        many = lanes.builder.fcmp_ordered(">=", tries, lanes.number(MOST_STEPS))
        ended = lanes.builder.or_(arrived, lanes.builder.or_(stuck, many))
        due = lanes.load(clock, DUE)
        lanes.store(lanes.larger(lanes.divide(lanes.subtract(due, now), size), lanes.number(0.0)), share, 0)
        lanes.store_bits(ended, signal, EVENTFUL)
        lanes.store_bits(lanes.builder.fcmp_ordered("<=", due, later), signal, WAITING)
        lanes.builder.ret_void()

    @property
    def _places(self) -> list[tuple[int, int]]:
        return sorted(self.elimination.pattern)

    def _stage_row(self, stage: int, state: Row) -> Row:
        """Rows of the room: the point, the factors, then the stages."""
        size = len(self.system.states)
        return self.lanes.row_after(state, size + len(self.elimination.pattern) + stage * size)

    def _begin(self) -> ir.Function:
        """Rates, Jacobian, factors and the first stage."""
        lanes = self.lanes
        start, parameters, step, room = lanes.function("begin", 4, inner=True)
        made, size = lanes.builder.function, len(self.system.states)
        shift = lanes.divide(lanes.number(1.0 / self.tableau.gamma), lanes.load(step, 0))
        rates, matrix = self._rates_and_matrix(self._load_states(start), parameters, shift)
        for number, place in enumerate(self._places):
            lanes.store(matrix[place], room, size + number)
        for row, value in enumerate(substitute(lanes, matrix, self.elimination, rates)):
            lanes.store(value, room, self._stage_row(0, row))
        lanes.builder.ret_void()
        return made

    def _ahead(self, stage: int) -> ir.Function:
        """The point of one stage, and, where its solution will be, what the earlier stages add to its rates."""
        lanes, size = self.lanes, len(self.system.states)
        start, step, room = lanes.function(f"ahead_{stage}", 3, inner=True)
        made = lanes.builder.function
        inverse = lanes.divide(lanes.number(1.0), lanes.load(step, 0))
        # a last stage whose weights are those of the stage before, and 1 for that stage, goes on from its point
        goes_on = self.tableau.a[stage] == (*self.tableau.a[stage - 1], 1.0)

        def write(rows: Sequence[Row], carried: ir.Value) -> ir.Value:
            for row in rows:
                earlier = [lanes.load(room, self._stage_row(before, row)) for before in range(stage)]
                if goes_on:
                    point = lanes.add(lanes.load(room, row), earlier[-1])
                else:
                    point = self._combine(lanes.load(start, row), self.tableau.a[stage], earlier)
                lanes.store(point, room, row)
                added = self._combine(None, self.tableau.c[stage], earlier)
                lanes.store(lanes.multiply(carried, added), room, self._stage_row(stage, row))
            return carried

        lanes.each_row(size, ROWS_TOGETHER, write, inverse)
        lanes.builder.ret_void()
        return made

    def _stage(self) -> ir.Function:
        """Rates at the point, and the solution with the factors."""
        lanes, size = self.lanes, len(self.system.states)
        parameters, room, result = lanes.function("stage", 3, inner=True)
        made = lanes.builder.function
        rates = self._rates(self._load_states(room), parameters)
        matrix = {place: lanes.load(room, size + number) for number, place in enumerate(self._places)}
        right = [lanes.add(rates[row], lanes.load(result, row)) for row in range(size)]
        for row, value in enumerate(substitute(lanes, matrix, self.elimination, right)):
            lanes.store(value, result, row)
        lanes.builder.ret_void()
        return made

    def _finish(self) -> ir.Function:
        """The new state, its error and the interpolant."""
        lanes, size, last = self.lanes, len(self.system.states), len(self.tableau.a) - 1
        start, peak, result, error, dense, room, tolerance = lanes.function("finish", 7, inner=True)
        made = lanes.builder.function
        relative = lanes.spread(tolerance, 0)

        def write(rows: Sequence[Row], total: ir.Value) -> ir.Value:
            parts = []
            for row in rows:
                miss = lanes.load(room, self._stage_row(last, row))
                new = lanes.add(lanes.load(room, row), miss)
                lanes.store(new, result, row)
                size = self._size(lanes.load(start, row), new, lanes.load(peak, row))
                absolute = lanes.spread(tolerance, lanes.row_after(row, 1))
                allowed = lanes.add(absolute, lanes.multiply(relative, size))
                parts.append((lanes.multiply(miss, miss), lanes.multiply(allowed, allowed)))
            return lanes.add(total, self._sum_of_fractions(parts))

        total = lanes.each_row(size, FRACTIONS_TOGETHER, write, lanes.number(0.0))
        mean = lanes.multiply(total, lanes.number(1.0 / max(size, 1)))
        lanes.store(mean, error, 0)
        lanes.store(self._factor(mean), error, 1)
        for row, state in enumerate(self.layout.sampled):
            stages = [lanes.load(room, self._stage_row(stage, state)) for stage in range(last + 1)]
            for order, weights in enumerate(self.tableau.dense):
                lanes.store(self._combine(None, weights, stages), dense, len(self.tableau.dense) * row + order)
        lanes.builder.ret_void()
        return made

    def _combine(self, base: ir.Value | None, weights: tuple[float, ...], stages: list[ir.Value]) -> ir.Value:
        total = base
        for weight, stage in zip(weights, stages, strict=False):
            if weight == 0:
                continue
            term = stage if weight == 1 else self.lanes.multiply(self.lanes.number(weight), stage)
            total = term if total is None else self.lanes.add(total, term)
        return self.lanes.number(0.0) if total is None else total

    def _size(self, here: ir.Value, new: ir.Value, peak: ir.Value) -> ir.Value:
        """To what the error of a state is compared: one that has come down from its peak need not be followed as closely."""
        size = self.lanes.larger(self.lanes.absolute(here), self.lanes.absolute(new))
        return self.lanes.larger(size, self.lanes.multiply(self.lanes.number(PEAK_SHARE), peak))

    def _factor(self, error: ir.Value) -> ir.Value:
        """By what the next step may grow; an error that is no number cuts the step."""
        lanes = self.lanes
        exponent = lanes.number(-0.5 / (self.tableau.order + 1))
        grown = lanes.exp(lanes.multiply(exponent, lanes.log(lanes.add(error, lanes.number(1e-24)))))
        grown = lanes.multiply(lanes.number(SAFETY), grown)
        bounded = lanes.smaller(lanes.larger(grown, lanes.number(LARGEST_CUT)), lanes.number(LARGEST_GROWTH))
        sound = lanes.builder.fcmp_ordered("<", error, lanes.number(1e300))
        return lanes.builder.select(sound, bounded, lanes.number(LARGEST_CUT))

    def _sum_of_fractions(self, parts: list[tuple[ir.Value, ir.Value]]) -> ir.Value:
        above, below = parts[0]
        for other_above, other_below in parts[1:]:
            above = self.lanes.add(self.lanes.multiply(above, other_below), self.lanes.multiply(other_above, below))
            below = self.lanes.multiply(below, other_below)
        return self.lanes.divide(above, below)

    def keep(self) -> None:
        """Accept the step in the lanes that passed, and move the clock."""
        lanes = self.lanes
        # a choice stored where one side of it was loaded would become a masked store, which costs ten plain ones
        state, new, error, peak, clock, state_after, peak_after = lanes.function("keep", 7, apart=False)
        lanes.store(lanes.load(clock, LATER), clock, NOW)
        passed = lanes.builder.fcmp_ordered("<=", lanes.load(error, 0), lanes.number(1.0))

        def write(rows: Sequence[Row], carried: ir.Value) -> ir.Value:
            for row in rows:
                kept = lanes.builder.select(passed, lanes.load(new, row), lanes.load(state, row))
                lanes.store(kept, state_after, row)
                lanes.store(lanes.larger(lanes.load(peak, row), lanes.absolute(kept)), peak_after, row)
            return carried

        lanes.each_row(len(self.system.states), ROWS_TOGETHER, write, lanes.number(0.0))
        lanes.builder.ret_void()

    def observe(self) -> None:
        """Outputs of every lane at its own share of the step."""
        lanes = self.lanes
        start, new, dense, share, parameters, result = lanes.function("observe", 6)
        theta = lanes.load(share, 0)
        left = lanes.subtract(lanes.number(1.0), theta)
        bend, terms, states = lanes.multiply(theta, left), len(self.tableau.dense), {}
        for row, state in enumerate(self.layout.sampled):
            value, weight = lanes.multiply(left, lanes.load(start, state)), bend
            value = lanes.add(value, lanes.multiply(theta, lanes.load(new, state)))
            for term in range(terms * row, terms * (row + 1)):
                value = lanes.add(value, lanes.multiply(weight, lanes.load(dense, term)))
                weight = lanes.multiply(weight, theta)
            states[self.system.states[state]] = value
        values = emit(lanes, self.system.graph, self.observed, self._given(parameters, states))
        for row, node in enumerate(self.observed):
            lanes.store(values[node], result, row)
        lanes.builder.ret_void()
