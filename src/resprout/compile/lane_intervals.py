"""Interval arithmetic over any arithmetic: bounds of an expression in every lane, so that machine code misses nothing between two points.

A value is a pair of values (lower, upper), a truth a pair of truths (surely, possibly). A bound that is not known is infinite. The
rules are those of `compile.interval_arithmetic`, which says whose they are; where that bounds a function tightly and this does
not, the bounds here are wider.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import TypeAlias

from resprout.compile.arithmetic import Arithmetic, Truth, Value
from resprout.compile.interval_arithmetic import INCREASING, WIDENED

Bounds: TypeAlias = tuple[Value, Value]
Possible: TypeAlias = tuple[Truth, Truth]
POLYNOMIALS = 1e-13
"""Relative widening of exp and log, which machine code approximates."""


class LaneIntervals:
    """`compile.arithmetic.Arithmetic` on bounds whose ends another arithmetic computes."""

    def __init__(self, over: Arithmetic) -> None:
        self.over = over
        self.zero, self.infinite, self.below_all = over.number(0.0), over.number(math.inf), over.number(-math.inf)

    def _bounded(self, *candidates: Value, widened: float = WIDENED) -> Bounds:
        """The smallest and the largest candidate, widened; everything where one of them is not a number."""
        over = self.over
        low, high = functools.reduce(over.minimum, candidates), functools.reduce(over.maximum, candidates)
        share = over.number(widened)
        low = over.subtract(low, over.multiply(share, over.absolute(low)))
        high = over.add(high, over.multiply(share, over.absolute(high)))
        numbers = functools.reduce(over.both, [over.equal(value, value) for value in (*candidates, low, high)])
        return over.choose(numbers, low, self.below_all), over.choose(numbers, high, self.infinite)

    def _through_zero(self, value: Bounds) -> Truth:
        return self.over.both(self.over.at_most(value[0], self.zero), self.over.at_most(self.zero, value[1]))

    def _anything(self) -> Bounds:
        return self.below_all, self.infinite

    def number(self, value: float) -> Bounds:
        """A number that is known."""
        return self.over.number(value), self.over.number(value)

    def add(self, left: Bounds, right: Bounds) -> Bounds:
        """left + right."""
        return self._bounded(self.over.add(left[0], right[0]), self.over.add(left[1], right[1]))

    def subtract(self, left: Bounds, right: Bounds) -> Bounds:
        """left - right."""
        return self._bounded(self.over.subtract(left[0], right[1]), self.over.subtract(left[1], right[0]))

    def multiply(self, left: Bounds, right: Bounds) -> Bounds:
        """left x right; a square is never negative."""
        low, high = self._bounded(*(self.over.multiply(a, b) for a in left for b in right))
        if left is right:
            low = self.over.maximum(low, self.zero)
        return low, high

    def divide(self, left: Bounds, right: Bounds) -> Bounds:
        """left / right; anything where the divisor may be 0."""
        over, one, through = self.over, self.over.number(1.0), self._through_zero(right)
        low, high = self._bounded(over.divide(one, right[0]), over.divide(one, right[1]))
        return self.multiply(
            left, (over.choose(through, self.below_all, low), over.choose(through, self.infinite, high))
        )

    def minimum(self, left: Bounds, right: Bounds) -> Bounds:
        """The smaller of two."""
        return self.over.minimum(left[0], right[0]), self.over.minimum(left[1], right[1])

    def maximum(self, left: Bounds, right: Bounds) -> Bounds:
        """The larger of two."""
        return self.over.maximum(left[0], right[0]), self.over.maximum(left[1], right[1])

    def _negative(self, value: Bounds) -> Bounds:
        return self.over.subtract(self.zero, value[1]), self.over.subtract(self.zero, value[0])

    def absolute(self, value: Bounds) -> Bounds:
        """Absolute value."""
        return self.maximum(value, self._negative(value))

    def sqrt(self, value: Bounds) -> Bounds:
        """Square root; what may be negative has any."""
        return self._bounded(*(self.over.sqrt(edge) for edge in value))

    def exp(self, value: Bounds) -> Bounds:
        """e^x as the solver has it, with x held to [-700, 700]."""
        return self._bounded(*(self.over.exp(edge) for edge in value), widened=POLYNOMIALS)

    def log(self, value: Bounds) -> Bounds:
        """ln x as the solver has it, with x at least the smallest normal number."""
        return self._bounded(*(self.over.log(edge) for edge in value), widened=POLYNOMIALS)

    def call(self, name: str, arguments: Sequence[Bounds]) -> Bounds:
        """A function of the C library by name; anything where its bounds are not known."""
        first = arguments[0]
        if name in INCREASING:
            return self._bounded(*(self.over.call(name, [edge]) for edge in first))
        if name == "floor":
            return self.over.call(name, [first[0]]), self.over.call(name, [first[1]])
        if name == "acos":
            return self._bounded(*(self.over.call(name, [edge]) for edge in first))
        if name in ("sin", "cos"):
            return self._wave(name, first)
        if name == "cosh":
            size = self.absolute(first)
            return self._bounded(*(self.over.call(name, [self.over.maximum(edge, self.zero)]) for edge in size))
        return self._power(first, arguments[1]) if name == "pow" else self._anything()

    def _wave(self, name: str, value: Bounds) -> Bounds:
        """A sine or cosine, which no step of its argument moves by more than that step."""
        over, half = self.over, self.over.number(0.5)
        middle = over.call(name, [over.multiply(half, over.add(*value))])
        reach = over.multiply(half, over.subtract(value[1], value[0]))
        low, high = self._bounded(over.subtract(middle, reach), over.add(middle, reach))
        return over.maximum(low, over.number(-1.0)), over.minimum(high, over.number(1.0))

    def _power(self, base: Bounds, exponent: Bounds) -> Bounds:
        """Of what is positive; anything otherwise."""
        over = self.over
        low, high = self._bounded(*(over.call("pow", [b, e]) for b in base for e in exponent))
        known = over.less(self.zero, base[0])
        return over.choose(known, low, self.below_all), over.choose(known, high, self.infinite)

    def sign_of_product(self, values: Sequence[Bounds]) -> Bounds:
        """Not asked of bounds."""
        raise NotImplementedError

    def less(self, left: Bounds, right: Bounds) -> Possible:
        """left < right."""
        return self.over.less(left[1], right[0]), self.over.less(left[0], right[1])

    def at_most(self, left: Bounds, right: Bounds) -> Possible:
        """left <= right."""
        return self.over.at_most(left[1], right[0]), self.over.at_most(left[0], right[1])

    def equal(self, left: Bounds, right: Bounds) -> Possible:
        """left = right."""
        over = self.over
        surely = over.both(over.at_most(left[1], right[0]), over.at_most(right[1], left[0]))
        return surely, over.both(over.at_most(left[0], right[1]), over.at_most(right[0], left[1]))

    def both(self, left: Possible, right: Possible) -> Possible:
        """Whether both hold."""
        return self.over.both(left[0], right[0]), self.over.both(left[1], right[1])

    def either(self, left: Possible, right: Possible) -> Possible:
        """Whether at least one holds."""
        return self.over.either(left[0], right[0]), self.over.either(left[1], right[1])

    def negated(self, held: Possible) -> Possible:
        """Whether it does not hold."""
        return self.over.negated(held[1]), self.over.negated(held[0])

    def choose(self, held: Possible, left: Bounds, right: Bounds) -> Bounds:
        """left where it surely holds, right where it surely does not, else what holds both."""
        over, (surely, possibly) = self.over, held
        low = over.choose(surely, left[0], over.choose(possibly, over.minimum(left[0], right[0]), right[0]))
        high = over.choose(surely, left[1], over.choose(possibly, over.maximum(left[1], right[1]), right[1]))
        return low, high
