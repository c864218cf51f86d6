"""The scoreboard: nothing that passed when it was written down may fail now, and every miss gives its reason."""

from __future__ import annotations

import dataclasses
import math

import pytest

from resprout.calibrate.intervention_entries import intervention_entries, seed_row_of
from resprout.calibrate.laboratory_entries import laboratory_entries
from resprout.calibrate.residuals import is_fitted
from resprout.calibrate.scoreboard import chosen_trials
from resprout.calibrate.scoreboard_entry import (
    COLUMNS,
    GROUPS,
    TRIAL,
    read_reasons,
    recorded_entries,
    recorded_text,
)
from resprout.calibrate.scoreboard_totals import scoreboard_facts
from resprout.calibrate.trial_entries import read_trials, trial_entries
from resprout.errors import InputError
from resprout.language import load_model
from resprout.trial.protocol import shipped_protocols

MODEL = load_model()
RECORDED = {entry.id: entry for entry in recorded_entries()}
QUICK = [plan for plan in read_trials() if plan.quick]
REMEDY = "run `make scoreboard` if this is meant"


def still_right(entries):
    """Names of entries that passed when the scoreboard was written down and do not now."""
    return [entry.id for entry in entries if entry.counted and RECORDED[entry.id].passed and not entry.passed]


@pytest.fixture(scope="module")
def entries():
    """Laboratory and interventions as the model has them now."""
    return [*laboratory_entries(MODEL), *intervention_entries(MODEL)]


def test_the_recorded_scoreboard_has_every_row_once(entries):
    now = {entry.id for entry in entries}
    assert len(now) == len(entries)
    assert now == {name for name, entry in RECORDED.items() if entry.group != TRIAL}, REMEDY
    assert {entry.group for entry in RECORDED.values()} == set(GROUPS)
    assert {entry.seed_row for entry in RECORDED.values()} == {f"S{number}" for number in range(1, 10)}


def test_no_laboratory_row_or_intervention_that_passed_fails_now(entries):
    assert still_right(entries) == [], REMEDY


@pytest.mark.slow
@pytest.mark.parametrize("plan", QUICK, ids=[plan.trial for plan in QUICK])
def test_no_row_of_a_trial_that_passed_fails_now(plan):
    entries = trial_entries(MODEL, [plan], meta_analysis=False)
    assert {entry.id for entry in entries} == {
        name for name, entry in RECORDED.items() if (entry.group, entry.source) == (TRIAL, plan.trial)
    }
    assert still_right(entries) == [], REMEDY


def test_every_miss_gives_its_reason(entries):
    trials = [entry for entry in RECORDED.values() if entry.group == TRIAL]
    assert [e.id for e in [*entries, *trials] if e.counted and not e.passed and len(e.reason) < 20] == []


def test_no_reason_is_left_over_from_a_row_that_does_not_exist():
    assert set(read_reasons()) <= set(RECORDED)


def test_every_shipped_trial_with_published_numbers_is_on_the_scoreboard():
    # null models enrol people of their own after an open phase: of those in whom treatments have failed hardly anybody remits without
    # a drug, and filling the arms takes hours
    unscored = {"daly2019_sustain1", "daly2019_sustain1_responders"}
    assert {plan.trial for plan in read_trials()} == set(shipped_protocols()) - unscored


def test_remembered_rows_do_not_count(entries):
    assert {entry.verification for entry in [*entries, *RECORDED.values()]} <= {"read", "secondary", "digitised"}


def test_totals_are_those_of_the_rows():
    facts = scoreboard_facts(list(RECORDED.values()))
    counted = [row for row in facts["rows"] if row["counted"]]
    assert facts["passed"] == sum(row["pass"] for row in counted)
    assert facts["passed_null"] == sum(row["passed_null"] for row in counted)
    assert len(facts["rows"]) == len(RECORDED) == facts["total"] + len(facts["not_counted"])
    for part in ("by_group", "by_kind", "by_stage", "by_seed_row", "by_use"):
        assert sum(count["total"] for count in facts[part].values()) == facts["total"], part
        assert sum(count["passed"] for count in facts[part].values()) == facts["passed"], part


def test_what_is_written_down_reads_back_the_same():
    entries = list(RECORDED.values())
    assert recorded_text(entries).splitlines()[2:] == [recorded_text([entry]).splitlines()[2] for entry in entries]
    one = dataclasses.replace(entries[0], lower=math.nan, passed=False)
    written = dict(zip(COLUMNS, recorded_text([one]).splitlines()[2].split("\t"), strict=True))
    assert (written["lower"], written["pass"]) == ("", "false")


def test_what_the_fit_looks_at_counts_as_seen_and_nothing_else():
    assert is_fitted("berman2000", "mean_change", "read")
    # p values jump, remembered numbers are no data, and 98 daily doses are too slow to fit to
    for other in (("berman2000", "interaction_p", "read"), ("berman2000", "mean_change", "recall")):
        assert not is_fitted(*other)
    assert not is_fitted("stard_level1", "remission_rate", "read")


@pytest.mark.parametrize(
    ("name", "row"), [("IV017", "S7"), ("IV018", "S8"), ("IV001", "S6"), ("IV034", "S9"), ("IV053", "S5")]
)
def test_interventions_speak_for_the_right_row_of_the_founding_document(name, row):
    [found] = [each for each in MODEL.tables["interventions"] if each["id"] == name]
    assert seed_row_of(found) == row


def test_an_unknown_trial_is_told():
    with pytest.raises(InputError, match="`berman2001` is no trial of the scoreboard"):
        chosen_trials(["berman2001"])
