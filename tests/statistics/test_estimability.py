"""Analyses that cannot be estimated say why, and the trials beside them are analysed as if alone."""

import numpy as np
import pytest
from scipy import stats

from resprout.statistics.ancova import ancova
from resprout.statistics.mmrm import mmrm
from resprout.statistics.t_tests import paired_p, welch_p


def trials(replicates, people, visits, seed=1):
    """Ratings after baseline, and covariates: intercept, arm, baseline."""
    rng = np.random.default_rng(seed)
    level = rng.normal(30, 5, (replicates, people, 1))
    rating = level + rng.normal(0, 4, (replicates, people, visits + 1))
    arm = np.broadcast_to(np.arange(people) % 2, (replicates, people)).astype(float)
    return rating[..., 1:], np.stack([np.ones((replicates, people)), arm, rating[..., 0]], axis=-1)


@pytest.mark.parametrize("people", [4, 5, 6, 7, 8])
def test_complete_ratings_carry_as_many_visits_as_they_leave_degrees_of_freedom(people):
    score, covariates = trials(3, people, 3)
    effects = mmrm(score, covariates, (1,)).effects[1]
    # three covariates; a covariance of three visits needs three degrees of freedom
    enough = people - 3 >= 3
    assert np.isfinite(effects.p).all() == enough and np.isfinite(effects.estimate).all() == enough
    assert (effects.reason == "").all() if enough else (effects.reason == "more visits than degrees of freedom").all()


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("arm leaves", "an arm without ratings, or collinear covariates"),
        ("same baseline", "an arm without ratings, or collinear covariates"),
        ("no variance", "no variance between patients"),
        ("few stay", "more visits than degrees of freedom"),
        ("two stay", "fewer patients than coefficients"),
        ("one follows from another", "the covariance is singular"),
    ],
)
def test_one_trial_that_cannot_be_estimated_leaves_those_beside_it_as_they_were(fault, reason):
    score, covariates = trials(3, 12, 3)
    alone = mmrm(score, covariates, (1,)).effects[1]
    if fault == "arm leaves":
        score[1, 1::2, 2] = np.nan
    elif fault == "same baseline":
        covariates[1, :, 2] = 30
    elif fault == "no variance":
        score[1, :, 1] = 7
    elif fault == "few stay":
        score[1, 5:, 2] = np.nan
    elif fault == "two stay":
        score[1, 2:, 2] = np.nan
    else:
        score[1, :, 2] = score[1, :, 0] + score[1, :, 1]
    fit = mmrm(score, covariates, (1,))
    found = fit.effects[1]
    assert (found.reason[1] == reason).all() and np.isnan(found.p[1]).all() and np.isnan(found.estimate[1]).all()
    for name in ("estimate", "se", "df", "p"):
        assert getattr(found, name)[[0, 2]] == pytest.approx(getattr(alone, name)[[0, 2]], rel=1e-9)
    assert (found.reason[[0, 2]] == "").all()


def test_a_visit_to_which_nobody_came_is_left_out_of_the_model():
    score, covariates = trials(2, 12, 3)
    score[0, :, 1] = np.nan
    found, without = mmrm(score, covariates, (1,)).effects[1], mmrm(score[:1, :, ::2], covariates[:1], (1,)).effects[1]
    assert found.p[0, [0, 2]] == pytest.approx(without.p[0], rel=1e-9)
    assert found.reason[0].tolist() == ["", "nobody was rated", ""] and (found.reason[1] == "").all()


def test_analysis_of_covariance_without_degrees_of_freedom_variance_or_arm_says_so():
    score, covariates = trials(5, 8, 1)
    score[1, 3:] = np.nan
    score[2] = 12
    score[3, ::2] = np.nan
    score[4] = np.nan
    found = ancova(score[:, :, 0], covariates, 1)
    assert found.reason[:, 0].tolist() == [
        "",
        "fewer patients than coefficients",
        "no variance between patients",
        "an arm without ratings, or collinear covariates",
        "nobody was rated",
    ]
    assert np.isfinite(found.p[0, 0]) and np.isnan(found.p[1:]).all() and np.isnan(found.estimate[1:]).all()


def test_a_baseline_that_does_not_vary_costs_no_degree_of_freedom_as_in_R():
    # lm drops an aliased covariate: what is left is the t test with a pooled variance
    score, covariates = trials(1, 8, 1)
    covariates[0, :, 2] = 30
    found = ancova(score[:, :, 0], covariates, 1)
    exact = stats.ttest_ind(score[0, 1::2, 0], score[0, ::2, 0])
    assert found.df[0, 0] == 6 and found.p[0, 0] == pytest.approx(exact.pvalue, rel=1e-9)


def test_Welchs_test_is_that_of_SciPy_with_its_degrees_of_freedom():
    rng = np.random.default_rng(1)
    one, two = rng.normal(20, 9, (4, 5, 3)), rng.normal(18, 2, (4, 9, 3))
    one[0, 0, 0] = np.nan
    exact = stats.ttest_ind(one, two, axis=1, equal_var=False, nan_policy="omit").pvalue
    assert welch_p(one, two) == pytest.approx(exact, rel=1e-9)
    assert paired_p(one) == pytest.approx(stats.ttest_1samp(one, 0, axis=1, nan_policy="omit").pvalue, rel=1e-9)


@pytest.mark.parametrize("people", [0, 1])
def test_a_group_of_one_or_none_has_no_p(people):
    assert np.isnan(welch_p(np.arange(float(people))[None], np.arange(4.0)[None])).all()
    assert np.isnan(paired_p(np.ones((1, people)))).all()


def test_groups_without_variance_have_no_p():
    assert np.isnan(welch_p(np.full((1, 4), 3.1), np.full((1, 4), 5.2))).all()
    assert np.isnan(paired_p(np.full((1, 4), 0.1 + 0.2))).all()
