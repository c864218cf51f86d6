"""Expectation: it begins with a treatment, follows what is felt, and is bounded in everybody."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from resprout.language import load_model
from resprout.people.covariates import draw_covariates
from resprout.people.growth import propensity_again
from resprout.trial.expectation import (
    attention,
    belief,
    clinical_course,
    conviction,
    expectation_left,
    onset,
    placebo_share,
)
from resprout.trial.protocol import read_protocol
from resprout.trial.trial import run_protocol

MODEL = load_model()
VALUES = MODEL.nominal
DAY = 24.0


def with_values(**values):
    return {**VALUES, **values}


def alive(hours, occasions, relief=0.0, *, pills=False, values=VALUES):
    hours = np.asarray(hours, dtype=float)
    felt = np.broadcast_to(np.asarray(relief, dtype=float), (1, len(hours)))
    return conviction(felt, hours, occasions, values, pills=pills)[0]


def test_belief_rises_when_euphoria_is_felt_and_not_before():
    hours = np.array([-1.0, 0.0, 0.7, 24.0, 168.7, 240.0])
    euphoria = np.array([[50.0, 0.0, 0.0, 0.0, 40.0, 0.0], [0.0, 0.0, 40.0, 0.0, 10.0, 0.0]])
    second_dose, first_dose = belief(np.full(2, 0.2), euphoria, hours, VALUES, effects_expected=False)
    # what is felt before treatment tells nothing; the second dose does, and a weaker one later takes nothing back
    assert second_dose[:4] == pytest.approx(np.full(4, 0.2)) and (second_dose[4:] > 0.5).all()
    assert first_dose[:2] == pytest.approx(np.full(2, 0.2)) and np.ptp(first_dose[2:]) == 0 and first_dose[2] > 0.5


def test_who_feels_nothing_where_effects_are_expected_loses_some_belief_after_ninety_minutes():
    hours, calm = np.array([0.0, 1.0, 1.5, 24.0]), np.zeros((1, 4))
    sure = belief(np.array([0.4]), calm, hours, VALUES, effects_expected=True)[0]
    assert sure[:2] == pytest.approx([0.4, 0.4]) and sure[2:] == pytest.approx(0.4 * (1 - VALUES["belief_lost"]))
    assert (belief(np.array([0.4]), calm, hours, VALUES, effects_expected=False) == 0.4).all()


def test_expectation_is_nothing_before_a_treatment_and_fades_where_nothing_is_felt():
    hours = [-5.0, 0.0, 1.0, 24.0, 24 * 180.0]
    found = alive(hours, [0.0])
    assert found[0] == found[1] == 0 and found[2] > 0.99
    assert found[3] == pytest.approx(np.exp(-24 / VALUES["placebo_fade"])) and found[4] < 0.05
    assert (onset(np.array([-5.0, 0.0]), VALUES, pills=False) == 0).all()


def test_expectation_lasts_as_long_as_relief_does():
    hours = np.arange(0.0, 150 * DAY, DAY)
    lasting, gone = alive(hours, [0.0], 0.6), alive(hours, [0.0], np.where(hours < 7 * DAY, 0.6, 0.0))
    # 150 days are some time constants: what is alive is nearly what is felt
    assert lasting[-1] == pytest.approx(0.6, abs=0.06) and gone[-1] < 0.15
    assert (gone[8:] < lasting[8:]).all()


def test_expectation_solves_its_differential_equation():
    hours, relief = np.array([0.0, 30.0, 100.0, 400.0]), np.array([0.0, 0.7, 0.4, 0.1])
    fade = VALUES["placebo_fade"]
    solved = solve_ivp(
        lambda t, y: (np.interp(t, hours, relief) - y) / fade,
        (0, 400),
        [1.0],
        t_eval=hours,
        rtol=1e-9,
        atol=1e-9,
        max_step=5,
    )
    found = alive(hours, [0.0], relief)
    assert found[1:] == pytest.approx(solved.y[0][1:], abs=1e-6)


def test_further_treatments_renew_expectation_less_in_those_who_felt_nothing():
    hours, doses = np.array([0.0, 20 * DAY]), [0.0, 5 * DAY, 10 * DAY, 19 * DAY]
    assert alive(hours, doses)[1] > alive(hours, [0.0])[1]
    never = with_values(expectation_extinction=0.0)
    assert alive(hours, doses)[1] < alive(hours, doses, values=never)[1] - 0.01
    # pills are not expected to act at once
    assert alive(hours, doses, pills=True)[1] == pytest.approx(alive(hours, doses, values=never)[1])


def test_an_overlap_lets_expectation_add_less_to_what_the_drug_does():
    removes, expected, relief = np.array([0.5]), np.array([[0.8, 0.8]]), np.array([[0.0, 1.0]])
    each = expectation_left(removes, expected, relief, with_values(expectation_overlap=0.0))[0]
    whole = expectation_left(removes, expected, relief, with_values(expectation_overlap=1.0))[0]
    assert each == pytest.approx([0.5**0.8, 0.5**0.8]) and whole == pytest.approx([0.5**0.8, 1.0])
    sure = expectation_left(removes, np.ones((1, 2)), np.zeros((1, 2)), VALUES)
    nobody = expectation_left(removes, np.zeros((1, 2)), np.zeros((1, 2)), VALUES)
    assert sure == pytest.approx(0.5) and nobody == pytest.approx(1.0)


def test_the_effect_of_a_tablet_develops_at_one_pace_however_much_a_person_loses_by_it():
    # 60 % of the improvement of six weeks is there after two (Posternak 2005), in those who lose little and in those who lose most
    hours = np.array([2 * 7 * DAY, 6 * 7 * DAY])
    developed = onset(hours, with_values(placebo_onset_pill=400.0), pills=True)
    removes, expected = np.array([0.1, 0.99]), np.full((2, 2), 0.5)
    lost = 1 - expectation_left(removes, expected, np.zeros((2, 2)), VALUES, developed)
    shares = lost[:, 0] / lost[:, 1]
    assert shares[0] == pytest.approx(shares[1])
    assert shares == pytest.approx(0.568 / 0.920, abs=1e-3)  # 1 - exp(-336/400) over 1 - exp(-1008/400)


def test_few_people_lose_nearly_everything_by_expectation_and_nobody_everything():
    propensity = draw_covariates(1, np.arange(20_000), "mdd", VALUES)["placebo_propensity"]
    lost = placebo_share(propensity, VALUES)
    assert lost.max() < 1
    blind = expectation_left(lost, np.full((20_000, 1), 0.5), np.zeros((20_000, 1)), VALUES)[:, 0]
    assert (blind < 0.1).mean() < 0.05 and 0.05 < (blind < 0.5).mean() < 0.4
    assert placebo_share(np.ones(1), VALUES)[0] == pytest.approx(VALUES["placebo_depth"])


def test_midazolam_does_what_its_arm_did():
    # Murrough 2013: 8.8 MADRS points 24 h after midazolam, SD 9.5, in 25 people
    protocol, regimens = read_protocol("murrough2013_midazolam", MODEL)
    rating = run_protocol(protocol, regimens, MODEL, 20, 1, point=True).ratings["midazolam", "MADRS"]
    fall = rating[..., 0] - rating[..., protocol.visits_of("MADRS").index(24.0)]
    assert np.nanmean(fall) == pytest.approx(8.8, abs=2 * 9.5 / np.sqrt(25))
    assert np.nanstd(fall) == pytest.approx(9.5, abs=2.0)


def test_who_has_felt_the_drug_before_loses_belief_when_nothing_is_felt():
    hours, nothing = np.array([0.0, 24.0]), np.zeros((2, 2))
    at_start = np.array([0.6, 0.6])
    found = belief(at_start, nothing, hours, VALUES, effects_expected=True, felt_before=np.array([0.0, 80.0]))
    assert found[0, 1] == pytest.approx(0.6 * (1 - VALUES["belief_lost"]))
    assert found[1, 1] < 0.5 * found[0, 1]
    assert found[1, 0] == pytest.approx(0.6)  # before anything could have been felt


def test_sixty_percent_of_what_six_weeks_of_pills_bring_is_there_after_two():
    # Posternak & Zimmerman 2005: 60.2 and 61.6 % of the improvement in the first two weeks, visits and time included
    hours = np.array([0.0, 336.0, 1008.0])
    gone = alive(hours, np.arange(0, 1008.0, 24.0), pills=True) * onset(hours, VALUES, pills=True)
    assert gone[1] / gone[2] == pytest.approx(0.61, abs=0.2)


def test_time_alone_heals_a_little_and_some_people_more():
    left = clinical_course(np.array([0.1, 1.0, 3.0]), np.array([0.0, 24 * 70.0]), VALUES)
    assert (left[:, 0] == 1).all() and np.all(np.diff(left[:, 1]) < 0)


def test_visits_bring_expectation_that_grows_until_the_next_one_and_fades():
    attended, hours = np.arange(0, 43, 7) * DAY, np.array([-DAY, 0.0, 3 * DAY, 7 * DAY, 42 * DAY, 365 * DAY])
    found = attention(hours, attended, VALUES)
    assert found[0] == found[1] == 0 < found[2] < found[3] < found[4]
    assert found[5] < 0.1 * found[4]  # a year without visits
    # what a visit has brought does not depend on the hours that are asked for
    assert attention(attended, attended, VALUES)[-1] == pytest.approx(found[4])


def test_another_treatment_has_a_placebo_response_of_its_own():
    sd, same, age = VALUES["placebo_propensity_sd"], VALUES["propensity_correlation"], np.full(20_000, 40.0)
    first, other = np.random.default_rng(1).normal(size=(2, 20_000))
    again = np.log(propensity_again(np.exp(sd * first), other, age, VALUES))
    # four standard errors of a correlation and of a standard deviation of 20,000 people
    assert np.corrcoef(sd * first, again)[0, 1] == pytest.approx(same, abs=4 / np.sqrt(20_000))
    assert again.std() == pytest.approx(sd, rel=4 / np.sqrt(40_000))
