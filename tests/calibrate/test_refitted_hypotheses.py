"""Rivals are refitted before they are compared, each with the same shared constants and the same kind of prior."""

from __future__ import annotations

import numpy as np
import pytest

from resprout.calibrate.data_tables import data_rows
from resprout.calibrate.hypotheses import read_hypotheses
from resprout.calibrate.refitted_hypotheses import SHARED, free_quantities, ranked, single_dose_trials, start_of
from resprout.language import load_model

MODEL = load_model()
HYPOTHESES = {hypothesis.name: hypothesis for hypothesis in read_hypotheses(MODEL)}


@pytest.mark.parametrize("hypothesis", HYPOTHESES.values(), ids=list(HYPOTHESES))
def test_what_all_share_is_free_unless_the_hypothesis_sets_it(hypothesis):
    free = {quantity.name for quantity in free_quantities(MODEL, hypothesis)}
    assert set(SHARED) - free == set(SHARED) & set(hypothesis.overrides)


def test_own_constants_are_those_of_known_hypotheses_and_start_at_their_priors():
    rows = data_rows("rival_constants")
    assert {row["hypothesis"] for row in rows} <= set(HYPOTHESES)
    for row in rows:
        hypothesis = HYPOTHESES[row["hypothesis"]]
        (own,) = [each for each in free_quantities(MODEL, hypothesis) if each.name == row["name"]]
        if own.name in hypothesis.overrides:  # what the hypothesis does not set starts where the fit has it
            assert start_of(MODEL, hypothesis, own) == pytest.approx(0, abs=0.01)  # priors are given to two digits


def test_trials_with_repeated_doses_are_left_to_a_longer_run():
    trials = single_dose_trials(MODEL)
    assert "murrough2013_midazolam" in trials
    assert not {"ssri_six_weeks", "murrough2013_repeated", "aanhetrot2010_repeated"} & set(trials)


def test_differences_are_paired_over_the_trials_that_all_predict():
    better = {("a", 0): 0.5, ("a", 1): 0.7, ("b", 2): 0.2}
    worse = {("a", 0): 0.8, ("a", 1): 1.0, ("b", 2): 0.5, ("b", 3): 9.0, ("c", 4): 9.0}
    first, second = ranked({"x": worse, "y": better}, {"x": 3, "y": 4}, {"x": 1.0, "y": 2.0})
    assert (first.hypothesis, first.crps, first.behind) == ("y", pytest.approx(0.4), 0.0)
    assert (second.trials, second.rows) == (2, 3)
    assert (second.behind, second.behind_error) == (pytest.approx(0.3), pytest.approx(0, abs=1e-12))  # the same in both
    assert second.standard_error == pytest.approx(np.std([0.9, 0.5], ddof=1) / np.sqrt(2))


def test_what_was_written_down_has_every_hypothesis_once():
    rows = data_rows("refitted_hypotheses")
    names = [row["hypothesis"] for row in rows]
    assert len(names) == len(set(names)) and set(names) == set(HYPOTHESES)
    assert [int(row["free_constants"]) for row in rows] == [
        len(free_quantities(MODEL, HYPOTHESES[name])) for name in names
    ]
