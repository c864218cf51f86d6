"""What plans of one person start from, and draws that are given the same: doses in; expected ratings and side effects out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from resprout.dosing.dose_records import Dose, Regimen, regimen_faults
from resprout.errors import InputError
from resprout.language.records import Model
from resprout.patients.dataset import Observation, Occasion, Person, Setting
from resprout.patients.expected_ratings import expected_values, history_of, later, solve_history
from resprout.patients.plan_rules import DOWN, GIVE, HOLD, STOP, UP, Rule
from resprout.patients.treatment_plans import Plans, shifted_dose
from resprout.people.cohort import Cohort

Numbers = NDArray[np.float64]
Rows = NDArray[np.int64]
AFTER_DOSE_H = (0.25, 2 / 3, 1.0, 1.5)  # when side effects are looked for
SAME_H = 1e-6  # hours that count as one: a rating is made before a dose of the same hour


@dataclass(frozen=True)
class Outlook:
    """What all plans of one person start from.

    model     the chain                    person     with covariates
    people    [draw]  draws of the person's posterior
    setting   how the person is treated    occasion   the last one, with doses and observations so far
    known     ratings of depression so far            plans      that are compared
    start_h   h  start of the plans on the clock of the occasion
    visits_h  [visit]  h  on the same clock
    seed      of the errors to come        threads    that solve the model
    """

    model: Model
    person: Person
    people: Cohort
    setting: Setting
    occasion: Occasion
    known: tuple[Observation, ...]
    plans: Plans
    start_h: float
    visits_h: tuple[float, ...]
    seed: int
    threads: int | None = 1

    @property
    def baseline(self) -> dict[str, float]:
        """By scale: its first rating, where that is not after the first dose."""
        first = min((time for dose in self.occasion.doses for time in dose.times_h), default=np.inf)
        found: dict[str, float] = {}
        for each in self.occasion.observations:
            if each.time_h <= first and each.value > 0:
                found.setdefault(each.endpoint, each.value)
        return found

    def given(self, doses: tuple[Dose, ...]) -> list[float]:
        """Hours of doses from the start of the plans to before the last visit; arguments as in `solved_group`."""
        first, last = self.start_h - SAME_H, self.visits_h[-1] - SAME_H
        return sorted({time for dose in doses for time in dose.times_h if first <= time < last})

    def after(self, doses: tuple[Dose, ...]) -> set[float]:
        """Hours after these doses at which side effects are looked for."""
        looked = (round(hour + after, 9) for hour in self.given(doses) for after in AFTER_DOSE_H)
        return {hour for hour in looked if hour <= self.visits_h[-1]}


@dataclass(frozen=True)
class Group:
    """Draws that are given the same.

    rows       [row]   which draws          doses     recorded and planned
    hours      by scale: [hour] h, ascending          expected  by scale: [row, hour]
    """

    rows: Rows
    doses: tuple[Dose, ...]
    hours: Mapping[str, tuple[float, ...]]
    expected: Mapping[str, Numbers]

    def without(self, leaving: NDArray[np.bool_]) -> Group:
        """The draws that stay."""
        stay = ~leaving
        return replace(self, rows=self.rows[stay], expected={name: each[stay] for name, each in self.expected.items()})


def solved_group(outlook: Outlook, sides: Mapping[str, bool], rows: Rows, doses: tuple[Dose, ...]) -> Group:
    """Solve the model for some of the draws.

    outlook   what they start from         rows   [row]   which draws
    sides     by scale of a side effect: whether it is also read at visits and before doses
    doses     recorded and planned
    returns   the group
    raises    InputError for doses that cannot be given in one run
    """
    regimen = Regimen("planned", doses)
    if doses and (faults := regimen_faults(regimen)):
        raise InputError(*faults)
    resistant = bool(outlook.person.covariates.get("resistant", False))
    past = history_of(replace(outlook.occasion, observations=outlook.known), outlook.setting, resistant=resistant)
    visits = {name: set(hours) for name, hours in past.visits.items()}
    visits.setdefault(outlook.plans.endpoint, set()).update(outlook.visits_h)
    after, given = outlook.after(doses), {round(each, 9) for each in outlook.given(doses)}
    for name, at_visits in sides.items():
        hours = after | (given | set(outlook.visits_h) if at_visits else set())
        if hours:
            visits[name] = hours
    ordered = {name: tuple(sorted(hours)) for name, hours in visits.items()}
    history = later(past, regimen, ordered)
    people = outlook.people.take(rows)
    solved = solve_history(outlook.model, people, history, outlook.threads)
    return Group(rows, doses, ordered, expected_values(outlook.model, people, history, solved))


def changed_doses(
    doses: tuple[Dose, ...], rule: Rule, hour: float, level: int, steps: tuple[float, ...]
) -> tuple[tuple[Dose, ...], int]:
    """Doses after a rule has applied.

    doses     recorded and planned     rule    that applies        hour    h   when
    level     position in the steps    steps   multiples of the first dose
    returns   doses, of which those before the hour are as they were; and the new position
    """
    before = [_some(dose, lambda time: time < hour - SAME_H) for dose in doses]
    after = [_some(dose, lambda time: time >= hour - SAME_H) for dose in doses]
    reached = level
    if rule.action in (UP, DOWN):
        reached = int(np.clip(level + (1 if rule.action == UP else -1), 0, len(steps) - 1))
        after = [replace(dose, amount_mg=dose.amount_mg * steps[reached] / steps[level]) for dose in after]
    elif rule.action == HOLD:
        after = [_some(dose, lambda time: abs(time - hour) > SAME_H) for dose in after]
    elif rule.action == STOP:
        after = []
    elif rule.action == GIVE and rule.regimen is not None:
        after = [shifted_dose(dose, hour) for dose in rule.regimen.doses]
        reached = steps.index(1.0) if steps else 0
    return tuple(dose for dose in (*before, *after) if dose.times_h), reached


def _some(dose: Dose, wanted: Callable[[float], bool]) -> Dose:
    """A dose at some of its times."""
    return replace(dose, times_h=tuple(time for time in dose.times_h if wanted(time)))
