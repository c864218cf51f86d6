"""Phases before allocation: who goes on, what they have been given, when they relapse, and what a protocol may say of it."""

from functools import lru_cache

import numpy as np
import pytest
from protocol_texts import WITHDRAWAL

from resprout.errors import Fault, InputError
from resprout.language import load_model
from resprout.statistics.time_to_event import hazard_ratio, times_to_relapse
from resprout.trial import replicates
from resprout.trial.conduct import observe, treat
from resprout.trial.design import Criterion
from resprout.trial.enrolment import BEGAN, enrol
from resprout.trial.null_models import DRUGS_INERT
from resprout.trial.phases import goes_on, stages
from resprout.trial.protocol import read_protocol_text
from resprout.trial.replicates import run_series_beside_nulls
from resprout.trial.reported_statistics import statistic
from resprout.trial.sequences import lead_in, sequences, whole_regimen
from resprout.trial.trial_outcome import Outcome

STUDIES = np.arange(1, 4)


@lru_cache(maxsize=1)
def model():
    return load_model()


def read(text=WITHDRAWAL):
    return read_protocol_text(text, "phases.yaml", model())


@pytest.fixture(scope="module")
def enrolled():
    protocol, regimens = read()
    return protocol, regimens, enrol(protocol, regimens, model(), STUDIES, 1)


def open_ratings(protocol, regimens, cohort, nulls=()):
    group = lead_in(protocol, np.arange(len(cohort)))
    return treat(protocol, regimens, model(), cohort, group, nulls)


def test_only_those_who_meet_the_criterion_in_the_open_phase_are_allocated(enrolled):
    protocol, regimens, cohort = enrolled
    rated = open_ratings(protocol, regimens, cohort)["model"].ratings["open", "MADRS"]
    assert len(cohort) == 3 * protocol.people and (rated[:, 2] <= rated[:, 0] / 2).all()
    # without the criterion the same design enrols people who have not responded as well
    everybody, others = read(WITHDRAWAL.replace("    go_on: [{endpoint: MADRS, at: [14 d], fall: 0.5}]\n", ""))
    all_comers = enrol(everybody, others, model(), STUDIES, 1)
    rated = open_ratings(protocol, regimens, all_comers)["model"].ratings["open", "MADRS"]
    assert (rated[:, 2] > rated[:, 0] / 2).any() and BEGAN not in all_comers.columns


def test_the_number_that_began_is_that_of_all_who_entered_up_to_the_last_who_is_allocated(enrolled):
    protocol, regimens, cohort = enrolled
    everybody, others = read(WITHDRAWAL.replace("    go_on: [{endpoint: MADRS, at: [14 d], fall: 0.5}]\n", ""))
    began = cohort.columns[BEGAN].reshape(3, -1)[:, 0]
    for study, number in enumerate(began, start=1):
        bigger = everybody.model_copy(update={"arms": (everybody.arms[0].model_copy(update={"size": int(number)}),)})
        entered = enrol(bigger, others, model(), np.array([study]), 1)
        rated = open_ratings(protocol, regimens, entered)["model"].ratings
        allocated = cohort.candidate.reshape(3, -1)[study - 1]
        assert np.array_equal(entered.candidate[goes_on(protocol, rated)], allocated)


def test_a_replicate_has_the_same_people_in_a_longer_series(enrolled):
    protocol, regimens, cohort = enrolled
    alone = enrol(protocol, regimens, model(), np.array([2]), 1)
    assert np.array_equal(alone.candidate, cohort.candidate.reshape(3, -1)[1])


def test_what_was_given_in_the_phases_is_still_there_after_allocation(enrolled):
    protocol, regimens, cohort = enrolled
    (ketamine, saline) = sequences(protocol, 3)
    assert ketamine.start_h == (0.0, 336.0)
    assert whole_regimen(saline, regimens).times_h == pytest.approx((0, 84, 168, 252))
    assert whole_regimen(ketamine, regimens).times_h == pytest.approx((0, 84, 168, 252, 336, 504, 672, 840))
    outcome = observe(protocol, regimens, model(), cohort, 3)
    before = open_ratings(protocol, regimens, cohort)["model"].ratings["open", "MADRS"]
    # the last visit of the open phase is the baseline: one rating, not two
    whole = np.concatenate([outcome.ratings[arm.name, "MADRS"][:, :, 0] for arm in protocol.arms], axis=1)
    assert np.abs(whole.ravel() - before[:, 2]).max() <= 1  # solver tolerance may move an item by a point


