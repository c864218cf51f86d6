"""What the scoreboard counts and how it adds up: limits, words beyond chance, groups, and rows that are shown apart."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from statsmodels.stats.inter_rater import cohens_kappa

from resprout.calibrate.intervention_entries import SHARES, agreement
from resprout.calibrate.proper_scores import skill
from resprout.calibrate.scoreboard_entry import BASELINE, INTERVENTION, TRIAL, recorded_entries
from resprout.calibrate.scoreboard_totals import scoreboard_facts, skill_error, totals
from resprout.calibrate.trial_entries import _passes, read_trials, trial_entries
from resprout.calibrate.trial_predictions import LARGEST_ARM, PredictedNumber, with_arms_of_at_most
from resprout.language import load_model
from resprout.people.draws import with_draws
from resprout.trial.protocol import read_protocol

MODEL = load_model()
RECORDED = recorded_entries()
TRIALS = [entry for entry in RECORDED if entry.group == TRIAL]


def test_every_number_has_scores_and_every_trial_number_its_baselines():
    for entry in RECORDED:
        assert math.isnan(entry.score("crps")) == (entry.kind != "number"), entry.id
    for entry in TRIALS:
        if entry.kind == "number":
            assert not math.isnan(entry.score("crps_null") + entry.score("crps_inert")), entry.id
            assert entry.score("width") >= 0 and entry.score("crps_scale") > 0, entry.id


def test_baselines_do_not_depend_on_a_drug_and_are_told_apart():
    for entry in TRIALS:
        if entry.comparison == BASELINE and entry.kind == "number":
            assert entry.score("crps") == pytest.approx(entry.score("crps_null")), entry.id
            assert entry.dosing == ""
    assert {entry.comparison for entry in TRIALS} == {"drug arm", "control arm", "difference", "baseline"}


def test_the_first_and_last_significant_visit_are_shown_and_not_counted():
    rows = [entry for entry in TRIALS if "significant_h" in entry.what]
    assert rows and not any(entry.counted for entry in rows)


def test_a_limit_is_met_by_the_median_and_not_by_the_end_of_an_interval():
    protocol, _ = read_protocol("berman2000", MODEL)
    row = next(each for each in protocol.published if each.statistic == "interaction_p" and each.bound == "upper")
    number = PredictedNumber(protocol, row, {})
    assert _passes(number, np.array([0.001, 0.004, 0.2]), None)
    assert not _passes(number, np.array([0.001, 0.2, 0.4]), None)


def test_agreement_beyond_chance_is_that_of_another_library():
    rows = [entry for entry in RECORDED if entry.group == INTERVENTION and entry.counted]
    published = ["abolish"] * 6 + ["attenuate"] * 3 + ["preserve"] * 3
    predicted = ["abolish"] * 4 + ["attenuate", "preserve"] + ["attenuate"] * 2 + ["abolish"] + ["preserve"] * 3
    made = [
        dataclasses.replace(rows[0], observed=seen, predicted=said, passed=seen == said)
        for seen, said in zip(published, predicted, strict=True)
    ]
    found = agreement(made)
    table = np.array([[found.confusion.get((seen, said), 0) for said in SHARES] for seen in SHARES])
    assert found.kappa == pytest.approx(cohens_kappa(table).kappa)
    assert found.accuracy == 9 / 12 and found.balanced_accuracy == pytest.approx((4 / 6 + 2 / 3 + 1) / 3)
    assert (found.majority_word, found.majority_accuracy) == ("abolish", 0.5)
    assert found.majority_balanced_accuracy == pytest.approx(1 / 3)


def test_interventions_without_a_manipulation_or_true_by_construction_are_not_counted():
    counted = {entry.id: entry.counted for entry in RECORDED if entry.group == INTERVENTION}
    assert not any(counted[name] for name in ("IV015", "IV048", "IV049"))
    alone = [row["id"] for row in MODEL.tables["interventions"] if row["person"] and not row["manipulation"]]
    assert alone and not any(counted.get(name, False) for name in alone)


def test_skill_of_a_group_is_that_of_its_sums():
    numbers = [entry for entry in TRIALS if not math.isnan(entry.score("crps_mbma"))]
    own, other = ([entry.scaled(name) for entry in numbers] for name in ("crps", "crps_mbma"))
    assert totals(numbers)["skill_mbma"] == pytest.approx(skill(own, other))
    assert 0 < skill_error(numbers, "_mbma") < 0.5


def test_the_facts_name_every_group_that_was_asked_for():
    facts = scoreboard_facts(RECORDED)
    for part in ("trials_by_use", "trials_by_comparison", "trials_by_dosing", "by_stage", "by_seed_row", "by_group"):
        for name, found in facts[part].items():
            assert {"passed", "passed_null", "skill", "skill_mbma", "covered_90", "width"} <= set(found), name
    dosed = sum(part["total"] for part in facts["trials_by_dosing"].values())
    assert dosed == sum(1 for entry in TRIALS if entry.counted and entry.dosing)


def test_a_large_arm_is_cut_and_a_small_trial_is_as_it_was():
    large, _ = read_protocol("stard_level1", MODEL)
    assert with_arms_of_at_most(large, LARGEST_ARM).people == LARGEST_ARM
    small, _ = read_protocol("murrough2013_midazolam", MODEL)
    assert with_arms_of_at_most(small, LARGEST_ARM) is small


def test_a_replicate_count_and_a_seed_reach_the_trials():
    plan = next(plan for plan in read_trials() if plan.trial == "zarate2006")
    point = with_draws(MODEL, [])
    few, again, other = (trial_entries(point, [plan], 8, seed, meta_analysis=False) for seed in (1, 1, 2))
    for one, two in zip(few, again, strict=True):
        assert dict(one.scores) == pytest.approx(dict(two.scores), nan_ok=True)
    assert [entry.score("crps") for entry in few] != [entry.score("crps") for entry in other]
