"""A System -> machine code of four straight-line functions over a batch of patients: prepare, relax, step, observe."""

from __future__ import annotations

from dataclasses import dataclass

import llvmlite.ir as ir

from resprout.compile import graph as g
from resprout.compile.emit import Lanes, emit
from resprout.compile.graph import Node
from resprout.compile.order import Elimination, minimum_degree
from resprout.compile.system import System
from resprout.compile.tableau import Tableau

FRACTIONS_TOGETHER = 4
"""Fractions of the error norm that are brought to one denominator: a division costs as much as ten products."""

PEAK_SHARE = 0.1
"""Share of its largest size so far below which a state's error counts as if it were that large."""

LARGEST_GROWTH, LARGEST_CUT, SAFETY = 6.0, 0.2, 0.9
"""Bounds of the factor from one step to the next."""

Matrix = dict[tuple[int, int], ir.Value]


@dataclass(frozen=True)
class Layout:
    """Where things lie in the arrays that the functions read; rows are [row, lane] unless said.

    parameters   constants in the model's order, then the frozen values that `prepare` adds
    sampled      states that `observe` reads; its rows are these, then `inputs`, and its lanes are moments of one patient
    inputs       inputs that `observe` reads
    """

    states: tuple[str, ...]
    constants: tuple[str, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    frozen: int
    sampled: tuple[int, ...]
    nonzero: int

    @property
    def parameters(self) -> int:
        """Rows of the parameter array."""
        return len(self.constants) + self.frozen


def write_kernels(system: System, outputs: tuple[str, ...], tableau: Tableau, width: int) -> tuple[str, Layout]:
    """Write the LLVM text of all functions for one model and one list of outputs.

    prepare(P)                       frozen values from constants
    relax(Y, P, IH, D)               D = (IH - J)^-1 f: one implicit Euler or Newton direction
    step(Y, P, H, T, M, N, E, C)     one Rosenbrock step; N new state, E error and factor, C interpolant of sampled states
    keep(Y, N, E, M)                 Y becomes N in lanes whose error is at most 1; M is the largest size of Y so far
    observe(S, P, O)                 outputs from samples
    """
    writer = _Writer(system, outputs, tableau, width)
    writer.prepare()
    writer.relax()
    writer.step()
    writer.keep()
    writer.observe()
    return str(writer.module), writer.layout


class _Writer:
    def __init__(self, system: System, outputs: tuple[str, ...], tableau: Tableau, width: int) -> None:
        self.system, self.outputs, self.tableau = system, outputs, tableau
        self.module = ir.Module("resprout")
        self.lanes = Lanes(self.module, width)
        graph = system.graph
        self.slopes = {
            (row, column): slope
            for row, rate in enumerate(system.rate)
            for column in graph.reads_states(rate)
            if (slope := graph.slope(rate, column)) != graph.zero
        }
        self.elimination = minimum_degree(len(system.states), set(self.slopes))
        self.observed = tuple(system.node(name) for name in outputs)
        self.frozen = self._find_frozen()
        sampled = sorted({index for node in self.observed for index in graph.reads_states(node)})
        self.layout = Layout(
            system.states,
            system.constants,
            self._observed_inputs(),
            outputs,
            len(self.frozen),
            tuple(sampled),
            len(self.elimination.pattern),
        )

    def _find_frozen(self) -> dict[Node, int]:
        graph = self.system.graph
        targets = [*self.system.rate, *self.slopes.values(), *self.observed]
        found: dict[Node, int] = {}
        for node in graph.reachable(targets, stop_at_frozen=True):
            if graph.is_frozen(node) and graph.kind[node] not in (g.CONSTANT, g.SYMBOL):
                found[node] = len(self.system.constants) + len(found)
        return found

    def _observed_inputs(self) -> tuple[str, ...]:
        graph = self.system.graph
        read = {graph.symbol[node] for node in graph.reachable(self.observed) if graph.kind[node] == g.SYMBOL}
        return tuple(name for name in self.system.inputs if name in read)

    def _given(self, parameters: ir.Value, states: dict[str, ir.Value], *, frozen: bool = True):
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
        start, parameters, shift, direction = self.lanes.function("relax", 4)
        rates, matrix = self._rates_and_matrix(self._load_states(start), parameters, self.lanes.load(shift, 0))
        for row, value in enumerate(substitute(self.lanes, matrix, self.elimination, rates)):
            self.lanes.store(value, direction, row)
        self.lanes.builder.ret_void()

    def step(self) -> None:
        """One whole Rosenbrock step, its error and its interpolant, in one straight line."""
        lanes, tableau, names = self.lanes, self.tableau, self.system.states
        start, parameters, step, tolerance, peak, result, error, dense = lanes.function("step", 8)
        here = self._load_states(start)
        each = range(len(names))
        inverse = lanes.divide(lanes.number(1.0), lanes.load(step, 0))
        rates, matrix = self._rates_and_matrix(
            here, parameters, lanes.multiply(inverse, lanes.number(1.0 / tableau.gamma))
        )
        stages = [substitute(lanes, matrix, self.elimination, rates)]
        point = [here[name] for name in names]
        for stage in range(1, len(tableau.a)):
            point = [self._stage_point(here[names[i]], point[i], stage, stages, i) for i in each]
            slopes = self._rates(dict(zip(names, point, strict=True)), parameters)
            right = [
                lanes.add(slopes[i], lanes.multiply(inverse, self._combine(None, tableau.c[stage], stages, i)))
                for i in each
            ]
            stages.append(substitute(lanes, matrix, self.elimination, right))
        new = [lanes.add(point[i], stages[-1][i]) for i in each]
        self._store_error(here, new, stages[-1], tolerance, peak, error)
        for i in each:
            lanes.store(new[i], result, i)
        for row, i in enumerate(self.layout.sampled):
            for order, weights in enumerate(tableau.dense):
                lanes.store(self._combine(None, weights, stages, i), dense, len(tableau.dense) * row + order)
        lanes.builder.ret_void()

    def _stage_point(
        self, base: ir.Value, before: ir.Value, stage: int, stages: list[list[ir.Value]], row: int
    ) -> ir.Value:
        weights = self.tableau.a[stage]
        if weights == (*self.tableau.a[stage - 1], 1.0):
            return self.lanes.add(before, stages[-1][row])
        return self._combine(base, weights, stages, row)

    def _combine(
        self, base: ir.Value | None, weights: tuple[float, ...], stages: list[list[ir.Value]], row: int
    ) -> ir.Value:
        total = base
        for weight, stage in zip(weights, stages, strict=False):
            if weight == 0:
                continue
            term = stage[row] if weight == 1 else self.lanes.multiply(self.lanes.number(weight), stage[row])
            total = term if total is None else self.lanes.add(total, term)
        return self.lanes.number(0.0) if total is None else total

    def _store_error(
        self,
        here: dict[str, ir.Value],
        new: list[ir.Value],
        miss: list[ir.Value],
        tolerance: ir.Value,
        peak: ir.Value,
        error: ir.Value,
    ) -> None:
        # a state that has come down from its peak need not be followed to the same share of its rest
        lanes = self.lanes
        relative = lanes.spread(tolerance, 0)
        parts = []
        for row, name in enumerate(self.system.states):
            size = lanes.larger(lanes.absolute(here[name]), lanes.absolute(new[row]))
            size = lanes.larger(size, lanes.multiply(lanes.number(PEAK_SHARE), lanes.load(peak, row)))
            allowed = lanes.add(lanes.spread(tolerance, 1 + row), lanes.multiply(relative, size))
            parts.append((lanes.multiply(miss[row], miss[row]), lanes.multiply(allowed, allowed)))
        total = lanes.number(0.0)
        for first in range(0, len(parts), FRACTIONS_TOGETHER):
            total = lanes.add(total, self._sum_of_fractions(parts[first : first + FRACTIONS_TOGETHER]))
        mean = lanes.multiply(total, lanes.number(1.0 / max(len(self.system.states), 1)))
        lanes.store(mean, error, 0)
        lanes.store(self._factor(mean), error, 1)

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
        """Accept the step in the lanes that passed."""
        lanes = self.lanes
        state, new, error, peak = lanes.function("keep", 4)
        passed = lanes.builder.fcmp_ordered("<=", lanes.load(error, 0), lanes.number(1.0))
        for row in range(len(self.system.states)):
            kept = lanes.builder.select(passed, lanes.load(new, row), lanes.load(state, row))
            lanes.store(kept, state, row)
            lanes.store(lanes.larger(lanes.load(peak, row), lanes.absolute(kept)), peak, row)
        lanes.builder.ret_void()

    def observe(self) -> None:
        """Outputs at `width` moments of one patient."""
        samples, parameters, result = self.lanes.function("observe", 3)
        given = {
            self.system.states[index]: self.lanes.load(samples, row) for row, index in enumerate(self.layout.sampled)
        }
        for row, name in enumerate(self.layout.inputs):
            given[name] = self.lanes.load(samples, len(self.layout.sampled) + row)
        values = emit(self.lanes, self.system.graph, self.observed, self._given(parameters, given))
        for row, node in enumerate(self.observed):
            self.lanes.store(values[node], result, row)
        self.lanes.builder.ret_void()


def factorise(lanes: Lanes, matrix: Matrix, elimination: Elimination) -> None:
    """LU on the diagonal in place: multipliers below, reciprocal pivots on the diagonal."""
    for step, pivot in enumerate(elimination.order):
        matrix[pivot, pivot] = lanes.divide(lanes.number(1.0), matrix[pivot, pivot])
        columns = elimination.columns_right(step)
        for row in elimination.rows_below(step):
            matrix[row, pivot] = lanes.multiply(matrix[row, pivot], matrix[pivot, pivot])
            for column in columns:
                product = lanes.multiply(matrix[row, pivot], matrix[pivot, column])
                known = matrix.get((row, column))
                matrix[row, column] = (
                    lanes.multiply(lanes.number(-1.0), product) if known is None else lanes.subtract(known, product)
                )


def substitute(lanes: Lanes, matrix: Matrix, elimination: Elimination, right: list[ir.Value]) -> list[ir.Value]:
    """Solve L U x = right."""
    solution = list(right)
    for step, pivot in enumerate(elimination.order):
        for row in elimination.rows_below(step):
            solution[row] = lanes.subtract(solution[row], lanes.multiply(matrix[row, pivot], solution[pivot]))
    for step in range(len(elimination.order) - 1, -1, -1):
        pivot = elimination.order[step]
        for column in elimination.columns_right(step):
            solution[pivot] = lanes.subtract(solution[pivot], lanes.multiply(matrix[pivot, column], solution[column]))
        solution[pivot] = lanes.multiply(solution[pivot], matrix[pivot, pivot])
    return solution
