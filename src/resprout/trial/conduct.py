"""Conduct of a trial: a protocol in, everybody's ratings in all replicates out; all replicates are solved together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resprout.dosing.regimen import Regimen
from resprout.language.rating_scales import Scale, mood_rated, with_cut_offs
from resprout.language.records import Model
from resprout.people.cohort import Cohort
from resprout.people.ratings import rate, visit_label, within_subject_variation
from resprout.people.recall import all_recalled_hours, recalled_hours, recalled_mean
from resprout.people.streams import uniforms
from resprout.simulation.cohort_simulation import run_cohort
from resprout.simulation.scenario import Scenario
from resprout.simulation.settings import Numerics
from resprout.trial.adjustments import adjusted_plans, decisions
from resprout.trial.arm_rules import ArmRules, has_rules, rules_of
from resprout.trial.attendance import leave_arm, leave_phases
from resprout.trial.design import Endpoint, Protocol
from resprout.trial.followed_rules import Chosen, Engine, under_rules
from resprout.trial.null_models import AS_MODELLED, NULL_MODELS, under_null_model, untreated
from resprout.trial.phases import Stage, stages
from resprout.trial.sequences import Sequence, sequences, whole_regimen
from resprout.trial.symptoms_left import hours_followed, symptoms_left
from resprout.trial.trial_ledger import RecordedDecisions, no_events
from resprout.trial.trial_outcome import OBSERVED, Outcome

Numbers = NDArray[np.float64]
Ratings = dict[tuple[str, str], Numbers]
EUPHORIA = "VAS_high"
SEVERITY = "HDRS17"
ALWAYS = (SEVERITY, EUPHORIA, "BPRS_positive", "CADSS", "SBP", "DBP")  # one kernel serves every trial of the same drugs
TOLERANCE = 3e-4
"""Of a step: scores are within 0.05 points of HDRS17, in the mean within 0.002, where a rater errs by points; half the time of the default."""
LARGEST_CHUNK = 20_000  # people solved at once, so that memory stays bounded


def conduct(protocol: Protocol, regimens: dict[str, Regimen], model: Model, cohort: Cohort, replicates: int) -> Ratings:
    """Treat and rate every patient.

    protocol    design of the trial
    regimens    by arm, with the background treatment joined to it
    model       model of every patient
    cohort      patients of all replicates, replicate by replicate
    replicates  number of replicates
    returns     ratings by arm and endpoint: [replicate, patient, visit]
    """
    return observe(protocol, regimens, model, cohort, replicates).ratings


def observe(protocol: Protocol, regimens: dict[str, Regimen], model: Model, cohort: Cohort, replicates: int) -> Outcome:
    """Treat and rate every patient, and record dropout.

    protocol    design of the trial
    regimens    by arm, with the background treatment joined to it
    model       model of every patient
    cohort      patients of all replicates, replicate by replicate
    replicates  number of replicates
    returns     the outcome; crossover arms list the patients in one order
    """
    return observe_beside_nulls(protocol, regimens, model, cohort, replicates, ())[AS_MODELLED]


def observe_beside_nulls(  # many arguments: those of `observe`, the null models and recorded decisions
    protocol: Protocol,
    regimens: dict[str, Regimen],
    model: Model,
    cohort: Cohort,
    replicates: int,
    nulls: Iterable[str] = tuple(NULL_MODELS),
    recorded: RecordedDecisions | None = None,
) -> dict[str, Outcome]:
    """Treat and rate every patient, as the model has it and as null models have it, from one solution of the model.

    protocol    design of the trial
    regimens    by arm, with the background treatment joined to it
    model       model of every patient
    cohort      patients of all replicates, replicate by replicate
    replicates  number of replicates
    nulls       keys of NULL_MODELS
    recorded    decisions to take in place of those of rules; None applies the rules
    returns     by AS_MODELLED and null model: the outcome, with the same patients and the same errors of rating
    """
    crossover = protocol.design == "crossover"
    outcomes = {name: _empty_outcome(protocol, len(cohort), replicates) for name in (AS_MODELLED, *nulls)}
    alleles = np.char.count(cohort.columns["genotype"], "Met").astype(np.int64)
    for group in sequences(protocol, replicates):
        for first in range(0, group.people.size, LARGEST_CHUNK):
            part = Sequence(group.arms, group.start_h, group.people[first : first + LARGEST_CHUNK])
            rows = part.people if crossover else np.arange(first, first + part.people.size)
            own = None if recorded is None else recorded.of_people(part.arms[-1], part.people, protocol.people)
            treated = treat(protocol, regimens, model, cohort.take(part.people), part, tuple(nulls), own)
            for name, outcome in outcomes.items():
                _write_down(outcome, treated[name], rows, alleles[part.people])
    scales = with_cut_offs(model.scales, protocol.remission)
    return {name: _by_replicate(outcome, replicates, scales) for name, outcome in outcomes.items()}


def unknown_outcome(protocol: Protocol, replicates: int, model: Model) -> Outcome:
    """The outcome of a trial for which nobody could be recruited: every rating is unknown.

    protocol    design of the trial
    replicates  number of replicates
    model       whose scales are used
    returns     ratings of NaN
    """
    outcome = _empty_outcome(protocol, protocol.people * replicates, replicates)
    for rating in outcome.ratings.values():
        rating.fill(np.nan)
    return _by_replicate(outcome, replicates, with_cut_offs(model.scales, protocol.remission))


def _empty_outcome(protocol: Protocol, people: int, replicates: int) -> Outcome:
    """Room for everybody's ratings: by arm and endpoint, [patient, visit]; `people` are those of all replicates."""
    outcome = Outcome({})
    for arm in protocol.arms:
        own = people if protocol.design == "crossover" else (arm.size or 0) * replicates
        for endpoint in protocol.endpoints:
            outcome.ratings[arm.name, endpoint.name] = np.empty((own, len(endpoint.visits)))
        outcome.genotype[arm.name] = np.zeros(own, np.int64)
        outcome.left_h[arm.name] = np.full(own, np.inf)
        outcome.rescued[arm.name] = np.zeros(own, dtype=bool)
        outcome.guessed_drug[arm.name] = np.zeros(own, dtype=bool)
        if has_rules(protocol):
            outcome.events[arm.name] = no_events(own)
    return outcome


