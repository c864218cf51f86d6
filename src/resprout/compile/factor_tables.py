"""The factors of a large sparse matrix -> loops over tables of places, so that machine code does not grow with them.

Written out, the factorisation of a few hundred states is a hundred thousand instructions, which take minutes to compile and do not fit the
instruction cache. Here factors stay in an array: row by row in the order of elimination, in each row those left of the diagonal, the
reciprocal of the pivot, and those right of it.
"""

from __future__ import annotations

from dataclasses import dataclass

from resprout.compile.arithmetic import Array, Row, RowArithmetic, Value
from resprout.compile.order import Elimination


@dataclass(frozen=True)
class FactorTables:
    """Where the factors of an elimination stand, by whole numbers.

    places        (row, column) of every factor, in the order they are kept
    state         [step] row of the matrix that is eliminated        pivot   [step] place of its diagonal
    right         [step] factors right of the diagonal, which follow it
    below_from    [step] first of its entries in `below`, and one more for the end
    below         [entry] places below a pivot        below_state   [entry] their rows of the matrix
    target_from   [entry] first of its places in `target`
    target        places from which products are subtracted
    right_from    [step] first of its columns in `right_state`        right_state   columns right of the pivots
    """

    places: tuple[tuple[int, int], ...]
    state: tuple[int, ...]
    pivot: tuple[int, ...]
    right: tuple[int, ...]
    below_from: tuple[int, ...]
    below: tuple[int, ...]
    below_state: tuple[int, ...]
    target_from: tuple[int, ...]
    target: tuple[int, ...]
    right_from: tuple[int, ...]
    right_state: tuple[int, ...]


def factor_tables(elimination: Elimination) -> FactorTables:
    """Number the factors of an elimination."""
    when = {state: step for step, state in enumerate(elimination.order)}
    places = sorted(elimination.pattern, key=lambda place: (when[place[0]], when[place[1]]))
    number = {place: index for index, place in enumerate(places)}
    below_from, right_from = [0], [0]
    below, below_state, target_from, target, right_state = (list[int]() for _ in range(5))
    for step, pivot in enumerate(elimination.order):
        columns = elimination.columns_right[step]
        for row in elimination.rows_below[step]:
            below.append(number[row, pivot])
            below_state.append(row)
            target_from.append(len(target))
            target += [number[row, column] for column in columns]
        below_from.append(len(below))
        right_state += columns
        right_from.append(len(right_state))
    return FactorTables(
        tuple(places),
        elimination.order,
        tuple(number[pivot, pivot] for pivot in elimination.order),
        tuple(len(columns) for columns in elimination.columns_right),
        tuple(below_from),
        tuple(below),
        tuple(below_state),
        tuple(target_from),
        tuple(target),
        tuple(right_from),
        tuple(right_state),
    )


def factorise_in(over: RowArithmetic, tables: FactorTables, factors: Array) -> None:
    """LU on the diagonal in place: multipliers below, reciprocal pivots on the diagonal.

    factors   [place]   the matrix, 0 where it fills in
    """
    pivot, right, below_from = over.table(tables.pivot), over.table(tables.right), over.table(tables.below_from)
    below, target_from, target = over.table(tables.below), over.table(tables.target_from), over.table(tables.target)

    def eliminate(step: Row, carried: Value) -> Value:
        diagonal = over.entry(pivot, step)
        inverse = over.divide(over.number(1.0), over.load(factors, diagonal))
        over.store(inverse, factors, diagonal)
        first, count = over.row_after(diagonal, 1), over.entry(right, step)

        def clear(entry: Row, carried: Value) -> Value:
            place, into = over.entry(below, entry), over.entry(target_from, entry)
            multiplier = over.multiply(over.load(factors, place), carried)
            over.store(multiplier, factors, place)

            def subtract(column: Row, carried: Value) -> Value:
                where = over.entry(target, over.row_after(into, column))
                product = over.multiply(carried, over.load(factors, over.row_after(first, column)))
                over.store(over.subtract(over.load(factors, where), product), factors, where)
                return carried

            over.repeat(0, count, subtract, multiplier)
            return carried

        over.repeat(over.entry(below_from, step), over.entry(below_from, over.row_after(step, 1)), clear, inverse)
        return carried

    over.repeat(0, len(tables.state), eliminate, over.number(0.0))


def substitute_in(over: RowArithmetic, tables: FactorTables, factors: Array, right_side: Array) -> None:
    """Solve L U x = right in place.

    factors      [place]   as `factorise_in` leaves them
    right_side   [state]   becomes x
    """
    state, below_from = over.table(tables.state), over.table(tables.below_from)
    below, below_state = over.table(tables.below), over.table(tables.below_state)
    steps = len(tables.state)

    def forward(step: Row, carried: Value) -> Value:
        def subtract(entry: Row, carried: Value) -> Value:
            row = over.entry(below_state, entry)
            product = over.multiply(over.load(factors, over.entry(below, entry)), carried)
            over.store(over.subtract(over.load(right_side, row), product), right_side, row)
            return carried

        own = over.load(right_side, over.entry(state, step))
        over.repeat(over.entry(below_from, step), over.entry(below_from, over.row_after(step, 1)), subtract, own)
        return carried

    over.repeat(0, steps, forward, over.number(0.0))
    # the last step comes first
    last_state, last_pivot = over.table(tables.state[::-1]), over.table(tables.pivot[::-1])
    last_right, last_from = over.table(tables.right[::-1]), over.table(tables.right_from[:-1][::-1])
    right_state = over.table(tables.right_state)

    def backward(step: Row, carried: Value) -> Value:
        diagonal, first, row = (over.entry(each, step) for each in (last_pivot, last_from, last_state))

        def subtract(column: Row, carried: Value) -> Value:
            known = over.load(right_side, over.entry(right_state, over.row_after(first, column)))
            factor = over.load(factors, over.row_after(over.row_after(diagonal, 1), column))
            return over.subtract(carried, over.multiply(factor, known))

        left = over.repeat(0, over.entry(last_right, step), subtract, over.load(right_side, row))
        over.store(over.multiply(left, over.load(factors, diagonal)), right_side, row)
        return carried

    over.repeat(0, steps, backward, over.number(0.0))
