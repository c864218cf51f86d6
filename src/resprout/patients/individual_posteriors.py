"""Everybody's posterior: a population and a table of observed people in; traits, predictions of what was observed and diagnostics out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from resprout.errors import Fault, InputError, refuse_others
from resprout.language import given_or_shipped
from resprout.language.records import Model
from resprout.patients.dataset import RATING, Dataset, Person, Setting
from resprout.patients.expected_ratings import expected_values, history_of, seen_at
from resprout.patients.particle_posterior import Posterior, Sampling, posterior_of
from resprout.patients.person_traits import TRAITS, trait_values
from resprout.patients.rating_errors import on_scale, rating_spread
from resprout.patients.simulated_observations import level_sd
from resprout.simulation.settings import People
from resprout.simulation.workers import process_pool

if TYPE_CHECKING:
    import pandas as pd

Numbers = NDArray[np.float64]
Result = TypeVar("Result")
FEWEST_EFFECTIVE = 40.0
"""Effective sample size below which an estimate is not reported: its 90 % limits would be those of chance."""
MOST_DOUBLINGS = 2
FEW_PEOPLE, PEOPLE_AT_ONCE = 3, 5
LOWER, UPPER = 0.05, 0.95
LARGEST_KEPT = 1000  # people whose particles are kept
PERSON_COLUMNS = ("patient", "observations", "temperatures", "particles", "effective_size", "status", "reason")
TRAIT_COLUMNS = (
    *("patient", "trait", "unit", "median", "lower", "upper", "prior_median", "prior_lower", "prior_upper"),
    *("contraction", "effective_size"),
)
OBSERVED_COLUMNS = (
    "patient",
    "occasion",
    "endpoint",
    "time_h",
    "observed",
    "below",
    "median",
    "lower",
    "upper",
    "percentile",
)


@dataclass(frozen=True)
class Fit:
    """What came of one person.

    person      a row of PERSON_COLUMNS          traits   rows of TRAIT_COLUMNS; none of what is refused
    observed    rows of OBSERVED_COLUMNS         posterior   the particles, or None where they are not kept
    """

    person: tuple[Any, ...]
    traits: tuple[tuple[Any, ...], ...]
    observed: tuple[tuple[Any, ...], ...]
    posterior: Posterior | None


@dataclass(frozen=True, repr=False)
class Posteriors:
    """Everybody's posterior.

    people        a row a person: observations, temperatures, particles, effective_size, status and reason
    traits        a row a person and trait: median and 90 % interval with and without the data, contraction (0 where the
                  data tell nothing, 1 where they tell everything) and effective sample size
    observations  a row an observation, beside what its person's posterior predicts of it, with its percentile
    posteriors    by person: the particles, of at most 1,000 people
    model         that was used
    """

    people: pd.DataFrame
    traits: pd.DataFrame
    observations: pd.DataFrame
    posteriors: dict[str, Posterior]
    model: Model

    def __len__(self) -> int:
        return len(self.people)

    def __repr__(self) -> str:
        """One line in place of every draw."""
        return f"<Posteriors of {len(self)} people, {(self.people['status'] == 'reported').sum()} reported>"

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        shown = ((self.people, 8), (self.traits, 12))
        return "".join(
            each.to_html(index=False, na_rep="–", max_rows=rows, float_format="{:.3g}".format) for each, rows in shown
        )


def update(
    people: People | int | None,
    data: Dataset,
    *,
    model: Model | None = None,
    progress: Callable[[int], None] | None = None,
) -> Posteriors:
    """Learn about each observed person: the population is the prior, their doses, covariates, levels and ratings the data.

    people    the population: `rs.People(count, seed, population, entry)`, of whom `count` are drawn for each person; a
              number of draws; or None for the default
    data      what `rs.read_data` gave
    model     None for the shipped one
    progress  told how many people are done; None tells nobody
    returns   posteriors of everybody; who is refused has a reason and no estimates
    raises    InputError for a senseless population
    """
    refuse_others(
        ("people", people, people is None or isinstance(people, People | int), "`rs.People(1200)` or a number"),
        ("data", data, isinstance(data, Dataset), "what `rs.read_data` gave"),
    )
    model = given_or_shipped(model)
    sampling, data = population_of(people, data, model)
    keeps = len(data) <= LARGEST_KEPT
    fits = []
    for fit in map_people(fitted_and_kept if keeps else fitted, model, data, sampling):
        fits.append(fit)
        if progress is not None:
            progress(len(fits))
    return gathered(fits, model)


def gathered(fits: Sequence[Fit], model: Model) -> Posteriors:
    """The tables of what came of several people.

    fits      in order          model   that was used
    returns   everybody's posterior
    """
    import pandas as pd

    return Posteriors(
        pd.DataFrame([fit.person for fit in fits], columns=list(PERSON_COLUMNS)),
        pd.DataFrame([row for fit in fits for row in fit.traits], columns=list(TRAIT_COLUMNS)),
        pd.DataFrame([row for fit in fits for row in fit.observed], columns=list(OBSERVED_COLUMNS)),
        {fit.posterior.person.name: fit.posterior for fit in fits if fit.posterior is not None},
        model,
    )


def population_of(people: People | int | None, data: Dataset, model: Model) -> tuple[Sampling, Dataset]:
    """How the posterior is sampled, and the data with the population that the people are from.

    people    as in `update`        data   with its own setting        model   gives the criteria where none are stated
    returns   sampling, and the data with population and lowest severity set
    raises    InputError for criteria that a posterior cannot hold
    """
    usual = Sampling()
    wanted = people if isinstance(people, People) else People(people or usual.prior, population=data.setting.population)
    wanted = wanted.checked(model)
    entry = wanted.entry
    minimum = dict(getattr(entry, "minimum", {}))
    if not set(minimum) <= {"HDRS17"} or getattr(entry, "maximum", {}):
        found = "the entry criteria of the population are not about HDRS17 alone."
        expected = "Expected for instance `HDRS17>=14`; age, sex, weight and genotype are those of each person."
        raise InputError(Fault(found, "", expected, field="people"))
    lowest = data.setting.entry if data.setting.entry is not None else minimum.get("HDRS17", 0.0)
    setting = replace(data.setting, population=wanted.population, entry=lowest)
    many = max(wanted.count, 2 * usual.kept)
    return replace(usual, prior=many, seed=wanted.seed), replace(data, setting=setting)


def map_people(
    function: Callable[[Model, Person, Setting, Sampling], Result], model: Model, data: Dataset, sampling: Sampling
) -> Iterator[Result]:
    """Call a function for everybody, on all cores where there are many people.

    function  (model, person, setting, sampling) -> result; importable by name, or a partial of such
    model     for all               data   with people and setting          sampling   how posteriors are sampled
    returns   results in the order of people, as they come
    """
    if len(data) <= FEW_PEOPLE:
        for person in data.people:
            yield function(model, person, data.setting, replace(sampling, threads=None))
        return
    with process_pool() as pool:
        waiting: list[Any] = []
        everybody = iter(data.people)
        while some := tuple(islice(everybody, PEOPLE_AT_ONCE)):
            waiting.append(pool.submit(_called, function, model, some, data.setting, sampling))
            if len(waiting) > 16:
                yield from waiting.pop(0).result()
        for each in waiting:
            yield from each.result()


def _called(
    function: Callable[[Model, Person, Setting, Sampling], Result],
    model: Model,
    people: Sequence[Person],
    setting: Setting,
    sampling: Sampling,
) -> list[Result]:
    """The results of some people, in a process of its own."""
    return [function(model, person, setting, sampling) for person in people]


def sampled(model: Model, person: Person, setting: Setting, sampling: Sampling) -> tuple[Posterior, float]:
    """A person's posterior, with more particles where the effective sample size is low.

    model     the chain               person     with data
    setting   with the lowest severity           sampling   how many particles at first
    returns   the posterior, and its median effective sample size over the traits
    """
    for doubling in range(MOST_DOUBLINGS + 1):
        wider = replace(sampling, prior=sampling.prior * 2**doubling, kept=sampling.kept * 2**doubling)
        posterior = posterior_of(model, person, setting, wider, setting.entry or 0.0)
        if not np.isfinite(posterior.weights).all():
            return posterior, 0.0
        values = trait_values(model, posterior.people, posterior.solved)
        size = float(np.median([posterior.effective_size(each) for each in values.values()]))
        if size >= FEWEST_EFFECTIVE:
            break
    return posterior, size


def fitted(model: Model, person: Person, setting: Setting, sampling: Sampling) -> Fit:
    """What the data of one person say; arguments as in `sampled`.

    model     the chain               person     with data
    setting   with the lowest severity           sampling   how many particles at first
    returns   rows of the tables; none of what is refused
    """
    return replace(fitted_and_kept(model, person, setting, sampling), posterior=None)


def fitted_and_kept(model: Model, person: Person, setting: Setting, sampling: Sampling) -> Fit:
    """As `fitted`, with the particles.

    model     the chain               person     with data
    setting   with the lowest severity           sampling   how many particles at first
    returns   rows of the tables, and the posterior
    """
    posterior, size = sampled(model, person, setting, sampling)
    many = sum(1 for _ in person.observations)
    reason = refusal(posterior, size)
    told = (person.name, many, posterior.temperatures, len(posterior.weights), size)
    if reason:
        return Fit((*told, "refused", reason), (), (), None)
    return Fit(
        (*told, "reported", ""),
        tuple(_trait_rows(model, posterior)),
        tuple(_observed_rows(model, posterior)),
        posterior,
    )


def refusal(posterior: Posterior, size: float) -> str:
    """Why a posterior is not reported; empty where it is.

    posterior   of a person        size   its median effective sample size
    returns     the reason
    """
    if not np.isfinite(posterior.weights).all():
        return "nobody in the population could have these data: check doses, units and scores"
    if size < FEWEST_EFFECTIVE:
        return f"effective sample size {size:.0f}, at least {FEWEST_EFFECTIVE:.0f} are needed: draw more people"
    return ""


def weighted_quantiles(values: Numbers, weights: Numbers, shares: Sequence[float]) -> list[float]:
    """Quantiles of weighted particles.

    values   [particle]  any        weights   [particle]  1  sum 1        shares   of the quantiles, 0 to 1
    returns  a number for each share
    """
    order = np.argsort(values)
    place = np.cumsum(weights[order]) - weights[order] / 2
    return [float(each) for each in np.interp(shares, place, values[order])]


def contraction(before: Numbers, after: Numbers, weights: Numbers) -> float:
    """How much narrower a posterior is than its prior: 1 - the variance of its percentiles among prior draws, over that of the prior.

    before   [draw]      any   without data
    after    [particle]  any   with data
    weights  [particle]  1     of the particles, sum 1
    returns  scalar      1     0 where the data tell nothing, 1 where they tell everything; below 0 where they widen it
    """
    if np.ptp(before) <= 0:
        return 0.0
    place = (np.searchsorted(np.sort(before), after) + 0.5) / (len(before) + 1)
    variance = float(weights @ (place - weights @ place) ** 2)
    return 1 - 12 * variance


def _trait_rows(model: Model, posterior: Posterior) -> Iterator[tuple[Any, ...]]:
    """A row for each trait whose estimate is reported."""
    after = trait_values(model, posterior.people, posterior.solved)
    before = trait_values(model, posterior.prior, posterior.prior_solved)
    equal = np.full(len(posterior.prior), 1 / len(posterior.prior))
    for name, values in after.items():
        size = posterior.effective_size(values)
        told = [
            weighted_quantiles(values, posterior.weights, (0.5, LOWER, UPPER))
            if size >= FEWEST_EFFECTIVE
            else [np.nan] * 3
        ]
        told.append(weighted_quantiles(before[name], equal, (0.5, LOWER, UPPER)))
        kept = contraction(before[name], values, posterior.weights)
        yield (posterior.person.name, name, TRAITS[name].unit, *told[0], *told[1], kept, size)


def _observed_rows(model: Model, posterior: Posterior) -> Iterator[tuple[Any, ...]]:
    """A row for each observation beside what the posterior predicts of another one at its hour."""
    random = np.random.default_rng(0)
    person, setting = posterior.person, posterior.setting
    resistant = bool(person.covariates.get("resistant", False))
    for number, occasion in enumerate(person.occasions):
        history = history_of(occasion, setting, resistant=resistant)
        expected = expected_values(model, posterior.people, history, posterior.solved[number])
        for each in occasion.observations:
            hour = seen_at(each.time_h, after_dose=each.after_dose)
            true = expected[each.endpoint][:, history.visits[each.endpoint].index(hour)]
            noise = random.standard_normal(len(true))
            if each.kind == RATING:
                spread = rating_spread(model, (each.endpoint,), np.array([hour]), true[:, None])
                drawn = on_scale(model, each.endpoint, spread.mean[:, 0] + np.sqrt(spread.covariance[:, 0, 0]) * noise)
            else:
                drawn = np.maximum(true, 0.0) * np.exp(level_sd(setting.level_cv) * noise)
            limits = weighted_quantiles(drawn, posterior.weights, (0.5, LOWER, UPPER))
            under = posterior.weights @ ((drawn < each.value) + 0.5 * (drawn == each.value))
            told = (each.endpoint, occasion.origin + each.time_h, each.value, each.below)
            yield (person.name, number + 1, *told, *limits, float(under))
