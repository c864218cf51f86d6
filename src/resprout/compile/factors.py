"""A sparse matrix -> its factors and solutions, as instructions: every entry is a vector with a lane for each patient."""

from __future__ import annotations

import llvmlite.ir as ir

from resprout.compile.emit import Lanes
from resprout.compile.order import Elimination

Matrix = dict[tuple[int, int], ir.Value]


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
