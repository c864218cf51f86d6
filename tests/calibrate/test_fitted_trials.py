"""Large trials enter a fit as several studies of fewer people; a number pooled over studies is known better than that of one."""

import numpy as np
import pytest

from resprout.calibrate.residuals import (
    Trials,
    discrepancy,
    fitted_rows,
    independent_rows,
    of_fewer_people,
    trial_moments,
)
from resprout.language import load_model
from resprout.trial.control_setting import sites_of
from resprout.trial.protocol import read_protocol

MODEL = load_model()


def test_a_large_trial_keeps_its_sites_with_fewer_people():
    design = read_protocol("popova2019_transform2", MODEL)[0]
    smaller = of_fewer_people(design)
    assert [arm.size for arm in smaller.arms] == [20, 20]
    assert sites_of(smaller) == round(sites_of(design)) > 20


def test_a_trial_with_ratios_or_few_people_stays_as_it_is():
    for name in ("ssri_six_weeks", "murrough2013_midazolam", "zarate2006"):
        design = read_protocol(name, MODEL)[0]
        assert of_fewer_people(design) is design


def test_fewer_people_leave_the_mean_over_studies():
    name = ["rutherford2012_wait_list"]
    few, spread = trial_moments(MODEL, {}, name, 200, 3)
    whole, _ = trial_moments(MODEL, {}, name, 20_000, 3, whole=True)
    assert (np.abs(few - whole) < 2 * spread / np.sqrt(10)).all()


def test_a_number_pooled_over_ten_studies_is_known_better_than_that_of_one():
    name = "rutherford2012_wait_list"
    block = Trials.of(MODEL, {}, trials=[name])
    _, spread = trial_moments(MODEL, {}, [name], 800, 1, whole=True)
    fall = next(number for number, row in enumerate(block.names) if "mean_change" in row)
    # its two rows go together, so that they count as one and have sd larger by up to the root of two; that of five studies would be larger
    of_five = np.hypot(spread[fall] / 5**0.5, 0.1 * abs(block.observed[fall]))
    assert block.sd[fall] < 2**0.5 * of_five
    assert block.sd[fall] > 0.1 * abs(block.observed[fall])


def test_rows_that_go_together_count_as_one():
    one = np.random.default_rng(1).normal(size=50)
    assert independent_rows(np.array([one, 3 * one + 2, -one])) == pytest.approx(1)
    # two pairs of equal rows without a common part: chance correlates the pairs a little
    pairs = np.random.default_rng(2).normal(size=(2, 50))
    assert independent_rows(pairs[[0, 0, 1, 1]]) == pytest.approx(2, abs=0.15)


def test_independent_rows_count_each_on_average_over_few_replicates():
    found = [independent_rows(np.random.default_rng(seed).normal(size=(6, 8))) for seed in range(200)]
    assert 4.5 < np.mean(found) <= 6


def test_rows_without_variance_or_numbers_count_each():
    assert independent_rows(np.zeros((3, 10))) == 3
    assert independent_rows(np.full((3, 10), np.nan)) == 3
    assert independent_rows(np.zeros((1, 10))) == 1


def test_a_trial_of_many_visits_has_wider_rows_than_its_replicates():
    name = "fedgchin2019_transform1"
    block = Trials.of(MODEL, {}, trials=[name])
    share = [discrepancy(row) for row in fitted_rows(read_protocol(name, MODEL)[0])]
    alone = np.hypot(trial_moments(MODEL, {}, [name], 800, 1, whole=True)[1], share * np.abs(block.observed))
    assert (block.sd > 1.3 * alone).all()


def test_a_baseline_may_be_less_away_than_a_change():
    rows = fitted_rows(read_protocol("fedgchin2019_transform1", MODEL)[0])
    shares = {row.statistic: discrepancy(row) for row in rows}
    assert shares["mean"] < shares["sd"] == shares["difference"] == shares["response_rate"]
