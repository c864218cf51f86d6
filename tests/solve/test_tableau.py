"""Order conditions of Rosenbrock methods, worked out from the tables alone."""

import numpy as np
import pytest

from resprout.solve.tableau import METHODS, Tableau

SHARES = np.linspace(0.05, 1.0, 20)


class Weights:
    """A table in its plain form: sums over stages, and the weight of every stage at a share of the step."""

    def __init__(self, table: Tableau) -> None:
        stages = len(table.a)
        square = [np.array([[*row, *[0.0] * (stages - len(row))] for row in rows]) for rows in (table.a, table.c)]
        self.gamma = np.linalg.inv(np.eye(stages) / table.gamma - square[1])
        self.alpha = square[0] @ self.gamma
        self.beta = self.alpha + self.gamma
        self.table = table

    def at(self, share: float) -> np.ndarray:
        """Weights of the plain stages, from the interpolant."""
        stages = len(self.table.a)
        end = np.array([*self.table.a[-1], 1.0])
        bend = sum(share**term * np.pad(row, (0, stages - len(row))) for term, row in enumerate(self.table.dense))
        return (share * end + share * (1 - share) * bend) @ self.gamma

    def misses(self, share: float) -> tuple[np.ndarray, np.ndarray, float]:
        """By how much the conditions up to third order, those of fourth, and that of algebraic parts are missed."""
        b, a, ones = self.at(share), self.alpha.sum(1), np.ones(len(self.alpha))
        s = self.beta @ ones
        third = [b @ ones - share, b @ s - share**2 / 2, b @ a**2 - share**3 / 3, b @ self.beta @ s - share**3 / 6]
        fourth = [
            b @ a**3 - share**4 / 4,
            b @ (a * (self.alpha @ s)) - share**4 / 8,
            b @ self.beta @ a**2 - share**4 / 12,
            b @ self.beta @ self.beta @ s - share**4 / 24,
        ]
        return np.array(third), np.array(fourth), float(b @ np.linalg.solve(self.beta, a**2) - share**2)


@pytest.mark.parametrize("table", METHODS.values(), ids=METHODS)
def test_a_method_is_of_fourth_order_at_the_end_of_its_step(table):
    third, fourth, algebraic = Weights(table).misses(1.0)
    assert np.abs([*third, *fourth, algebraic]).max() < 1e-12


@pytest.mark.parametrize("table", METHODS.values(), ids=METHODS)
def test_between_the_ends_an_interpolant_is_of_third_order_also_where_a_state_follows_at_once(table):
    misses = [Weights(table).misses(share) for share in SHARES]
    assert max(np.abs([*third, algebraic]).max() for third, _, algebraic in misses) < 1e-11


def test_the_last_stage_takes_nine_tenths_of_what_the_published_interpolant_of_rodas4_misses_of_fourth_order():
    ours = METHODS["Rodas4"]
    published = Tableau(**{**vars(ours), "dense": tuple(row[:5] for row in ours.dense)})
    size = [np.sqrt(np.mean([Weights(table).misses(share)[1] ** 2 for share in SHARES])) for table in (ours, published)]
    assert size[0] < 0.1 * size[1]
