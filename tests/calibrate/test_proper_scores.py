"""Proper scores: known laws score as they must, the truth scores best, intervals hold what they say."""

import math

import numpy as np
import pytest
import scoringrules

from resprout.calibrate.proper_scores import (
    LEVELS,
    normal_mixture_samples,
    printed_resolution,
    score_samples,
    skill,
)


def test_a_normal_prediction_scores_as_its_formula():
    samples = normal_mixture_samples(np.array([3.0]), 2.0, each=4001)
    found = score_samples(4.5, samples)
    assert found.crps == pytest.approx(scoringrules.crps_normal(4.5, 3.0, 2.0), rel=2e-3)
    assert found.log_score == pytest.approx(scoringrules.logs_normal(4.5, 3.0, 2.0), abs=0.03)
    assert found.width == pytest.approx(2 * 1.645 * 2.0, rel=5e-3)


def test_the_law_that_the_numbers_come_from_has_the_best_mean_score():
    random = np.random.default_rng(3)
    predictions = {
        "truth": random.normal(0, 1, 400),
        "shifted": random.normal(0.7, 1, 400),
        "narrow": random.normal(0, 0.4, 400),
        "wide": random.normal(0, 2.5, 400),
    }
    seen = random.normal(0, 1, 300)
    for score in ("crps", "log_score"):
        mean = {name: np.mean([getattr(score_samples(y, x), score) for y in seen]) for name, x in predictions.items()}
        assert min(mean, key=mean.get) == "truth", (score, mean)


def test_intervals_hold_their_share_of_new_numbers():
    random = np.random.default_rng(5)
    held = dict.fromkeys(LEVELS, 0)
    for _ in range(600):
        found = score_samples(random.gamma(2.0), random.gamma(2.0, size=60))
        for level in LEVELS:
            held[level] += found.covered[level]
    for level in LEVELS:
        assert held[level] / 600 == pytest.approx(level / 100, abs=0.06)


def test_a_share_that_every_sample_calls_nothing_is_scored():
    found = score_samples(0.05, np.zeros(40), resolution=0.005)
    assert math.isfinite(found.log_score) and found.crps == pytest.approx(0.05)
    assert not found.covered[95] and score_samples(0.0, np.zeros(40), 0.005).covered[50]


def test_what_is_not_finite_is_left_out_and_too_few_are_no_prediction():
    assert score_samples(1.0, np.array([1.0, np.nan, np.inf])) is None
    assert score_samples(1.0, np.array([1.0, 2.0, 3.0, np.nan])).median == 2.0


@pytest.mark.parametrize(("value", "half"), [(33.0, 0.5), (-16.5, 0.05), (0.708, 0.0005), (0.0, 0.5), (1e-12, 0.5)])
def test_the_last_printed_place(value, half):
    assert printed_resolution(value) == half


def test_skill_is_none_beside_itself_and_one_for_the_truth():
    assert skill([1.0, 2.0], [1.0, 2.0]) == 0.0
    assert skill([0.0, 0.0], [1.0, 2.0]) == 1.0
    assert skill([2.0, np.nan], [1.0, 5.0]) == -1.0
    assert math.isnan(skill([np.nan], [1.0]))
