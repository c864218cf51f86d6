"""Treatment resistance: candidates in, whether an earlier antidepressant failed them out, by the same model and rater."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from resprout.language.records import Model
from resprout.people.covariates import Covariates
from resprout.people.growth import propensity_again
from resprout.people.ratings import rate, within_subject_variation
from resprout.people.spreads import odds_times
from resprout.people.streams import normals, uniforms
from resprout.solve import Events, run_patients

Numbers = NDArray[np.float64]
History = Callable[[Mapping[str, Numbers], Covariates, int], NDArray[np.bool_]]
TRANSPORTER = "SERT_block"
PAST_TRIAL_H = 1008.0  # six weeks


def failed_before(model: Model) -> History:
    """Make the test of treatment resistance: who does not respond to any of the past trials of a serotonin reuptake inhibitor.

    model    model of every candidate
    returns  (constants, covariates, seed) -> [candidate] whether the rating fell by less than half in each past trial

    A past trial lasts six weeks, blocks the transporter as a usual dose does, where the model has it, and is open. The placebo
    propensity in each is correlated with that of the trial to come; a person has one response to all inhibitors. Past
    trials affect recruitment only, and their effect has ended when the trial begins.
    """
    parameters = model.nominal

    def history(constants: Mapping[str, Numbers], covariates: Covariates, seed: int) -> NDArray[np.bool_]:
        person = covariates["candidate"].astype(np.int64)
        block = parameters["past_transporter_block"] if TRANSPORTER in model.inputs else 0.0
        events = Events(np.zeros(1), (TRANSPORTER,), np.full((1, 1), block)) if block else Events.none()
        solved = run_patients(model, constants, events, [0.0, PAST_TRIAL_H], ["HDRS17"])
        severity = solved.value[:, :, 0]
        failed = np.ones(len(person), dtype=bool)
        trials = _past_trials(seed, person, parameters)
        for number in range(int(trials.max(initial=0))):
            variation = within_subject_variation(seed + 1_000_003 + number, person, [0.0, PAST_TRIAL_H], parameters)
            labels = [f"{when} past trial {number}" for when in ("before", "after")]
            expected = _left_by_expectation(covariates, number, seed, person, parameters)
            true = severity * np.stack([np.ones(len(person)), expected], axis=1)
            rated = rate(model.scales["HDRS17"], true, variation, seed, person, labels, model)
            failed &= (rated[:, 1] > rated[:, 0] / 2) | (number >= trials)
        return failed

    return history


def _past_trials(seed: int, person: NDArray[np.int64], parameters: Mapping[str, float]) -> NDArray[np.int64]:
    """[patient] past trials of each person: `past_trials` on average, of the two whole numbers beside it."""
    whole = int(np.floor(parameters["past_trials"]))
    return whole + (uniforms(seed, "number of past trials", person) < parameters["past_trials"] - whole)


def _left_by_expectation(
    covariates: Covariates, number: int, seed: int, person: NDArray[np.int64], parameters: Mapping[str, float]
) -> Numbers:
    """Share of symptoms that open expectation leaves at the end of a past trial: [candidate]."""
    other = normals(seed, f"placebo propensity in past trial {number}", person)
    past = propensity_again(covariates["placebo_propensity"], other, covariates["age"], parameters)
    developed = 1 - np.exp(-PAST_TRIAL_H / parameters["placebo_onset_pill"])
    left = (1 - odds_times(parameters["placebo_depth"], past)) ** parameters["belief_open_label"]
    return np.asarray(1 - developed * (1 - left))
