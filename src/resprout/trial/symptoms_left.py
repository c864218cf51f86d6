"""Symptoms beside the drug: a design, its people and what the drug has done in; what recovery, expectation and care leave out."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from resprout.people.cohort import Cohort
from resprout.people.growth import propensity_again
from resprout.people.streams import normals
from resprout.trial.blinded_treatment import BlindedTreatment
from resprout.trial.control_setting import OPEN, belief_at_start, effects_expected, hospital_left, may_unblind, sites_of
from resprout.trial.design import Protocol
from resprout.trial.effect_attenuation import attenuated, effect_lost
from resprout.trial.expectation import (
    FELT_WITHIN_H,
    attention,
    belief,
    clinical_course,
    conviction,
    expectation_left,
    onset,
    placebo_share,
)
from resprout.trial.illness_episodes import episode_left, vulnerability_of, with_new_episodes
from resprout.trial.phases import Stage
from resprout.trial.sequences import Sequence

Numbers = NDArray[np.float64]
Parameters = Mapping[str, float]
LOWEST_SEVERITY = 1e-9  # points; below it nobody can be relieved
MOST_OCCASIONS = 3  # doses after which euphoria is looked at: the first, the second and the last; and at every visit
EUPHORIA_HOURS = (1 / 3, 2 / 3, 1.0, FELT_WITHIN_H)  # after a dose, when its peak may unblind
BETWEEN_VISITS_H = (24.0, 72.0, 168.0)  # after the first treatment, and each further week: relief is followed


@dataclass(frozen=True)
class SymptomsLeft:
    """What all but the drug leaves of the symptoms, and what patients believe.

    share   [patient, hour]            1  to multiply the score under the drug with
    belief  by period: [patient, hour] 1  belief of being given something that works, 0 to 1
    """

    share: Numbers
    belief: tuple[Numbers, ...]


def hours_followed(blinded: BlindedTreatment, arm: str, last_h: float) -> set[float]:
    """Hours of a period, beside the visits, at which the drug's effects are followed.

    blinded  blinded treatment of the trial
    arm      name of the arm of the period
    last_h   last visit of the period
    returns  when euphoria may unblind after the first, second and last dose by a route other than oral (for tablets after
             the first), and some hours between visits
    """
    given = blinded.given_h[arm]
    looked = given[:1] if blinded.pills else (*given[: MOST_OCCASIONS - 1], *given[-1:])
    weeks = np.arange(336.0, last_h - given[0], 168.0).tolist()
    between = [given[0] + hour for hour in (*BETWEEN_VISITS_H, *weeks) if given[0] + hour < last_h]
    return {hour + after for hour in looked for after in EUPHORIA_HOURS} | set(between)


def symptoms_left(  # many arguments: the design, its people, and what the drug has done to them
    protocol: Protocol,
    parts: Mapping[str, Stage],
    cohort: Cohort,
    group: Sequence,
    hours: Numbers,
    severity: Numbers,
    euphoria: Numbers,
    parameters: Parameters,
) -> SymptomsLeft:
    """What time, the expectations of all periods so far and hospital care leave of the symptoms.

    protocol    design of the trial
    parts       by phase and arm: its design and blinded treatment; expectation and unblinding count from that of each
    cohort      patients
    group       their order of phases and arms
    hours       [hour]           h       ascending, the first before treatment
    severity    [patient, hour]  points  HDRS17 under the drug
    euphoria    [patient, hour]  points  VAS_high
    parameters  by constant of the model
    returns     share left, and beliefs
    """
    before = np.maximum(severity[:, :1], LOWEST_SEVERITY)
    whole = severity / before
    people = (cohort.seed, cohort.candidate)
    drug_left = attenuated(whole, effect_lost(sites_of(protocol), *people, parameters))
    relief = np.clip(1 - drug_left, 0.0, 1.0)
    expected, beliefs = _expected(protocol, parts, cohort, group, hours, relief, euphoria, parameters)
    left = np.ones(relief.shape)
    removed = [placebo_share(each, parameters) for each in _propensities(protocol, parts, cohort, group, parameters)]
    for period, added, developed in expected:
        left = left * expectation_left(removed[period], added, relief, parameters, developed)
    kept = drug_left / np.where(whole > 0, whole, 1.0)
    if protocol.population == "healthy":
        return SymptomsLeft(left * kept, tuple(beliefs))
    resistant, since_screening = protocol.entry.resistant, hours + protocol.entry.screening
    recovery = (parameters["recovery_resistant"] if resistant else 1.0) * cohort.columns["recovery"]
    left = left * clinical_course(recovery, since_screening, parameters)
    if protocol.setting.hospital:
        left = left * hospital_left(hours, people, parameters)
    episode = episode_left(since_screening, parameters, resistant=resistant)
    vulnerability = vulnerability_of(cohort.columns["stress"], parameters)
    share = with_new_episodes(drug_left, left, episode, hours, recovery, vulnerability, people, parameters)
    return SymptomsLeft(share * kept, tuple(beliefs))


def _expected(  # many arguments: those of `symptoms_left`
    protocol: Protocol,
    parts: Mapping[str, Stage],
    cohort: Cohort,
    group: Sequence,
    hours: Numbers,
    relief: Numbers,
    euphoria: Numbers,
    parameters: Parameters,
) -> tuple[list[tuple[int, Numbers, Numbers]], list[Numbers]]:
    """Expectation that each period adds to those before, with its visits, then that of a new antidepressant: period, [patient, hour] and
    the share developed, [hour]; and belief by period, [patient, hour]."""
    earlier, added, beliefs = np.zeros(relief.shape), list[tuple[int, Numbers, Numbers]](), list[Numbers]()
    visits = _by_visits(parts, group, hours, parameters)
    for period, (arm, start) in enumerate(zip(group.arms, group.start_h, strict=True)):
        blinded = parts[arm].blinded
        sure = _belief_of(parts[arm], sites_of(protocol), arm, cohort, euphoria, hours - start, parameters)
        occasions = tuple(start + hour for hour in blinded.occasions_h)
        own = sure * conviction(relief, hours, occasions, parameters, pills=blinded.pills)
        # visits before the first treatment bring expectation as well
        begins = min([occasions[0], *(start + hour for hour in parts[arm].attended_h)])
        developed = onset(hours - begins, parameters, pills=blinded.pills)
        added.append((period, (1 - earlier) * own + visits[period], developed))
        earlier = 1 - (1 - earlier) * (1 - own)
        beliefs.append(sure)
    new = _of_new_antidepressant(parts[group.arms[0]].blinded, hours, relief, parameters)
    return added if new is None else [*added, (0, (1 - earlier) * new[0], new[1])], beliefs


def _of_new_antidepressant(
    blinded: BlindedTreatment, hours: Numbers, relief: Numbers, parameters: Parameters
) -> tuple[Numbers, Numbers] | None:
    """Expectation of an antidepressant that is begun beside the blinded treatment, and known, [patient, hour], and the share of it
    developed, [hour]; None without one."""
    begins = blinded.background_h
    if begins is None:
        return None
    slower = {**parameters, "placebo_fade": parameters["background_fade"]}
    alive = conviction(relief, hours, (begins,), slower, pills=True)
    return parameters["belief_new_antidepressant"] * alive, onset(hours - begins, parameters, pills=True)


def _by_visits(parts: Mapping[str, Stage], group: Sequence, hours: Numbers, parameters: Parameters) -> list[Numbers]:
    """Expectation that the visits of each period have added: by period, [hour]."""
    come = [
        start + hour for arm, start in zip(group.arms, group.start_h, strict=True) for hour in parts[arm].attended_h
    ]
    attended, fade = np.unique(np.round(come, 9)), parameters["background_fade"]
    found, earlier = list[Numbers](), np.zeros(hours.size)
    for end in (*group.start_h[1:], np.inf):
        until = np.minimum(hours, end)
        alive = attention(until, attended, parameters) * np.exp((until - hours) / fade)
        found.append(alive - earlier)
        earlier = alive
    return found


def _propensities(
    protocol: Protocol, parts: Mapping[str, Stage], cohort: Cohort, group: Sequence, parameters: Parameters
) -> list[Numbers]:
    """Placebo propensity in each period: [patient] each; another one where people are allocated, or are told something else."""
    found = [cohort.columns["placebo_propensity"]]
    for number, (before, arm) in enumerate(itertools.pairwise(group.arms), start=1):
        design = parts[arm].design
        if design is not protocol and design.control == parts[before].design.control:
            found.append(found[-1])
            continue
        other = normals(cohort.seed, f"placebo propensity in period {number}", cohort.candidate)
        found.append(propensity_again(found[-1], other, cohort.columns["age"], parameters))
    return found


def _belief_of(  # many arguments: the design, one arm of it, and what its people have felt
    part: Stage,
    sites: float,
    arm: str,
    cohort: Cohort,
    euphoria: Numbers,
    hours: Numbers,
    parameters: Parameters,
) -> Numbers:
    """Belief of the patients of one period over its own clock: [patient, hour]."""
    at_start = belief_at_start(part.design, part.blinded, arm, sites, (cohort.seed, cohort.candidate), parameters)
    felt = euphoria if may_unblind(part.design, arm) else np.zeros(euphoria.shape)
    since = hours - part.blinded.first_h[arm]
    return belief(
        at_start,
        felt,
        since,
        parameters,
        effects_expected=effects_expected(part.design, part.blinded),
        felt_before=_felt_before(part, euphoria, hours),
    )


def _felt_before(part: Stage, euphoria: Numbers, hours: Numbers) -> Numbers | None:
    """Highest VAS_high before a blind period, beside which its effects are missed: [patient]; None where blinding is kept or open."""
    earlier = hours < -1e-9
    if part.design.control in OPEN or part.design.blinding != "natural" or not earlier.any():
        return None
    return np.asarray(euphoria[:, earlier].max(axis=1))
