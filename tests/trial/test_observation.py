"""Ratings: steps, ranges, swings of mood, expectation and selection."""

import re
from pathlib import Path

import numpy as np
import pytest

import resprout
from resprout.people.covariates import draw_covariates
from resprout.people.population import GRADES, population_facts
from resprout.trial.observation import (
    belief,
    mood_swings,
    observation_facts,
    placebo_share,
    rate,
    rate_at_screening,
    visit_fall,
)
from resprout.trial.scales import SCALES

PEOPLE = np.arange(20_000)


@pytest.mark.parametrize("name", SCALES)
def test_a_rating_is_a_step_of_its_scale_within_its_range(name):
    scale = SCALES[name]
    true = np.linspace(scale.lowest - 5, scale.highest + 5, 500)[:, None]
    rated = rate(scale, true, np.zeros_like(true), 1, PEOPLE[:500], ["now"])
    assert rated.min() >= scale.lowest and rated.max() <= scale.highest
    assert np.array_equal(rated, np.round(rated))


def test_ratings_are_right_on_average():
    true = np.full((20_000, 1), 24.0)
    rated = rate(SCALES["HDRS17"], true, mood_swings(1, PEOPLE, [0.0]), 1, PEOPLE, ["now"])
    assert rated.mean() == pytest.approx(24, abs=4 * rated.std() / np.sqrt(20_000))


def test_swings_keep_their_size_and_are_forgotten_with_time():
    swing = mood_swings(1, PEOPLE, [0.0, 1.0, 72.0, 2000.0])
    kept = [np.corrcoef(swing[:, 0], swing[:, index])[0, 1] for index in (1, 2, 3)]
    assert swing.std(axis=0) == pytest.approx(np.ones(4), abs=0.03)
    # four standard errors of a correlation in 20,000 people
    assert kept[0] > 0.95 and 0.05 < kept[1] < 0.6 and abs(kept[2]) < 0.03


def test_people_selected_at_a_bad_hour_look_better_later_without_treatment():
    true = np.full(20_000, 18.0)
    chosen = PEOPLE[rate_at_screening("HDRS17", true, PEOPLE, 1) >= 20]
    swing = mood_swings(1, chosen, [-168.0, 0.0])[:, 1:]
    later = rate(SCALES["HDRS17"], true[chosen][:, None], swing, 1, chosen, ["baseline"])
    assert later.mean() < 20 and later.mean() == pytest.approx(18, abs=0.5)


def test_euphoria_gives_the_drug_away_in_a_blind_trial_but_not_the_control():
    euphoria = np.array([0.0, 20.0, 80.0])
    told = belief("saline", False, euphoria)
    assert np.all(np.diff(told) > 0) and told[0] == belief("saline", True, euphoria)[0]
    assert np.ptp(belief("saline", True, euphoria)) == 0


def test_where_nothing_is_hidden_everybody_is_sure():
    assert (belief("open_label", True, np.zeros(3)) == 1).all()


def test_expectation_takes_hold_after_treatment_and_fades():
    share = placebo_share(np.ones(1), np.ones(1), np.array([-5.0, 0.0, 1.0, 24.0, 24 * 60.0]))[0]
    assert share[0] == share[1] == 0 and 0 < share[2] < share[3] and share[4] < 0.05 * share[3]


def test_midazolam_does_what_its_arm_did():
    # Murrough 2013: 8.8 MADRS points 24 h after midazolam, standard error 1.9; such patients start at 32.7 (Ibrahim 2012)
    propensity = draw_covariates(1, PEOPLE, "mdd")["placebo_propensity"].to_numpy()
    share = placebo_share(belief("midazolam", True, np.zeros(len(PEOPLE))), propensity, np.array([24.0]))
    assert 32.7 * share.mean() == pytest.approx(8.8, abs=1.9)


def test_each_visit_brings_a_little_and_the_first_nothing():
    # Posternak & Zimmerman 2007: an added visit lowers HRSD by 0.86 points
    fall = visit_fall([0.0, 1e6, 2e6])
    assert fall == pytest.approx([0, 0.86, 1.72])


def test_every_fact_has_a_grade_a_meaning_and_a_source_that_is_listed():
    text = (Path(resprout.__file__).parent / "people" / "sources.bib").read_text()
    listed = set(re.findall(r"^@\w+\{([^,\s]+)", text, re.MULTILINE))
    for fact in (*observation_facts().values(), *population_facts().values()):
        assert fact.grade in GRADES and fact.meaning and fact.unit
        assert fact.source or fact.grade == "assumed"
        assert set(fact.source.split()) <= listed
