"""Large trials enter a fit as several studies of fewer people; a number pooled over studies is known better than that of one."""

import numpy as np

from resprout.calibrate.residuals import Trials, of_fewer_people, trial_moments
from resprout.language import load_model
from resprout.trial.control_setting import sites_of
from resprout.trial.protocol import read_protocol

MODEL = load_model()


def test_a_large_trial_keeps_its_sites_with_fewer_people():
    design = read_protocol("popova2019_transform2", MODEL)[0]
    smaller = of_fewer_people(design)
    assert [arm.size for arm in smaller.arms] == [40, 40]
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
    assert block.sd[fall] < 0.75 * spread[fall]
    assert block.sd[fall] > 0.1 * abs(block.observed[fall])
