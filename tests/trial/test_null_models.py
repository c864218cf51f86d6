"""Null models: the same patients and raters, but no drug changes mood, or no drug does anything."""

from __future__ import annotations

import numpy as np
import pytest

from resprout.language import load_model
from resprout.trial.null_models import AS_MODELLED, DRUGS_INERT, MOOD_FROZEN
from resprout.trial.protocol import read_protocol
from resprout.trial.replicates import run_series, run_series_beside_nulls


@pytest.fixture(scope="module")
def midazolam_trial():
    model = load_model()
    protocol, regimens = read_protocol("murrough2013_midazolam", model)
    # people who must have failed a treatment would be others where no treatment works
    protocol = protocol.model_copy(update={"entry": protocol.entry.model_copy(update={"resistant": False})})
    _, outcomes = run_series_beside_nulls(protocol, regimens, model, 6, 1, point=True)
    return model, protocol, regimens, outcomes


def test_the_model_beside_its_nulls_is_the_model_alone(midazolam_trial):
    model, protocol, regimens, outcomes = midazolam_trial
    alone = run_series(protocol, regimens, model, 6, 1, point=True)[1]
    for key, rating in alone.ratings.items():
        assert np.array_equal(rating, outcomes[AS_MODELLED].ratings[key], equal_nan=True)


def test_mood_frozen_is_the_model_in_which_severity_never_moves(midazolam_trial):
    model, protocol, regimens, outcomes = midazolam_trial
    frozen = model.with_parameters({"severity_time": 1e9})
    solved = run_series(protocol, regimens, frozen, 6, 1, point=True)[1]
    for key, rating in solved.ratings.items():
        assert np.array_equal(rating, outcomes[MOOD_FROZEN].ratings[key], equal_nan=True)


def test_an_inert_drug_differs_from_its_control_by_chance_and_belief_only(midazolam_trial):
    _, protocol, _, outcomes = midazolam_trial
    visit = protocol.endpoints[0].visits.index(24.0)
    fall = {
        name: [
            np.nanmean(outcome.ratings[arm.name, "MADRS"][:, :, 0] - outcome.ratings[arm.name, "MADRS"][:, :, visit])
            for arm in protocol.arms
        ]
        for name, outcome in outcomes.items()
    }
    assert fall[AS_MODELLED][0] - fall[AS_MODELLED][1] > 5
    assert abs(fall[DRUGS_INERT][0] - fall[DRUGS_INERT][1]) < 3
    assert fall[DRUGS_INERT][1] > 2  # the response to placebo is alive
