"""Forecasts of observed people: posteriors and plans in; ratings to come and the probability of each outcome under every plan out."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from resprout.errors import Fault, InputError, refuse_others
from resprout.language import given_or_shipped
from resprout.language.rating_scales import mood_rated
from resprout.language.records import Model
from resprout.patients.dataset import RATING, Dataset, Person, Setting
from resprout.patients.followed_plan import SIDE_EFFECTS, Followed, follow
from resprout.patients.individual_posteriors import map_people, population_of, refusal, sampled
from resprout.patients.particle_posterior import Posterior, Sampling
from resprout.patients.plan_outlook import Outlook
from resprout.patients.treatment_plans import DOSES, OUTCOMES, Plans, TreatmentPlan, read_plans
from resprout.simulation.settings import People
from resprout.trial.decision_ledger import decisions_of, ledger_rows, refuse_other_events
from resprout.trial.rule_conditions import RELAPSE_KEPT

if TYPE_CHECKING:
    import pandas as pd

Numbers = NDArray[np.float64]
DRAWS = 400
OUTCOME_COLUMNS = ("patient", "plan", *OUTCOMES, DOSES, "utility")
TO_COME_COLUMNS = ("patient", "plan", "endpoint", "time_h", "median", "lower", "upper")
RULE_COLUMNS = ("patient", "plan", "number", "rule", "probability", "times", "first_day")


@dataclass(frozen=True)
class PersonForecast:
    """What is forecast for one person: rows of OUTCOME_COLUMNS, TO_COME_COLUMNS and RULE_COLUMNS, and ledgers; or why nothing is."""

    outcomes: tuple[tuple[Any, ...], ...] = ()
    to_come: tuple[tuple[Any, ...], ...] = ()
    rules: tuple[tuple[Any, ...], ...] = ()
    ledgers: tuple[pd.DataFrame, ...] = ()
    reason: str = ""


@dataclass(frozen=True, repr=False)
class Forecast:
    """Forecasts of everybody. For research only: a forecast is no advice.

    outcomes   a row a person and plan: probability of response and remission at the last visit, of relapse at any visit of
               those who had responded, of dissociation and blood pressure above their limits, and expected utility
    to_come    a row a person, plan and visit: median and 90 % interval of the rating; time_h on the table's own clock
    left_out   by person: why nothing is forecast
    plans      that were compared
    rules      a row a person, plan and rule: probability that it applies, mean number of times, median day of the first time
    ledger     a row an event of a draw: rating, decision or dose; None where it was not asked for
    """

    outcomes: pd.DataFrame
    to_come: pd.DataFrame
    left_out: dict[str, str]
    plans: Plans
    rules: pd.DataFrame
    ledger: pd.DataFrame | None = None

    def __repr__(self) -> str:
        """One line in place of every outcome."""
        return f"<Forecast of {self.outcomes['patient'].nunique()} people under {len(self.plans.treatments)} plans>"

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        return (
            self.outcomes.to_html(index=False, na_rep="–", max_rows=16, float_format="{:.3g}".format)
            + "<p>For research only: no advice.</p>"
        )


def forecast(
    people: People | int | None,
    data: Dataset,
    plans: str | Path | Plans,
    *,
    ledger: bool = False,
    replay: pd.DataFrame | None = None,
    model: Model | None = None,
    progress: Callable[[int], None] | None = None,
) -> Forecast:
    """Forecast observed people under several plans, each from the same draws of the person's posterior.

    people    the population that is the prior, as in `update`
    data      what `rs.read_data` gave
    plans     path of a YAML file of plans, or plans that have been read
    ledger    whether every rating, decision and dose of every draw is kept
    replay    a ledger whose decisions are taken again in place of those of the rules; the new one must be the same
    model     None for the shipped one
    progress  told how many people are done; None tells nobody
    returns   outcomes and ratings to come
    raises    InputError with every fault of the plans, and with the first event that a replay has otherwise
    """
    refuse_others(
        ("data", data, isinstance(data, Dataset), "what `rs.read_data` gave"),
        ("plans", plans, isinstance(plans, str | Path | Plans), "the path of a plan file"),
    )
    model = given_or_shipped(model)
    told = plans if isinstance(plans, Plans) else read_plans(plans, model)
    sampling, data = population_of(people, data, model)
    one = partial(forecast_person, plans=told, ledger=ledger or replay is not None, replay=replay)
    found = []
    for each in map_people(one, model, data, sampling):
        found.append(each)
        if progress is not None:
            progress(len(found))
    whole = _together(data, found, told)
    if replay is not None and whole.ledger is not None:
        refuse_other_events(replay, whole.ledger)
    return whole


def _together(data: Dataset, found: list[PersonForecast], plans: Plans) -> Forecast:
    """Everybody's forecast as tables."""
    import pandas as pd

    ledgers = [table for each in found for table in each.ledgers]
    return Forecast(
        pd.DataFrame([row for each in found for row in each.outcomes], columns=list(OUTCOME_COLUMNS)),
        pd.DataFrame([row for each in found for row in each.to_come], columns=list(TO_COME_COLUMNS)),
        {who.name: each.reason for who, each in zip(data.people, found, strict=True) if each.reason},
        plans,
        pd.DataFrame([row for each in found for row in each.rules], columns=list(RULE_COLUMNS)),
        pd.concat(ledgers, ignore_index=True) if ledgers else None,
    )