def test_each_phase_has_the_expectation_of_its_own_control_and_clock():
    protocol, regimens = read()
    part = stages(protocol, regimens, model())
    assert part["open"].design.control == "open_label" and part["saline"].design.control == "saline"
    assert part["open"].blinded.occasions_h == pytest.approx((0, 84, 168, 252))
    assert part["saline"].blinded.occasions_h == pytest.approx((0, 168, 336, 504))


def test_under_a_null_model_people_go_on_by_what_that_model_gives():
    protocol, regimens = read()
    cohort = enrol(protocol, regimens, model(), STUDIES[:1], 1, DRUGS_INERT)
    rated = open_ratings(protocol, regimens, cohort, (DRUGS_INERT,))[DRUGS_INERT].ratings["open", "MADRS"]
    assert (rated[:, 2] <= rated[:, 0] / 2).all()
    as_modelled = enrol(protocol, regimens, model(), STUDIES[:1], 1)
    # without a drug fewer respond, so more must begin
    assert cohort.columns[BEGAN][0] > as_modelled.columns[BEGAN][0]


RATED = {("one", "MADRS"): np.array([[40, 30, 20.0], [40, 20, 20], [40, 11, 10], [40, 10, 13], [40, np.nan, 10]])}


@pytest.mark.parametrize(
    ("rule", "met"),
    [
        ({"at": ["14 d"], "fall": 0.5}, [True, True, True, True, True]),
        ({"at": ["7 d", "14 d"], "fall": 0.5}, [False, True, True, True, False]),
        ({"at": ["7 d", "14 d"], "at_most": 12}, [False, False, True, False, False]),
        ({"at": ["7 d", "14 d"], "at_most": 12, "visits": 1}, [False, False, True, True, True]),
        ({"at": ["7 d", "14 d"], "at_most": 12, "visits": 1, "met": False}, [True, True, False, False, False]),
        ({"at": ["14 d"], "at_most": 12, "fall": 0.74}, [False, False, True, False, True]),
    ],
)
def test_criteria_count_falls_and_cut_offs_at_visits_and_a_missed_visit_meets_none(rule, met):
    protocol, _ = read()
    phase = protocol.phases[0].model_copy(
        update={"name": "one", "go_on": (Criterion.model_validate({"endpoint": "MADRS", **rule}),)}
    )
    found = goes_on(protocol.model_copy(update={"phases": (phase,)}), RATED)
    assert found.tolist() == met


def test_relapse_by_a_cut_off_needs_it_at_visits_in_a_row():
    score = np.array([[22, 10, 22, 22], [22, 22, 3, 3], [21, 21, 21, 21], [10, 10, 10, 30.0]])
    days, relapsed = times_to_relapse(score, np.full(4, 10.0), [7, 14, 21, 28], kept=0.25, at_least=22, in_a_row=2)
    assert relapsed.tolist() == [True, True, False, False] and days.tolist() == [21, 7, 28, 28]


def test_relapse_rate_and_hazard_ratio_are_those_of_everybody_allocated():
    protocol, _ = read()
    random = np.random.default_rng(3)
    rating = {(arm.name, "MADRS"): random.integers(5, 26, (1, 300, 5)).astype(float) for arm in protocol.arms}
    rating["ketamine", "MADRS"][:, :, 0] = 0  # a baseline of nothing is at risk as well
    rating["saline", "MADRS"][:, :, 1:] += 4
    outcome = Outcome(rating, scales=model().scales)

    def told(name, arm, time=672.0):
        return statistic(protocol, outcome, name, arm, "MADRS", time)[0]

    ill = rating["saline", "MADRS"][0, :, 1:] >= 22
    twice = (ill[:, :-1] & ill[:, 1:]).any(axis=1)
    assert told("relapse_rate", "saline") == pytest.approx(twice.mean())
    assert told("relapse_rate", "saline", 336.0) == pytest.approx(
        (ill[:, 0] & ill[:, 1]).mean() + (~ill[:, 0] & ill[:, 1] & ill[:, 2]).mean()
    )
    both = [
        times_to_relapse(
            rating[arm, "MADRS"][0, :, 1:], np.zeros(300), [7, 14, 21, 28], kept=0, at_least=22, in_a_row=2
        )
        for arm in ("ketamine", "saline")
    ]
    days, relapsed = (np.concatenate(each) for each in zip(*both, strict=True))
    fit = hazard_ratio(days, relapsed, np.arange(600) < 300)
    assert told("hazard_ratio", "ketamine") == pytest.approx(np.exp(fit.log_ratio)) and fit.log_ratio < -0.5


