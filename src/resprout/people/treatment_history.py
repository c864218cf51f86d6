"""Treatment resistance: candidates in, whether an earlier antidepressant failed them out, by the same model and rater."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from resprout.language.records import Model
from resprout.people.covariates import Covariates
from resprout.people.ratings import rate, within_subject_variation
from resprout.people.streams import normals
from resprout.solve import Events, run_patients

Numbers = NDArray[np.float64]
History = Callable[[Mapping[str, Numbers], Covariates, int], NDArray[np.bool_]]
TRANSPORTER = "SERT_block"
PAST_TRIAL_H = 1008.0  # six weeks


def past_propensity(seed: int, person: NDArray[np.int64], cv: float) -> Numbers:
    """Placebo propensity in the previous treatment, independent of that in the trial.

    seed     of the random streams
    person   [candidate]  1  numbers in the population
    cv       scalar       1  coefficient of variation
    returns  [candidate]  1  mean 1
    """
    sd = np.sqrt(np.log1p(cv**2))
    return np.asarray(np.exp(sd * normals(seed, "past placebo propensity", person) - sd * sd / 2))


def failed_before(model: Model) -> History:
    """Make the test of treatment resistance: who does not respond to six weeks of a serotonin reuptake inhibitor.

    model    model of every candidate
    returns  (constants, covariates, seed) -> [candidate] whether the rating fell by less than half

    The previous treatment blocks the transporter as a usual dose does, where the model has it, with an independent
    expectation; it affects recruitment only, and its effect has ended when the trial begins.
    """

    parameters = model.nominal

    def history(constants: Mapping[str, Numbers], covariates: Covariates, seed: int) -> NDArray[np.bool_]:
        person = covariates["candidate"].astype(np.int64)
        block = parameters["past_transporter_block"] if TRANSPORTER in model.inputs else 0.0
        events = Events(np.zeros(1), (TRANSPORTER,), np.full((1, 1), block)) if block else Events.none()
        solved = run_patients(model, constants, events, [0.0, PAST_TRIAL_H], ["HDRS17"])
        severity = solved.value[:, :, 0]
        odds = (
            parameters["placebo_depth"]
            / (1 - parameters["placebo_depth"])
            * past_propensity(seed, person, parameters["placebo_propensity_cv"])
        )
        developed = 1 - np.exp(-PAST_TRIAL_H / parameters["placebo_onset_pill"])
        expected = 1 - odds / (1 + odds) * parameters["belief_open_label"] * developed
        severity[:, 1] *= expected
        variation = within_subject_variation(seed + 1_000_003, person, [0.0, PAST_TRIAL_H], parameters)
        labels = ["before the past trial", "after the past trial"]
        rated = rate(model.scales["HDRS17"], severity, variation, seed, person, labels, model)
        return np.asarray(rated[:, 1] > rated[:, 0] / 2)

    return history
