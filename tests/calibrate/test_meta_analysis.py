"""The meta-analysis: it finds what was put in, a prediction does not use its own trial, and virtual outcomes read like trials."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from resprout.calibrate.meta_analysis_covariates import Cell
from resprout.calibrate.meta_analysis_effects import coverage, drug_effects, fixed_effects, leave_one_trial_out
from resprout.calibrate.meta_analysis_fit import fit_meta_analysis
from resprout.calibrate.meta_analysis_predictions import predict_cells, virtual_outcome
from resprout.calibrate.meta_analysis_rows import improvement_rows, trial_summaries
from resprout.calibrate.meta_analysis_time_courses import time_course_panels
from resprout.errors import InputError
from resprout.language import load_model
from resprout.trial.protocol import shipped_protocols
from resprout.trial.published_numbers import published_statistic

MODEL = load_model()
NAMES = [name for name in shipped_protocols() if name in {
    "berman2000", "zarate2006", "diazgranados2010_bipolar", "zarate2012_bipolar", "murrough2013_midazolam",
    "murrough2013_repeated", "larkin2011", "mathew2010", "rutherford2012_wait_list", "ssri_six_weeks",
    "preskorn2008_traxoprodil", "zarate2013_lanicemine",
}]  # fmt: skip


@pytest.fixture(scope="module")
def fit():
    return fit_meta_analysis(trial_summaries(MODEL, NAMES))


def test_a_published_number_is_read_as_an_improvement():
    [trial] = trial_summaries(MODEL, ["murrough2013_midazolam"])
    rows = {(row.evidence, row.arm, row.control): row for row in improvement_rows([trial])}
    fall = rows["CT039", "ketamine", ""]
    assert fall.improvement == pytest.approx(16.5 / 32.33, rel=1e-6)  # CT039 and CT044 of the paper
    response = rows["CR039", "ketamine", ""]
    assert 0.5 < response.improvement < 0.7  # 64 % respond, so that the mean lies above half of baseline
    assert rows["CT041", "ketamine", "midazolam"].improvement > 0
    # an active placebo is a type of control
    assert trial.treatments["midazolam"] == () and trial.control_type == "midazolam"


def test_ketamine_works_and_is_known_better_than_a_drug_of_one_trial(fit):
    effects = {each.name: each for each in drug_effects(fit)}
    ketamine, other = effects["ketamine"], effects["traxoprodil"]
    assert ketamine.lower > 0.1 and ketamine.trials >= 5
    assert other.upper - other.lower > ketamine.upper - ketamine.lower
    assert all(each.lower < each.median < each.upper for each in fixed_effects(fit))


def test_what_was_put_in_comes_out():
    """Rows made from known effects: the fit finds the effect of ketamine beyond control."""
    trials = trial_summaries(MODEL, NAMES)
    random, made = np.random.default_rng(2), []
    for trial in trials:
        rows = []
        for row in trial.protocol.published:
            if row.statistic == "mean_change" and row.endpoint in ("MADRS", "HDRS17", "HDRS25"):
                drug = any(each.drug == "ketamine" for each in trial.treatments[row.arm])
                fall = 30 * (0.1 + 0.4 * drug + 0.03 * random.standard_normal())
                rows.append(row.model_copy(update={"value": -fall}))
        made.append(dataclasses.replace(trial, protocol=trial.protocol.model_copy(update={"published": tuple(rows)})))
    found = {each.name: each for each in drug_effects(fit_meta_analysis(made))}
    assert found["ketamine"].lower < 0.45 < found["ketamine"].upper


def test_a_prediction_without_a_trial_does_not_move_with_its_numbers(fit):
    name = "zarate2006"
    rows = tuple(
        dataclasses.replace(row, improvement=row.improvement - 0.3) if row.trial == name else row for row in fit.rows
    )
    moved = dataclasses.replace(fit, rows=rows)
    [trial] = [each for each in fit.trials if each.name == name]
    cells = [Cell(trial, "ketamine", "HDRS21", 24.0)]
    means = [
        {without: (found := predict_cells(each, cells, without)).weight @ found.mean for without in (name, None)}
        for each in (fit, moved)
    ]
    assert means[0][name] == pytest.approx(means[1][name], abs=0.03)
    assert means[0][None] - means[1][None] > 0.1


def test_intervals_hold_about_their_share_of_left_out_trials(fit):
    found = coverage(leave_one_trial_out(fit))
    assert found[50] < found[80] <= found[90] <= found[95]
    assert 0.75 <= found[90] <= 1.0


def test_virtual_outcomes_give_every_statistic_of_depression(fit):
    [trial] = [each for each in fit.trials if each.name == "murrough2013_repeated"]
    outcome = virtual_outcome(fit, trial, 60, 1)
    for row in trial.protocol.published:
        found = published_statistic(trial.protocol, outcome, row)
        assert found.shape == (60,) and np.isnan(found).mean() < 0.5, row  # infinite where fewer than half relapsed
    again = virtual_outcome(fit, trial, 60, 1)
    assert all(np.array_equal(value, again.ratings[key]) for key, value in outcome.ratings.items())


def test_time_courses_begin_at_no_improvement(fit):
    panels = {panel.title.split(" (")[0]: panel for panel in time_course_panels(fit)}
    median, lower, upper = panels["ketamine"].curves["drug"]
    assert abs(median[0]) < 1e-9 and max(median) > 0.3
    assert all(low <= high for low, high in zip(lower, upper, strict=True))
    assert any(not control for *_, control, _ in panels["ketamine"].points)


def test_too_few_trials_are_refused():
    with pytest.raises(InputError, match="expects 4 or more"):
        fit_meta_analysis(trial_summaries(MODEL, ["berman2000", "larkin2011"]))
