"""Rules of an arm: people with the doses planned for them in; ratings under what each is given in the end, and what was decided, out."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from resprout.dosing.dose_records import Dose, Regimen, regimen_faults
from resprout.errors import InputError
from resprout.language.rating_scales import with_cut_offs
from resprout.language.records import Model
from resprout.people.cohort import Cohort
from resprout.people.ratings import rate, visit_label
from resprout.trial.adjustments import Plan
from resprout.trial.arm_rules import ArmRules
from resprout.trial.decision_ledger import Block, dose_block
from resprout.trial.design import Protocol
from resprout.trial.rule_conditions import Seen, chosen_rules, reading_blocks
from resprout.trial.rule_doses import AFTER_DOSE_H, SAME_H, changed_doses
from resprout.trial.sequences import Sequence as Group
from resprout.trial.treatment_rules import HOLD
from resprout.trial.trial_ledger import events_of
from resprout.trial.trial_outcome import Outcome, carried_forward

Numbers = NDArray[np.float64]
Rows = NDArray[np.int64]
Chosen = Callable[[float, Sequence[int]], Rows]


@dataclass(frozen=True)
class Engine:
    """How a group of people is solved and rated.

    hours    [hour]    h   ascending: visits, and when the blinded treatment is followed
    outputs  [output]      names
    solve    (people, regimen, hours) -> true scores [person, hour, output], as the model has them
    under    (people, true) -> true scores under the model that is asked about, which may be a null model
    rated    (people, true at `hours`) -> ratings and who has left, under that model
    """

    hours: Numbers
    outputs: Sequence[str]
    solve: Callable[[Cohort, Regimen, Numbers], Numbers]
    under: Callable[[Cohort, Numbers], Numbers]
    rated: Callable[[Cohort, Numbers], Outcome]


def under_rules(  # many arguments: the design, its people, what is planned for them, and how they are solved
    protocol: Protocol,
    ruled: ArmRules,
    model: Model,
    cohort: Cohort,
    group: Group,
    plans: Sequence[Plan],
    engine: Engine,
    recorded: Chosen | None = None,
) -> Outcome:
    """Treat the people of an arm from decision to decision.

    protocol  design of the trial
    ruled     rules of the arm
    model     whose raters read side effects
    cohort    people
    group     phases and the arm in order
    plans     what they are given without rules
    engine    solves and rates them
    recorded  (hour since the start of the arm, numbers of rules) -> the rule that each person gets, -1 for none; None applies the rules
    returns   ratings of phases and arm, with readings, decisions and doses of each person
    raises    InputError for doses that cannot be given in one run
    """
    following = _Following(protocol, ruled, model, cohort, group, list(plans), engine, recorded)
    following.run()
    outcome, arm = engine.rated(cohort, following.true), group.arms[-1]
    outcome.events[arm] = events_of(following.all_blocks(), outcome.left_h[arm])
    return outcome


@dataclass
class _Following:
    """The state while people are followed; hours are those of the trial."""

    protocol: Protocol
    ruled: ArmRules
    model: Model
    cohort: Cohort
    group: Group
    plans: list[Plan]
    engine: Engine
    recorded: Chosen | None
    blocks: list[Block] = field(default_factory=list)
    outcome: Outcome | None = None

    def __post_init__(self) -> None:
        many, rules, steps = len(self.cohort), len(self.ruled.rules), self.ruled.steps
        self.start, self.period = self.group.start_h[-1], len(self.group.arms) - 1
        self.visits = [self.start + hour for hour in self.ruled.visits]
        self.level = np.full(many, steps.index(1.0) if steps else 0)
        self.applied = np.zeros((many, rules), dtype=np.int64)
        self.true = np.empty((many, self.engine.hours.size, len(self.engine.outputs)))
        self.beside: dict[tuple[str, float], Numbers] = {}
        self.read: dict[tuple[str, float], Numbers] = {}
        for plan in self.plans:
            self._solve(plan, -np.inf)

    def run(self) -> None:
        """From decision to decision, to the visit before the last."""
        now = -np.inf
        while (hour := self._next(now)) is not None:
            now = hour
            seen, rated, here = self._facts(hour)
            if self._is_visit(hour):
                self._decide(hour, here & rated, seen, held=False)
                seen = replace(seen, counts=self._counts(hour)[0])
            self._decide(hour, here & self._dosed(hour), seen, held=True)

    def _next(self, hour: float) -> float | None:
        """The next hour at which something is decided: a visit, or a dose where doses may be held."""
        times = {each for each in self.visits[:-1] if each > hour + SAME_H}
        if any(rule.action == HOLD for rule in self.ruled.rules):
            given = {each for plan in self.plans for each in self._given(plan) if each > hour + SAME_H}
            times |= {each for each in given if not self._is_visit(each)}
        return min(times, default=None)

    def _is_visit(self, hour: float) -> bool:
        return any(abs(hour - visit) <= SAME_H for visit in self.visits)

    def _given(self, plan: Plan) -> list[float]:
        """Hours of the doses of the arm, from its start to before its last visit."""
        times = {time for dose in plan.periods[-1] for time in dose.times_h}
        return sorted(time for time in times if self.start - SAME_H <= time < self.visits[-1] - SAME_H)

    def _dosed(self, hour: float) -> NDArray[np.bool_]:
        """Who is to be given a dose at an hour: [person]."""
        found = np.zeros(len(self.cohort), dtype=bool)
        for plan in self.plans:
            found[plan.rows] = any(abs(each - hour) <= SAME_H for each in self._given(plan))
        return found

    def _solve(self, plan: Plan, after: float) -> None:
        """Solve some people, and keep what is later than an hour: what has been seen stays."""
        looked = self._looked(plan)
        every = np.union1d(self.engine.hours, looked)
        people = self.cohort.take(plan.rows)
        found = self.engine.solve(people, plan.regimen, every)
        at = np.searchsorted(every, self.engine.hours)
        later = self.engine.hours > after + SAME_H
        self.true[np.ix_(plan.rows, np.flatnonzero(later))] = found[:, at[later]]
        if not looked.size:
            return
        seen, scales = self.engine.under(people, found), self.ruled.side_effects
        for hour, name in itertools.product(looked[looked > after + SAME_H].tolist(), scales):
            kept = self.beside.setdefault((name, hour), np.full(len(self.cohort), np.nan))
            column = list(self.engine.outputs).index(name)
            kept[plan.rows] = seen[:, int(np.searchsorted(every, hour)), column]

    def _looked(self, plan: Plan) -> Numbers:
        """Hours at which side effects are read: [hour]."""
        given, hours = self._given(plan), set[float]()
        if self.ruled.after_dose:
            hours |= {hour + after for hour in given for after in AFTER_DOSE_H}
        if self.ruled.at_visit:
            hours |= {*given, *self.visits}
        return np.array(sorted({round(hour, 9) for hour in hours if hour <= self.visits[-1]}))

    def _facts(self, hour: float) -> tuple[Seen, NDArray[np.bool_], NDArray[np.bool_]]:
        """What rules look at, who is rated at the last visit so far, and who had not left by then."""
        if self.outcome is None or self._is_visit(hour):  # until the next visit nobody is rated anew
            self.outcome = self.engine.rated(self.cohort, self.true)
        outcome, endpoint, own = self.outcome, self.ruled.endpoint, self.group.arms[-1]
        ratings = np.concatenate(list(self._ratings(outcome, hour)), axis=1)
        filled = carried_forward(ratings)
        baseline: dict[str, Numbers | float] = {
            name: next(outcome.ratings[part, name][:, 0] for part in self.group.arms if (part, name) in outcome.ratings)
            for name in self.ruled.baselines
        }
        response_at = self.protocol.response.get(endpoint, 0.5 * filled[:, 0])
        remission = with_cut_offs(self.model.scales, self.protocol.remission)[endpoint].remission
        counts, last_dose = self._counts(hour)
        at_visit = {name: self._reading(name, hour) for name in self.ruled.at_visit}
        peaks = {name: self._peak(name, last_dose, hour) for name in self.ruled.after_dose}
        last_visit = max((visit for visit in self.visits if visit <= hour + SAME_H), default=self.start)
        here = outcome.left_h[own] > last_visit - self.start
        told = {**baseline, endpoint: filled[:, 0]}
        seen = Seen(endpoint, filled, at_visit, peaks, counts, told, response_at, remission)
        return seen, np.isfinite(ratings[:, -1]), here

    def _ratings(self, outcome: Outcome, hour: float) -> Iterator[Numbers]:
        """Ratings up to an hour, phase by phase: [person, visit]."""
        for part, start in zip(self.group.arms, self.group.start_h, strict=True):
            rated = outcome.ratings.get((part, self.ruled.endpoint))
            if rated is None:
                continue
            hours = self.ruled.visits_in[part]
            yield rated[:, : sum(start + each <= hour + SAME_H for each in hours)]

    def _counts(self, hour: float) -> tuple[dict[str, Numbers], Numbers]:
        """Doses given and due and the day, each [person]; and the hour of the last dose, NaN where there was none."""
        given, due, last = (np.zeros(len(self.cohort)) for _ in range(3))
        for plan in self.plans:
            times = np.array(self._given(plan))
            before = times[times < hour - SAME_H]
            given[plan.rows], due[plan.rows] = before.size, times.size - before.size
            last[plan.rows] = max(before, default=np.nan)
        day = np.full(len(given), (hour - self.start) / 24)
        return {"doses": given, "due": due, "day": day}, last

    def _reading(self, name: str, hour: float) -> Numbers:
        """A side effect as it is read at an hour: [person]; NaN where nobody reads it."""
        hour = round(hour, 9)
        true = self.beside.get((name, hour))
        if true is None:
            return np.full(len(self.cohort), np.nan)
        if (name, hour) not in self.read:
            label, people = visit_label(self.period, hour - self.start), self.cohort
            still = np.zeros((len(people), 1))
            known = np.nan_to_num(true)[:, None]
            found = rate(self.model.scales[name], known, still, people.seed, people.candidate, [label], self.model)
            self.read[name, hour] = np.where(np.isfinite(true), found[:, 0], np.nan)
        return self.read[name, hour]

    def _peak(self, name: str, last_dose: Numbers, until: float) -> Numbers:
        """Highest reading after the last dose of each person; NaN where there was none."""
        found = np.full(len(last_dose), np.nan)
        for time in np.unique(last_dose[np.isfinite(last_dose)]).tolist():
            rows = last_dose == time
            for hour in (round(time + after, 9) for after in AFTER_DOSE_H):
                if hour <= until + SAME_H:
                    found[rows] = np.fmax(found[rows], self._reading(name, hour)[rows])
        return found

    def _decide(self, hour: float, due: NDArray[np.bool_], seen: Seen, *, held: bool) -> None:
        """Apply the rules of one kind at an hour: those that hold doses, or all others."""
        numbers = [number for number, rule in enumerate(self.ruled.rules) if (rule.action == HOLD) == held]
        if not numbers or not due.any():
            return
        rules, steps = self.ruled.rules, len(self.ruled.steps)
        self.blocks += reading_blocks(rules, numbers, due, seen, hour - self.start)
        if self.recorded is not None:
            chosen = self.recorded(hour - self.start, numbers)
        else:
            chosen = chosen_rules(rules, numbers, due, seen, self.applied, self.level, steps)
        stay, changed = [], dict[tuple[tuple[Dose, ...], ...], list[Plan]]()
        for plan in self.plans:
            own = chosen[plan.rows]
            for number in np.unique(own[own >= 0]).tolist():
                for other in self._changed(plan, number, plan.rows[own == number], hour):
                    changed.setdefault((other.fixed, *other.periods), []).append(other)
            if (own < 0).any():
                stay.append(replace(plan, rows=plan.rows[own < 0]))
        joined = [
            replace(all_[0], rows=np.sort(np.concatenate([each.rows for each in all_]))) for all_ in changed.values()
        ]
        self.plans = [*stay, *joined]
        for plan in joined:
            self._solve(plan, hour)

    def _changed(self, plan: Plan, number: int, rows: Rows, hour: float) -> Iterator[Plan]:
        """What some people are given after a rule has applied, which is written down."""
        rule = self.ruled.rules[number]
        self.applied[rows, number] += 1
        value = np.full(rows.size, float(number + 1))
        self.blocks.append(Block(hour - self.start, "decision", rule.action, rows, value, rule.text))
        for level in np.unique(self.level[rows]).tolist():
            own = rows[self.level[rows] == level]
            doses, reached = changed_doses(plan.periods[-1], rule, hour, level, self.ruled.steps)
            self.level[own] = reached
            found = replace(plan, rows=own, periods=(*plan.periods[:-1], doses))
            if faults := regimen_faults(found.regimen) if found.regimen.doses else []:
                raise InputError(*faults)
            yield found

    def all_blocks(self) -> Iterator[Block]:
        """Readings and decisions, then the doses of the arm that were given."""
        yield from self.blocks
        for plan in self.plans:
            for dose in plan.periods[-1]:
                yield from (dose_block(dose, time - self.start, plan.rows) for time in dose.times_h)
