"""Who comes to which visit: dropout, missed visits and rescue, by what is rated and by what nobody sees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from resprout.language.rating_scales import mood_rated
from resprout.people.cohort import Cohort
from resprout.people.streams import uniforms
from resprout.trial.design import Dropout, Phase, Protocol, Rescue
from resprout.trial.phases import lead_in_scale, lead_in_visits
from resprout.trial.sequences import Sequence
from resprout.trial.trial_outcome import Outcome

Numbers = NDArray[np.float64]
People = NDArray[np.int64]
WEEK_H = 168.0


@dataclass(frozen=True)
class Attendance:
    """left_h [patient] hour of leaving, infinite for those who stay; missed [patient, visit]; rescued_h [patient]."""

    left_h: Numbers
    missed: NDArray[np.bool_]
    rescued_h: Numbers

    def seen(self, hours: Numbers, missed: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Which visits at these hours yield a rating that is used: [patient, visit]; the first always does."""
        there = (hours < self.left_h[:, None]) & (hours <= self.rescued_h[:, None]) & ~missed
        there[:, 0] = True
        return there


def attend(  # many arguments: rules, what people leave by, and what keys the random streams
    dropout: Dropout | tuple[Dropout, ...],
    rescue: Rescue | None,
    rated: Numbers,
    state: Numbers,
    hours: Numbers,
    seed: int,
    person: People,
    *,
    during: str = "",
) -> Attendance:
    """Decide who drops out, who misses a visit and who receives rescue treatment.

    dropout  weekly dropout rates and the share of missed visits; a tuple has those of the time before each visit
    rescue   rule of rescue treatment; None for none
    rated    [patient, visit]  points  ratings as they would be recorded; NaN where nobody is rated
    state    [patient, visit]  points  true scores
    hours    [visit]           h       times of the visits; the first is the baseline
    seed     of the random streams
    person   [patient]         1       numbers of the patients in the population
    during   part of the trial, which keys the random streams; empty after allocation
    returns  attendance at these visits

    Between two visits the probability to stay is that of no dropout by any of the three mechanisms.
    """
    people, visits = rated.shape
    left, rescued, last = np.full(people, np.inf), np.full(people, np.inf), rated[:, 0].copy()
    missed = np.zeros((people, visits), dtype=bool)
    base, start = np.maximum(rated[:, 0], 1.0), np.maximum(state[:, 0], 1.0)
    for visit in range(1, visits):
        rule = dropout[visit] if isinstance(dropout, tuple) else dropout
        weeks = (hours[visit] - hours[visit - 1]) / WEEK_H
        label = f"{during}at {hours[visit]:.4f} h"
        hazard = _hazards(rule, last / base, state[:, visit] / start)
        if np.any(hazard > 0):
            goes = uniforms(seed, f"dropout {label}", person) > np.exp(-hazard * weeks)
            left = np.where(np.isinf(left) & goes, (hours[visit] + hours[visit - 1]) / 2, left)
        if rule.missed_visits > 0:
            missed[:, visit] = uniforms(seed, f"missed visit {label}", person) < rule.missed_visits
        here = np.isinf(left) & ~missed[:, visit] & np.isfinite(rated[:, visit])
        last = np.where(here, rated[:, visit], last)
        if rescue is not None and hours[visit] >= rescue.after:
            needs = here & np.isinf(rescued) & (rated[:, 0] - rated[:, visit] < rescue.unless_fall * rated[:, 0])
            rescued = np.where(needs, hours[visit], rescued)
    return Attendance(left, missed, rescued)


