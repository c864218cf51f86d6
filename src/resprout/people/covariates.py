"""Who a person is: a seed and person's numbers in; age, sex, weight, ancestry, genotype, enzyme and illness out."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from resprout.errors import Fault, InputError, nearest
from resprout.people.growth import ADULT_AGE, placebo_propensity, share_of_adult
from resprout.people.spreads import log_normal
from resprout.people.streams import normals, uniforms
from resprout.people.studies import INTRACLASS_CORRELATION, etas

ANCESTRIES = ("european", "african", "east_asian")
GENOTYPES = ("Val/Val", "Val/Met", "Met/Met")
RELEASE_FACTORS = dict(
    zip(GENOTYPES, ("Val_Val_release_factor", "Val_Met_release_factor", "Met_Met_release_factor"), strict=True)
)
CYP2B6_GROUPS = ("slow", "intermediate", "normal")
POPULATIONS = ("mdd", "bipolar", "healthy")
COMEDICATIONS = ("none", "lithium", "valproate")
COMEDICATION_INPUTS = {"lithium": ("GSK3_block", "lithium_GSK3_block")}

People = NDArray[np.int64]
Numbers = NDArray[np.float64]
Covariates = dict[str, NDArray]
"""By covariate: [person]. Plain arrays, because a data frame takes as long to import as a run takes."""
RESPONSIVENESS = {"mTORC1_half_point": 1.0, "monoamines_on_protein": -1.0}
"""What a loss of responsiveness does to the random effect of each constant."""
Parameters = Mapping[str, float | Numbers]
"""By constant of the model: a value for everybody, or [person] where each has a posterior draw."""


def draw_covariates(  # many arguments: the streams, and whom people are drawn from
    seed: int,
    person: People,
    population: str,
    parameters: Parameters,
    genotype: str | None = None,
    *,
    resistant: bool = False,
    crisis: bool = False,
) -> Covariates:
    """Draw the covariates of people.

    seed, person   as in `streams.uniforms`
    population     mdd or bipolar (glial loss and stress), or healthy (neither)
    parameters     by constant of the model, of which those of people.tsv are read
    genotype       rs6265 genotype given to everybody; None draws it by ancestry
    resistant      whether they are people in whom antidepressants have failed, under a larger stress load
    crisis         whether they are people in hospital in a suicidal crisis, under a larger stress load
    returns        by name, [person]: candidate, age (years), sex, height_cm, weight_kg, BMI, ancestry, genotype, CYP2B6,
                   comedication, glial_uptake (1 = health), stress (0 = none), placebo_propensity (median 1 in adults), recovery
                   (speed of recovery in the clinical course, mean 1)
    """
    ancestry = _choose(seed, "ancestry", person, [parameters[f"{name}_share"] for name in ANCESTRIES[:-1]], ANCESTRIES)
    sex = np.where(uniforms(seed, "sex", person) < parameters["female_share"], "female", "male")
    age = np.round(_age(seed, person, parameters), 1)
    height, BMI, weight = _body(seed, person, sex, age, parameters)
    given = "" if genotype is None else genotype_named(genotype)
    return {
        "candidate": person,
        "age": age,
        "sex": sex,
        "height_cm": np.round(height, 1),
        "weight_kg": weight,
        "BMI": np.round(BMI, 1),
        "ancestry": ancestry,
        "genotype": _genotype(seed, person, ancestry, parameters) if genotype is None else np.full(person.size, given),
        "CYP2B6": _CYP2B6(seed, person, ancestry, parameters),
        "comedication": _comedication(seed, person, population, parameters),
        "glial_uptake": 1 - _glial_loss(seed, person, population, parameters),
        "stress": _stress(seed, person, population, parameters, resistant=resistant, crisis=crisis),
        "placebo_propensity": placebo_propensity(
            etas(seed, "placebo propensity", person, parameters[INTRACLASS_CORRELATION]), age, parameters
        ),
        "recovery": _log_normal(seed, "recovery", person, "recovery_cv", parameters),
    }


def covariate_constants(covariates: Covariates, parameters: Parameters) -> dict[str, Numbers]:
    """The model's causes that follow from covariates: by constant, [person], in the constant's unit.

    parameters   by constant of the model; release by genotype and the block by lithium are read
    """
    constants = {
        "body_weight": covariates["weight_kg"].astype(float),
        "glial_uptake": covariates["glial_uptake"].astype(float),
        "stress": covariates["stress"].astype(float),
        "BDNF_release_factor": _by_group(
            covariates["genotype"], {name: parameters[row] for name, row in RELEASE_FACTORS.items()}
        ),
    }
    for drug, (name, size) in COMEDICATION_INPUTS.items():
        taken = covariates["comedication"] == drug if "comedication" in covariates else np.zeros(0, bool)
        if taken.any():
            constants[name] = taken * parameters[size]
    return constants


def glial_loss(eta: Numbers, population: str, parameters: Parameters) -> Numbers:
    """Share of glial uptake that people with depression have lost.

    eta          [person]  1   standard normal
    population   mdd or bipolar
    parameters   by constant of the model; smallest and largest loss of the population are used
    returns      [person]  1   uniform between them
    """
    low, high = (parameters[f"{population}_glial_loss_{end}"] for end in ("minimum", "maximum"))
    return np.asarray(low + (high - low) * ndtr(eta))


def stress_load(eta: Numbers, parameters: Parameters, *, resistant: bool = False, crisis: bool = False) -> Numbers:
    """Chronic stress load of people with depression.

    eta          [person]  1   standard normal
    parameters   by constant of the model; `stress_mean`, `stress_cv`, and ratios of resistance and crisis are used
    resistant    whether antidepressants have failed in these people
    crisis       whether they are in hospital in a suicidal crisis
    returns      [person]  1   log-normal
    """
    ratio = (parameters["stress_resistant"] if resistant else 1.0) * (parameters["stress_crisis"] if crisis else 1.0)
    return np.asarray(ratio * parameters["stress_mean"] * log_normal(eta, parameters["stress_cv"]))


def CYP2B6_factor(covariates: Covariates, parameters: Parameters) -> Numbers:
    """The intrinsic clearance to norketamine against that of a normal metaboliser: [person], ratio."""
    activity = {
        "slow": parameters["CYP2B6_slow_activity"],
        "intermediate": parameters["CYP2B6_intermediate_activity"],
        "normal": 1.0,
    }
    share = parameters["CYP2B6_enzyme_share"]
    return 1 - share + share * _by_group(covariates["CYP2B6"], activity)


def liver_flow_factor(covariates: Covariates, parameters: Parameters) -> Numbers:
    """The blood flow through the liver against that at the mean age: [person], ratio; below 18 years as at 18."""
    age = np.maximum(covariates["age"], ADULT_AGE)
    return np.exp(parameters["hepatic_flow_by_age"] * (age - parameters["age_mean"]))


def etas_at_age(drawn: Mapping[str, Numbers], covariates: Covariates, parameters: Parameters) -> dict[str, Numbers]:
    """Random effects of people of their age: responsiveness to drugs of either kind falls with it.

    drawn        by random effect: [person]  1      standard normal, as drawn
    covariates   with the age                years  below 18 as at 18
    parameters   by constant of the model; `responsiveness_by_age` and `age_mean` are used
    returns      by random effect: [person]  1      unchanged at the mean age
    """
    age = np.maximum(covariates["age"], ADULT_AGE)
    lost = np.asarray(parameters["responsiveness_by_age"] * (age - parameters["age_mean"]))
    return dict(drawn) | {name: drawn[name] + sign * lost for name, sign in RESPONSIVENESS.items() if name in drawn}


def _by_group(groups: NDArray, value: Parameters) -> Numbers:
    """Each person's value by the group they belong to."""
    return np.select([groups == name for name in value], list(value.values()), np.nan)


