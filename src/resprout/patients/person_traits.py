"""Traits by which people are described: particles in, one number per particle and trait out, each with unit and meaning."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from resprout.language.records import Model
from resprout.patients.expected_ratings import Solved
from resprout.people.cohort import Cohort
from resprout.trial.conduct import SEVERITY
from resprout.trial.expectation import placebo_share

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Trait:
    """One trait.

    unit, meaning   as they are shown
    value           (model, people, solved) -> [particle]
    """

    unit: str
    meaning: str
    value: Callable[[Model, Cohort, Sequence[Solved]], Numbers]


def _constant(name: str) -> Callable[[Model, Cohort, Sequence[Solved]], Numbers]:
    """A constant of the model as a trait."""

    def value(model: Model, people: Cohort, solved: Sequence[Solved]) -> Numbers:
        return np.broadcast_to(np.asarray(people.constants.get(name, model.nominal[name]), dtype=float), (len(people),))

    return value


def _column(name: str) -> Callable[[Model, Cohort, Sequence[Solved]], Numbers]:
    """A covariate as a trait."""

    def value(model: Model, people: Cohort, solved: Sequence[Solved]) -> Numbers:
        return np.asarray(people.columns[name], dtype=float)

    return value


def hepatic_clearance(model: Model, people: Cohort, solved: Sequence[Solved]) -> Numbers:
    """Clearance of ketamine from blood by a well-stirred liver, at the person's weight.

    model     gives constants that do not vary
    people    [particle]
    solved    not used
    returns   [particle]  L/h
    """
    parts = ("hepatic_flow", "demethylation_clearance", "other_liver_clearance")
    flow, one, other = (_constant(name)(model, people, solved) for name in parts)
    weight = people.constants.get("body_weight", np.array(model.nominal["body_weight"]))
    size = (weight / model.nominal["reference_weight"]) ** model.nominal["clearance_weight_exponent"]
    intrinsic = one + other
    return np.asarray(size * flow * intrinsic / (flow + intrinsic))


def severity_before(model: Model, people: Cohort, solved: Sequence[Solved]) -> Numbers:
    """True HDRS17 before the first dose.

    model     not used
    people    not used
    solved    by occasion
    returns   [particle]  points
    """
    return np.asarray(solved[0].values[SEVERITY][:, 0])


def drug_relief(model: Model, people: Cohort, solved: Sequence[Solved]) -> Numbers:
    """Largest share of symptoms that the drug alone has taken away at an hour that was followed.

    model     not used
    people    not used
    solved    by occasion
    returns   [particle]  1
    """
    severity = solved[0].values[SEVERITY]
    return np.asarray(1 - severity.min(axis=1) / np.maximum(severity[:, 0], 1e-9))


def placebo_relief(model: Model, people: Cohort, solved: Sequence[Solved]) -> Numbers:
    """Share of symptoms that full expectation takes away.

    model     gives the share of a person of average propensity
    people    [particle]
    solved    not used
    returns   [particle]  1
    """
    return placebo_share(_column("placebo_propensity")(model, people, solved), model.nominal)


TRAITS: Mapping[str, Trait] = {
    "ketamine_clearance": Trait("L/h", "clearance of ketamine by the liver", hepatic_clearance),
    "ketamine_central_volume": Trait("L", "central volume of ketamine", _constant("ketamine_central_volume")),
    "ketamine_NMDA_IC50_factor": Trait("1", "IC50 at NMDA receptors against the median",
                                       _constant("ketamine_NMDA_IC50_factor")),
    "severity_before": Trait("HDRS17", "true severity before the first dose", severity_before),
    "drug_relief": Trait("1", "largest share of symptoms that the drug takes away", drug_relief),
    "placebo_relief": Trait("1", "share of symptoms that full expectation takes away", placebo_relief),
    "recovery": Trait("1", "speed of recovery in the clinical course, mean 1", _column("recovery")),
    "stress": Trait("1", "chronic stress load", _column("stress")),
}  # fmt: skip


def trait_values(model: Model, people: Cohort, solved: Sequence[Solved]) -> dict[str, Numbers]:
    """Every trait of some particles.

    model     whose constants              people    [particle]
    solved    outputs by occasion
    returns   by trait: [particle]
    """
    return {
        name: trait.value(model, people, solved)
        for name, trait in TRAITS.items()
        if not name.startswith("ketamine") or "ketamine_central_volume" in model.constants
    }