def forecast_person(  # many arguments: who, and what is asked
    model: Model,
    person: Person,
    setting: Setting,
    sampling: Sampling,
    *,
    plans: Plans,
    ledger: bool = False,
    replay: pd.DataFrame | None = None,
) -> PersonForecast:
    """Forecast one person; arguments as in `sampled`, and the plans.

    model     the chain                    person    with data
    setting   with the lowest severity     sampling  how the posterior is sampled          plans   to compare
    ledger    whether events are kept      replay    a ledger whose decisions are taken again
    returns   the forecast, or the reason why there is none
    """
    posterior, size = sampled(model, person, setting, sampling)
    reason = refusal(posterior, size)
    if reason:
        return PersonForecast(reason=reason)
    return forecast_posterior(model, posterior, sampling, plans=plans, ledger=ledger, replay=replay)


def forecast_posterior(  # many arguments: whose posterior, and what is asked
    model: Model,
    posterior: Posterior,
    sampling: Sampling,
    *,
    plans: Plans,
    ledger: bool = False,
    replay: pd.DataFrame | None = None,
) -> PersonForecast:
    """Forecast one person from a posterior that is there; arguments as in `forecast_person`.

    model     the chain                    posterior  of the person
    sampling  gives the seed               plans      to compare
    ledger    whether events are kept      replay     a ledger whose decisions are taken again
    returns   the forecast, or the reason why there is none
    """
    person = posterior.person
    outcomes, to_come, rules, ledgers = [], [], [], []
    for name, plan in plans.treatments.items():
        recorded = None if replay is None else decisions_of(replay, person.name, name)
        try:
            outlook = outlook_of(model, posterior, plans, sampling)
            followed = follow(outlook, plan, recorded)
        except InputError as error:
            return PersonForecast(reason=f"plan `{name}`: {error}")
        chances = _chances(outlook, followed)
        weights = plans.utility or {}
        utility = sum(weight * np.nan_to_num(chances[each]) for each, weight in weights.items()) if weights else np.nan
        outcomes.append((person.name, name, *(chances[each] for each in (*OUTCOMES, DOSES)), float(utility)))
        to_come += [(person.name, name, *row) for row in _visit_rows(outlook, followed)]
        rules += [(person.name, name, *row) for row in _rule_rows(plan, followed)]
        if ledger:
            ledgers.append(ledger_rows(person.name, name, outlook.occasion.origin, followed.blocks))
    return PersonForecast(tuple(outcomes), tuple(to_come), tuple(rules), tuple(ledgers))


def outlook_of(model: Model, posterior: Posterior, plans: Plans, sampling: Sampling) -> Outlook:
    """What all plans of one person start from: the same draws of the posterior and the same errors.

    model     the chain                 posterior  of the person
    plans     to compare                sampling   gives the seed
    returns   the outlook
    raises    InputError where the plans begin before the last observation
    """
    person, occasion = posterior.person, posterior.person.occasions[-1]
    random = np.random.default_rng([sampling.seed, 11, zlib.crc32(person.name.encode())])
    people = posterior.people.take(random.choice(len(posterior.weights), DRAWS, p=posterior.weights))
    seen = max((each.time_h for each in occasion.observations), default=0.0)
    start = seen if plans.start_h is None else plans.start_h
    if start < seen:
        early = f"the plans begin at hour {start:g}, and the last observation is at hour {seen:g}."
        raise InputError(Fault(early, "", "Expected a start after it.", "Leave `start` out."))
    visits = tuple(round(start + hour, 9) for hour in plans.visits_h)
    known = tuple(
        each for each in occasion.observations if each.kind == RATING and mood_rated(model.scales, each.endpoint)
    )
    seed = sampling.seed
    return Outlook(
        model, person, people, posterior.setting, occasion, known, plans, start, visits, seed, sampling.threads
    )


def _chances(outlook: Outlook, followed: Followed) -> dict[str, float]:
    """Probability of each outcome, NaN where it cannot happen or be known; and the mean number of doses."""
    plans, endpoint, last = outlook.plans, outlook.plans.endpoint, followed.ratings[:, -1]
    found = dict.fromkeys(OUTCOMES, np.nan) | {DOSES: float(followed.doses.mean())}
    cut_off = outlook.model.scales[endpoint].remission
    if cut_off is not None:
        found["remission"] = float((last <= cut_off).mean())
    before = outlook.baseline.get(endpoint)
    if before is not None:
        found["response"] = float((last <= (1 - plans.response) * before).mean())
        now = [each for each in outlook.known if each.endpoint == endpoint][-1]
        if now.value <= (1 - plans.response) * before:
            found["relapse"] = float((followed.ratings > (1 - RELAPSE_KEPT) * before).any(axis=1).mean())
    for outcome, name in SIDE_EFFECTS.items():
        if name in followed.highest:
            found[outcome] = float((followed.highest[name] > plans.limit(name)).mean())
        elif not followed.doses.any():
            found[outcome] = 0.0
    return found


def _visit_rows(outlook: Outlook, followed: Followed) -> list[tuple[Any, ...]]:
    """Endpoint, hour, median and 90 % interval of each visit to come."""
    limits = np.quantile(followed.ratings, [0.5, 0.05, 0.95], axis=0)
    return [
        (outlook.plans.endpoint, outlook.occasion.origin + hour, *(float(each) for each in limits[:, number]))
        for number, hour in enumerate(outlook.visits_h)
    ]


def _rule_rows(plan: TreatmentPlan, followed: Followed) -> list[tuple[Any, ...]]:
    """Number, text, probability of applying, mean number of times and median day of the first time of each rule."""
    found = []
    for number, rule in enumerate(plan.rules):
        often, first = followed.applied[:, number], followed.first_h[:, number]
        day = float(np.nanmedian(first)) / 24 if often.any() else np.nan
        found.append((number + 1, rule.text, float((often > 0).mean()), float(often.mean()), day))
    return found
