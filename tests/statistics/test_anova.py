"""The interaction test against R's recorded answer, statsmodels and its own false alarm rate."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.anova import AnovaRM

from resprout.statistics.anova import group_by_time, treatment_by_time

RECORDED = Path(__file__).with_name("recorded")


def test_F_df_epsilon_and_p_are_those_of_R():
    rating = pd.read_csv(RECORDED / "interaction.csv").to_numpy(float).reshape(1, 7, 2, 5)
    answer = (RECORDED / "interaction.txt").read_text(encoding="utf-8")
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


@pytest.mark.parametrize("change", [0, 10])
def test_changes_that_do_not_vary_between_patients_are_not_estimable(change):
    rating = np.full((1, 5, 2, 3), 4.0)
    rating[:, :, 0, 1] += change
    found = treatment_by_time(rating)
    assert np.isnan(found.F[0]) and np.isnan(found.p[0]) and found.reason[0] == "no variance between patients"


def test_one_patient_or_a_gap_leaves_the_other_replicates_estimable():
    rating = np.random.default_rng(1).normal(20, 5, (3, 4, 2, 3))
    whole = treatment_by_time(rating)
    rating[1, 2, 0, 1] = np.nan
    found = treatment_by_time(rating)
    assert found.reason.tolist() == ["", "a rating is missing", ""]
    assert found.p[[0, 2]] == pytest.approx(whole.p[[0, 2]]) and np.isnan(found.p[1])
    assert treatment_by_time(rating[:, :1]).reason[0] == "fewer patients than coefficients"


def test_a_group_without_patients_is_not_estimable_and_the_other_replicates_are():
    rating = np.random.default_rng(1).normal(20, 5, (2, 6, 3))
    found = group_by_time(rating, np.array([[0, 0, 0, 1, 1, 1], [0] * 6]))
    alone = group_by_time(rating[:1], np.array([[0, 0, 0, 1, 1, 1]]))
    assert found.reason.tolist() == ["", "a group without patients"]
    assert found.p[0] == alone.p[0] and np.isnan(found.p[1])
