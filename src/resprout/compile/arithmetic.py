"""The arithmetic that the solver is written over: what one value per patient can do, whoever computes it.

`compile/numpy_arithmetic.py` computes at once and is the reference; `compile/llvm_arithmetic.py` writes machine code that computes
the same later. A value is one number in every lane, a truth is one yes or no in every lane, an array is [row, lane].
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeAlias

Value: TypeAlias = Any
Truth: TypeAlias = Any
Array: TypeAlias = Any
Row: TypeAlias = Any
Table: TypeAlias = Any


class Arithmetic(Protocol):
    """Operations on values and truths, lane by lane."""

    def number(self, value: float) -> Value:
        """The same number in every lane."""

    def add(self, left: Value, right: Value) -> Value:
        """left + right."""

    def subtract(self, left: Value, right: Value) -> Value:
        """left - right."""

    def multiply(self, left: Value, right: Value) -> Value:
        """left x right."""

    def divide(self, left: Value, right: Value) -> Value:
        """left / right."""

    def minimum(self, left: Value, right: Value) -> Value:
        """The smaller of two; the right one where either is not a number."""

    def maximum(self, left: Value, right: Value) -> Value:
        """The larger of two; the right one where either is not a number."""

    def absolute(self, value: Value) -> Value:
        """Absolute value."""

    def sqrt(self, value: Value) -> Value:
        """Square root."""

    def exp(self, value: Value) -> Value:
        """e^x for x in [-700, 700]; outside, the value at the edge."""

    def log(self, value: Value) -> Value:
        """ln x of a finite x; below the smallest normal number it counts as that number."""

    def call(self, name: str, arguments: Sequence[Value]) -> Value:
        """A function of the C library by name."""

    def sign_of_product(self, values: Sequence[Value]) -> Value:
        """1 or -1: the sign of a product that itself may be too large or too small for a double."""

    def less(self, left: Value, right: Value) -> Truth:
        """left < right; false where either is not a number."""

    def at_most(self, left: Value, right: Value) -> Truth:
        """left <= right; false where either is not a number."""

    def equal(self, left: Value, right: Value) -> Truth:
        """left = right; false where either is not a number."""

    def both(self, left: Truth, right: Truth) -> Truth:
        """Whether both hold."""

    def either(self, left: Truth, right: Truth) -> Truth:
        """Whether at least one holds."""

    def negated(self, held: Truth) -> Truth:
        """Whether it does not hold."""

    def choose(self, held: Truth, left: Value, right: Value) -> Value:
        """left where it holds, else right."""


class RowArithmetic(Arithmetic, Protocol):
    """The same, with arrays [row, lane] that values are read from and written to."""

    def load(self, array: Array, row: Row | None = None) -> Value:
        """One row of an array; without a row, an array that is one row."""

    def store(self, value: Value, array: Array, row: Row | None = None) -> None:
        """Write one row of an array, or an array that is one row."""

    def broadcast(self, array: Array, row: Row) -> Value:
        """One number of an array [row], the same in every lane."""

    def store_bits(self, held: Truth, array: Array) -> None:
        """Write in which lanes something holds, as the bits of a whole number, lane 0 lowest, into an array [1]."""

    def rows_from(self, array: Array, first: int) -> Array:
        """The array that begins at a row of another."""

    def row_after(self, row: Row, later: Row) -> Row:
        """The row that comes `later` rows after another."""

    def each_row(
        self, count: int, together: int, body: Callable[[Sequence[Row], Value], Value], carried: Value
    ) -> Value:
        """Do the same for `count` rows, `together` at a time.

        body      is given some rows and what is carried from pass to pass; returns the latter as it is after
        returns   what is carried out of the last pass
        """

    def table(self, numbers: Sequence[int]) -> Table:
        """Whole numbers that are known beforehand, the same for every lane."""

    def entry(self, table: Table, place: Row) -> Row:
        """A number of a table, as a row."""

    def repeat(self, first: Row, end: Row, body: Callable[[Row, Value], Value], carried: Value) -> Value:
        """Do the same for the rows from `first` to before `end`, of which there may be none.

        body      is given a row and what is carried from pass to pass; returns the latter as it is after
        returns   what is carried out of the last pass
        """
