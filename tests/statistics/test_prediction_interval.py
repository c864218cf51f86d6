"""Prediction intervals hold one more value as often as they say, whatever the distribution, and infinite values too."""

import numpy as np
import pytest

from resprout.statistics.prediction_interval import prediction_interval


@pytest.mark.parametrize("count", [10, 120, 199])
def test_one_more_repetition_lies_inside_a_prediction_interval_as_often_as_it_says(count):
    random, held = np.random.default_rng(1), []
    for seen in random.standard_exponential((4000, count)):
        low, high = prediction_interval(seen, 0.9)
        # the chance of one more value is known exactly for this distribution
        held.append(np.exp(-low) - np.exp(-high))
    # 10 values cannot promise more than 9 chances in 11
    assert np.mean(held) == pytest.approx(9 / 11 if count == 10 else 0.9, abs=0.006)


def test_bounds_are_those_of_numpy_at_weibull_s_plotting_positions():
    seen = np.random.default_rng(2).normal(size=57)
    expected = np.quantile(seen, [0.1, 0.9], method="weibull")
    # the same sum in another order
    assert prediction_interval(seen, 0.8) == pytest.approx(expected, rel=1e-12)


def test_the_interval_of_few_values_ends_at_the_extremes():
    assert prediction_interval(np.arange(5.0), 0.99) == (0.0, 4.0)


def test_a_time_that_is_not_reached_counts_as_late():
    assert prediction_interval(np.array([1.0, 2.0, np.inf]), 0.9) == (1.0, np.inf)
    assert prediction_interval(np.full(5, np.inf), 0.5) == (np.inf, np.inf)
    # the place of the bound is whole, so that the infinite value above it does not count
    assert prediction_interval(np.array([*range(1, 19), np.inf]), 0.8) == (2.0, 18.0)


def test_without_values_there_is_no_interval():
    assert np.isnan(prediction_interval(np.empty(0), 0.9)).all()
