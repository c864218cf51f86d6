"""A series of virtual studies of one design: each with its own patients and its own posterior draw; cohort and outcome out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from resprout.dosing.regimen import Regimen
from resprout.errors import InputError
from resprout.language.records import Model
from resprout.people.cohort import Cohort
from resprout.people.draws import draws_of
from resprout.trial.conduct import observe_beside_nulls, unknown_outcome
from resprout.trial.design import Protocol
from resprout.trial.enrolment import enrol
from resprout.trial.null_models import AS_MODELLED, NULL_MODELS
from resprout.trial.trial_ledger import RecordedDecisions
from resprout.trial.trial_outcome import OBSERVED, Outcome


def run_series(  # many arguments: the design, the model and how often; the rest by keyword
    protocol: Protocol,
    regimens: dict[str, Regimen],
    model: Model,
    replicates: int,
    seed: int,
    *,
    point: bool = False,
    recorded: RecordedDecisions | None = None,
) -> tuple[Cohort, Outcome]:
    """Recruit, treat and rate the patients of every replicate.

    protocol    design of the trial
    regimens    by arm, with the background treatment joined to it
    model       model of every patient
    replicates  number of replicates
    seed        of the random streams
    point       use the point estimate; otherwise replicate r takes draw r of the model's posterior draws, in turn
    recorded    decisions to take in place of those of rules; None applies the rules
    returns     patients, replicate by replicate, and their outcome; the first replicates of a longer series are the same
    """
    cohort, outcomes = run_series_beside_nulls(
        protocol, regimens, model, replicates, seed, point=point, nulls=(), recorded=recorded
    )
    return cohort, outcomes[AS_MODELLED]


def run_series_beside_nulls(  # many arguments: those of `run_series`, and the null models
    protocol: Protocol,
    regimens: dict[str, Regimen],
    model: Model,
    replicates: int,
    seed: int,
    *,
    point: bool = False,
    nulls: Sequence[str] = tuple(NULL_MODELS),
    recorded: RecordedDecisions | None = None,
) -> tuple[Cohort, dict[str, Outcome]]:
    """As `run_series`, with what the same patients would have done under models in which no drug works.

    protocol    design of the trial
    regimens    by arm, with the background treatment joined to it
    model       model of every patient
    replicates  number of replicates
    seed        of the random streams
    point       use the point estimate; otherwise replicate r takes draw r of the model's posterior draws, in turn
    nulls       keys of NULL_MODELS
    recorded    decisions to take in place of those of rules; None applies the rules
    returns     patients, and their outcome by AS_MODELLED and null model
    """
    studies = np.arange(1, replicates + 1)
    draws = () if point else draws_of(model)
    if not draws:
        return _conducted(protocol, regimens, model, studies, seed, nulls, recorded)
    groups, parts = [studies[number :: len(draws)] for number in range(min(len(draws), replicates))], []
    for draw, group in zip(draws, groups, strict=False):
        parts.append(_conducted(protocol, regimens, model.with_parameters(draw), group, seed, nulls, recorded))
    order = np.argsort(np.concatenate(groups), kind="stable")
    people = (order[:, None] * protocol.people + np.arange(protocol.people)).ravel()
    whole = joined_cohorts([part for part, _ in parts]).take(people)
    return whole, {name: _joined([part[name] for _, part in parts], order) for name in (AS_MODELLED, *nulls)}


def _conducted(  # many arguments: those of `run_series_beside_nulls`
    protocol: Protocol,
    regimens: dict[str, Regimen],
    model: Model,
    studies: NDArray[np.int64],
    seed: int,
    nulls: Sequence[str],
    recorded: RecordedDecisions | None,
) -> tuple[Cohort, dict[str, Outcome]]:
    """Some replicates with one set of constants. Under a null model other people go on after phases before allocation."""
    cohort = enrol(protocol, regimens, model, studies, seed)
    again = None if recorded is None else replace(recorded, studies=studies)
    if not protocol.selects:
        return cohort, observe_beside_nulls(protocol, regimens, model, cohort, len(studies), nulls, again)
    outcomes = observe_beside_nulls(protocol, regimens, model, cohort, len(studies), (), again)
    for null in nulls:
        try:
            others = enrol(protocol, regimens, model, studies, seed, null)
        except InputError:  # hardly anybody goes on where no drug works: the null model predicts no such trial
            outcomes[null] = unknown_outcome(protocol, len(studies), model)
            continue
        outcomes[null] = observe_beside_nulls(protocol, regimens, model, others, len(studies), (null,))[null]
    return cohort, outcomes


def joined_cohorts(parts: list[Cohort]) -> Cohort:
    """Several cohorts as one.

    parts    cohorts of one seed and population
    returns  their patients, one cohort after the other
    """
    first = parts[0]
    constants = {name: np.concatenate([part.constants[name] for part in parts]) for name in first.constants}
    columns = {name: np.concatenate([part.columns[name] for part in parts]) for name in first.columns}
    return Cohort(constants, columns, first.seed, first.population, sum(part.screened for part in parts))


def _joined(parts: list[Outcome], order: NDArray[np.int64]) -> Outcome:
    """Outcomes of several groups of studies as one, in this order of studies."""
    whole = {}
    for field in OBSERVED:
        kept = [getattr(part, field) for part in parts]
        whole[field] = {key: np.concatenate([own[key] for own in kept])[order] for key in kept[0]}
    return Outcome(**whole, scales=parts[0].scales)