def test_a_crossover_has_no_phases():
    text = WITHDRAWAL.replace("design: parallel", "design: crossover\nwashout: 60 d").replace("size:", "first:")
    with pytest.raises(InputError, match="phases before a crossover"):
        read(text)


def test_criteria_that_hardly_anybody_meets_are_refused_in_a_sentence():
    protocol, regimens = read(
        WITHDRAWAL.replace("fall: 0.5", "fall: 1}, {endpoint: MADRS, at: [14 d], fall: 0, met: false")
    )
    with pytest.raises(InputError, match=r"go on after the phases before allocation\. Expected at least 0\.005 %"):
        enrol(protocol, regimens, model(), STUDIES[:1], 1)


def test_after_the_first_phase_the_background_is_nothing_new():
    protocol, regimens = read(
        WITHDRAWAL.replace("entry:", "background: escitalopram 10 mg oral; every 24 h x 42\nentry:")
    )
    part = stages(protocol, regimens, model())
    assert part["open"].blinded.background_h == 0 and part["saline"].blinded.background_h is None
    assert not any(dose.drug == "escitalopram" for dose in regimens["ketamine"].doses)
    assert len(whole_regimen(sequences(protocol, 1)[1], regimens).doses) == 2


def test_a_failing_antidepressant_is_in_the_baseline_and_goes_on():
    text = (
        WITHDRAWAL[: WITHDRAWAL.index("phases:")]
        + """background: escitalopram 20 mg oral; every 24 h x 50
phases:
  - name: a failing antidepressant
    regimen: saline
    length: 42 d
    go_on: [{endpoint: MADRS, at: [42 d], at_least: 28}, {endpoint: MADRS, at: [42 d], fall: 0.25, met: false}]
"""
        + WITHDRAWAL[WITHDRAWAL.index("arms:") :]
    )
    protocol, regimens = read(text)
    cohort = enrol(protocol, regimens, model(), STUDIES[:1], 1)
    before = open_ratings(protocol, regimens, cohort)["model"].ratings["a failing antidepressant", "MADRS"]
    assert (before[:, 1] >= 28).all() and (before[:, 1] > 0.75 * before[:, 0]).all()
    outcome = observe(protocol, regimens, model(), cohort, 1)
    baseline = np.concatenate([outcome.ratings[arm.name, "MADRS"][0, :, 0] for arm in protocol.arms])
    assert np.abs(baseline - before[:, 1]).max() <= 1  # solver tolerance may move an item by a point
    doses = whole_regimen(sequences(protocol, 1)[1], regimens).doses
    assert len(doses) == 1 and max(doses[0].times_h) > 42 * 24


def test_a_null_model_under_which_hardly_anybody_goes_on_predicts_nothing():
    protocol, regimens = read()

    def refused(*given):
        raise InputError(Fault("nobody."))

    with pytest.MonkeyPatch.context() as patch:
        enrolled = enrol(protocol, regimens, model(), STUDIES[:1], 1)
        patch.setattr(replicates, "enrol", lambda *given: refused() if len(given) > 5 else enrolled)
        _, found = run_series_beside_nulls(protocol, regimens, model(), 1, 1, point=True, nulls=(DRUGS_INERT,))
    assert np.isnan(found[DRUGS_INERT].ratings["saline", "MADRS"]).all()
    assert np.isfinite(found["model"].ratings["saline", "MADRS"]).all()
    assert np.isnan(statistic(protocol, found[DRUGS_INERT], "mean", "saline", "MADRS", 0.0)).all()
