"""Expressions as one shared graph: takes operations, gives node numbers; equal expressions are one node, and derivatives are nodes too.

A node is *time-invariant* when it depends on constants only, not on states or inputs: it is worth computing once per patient.
Arguments always have smaller numbers than the node that uses them, so ascending order is an order of evaluation.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from resprout.compile.calls import CALLS

Node = int

CONSTANT, SYMBOL, ADD, MULTIPLY, RECIPROCAL, EXP, LOG, SQRT, POWER = range(9)
CALL, LESS, AT_MOST, EQUAL, SELECT = range(9, 14)
"""Only in imported models: a C function by name, comparisons that give 1 or 0, and a choice by whether the first is 0."""
INTEGER_POWERS = 8
"""Whole exponents up to this size become products; above it a power is exp(exponent ln base)."""


class Graph:
    """Nodes of all expressions of one model."""

    def __init__(self, states: Iterable[str], inputs: Iterable[str]) -> None:
        self.kind: list[int] = []
        self.arguments: list[tuple[Node, ...]] = []
        self.value: list[float] = []
        self.symbol: list[str] = []
        self.reads: list[int] = []
        self.conditions: set[Node] = set()
        self._known: dict[tuple, Node] = {}
        self._derivatives: dict[tuple[Node, int], Node] = {}
        self.states = tuple(states)
        self._bit = {name: 1 << index for index, name in enumerate(self.states)}
        self._input_bit = 1 << len(self.states)
        self._inputs = frozenset(inputs)
        self.zero = self.number(0.0)
        self.one = self.number(1.0)

    def _node(self, kind: int, arguments: tuple[Node, ...] = (), value: float = 0.0, symbol: str = "") -> Node:
        key = (kind, arguments, value, symbol)
        found = self._known.get(key)
        if found is not None:
            return found
        reads = 0
        for argument in arguments:
            reads |= self.reads[argument]
        if kind == SYMBOL:
            reads = self._bit.get(symbol, self._input_bit if symbol in self._inputs else 0)
        node = len(self.kind)
        self.kind.append(kind)
        self.arguments.append(arguments)
        self.value.append(value)
        self.symbol.append(symbol)
        self.reads.append(reads)
        self._known[key] = node
        return node

    def number(self, value: float) -> Node:
        """A pure number."""
        return self._node(CONSTANT, value=float(value))

    def name(self, symbol: str) -> Node:
        """A constant, input or state by name."""
        return self._node(SYMBOL, symbol=symbol)

    def is_number(self, node: Node) -> bool:
        """Whether the node is a pure number."""
        return self.kind[node] == CONSTANT

    def is_invariant(self, node: Node) -> bool:
        """Whether the node depends on constants only."""
        return self.reads[node] == 0

    def reads_states(self, node: Node) -> list[int]:
        """Indices of the states that the node depends on."""
        bits = self.reads[node] & (self._input_bit - 1)
        found = []
        while bits:
            low = bits & -bits
            found.append(low.bit_length() - 1)
            bits ^= low
        return found

    def add(self, left: Node, right: Node) -> Node:
        """left + right."""
        if left == self.zero:
            return right
        if right == self.zero:
            return left
        if self.is_number(left) and self.is_number(right):
            return self.number(self.value[left] + self.value[right])
        return self._associate(ADD, left, right, self.add)

    def multiply(self, left: Node, right: Node) -> Node:
        """left x right."""
        if self.zero in (left, right):
            return self.zero
        if left == self.one:
            return right
        if right == self.one:
            return left
        if self.is_number(left) and self.is_number(right):
            return self.number(self.value[left] * self.value[right])
        return self._associate(MULTIPLY, left, right, self.multiply)

    def _associate(self, kind: int, left: Node, right: Node, combine) -> Node:
        # (x o invariant) o invariant -> x o (invariant o invariant), so that the second operation is done once per patient
        if self.is_invariant(left) and not self.is_invariant(right):
            left, right = right, left
        if self.is_invariant(right) and not self.is_invariant(left) and self.kind[left] == kind:
            inner, held = self.arguments[left]
            if self.is_invariant(held) and not self.is_invariant(inner):
                return combine(inner, combine(held, right))
        if self.is_invariant(left) == self.is_invariant(right) and left > right:
            left, right = right, left
        return self._node(kind, (left, right))

    def negate(self, node: Node) -> Node:
        """-node."""
        return self.multiply(node, self.number(-1.0))

    def subtract(self, left: Node, right: Node) -> Node:
        """left - right."""
        return self.add(left, self.negate(right))

    def reciprocal(self, node: Node) -> Node:
        """1 / node."""
        if self.is_number(node) and self.value[node] != 0:
            return self.number(1.0 / self.value[node])
        if self.kind[node] == RECIPROCAL:
            return self.arguments[node][0]
        return self._node(RECIPROCAL, (node,))

    def divide(self, left: Node, right: Node) -> Node:
        """left / right."""
        return self.multiply(left, self.reciprocal(right))

    def exp(self, node: Node) -> Node:
        """e to the power of node."""
        return self.number(math.exp(self.value[node])) if self.is_number(node) else self._node(EXP, (node,))

    def log(self, node: Node) -> Node:
        """Natural logarithm; the argument is taken as at least the smallest normal number."""
        if self.is_number(node) and self.value[node] > 0:
            return self.number(math.log(self.value[node]))
        return self._node(LOG, (node,))

    def sqrt(self, node: Node) -> Node:
        """Square root."""
        if self.is_number(node) and self.value[node] >= 0:
            return self.number(math.sqrt(self.value[node]))
        return self._node(SQRT, (node,))

    def power(self, base: Node, exponent: Node) -> Node:
        """base ^ exponent; a base that is not positive is meant only for whole exponents."""
        if self.is_number(exponent):
            value = self.value[exponent]
            if self.is_number(base):
                return self.number(self.value[base] ** value)
            if value == int(value) and abs(value) <= INTEGER_POWERS:
                return self._whole_power(base, int(value))
            # a square root takes a third of the time of a logarithm and an exponential
            if value == 0.5:
                return self.sqrt(base)
            if value in (0.25, 0.75):
                return self._whole_power(self.sqrt(self.sqrt(base)), int(4 * value))
        return self._node(POWER, (base, exponent))

    def _whole_power(self, base: Node, exponent: int) -> Node:
        if exponent < 0:
            return self.reciprocal(self._whole_power(base, -exponent))
        result, square = self.one, base
        while exponent:
            if exponent & 1:
                result = self.multiply(result, square)
            exponent >>= 1
            if exponent:
                square = self.multiply(square, square)
        return result

    def raised(self, base: Node, exponent: Node) -> Node:
        """base ^ exponent for a base of any sign; a negative base to a broken power counts as 0.

        A solver's stage may stray a little below zero where the solution does not, so no number at all would end the run.
        """
        if self.is_number(exponent):
            value = self.value[exponent]
            if value % 1 != 0:
                return self._node(POWER, (base, exponent))
            if abs(value) <= INTEGER_POWERS:
                return self.power(base, exponent)
            return self.call("pow", base, exponent)
        below = self.call("pow", base, exponent)
        known = self.select(self.compare(EQUAL, below, below), below, self.zero)
        return self.select(self.compare(LESS, base, self.zero), known, self.power(base, exponent))

    def call(self, function: str, *arguments: Node) -> Node:
        """A function of the C library, a name in CALLS."""
        return self._node(CALL, arguments, symbol=function)

    def compare(self, kind: int, left: Node, right: Node) -> Node:
        """1 where left is LESS than, AT_MOST or EQUAL to right, else 0."""
        return self._node(kind, (left, right))

    def condition(self, kind: int, left: Node, right: Node) -> Node:
        """A comparison that the model itself makes: a rate that reads it may jump, unlike one that reads that of `abs` or `min`."""
        node = self.compare(kind, left, right)
        self.conditions.add(node)
        return node

    def select(self, chosen: Node, left: Node, right: Node) -> Node:
        """left where `chosen` is not 0, else right."""
        if self.is_number(chosen):
            return left if self.value[chosen] != 0 else right
        return left if left == right else self._node(SELECT, (chosen, left, right))

    def derivative(self, node: Node, state: int) -> Node:
        """Partial derivative of a node with respect to one state, by the chain rule over the graph."""
        if not self.reads[node] >> state & 1:
            return self.zero
        key = (node, state)
        if key not in self._derivatives:
            self._derivatives[key] = self._derivative(node, state)
        return self._derivatives[key]

    def _derivative(self, node: Node, state: int) -> Node:
        if self.kind[node] == SYMBOL:
            return self.one
        total = self.zero
        for argument, partial in self.partials(node):
            total = self.add(total, self.multiply(partial, self.derivative(argument, state)))
        return total

    def partials(self, node: Node) -> list[tuple[Node, Node]]:
        """Arguments of a node that move, each with the partial derivative of the node with respect to it."""
        arguments = self.arguments[node]
        moving = [not self.is_invariant(argument) for argument in arguments]
        if self.kind[node] == CALL:
            derivatives = CALLS[self.symbol[node]].derivatives(self, node, arguments)
        elif self.kind[node] == POWER:
            base, exponent = arguments
            derivatives = self._power_derivatives(node, base, exponent, moving[1])
        else:
            derivatives = self._plain_derivatives(node, self.kind[node], arguments)
        return [
            (argument, derivative)
            for argument, derivative, moves in zip(arguments, derivatives, moving, strict=True)
            if moves and derivative != self.zero
        ]

    def _plain_derivatives(self, node: Node, kind: int, arguments: tuple[Node, ...]) -> tuple[Node, ...]:
        if kind == ADD:
            return (self.one, self.one)
        if kind == MULTIPLY:
            left, right = arguments
            return (right, left)
        if kind == RECIPROCAL:
            return (self.negate(self.multiply(node, node)),)
        if kind == EXP:
            return (node,)
        if kind == LOG:
            return (self.reciprocal(arguments[0]),)
        if kind == SQRT:
            return (self.multiply(self.number(0.5), self.reciprocal(node)),)
        if kind == SELECT:
            chosen = arguments[0]
            return (self.zero, self.select(chosen, self.one, self.zero), self.select(chosen, self.zero, self.one))
        return (self.zero,) * len(arguments)

    def _power_derivatives(self, node: Node, base: Node, exponent: Node, exponent_moves: bool) -> tuple[Node, Node]:
        # p x^(p-1), not p x^p / x: the second is 0/0 where a drug is absent
        by_base = self.multiply(exponent, self.power(base, self.add(exponent, self.number(-1.0))))
        return by_base, self.multiply(node, self.log(base)) if exponent_moves else self.zero

    def reachable(self, targets: Iterable[Node], *, stop_at_invariant: bool = False) -> list[Node]:
        """Every node needed for the targets, in order of evaluation.

        stop_at_invariant   take time-invariant nodes as given: do not descend below them
        """
        seen: set[Node] = set()
        waiting = list(targets)
        while waiting:
            node = waiting.pop()
            if node in seen:
                continue
            seen.add(node)
            if not (stop_at_invariant and self.is_invariant(node)):
                waiting.extend(self.arguments[node])
        return sorted(seen)
