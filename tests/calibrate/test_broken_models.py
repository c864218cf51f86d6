"""A model broken on purpose loses skill: effects halved or six times as large, a late onset, drug and control exchanged."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from resprout.calibrate import trial_predictions
from resprout.calibrate.scoreboard_totals import totals
from resprout.calibrate.trial_entries import read_trials, trial_entries
from resprout.language import load_model
from resprout.people.draws import with_draws
from resprout.trial import conduct
from resprout.trial.protocol import read_protocol
from resprout.trial.sequences import shifted

MODEL = with_draws(load_model(), [])  # one point is enough to tell a broken model, and quick
TRIALS = ("zarate2006", "murrough2013_midazolam", "diazgranados2010_bipolar")
run_cohort = conduct.run_cohort


def effect_times(factor):
    """The engine with every change of mood multiplied."""

    def run(model, cohort, scenario, numerics):
        found = run_cohort(model, cohort, scenario, numerics)
        column = list(scenario.outputs).index("HDRS17")
        value = found.value.copy()
        start = cohort.columns["HDRS17"][:, None]
        value[:, :, column] = np.clip(start + factor * (value[:, :, column] - start), 0, 52)
        return dataclasses.replace(found, value=value)

    return run


def a_day_late(model, cohort, scenario, numerics):
    """The engine with every dose a day late."""
    return run_cohort(model, cohort, dataclasses.replace(scenario, regimen=shifted(scenario.regimen, 24.0)), numerics)


def exchanged(name, model):
    """The protocol with the treatments of its two arms exchanged."""
    protocol, regimens = read_protocol(name, model)
    one, two = regimens
    return protocol, {one: regimens[two], two: regimens[one]}


def trial_totals():
    """Totals of the trials, without what no drug changes."""
    plans = [plan for plan in read_trials() if plan.trial in TRIALS]
    entries = [
        entry
        for plan in plans
        for entry in trial_entries(MODEL, [plan], 24, meta_analysis=False)
        if entry.comparison != "baseline"
    ]
    return totals(entries)


@pytest.fixture(scope="module")
def right():
    """The model as it ships."""
    return trial_totals()


def test_the_model_as_it_ships_has_skill(right):
    assert right["skill"] > 0.2 and right["skill_inert"] > 0.2


# These early trials of one site found larger effects than all trials together, so that four times the effect suits them nearly as well
# (docs/limits.md)
@pytest.mark.parametrize(
    ("place", "name", "broken"),
    [
        (conduct, "run_cohort", effect_times(0.5)),
        (conduct, "run_cohort", effect_times(6.0)),
        (conduct, "run_cohort", a_day_late),
        (trial_predictions, "read_protocol", exchanged),
    ],
    ids=["effect halved", "effect six times as large", "onset a day late", "drug and control exchanged"],
)
def test_a_broken_model_loses_skill(monkeypatch, right, place, name, broken):
    monkeypatch.setattr(place, name, broken)
    worse = trial_totals()
    assert worse["crps"] > 1.1 * right["crps"]
    assert worse["skill"] < right["skill"] - 0.05
