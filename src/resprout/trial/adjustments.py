"""Changes of treatment by response: a design and ratings in; who changes, and everybody's regimen afterwards, out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from resprout.dosing.regimen import Dose, Regimen, parse_regimen
from resprout.language.drug_instances import library_drugs
from resprout.language.records import Model
from resprout.people.cohort import Cohort
from resprout.people.streams import uniforms
from resprout.trial.blinded_treatment import without
from resprout.trial.design import Adjustment, Protocol
from resprout.trial.phases import lead_in_visits, meets
from resprout.trial.sequences import Sequence, shifted, whole_regimen

Numbers = NDArray[np.float64]
Ratings = Mapping[tuple[str, str], Numbers]
Look = Callable[[NDArray[np.int64], Regimen], Ratings]


@dataclass(frozen=True)
class Decision:
    """One rule at its hour since the start of the trial, in its phase or arm; options are regimens from that hour on."""

    hour: float
    period: int
    rule: Adjustment
    options: tuple[Regimen, ...]


@dataclass(frozen=True)
class Plan:
    """People who have been given the same so far: doses that stay, and doses of each period that a rule may change."""

    rows: NDArray[np.int64]
    fixed: tuple[Dose, ...]
    periods: tuple[tuple[Dose, ...], ...]

    @property
    def regimen(self) -> Regimen:
        """Everything that they are given."""
        return Regimen("", (*self.fixed, *(dose for doses in self.periods for dose in doses)))


def decisions(protocol: Protocol, group: Sequence, model: Model) -> list[Decision]:
    """Every rule that may change the treatment of a group of people.

    protocol  design of the trial
    group     phases and arms in order
    model     whose drugs the rules name
    returns   ascending by hour, rules of one hour in the order of the protocol
    """
    known, rules = library_drugs(model), {part.name: part.adjust for part in protocol.parts}
    found = []
    for period, (name, start) in enumerate(zip(group.arms, group.start_h, strict=True)):
        for rule in rules[name]:
            options = tuple(shifted(parse_regimen(text, known), start + rule.at) for text in rule.regimens)
            found.append(Decision(start + rule.at, period, rule, options))
    return sorted(found, key=lambda each: each.hour)


def adjusted_plans(
    protocol: Protocol,
    regimens: Mapping[str, Regimen],
    model: Model,
    cohort: Cohort,
    group: Sequence,
    look: Look,
) -> list[Plan]:
    """Follow a group of people from decision to decision.

    protocol  design of the trial
    regimens  by phase and arm
    model     whose drugs the rules name
    cohort    people of the group
    group     phases and arms in order
    look      (rows of people, regimen) -> their ratings by phase or arm, and endpoint, under that regimen
    returns   people by what they are given in the end
    """
    own = _own_doses(protocol, group, model)
    whole = whole_regimen(group, regimens).doses
    fixed = without(whole, tuple(dose for doses in own for dose in doses))
    plans = [Plan(np.arange(len(cohort)), fixed, own)]
    for decision in decisions(protocol, group, model):
        found = []
        for plan in plans:
            rated = look(plan.rows, plan.regimen)
            changes = _meets(decision, group, _visit(protocol, group, decision), rated)
            found += [plan] if not changes.any() else _split(plan, decision, changes, cohort)
        plans = found
    return plans


def _own_doses(protocol: Protocol, group: Sequence, model: Model) -> tuple[tuple[Dose, ...], ...]:
    """What each period gives beside the background, at its hour in the trial."""
    stated = {part.name: parse_regimen(part.regimen, library_drugs(model)) for part in protocol.parts}
    return tuple(shifted(stated[name], start).doses for name, start in zip(group.arms, group.start_h, strict=True))


def _visit(protocol: Protocol, group: Sequence, decision: Decision) -> int:
    """Which of the visits of its phase or arm a decision is made at."""
    name, rule = group.arms[decision.period], decision.rule
    phase = next((each for each in protocol.phases if each.name == name), None)
    visits = lead_in_visits(protocol, phase) if phase else protocol.visits_of(rule.endpoint)
    return int(np.abs(np.array(visits) - rule.at).argmin())


def _meets(decision: Decision, group: Sequence, at: int, rated: Ratings) -> NDArray[np.bool_]:
    """Whose treatment a decision changes; who is not rated goes on as before."""
    rule, name = decision.rule, group.arms[decision.period]
    seen = rated[name, rule.endpoint][:, at]
    first = next(rated[part, rule.endpoint][:, 0] for part in group.arms if (part, rule.endpoint) in rated)
    good = meets(rule, seen, first)
    return np.asarray((good == rule.met) & np.isfinite(seen))


def _split(plan: Plan, decision: Decision, changes: NDArray[np.bool_], cohort: Cohort) -> list[Plan]:
    """Those who go on as before, and those who get each of the options."""
    options = len(decision.options)
    purpose = f"regimen at {decision.hour:.4f} h"
    drawn = (uniforms(cohort.seed, purpose, cohort.candidate[plan.rows]) * options).astype(np.int64)
    found = [replace(plan, rows=plan.rows[~changes])] if not changes.all() else []
    for number, option in enumerate(decision.options):
        rows = plan.rows[changes & (drawn == number)]
        if rows.size:
            kept = tuple(_before(dose, decision.hour) for dose in plan.periods[decision.period])
            doses = (*(dose for dose in kept if dose.times_h), *option.doses)
            periods = (*plan.periods[: decision.period], doses, *plan.periods[decision.period + 1 :])
            found.append(replace(plan, rows=rows, periods=periods))
    return found


def _before(dose: Dose, hour: float) -> Dose:
    """A dose without its times from this hour on; a rating is made before a dose of the same hour."""
    return replace(dose, times_h=tuple(time for time in dose.times_h if time < hour - 1e-6))
