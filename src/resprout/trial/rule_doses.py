"""Doses that rules change: what was planned and a rule in, what is given from its hour on out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from resprout.dosing.dose_records import Dose
from resprout.trial.treatment_rules import DOWN, GIVE, HOLD, STOP, UP, Rule

AFTER_DOSE_H = (0.25, 2 / 3, 1.0, 1.5)  # when side effects are looked for
SAME_H = 1e-6  # hours that count as one: a rating is made before a dose of the same hour


def changed_doses(
    doses: tuple[Dose, ...], rule: Rule, hour: float, level: int, steps: tuple[float, ...]
) -> tuple[tuple[Dose, ...], int]:
    """Doses after a rule has applied.

    doses    recorded and planned
    rule     that applies
    hour     h   when
    level    position in the steps
    steps    multiples of the first dose
    returns  doses, of which those before the hour are as they were; and the new position
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


def shifted_dose(dose: Dose, hours: float) -> Dose:
    """A dose given later.

    dose   with its times
    hours  h   by how much
    """
    times = tuple(time + hours for time in dose.times_h)
    return Dose(dose.drug, dose.amount_mg, dose.per_kg, dose.route, dose.duration_h, times)
