"""Events of imported models: the driver asks after every step whether a trigger has begun to hold.

A trigger that begins to hold inside a step is found by bisection on the step's own dense output, and the step is cut short there.
Which event happens when: SBML Level 3 Version 2 Core, section 4.11.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resprout.compile.evaluate import Evaluator
from resprout.compile.numpy_arithmetic import NumpyArithmetic
from resprout.compile.system import Event, System
from resprout.solve.driver_arrays import EVENTS_WITHOUT_END, RUNNING, Lanes
from resprout.solve.events import Floats
from resprout.solve.rosenbrock import dense_output, inside
from resprout.solve.step_size import MOST_STEPS, STEP_AFTER_EVENT_H

MOST_CHAINED = 1000
"""Events of one moment after which a patient is given up."""
HALVINGS = 60


class EventWatcher:
    """Watches the triggers of the patients in some lanes."""

    def __init__(
        self, system: System, events: Sequence[Event], clock: int, constants: Floats, lanes: Lanes, error: Floats
    ) -> None:
        """Watch lanes whose dense output covers every state.

        events      on the graph of the system
        clock       row of the state that counts time, or -1
        constants   [patient, constant] in the order of the system
        error       [lane] err^2 of the step attempted
        """
        self.error = error
        self.system, self.events, self.clock, self.constants, self.lanes = system, events, clock, constants, lanes
        self.triggers = Evaluator(system.graph, [event.trigger for event in events])
        self.new_values = [Evaluator(system.graph, [node for _, node in event.changes]) for event in events]
        width = len(lanes.patient)
        self.terms = len(lanes.dense) // max(len(system.states), 1)
        self.held = np.zeros((len(events), width), dtype=bool)
        self.point, self.peak = np.zeros_like(lanes.state), np.zeros_like(lanes.peak)

    def enter(self, lane: int) -> None:
        """Let everything happen that happens at the beginning of a lane's new patient."""
        self.held[:, lane] = [event.held_before for event in self.events]
        self._let_happen(lane)
        self.lanes.peak[:, lane] = np.abs(self.lanes.state[:, lane])
        self.lanes.new[:, lane] = self.lanes.state[:, lane]

    def shorten_steps(self) -> None:
        """Cut every accepted step short where a trigger begins to hold."""
        lanes = self.lanes
        for lane in self._accepted():
            self.point[:, lane], self.peak[:, lane] = lanes.new[:, lane], lanes.peak[:, lane]
            if self._begins(lane, lanes.new[:, lane], lanes.later[lane]):
                fraction = self._first_fraction(lane)
                if fraction < 1.0:
                    self.point[:, lane] = self._inside(lane, fraction)
                    self._cut(lane, lanes.now[lane] + fraction * lanes.step[lane])
            if self.clock >= 0:
                self.point[self.clock, lane] = lanes.later[lane]

    def apply_events(self) -> None:
        """Go on from where steps were cut, and let everything happen whose trigger has begun to hold."""
        lanes = self.lanes
        for lane in self._accepted():
            lanes.state[:, lane] = self.point[:, lane]
            if lanes.status[lane] == RUNNING and self._let_happen(lane):
                lanes.proposed[lane] = min(lanes.proposed[lane], STEP_AFTER_EVENT_H)
            lanes.peak[:, lane] = np.maximum(self.peak[:, lane], np.abs(lanes.state[:, lane]))
        for lane in np.flatnonzero((lanes.patient >= 0) & (lanes.status != RUNNING)).tolist():
            _set_bit(lanes.ended, lane, True)

    def _accepted(self) -> list[int]:
        accepted: list[int] = np.flatnonzero((self.lanes.patient >= 0) & (self.error <= 1.0)).tolist()
        return accepted

    def _cut(self, lane: int, later: float) -> None:
        lanes = self.lanes
        lanes.later[lane] = later
        _set_bit(lanes.ended, lane, bool(lanes.steps[lane] >= MOST_STEPS))
        _set_bit(lanes.waiting, lane, bool(lanes.due[lane] <= later))

    def _inside(self, lane: int, fraction: float) -> Floats:
        """[state] of one lane at a fraction of its step."""
        lanes, over = self.lanes, NumpyArithmetic()
        terms = [lanes.dense[term :: self.terms, lane] for term in range(self.terms)]
        at = inside(over, self.terms, fraction)
        found: Floats = dense_output(over, at, lanes.state[:, lane], lanes.new[:, lane], terms)
        return found

    def _given(self, lane: int, point: Floats, hour: float) -> dict[str, Any]:
        given = dict(zip(self.system.constants, self.constants[self.lanes.patient[lane]], strict=True))
        given |= dict(zip(self.system.states, point, strict=True))
        if self.clock >= 0:
            given[self.system.states[self.clock]] = hour
        return given

    def _truth(self, given: dict[str, Any]) -> NDArray[np.bool_]:
        return np.array(self.triggers(given)) != 0

    def _begins(self, lane: int, point: Floats, hour: float) -> bool:
        return bool((self._truth(self._given(lane, point, hour)) & ~self.held[:, lane]).any())

    def _first_fraction(self, lane: int) -> float:
        """The fraction of the step at which the first trigger begins to hold."""
        lanes, low, high = self.lanes, 0.0, 1.0
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            if middle in (low, high):
                break
            hour = lanes.now[lane] + middle * lanes.step[lane]
            low, high = (low, middle) if self._begins(lane, self._inside(lane, middle), hour) else (middle, high)
        return high

    def _let_happen(self, lane: int) -> bool:
        """Let events happen one after the other, until none has begun; says whether any did."""
        graph, state = self.system.graph, self.lanes.state[:, lane]
        waiting: list[tuple[int, list[Any] | None]] = []
        for done in range(MOST_CHAINED):
            given = self._given(lane, state, self.lanes.now[lane])
            truth = self._truth(given)
            for index in np.flatnonzero(truth & ~self.held[:, lane]).tolist():
                event = self.events[index]
                waiting.append((index, self.new_values[index](given) if event.at_trigger else None))
            self.held[:, lane] = truth
            waiting = [item for item in waiting if self.events[item[0]].persistent or truth[item[0]]]
            if not waiting:
                return done > 0
            first, known = waiting.pop(0)
            event = self.events[first]
            for (name, _), value in zip(event.changes, known or self.new_values[first](given), strict=True):
                state[graph.states.index(name)] = value
        self.lanes.status[lane] = EVENTS_WITHOUT_END
        return True


def _set_bit(bits: NDArray[np.float64], lane: int, held: bool) -> None:
    """Say of one lane whether something holds, in lanes told as the bits of a whole number."""
    whole = int(bits[0]) & ~(1 << lane)
    bits[0] = whole | (int(held) << lane)


def around(breaks: Sequence[float] | Floats) -> Floats:
    """Hours just before and just after each break, so that no step looks across one except a step too short to matter."""
    hours = np.asarray(breaks, dtype=float)
    return np.unique(np.concatenate([hours * (1 - 1e-10), hours * (1 + 1e-10)]))
