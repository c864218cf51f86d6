"""Forecasts of observed people: posteriors and plans in; ratings to come and the probability of each outcome under every plan out."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from resprout.dosing.dose_records import Regimen, regimen_faults
from resprout.errors import Fault, InputError, refuse_others
from resprout.language import given_or_shipped
from resprout.language.rating_scales import mood_rated
from resprout.language.records import Model
from resprout.patients.dataset import RATING, Dataset, Observation, Occasion, Person, Setting
from resprout.patients.expected_ratings import History, expected_values, history_of, seen_at, solve_history
from resprout.patients.individual_posteriors import map_people, population_of, refusal, sampled
from resprout.patients.particle_posterior import Posterior, Sampling
from resprout.patients.rating_errors import further_ratings, on_scale, rating_spread
from resprout.patients.treatment_plans import OUTCOMES, RELAPSE_KEPT, Plans, planned_doses, read_plans
from resprout.people.cohort import Cohort
from resprout.simulation.settings import People

if TYPE_CHECKING:
    import pandas as pd

Numbers = NDArray[np.float64]
DRAWS = 400
SIDE_EFFECTS = {"dissociation": "CADSS", "blood_pressure": "SBP"}
AFTER_DOSE_H = (0.25, 2 / 3, 1.0, 1.5)  # when side effects are looked for
OUTCOME_COLUMNS = ("patient", "plan", *OUTCOMES, "utility")
TO_COME_COLUMNS = ("patient", "plan", "endpoint", "time_h", "median", "lower", "upper")


@dataclass(frozen=True)
class PersonForecast:
    """What is forecast for one person: rows of OUTCOME_COLUMNS and TO_COME_COLUMNS; or why nothing is."""

    outcomes: tuple[tuple[Any, ...], ...]
    to_come: tuple[tuple[Any, ...], ...]
    reason: str = ""


@dataclass(frozen=True)
class Forecast:
    """Forecasts of everybody. For research only: a forecast is no advice.

    outcomes   a row a person and plan: probability of response and remission at the last visit, of relapse at any visit of
               those who had responded, of dissociation and blood pressure above their limits, and expected utility
    to_come    a row a person, plan and visit: median and 90 % interval of the rating; time_h on the table's own clock
    left_out   by person: why nothing is forecast
    plans      that were compared
    """

    outcomes: pd.DataFrame
    to_come: pd.DataFrame
    left_out: dict[str, str]
    plans: Plans

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        return self.outcomes.to_html(index=False, max_rows=24) + "<p>For research only: no advice.</p>"


def forecast(
    people: People | int | None,
    data: Dataset,
    plans: str | Path | Plans,
    *,
    model: Model | None = None,
    progress: Callable[[int], None] | None = None,
) -> Forecast:
    """Forecast observed people under several plans, each from the same draws of the person's posterior.

    people    the population that is the prior, as in `update`
    data      what `rs.read_data` gave
    plans     path of a YAML file of plans, or plans that have been read
    model     None for the shipped one
    progress  told how many people are done; None tells nobody
    returns   outcomes and ratings to come
    raises    InputError with every fault of the plans
    """
    refuse_others(
        ("data", data, isinstance(data, Dataset), "what `rs.read_data` gave"),
        ("plans", plans, isinstance(plans, str | Path | Plans), "the path of a plan file"),
    )
    model = given_or_shipped(model)
    told = plans if isinstance(plans, Plans) else read_plans(plans, model)
    sampling, data = population_of(people, data, model)
    found = []
    for each in map_people(partial(forecast_person, plans=told), model, data, sampling):
        found.append(each)
        if progress is not None:
            progress(len(found))
    return _together(data, found, told)


def _together(data: Dataset, found: list[PersonForecast], plans: Plans) -> Forecast:
    """Everybody's forecast as tables."""
    import pandas as pd

    return Forecast(
        pd.DataFrame([row for each in found for row in each.outcomes], columns=list(OUTCOME_COLUMNS)),
        pd.DataFrame([row for each in found for row in each.to_come], columns=list(TO_COME_COLUMNS)),
        {who.name: each.reason for who, each in zip(data.people, found, strict=True) if each.reason},
        plans,
    )


def forecast_person(
    model: Model, person: Person, setting: Setting, sampling: Sampling, *, plans: Plans
) -> PersonForecast:
    """Forecast one person; arguments as in `sampled`, and the plans.

    model     the chain                        person    with data
    setting   with the lowest severity         sampling  how the posterior is sampled          plans   to compare
    returns   the forecast, or the reason why there is none
    """
    posterior, size = sampled(model, person, setting, sampling)
    reason = refusal(posterior, size)
    if reason:
        return PersonForecast((), (), reason)
    outcomes, to_come = [], []
    for name, regimen in plans.regimens.items():
        try:
            future = _Future(model, posterior, plans, regimen, sampling)
        except InputError as error:
            return PersonForecast((), (), f"plan `{name}`: {error}")
        chances = future.outcomes()
        weights = plans.utility or {}
        utility = sum(weight * np.nan_to_num(chances[each]) for each, weight in weights.items()) if weights else np.nan
        outcomes.append((person.name, name, *(chances[each] for each in OUTCOMES), float(utility)))
        to_come += [(person.name, name, *row) for row in future.rows()]
    return PersonForecast(tuple(outcomes), tuple(to_come))


