"""Trials of the scoreboard under the model and its baselines: plans in, samples of every published number out."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from resprout.calibrate.meta_analysis_fit import MetaAnalysis, fit_meta_analysis
from resprout.calibrate.meta_analysis_predictions import NOT_PREDICTED, virtual_outcome
from resprout.calibrate.meta_analysis_rows import trial_summaries, trial_summary
from resprout.language.rating_scales import mood_rated
from resprout.language.records import Model
from resprout.people.draws import draws_of, with_draws
from resprout.people.studies import INTRACLASS_CORRELATION
from resprout.simulation.workers import process_pool
from resprout.trial.design import Protocol, Published
from resprout.trial.null_models import AS_MODELLED, NULL_MODELS
from resprout.trial.protocol import read_protocol, shipped_protocols
from resprout.trial.published_numbers import COUNTED, published_statistic
from resprout.trial.replicates import run_series, run_series_beside_nulls
from resprout.trial.reported_statistics import MAY_NOT_BE_REACHED
from resprout.trial.trial_outcome import Outcome

Numbers = NDArray[np.float64]
META_ANALYSIS = "meta-analysis"
NO_HETEROGENEITY = "no heterogeneity"
META_ANALYSIS_REPLICATES = 200
LARGEST_META_ANALYSIS = 60_000  # virtual patients of one trial
FEWEST_WITHOUT_HETEROGENEITY = 6
LARGEST_ARM = 400  # virtual patients of an arm: more of them tell little beside how studies differ


@dataclass(frozen=True)
class PredictedNumber:
    """One published number of a trial and its counterpart under each model.

    samples   by AS_MODELLED, null model, META_ANALYSIS and NO_HETEROGENEITY: [replicate]; absent where a model says nothing
              of it. A time that is not reached is the end of observation, as it would be published
    """

    protocol: Protocol
    row: Published
    samples: Mapping[str, Numbers] = field(repr=False)

    @property
    def arm(self) -> str:
        """Name of the arm; the first where the row names none."""
        return self.row.arm or self.protocol.arms[0].name


@dataclass(frozen=True)
class Series:
    """A trial of the scoreboard with the number of its replicates."""

    trial: str
    replicates: int


def predict_trials(
    model: Model,
    plans: Sequence[Series],
    seed: int = 1,
    progress: Callable[[int], None] = lambda done: None,
    *,
    meta_analysis: bool = True,
) -> list[list[PredictedNumber]]:
    """Predict every published number of some trials, under the model and its baselines; trials are shared among processes.

    model          of every patient
    plans          trials, each with its replicates
    seed           of patients and raters
    progress       called with the number of trials that are done
    meta_analysis  also by the meta-analysis of all other shipped trials
    returns        by trial, in the order of `plans`: a prediction for each published number that is verified at source
    """
    fit = fit_meta_analysis(trial_summaries(model, shipped_protocols())) if meta_analysis and plans else None
    work = [(model, plan, seed, fit) for plan in plans]
    if len(work) <= 1:
        found = [predict_trial(*each) for each in work]
        progress(len(found))
        return found
    order = sorted(range(len(work)), key=lambda place: -_expected_cost(model, work[place][1]))
    results: dict[int, list[PredictedNumber]] = {}
    with process_pool() as pool:
        for done, (place, found_here) in enumerate(
            zip(order, pool.map(_predict, [work[place] for place in order]), strict=True), 1
        ):
            results[place] = found_here
            progress(done)
    return [results[place] for place in range(len(work))]


def predict_trial(model: Model, plan: Series, seed: int, fit: MetaAnalysis | None) -> list[PredictedNumber]:
    """Predict the published numbers of one trial; arguments as in `predict_trials`."""
    whole, regimens = read_protocol(plan.trial, model)
    protocol = with_arms_of_at_most(whole, LARGEST_ARM)
    rows = [row for row in protocol.published if row.verification in COUNTED]
    if not rows:
        return []
    outcomes = run_series_beside_nulls(protocol, regimens, model, plan.replicates, seed)[1]
    fewer = max(plan.replicates // 2, FEWEST_WITHOUT_HETEROGENEITY)
    alike = without_heterogeneity(model)
    outcomes[NO_HETEROGENEITY] = run_series(protocol, regimens, alike, fewer, seed)[1]
    if fit is not None and not protocol.phases:  # it knows nothing of people who have been chosen by their response
        count = max(min(META_ANALYSIS_REPLICATES, LARGEST_META_ANALYSIS // protocol.people), 20)
        outcomes[META_ANALYSIS] = virtual_outcome(fit, trial_summary(model, protocol, regimens), count, seed)
    return [PredictedNumber(protocol, row, _samples(protocol, row, outcomes)) for row in rows]


def with_arms_of_at_most(protocol: Protocol, people: int) -> Protocol:
    """The same trial with larger arms cut to this many people; one of parallel groups only, as no crossover is that large."""
    sizes = [arm.size for arm in protocol.arms if arm.size is not None]
    if not sizes or max(sizes) <= people:
        return protocol
    arms = tuple(arm.model_copy(update={"size": min(arm.size or people, people)}) for arm in protocol.arms)
    return protocol.model_copy(update={"arms": arms})


def without_heterogeneity(model: Model) -> Model:
    """The same model in which two people of one study are no more alike than two people of different studies."""
    draws = [
        {name: value for name, value in draw.items() if name != INTRACLASS_CORRELATION} for draw in draws_of(model)
    ]
    return with_draws(model, draws).with_parameters({INTRACLASS_CORRELATION: 0.0})


def _predict(work: tuple[Model, Series, int, MetaAnalysis | None]) -> list[PredictedNumber]:
    return predict_trial(*work)


def _expected_cost(model: Model, plan: Series) -> float:
    """About how long a trial takes, so that the long ones begin first."""
    protocol, regimens = read_protocol(plan.trial, model)
    doses = sum(len(regimen.times_h) for regimen in regimens.values())
    return plan.replicates * protocol.people * (10 + doses)


def _samples(protocol: Protocol, row: Published, outcomes: Mapping[str, Outcome]) -> dict[str, Numbers]:
    found = {}
    with warnings.catch_warnings():
        # a replicate in which nobody relapsed has no day of relapse
        warnings.simplefilter("ignore", RuntimeWarning)
        for name, outcome in outcomes.items():
            if name == META_ANALYSIS and not meta_analysed(outcome, row):
                continue
            seen = published_statistic(protocol, outcome, row)
            found[name] = np.where(np.isposinf(seen), _end_of_observation(protocol, row), seen)
    return found


def meta_analysed(outcome: Outcome, row: Published) -> bool:
    """Whether a meta-analysis of mean improvement says anything of a number.

    outcome  of virtual trials, with the scales of its model
    row      the published number
    """
    return row.statistic not in NOT_PREDICTED and mood_rated(outcome.scales, row.endpoint)


def _end_of_observation(protocol: Protocol, row: Published) -> float:
    """What is published of a time that is not reached, in the unit of the statistic: the last visit."""
    if row.statistic not in MAY_NOT_BE_REACHED:
        return math.nan
    last = max(protocol.visits_of(row.endpoint))
    start = protocol.relapse.start if protocol.relapse else 0.0
    return (last - start) / 24 if row.statistic.endswith("_d") else last


__all__ = [
    "AS_MODELLED",
    "META_ANALYSIS",
    "NO_HETEROGENEITY",
    "NULL_MODELS",
    "PredictedNumber",
    "Series",
    "predict_trials",
]
