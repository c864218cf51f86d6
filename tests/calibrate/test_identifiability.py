"""Quantities that trade off against each other are named with the combination that is known."""

import numpy as np
import pytest

from resprout.calibrate.identifiability import not_told_apart

RANDOM = np.random.default_rng(1)


def test_two_quantities_whose_sum_is_known_are_named_with_their_signs():
    first, alone = RANDOM.standard_normal((2, 20_000))
    second = -first + 0.2 * RANDOM.standard_normal(20_000)
    [only] = not_told_apart(["a", "alone", "b"], np.stack([first, alone, second], axis=1))
    assert set(only.loadings) == {"a", "b"}
    assert list(only.loadings.values()) == pytest.approx([0.707, 0.707], abs=0.01)
    # the correlation is -1 / sqrt(1.04); of a pair the smaller eigenvalue is 1 - |correlation|
    assert only.variance == pytest.approx(1 - 1 / np.sqrt(1.04), abs=0.002)
    assert only.text in ("+0.71 a +0.71 b", "+0.71 b +0.71 a")


def test_independent_quantities_are_told_apart():
    assert not_told_apart(["a", "b", "c"], RANDOM.standard_normal((20_000, 3))) == []


def test_the_best_known_combination_comes_first():
    first, third = RANDOM.standard_normal((2, 20_000))
    free = [first, first + 0.5 * RANDOM.standard_normal(20_000), third, third + 0.1 * RANDOM.standard_normal(20_000)]
    found = not_told_apart(["a", "b", "c", "d"], np.stack(free, axis=1))
    assert [set(each.loadings) for each in found] == [{"c", "d"}, {"a", "b"}]
    assert all(sum(each.loadings.values()) == pytest.approx(0, abs=0.02) for each in found)
