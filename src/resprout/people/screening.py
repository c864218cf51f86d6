"""Screening: candidates are drawn, rated and asked about their history; those who may enter a study come out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from resprout.language.records import Model
from resprout.people.covariates import (
    Covariates,
    CYP2B6_factor,
    Numbers,
    Parameters,
    covariate_constants,
    draw_covariates,
    etas_at_age,
    liver_flow_factor,
)
from resprout.people.draws import drawn_parameters
from resprout.people.entry import Entry, limits_of_age, shares_of_ancestry
from resprout.people.guards import guard_constants
from resprout.people.ratings import points_of, screening_rater
from resprout.people.spreads import draw_etas, spread_constants
from resprout.people.studies import INTRACLASS_CORRELATION
from resprout.people.treatment_history import History, failed_before
from resprout.solve import steady_state

Rater = Callable[[str, Numbers, NDArray[np.int64], int], Numbers]
Enrolled = tuple[dict[str, Numbers], Covariates]
CLEARANCE_OF_CYP2B6 = "demethylation_clearance"
LIVER_FLOW = "hepatic_flow"
SCREENED_SCALES = ("HDRS17", "MADRS")


@dataclass(frozen=True)
class Visit:
    """How a candidate is seen at the screening visit.

    rater     (scale, true score, candidate, seed) -> rating; None reads the true score
    history   (constants, covariates, seed) -> whether an antidepressant has failed; None asks `failed_before` of the model
    lead_in   (constants, covariates, seed) -> who goes on after the phases before allocation; None for none
    """

    rater: Rater | None = None
    history: History | None = None
    lead_in: History | None = None


@dataclass(frozen=True)
class Recruitment:
    """Whom a study looks for.

    entry       criteria                        seed      of the draw
    population  mdd, bipolar or healthy         genotype  rs6265 genotype given to everybody; None draws it
    visit       how candidates are seen         uncertain whether each has a posterior draw of the parameters; otherwise
                                                          all share the point estimate
    crisis      whether they are in hospital in a suicidal crisis
    """

    entry: Entry
    seed: int = 1
    population: str = "mdd"
    genotype: str | None = None
    visit: Visit = Visit()
    uncertain: bool = False
    crisis: bool = False


def screen(model: Model, wanted: Recruitment, person: NDArray[np.int64]) -> Enrolled:
    """Those of some candidates who may enter: their constants and covariates, in the candidates' order.

    wanted    whom the study looks for        person    [candidate]   numbers in the population
    """
    constants, covariates = _candidates(model, wanted, person)
    enters = _enters(model, covariates, wanted)
    if wanted.entry.resistant and enters.any():
        history = wanted.visit.history or failed_before(model)
        some = np.flatnonzero(enters)
        enters[some] = history(chosen_rows(constants, some), chosen_rows(covariates, some), wanted.seed)
    if wanted.visit.lead_in is not None and enters.any():
        some = np.flatnonzero(enters)
        enters[some] = wanted.visit.lead_in(chosen_rows(constants, some), chosen_rows(covariates, some), wanted.seed)
    return chosen_rows(constants, enters), chosen_rows(covariates, enters)


def chosen_rows(columns: Mapping[str, NDArray], rows: NDArray) -> dict[str, NDArray]:
    """Some rows of every column."""
    return {name: value[rows] for name, value in columns.items()}


def _candidates(model: Model, wanted: Recruitment, person: NDArray[np.int64]) -> Enrolled:
    """Draw candidates and find their scores at steady state; those without a steady state are left out."""
    seed, entry = wanted.seed, wanted.entry
    drawn = drawn_parameters(model, seed, person) if wanted.uncertain else {}
    values: Parameters = {**model.nominal, **drawn}
    parameters: Parameters = {**values, **shares_of_ancestry(entry, values), **limits_of_age(entry, values)}
    kind = {"resistant": entry.resistant, "crisis": wanted.crisis}
    covariates = draw_covariates(seed, person, wanted.population, parameters, wanted.genotype, **kind)
    # whoever cannot enter by age, body or genotype needs no steady state
    able = np.flatnonzero(_is_who_is_wanted(covariates, entry))
    person, covariates = person[able], chosen_rows(covariates, able)
    drawn, parameters = {name: value[able] for name, value in drawn.items()}, _of_some(parameters, able)
    middle = {name: value for name, value in drawn.items() if model.constants[name].in_chain}
    drawn_etas = draw_etas(model, seed, person, parameters[INTRACLASS_CORRELATION])
    constants = constants_of_people(model, drawn_etas, covariates, parameters, middle)
    asked = {**entry.minimum, **entry.maximum}
    scales = list(dict.fromkeys([*SCREENED_SCALES, *(model.scales[name].rates for name in asked)]))
    score, status = steady_state(model, constants, scales)
    lives = (np.asarray(status) == 0) & np.isfinite(score).all(axis=1)
    covariates |= {name: score[:, column] for column, name in enumerate(scales)}
    covariates |= {name: points_of(model.scales[name], covariates, model) for name in asked if name not in covariates}
    return chosen_rows(constants, lives), chosen_rows(covariates, lives)


def constants_of_people(
    model: Model,
    drawn: Mapping[str, Numbers],
    covariates: Covariates,
    parameters: Parameters,
    middle: Mapping[str, Numbers] | None = None,
) -> dict[str, Numbers]:
    """Constants of the chain in which people differ, at their age, with their enzyme and within what a living circuit can bear.

    model        whose constants         drawn       by random effect: [person]  1  standard normal
    covariates   of the same people      parameters  by constant of the model
    middle       by constant: [person], what the person's value varies around; None for the shipped values
    returns      by constant: [person], in its unit
    """
    constants = dict(middle or {}) | spread_constants(model, etas_at_age(drawn, covariates, parameters), middle)
    for name, factor in ((LIVER_FLOW, liver_flow_factor), (CLEARANCE_OF_CYP2B6, CYP2B6_factor)):
        if name in model.constants:
            constants[name] = constants.get(name, model.constants[name].value) * factor(covariates, parameters)
    return guard_constants(constants, model.nominal) | covariate_constants(covariates, parameters)


def _enters(model: Model, covariates: Covariates, wanted: Recruitment) -> NDArray[np.bool_]:
    """Tell which candidates meet every criterion; of a single item, the covariate becomes its rating at screening."""
    entry, rater = wanted.entry, wanted.visit.rater
    enters = _is_who_is_wanted(covariates, entry)
    candidate = covariates["candidate"].astype(np.int64)
    for scale in {**entry.minimum, **entry.maximum}:
        score, is_item = covariates[scale], bool(model.scales[scale].item)
        # an item has no true score of a person: whoever would be chosen by it is rated
        reads = screening_rater(model) if is_item and rater is None else rater
        rated = score if reads is None else reads(scale, score, candidate, wanted.seed)
        if is_item:
            covariates[scale] = rated
        enters = enters & (rated >= entry.minimum.get(scale, -np.inf)) & (rated <= entry.maximum.get(scale, np.inf))
    return np.asarray(enters)


def _is_who_is_wanted(covariates: Covariates, entry: Entry) -> NDArray[np.bool_]:
    """Tell which candidates meet the criteria of age, body and genotype."""
    limits = {"age": entry.age, "weight_kg": entry.weight, "BMI": entry.BMI}
    wanted = np.ones(covariates["age"].shape, dtype=bool)
    for name, limit in limits.items():
        if limit is not None:
            wanted &= (covariates[name] >= limit[0]) & (covariates[name] <= limit[1])
    if entry.genotype:
        wanted &= np.isin(covariates["genotype"], entry.genotype)
    return wanted


def _of_some(values: Parameters, rows: NDArray[np.int64]) -> dict[str, float | Numbers]:
    """Parameters of some people: a value for everybody stays, one a person is taken."""
    return {
        name: value[rows] if isinstance(value, np.ndarray) and value.ndim else value for name, value in values.items()
    }
