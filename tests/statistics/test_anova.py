"""The interaction test against R's recorded answer, statsmodels and its own false alarm rate."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.anova import AnovaRM

from resprout.statistics.anova import treatment_by_time

RECORDED = Path(__file__).with_name("recorded")


def test_F_df_epsilon_and_p_are_those_of_R():
    rating = pd.read_csv(RECORDED / "interaction.csv").to_numpy(float).reshape(1, 7, 2, 5)
    answer = (RECORDED / "interaction.txt").read_text()
    recorded = {key: float(value) for key, value in re.findall(r"^(F|p_corrected) (\S+)", answer, re.MULTILINE)}
    found = treatment_by_time(rating)
    # R prints ten digits, and four of epsilon
    assert found.F[0] == pytest.approx(recorded["F"], rel=1e-8)
    assert found.p[0] == pytest.approx(recorded["p_corrected"], rel=1e-7)
    assert (found.df, found.df_error) == (4, 24)
    assert found.epsilon[0] == pytest.approx(0.5329, abs=5e-5)


@pytest.mark.parametrize("times", [2, 4, 6])
def test_F_is_that_of_statsmodels_on_random_trials(times):
    rating = np.random.default_rng(times).normal(20, 5, (3, 7, 2, times))
    found = treatment_by_time(rating)
    for replicate in range(3):
        person, treatment, time = (axis.ravel() for axis in np.indices(rating.shape[1:]))
        rows = {"person": person, "treatment": treatment, "time": time, "rating": rating[replicate].ravel()}
        table = AnovaRM(pd.DataFrame(rows), "rating", "person", within=["treatment", "time"]).fit().anova_table
        assert found.F[replicate] == pytest.approx(table.loc["treatment:time", "F Value"], rel=1e-9)


def test_two_times_need_no_correction():
    rating = np.random.default_rng(1).normal(size=(4, 7, 2, 2))
    assert treatment_by_time(rating).epsilon == pytest.approx(1)


def test_without_an_effect_the_correction_never_raises_more_than_the_promised_false_alarms():
    rng = np.random.default_rng(3)
    level = rng.normal(0, 5, (4000, 7, 1, 1))
    found = treatment_by_time(level + rng.normal(0, 2, (4000, 7, 2, 5)))
    uncorrected = stats.f.sf(found.F, found.df, found.df_error)
    # three standard errors of a share of 0.05 in 4000; errors here are spherical, so the plain test is exact
    error = 3 * np.sqrt(0.05 * 0.95 / 4000)
    assert (uncorrected < 0.05).mean() == pytest.approx(0.05, abs=error)
    assert (found.p < 0.05).mean() < 0.05 + error


def test_ratings_that_never_vary_show_no_effect():
    found = treatment_by_time(np.full((1, 7, 2, 4), 4.0))
    assert np.isnan(found.F[0]) and found.p[0] == 1


def test_an_effect_identical_in_everybody_is_beyond_chance():
    rating = np.zeros((1, 5, 2, 3))
    rating[:, :, 0, 1] = 10
    assert treatment_by_time(rating).p[0] == 0