def _write_down(whole: Outcome, part: Outcome, rows: NDArray[np.int64], alleles: NDArray[np.int64]) -> None:
    """Put what came of some people in their rows of the whole; phases before allocation leave no rows there."""
    for field in ("ratings", "left_h", "rescued", "guessed_drug", "events"):
        for key, found in getattr(part, field).items():
            if key in getattr(whole, field):
                getattr(whole, field)[key][rows] = found
    for arm in part.left_h:
        if arm in whole.genotype:
            whole.genotype[arm][rows] = alleles


def _by_replicate(outcome: Outcome, replicates: int, scales: Mapping[str, Scale]) -> Outcome:
    """The same outcome with an axis for replicates in front."""
    fields: dict[str, Any] = {
        field: {key: each.reshape(replicates, -1, *each.shape[1:]) for key, each in getattr(outcome, field).items()}
        for field in OBSERVED
    }
    return Outcome(**fields, scales=scales)


def treat(  # many arguments: those of `observe`, for one order of arms
    protocol: Protocol,
    regimens: dict[str, Regimen],
    model: Model,
    cohort: Cohort,
    group: Sequence,
    nulls: tuple[str, ...],
    recorded: Chosen | None = None,
) -> dict[str, Outcome]:
    """Run one order of phases and arms through the engine and rate it under each model.

    protocol  design of the trial
    regimens  by phase and arm
    model     model of every patient
    cohort    the patients of this order
    group     the order
    nulls     keys of NULL_MODELS
    recorded  decisions to take in place of those of rules; None applies the rules
    returns   by model: ratings by phase or arm, and endpoint, [patient, visit]
    """
    parts, ruled = stages(protocol, regimens, model), rules_of(protocol, group, model)
    hours, outputs = _hours_seen(parts, group, model), _outputs_of(parts, group, model, ruled)
    names = (AS_MODELLED, *nulls)
    engines = {name: _engine(protocol, parts, model, group, hours, outputs, name) for name in names}
    if not decisions(protocol, group, model) and ruled is None:
        true = engines[AS_MODELLED].solve(cohort, whole_regimen(group, regimens), hours)
        return {name: engine.rated(cohort, true) for name, engine in engines.items()}
    found = {}
    for name, engine in engines.items():  # who changes treatment depends on ratings, and these on the model
        plans = adjusted_plans(protocol, regimens, model, cohort, group, partial(_look, engine, cohort))
        if ruled is not None:
            again = recorded if name == AS_MODELLED else None
            found[name] = under_rules(protocol, ruled, model, cohort, group, plans, engine, again)
            continue
        true = np.empty((len(cohort), hours.size, len(outputs)))
        for plan in plans:
            true[plan.rows] = engine.solve(cohort.take(plan.rows), plan.regimen, hours)
        found[name] = engine.rated(cohort, true)
    return found


def _engine(  # many arguments: the design, one order of its arms, what is observed, and the model
    protocol: Protocol,
    parts: Mapping[str, Stage],
    model: Model,
    group: Sequence,
    hours: Numbers,
    outputs: list[str],
    name: str,
) -> Engine:
    """What solves and rates people under the model or a null model."""

    def solve(people: Cohort, plan: Regimen, at: Numbers) -> Numbers:
        scenario = Scenario(plan, tuple(at.tolist()), tuple(outputs))
        return run_cohort(model, people, scenario, Numerics(TOLERANCE)).value

    def under(people: Cohort, true: Numbers) -> Numbers:
        rest = true[:, 0] if name == AS_MODELLED else untreated(model, people, outputs)
        return under_null_model(name, model, outputs, true, rest)

    def rated(people: Cohort, true: Numbers) -> Outcome:
        seen = under(people, true)
        return _rate_everybody(protocol, parts, model, people, group, hours, outputs, seen)

    return Engine(hours, outputs, solve, under, rated)


