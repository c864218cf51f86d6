"""Models in which no drug works: true scores of treated patients in, true scores of the same patients under a null model out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from resprout.language.rating_scales import keep_within, mood_rated
from resprout.language.records import Model
from resprout.people.cohort import Cohort
from resprout.solve import steady_state

Numbers = NDArray[np.float64]
AS_MODELLED = "model"
MOOD_FROZEN = "mood frozen"
DRUGS_INERT = "drugs inert"
NULL_MODELS = {
    MOOD_FROZEN: "no drug changes mood; everything else a drug does, and the response to placebo, are as in the model",
    DRUGS_INERT: "no drug does anything; the response to placebo is as in the model",
}


def untreated(model: Model, cohort: Cohort, outputs: Sequence[str]) -> Numbers:
    """Outputs of patients whom no drug has reached.

    model    of every patient
    cohort   patients
    outputs  [output]           names
    returns  [patient, output]  unit of the output; the steady state at which every patient starts
    """
    value, _ = steady_state(model, cohort.constants, outputs)
    keep_within(model.scales, outputs, value)
    return value


def under_null_model(name: str, model: Model, outputs: Sequence[str], treated: Numbers, rest: Numbers) -> Numbers:
    """True scores under a null model.

    name     AS_MODELLED, or a key of NULL_MODELS
    model    whose scales tell which outputs rate mood
    outputs  [output]                 names
    treated  [patient, hour, output]  any  as the model has it
    rest     [patient, output]        any  of the same patients without a drug
    returns  [patient, hour, output]  any
    """
    if name == AS_MODELLED:
        return treated
    held = [name == DRUGS_INERT or mood_rated(model.scales, output) for output in outputs]
    return np.where(held, rest[:, None, :], treated)
