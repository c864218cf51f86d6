"""Conditions and events of imported models: the driver asks after every step what changed within it, and what follows from that.

A step is taken with every condition of the rates held. Where a condition changes inside it, the step is cut short at the first
change, the condition is set anew, and events whose triggers have begun to hold happen in their order. Which event happens when:
SBML Level 3 Version 2 Core, section 4.11.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resprout.compile.conditions import Condition
from resprout.compile.evaluate import Evaluator
from resprout.compile.graph import Graph
from resprout.compile.prune import copy_nodes
from resprout.compile.read import ImportedEquations
from resprout.compile.system import Event, System
from resprout.solve.condition_sides import ConditionSides, Sides
from resprout.solve.crossing_hours import CrossingHours, is_straight, still_states
from resprout.solve.driver_arrays import EVENTS_WITHOUT_END, RUNNING, SWITCHES_WITHOUT_END, Lanes, Workspace
from resprout.solve.events import Floats
from resprout.solve.step_interpolant import StepInterpolant, first_change
from resprout.solve.step_size import MOST_STEPS
from resprout.solve.waiting_events import LaneEvents, Waiting, draws_of, first_of, hour_of_output

MOST_CHAINED = 1000
"""Events of one moment after which a patient is given up."""
MOST_SWITCHES, SHORTEST_SHARE = 500, 1e-8
"""A patient who gets no further than this share of the run in as many changes of conditions is given up."""


@dataclass(frozen=True)
class WatchedRun:
    """What is watched.

    clock        row of the state that counts time, or -1
    constants    [patient, constant] in the order of the plain system
    inputs       row of each condition that rates read, among the kernel's constants
    span         how long the run is, in the model's own unit of time
    first_step   the longest step after a change
    held         [patient, event] whether each trigger holds: at the beginning of each patient, and from its end on
    times        [time] hours of outputs
    outputs      [patient, state, time] of the whole run, in which a value at the hour of an event is made that after it
    numbers      [patient] in the population, which key the lots of events of equal priority
    open_end     whether events of the last moment are left to a run that follows
    """

    equations: ImportedEquations
    clock: int
    constants: Floats
    inputs: dict[str, int]
    span: float
    first_step: float
    held: NDArray[np.bool_]
    times: Floats
    outputs: Floats
    numbers: NDArray[np.int64]
    open_end: bool = False


class EventWatcher:
    """Watches the conditions of the patients in some lanes."""

    def __init__(self, run: WatchedRun, lanes: Lanes, work: Workspace) -> None:
        """Watch lanes whose dense output covers every state."""
        equations = run.equations
        self.run, self.system, self.events = run, equations.plain, equations.events
        self.clock, self.lanes, self.error = run.clock, lanes, work.error
        self.conditions = equations.hybrid.conditions
        self.sides = ConditionSides(self.system.graph, self.conditions)
        self.crossings = CrossingHours(self.system, self.sides)
        self.still, self.straight = still_states(self.system), is_straight(equations.hybrid.system)
        self.read = _read_by(equations.hybrid.system)
        self.in_rates = np.array([condition.in_rates for condition in self.conditions], dtype=bool)
        self.triggers = _triggers(self.system, self.events, self.conditions)
        graph = self.system.graph
        self.new_values = [Evaluator(graph, [change.value for change in event.changes]) for event in self.events]
        self.sizes = [Evaluator(graph, [c.size or graph.one for c in event.changes]) for event in self.events]
        self.delays = [Evaluator(graph, [event.delay or graph.zero]) for event in self.events]
        self.priorities = [Evaluator(graph, [event.priority or graph.zero]) for event in self.events]
        self.point, self.peak = np.zeros_like(lanes.state), np.zeros_like(lanes.peak)
        self.left = np.zeros_like(lanes.state)
        self.known: dict[int, LaneEvents] = {}
        self.new_sides: dict[int, Sides] = {}

    def enter(self, lane: int) -> None:
        """Let everything happen that happens at the beginning of a lane's new patient."""
        patient = int(self.lanes.patient[lane])
        number = int(self.run.numbers[patient])
        held = self.run.held[patient].copy()
        lane_events = LaneEvents(self._sides(lane), held, draws_of(number), since=float(self.lanes.now[lane]))
        self.known[lane] = lane_events
        self._let_happen(lane, np.zeros(len(self.conditions), dtype=bool))
        self._set_inputs(lane)
        self._foresee(lane)
        self.lanes.peak[:, lane] = np.abs(self.lanes.state[:, lane])
        self.lanes.new[:, lane] = self.left[:, lane] = self.lanes.state[:, lane]

    def shorten_steps(self) -> None:
        """Cut every accepted step short where a condition changes or an event is due."""
        lanes = self.lanes
        self.new_sides.clear()
        for lane in self._accepted():
            self.point[:, lane], self.peak[:, lane] = lanes.new[:, lane], lanes.peak[:, lane]
            interpolant = StepInterpolant.of(lanes, lane, self.clock)
            hour, fraction, sides = self._first_change(lane, interpolant)
            if sides is not None:
                self.new_sides[lane] = sides
            if hour < interpolant.later:
                # the very point at which the sides were looked at: rounding of another would undo the change
                self.point[:, lane] = interpolant.at(np.array([fraction]))[:, 0]
                self._cut(lane, max(hour, interpolant.now))
            if self.clock >= 0:
                self.point[self.clock, lane] = lanes.later[lane]

    def _first_change(self, lane: int, interpolant: StepInterpolant) -> tuple[float, float, Sides | None]:
        """The first hour of a step at which a condition changes or an event is due.

        returns   hour, fraction of the step, and the sides then if a condition changes
        """
        own, constants = self.known[lane], self._constants(lane)
        names, asked = self.sides.graph.states, ~self.crossings.known
        if (interpolant.before != self.left[:, lane]).any():
            # a dose has changed what was foreseen
            own.crossing = interpolant.now

        def at(hours: Floats) -> Sides:
            states = dict(zip(names, interpolant.at_hours(hours), strict=True))
            return self.sides.at({**constants, **states}, hours.shape)

        hour, sides = min((event.hour for event in own.waiting), default=np.inf), None
        if own.crossing <= interpolant.later:
            foreseen = self.crossings.exact(own.crossing, (interpolant.now, interpolant.later), own.sides, at)
            if foreseen is None:
                # where rounding hides it, it is looked for like the others
                asked = np.ones_like(asked)
            elif foreseen[0] <= hour:
                hour, sides = foreseen
        end = interpolant.fraction_at(hour)
        change = first_change(interpolant, self.sides, constants, own.sides, asked, end)
        if change is not None and (sides is None or change[0] < end):
            return interpolant.hour(change[0]), *change
        return hour, end, sides

    def apply_events(self) -> None:
        """Go on from where steps were cut, set conditions anew, and let everything happen whose trigger has begun to hold."""
        lanes = self.lanes
        for lane in self._accepted():
            lanes.state[:, lane] = self.point[:, lane]
            if lanes.status[lane] == RUNNING and not (self.run.open_end and lanes.now[lane] >= self.run.span):
                self._go_on(lane)
            self._write_outputs(lane)
            self.left[:, lane] = lanes.state[:, lane]
            self.run.held[lanes.patient[lane]] = self.known[lane].held
            lanes.peak[:, lane] = np.maximum(self.peak[:, lane], np.abs(lanes.state[:, lane]))
        for lane in np.flatnonzero((lanes.patient >= 0) & (lanes.status != RUNNING)).tolist():
            _set_bit(lanes.ended, lane, True)

    def take_changes(self) -> None:
        """Let happen what follows from a dose: every lane whose state is not as it was left."""
        lanes = self.lanes
        moved = (lanes.state != self.left).any(axis=0) & (lanes.patient >= 0) & (lanes.status == RUNNING)
        for lane in np.flatnonzero(moved).tolist():
            own = self.known[lane]
            own.sides = self._sides(lane)
            self._let_happen(lane, np.zeros(len(self.conditions), dtype=bool))
            self._set_inputs(lane)
            self._foresee(lane)
            self.run.held[lanes.patient[lane]] = own.held
            self.left[:, lane] = lanes.state[:, lane]
            lanes.peak[:, lane] = np.maximum(lanes.peak[:, lane], np.abs(lanes.state[:, lane]))

    def _go_on(self, lane: int) -> None:
        own, state = self.known[lane], self.lanes.state[:, lane].copy()
        before, now = own.sides, float(self.lanes.now[lane])
        own.sides = self.new_sides.get(lane, before if not len(before) else self._sides(lane))
        passed = self.sides.equal & (before != 0) & (own.sides != before)
        due = any(event.hour <= now for event in own.waiting)
        changed = bool((own.sides != before).any())
        if changed:
            self._count_switch(lane)
        if (changed or due or not len(before)) and self._let_happen(lane, passed):
            changed = True
        if changed:
            self._set_inputs(lane)
            moved = (self.read & (self.lanes.state[:, lane] != state)).any()
            switched = (self.in_rates & (own.sides != before)).any()
            # what no rate reads leaves the solution as smooth as it was, and straight lines are followed in steps of any length
            if (moved or switched) and not self.straight:
                self.lanes.proposed[lane] = min(self.lanes.proposed[lane], self.run.first_step)
        if changed or own.crossing <= now:
            self._foresee(lane)

    def _foresee(self, lane: int) -> None:
        own = self.known[lane]
        own.crossing = self.crossings.first(self._given(lane), own.sides, float(self.lanes.now[lane]))

    def _write_outputs(self, lane: int) -> None:
        """Outputs of the last step: what only events change exactly as it was, and at the hour reached the values after events."""
        own, column, patient = self.known[lane], int(self.lanes.column[lane]), self.lanes.patient[lane]
        written = slice(own.column, column)
        self.run.outputs[patient, self.still, written] = self.point[self.still, lane][:, None]
        reached = written.start + np.flatnonzero(self.run.times[written] == self.lanes.now[lane])
        self.run.outputs[patient, :, reached] = self.lanes.state[:, lane]
        own.column = column

    def _count_switch(self, lane: int) -> None:
        own = self.known[lane]
        own.switches += 1
        if own.switches % MOST_SWITCHES == 0:
            if self.lanes.now[lane] - own.since < SHORTEST_SHARE * self.run.span:
                self.lanes.status[lane] = SWITCHES_WITHOUT_END
            own.since = float(self.lanes.now[lane])

    def _accepted(self) -> list[int]:
        accepted: list[int] = np.flatnonzero((self.lanes.patient >= 0) & (self.error <= 1.0)).tolist()
        return accepted

    def _cut(self, lane: int, later: float) -> None:
        lanes = self.lanes
        lanes.later[lane] = later
        _set_bit(lanes.ended, lane, bool(lanes.steps[lane] >= MOST_STEPS))
        _set_bit(lanes.waiting, lane, bool(lanes.due[lane] <= later))

    def _constants(self, lane: int) -> dict[str, Any]:
        return dict(zip(self.system.constants, self.run.constants[self.lanes.patient[lane]], strict=True))

    def _given(self, lane: int) -> dict[str, Any]:
        """Value of every symbol where a lane is now."""
        given = self._constants(lane) | dict(zip(self.system.states, self.lanes.state[:, lane], strict=True))
        if self.clock >= 0:
            given[self.system.states[self.clock]] = self.lanes.now[lane]
        return given

    def _sides(self, lane: int) -> Sides:
        return self.sides.at(self._given(lane))

    def _set_inputs(self, lane: int) -> None:
        """Tell the rates which conditions hold from now on."""
        values = self.sides.values(self.known[lane].sides)
        for condition, value in zip(self.conditions, values, strict=True):
            if condition.input in self.run.inputs:
                self.lanes.constants[self.run.inputs[condition.input], lane] = value

    def _truth(self, given: dict[str, Any], values: Floats) -> NDArray[np.bool_]:
        """Which triggers hold, given the values of conditions."""
        known = {condition.input: value for condition, value in zip(self.conditions, values, strict=True)}
        return np.array([float(value) != 0 for value in self.triggers({**given, **known})], dtype=bool)

    def _let_happen(self, lane: int, passed: NDArray[np.bool_]) -> bool:
        """Let events happen one after the other, until none is due; says whether any did.

        passed   [condition] equalities that the last step has passed through, which hold for this moment only
        """
        own, now = self.known[lane], float(self.lanes.now[lane])
        for done in range(MOST_CHAINED):
            given = self._given(lane)
            values = self.sides.values(own.sides)
            truth = self._truth(given, np.where(passed, 1.0, values) if done == 0 else values)
            for index in np.flatnonzero(truth & ~own.held).tolist():
                self._trigger(own, index, given, now)
            own.held = truth
            own.waiting = [item for item in own.waiting if self.events[item.index].persistent or truth[item.index]]
            ready = [item for item in own.waiting if item.hour <= now]
            if not ready:
                # what held for this moment only has ended
                own.held = self._truth(given, values) if done == 0 and passed.any() else own.held
                return done > 0
            first = first_of(ready, [self._priority(item, given) for item in ready], own.draws)
            own.waiting.remove(first)
            self._happen(lane, first, given)
            own.sides = self._sides(lane)
        self.lanes.status[lane] = EVENTS_WITHOUT_END
        return True

    def _trigger(self, own: LaneEvents, index: int, given: dict[str, Any], now: float) -> None:
        event = self.events[index]
        values = self.new_values[index](given) if event.at_trigger else None
        hour = hour_of_output(now + float(self.delays[index](given)[0]), self.run.times)
        own.waiting.append(Waiting(hour, index, own.triggered, values))
        own.triggered += 1

    def _priority(self, item: Waiting, given: dict[str, Any]) -> float | None:
        known = self.events[item.index].priority is not None
        return float(self.priorities[item.index](given)[0]) if known else None

    def _happen(self, lane: int, item: Waiting, given: dict[str, Any]) -> None:
        event, state = self.events[item.index], self.lanes.state[:, lane]
        values, sizes = item.values or self.new_values[item.index](given), self.sizes[item.index](given)
        for change, value, size in zip(event.changes, values, sizes, strict=True):
            state[self.system.graph.states.index(change.state)] = value * size


def _triggers(system: System, events: Sequence[Event], conditions: Sequence[Condition]) -> Evaluator:
    """The triggers of events as functions of the conditions that they hold."""
    graph = Graph(system.states, (*system.inputs, *(condition.input for condition in conditions)))
    known = {condition.node: graph.name(condition.input) for condition in conditions}
    triggers = [event.trigger for event in events]
    copies = copy_nodes(system.graph, graph, system.graph.reachable(triggers), known)
    return Evaluator(graph, [copies[trigger] for trigger in triggers])


def _read_by(system: System) -> NDArray[np.bool_]:
    """[state] Whether any rate reads it."""
    bits = 0
    for rate in system.rate:
        bits |= system.graph.reads[rate]
    return np.array([bool(bits >> index & 1) for index in range(len(system.states))], dtype=bool)


def _set_bit(bits: NDArray[np.float64], lane: int, held: bool) -> None:
    """Say of one lane whether something holds, in lanes told as the bits of a whole number."""
    whole = int(bits[0]) & ~(1 << lane)
    bits[0] = whole | (int(held) << lane)