def _look(engine: Engine, cohort: Cohort, rows: NDArray[np.int64], plan: Regimen) -> Ratings:
    """Ratings of some people under a regimen."""
    people = cohort.take(rows)
    return engine.rated(people, engine.solve(people, plan, engine.hours)).ratings


def _outputs_of(parts: Mapping[str, Stage], group: Sequence, model: Model, ruled: ArmRules | None) -> list[str]:
    """Outputs of the model that ratings of a group and its rules need."""
    scales = {each.name for name in group.arms for each in parts[name].design.endpoints}
    scales |= set(ruled.side_effects if ruled is not None else ())
    plain = sorted(name for name in scales if not mood_rated(model.scales, name))
    return list(dict.fromkeys([*(name for name in ALWAYS if name in model.equations), *plain]))


def _rate_everybody(  # many arguments: what was given, to whom, and what came of it
    protocol: Protocol,
    parts: Mapping[str, Stage],
    model: Model,
    cohort: Cohort,
    group: Sequence,
    hours: Numbers,
    outputs: list[str],
    true: Numbers,
) -> Outcome:
    """Rate one order of arms from true scores [patient, hour, output]."""
    column = {name: index for index, name in enumerate(outputs)}
    severity, euphoria = true[:, :, column[SEVERITY]], true[:, :, column[EUPHORIA]]
    left = symptoms_left(protocol, parts, cohort, group, hours, severity, euphoria, model.nominal)
    begins = -protocol.entry.screening
    varied = np.union1d(hours, sorted(_recalled(parts, group, begins, model)))
    variation = within_subject_variation(cohort.seed, cohort.candidate, [begins, *varied], model.nominal)[:, 1:]
    treated, states = Outcome({}, scales=model.scales), dict[tuple[str, str], Numbers]()
    for period, (arm, start) in enumerate(zip(group.arms, group.start_h, strict=True)):
        for endpoint in parts[arm].design.endpoints:
            visits = np.add(start, endpoint.visits)
            at = np.searchsorted(hours, recalled_hours(endpoint.name, visits, hours[0], model.nominal))
            scale = model.scales.get(endpoint.name)
            mood = scale is not None and scale.mood
            score = true[:, at, column[SEVERITY if mood else endpoint.name]]
            score = recalled_mean(score * left.share[:, at] if mood else score)
            swings = np.searchsorted(varied, recalled_hours(endpoint.name, visits, begins, model.nominal))
            states[arm, endpoint.name] = score
            labels = _labels(parts, group, period, endpoint)
            treated.ratings[arm, endpoint.name] = (
                score
                if scale is None
                else rate(
                    scale, score, recalled_mean(variation[:, swings]), cohort.seed, cohort.candidate, labels, model
                )
            )
        if parts[arm].design is protocol:
            asked = int(np.searchsorted(hours, np.round(start + protocol.last_visit, 9)))
            chance = uniforms(cohort.seed, f"guess of allocation, period {period}", cohort.candidate)
            treated.guessed_drug[arm] = chance < left.belief[period][:, asked]
            leave_arm(protocol, treated, arm, states, cohort)
    leave_phases(protocol, treated, group, states, cohort)
    return treated


def _recalled(parts: Mapping[str, Stage], group: Sequence, first_h: float, model: Model) -> set[float]:
    """Hours that ratings cover, not before the first: those of the visits and of the days that self-ratings ask about."""
    visits = [
        (each.name, np.add(start, each.visits).tolist())
        for name, start in zip(group.arms, group.start_h, strict=True)
        for each in parts[name].design.endpoints
    ]
    return all_recalled_hours(visits, first_h, model.nominal)


def _hours_seen(parts: Mapping[str, Stage], group: Sequence, model: Model) -> Numbers:
    """Hours of all visits, of those at which the effects of the blinded treatment are followed, and of what ratings cover: ascending."""
    seen: set[float] = set()
    for name, start in zip(group.arms, group.start_h, strict=True):
        visits = {time for endpoint in parts[name].design.endpoints for time in endpoint.visits}
        followed = hours_followed(parts[name].blinded, name, max(visits, default=0.0))
        seen |= {start + time for time in visits | followed}
    seen |= _recalled(parts, group, min(seen), model)
    return np.unique(np.round(sorted(seen), 9))


def _labels(parts: Mapping[str, Stage], group: Sequence, period: int, endpoint: Endpoint) -> list[str]:
    """Names of the visits of one period; the last visit of a phase is also the first of what follows it."""
    labels = [visit_label(period, time) for time in endpoint.visits]
    if period and parts[group.arms[period - 1]].design is not parts[group.arms[period]].design:
        length = group.start_h[period] - group.start_h[period - 1]
        before = parts[group.arms[period - 1]].visits_of(endpoint.name)
        if endpoint.visits[0] == 0 and before and abs(before[-1] - length) < 1e-6:
            labels[0] = visit_label(period - 1, before[-1])
    return labels
