"""What is known of a person before their data: covariates in; draws of everything that is not known, and cohorts of them, out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resprout.language.records import Model
from resprout.patients.dataset import Person, Setting
from resprout.people.cohort import Cohort
from resprout.people.covariates import ANCESTRIES, Covariates, draw_covariates, glial_loss, stress_load
from resprout.people.growth import ADULT_AGE, placebo_propensity
from resprout.people.screening import chosen_rows, constants_of_people
from resprout.people.spreads import draw_etas, eta_name, log_normal
from resprout.people.streams import normals

Numbers = NDArray[np.float64]
ILLNESS = ("glial loss", "stress")
BESIDE_THE_CHAIN = ("placebo propensity", "recovery")
LARGEST_NUMBER = 1 << 39


@dataclass(frozen=True)
class Particles:
    """Draws of everything that is not known of a person.

    etas         by random effect of the model: [particle]   standard normal
    beside       by ILLNESS and BESIDE_THE_CHAIN: [particle] standard normal
    covariates   by name: [particle]
    candidate    [particle]   number that keys belief and the chance of new episodes
    origin       [particle]   number of the prior draw from which it descends
    resistant    whether antidepressants have failed in the person
    """

    etas: Mapping[str, Numbers]
    beside: Mapping[str, Numbers]
    covariates: Covariates
    candidate: NDArray[np.int64]
    origin: NDArray[np.int64]
    resistant: bool = False

    def __len__(self) -> int:
        return len(self.candidate)

    @property
    def effects(self) -> dict[str, Numbers]:
        """Every random effect by name: [particle]."""
        return {**self.etas, **self.beside}

    def take(self, rows: NDArray[Any]) -> Particles:
        """Some particles, also several times."""
        return Particles(
            chosen_rows(self.etas, rows),
            chosen_rows(self.beside, rows),
            chosen_rows(self.covariates, rows),
            self.candidate[rows],
            self.origin[rows],
            self.resistant,
        )

    def where(self, chosen: NDArray[np.bool_], others: Particles) -> Particles:
        """Each particle, or where it is chosen that of the others."""

        def mixed(own: Mapping[str, Numbers], other: Mapping[str, Numbers]) -> dict[str, Numbers]:
            return {name: np.where(chosen, other[name], value) for name, value in own.items()}

        return replace(
            self,
            etas=mixed(self.etas, others.etas),
            beside=mixed(self.beside, others.beside),
            candidate=np.where(chosen, others.candidate, self.candidate),
        )


def draw_particles(
    model: Model, person: Person, setting: Setting, seed: int, many: int, random: np.random.Generator
) -> Particles:
    """Draw people with the covariates of a person from the population.

    model     whose population        person   with the covariates that are known
    setting   which population        seed     of the streams of people
    many      particles               random   chooses which people are drawn
    returns   particles
    """
    candidate = random.integers(0, LARGEST_NUMBER, many)
    known = person.covariates
    parameters = {**model.nominal, **_fixed(known)}
    drawn = draw_covariates(seed, candidate, setting.population, parameters, known.get("genotype"))
    covariates = {name: value for name, value in drawn.items() if name not in ("candidate", *BESIDE_THE_CHAIN)}
    for name in ("CYP2B6", "comedication"):
        if name in known:
            covariates[name] = np.full(many, known[name])
    if "age" in known:
        covariates["age"] = np.full(many, float(known["age"]))
    weight = known.get("weight")
    if weight is None and "BMI" in known:
        height = known.get("height", covariates["height_cm"])
        weight = known["BMI"] * (np.asarray(height) / 100) ** 2
    if weight is not None:
        covariates["weight_kg"] = np.broadcast_to(np.asarray(weight, dtype=float), (many,)).copy()
    etas, beside = effects_of(model, seed, candidate)
    resistant = bool(known.get("resistant", False))
    return Particles(etas, beside, covariates, candidate, np.arange(many), resistant)


def effects_of(model: Model, seed: int, candidate: NDArray[np.int64]) -> tuple[dict[str, Numbers], dict[str, Numbers]]:
    """Random effects of people of the population.

    model       whose random effects
    seed        of the streams of people
    candidate   [particle]   numbers in the population
    returns     by random effect of the model, and by ILLNESS and BESIDE_THE_CHAIN: [particle], standard normal
    """
    beside = {name: normals(seed, name, candidate) for name in (*ILLNESS, *BESIDE_THE_CHAIN)}
    return draw_etas(model, seed, candidate, 0.0), beside


def _fixed(known: Mapping[str, Any]) -> dict[str, float]:
    """Parameters of the population that make everybody have these covariates."""
    fixed: dict[str, float] = {}
    if "sex" in known:
        fixed["female_share"] = float(known["sex"] == "female")
    if "ancestry" in known:
        fixed |= {f"{name}_share": float(name == known["ancestry"]) for name in ANCESTRIES}
    if "age" in known:
        age = float(known["age"])
        fixed |= {"age_minimum": age, "age_maximum": age + (1e-6 if age < ADULT_AGE else 0.0)}
    return fixed


def cohort_of(model: Model, particles: Particles, setting: Setting, seed: int) -> Cohort:
    """Particles as people that can be treated.

    model       whose constants
    particles   draws of one person
    setting     which population
    seed        of the random streams that belief and new episodes have
    returns     a cohort, particle by particle
    """
    value, beside, shown = model.nominal, particles.beside, dict(particles.covariates)
    if setting.population != "healthy":
        shown["glial_uptake"] = 1 - glial_loss(beside["glial loss"], setting.population, value)
        shown["stress"] = stress_load(beside["stress"], value, resistant=particles.resistant)
    shown |= propensities(model, particles)
    constants = constants_of_people(model, particles.etas, shown, value)
    columns = {"patient": np.arange(len(particles)), "candidate": particles.candidate, **shown}
    return Cohort(constants, columns, seed, setting.population, len(particles))


def propensities(model: Model, particles: Particles) -> dict[str, Numbers]:
    """Placebo propensity and speed of recovery of particles.

    model       whose between-subject variability
    particles   with their ages
    returns     by column of a cohort: [particle]
    """
    value, beside = model.nominal, particles.beside
    age = particles.covariates["age"]
    return {
        "placebo_propensity": placebo_propensity(beside["placebo propensity"], age, value),
        "recovery": log_normal(beside["recovery"], value["recovery_cv"]),
    }


def etas_of_dose(model: Model) -> frozenset[str]:
    """Random effects that move constants of the first stage only: clearances, volumes and absorption.

    model    whose constants
    returns  names
    """
    stages: dict[str, set[object]] = {}
    for constant in model.constants.values():
        if constant.spread.strip():
            stages.setdefault(eta_name(constant), set()).add(constant.stage)
    return frozenset(name for name, found in stages.items() if found <= {1, "1"})
