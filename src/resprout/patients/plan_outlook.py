"""What plans of one person start from, and draws that are given the same: doses in; expected ratings and side effects out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from resprout.dosing.dose_records import Dose, Regimen, regimen_faults
from resprout.errors import InputError
from resprout.language.records import Model
from resprout.patients.dataset import Observation, Occasion, Person, Setting
from resprout.patients.expected_ratings import expected_values, history_of, later, solve_history
from resprout.patients.treatment_plans import Plans
from resprout.people.cohort import Cohort
from resprout.trial.rule_doses import AFTER_DOSE_H, SAME_H

Numbers = NDArray[np.float64]
Rows = NDArray[np.int64]


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
