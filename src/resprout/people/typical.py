"""One person with every constant at its shipped value, except what makes this person ill, heavy or slow to clear the drug."""

from __future__ import annotations

import numpy as np

from resprout.language import given_or_shipped
from resprout.language.records import Model
from resprout.people.cohort import Cohort
from resprout.people.covariates import Covariates, CYP2B6_factor, covariate_constants, genotype_named
from resprout.people.screening import CLEARANCE_OF_CYP2B6

MEDIAN_STRESS, MEDIAN_UPTAKE = 1.6, 0.75
"""Medians of recruited people with major depression, where the typical patient of the page and of commands starts."""


def typical_patient(
    *,
    glial_uptake: float = 0.75,
    stress: float = 1.0,
    weight_kg: float = 70.0,
    genotype: str = "Val/Val",
    CYP2B6: str = "normal",
    model: Model | None = None,
) -> Cohort:
    """A cohort of one typical person.

    glial_uptake  1    uptake of glutamate by glia, health = 1      stress   1   chronic stress load, none = 0
    weight_kg     kg   body weight                                  genotype     of BDNF rs6265
    CYP2B6             slow, intermediate or normal                 model        None for the shipped one
    returns       a cohort that `simulate` takes; its one person has no etas
    """
    model = given_or_shipped(model)
    person = {
        "patient": 0,
        "candidate": 0,
        "weight_kg": float(weight_kg),
        "genotype": genotype_named(genotype),
        "CYP2B6": CYP2B6,
        "glial_uptake": float(glial_uptake),
        "stress": float(stress),
        "placebo_propensity": 1.0,
    }
    covariates: Covariates = {name: np.array([value]) for name, value in person.items()}
    constants = covariate_constants(covariates, model.nominal)
    if CLEARANCE_OF_CYP2B6 in model.constants:
        constants[CLEARANCE_OF_CYP2B6] = model.constants[CLEARANCE_OF_CYP2B6].value * CYP2B6_factor(
            covariates, model.nominal
        )
    return Cohort(constants, covariates, 0, "typical", 1)