def genotype_named(text: str) -> str:
    """Read an rs6265 genotype in any case and order, for instance `met/val` as `Val/Met`."""
    alleles = sorted(text.strip().lower().split("/"), reverse=True)
    for genotype in GENOTYPES:
        if genotype.lower().split("/") == alleles:
            return genotype
    expected = f"Expected {', '.join(GENOTYPES)}."
    raise InputError(Fault(f"`{text}` is no rs6265 genotype.", "", expected, nearest(text, GENOTYPES)))


def _age(seed: int, person: People, parameters: Parameters) -> Numbers:
    """Ages of a normal spread, cut at both ends without piling up there; below 18 years all ages are as frequent as 18."""
    mean, sd = parameters["age_mean"], parameters["age_sd"]
    first, last = parameters["age_minimum"], parameters["age_maximum"]
    grown = np.maximum(first, ADULT_AGE)
    low, high = (ndtr((limit - mean) / sd) for limit in (grown, np.maximum(last, grown)))
    if np.all(np.asarray(first) >= ADULT_AGE):
        return mean + sd * ndtri(low + (high - low) * uniforms(seed, "age", person))
    each = np.exp(-(((ADULT_AGE - mean) / sd) ** 2) / 2) / (sd * np.sqrt(2 * np.pi))  # of people, in a year below 18
    young = each * np.maximum(np.minimum(last, ADULT_AGE) - first, 0.0)
    place = (young + high - low) * uniforms(seed, "age", person)
    adult = mean + sd * ndtri(low + np.maximum(place - young, 0.0))
    return np.where(place < young, first + place / each, adult)


