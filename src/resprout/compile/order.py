"""The sparse structure of the Jacobian -> an order of elimination: takes the pattern of non-zeros, gives order and filled pattern."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Elimination:
    """A static LU factorisation on the diagonal.

    order     states in the order they are eliminated
    pattern   positions (row, column) that are non-zero in L + U, fill included
    """

    order: tuple[int, ...]
    pattern: frozenset[tuple[int, int]]

    @functools.cached_property
    def rows_below(self) -> list[list[int]]:
        """[step] rows that the pivot of the step still has to clear."""
        return [
            [row for row in self.order[step + 1 :] if (row, pivot) in self.pattern]
            for step, pivot in enumerate(self.order)
        ]

    @functools.cached_property
    def columns_right(self) -> list[list[int]]:
        """[step] columns of the pivot row that are still to come."""
        return [
            [column for column in self.order[step + 1 :] if (pivot, column) in self.pattern]
            for step, pivot in enumerate(self.order)
        ]

    @property
    def products(self) -> int:
        """Products that the factorisation subtracts."""
        return int(np.dot([len(rows) for rows in self.rows_below], [len(columns) for columns in self.columns_right]))


def minimum_degree(size: int, nonzero: set[tuple[int, int]]) -> Elimination:
    """Markowitz's rule on the diagonal: eliminate next the state whose pivot can cause least fill."""
    rows: list[set[int]] = [set() for _ in range(size)]
    columns: list[set[int]] = [set() for _ in range(size)]
    for row, column in nonzero:
        if row != column:
            rows[row].add(column)
            columns[column].add(row)
    pattern = set(nonzero) | {(index, index) for index in range(size)}
    left = set(range(size))
    order = []
    while left:
        pivot = min(sorted(left), key=lambda index: len(rows[index] & left) * len(columns[index] & left))
        left.remove(pivot)
        order.append(pivot)
        for row in columns[pivot] & left:
            for column in rows[pivot] & left:
                if row != column and column not in rows[row]:
                    rows[row].add(column)
                    columns[column].add(row)
                    pattern.add((row, column))
    return Elimination(tuple(order), frozenset(pattern))
