"""Dropout before allocation: who leaves in which phase, by what, what becomes of their ratings, and what is told of it."""

import re
from functools import lru_cache

import numpy as np
import pytest
from protocol_texts import LEAVING

from resprout.app.trial_sections import format_dropout
from resprout.app.trial_warnings import lead_in_sentences
from resprout.errors import InputError
from resprout.language import load_model
from resprout.trial.conduct import observe, treat
from resprout.trial.enrolment import BEGAN, LEFT, enrol
from resprout.trial.protocol import read_protocol_text
from resprout.trial.sequences import lead_in


@lru_cache(maxsize=1)
def model():
    return load_model()


def read(text=LEAVING):
    return read_protocol_text(text, "leaving.yaml", model())


def phases_of(text, people=600):
    """What everybody who enters does in the phases, whoever goes on: 600 people, so that shares are known within 4 %."""
    protocol, regimens = read(text)
    open_to_all = protocol.model_copy(
        update={
            "phases": (),
            "arms": (protocol.arms[0].model_copy(update={"size": people}),),
        }
    )
    cohort = enrol(open_to_all, regimens, model(), np.arange(1, 2), 1)
    return treat(protocol, regimens, model(), cohort, lead_in(protocol, np.arange(people)), ())["model"]


def test_people_leave_each_phase_at_its_own_weekly_rate_up_to_its_end():
    text = LEAVING.replace("    length: 7 d\n", "    length: 7 d\n    dropout: {completely_at_random: 0.1}\n")
    found = phases_of(text)
    first, second = found.left_h["first"], found.left_h["second"]
    stays = np.isinf(first)
    # three standard errors of a share of 600 people, and of those who are left
    assert np.isfinite(first).mean() == pytest.approx(1 - 0.7**2, abs=0.062)
    assert np.isfinite(second[stays]).mean() == pytest.approx(0.1, abs=0.053)
    assert np.isinf(second[~stays]).all()
    rated = found.ratings["first", "MADRS"]
    assert np.isfinite(rated[:, 0]).all() and np.array_equal(np.isnan(rated[:, 1]), first < 168)


def test_who_has_left_is_not_allocated_and_the_program_says_how_many():
    protocol, regimens = read()
    cohort = enrol(protocol, regimens, model(), np.arange(1, 3), 1)
    began, left = (cohort.columns[name].reshape(2, -1)[:, 0] for name in (BEGAN, LEFT))
    # nobody else is left out: all who began are allocated or have left
    assert np.array_equal(began - left, [240, 240])
    found = treat(protocol, regimens, model(), cohort, lead_in(protocol, np.arange(len(cohort))), ())["model"]
    assert np.isinf(found.left_h["first"]).all()
    trial = run_trial_text(LEAVING)
    (said,) = lead_in_sentences(trial)
    assert re.search(rf"{began[0]} people began .*{left[0]} left during the phases", said), said
    assert (
        format_dropout(trial)
        == "first: 30% a week whatever happens; second: nobody leaves; after allocation: nobody leaves"
    )


def run_trial_text(text):
    """A trial of text, at the point estimate."""
    from resprout.trial.trial import run_protocol

    protocol, regimens = read(text)
    return run_protocol(protocol, regimens, model(), 1, 1, point=True)


def test_dropout_of_the_trial_holds_in_phases_only_where_it_says_so():
    rates = LEAVING.replace("    dropout: {completely_at_random: 0.3}\n", "")
    after, all_along = (
        read(rates + f"dropout: {{completely_at_random: 0.3{more}}}\n")[0] for more in ("", ", in_phases: true")
    )
    assert not after.selects and all_along.selects
    own = read(LEAVING + "dropout: {completely_at_random: 0.1, in_phases: true}\n")[0]
    assert [own.dropout_in(phase).completely_at_random for phase in own.phases] == [0.3, 0.1]


def test_people_who_are_more_ill_leave_phases_more_often_by_symptoms():
    found = phases_of(LEAVING.replace("completely_at_random: 0.3", "informative: 0.4"))
    rated = found.ratings["first", "MADRS"]
    relative = rated[:, 1] / rated[:, 0]  # of those who were seen at 7 d
    later = found.left_h["first"] > 168
    went = later & np.isfinite(found.left_h["first"])
    assert np.nanmean(relative[went]) > np.nanmean(relative[later & ~went])


def test_a_missed_visit_meets_no_criterion_and_nobody_leaves_by_it():
    text = LEAVING.replace(
        "dropout: {completely_at_random: 0.3}",
        "dropout: {missed_visits: 0.25}\n    go_on: [{endpoint: MADRS, at: [7 d], at_most: 59}]",
    )
    protocol, regimens = read(text)
    cohort = enrol(protocol, regimens, model(), np.arange(1, 2), 1)
    assert cohort.columns[LEFT][0] == 0
    # 240 of those who began came: three standard errors of the share
    assert 240 / cohort.columns[BEGAN][0] == pytest.approx(0.75, abs=0.075)


def test_dropout_in_phases_changes_nothing_of_what_the_allocated_are_rated():
    protocol, regimens = read(LEAVING.replace("    dropout: {completely_at_random: 0.3}\n", ""))
    leaving, _ = read()
    cohort = enrol(leaving, regimens, model(), np.arange(1, 2), 1)
    with_rule, without = (observe(each, regimens, model(), cohort, 1) for each in (leaving, protocol))
    for key, rating in with_rule.ratings.items():
        assert np.array_equal(rating, without.ratings[key])


def test_dropout_by_chance_needs_no_scale_of_depression():
    text = LEAVING.replace("name: MADRS, visits", "name: CADSS, visits") + "dropout: {completely_at_random: 0.2}\n"
    left = run_trial_text(text).outcome.left_h["saline"]
    # three standard errors of a share of 120 people in two weeks
    assert np.isfinite(left).mean() == pytest.approx(1 - 0.8**2, abs=0.13)


def test_dropout_by_symptoms_that_nobody_rates_is_refused():
    blood = LEAVING.replace("name: MADRS, visits", "name: SBP, visits")
    with pytest.raises(InputError, match="leave `first` by symptoms that nobody rates there"):
        read(blood.replace("completely_at_random: 0.3", "at_random: 0.3"))
    with pytest.raises(InputError, match="people leave by symptoms that nobody rates"):
        read(blood + "dropout: {informative: 0.3}\n")
    with pytest.raises(InputError, match="rescue treatment by symptoms that nobody rates"):
        read(blood + "rescue: {after: 7 d}\n")
    with pytest.raises(InputError, match="`in_phases` in a trial without phases"):
        read(LEAVING[: LEAVING.index("phases:")] + LEAVING[LEAVING.index("arms:") :] + "dropout: {in_phases: true}\n")