def _body(
    seed: int, person: People, sex: NDArray, age: Numbers, parameters: Parameters
) -> tuple[Numbers, Numbers, Numbers]:
    """Height (cm), body mass index (kg/m2), both by sex and age, and the weight (kg) that follows from them."""
    female = sex == "female"
    middle = np.where(female, parameters["height_women"], parameters["height_men"])
    middle = middle * share_of_adult("height", age, female, parameters)
    height = middle + parameters["height_sd"] * normals(seed, "height", person)
    aged = np.exp(parameters["BMI_by_age"] * (np.maximum(age, ADULT_AGE) - parameters["age_mean"]))
    aged = aged * share_of_adult("BMI", age, female, parameters)
    median = np.where(female, parameters["BMI_women"], parameters["BMI_men"]) * aged
    BMI = median * np.exp(parameters["BMI_logsd"] * normals(seed, "BMI", person))
    lightest = np.where(age < ADULT_AGE, parameters["adolescent_weight_minimum"], parameters["weight_minimum"])
    weight = np.clip(BMI * (height / 100) ** 2, lightest, parameters["weight_maximum"])
    return height, weight / (height / 100) ** 2, weight


def _glial_loss(seed: int, person: People, population: str, parameters: Parameters) -> Numbers:
    if population == "healthy":
        return np.zeros(person.size)
    return glial_loss(etas(seed, "glial loss", person, parameters[INTRACLASS_CORRELATION]), population, parameters)


def _stress(
    seed: int, person: People, population: str, parameters: Parameters, *, resistant: bool, crisis: bool
) -> Numbers:
    if population == "healthy":
        return np.zeros(person.size)
    eta = etas(seed, "stress", person, parameters[INTRACLASS_CORRELATION])
    return stress_load(eta, parameters, resistant=resistant, crisis=crisis)


def _comedication(seed: int, person: People, population: str, parameters: Parameters) -> NDArray:
    """Mood stabilisers that people with bipolar disorder take; nothing else is taken."""
    if population != "bipolar":
        return np.full(person.size, COMEDICATIONS[0])
    return _choose(seed, "comedication", person, [0.0, parameters["bipolar_lithium_share"]], COMEDICATIONS)


def _CYP2B6(seed: int, person: People, ancestry: NDArray, parameters: Parameters) -> NDArray:
    """Count copies of the slow allele, each inherited independently at the frequency of the ancestry."""
    frequency = np.select(
        [ancestry == name for name in ANCESTRIES], [parameters[f"{name}_slow_CYP2B6_frequency"] for name in ANCESTRIES]
    )
    first, second = (uniforms(seed, f"CYP2B6 allele {copy}", person) < frequency for copy in ("one", "two"))
    return np.array(CYP2B6_GROUPS)[2 - (first.astype(int) + second)]


def _genotype(seed: int, person: People, ancestry: NDArray, parameters: Parameters) -> NDArray:
    """Count Met alleles, each inherited independently (Hardy-Weinberg) at the frequency of the ancestry."""
    frequency = np.select(
        [ancestry == name for name in ANCESTRIES], [parameters[f"{name}_Met_frequency"] for name in ANCESTRIES]
    )
    first, second = (uniforms(seed, f"rs6265 allele {copy}", person) < frequency for copy in ("one", "two"))
    return np.array(GENOTYPES)[first.astype(int) + second]


def _choose(
    seed: int, purpose: str, person: People, shares: Sequence[float | Numbers], names: tuple[str, ...]
) -> NDArray:
    """Put each person in one of several groups; the last group takes what the shares leave."""
    chance = uniforms(seed, purpose, person)
    group = np.zeros(person.size, dtype=np.int64)
    for edge in itertools.accumulate(shares):
        group += edge < chance
    return np.array(names)[group]


def _log_normal(seed: int, purpose: str, person: People, cv: str, parameters: Parameters) -> Numbers:
    """A multiplier of mean 1 and the coefficient of variation of this name."""
    return log_normal(etas(seed, purpose, person, parameters[INTRACLASS_CORRELATION]), parameters[cv])
