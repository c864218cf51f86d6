"""Nothing against nothing: how often each analysis gives p < .05, in small and random trials."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resprout.statistics.ancova import ancova
from resprout.statistics.anova import group_by_time, treatment_by_time
from resprout.statistics.mmrm import mmrm
from resprout.statistics.t_tests import welch_p
from resprout.statistics.time_to_event import log_rank

SIZES = (4, 6, 12, 50)


def nothing(replicates, size, visits, missing, correlation=0.7, seed=1):
    """Ratings [replicate, patient, visit] of two arms without a difference, whole points, and which are of the first arm."""
    rng = np.random.default_rng(seed)
    score = np.empty((replicates, 2 * size, visits + 1))
    score[..., 0] = rng.normal(size=score.shape[:2])
    for visit in range(1, visits + 1):
        fresh = np.sqrt(1 - correlation**2) * rng.normal(size=score.shape[:2])
        score[..., visit] = correlation * score[..., visit - 1] + fresh
    rating = np.round(30 + 6 * score)
    gone = rng.random(rating.shape) < missing
    gone[..., 0] = False
    rating[gone] = np.nan
    return rating, np.arange(2 * size) < size


def p_values(rating, first):
    """p [replicate] of every analysis that gives one, at the last visit."""
    arm = np.broadcast_to(first.astype(float), rating.shape[:2])
    covariates = np.stack([np.ones(rating.shape[:2]), arm, rating[..., 0]], axis=-1)
    return {
        "mmrm": mmrm(rating[..., 1:], covariates, (1,)).effects[1].p[:, -1],
        "ancova": ancova(rating[..., -1], covariates, 1).p[:, 0],
        "welch": welch_p(rating[:, first, -1], rating[:, ~first, -1]),
    }


@pytest.mark.parametrize("missing", [0.0, 0.1])
@pytest.mark.parametrize("size", SIZES)
def test_every_test_of_a_difference_rejects_five_times_in_a_hundred(size, missing):
    replicates = 1000
    for name, p in p_values(*nothing(replicates, size, 3, missing)).items():
        known = p[np.isfinite(p)]
        # three standard errors of a share of .05; Welch's test is below it in arms of four and six, which it may be
        error = 3 * np.sqrt(0.05 * 0.95 / known.size)
        rate = (known < 0.05).mean()
        assert rate < 0.05 + error, (name, rate)
        assert rate > 0.05 - error or name == "welch", (name, rate)


def test_seven_visits_of_four_patients_an_arm_are_refused_not_tested():
    rating, first = nothing(50, 4, 7, 0.0)
    assert np.isnan(p_values(rating, first)["mmrm"]).all()


@settings(max_examples=10, deadline=None, derandomize=True)
@given(
    size=st.integers(2, 12),
    visits=st.integers(1, 5),
    missing=st.sampled_from((0.0, 0.1, 0.3)),
    correlation=st.floats(0, 0.95),
    seed=st.integers(0, 1000),
)
def test_no_analysis_of_a_random_small_trial_rejects_much_more_often(size, visits, missing, correlation, seed):
    replicates = 200
    for name, p in p_values(*nothing(replicates, size, visits, missing, correlation, seed)).items():
        rejected, tested = int((p < 0.05).sum()), int(np.isfinite(p).sum())
        # four standard errors and one more, as ten examples of three analyses are drawn
        assert rejected <= 1 + 0.05 * tested + 4 * np.sqrt(0.05 * 0.95 * tested), (name, rejected, tested)


@pytest.mark.parametrize("size", SIZES)
def test_analyses_of_variance_over_time_reject_at_most_five_times_in_a_hundred(size):
    rating, first = nothing(1000, size, 4, 0.0)
    two = np.stack([rating[:, first], rating[:, ~first]], axis=2)
    group = np.broadcast_to(first.astype(np.int64), rating.shape[:2])
    for p in (treatment_by_time(two).p, group_by_time(rating, group).p):
        assert (p < 0.05).mean() < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 1000)


@pytest.mark.parametrize(("size", "replicates"), [(2, 300), (3, 300), (4, 300), (6, 300), (12, 300), (50, 150)])
def test_the_log_rank_test_rejects_at_most_five_times_in_a_hundred(size, replicates):
    rng = np.random.default_rng(size)
    first = np.arange(2 * size) < size
    days = rng.choice([1.0, 3, 7, 10, 14, 21, 28], (replicates, 2 * size))
    relapsed = (days < 28) & (rng.random(days.shape) < 0.8)
    p = np.array([log_rank(*one, first) for one in zip(days, relapsed, strict=True)])
    known = p[np.isfinite(p)]
    assert (known < 0.05).mean() < 0.05 + 3 * np.sqrt(0.05 * 0.95 / known.size)
