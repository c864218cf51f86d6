"""Population predictions of observed people: their doses and covariates in, what a rater and an assay would have seen, many times, out."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from resprout.errors import Fault, InputError, refuse_others
from resprout.language import given_or_shipped
from resprout.language.records import Model
from resprout.patients.dataset import RATING, Dataset, Occasion, Person, Setting
from resprout.patients.expected_ratings import History, expected_values, history_of, seen_at, solve_history
from resprout.patients.individual_posteriors import map_people, population_of, refusal, sampled
from resprout.patients.particle_posterior import Sampling
from resprout.patients.prior_particles import LARGEST_NUMBER, cohort_of, draw_particles
from resprout.patients.simulated_observations import observed_values
from resprout.people.cohort import Cohort
from resprout.people.treatment_history import failed_before
from resprout.simulation.settings import People
from resprout.trial.conduct import SEVERITY

if TYPE_CHECKING:
    import pandas as pd

Numbers = NDArray[np.float64]
SIMULATED_COLUMNS = (
    "patient",
    "arm",
    "occasion",
    "endpoint",
    "time_h",
    "after_first_dose_h",
    "observed",
    "below",
    "lloq",
)
FEWEST_REPLICATES, MOST_REPLICATES = 20, 5000
DRAWN_FOR_EACH = 4  # people drawn for each replicate, because some are not ill enough


@dataclass(frozen=True)
class PersonSimulated:
    """Observations of one person and their simulations.

    rows        by SIMULATED_COLUMNS
    replicates  [observation, replicate]  in the endpoint's unit
    reason      why the person is left out; empty where it is not
    """

    rows: tuple[tuple[Any, ...], ...]
    replicates: Numbers
    reason: str = ""


@dataclass(frozen=True, repr=False)
class Simulated:
    """Observed people beside simulated ones.

    observations  a row an observation: patient, arm, occasion, endpoint, time_h, after_first_dose_h, observed, below, lloq
    replicates    [observation, replicate]  the same observations of people from the population
    left_out      by person: why nothing is predicted
    given_baseline  whether the people simulated have the person's ratings before the first dose
    """

    observations: pd.DataFrame
    replicates: Numbers
    left_out: dict[str, str]
    given_baseline: bool

    def __repr__(self) -> str:
        """One line in place of every replicate."""
        many, replicates = self.replicates.shape
        return f"<Simulated: {many} observations, {replicates} replicates of each>"

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        return self.predictions.to_html(index=False, na_rep="–", max_rows=12, float_format="{:.4g}".format)

    @property
    def predictions(self) -> pd.DataFrame:
        """The observations with median and 90 % interval of the population."""
        limits = np.quantile(self.replicates, [0.5, 0.05, 0.95], axis=1)
        return self.observations.assign(median=limits[0], lower=limits[1], upper=limits[2])


def simulate_data(
    people: People | int | None,
    data: Dataset,
    *,
    replicates: int = 200,
    given_baseline: bool = False,
    model: Model | None = None,
    progress: Callable[[int], None] | None = None,
) -> Simulated:
    """Simulate observed people from the population: exact doses and covariates, random effects of other people.

    people          the population: `rs.People(count, seed, population, entry)`, a number, or None for the default
    data            what `rs.read_data` gave
    replicates      how often each person is simulated, 20 to 5,000
    given_baseline  whether only people who may have the person's ratings before the first dose are drawn
    model           None for the shipped one
    progress        told how many people are done; None tells nobody
    returns         observations beside their simulations
    raises          InputError for a senseless population or number of replicates
    """
    refuse_others(("data", data, isinstance(data, Dataset), "what `rs.read_data` gave"))
    if not isinstance(replicates, int) or not FEWEST_REPLICATES <= replicates <= MOST_REPLICATES:
        expected = f"Expected {FEWEST_REPLICATES} to {MOST_REPLICATES:,}."
        raise InputError(Fault(f"{replicates!r} replicates.", "", expected, field="replicates"))
    model = given_or_shipped(model)
    sampling, data = population_of(people, data, model)
    one = partial(simulate_person, replicates=replicates, given_baseline=given_baseline)
    found = []
    for each in map_people(one, model, data, sampling):
        found.append(each)
        if progress is not None:
            progress(len(found))
    return _together(data, found, replicates, given_baseline)


def _together(data: Dataset, found: list[PersonSimulated], replicates: int, given_baseline: bool) -> Simulated:
    """Everybody's simulations as one table."""
    import pandas as pd

    rows = [row for each in found for row in each.rows]
    values = [each.replicates for each in found if each.rows]
    left = {who.name: each.reason for who, each in zip(data.people, found, strict=True) if each.reason}
    table = pd.DataFrame(rows, columns=list(SIMULATED_COLUMNS))
    whole = np.concatenate(values) if values else np.empty((0, replicates))
    return Simulated(table, whole, left, given_baseline)