class _Future:
    """What follows for one person under one plan: the same draws and errors under every plan."""

    def __init__(
        self, model: Model, posterior: Posterior, plans: Plans, regimen: Regimen | None, sampling: Sampling
    ) -> None:
        self.model, self.plans, self.person = model, plans, posterior.person
        random = np.random.default_rng([sampling.seed, 11, zlib.crc32(self.person.name.encode())])
        people = posterior.people.take(random.choice(len(posterior.weights), DRAWS, p=posterior.weights))
        self.occasion = self.person.occasions[-1]
        seen = max((each.time_h for each in self.occasion.observations), default=0.0)
        self.start_h = seen if plans.start_h is None else plans.start_h
        self.visits_h = tuple(round(self.start_h + hour, 9) for hour in plans.visits_h)
        doses = planned_doses(self.occasion, regimen, self.start_h, self.visits_h[-1])
        faults = regimen_faults(Regimen("planned", doses)) if doses else []
        if self.start_h < seen:
            early = f"the plans begin at hour {self.start_h:g}, and the last observation is at hour {seen:g}."
            faults.append(Fault(early, "", "Expected a start after it.", "Leave `start` out."))
        if faults:
            raise InputError(*faults)
        self.known = [
            each
            for each in self.occasion.observations
            if each.kind == RATING and mood_rated(model.scales, each.endpoint)
        ]
        self.given_h = sorted({time for dose in doses for time in dose.times_h if time >= self.start_h})
        self._solve(people, Regimen("planned", doses), posterior.setting, sampling, random)

    def _solve(  # many arguments: who, what they are given, and the errors of their ratings
        self, people: Cohort, regimen: Regimen, setting: Setting, sampling: Sampling, random: np.random.Generator
    ) -> None:
        """Draw ratings to come, given those observed, and side effects after every planned dose."""
        model, endpoint = self.model, self.plans.endpoint
        resistant = bool(self.person.covariates.get("resistant", False))
        past = history_of(self._rated(), setting, resistant=resistant)
        visits = {name: set(hours) for name, hours in past.visits.items()}
        visits.setdefault(endpoint, set()).update(self.visits_h)
        looked = sorted(
            {
                round(hour + after, 9)
                for hour in self.given_h
                for after in AFTER_DOSE_H
                if hour + after <= self.visits_h[-1]
            }
        )
        sides = [name for name in SIDE_EFFECTS.values() if looked and name in model.scales and name in model.equations]
        visits |= {name: set(looked) for name in sides}
        ordered = {name: tuple(sorted(hours)) for name, hours in visits.items()}
        history = History(regimen, self.occasion.placebo_h, ordered, setting, resistant)
        expected = expected_values(model, people, history, solve_history(model, people, history, sampling.threads))
        self.ratings = self._further(expected, history, random)
        self.sides = {name: self._side(name, expected[name], np.array(looked), random) for name in sides}

    def _rated(self) -> Occasion:
        """The occasion with ratings of depression only."""
        return replace(self.occasion, observations=tuple(self.known))

    def _further(self, expected: Mapping[str, Numbers], history: History, random: np.random.Generator) -> Numbers:
        """Ratings at the visits to come: [draw, visit]."""
        hours = [seen_at(each.time_h, after_dose=each.after_dose) for each in self.known]
        names = [each.endpoint for each in self.known]
        all_hours, all_names = [*hours, *self.visits_h], [*names, *[self.plans.endpoint] * len(self.visits_h)]
        true = np.stack(
            [
                expected[name][:, history.visits[name].index(hour)]
                for name, hour in zip(all_names, all_hours, strict=True)
            ],
            1,
        )
        spread = rating_spread(self.model, tuple(all_names), np.array(all_hours), true)
        drawn = further_ratings(spread, np.array([each.value for each in self.known]), random)
        return on_scale(self.model, self.plans.endpoint, drawn)

    def _side(self, name: str, expected: Numbers, hours: Numbers, random: np.random.Generator) -> Numbers:
        """Readings of a side effect after the planned doses: [draw, hour]."""
        spread = rating_spread(self.model, (name,) * len(hours), hours, expected)
        return on_scale(self.model, name, further_ratings(spread, np.empty(0), random))

    def outcomes(self) -> dict[str, float]:
        """Probability of each outcome; NaN where it cannot happen or be told."""
        last, found = self.ratings[:, -1], dict.fromkeys(OUTCOMES, np.nan)
        before = self._baseline()
        cut_off = self.model.scales[self.plans.endpoint].remission
        if cut_off is not None:
            found["remission"] = float((last <= cut_off).mean())
        if before is not None:
            found["response"] = float((last <= (1 - self.plans.response) * before.value).mean())
            now = [each for each in self.known if each.endpoint == self.plans.endpoint][-1]
            if now.time_h > before.time_h and now.value <= (1 - self.plans.response) * before.value:
                lost = self.ratings > (1 - RELAPSE_KEPT) * before.value
                found["relapse"] = float(lost.any(axis=1).mean())
        for outcome, name in SIDE_EFFECTS.items():
            if name in self.sides:
                found[outcome] = float((self.sides[name] > self.plans.limit(name)).any(axis=1).mean())
            elif not self.given_h:
                found[outcome] = 0.0
        return found

    def _baseline(self) -> Observation | None:
        """The first rating on the scale, where it is not after the first dose."""
        rated = [each for each in self.known if each.endpoint == self.plans.endpoint]
        first = min((time for dose in self.occasion.doses for time in dose.times_h), default=np.inf)
        return rated[0] if rated and rated[0].time_h <= first and rated[0].value > 0 else None

    def rows(self) -> list[tuple[Any, ...]]:
        """Endpoint, hour, median and 90 % interval of each visit to come."""
        limits = np.quantile(self.ratings, [0.5, 0.05, 0.95], axis=0)
        return [
            (self.plans.endpoint, self.occasion.origin + hour, *(float(each) for each in limits[:, number]))
            for number, hour in enumerate(self.visits_h)
        ]
