"""One person under one plan: draws of the posterior and a plan in; ratings, side effects and doses, decision by decision, out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from resprout.dosing.dose_records import Dose
from resprout.errors import Fault, InputError
from resprout.patients.expected_ratings import seen_at
from resprout.patients.plan_outlook import Group, Outlook, solved_group
from resprout.patients.rating_errors import error_table, further_ratings, on_scale, rating_spread, single_readings
from resprout.patients.treatment_plans import TreatmentPlan, planned_doses
from resprout.people.streams import normals
from resprout.trial.decision_ledger import Block, Decisions, dose_block
from resprout.trial.rule_conditions import Seen, chosen_rules, reading_blocks
from resprout.trial.rule_doses import AFTER_DOSE_H, SAME_H, changed_doses
from resprout.trial.treatment_rules import HOLD

Numbers = NDArray[np.float64]
Rows = NDArray[np.int64]
SIDE_EFFECTS = {"dissociation": "CADSS", "blood_pressure": "SBP"}


@dataclass(frozen=True)
class Followed:
    """What came of the draws.

    ratings   [draw, visit]  points   on the endpoint of the plans
    highest   by scale of a side effect: [draw], highest reading after a dose; below all where there was none
    doses     [draw]         1        given from the start to the last visit
    applied   [draw, rule]   1        how often each rule applied
    first_h   [draw, rule]   h        since the start of the plan, when it first did; NaN where never
    blocks    of the ledger
    """

    ratings: Numbers
    highest: Mapping[str, Numbers]
    doses: NDArray[np.int64]
    applied: NDArray[np.int64]
    first_h: Numbers
    blocks: tuple[Block, ...]


def follow(outlook: Outlook, plan: TreatmentPlan, recorded: Decisions | None = None) -> Followed:
    """Follow the draws of one person under a plan.

    outlook   person, draws and visits         plan   regimen and rules
    recorded  decisions to take in place of those of the rules; None applies the rules
    returns   ratings, side effects, doses and what was decided
    raises    InputError where the plan cannot be given to the person
    """
    return _Following(outlook, plan, recorded).run()


@dataclass
class _Following:
    """The state while draws are followed."""

    outlook: Outlook
    plan: TreatmentPlan
    recorded: Decisions | None
    groups: list[Group] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)

    def __post_init__(self) -> None:
        ahead, many = self.outlook, len(self.outlook.people)
        self.rules, self.endpoint = self.plan.rules, ahead.plans.endpoint
        self.level = np.full(many, self.plan.steps.index(1.0) if self.plan.steps else 0)
        self.applied = np.zeros((many, len(self.rules)), dtype=np.int64)
        self.first_h = np.full((many, len(self.rules)), np.nan)
        shape = (many, len(ahead.visits_h))
        self.true, self.drawn, self.seen = (np.full(shape, np.nan) for _ in range(3))
        self.sides = self._looked_at()
        self.readings: dict[str, dict[float, Numbers]] = {name: {} for name in self.sides}
        self.looked_h = -np.inf

    def run(self) -> Followed:
        """From decision to decision, to the last visit."""
        ahead = self.outlook
        self._refuse_without_baseline()
        doses = planned_doses(ahead.occasion, self.plan.regimen, ahead.start_h, ahead.visits_h[-1])
        self.groups = [solved_group(ahead, self.sides, np.arange(len(ahead.people)), doses)]
        self.past = self._past_true(self.groups[0])
        now = -np.inf
        while (hour := self._next(now)) is not None:
            now = hour
            self._look(hour)
            if hour in ahead.visits_h:
                self._rate(ahead.visits_h.index(hour))
            if hour < ahead.visits_h[-1]:  # what is decided at the last visit would not be seen any more
                self._decide(hour, held=False)
                self._decide(hour, held=True)
        self._look(ahead.visits_h[-1])
        highest = {name: self._highest(name) for name in self.sides}
        return Followed(self.seen, highest, self._doses(), self.applied, self.first_h, tuple(self._all_blocks()))

    def _looked_at(self) -> dict[str, bool]:
        """By scale other than of depression: whether rules look at it at visits, and not only after doses."""
        model, asked = self.outlook.model, [each for rule in self.rules for each in rule.conditions if each.sign]
        names = [*SIDE_EFFECTS.values(), *sorted({each.name for each in asked})]
        return {
            name: any(each.name == name and not each.after_dose for each in asked)
            for name in dict.fromkeys(names)
            if name in model.scales and name in model.equations and name != self.endpoint
        }

    def _refuse_without_baseline(self) -> None:
        """Refuse rules about a baseline that nobody has rated."""
        known = self.outlook.baseline
        for rule in self.rules:
            for name in rule.needs_baseline:
                if (name or self.endpoint) not in known:
                    found = f"`{rule.text}` asks for the {name or self.endpoint} before the first dose, which the table has not."
                    raise InputError(Fault(found, "", "Expected a rating at or before the first dose."))

    def _next(self, hour: float) -> float | None:
        """The next hour at which something is decided: a visit, or a dose where doses may be held."""
        last = self.outlook.visits_h[-1]
        times = {each for each in self.outlook.visits_h if each > hour + SAME_H}
        if any(rule.action == HOLD for rule in self.rules):
            given = {
                each
                for group in self.groups
                for each in self.outlook.given(group.doses)
                if hour + SAME_H < each <= last
            }
            times |= {each for each in given if all(abs(each - visit) > SAME_H for visit in self.outlook.visits_h)}
        return min(times, default=None)

    def _look(self, until: float) -> None:
        """Read side effects up to an hour; a reading that was made stays."""
        ahead = self.outlook
        for name in self.sides:
            table, purpose = error_table(ahead.model, name), f"{name} of {ahead.person.name}"
            for group in self.groups:
                for place, hour in enumerate(group.hours.get(name, ())):
                    if not self.looked_h + SAME_H < hour <= until + SAME_H:
                        continue
                    lasting = normals(ahead.seed, f"{purpose}, lasting", group.rows)
                    fresh = normals(ahead.seed, f"{purpose} at {hour!r} h", group.rows)
                    drawn = single_readings(table, group.expected[name][:, place], lasting, fresh)
                    kept = self.readings[name].setdefault(hour, np.full(len(self.level), np.nan))
                    kept[group.rows] = on_scale(ahead.model, name, drawn)
        self.looked_h = until

    def _rate(self, visit: int) -> None:
        """Rate depression at a visit, given the ratings so far; a rating that was made stays."""
        ahead, hour = self.outlook, self.outlook.visits_h[visit]
        for group in self.groups:
            self.true[group.rows, visit] = group.expected[self.endpoint][:, group.hours[self.endpoint].index(hour)]
        names = (*(each.endpoint for each in ahead.known), *[self.endpoint] * (visit + 1))
        hours = np.array([*self._known_h(), *ahead.visits_h[: visit + 1]])
        true = np.concatenate([self.past, self.true[:, : visit + 1]], axis=1)
        spread = rating_spread(ahead.model, names, hours, true)
        known = np.broadcast_to([each.value for each in ahead.known], (len(true), len(ahead.known)))
        earlier = np.concatenate([known, self.drawn[:, :visit]], axis=1)
        noise = normals(ahead.seed, f"rating {visit} of {ahead.person.name}", np.arange(len(true)))
        self.drawn[:, visit] = further_ratings(spread, earlier, noise[:, None])[:, 0]
        self.seen[:, visit] = on_scale(ahead.model, self.endpoint, self.drawn[:, visit])
        self.blocks.append(Block(hour, "rating", self.endpoint, np.arange(len(true)), self.seen[:, visit].copy()))

    def _known_h(self) -> list[float]:
        return [seen_at(each.time_h, after_dose=each.after_dose) for each in self.outlook.known]

    def _past_true(self, everybody: Group) -> Numbers:
        """Expected values of the ratings so far: [draw, rating]."""
        known = zip(self.outlook.known, self._known_h(), strict=True)
        columns = [
            everybody.expected[each.endpoint][:, everybody.hours[each.endpoint].index(hour)] for each, hour in known
        ]
        return np.stack(columns, 1) if columns else np.empty((len(everybody.rows), 0))

    def _decide(self, hour: float, *, held: bool) -> None:
        """Apply the rules of one kind at an hour: those that hold doses, or all others at visits."""
        numbers = [number for number, rule in enumerate(self.rules) if (rule.action == HOLD) == held]
        due = np.zeros(len(self.level), dtype=bool)
        for group in self.groups:
            given = [abs(each - hour) <= SAME_H for each in self.outlook.given(group.doses)]
            due[group.rows] = any(given) if held else hour in self.outlook.visits_h
        if not numbers or not due.any():
            return
        seen = self._facts(hour)
        self.blocks += reading_blocks(self.rules, numbers, due, seen, hour)
        chosen = self._chosen(hour, numbers, due, seen)
        changed: dict[tuple[Dose, ...], list[Rows]] = {}
        groups = []
        for group in self.groups:
            own = chosen[group.rows]
            for number in np.unique(own[own >= 0]):
                self._apply(group, int(number), group.rows[own == number], hour, changed)
            groups.append(group.without(own >= 0))
        self.groups = [each for each in groups if each.rows.size]
        self.groups += [
            solved_group(self.outlook, self.sides, np.sort(np.concatenate(rows)), doses)
            for doses, rows in changed.items()
        ]

    def _chosen(self, hour: float, numbers: list[int], due: NDArray[np.bool_], seen: Seen) -> NDArray[np.int64]:
        """The rule that applies to each draw at an hour; -1 where none does."""
        if self.recorded is not None:
            return self.recorded.at(self.outlook.occasion.origin + hour, numbers, len(due))
        return chosen_rules(self.rules, numbers, due, seen, self.applied, self.level, len(self.plan.steps))

    def _facts(self, hour: float) -> Seen:
        """What rules look at."""
        ahead = self.outlook
        visits = sum(each <= hour + SAME_H for each in ahead.visits_h)
        known = np.array([each.value for each in ahead.known if each.endpoint == self.endpoint])
        ratings = np.concatenate([np.broadcast_to(known, (len(self.level), known.size)), self.seen[:, :visits]], axis=1)
        given, due, after = (np.zeros(len(self.level)) for _ in range(3))
        for group in self.groups:
            times = np.array(self.outlook.given(group.doses))
            given[group.rows], due[group.rows] = (times < hour - SAME_H).sum(), (times >= hour - SAME_H).sum()
            after[group.rows] = max(times[times < hour - SAME_H], default=np.nan)
        unread = np.full(len(given), np.nan)
        at_hour = {name: self.readings[name].get(round(hour, 9), unread) for name, asked in self.sides.items() if asked}
        peaks = {name: self._peak(name, after, hour) for name in self.sides}
        counts = {"doses": given, "due": due, "day": np.full(len(given), (hour - ahead.start_h) / 24)}
        cut_off = ahead.model.scales[self.endpoint].remission
        response_at = (1 - ahead.plans.response) * ahead.baseline.get(self.endpoint, np.nan)
        return Seen(self.endpoint, ratings, at_hour, peaks, counts, dict(ahead.baseline), response_at, cut_off)

    def _peak(self, name: str, dose_h: Numbers, until: float) -> Numbers:
        """Highest reading after the last dose of each draw; NaN where there was none."""
        found = np.full(len(dose_h), np.nan)
        for time in np.unique(dose_h[np.isfinite(dose_h)]):
            rows = dose_h == time
            for after in AFTER_DOSE_H:
                hour = round(float(time) + after, 9)
                if hour in self.readings[name] and hour <= until:
                    found[rows] = np.fmax(found[rows], self.readings[name][hour][rows])
        return found

    def _apply(
        self, group: Group, number: int, rows: Rows, hour: float, changed: dict[tuple[Dose, ...], list[Rows]]
    ) -> None:
        """Change what some draws are given by a rule, and write it down."""
        rule = self.rules[number]
        self.applied[rows, number] += 1
        first = rows[np.isnan(self.first_h[rows, number])]
        self.first_h[first, number] = hour - self.outlook.start_h
        self.blocks.append(Block(hour, "decision", rule.action, rows, np.full(rows.size, float(number + 1)), rule.text))
        for level in np.unique(self.level[rows]):
            own = rows[self.level[rows] == level]
            doses, reached = changed_doses(group.doses, rule, hour, int(level), self.plan.steps)
            self.level[own] = reached
            changed.setdefault(doses, []).append(own)

    def _highest(self, name: str) -> Numbers:
        """Highest reading after any dose: [draw]."""
        found = np.full(len(self.level), -np.inf)
        for group in self.groups:
            for hour in self.outlook.after(group.doses):
                found[group.rows] = np.fmax(found[group.rows], self.readings[name][hour][group.rows])
        return found

    def _doses(self) -> NDArray[np.int64]:
        """Doses given to each draw: [draw]."""
        found = np.zeros(len(self.level), dtype=np.int64)
        for group in self.groups:
            found[group.rows] = len(self.outlook.given(group.doses))
        return found

    def _all_blocks(self) -> Iterator[Block]:
        """Ratings and decisions, then the doses that were given."""
        yield from self.blocks
        for group in self.groups:
            for dose in group.doses:
                yield from (dose_block(dose, time, group.rows) for time in self.outlook.given((dose,)))
