"""A System ready to be computed over any arithmetic: rates, factors of the shifted Jacobian, outputs, and what is time-invariant."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence

from resprout.compile import graph as g
from resprout.compile.arithmetic import Array, Row, RowArithmetic, Value
from resprout.compile.evaluate import Order, compute, evaluation_order
from resprout.compile.factor_tables import FactorTables, factor_tables, factorise_in, substitute_in
from resprout.compile.factors import Matrix, factorise, substitute
from resprout.compile.graph import Node
from resprout.compile.jacobian import jacobian
from resprout.compile.order import Elimination, minimum_degree
from resprout.compile.system import System

MOST_WRITTEN_OUT = 4000
"""Products of a factorisation beyond which an imported model has it as loops over tables."""


def is_large(system: System, elimination: Elimination) -> bool:
    """Whether the factorisation of a model is computed by loops over tables.

    system        the shipped model, whose steady states are sought by other code, is always written out
    elimination   of its Jacobian
    """
    return system.any_scale and elimination.products > MOST_WRITTEN_OUT


class Equations:
    """The equations of a model for one list of outputs.

    invariant   node -> row among the constants, of time-invariant values that `prepare` adds
    sampled     indices of the states that outputs depend on
    place       row of each constant
    places      (row, column) of every factor of a shifted Jacobian, in the order they are kept
    tabled      whether factors are computed by loops over tables, in the array that keeps them
    """

    def __init__(self, system: System, outputs: Sequence[str]) -> None:
        graph = system.graph
        self.system = system
        self.jacobian = jacobian(graph, system.rate)
        self.elimination = minimum_degree(len(system.states), set(self.jacobian))
        self.tabled = is_large(system, self.elimination)
        self.places = list(self.tables.places) if self.tabled else sorted(self.elimination.pattern)
        self.place = {name: row for row, name in enumerate(system.constants)}
        self.outputs = tuple(system.node(name) for name in outputs)
        self.invariant = self._find_invariant()
        self.sampled = tuple(sorted({index for node in self.outputs for index in graph.reads_states(node)}))

    @property
    def states(self) -> int:
        """Number of states."""
        return len(self.system.states)

    @functools.cached_property
    def tables(self) -> FactorTables:
        """Places of the factors, where loops over tables compute them."""
        return factor_tables(self.elimination)

    def _find_invariant(self) -> dict[Node, int]:
        graph = self.system.graph
        targets = [*self.system.rate, *self.jacobian.values(), *self.outputs]
        found: dict[Node, int] = {}
        for node in graph.reachable(targets, stop_at_invariant=True):
            if graph.is_invariant(node) and graph.kind[node] not in (g.CONSTANT, g.SYMBOL):
                found[node] = len(self.system.constants) + len(found)
        return found

    def _order(self, targets: Iterable[Node], *, prepared: bool = True) -> Order:
        graph = self.system.graph
        known = self.invariant if prepared else ()
        return evaluation_order(graph, targets, lambda node: node in known or graph.kind[node] == g.SYMBOL)

    @functools.cached_property
    def _rate_order(self) -> Order:
        return self._order(self.system.rate)

    @functools.cached_property
    def _jacobian_order(self) -> Order:
        return self._order([*self.system.rate, *self.jacobian.values()])

    @functools.cached_property
    def _output_order(self) -> Order:
        return self._order(self.outputs)

    def _compute(
        self, over: RowArithmetic, order: Order, constants: Array, states: Mapping[str, Value]
    ) -> dict[Node, Value]:
        graph, invariant, place = self.system.graph, self.invariant, self.place

        def given(node: Node) -> Value:
            if node in invariant:
                return over.load(constants, invariant[node])
            name = graph.symbol[node]
            return states[name] if name in states else over.load(constants, place[name])

        return compute(over, graph, order, given)

    def _named(self, over: RowArithmetic, state: Array) -> dict[str, Value]:
        return {name: over.load(state, row) for row, name in enumerate(self.system.states)}

    def prepare(self, over: RowArithmetic, constants: Array) -> None:
        """Add the time-invariant values to the constants, once per patient."""
        values = self._compute(over, self._order(self.invariant, prepared=False), constants, {})
        for node, row in self.invariant.items():
            over.store(values[node], constants, row)

    def rates(self, over: RowArithmetic, state: Array, constants: Array) -> list[Value]:
        """d/dt of every state."""
        values = self._compute(over, self._rate_order, constants, self._named(over, state))
        return [values[node] for node in self.system.rate]

    def rates_and_factors(
        self, over: RowArithmetic, state: Array, constants: Array, shift: Value
    ) -> tuple[list[Value], Matrix]:
        """d/dt of every state, and the factors of (shift I - J), J the Jacobian."""
        rates, matrix = self._rates_and_matrix(over, state, constants, shift)
        factorise(over, matrix, self.elimination)
        return rates, matrix

    def _rates_and_matrix(
        self, over: RowArithmetic, state: Array, constants: Array, shift: Value
    ) -> tuple[list[Value], Matrix]:
        """d/dt of every state, and shift I - J."""
        values = self._compute(over, self._jacobian_order, constants, self._named(over, state))
        minus = over.number(-1.0)
        matrix = {place: over.multiply(minus, values[node]) for place, node in self.jacobian.items()}
        for index in range(self.states):
            diagonal = matrix.get((index, index))
            matrix[index, index] = shift if diagonal is None else over.add(diagonal, shift)
        return [values[node] for node in self.system.rate], matrix

    def rates_and_factors_in(
        self, over: RowArithmetic, state: Array, constants: Array, shift: Value, factors: Array
    ) -> list[Value]:
        """d/dt of every state; the factors of (shift I - J) are left in an array [place], by loops over tables."""
        rates, matrix = self._rates_and_matrix(over, state, constants, shift)

        def clear(row: Row, nothing: Value) -> Value:
            over.store(nothing, factors, row)
            return nothing

        over.repeat(0, len(self.places), clear, over.number(0.0))
        for number, place in enumerate(self.places):
            if place in matrix:
                over.store(matrix[place], factors, number)
        factorise_in(over, self.tables, factors)
        return rates

    def solve_in(self, over: RowArithmetic, factors: Array, right: Array) -> None:
        """x of (shift I - J) x = right, in the place of it, by loops over tables."""
        substitute_in(over, self.tables, factors, right)

    def solve(self, over: RowArithmetic, factors: Matrix, right: list[Value]) -> list[Value]:
        """x of (shift I - J) x = right."""
        return substitute(over, factors, self.elimination, right)

    def observe(self, over: RowArithmetic, sampled: Sequence[Value], constants: Array) -> list[Value]:
        """Outputs from the values of the `sampled` states."""
        states = {self.system.states[index]: value for index, value in zip(self.sampled, sampled, strict=True)}
        values = self._compute(over, self._output_order, constants, states)
        return [values[node] for node in self.outputs]
