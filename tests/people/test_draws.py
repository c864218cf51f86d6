"""Draws of what the data leave open: each person's or study's own, and none at the point estimate."""

import numpy as np
import pytest

import resprout as rs
from resprout.people.cohort import recruit
from resprout.people.draws import drawn_parameters, draws_of, with_draws

MODEL = rs.load_model()
TWO = with_draws(MODEL, [{"severity_time": 0.5, "stress_mean": 1.2}, {"severity_time": 4.0, "stress_mean": 1.6}])


def test_draws_come_back_as_they_were_given():
    assert draws_of(TWO) == (
        {"severity_time": 0.5, "stress_mean": 1.2},
        {"severity_time": 4.0, "stress_mean": 1.6},
    )


def test_people_share_the_draws_evenly_and_keep_theirs_in_any_company():
    person = np.arange(4000)
    together = drawn_parameters(TWO, 3, person)
    share = (together["severity_time"] == 0.5).mean()
    few = drawn_parameters(TWO, 3, person[1000:1010])
    assert np.array_equal(few["severity_time"], together["severity_time"][1000:1010])
    # 0.03 is four standard errors of a share of one half in 4,000 people
    assert abs(share - 0.5) < 0.03


def test_a_draw_moves_what_people_spread_around():
    people = recruit(400, seed=2, model=TWO, uncertain=True)
    time_h = people.constants["severity_time"]
    # spread is log-normal with cv 0.2: 1.5 h lies five sd from either draw
    assert ((time_h < 1.5) == (np.abs(np.log(time_h / 0.5)) < 1.1)).all()
    assert 0.3 < (time_h < 1.5).mean() < 0.7


def test_at_the_point_estimate_nothing_is_drawn():
    plain = recruit(50, seed=2, model=with_draws(MODEL, []))
    point = recruit(50, seed=2, model=TWO, uncertain=False)
    for name, value in plain.constants.items():
        assert np.array_equal(point.constants[name], value)


def test_parameters_that_are_set_reach_constants_people_and_items_and_leave_the_model_as_it_was():
    moved = MODEL.with_parameters({"severity_time": 9.0, "stress_mean": 2.0, "HDRS_1_threshold_2": 5.0})
    assert [moved.nominal[name] for name in ("severity_time", "stress_mean", "HDRS_1_threshold_2")] == [9.0, 2.0, 5.0]
    assert MODEL.nominal["severity_time"] != 9.0
    assert recruit(50, seed=2, model=moved).columns["stress"].mean() > recruit(50, seed=2).columns["stress"].mean()


def test_what_is_set_is_no_longer_drawn():
    moved = TWO.with_parameters({"stress_mean": 1.4})
    assert draws_of(moved) == ({"severity_time": 0.5}, {"severity_time": 4.0})


def test_each_persons_stress_lies_around_their_own_draw():
    people = recruit(
        400,
        seed=2,
        model=with_draws(MODEL, [{"stress_mean": mean, "stress_cv": 0.026} for mean in (1.0, 3.0)]),
        uncertain=True,
    )
    stress = people.columns["stress"]
    # 2 lies far from either draw, and the more stressed enter more often
    assert 0.05 < (stress < 2).mean() < 0.6
    assert np.abs(np.log(stress / np.where(stress < 2, 1.0, 3.0))).max() < 0.2


def test_an_unknown_parameter_is_refused_with_the_nearest_name():
    with pytest.raises(rs.errors.InputError, match="Did you mean `placebo_depth`"):
        MODEL.with_parameters({"placebo_dept": 0.1})
