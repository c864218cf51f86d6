"""Relapse, meta-analysis, group x time and odds ratios against R's recorded answers."""

import numpy as np
import pandas as pd
import pytest
from recorded import FOLDER, answers

from resprout.statistics.anova import group_by_time
from resprout.statistics.meta_analysis import log_odds, pool
from resprout.statistics.time_to_event import hazard_ratio, median_day, times_to_relapse, well_at

R = answers("answers.txt")
DAYS = np.array([3, 5, 7, 7, 11, 14, 18, 18, 21, 28, 2, 4, 4, 9, 10, 13, 16, 20, 27, 28], float)
RELAPSED = np.array([1, 1, 1, 0, 1, 1, 1, 0, 1, 0, 1, 1, 1, 1, 1, 0, 1, 1, 1, 0], bool)
TREATED = np.repeat([True, False], 10)


def test_medians_and_shares_of_relapse_are_those_of_R():
    assert median_day(DAYS[TREATED], RELAPSED[TREATED]) == R["median_drug"]
    assert median_day(DAYS[~TREATED], RELAPSED[~TREATED]) == R["median_control"]
    assert well_at(DAYS, RELAPSED, 14) == pytest.approx(R["free_at_14"], rel=1e-9)


def test_the_hazard_ratio_is_that_of_R():
    found = hazard_ratio(DAYS, RELAPSED, TREATED)
    assert found.log_ratio == pytest.approx(R["log_hazard_ratio"], rel=1e-6)
    assert found.se == pytest.approx(R["log_hazard_ratio_se"], rel=1e-6)
    # survdiff of R, above the number of patients whose allocations are all counted
    assert found.p == pytest.approx(R["log_rank_p"], rel=1e-8) and found.reason == ""


@pytest.mark.parametrize(
    ("days", "relapsed", "reason"),
    [
        ([1, 2, 3, 4, 5, 6], [1, 1, 1, 0, 0, 0], "nobody relapsed in one of the arms"),
        ([1, 2, 3, 4, 5, 6], [1, 1, 1, 1, 1, 1], "while both arms were at risk, only one of them relapsed"),
        ([1, 5, 6, 2, 3, 4], [0, 0, 0, 0, 0, 0], "nobody relapsed in one of the arms"),
    ],
)
def test_hazards_that_cannot_be_compared_have_a_reason_instead_of_a_ratio(days, relapsed, reason):
    found = hazard_ratio(np.array(days, float), np.array(relapsed, bool), np.repeat([True, False], 3))
    assert np.isnan(found.log_ratio) and np.isnan(found.se) and found.reason == reason


def test_three_against_three_are_tested_by_counting_allocations():
    # all of one group relapse before all of the other: two of the twenty allocations are as far apart
    found = hazard_ratio(np.arange(1.0, 7.0), np.ones(6, bool), np.repeat([True, False], 3))
    assert found.p == pytest.approx(2 / 20)


def test_nobody_is_known_to_be_well_after_the_last_of_them_was_seen():
    days, relapsed = np.array([2.0, 3.0, 5.0]), np.array([True, False, False])
    assert well_at(days, relapsed, 5) == pytest.approx(2 / 3) and np.isnan(well_at(days, relapsed, 6))
    # when all have relapsed the share is 0 for good
    assert well_at(days, np.ones(3, bool), 9) == 0


@pytest.mark.parametrize(
    ("effect", "se"), [([0.3], [0.1]), ([], []), ([0.1, 0.2], [0.1, 0.0]), ([0.1, np.nan], [1, 1])]
)
def test_trials_that_cannot_be_pooled_have_a_reason_instead_of_an_estimate(effect, se):
    found = pool(np.array(effect), np.array(se))
    assert np.isnan(found.estimate) and np.isnan(found.upper) and found.reason


def test_relapse_is_the_first_of_visits_in_a_row_that_have_lost_the_improvement():
    baseline = np.array([20.0, 20.0, 20.0])
    # a quarter of 20 must be kept: 15 and less is well
    score = np.array([[10, 16, 10, 16, 17], [10, np.nan, 16, np.nan, 16], [9, 8, np.nan, np.nan, np.nan]])
    days, relapsed = times_to_relapse(score, baseline, [1, 2, 3, 4, 5], kept=0.25, in_a_row=2)
    assert days.tolist() == [4, 3, 2] and relapsed.tolist() == [True, True, False]


def test_nobody_relapsed_is_a_median_beyond_the_end():
    assert median_day(np.array([5.0, 6.0]), np.array([False, False])) == np.inf


def test_pooled_shares_are_those_of_metafor():
    found = pool(*log_odds(np.array([4, 12, 12, 11, 17, 6, 26]), np.array([7, 17, 17, 14, 26, 10, 42])))
    assert (found.estimate, found.se) == (pytest.approx(R["pooled"], rel=1e-6), pytest.approx(R["pooled_se"], rel=1e-6))
    assert (found.lower, found.upper) == (
        pytest.approx(R["pooled_lower"], rel=1e-6),
        pytest.approx(R["pooled_upper"], rel=1e-6),
    )
    assert found.tau2 == pytest.approx(R["tau2"], abs=1e-9)


def test_heterogeneous_trials_and_their_prediction_interval_are_those_of_metafor():
    found = pool(np.array([-0.8, -0.2, -1.4, -0.5, -1.1, 0.1, -0.7]), np.array([0.25, 0.2, 0.3, 0.15, 0.35, 0.2, 0.3]))
    for name, own in {
        "uneven": found.estimate,
        "uneven_se": found.se,
        "uneven_lower": found.lower,
        "uneven_upper": found.upper,
        "uneven_tau2": found.tau2,
        "uneven_I2": found.I2,
        "uneven_ahead_lower": found.ahead_lower,
        "uneven_ahead_upper": found.ahead_upper,
    }.items():
        # both search for the variance between trials; the answer is flat in it
        assert own == pytest.approx(R[name], rel=1e-5), name


def test_group_by_time_is_that_of_R_with_unequal_groups():
    wide = pd.read_csv(FOLDER / "mmrm.csv").dropna()
    found = group_by_time(
        wide.filter(like="visit").to_numpy(float)[None], (wide["person"] % 3 == 0).to_numpy(int)[None]
    )
    assert (found.df, found.df_error) == (R["group_df"], R["group_df_error"])
    assert found.F[0] == pytest.approx(R["group_F"], rel=1e-8)
    assert found.p[0] == pytest.approx(R["group_p_corrected"], rel=1e-7)
