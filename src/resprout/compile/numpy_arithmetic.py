"""The solver's arithmetic by NumPy: a value is a number or an array [patient], computed at once; slow, readable, the reference."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resprout.compile.calls import CALLS

SMALLEST, LARGEST_EXPONENT = np.finfo(float).tiny, 700.0


class NumpyArithmetic:
    """`compile.arithmetic.RowArithmetic` on NumPy's numbers and arrays."""

    number = staticmethod(np.float64)
    add = staticmethod(np.add)
    subtract = staticmethod(np.subtract)
    multiply = staticmethod(np.multiply)
    divide = staticmethod(np.divide)
    absolute = staticmethod(np.abs)
    sqrt = staticmethod(np.sqrt)
    less = staticmethod(np.less)
    at_most = staticmethod(np.less_equal)
    equal = staticmethod(np.equal)
    both = staticmethod(np.logical_and)
    either = staticmethod(np.logical_or)
    negated = staticmethod(np.logical_not)
    choose = staticmethod(np.where)

    def minimum(self, left: Any, right: Any) -> Any:
        """The smaller of two; the right one where either is not a number."""
        return np.where(left < right, left, right)

    def maximum(self, left: Any, right: Any) -> Any:
        """The larger of two; the right one where either is not a number."""
        return np.where(left > right, left, right)

    def exp(self, value: Any) -> Any:
        """e^x for x in [-700, 700]; outside, the value at the edge."""
        return np.exp(self.minimum(self.maximum(value, -LARGEST_EXPONENT), LARGEST_EXPONENT))

    def log(self, value: Any) -> Any:
        """ln x; x below the smallest normal number counts as that number."""
        return np.log(self.maximum(value, SMALLEST))

    def call(self, name: str, arguments: Sequence[Any]) -> Any:
        """A function of the C library, as NumPy has it."""
        return CALLS[name].compute(*arguments)

    def sign_of_product(self, values: Sequence[Any]) -> Any:
        """1 or -1: the sign of a product."""
        negative = np.logical_xor.reduce([np.signbit(value) for value in values])
        return np.where(negative, -1.0, 1.0)

    def load(self, array: NDArray[np.float64], row: int | None = None) -> Any:
        """One row of an array, or an array that is one row, as it is now."""
        return (array if row is None else array[row]).copy()

    def store(self, value: Any, array: NDArray[np.float64], row: int | None = None) -> None:
        """Write one row of an array, or an array that is one row."""
        array[slice(None) if row is None else row] = value

    def broadcast(self, array: NDArray[np.float64], row: int) -> Any:
        """One number of an array [row]."""
        return array[row]

    def store_bits(self, held: Any, array: NDArray[np.float64]) -> None:
        """Write in which lanes something holds, as the bits of a whole number."""
        array[0] = sum(1 << int(lane) for lane in np.flatnonzero(held))

    def rows_from(self, array: NDArray[np.float64], first: int) -> NDArray[np.float64]:
        """The array that begins at a row of another."""
        return array[first:]

    def row_after(self, row: int, later: int) -> int:
        """The row that comes `later` rows after another."""
        return row + later

    def each_row(self, count: int, together: int, body: Callable[[Sequence[int], Any], Any], carried: Any) -> Any:
        """Do the same for `count` rows, `together` at a time; gives what is carried out of the last pass."""
        for first in range(0, count, together):
            carried = body(range(first, min(first + together, count)), carried)
        return carried

    def table(self, numbers: Sequence[int]) -> Sequence[int]:
        """Whole numbers that are known beforehand."""
        return numbers

    def entry(self, table: Sequence[int], place: int) -> int:
        """A number of a table, as a row."""
        return table[place]

    def repeat(self, first: int, end: int, body: Callable[[int, Any], Any], carried: Any) -> Any:
        """Do the same for the rows from `first` to before `end`; gives what is carried out of the last pass."""
        for row in range(first, end):
            carried = body(row, carried)
        return carried
