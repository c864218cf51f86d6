"""Interval arithmetic by NumPy: bounds of an expression over a range of its arguments, so that nothing between two points is missed.

A value is a pair of arrays (lower, upper); a truth is a pair of arrays (surely, possibly). A bound that is not known is infinite.
Rounding is covered by widening every result by a few units in the last place, relative to its size; functions are those of
`compile.arithmetic.Arithmetic`. Moore, Kearfott and Cloud, Introduction to Interval Analysis, SIAM 2009, chapters 2 and 5.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from resprout.compile.calls import CALLS
from resprout.compile.numpy_arithmetic import LARGEST_EXPONENT, SMALLEST

Bounds: TypeAlias = tuple[Any, Any]
"""Lower and upper bound."""
Possible: TypeAlias = tuple[Any, Any]
"""Whether something surely holds, and whether it possibly does."""

WIDENED = 4 * np.finfo(float).eps
INCREASING = ("log", "asin", "atan", "sinh", "tanh", "asinh", "acosh", "atanh")


def _bounded(*candidates: Any) -> Bounds:
    """The smallest and the largest candidate, widened; everything where one of them is not a number."""
    array: NDArray[np.float64] = np.stack(np.broadcast_arrays(*candidates))
    unknown = np.isnan(array).any(axis=0)
    low, high = array.min(axis=0), array.max(axis=0)
    low, high = low - WIDENED * np.abs(low), high + WIDENED * np.abs(high)
    return np.where(unknown, -np.inf, low), np.where(unknown, np.inf, high)


def _holds_multiple(bounds: Bounds, period: float, phase: float) -> Any:
    """Whether phase + k period lies within bounds for a whole k."""
    low, high = bounds
    return np.ceil((low - phase) / period) * period + phase <= high


def _wave(value: Bounds, function: Any, top: float) -> Bounds:
    """A sine or cosine, with a largest value at `top`."""
    low, high = _bounded(function(value[0]), function(value[1]))
    reaches_top, reaches_bottom = (_holds_multiple(value, 2 * np.pi, phase) for phase in (top, top + np.pi))
    return np.where(reaches_bottom, -1.0, low), np.where(reaches_top, 1.0, high)


class IntervalArithmetic:
    """`compile.arithmetic.Arithmetic` on bounds."""

    def number(self, value: float) -> Bounds:
        """A number that is known."""
        return np.float64(value), np.float64(value)

    def add(self, left: Bounds, right: Bounds) -> Bounds:
        """left + right."""
        return _bounded(left[0] + right[0], left[1] + right[1])

    def subtract(self, left: Bounds, right: Bounds) -> Bounds:
        """left - right."""
        return _bounded(left[0] - right[1], left[1] - right[0])

    def multiply(self, left: Bounds, right: Bounds) -> Bounds:
        """left x right; a square is never negative."""
        low, high = _bounded(left[0] * right[0], left[0] * right[1], left[1] * right[0], left[1] * right[1])
        if left is right:
            low = np.where((left[0] <= 0) & (left[1] >= 0), 0.0, np.minimum(left[0] * left[0], left[1] * left[1]))
        return low, high

    def divide(self, left: Bounds, right: Bounds) -> Bounds:
        """left / right; anything where the divisor may be 0."""
        through_zero = (right[0] <= 0) & (right[1] >= 0)
        inverse = _bounded(1 / right[0], 1 / right[1])
        inverse = (np.where(through_zero, -np.inf, inverse[0]), np.where(through_zero, np.inf, inverse[1]))
        return self.multiply(left, inverse)

    def minimum(self, left: Bounds, right: Bounds) -> Bounds:
        """The smaller of two."""
        return np.minimum(left[0], right[0]), np.minimum(left[1], right[1])

    def maximum(self, left: Bounds, right: Bounds) -> Bounds:
        """The larger of two."""
        return np.maximum(left[0], right[0]), np.maximum(left[1], right[1])

    def absolute(self, value: Bounds) -> Bounds:
        """Absolute value."""
        return self.maximum(value, (-value[1], -value[0]))

    def sqrt(self, value: Bounds) -> Bounds:
        """Square root; what may be negative has any."""
        return _bounded(np.sqrt(value[0]), np.sqrt(value[1]))

    def exp(self, value: Bounds) -> Bounds:
        """e^x as the solver has it, with x held to [-700, 700]."""
        return _bounded(*(np.exp(np.clip(edge, -LARGEST_EXPONENT, LARGEST_EXPONENT)) for edge in value))

    def log(self, value: Bounds) -> Bounds:
        """ln x as the solver has it, with x at least the smallest normal number."""
        return _bounded(*(np.log(np.maximum(edge, SMALLEST)) for edge in value))

    def call(self, name: str, arguments: Sequence[Bounds]) -> Bounds:
        """A function of the C library by name."""
        first = arguments[0]
        if name in INCREASING:
            return _bounded(*(CALLS[name].compute(edge) for edge in first))
        if name == "floor":
            return np.floor(first[0]), np.floor(first[1])
        if name == "tgamma":
            return self._factorial_below(first)
        if name == "pow":
            return self._power(first, arguments[1])
        build = {"sin": self._sine, "cos": self._cosine, "tan": self._tangent}
        if name in build:
            return build[name](first)
        if name == "acos":
            return _bounded(np.arccos(first[1]), np.arccos(first[0]))
        assert name == "cosh", name
        size = self.absolute(first)
        smallest = np.where((first[0] <= 0) & (first[1] >= 0), 0.0, np.minimum(abs(first[0]), abs(first[1])))
        return _bounded(np.cosh(smallest), np.cosh(size[1]))

    def _factorial_below(self, value: Bounds) -> Bounds:
        """The gamma function, which grows from 2 on; nothing is said of it below."""
        low, high = _bounded(CALLS["tgamma"].compute(value[0]), CALLS["tgamma"].compute(value[1]))
        return np.where(value[0] >= 2, low, -np.inf), np.where(value[0] >= 2, high, np.inf)

    def _cosine(self, value: Bounds) -> Bounds:
        return _wave(value, np.cos, 0.0)

    def _sine(self, value: Bounds) -> Bounds:
        return _wave(value, np.sin, np.pi / 2)

    def _tangent(self, value: Bounds) -> Bounds:
        low, high = _bounded(np.tan(value[0]), np.tan(value[1]))
        poles = _holds_multiple(value, np.pi, np.pi / 2)
        return np.where(poles, -np.inf, low), np.where(poles, np.inf, high)

    def _power(self, base: Bounds, exponent: Bounds) -> Bounds:
        corners = [np.float_power(b, e) for b in base for e in exponent]
        whole = (exponent[0] == exponent[1]) & (np.mod(exponent[0], 2) < 2) & (np.mod(exponent[0], 1) == 0)
        low, high = _bounded(*corners)
        even_through_zero = whole & (np.mod(exponent[0], 2) == 0) & (base[0] < 0) & (base[1] > 0)
        low = np.where(even_through_zero, 0.0, low)
        known = (base[0] > 0) | (whole & (exponent[0] >= 0)) | (whole & (base[1] < 0))
        return np.where(known, low, -np.inf), np.where(known, high, np.inf)

    def sign_of_product(self, values: Sequence[Bounds]) -> Bounds:
        """Not asked of bounds."""
        raise NotImplementedError

    def less(self, left: Bounds, right: Bounds) -> Possible:
        """left < right."""
        return left[1] < right[0], left[0] < right[1]

    def at_most(self, left: Bounds, right: Bounds) -> Possible:
        """left <= right."""
        return left[1] <= right[0], left[0] <= right[1]

    def equal(self, left: Bounds, right: Bounds) -> Possible:
        """left = right."""
        surely = (left[0] == left[1]) & (right[0] == right[1]) & (left[0] == right[0])
        return surely, (left[0] <= right[1]) & (right[0] <= left[1])

    def both(self, left: Possible, right: Possible) -> Possible:
        """Whether both hold."""
        return left[0] & right[0], left[1] & right[1]

    def either(self, left: Possible, right: Possible) -> Possible:
        """Whether at least one holds."""
        return left[0] | right[0], left[1] | right[1]

    def negated(self, held: Possible) -> Possible:
        """Whether it does not hold."""
        return np.logical_not(held[1]), np.logical_not(held[0])

    def choose(self, held: Possible, left: Bounds, right: Bounds) -> Bounds:
        """left where it surely holds, right where it surely does not, else what holds both."""
        surely, possibly = held
        low = np.where(surely, left[0], np.where(possibly, np.minimum(left[0], right[0]), right[0]))
        high = np.where(surely, left[1], np.where(possibly, np.maximum(left[1], right[1]), right[1]))
        return low, high
