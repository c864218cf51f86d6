"""Parameters that a user sets: values by name in; a model that has them, and what is left to set in each person, out."""

from __future__ import annotations

import math
from collections.abc import Mapping

from resprout.errors import Fault, InputError, nearest, refuse_others
from resprout.language.given_values import mapping_of, number_of
from resprout.language.records import Model

OF_A_PERSON = {
    "body_weight": "weight_minimum, weight_maximum or BMI_women",
    "glial_uptake": "mdd_glial_loss_minimum and mdd_glial_loss_maximum",
    "stress": "stress_mean",
    "BDNF_release_factor": "Val_Met_release_factor, or choose a genotype",
}
"""Constants that follow from a person's covariates, and what to set in their place."""


def split_overrides(
    model: Model, overrides: Mapping[str, float], *, recruited: bool = False
) -> tuple[Model, dict[str, float]]:
    """Values for a cohort: those of people and ratings act while people are recruited, the others hold for everybody then.

    recruited   whether the people have been recruited already
    returns     the model with the former; the latter, by constant of the chain
    raises      InputError with every name that the model has not, or that comes too late
    """
    others = {
        name: value
        for name, value in overrides.items()
        if name not in model.constants or not model.constants[name].in_chain
    }
    own = {name: value for name, value in overrides.items() if name not in others}
    if recruited and others:
        expected = "Expected a number of people, or constants of the chain."
        remedy = "Recruit with `model=model.with_parameters({...})`."
        faults = [
            Fault(f"`{name}` acts while people are recruited, and these have been.", "", expected, remedy, field=name)
            for name in others
        ]
        raise InputError(*faults)
    return model.with_parameters(others) if others else model, own


def overridden(model: Model, overrides: Mapping[str, float] | None) -> Model:
    """The model of a trial with other values of some parameters; people still vary around them, nothing draws them.

    raises    InputError with every value that is none or out of bounds, every unknown name and every constant that each person has of their own
    """
    faults = []
    given = {} if overrides is None else mapping_of(overrides)
    refuse_others(("overrides", overrides, given is not None, "values by parameter"))
    for name, value in (given or {}).items():
        number = number_of(value)
        if name not in model.constants:
            remedy = nearest(str(name), model.constants, "resprout describe")
            faults.append(Fault(f"`{name}` is no constant of the model.", "", "", remedy, field=str(name)))
        elif number is None or not math.isfinite(number):
            faults.append(Fault(f"`{name}` is set to {value}.", "", "Expected a finite number.", field=name))
        elif not (constant := model.constants[name]).allows(number):
            faults.append(Fault(f"`{name}` is set to {value}.", "", f"Expected {constant.allowed}.", field=name))
        elif name in OF_A_PERSON:
            found = f"`{name}` is each person's own in a trial."
            faults.append(Fault(found, "", "", f"Set {OF_A_PERSON[name]}.", field=name))
    if faults:
        raise InputError(*faults)
    return model.with_parameters({name: float(value) for name, value in given.items()}) if given else model
