"""Conduct of a trial: a protocol in, everybody's ratings in all replicates out; all replicates are solved together."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from resprout.language.records import Model
from resprout.people.cohort import Cohort, Entry, recruit
from resprout.trial.course import run_cohort
from resprout.trial.observation import belief, mood_swings, placebo_share, rate, rate_at_screening, visit_fall
from resprout.trial.protocol import Endpoint, Protocol
from resprout.trial.regimen import Dose, Regimen
from resprout.trial.scales import SCALES, Scale

Numbers = NDArray[np.float64]
Ratings = dict[tuple[str, str], Numbers]
EUPHORIA = "VAS_high"
EUPHORIA_HOURS = (1 / 3, 2 / 3, 1.0, 1.5)  # after a dose, when its peak gives a drug away
HDRS17_RANGE = 52.0


@dataclass(frozen=True)
class Sequence:
    """The order in which a group of people gets the arms; people are those of all replicates, replicate by replicate."""

    arms: tuple[str, ...]
    start_h: tuple[float, ...]
    people: NDArray[np.int64]


def enrol(protocol: Protocol, model: Model, replicates: int, seed: int) -> Cohort:
    """Recruit the people of every replicate; the first trials of a longer series are the same trials."""
    entry = Entry(dict(protocol.entry.minimum), protocol.entry.age, protocol.entry.genotype)
    return recruit(
        protocol.people * replicates,
        seed=seed,
        entry=entry,
        population=protocol.population,
        model=model,
        rater=rate_at_screening,
    )


def sequences(protocol: Protocol, replicates: int) -> list[Sequence]:
    """Share the people of each replicate among arms (parallel) or orders of arms (crossover)."""
    names = [arm.name for arm in protocol.arms]
    crossover = protocol.design == "crossover"
    groups, first = [], 0
    for index, arm in enumerate(protocol.arms):
        size = (arm.first if crossover else arm.size) or 0
        own = np.arange(first, first + size)
        people = (np.arange(replicates)[:, None] * protocol.people + own).ravel()
        order = (*names[index:], *names[:index]) if crossover else (arm.name,)
        starts = tuple((protocol.washout or 0.0) * period for period in range(len(order)))
        if size:
            groups.append(Sequence(order, starts, people))
        first += size
    return groups


def conduct(protocol: Protocol, regimens: dict[str, Regimen], model: Model, cohort: Cohort, replicates: int) -> Ratings:
    """Treat and rate everybody.

    cohort    people of all replicates, replicate by replicate
    returns   by arm and endpoint: [replicate, person, visit] in points; crossover arms list the people in one order
    """
    groups = sequences(protocol, replicates)
    ratings: Ratings = {}
    for arm in protocol.arms:
        for endpoint in protocol.endpoints:
            people = cohort.candidate.size if protocol.design == "crossover" else (arm.size or 0) * replicates
            ratings[arm.name, endpoint.name] = np.empty((people, len(endpoint.visits)))
    for group in groups:
        rows = group.people if protocol.design == "crossover" else np.arange(group.people.size)
        for key, rated in _treat(protocol, regimens, model, cohort.take(group.people), group).items():
            ratings[key][rows] = rated
    return {key: rated.reshape(replicates, -1, rated.shape[1]) for key, rated in ratings.items()}


def _treat(
    protocol: Protocol, regimens: dict[str, Regimen], model: Model, cohort: Cohort, group: Sequence
) -> dict[tuple[str, str], Numbers]:
    """Run one order of arms through the engine and rate it: by arm and endpoint, [person, visit]."""
    visits = {time for endpoint in protocol.endpoints for time in endpoint.visits} | set(EUPHORIA_HOURS)
    hours = np.unique(np.round([start + time for start in group.start_h for time in visits], 9))
    outputs = list(dict.fromkeys([*(endpoint.name for endpoint in protocol.endpoints), EUPHORIA]))
    plan = joined([shifted(regimens[arm], start) for arm, start in zip(group.arms, group.start_h, strict=True)])
    true = run_cohort(model, cohort, plan, hours, outputs).value
    column = {name: index for index, name in enumerate(outputs)}
    left = _symptoms_left(protocol, cohort, group, hours, true[:, :, column[EUPHORIA]])
    screening = -protocol.entry.screening
    swing = mood_swings(cohort.seed, cohort.candidate, [screening, *hours])[:, 1:]
    rated = {}
    for period, (arm, start) in enumerate(zip(group.arms, group.start_h, strict=True)):
        for endpoint in protocol.endpoints:
            at = np.searchsorted(hours, np.round(np.add(start, endpoint.visits), 9))
            score = true[:, at, column[endpoint.name]]
            labels = [f"period {period} at {time:.4f} h" for time in endpoint.visits]
            scale = SCALES.get(endpoint.name)
            if scale is None:
                rated[arm, endpoint.name] = score
                continue
            if scale.mood:
                score = score * left[:, at] - _visits(group, endpoint, period, scale)
            rated[arm, endpoint.name] = rate(scale, score, swing[:, at], cohort.seed, cohort.candidate, labels)
    return rated


def _symptoms_left(protocol: Protocol, cohort: Cohort, group: Sequence, hours: Numbers, euphoria: Numbers) -> Numbers:
    """Share of symptoms that the expectations of all periods so far leave: [person, hour]."""
    left = np.ones(euphoria.shape)
    propensity = cohort.covariates["placebo_propensity"].to_numpy(float)
    controls = {arm.name for arm in protocol.arms if arm.control}
    for arm, start in zip(group.arms, group.start_h, strict=True):
        near = (hours > start) & (hours <= start + max(EUPHORIA_HOURS))
        sure = belief(protocol.control, arm in controls, euphoria[:, near].max(axis=1))
        left *= 1 - placebo_share(sure, propensity, hours - start)
    return left


def _visits(group: Sequence, endpoint: Endpoint, period: int, scale: Scale) -> Numbers:
    """Fall brought by the visits of this and earlier periods, in points of the scale: [visit]."""
    all_visits = [start + time for start in group.start_h[: period + 1] for time in endpoint.visits]
    fall = visit_fall(all_visits) * (scale.highest - scale.lowest) / HDRS17_RANGE
    return fall[-len(endpoint.visits) :]


def shifted(regimen: Regimen, hours: float) -> Regimen:
    """The same regimen, later."""
    doses = tuple(replace(dose, times_h=tuple(time + hours for time in dose.times_h)) for dose in regimen.doses)
    return Regimen(regimen.text, doses)


def joined(regimens: list[Regimen]) -> Regimen:
    """Several regimens given to one person, one after the other."""
    doses: tuple[Dose, ...] = tuple(dose for regimen in regimens for dose in regimen.doses)
    return Regimen(", then ".join(regimen.text for regimen in regimens), doses)
