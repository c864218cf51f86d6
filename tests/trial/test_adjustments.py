"""Changes of treatment by response: who gets what from when on, and what a protocol may say of it."""

from functools import lru_cache

import numpy as np
import pytest
from protocol_texts import FLEXIBLE

from resprout.errors import InputError
from resprout.language import load_model
from resprout.trial.adjustments import adjusted_plans
from resprout.trial.conduct import observe
from resprout.trial.enrolment import enrol
from resprout.trial.protocol import read_protocol_text
from resprout.trial.sequences import sequences


@lru_cache(maxsize=1)
def model():
    return load_model()


def read(text=FLEXIBLE):
    return read_protocol_text(text, "flexible.yaml", model())


@pytest.fixture(scope="module")
def given():
    protocol, regimens = read()
    cohort = enrol(protocol, regimens, model(), np.arange(1, 3), 1)
    return protocol, regimens, cohort, observe(protocol, regimens, model(), cohort, 2)


def test_those_who_have_not_responded_get_more_at_the_visit_and_the_others_go_on(given):
    protocol, regimens, cohort, outcome = given
    plain = protocol.model_copy(
        update={"arms": (protocol.arms[0].model_copy(update={"adjust": ()}), *protocol.arms[1:])}
    )
    before = observe(plain, regimens, model(), cohort, 2)
    rated, dissociation = (outcome.ratings["ketamine", name] for name in ("MADRS", "CADSS"))
    failed = rated[:, :, 1] > rated[:, :, 0] / 2
    assert 0.2 < failed.mean() < 1
    # until the visit nobody differs; afterwards only those who get more
    assert np.array_equal(rated[:, :, :2], before.ratings["ketamine", "MADRS"][:, :, :2])
    assert np.array_equal(dissociation[~failed], before.ratings["ketamine", "CADSS"][~failed])
    assert (dissociation[failed] > before.ratings["ketamine", "CADSS"][failed])[:, 1].mean() > 0.9
    assert np.array_equal(outcome.ratings["saline", "MADRS"], before.ratings["saline", "MADRS"])


def plans_of(protocol, regimens, cohort, score):
    """Who is given what, when ratings are these: [patient, visit]."""
    (group, *_) = sequences(protocol, 1)
    people = cohort.take(group.people)
    return adjusted_plans(
        protocol, regimens, model(), people, group, lambda rows, plan: {("ketamine", "MADRS"): score[rows]}
    )


def times_of(plan, drug):
    return sorted((time, dose.amount_mg) for dose in plan.regimen.doses if dose.drug == drug for time in dose.times_h)


def test_what_was_still_to_come_is_replaced_and_the_background_stays(given):
    protocol, regimens, cohort, _ = given
    score = np.tile([40, 30, 30, 30.0], (30, 1))
    score[:10, 1] = 20  # a fall by half
    went_on, changed = plans_of(protocol, regimens, cohort, score)
    assert went_on.rows.tolist() == list(range(10)) and changed.rows.tolist() == list(range(10, 30))
    assert times_of(went_on, "ketamine") == [(0, 0.1), (168, 0.1)]
    assert times_of(changed, "ketamine") == [(0, 0.1), (168, 1.0)]
    for plan in (went_on, changed):
        assert len(times_of(plan, "escitalopram")) == 15


def test_of_several_regimens_people_get_one_each_at_random_with_equal_shares():
    protocol, regimens = read(
        FLEXIBLE.replace(
            "met: false, regimen: ketamine 1 mg/kg iv over 40 min", "regimen: [saline, ketamine 1 mg/kg iv over 40 min]"
        )
    )
    people = enrol(protocol, regimens, model(), np.arange(1, 2), 1)
    score = np.tile([40, 10, 10, 10.0], (30, 1))
    stopped, more = plans_of(protocol, regimens, people, score)
    assert sorted([*stopped.rows, *more.rows]) == list(range(30)) and 5 < stopped.rows.size < 25
    assert times_of(stopped, "ketamine") == [(0, 0.1)] and times_of(more, "ketamine") == [(0, 0.1), (168, 1.0)]


def test_a_missed_rating_changes_nothing(given):
    protocol, regimens, cohort, _ = given
    score = np.tile([40, np.nan, 30, 30], (30, 1))
    (plan,) = plans_of(protocol, regimens, cohort, score)
    assert plan.rows.size == 30


def test_dosing_until_response_stops_and_starts_anew():
    rules = (
        "adjust: [{endpoint: MADRS, at: 7 d, fall: 0.5, regimen: saline}, "
        "{endpoint: MADRS, at: 14 d, at_most: 20, met: false, regimen: ketamine 0.5 mg/kg iv over 40 min; every 7 d x 2}]"
    )
    was = FLEXIBLE[FLEXIBLE.index("adjust:") : FLEXIBLE.index("\n  - {name: saline")]
    protocol, regimens = read(FLEXIBLE.replace(was, rules).replace("x 2\n", "x 4\n"))
    cohort = enrol(protocol, regimens, model(), np.arange(1, 2), 1)
    score = np.tile([40, 20, 20, 20.0], (30, 1))
    score[10:20, 3] = 30  # relapses after response
    score[20:, 1] = 30  # responds later
    plans = {tuple(plan.rows): times_of(plan, "ketamine") for plan in plans_of(protocol, regimens, cohort, score)}
    assert plans[tuple(range(10))] == [(0, 0.1)]
    assert plans[tuple(range(10, 20))] == [(0, 0.1), (336, 0.5), (504, 0.5)]
    assert plans[tuple(range(20, 30))] == [(0, 0.1), (168, 0.1), (336, 0.1), (504, 0.1)]


def test_a_phase_may_change_its_regimen_too():
    text = FLEXIBLE.replace(
        "arms:\n",
        """phases:
  - name: open
    regimen: ketamine 0.1 mg/kg iv over 40 min; every 7 d x 2
    length: 14 d
    adjust: [{endpoint: MADRS, at: 7 d, fall: 0.5, met: false, regimen: ketamine 1 mg/kg iv over 40 min}]
arms:
""",
    )
    protocol, regimens = read(text)
    cohort = enrol(protocol, regimens, model(), np.arange(1, 2), 1)
    outcome = observe(protocol, regimens, model(), cohort, 1)
    assert np.isfinite(outcome.ratings["ketamine", "MADRS"]).all()
    with pytest.raises(InputError, match="has ended"):
        read(text.replace("at: 7 d, fall", "at: 14 d, fall", 1))
