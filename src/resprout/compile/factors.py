"""A sparse matrix -> its factors and solutions, over any arithmetic: every entry is a value per patient."""

from __future__ import annotations

from resprout.compile.arithmetic import Arithmetic, Value
from resprout.compile.order import Elimination

Matrix = dict[tuple[int, int], Value]


def factorise(over: Arithmetic, matrix: Matrix, elimination: Elimination) -> None:
    """LU on the diagonal in place: multipliers below, reciprocal pivots on the diagonal."""
    for step, pivot in enumerate(elimination.order):
        matrix[pivot, pivot] = over.divide(over.number(1.0), matrix[pivot, pivot])
        columns = elimination.columns_right[step]
        for row in elimination.rows_below[step]:
            matrix[row, pivot] = over.multiply(matrix[row, pivot], matrix[pivot, pivot])
            for column in columns:
                product = over.multiply(matrix[row, pivot], matrix[pivot, column])
                known = matrix.get((row, column))
                matrix[row, column] = (
                    over.multiply(over.number(-1.0), product) if known is None else over.subtract(known, product)
                )


def substitute(over: Arithmetic, matrix: Matrix, elimination: Elimination, right: list[Value]) -> list[Value]:
    """Solve L U x = right."""
    solution = list(right)
    for step, pivot in enumerate(elimination.order):
        for row in elimination.rows_below[step]:
            solution[row] = over.subtract(solution[row], over.multiply(matrix[row, pivot], solution[pivot]))
    for step in range(len(elimination.order) - 1, -1, -1):
        pivot = elimination.order[step]
        for column in elimination.columns_right[step]:
            solution[pivot] = over.subtract(solution[pivot], over.multiply(matrix[pivot, column], solution[column]))
        solution[pivot] = over.multiply(solution[pivot], matrix[pivot, pivot])
    return solution