def simulate_person(
    model: Model, person: Person, setting: Setting, sampling: Sampling, *, replicates: int, given_baseline: bool
) -> PersonSimulated:
    """Simulate one person's observations.

    model       the chain                    person          with doses, covariates and observations
    setting     with the lowest severity     sampling        how the population is drawn
    replicates  how often                    given_baseline  whether ratings before the first dose are given
    returns     observations with their simulations
    """
    random = np.random.default_rng([sampling.seed, 7, zlib.crc32(person.name.encode())])
    people, reason = _people_of(model, person, setting, sampling, replicates, given_baseline, random)
    if people is None:
        return PersonSimulated((), np.empty((0, replicates)), reason)
    resistant = bool(person.covariates.get("resistant", False))
    rows, values = [], []
    for number, occasion in enumerate(person.occasions):
        history = history_of(occasion, setting, resistant=resistant)
        solved = solve_history(model, people, history, sampling.threads)
        expected = expected_values(model, people, history, solved)
        drawn = draw_observations(model, people, occasion, history, expected, number, random)
        first = min((time for dose in occasion.doses for time in dose.times_h), default=0.0)
        for each in occasion.observations:
            told = (
                each.endpoint,
                occasion.origin + each.time_h,
                each.time_h - first,
                each.value,
                each.below,
                each.lloq,
            )
            rows.append((person.name, str(person.covariates.get("arm", "")), number + 1, *told))
        values.append(drawn)
    return PersonSimulated(tuple(rows), np.concatenate(values) if rows else np.empty((0, replicates)))


def _people_of(  # many arguments: whose people, how they are drawn and how many
    model: Model,
    person: Person,
    setting: Setting,
    sampling: Sampling,
    many: int,
    given_baseline: bool,
    random: np.random.Generator,
) -> tuple[Cohort | None, str]:
    """People of the population with the person's covariates, ill enough; or why there are none."""
    if given_baseline:
        posterior, size = sampled(model, before_treatment(person), setting, sampling)
        reason = refusal(posterior, size)
        if reason:
            return None, reason
        return posterior.people.take(random.choice(len(posterior.weights), many, p=posterior.weights)), ""
    drawn = draw_particles(model, person, setting, sampling.seed, DRAWN_FOR_EACH * many, random)
    people = cohort_of(model, drawn, setting, sampling.seed)
    start = History(Occasion(0.0, (), ()).regimen, (), {SEVERITY: (0.0,)}, setting)
    severity = solve_history(model, people, start, sampling.threads).values[SEVERITY][:, 0]
    belongs = severity >= (setting.entry or 0.0)
    if person.covariates.get("resistant"):
        belongs &= failed_before(model)(people.constants, people.columns, people.seed)
    ill = np.flatnonzero(belongs)
    if ill.size < FEWEST_REPLICATES:
        return None, f"only {ill.size} of {len(people)} people of the population are as ill, with the person's history"
    return people.take(ill[:many] if ill.size >= many else random.choice(ill, many)), ""


def before_treatment(person: Person) -> Person:
    """A person with the ratings up to the first dose only."""
    first = person.occasions[0]
    given = [*(time for dose in first.doses for time in dose.times_h), *first.placebo_h]
    start = min(given, default=0.0)
    kept = tuple(
        each
        for each in first.observations
        if each.kind == RATING and (each.time_h < start or (each.time_h == start and not each.after_dose))
    )
    return Person(person.name, (replace(first, observations=kept),), person.covariates)


def draw_observations(  # many arguments: whose observations, what is expected of them, and a source of errors
    model: Model,
    people: Cohort,
    occasion: Occasion,
    history: History,
    expected: dict[str, Numbers],
    number: int,
    random: np.random.Generator,
) -> Numbers:
    """Draw what a rater and an assay see.

    model     whose raters and scales     people    [person]          occasion   with observations
    history   of the occasion             expected  by endpoint: [person, visit]          number   of the occasion
    random    numbers the people anew, so that one who is drawn twice is rated twice
    returns   [observation, person]  in the endpoint's unit, ratings on the steps of their scale
    """
    numbered = {**people.columns, "candidate": random.integers(0, LARGEST_NUMBER, len(people))}
    seen = observed_values(model, replace(people, columns=numbered), history, expected, number)
    found = np.empty((len(occasion.observations), len(people)))
    for row, each in enumerate(occasion.observations):
        hour = seen_at(each.time_h, after_dose=each.after_dose)
        found[row] = seen[each.endpoint][:, history.visits[each.endpoint].index(hour)]
    return found
