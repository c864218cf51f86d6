"""Patients and a dose that several tests of the solver share."""

from __future__ import annotations

import numpy as np

from resprout.language import load_model
from resprout.solve import Events

DOSE_UMOL = 17.5e3 / 237.73


def ketamine(minutes: float = 40.0) -> Events:
    names = ("S_ketamine_infusion", "R_ketamine_infusion")
    rate = DOSE_UMOL / (minutes / 60)
    return Events(np.array([0, 0, minutes / 60, minutes / 60]), names * 2, np.array([[rate], [rate], [0.0], [0.0]]))


def varied_people(count: int) -> dict[str, np.ndarray]:
    """People who differ in every constant that has a log-normal spread, and in the causes of illness."""
    model, draw = load_model(), np.random.default_rng(7)
    people = {
        constant.name: constant.value * np.exp(0.15 * draw.standard_normal(count))
        for constant in model.constants.values()
        if constant.spread.split()[:1] in (["cv"], ["logsd"])
    }
    return people | {"glial_uptake": draw.uniform(0.6, 0.9, count), "stress": draw.uniform(0.8, 1.2, count)}
