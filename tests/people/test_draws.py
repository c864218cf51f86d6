"""Draws of what the data leave open: each person's or study's own, and none at the point estimate."""

import numpy as np

import resprout as rs
from resprout.people.cohort import recruit
from resprout.people.draws import drawn_for, draws_of, held, with_draws
from resprout.people.population import fact

MODEL = rs.load_model()
TWO = with_draws(MODEL, [{"severity_time": 0.5, "stress_mean": 1.2}, {"severity_time": 4.0, "stress_mean": 1.6}])


def test_draws_come_back_as_they_were_given():
    assert draws_of(TWO) == (
        {"severity_time": 0.5, "stress_mean": 1.2},
        {"severity_time": 4.0, "stress_mean": 1.6},
    )


def test_people_share_the_draws_evenly_and_keep_theirs_in_any_company():
    person = np.arange(4000)
    with drawn_for(TWO, 3, person) as together:
        share = (together["severity_time"] == 0.5).mean()
    with drawn_for(TWO, 3, person[1000:1010]) as few:
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


def test_held_values_reach_constants_and_facts_and_end_with_the_block():
    before = fact("stress_mean")
    with held(MODEL, {"severity_time": 9.0, "stress_mean": 2.0}) as moved:
        assert moved.nominal["severity_time"] == 9.0
        assert fact("stress_mean") == 2.0
    assert fact("stress_mean") == before
    assert MODEL.nominal["severity_time"] != 9.0
