"""Growth: age and sex in; height, body mass index and odds of placebo response below 18 years out, relative to adults."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
ADULT_AGE = 18.0
GROWTH_AGES = (12.0, 14.0, 16.0)
"""Ages, in years, of which people.tsv has the size of girls and boys."""


def share_of_adult(
    quantity: str, age: Numbers, female: NDArray[np.bool_], parameters: Mapping[str, float | Numbers]
) -> Numbers:
    """Median height or body mass index relative to that at ADULT_AGE.

    quantity    height or BMI
    age         [person]  year
    female      [person]        whether the person is a girl or a woman
    parameters  by constant of the model; `<quantity>_share_girls_<age>` and `<quantity>_share_boys_<age>` are used
    returns     [person]  1     linear between the ages of the table, level below the first, exactly 1 for adults
    """
    known = [
        np.where(female, parameters[f"{quantity}_share_girls_{year:g}"], parameters[f"{quantity}_share_boys_{year:g}"])
        for year in GROWTH_AGES
    ]
    share = known[0]
    spans = zip(
        itertools.pairwise((*GROWTH_AGES, ADULT_AGE)), itertools.pairwise((*known, np.ones(age.shape))), strict=True
    )
    for (first, last), (low, high) in spans:
        share = share + (high - low) * np.clip((age - first) / (last - first), 0.0, 1.0)
    return np.where(age < ADULT_AGE, share, 1.0)


def placebo_odds_by_age(age: Numbers, parameters: Mapping[str, float | Numbers]) -> Numbers:
    """Factor of placebo propensity by age.

    age         [person]  year
    parameters  by constant of the model; `adolescent_placebo_odds` is used
    returns     [person]  1     exactly 1 for adults
    """
    return np.where(age < ADULT_AGE, parameters["adolescent_placebo_odds"], 1.0)


def placebo_propensity(eta: Numbers, age: Numbers, parameters: Mapping[str, float | Numbers]) -> Numbers:
    """Multiplier of the odds of the share of symptoms that a person loses by expectation.

    eta         [person]  1     standard normal
    age         [person]  year
    parameters  by constant of the model; `placebo_propensity_sd` and `adolescent_placebo_odds` are used
    returns     [person]  1     median 1 in adults
    """
    return np.asarray(placebo_odds_by_age(age, parameters) * np.exp(parameters["placebo_propensity_sd"] * eta))


def propensity_again(
    propensity: Numbers, other: Numbers, age: Numbers, parameters: Mapping[str, float | Numbers]
) -> Numbers:
    """Placebo propensity of the same people in another treatment, which is only in part that of the first.

    propensity  [person]  1     in the first treatment, as `placebo_propensity` gives it
    other       [person]  1     standard normal, independent of it
    age         [person]  year
    parameters  by constant of the model; `placebo_propensity_sd`, `propensity_correlation` and `adolescent_placebo_odds` are used
    returns     [person]  1     with the same distribution; on the log scale it correlates by `propensity_correlation` with the first
    """
    sd, same = parameters["placebo_propensity_sd"], parameters["propensity_correlation"]
    by_age = placebo_odds_by_age(age, parameters)
    return np.asarray(by_age * (propensity / by_age) ** same * np.exp(sd * np.sqrt(1 - same * same) * other))