def leave_arm(
    protocol: Protocol, treated: Outcome, arm: str, state: Mapping[tuple[str, str], Numbers], cohort: Cohort
) -> None:
    """Take out the ratings of those who had left an arm, missed the visit or been rescued, in place.

    protocol  design of the trial
    treated   ratings of everybody by arm and endpoint; hours of leaving and rescue are added
    arm       name of the arm
    state     by arm and endpoint: [patient, visit] points, true scores
    cohort    the patients
    """
    rule, rescue = protocol.dropout, protocol.rescue
    mood = [each for each in protocol.endpoints if mood_rated(treated.scales, each.name)]
    treated.left_h[arm] = np.full(len(cohort), np.inf)
    treated.rescued[arm] = np.zeros(len(cohort), dtype=bool)
    if not (rescue is not None or rule.leaves or rule.missed_visits > 0):
        return
    lead = protocol.primary.endpoint if protocol.primary else ""
    leading = next((each for each in mood if each.name == lead), (mood or list(protocol.endpoints))[0])
    attendance = attend(
        rule,
        rescue,
        treated.ratings[arm, leading.name],
        state[arm, leading.name],
        np.array(leading.visits),
        cohort.seed,
        cohort.candidate,
    )
    treated.left_h[arm] = attendance.left_h
    treated.rescued[arm] = np.isfinite(attendance.rescued_h)
    for endpoint in protocol.endpoints:
        hours = np.array(endpoint.visits)
        at = np.searchsorted(np.array(leading.visits), hours).clip(max=len(leading.visits) - 1)
        same = np.abs(np.array(leading.visits)[at] - hours) < 1e-6
        missed = attendance.missed[:, at] & same
        seen = attendance.seen(hours, missed)
        rated = treated.ratings[arm, endpoint.name]
        treated.ratings[arm, endpoint.name] = np.where(seen, rated, np.nan)


def leave_phases(
    protocol: Protocol, treated: Outcome, group: Sequence, state: Mapping[tuple[str, str], Numbers], cohort: Cohort
) -> None:
    """Take out the ratings of those who had left before allocation or missed the visit, in place.

    protocol  design of the trial
    treated   ratings of everybody by phase and endpoint; hours of leaving, from the start of each phase, are added
    group     phases in order, with or without an arm
    state     by phase and endpoint: [patient, visit] points, true scores
    cohort    the patients
    """
    rules = [rule for phase in protocol.phases for rule in _rules_of(protocol, phase)]
    if not any(rule.leaves or rule.missed_visits > 0 for rule in rules):
        return
    starts = dict(zip(group.arms, group.start_h, strict=True))
    series = _lead_in_series(protocol, treated, starts, state)
    found = attend(tuple(rules), None, *series, cohort.seed, cohort.candidate, during="before allocation ")
    seen, first = found.seen(series[2], found.missed), 0
    for phase in protocol.phases:
        since = found.left_h - starts[phase.name]
        treated.left_h[phase.name] = np.where((since >= 0) & (since < phase.length), since, np.inf)
        for (name, endpoint), own in treated.ratings.items():
            if name == phase.name:
                treated.ratings[name, endpoint] = np.where(seen[:, first : first + own.shape[1]], own, np.nan)
        first += len(lead_in_visits(protocol, phase)) + 1


def _rules_of(protocol: Protocol, phase: Phase) -> list[Dropout]:
    """The dropout of a phase, once for each of its visits and once for its end."""
    return [protocol.dropout_in(phase)] * (len(lead_in_visits(protocol, phase)) + 1)


def _lead_in_series(
    protocol: Protocol, treated: Outcome, starts: Mapping[str, float], state: Mapping[tuple[str, str], Numbers]
) -> tuple[Numbers, Numbers, Numbers]:
    """Ratings and true scores [patient, visit] by which people leave phases, and hours [visit] since the first of them."""
    scale = lead_in_scale(protocol)
    hours, rated, true = list[float](), list[Numbers](), list[Numbers]()
    for phase in protocol.phases:
        for number, visit in enumerate(lead_in_visits(protocol, phase)):
            hours.append(starts[phase.name] + visit)
            rated.append(treated.ratings[phase.name, scale][:, number])
            true.append(state[phase.name, scale][:, number])
        # people leave up to the end of a phase, at which nobody may be rated
        hours.append(starts[phase.name] + phase.length)
        rated.append(np.full_like(rated[0], np.nan))
        true.append(true[-1])
    return np.stack(rated, axis=1), np.stack(true, axis=1), np.array(hours)


def _hazards(rule: Dropout, rated: Numbers, state: Numbers) -> Numbers:
    """Rate a week at which each patient leaves, by last rating and true score relative to baseline: [patient]."""
    by_symptoms = _hazard(rule.at_random) * np.maximum(rated, 0) + _hazard(rule.informative) * np.maximum(state, 0)
    return _hazard(rule.completely_at_random) + by_symptoms


def _hazard(share: float) -> float:
    """The rate a week at which this share leaves."""
    return float(-np.log(max(1 - share, 1e-9)))
