"""What rules look at and to whom they apply: ratings, readings and counts of each person or draw in; true or false of each out."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from resprout.trial.decision_ledger import Block
from resprout.trial.treatment_rules import COUNTS, DOWN, STOP, UP, Condition, Rule

Numbers = NDArray[np.float64]
RELAPSE_KEPT = 0.25  # of the baseline: a responder whose rating has fallen by less has relapsed
SIGNS = {">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le}


@dataclass(frozen=True)
class Seen:
    """What is known of each person, or of each draw of one, at one hour.

    endpoint   scale of depression that the rules follow
    ratings    [draw, rating]  points  on the endpoint, in order of time; those of the table first
    at_visit   by scale: [draw], reading at this hour, before a dose
    peaks      by scale: [draw], highest reading within 90 minutes of the last dose; NaN where there was none
    counts     by COUNTS: [draw]
    baseline   by scale: points before the first dose, of all or [draw]
    response_at  points at or below which the endpoint is a response, of all or [draw]
    remission  cut-off in points, or None
    """

    endpoint: str
    ratings: Numbers
    at_visit: Mapping[str, Numbers]
    peaks: Mapping[str, Numbers]
    counts: Mapping[str, Numbers]
    baseline: Mapping[str, Numbers | float]
    response_at: Numbers | float
    remission: float | None


def applies(rule: Rule, seen: Seen) -> NDArray[np.bool_]:
    """Whether every condition of a rule holds.

    rule     with conditions
    seen     what is known
    returns  [draw]   false where something that it asks for has not been seen
    """
    found = np.ones(len(seen.ratings), dtype=bool)
    for each in rule.conditions:
        found &= _holds(each, seen)
    return found


def chosen_rules(  # many arguments: the rules, whom they are asked of, and what has been decided
    rules: Sequence[Rule],
    numbers: Iterable[int],
    due: NDArray[np.bool_],
    seen: Seen,
    applied: NDArray[np.int64],
    level: NDArray[np.int64],
    steps: int,
) -> NDArray[np.int64]:
    """The first rule that applies to each person or draw.

    rules    all of them
    numbers  of those that are asked for
    due      [draw]        1   of whom they are asked
    seen     what is known
    applied  [draw, rule]  1   how often each rule has applied
    level    [draw]        1   position in the steps
    steps    how many there are
    returns  [draw]        1   number of the rule, -1 where none applies
    """
    chosen = np.full(len(due), -1)
    for number in numbers:
        rule = rules[number]
        able = due & (chosen < 0) & (True if rule.most is None else applied[:, number] < rule.most)
        if rule.action in (UP, DOWN):
            able &= level != (steps - 1 if rule.action == UP else 0)
        if rule.action in (UP, DOWN, STOP):
            able &= seen.counts["due"] > 0  # nothing to change otherwise
        chosen[able & applies(rule, seen)] = number
    return chosen


def reading_blocks(
    rules: Sequence[Rule], numbers: Iterable[int], due: NDArray[np.bool_], seen: Seen, hour: float
) -> Iterator[Block]:
    """The side effects that rules ask for, for the ledger.

    rules    all of them
    numbers  of those that are asked for
    due      [draw]  1  of whom they are asked
    seen     what is known
    hour     scalar  h  of the ledger
    returns  a block a scale and time of reading
    """
    asked = {(each.name, each.after_dose) for number in numbers for each in rules[number].conditions}
    for name, after in sorted(asked):
        readings = seen.peaks if after else seen.at_visit
        if name not in readings:
            continue
        rows = np.flatnonzero(due & np.isfinite(readings[name]))
        detail = "highest within 90 min of the last dose" if after else "before any dose of this hour"
        yield Block(hour, "reading", name, rows, readings[name][rows], detail)


def relapsed(ratings: Numbers, baseline: Numbers | float, response_at: Numbers | float) -> NDArray[np.bool_]:
    """Who has responded at an earlier rating and has lost the response.

    ratings      [draw, rating]    points   in order of time
    baseline     scalar or [draw]  points   before the first dose
    response_at  scalar or [draw]  points   a rating of so many or fewer is a response
    returns      [draw]
    """
    if ratings.shape[1] < 2:
        return np.zeros(len(ratings), dtype=bool)
    before = (ratings[:, :-1] <= np.asarray(response_at)[..., None]).any(axis=1)
    return np.asarray(before & (ratings[:, -1] > (1 - RELAPSE_KEPT) * baseline))


def _holds(each: Condition, seen: Seen) -> NDArray[np.bool_]:
    """Whether one condition holds: [draw]."""
    if each.sign:
        limit = each.limit * (seen.baseline[each.name] if each.of_baseline else 1.0)
        return np.asarray(SIGNS[each.sign](_value(each, seen), limit))
    if not seen.ratings.shape[1]:
        return np.zeros(len(seen.ratings), dtype=bool)
    last = seen.ratings[:, -1]
    if each.name == "remission":
        found = last <= (-np.inf if seen.remission is None else seen.remission)
    elif each.name == "response":
        found = last <= seen.response_at
    else:
        found = relapsed(seen.ratings, seen.baseline[seen.endpoint], seen.response_at)
    return np.asarray(~found if each.negated else found)


def _value(each: Condition, seen: Seen) -> Numbers:
    """The quantity that a condition compares: [draw]; NaN, which compares as false, where it has not been seen."""
    if each.name in COUNTS:
        return seen.counts[each.name]
    if each.name == seen.endpoint:
        return seen.ratings[:, -1] if seen.ratings.shape[1] else np.full(len(seen.ratings), np.nan)
    return (seen.peaks if each.after_dose else seen.at_visit)[each.name]
