"""Models of one's own with events: the same step kernels, walked in Python so that every step is watched for triggers.

A trigger that begins to hold inside a step is found by bisection on the step's own interpolant.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resprout.compile import Kernel
from resprout.compile.evaluate import evaluate
from resprout.compile.kernels import MOST_STEPS, SMALLEST_STEP_H
from resprout.compile.system import Happening, System
from resprout.solve import drive, lanes
from resprout.solve.events import Floats

EVENTS_WITHOUT_END = 6
MOST_CHAINED = 1000
HALVINGS = 60


@dataclass(frozen=True)
class Task:
    """What every group of patients shares.

    clock     row of the state that counts time, or -1       breaks   [time] where no step may pass over
    limits    [1 + state] relative, then absolute tolerance  outputs  names
    """

    kernel: Kernel
    system: System
    happenings: tuple[Happening, ...]
    clock: int
    breaks: Floats
    times: Floats
    limits: Floats
    outputs: tuple[str, ...]


class Group:
    """Lanes of patients in arrays [row, lane] that the kernels read and write."""

    def __init__(self, task: Task, constants: Floats, start: Floats) -> None:
        layout, width = task.kernel.layout, task.kernel.width
        terms, states = len(task.kernel.tableau.dense), len(layout.states)
        counts = (states, layout.parameters, 1, states, states, 2, terms * states, layout.room)
        arrays = [lanes.aligned_rows(count, width) for count in counts]
        self.state, self.constants, self.step, self.peak, self.new, self.error, self.dense, self.room = arrays
        self.terms, self.limits, self.size = terms, task.limits, start.shape[0]
        # code is made only for the constants that something reads
        rows = [task.system.constants.index(name) for name in layout.constants]
        self.constants[: len(rows)] = constants.T[rows][:, np.minimum(np.arange(width), self.size - 1)]
        self.state[:] = start.T[:, np.minimum(np.arange(width), self.size - 1)]
        self.peak[:] = np.abs(self.state)
        _function(task.kernel.address["prepare"], 1)(self.constants.ctypes.data)
        self._step = _function(task.kernel.address["step"], 9)

    def try_step(self) -> None:
        """One step of every lane, by its own size."""
        given = (self.state, self.constants, self.step, self.limits, self.peak)
        written = (self.new, self.error, self.dense, self.room)
        self._step(*(array.ctypes.data for array in (*given, *written)))

    def between(self, lane: int, theta: Floats | float) -> Floats:
        """[state, ...] of one lane at a share of its step."""
        shape = (-1, *(1,) * np.ndim(theta))
        before, after = self.state[:, lane].reshape(shape), self.new[:, lane].reshape(shape)
        bend: Any = 0.0
        for term in range(self.terms - 1, -1, -1):
            bend = bend * theta + self.dense[term :: self.terms, lane].reshape(shape)
        found: Floats = before * (1 - theta) + theta * (after + (1 - theta) * bend)
        return found


def _function(address: int, arguments: int) -> Any:
    return ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * arguments)(address)


def watch_patients(task: Task, constants: Floats, start: Floats) -> tuple[Floats, NDArray[np.int64], NDArray[np.int64]]:
    """Solve patients whose model has events.

    constants   [patient, constant] in the order of the system    start   [patient, state]
    returns     outputs [patient, time, output], status [patient], steps [patient]
    """
    patients = start.shape[0]
    value = np.full((patients, len(task.times), len(task.outputs)), np.nan)
    status, steps = np.zeros(patients, np.int64), np.zeros(patients, np.int64)
    for first in range(0, patients, task.kernel.width):
        chosen = slice(first, min(first + task.kernel.width, patients))
        group = Group(task, constants[chosen], start[chosen])
        walks = [Walk(task, group, lane, constants[first + lane]) for lane in range(group.size)]
        while any(walk.status == lanes.GOES_ON for walk in walks):
            for walk in walks:
                group.step[0, walk.lane] = walk.size()
            group.step[0, group.size :] = drive.STEP_AFTER_EVENT_H
            group.try_step()
            for walk in walks:
                if walk.status == lanes.GOES_ON:
                    walk.judge()
        for walk in walks:
            status[first + walk.lane], steps[first + walk.lane] = walk.status, walk.tries
            value[first + walk.lane, : walk.column] = walk.observed()
    return value, status, steps


class Walk:
    """One patient on the way: hour, wished step, and which triggers hold."""

    def __init__(self, task: Task, group: Group, lane: int, constants: Floats) -> None:
        self.task, self.group, self.lane = task, group, lane
        self.names = task.system.states
        self.constants = dict(zip(task.system.constants, constants, strict=True))
        self.now, self.wish, self.tries, self.column = 0.0, drive.STEP_AFTER_EVENT_H, 0, 0
        self.samples = np.empty((len(task.times), len(self.names)))
        self.held = np.array([happening.held_before for happening in task.happenings])
        self.status = lanes.GOES_ON
        self._happen()
        while self.column < len(task.times) and task.times[self.column] <= 0:
            self.samples[self.column] = group.state[:, lane]
            self.column += 1
        if self.column == len(task.times):
            self.status = lanes.SOLVED

    def size(self) -> float:
        """The step to try: up to the next break or the end."""
        if self.status != lanes.GOES_ON:
            return drive.STEP_AFTER_EVENT_H
        return min(self.wish, self._goal() - self.now)

    def _goal(self) -> float:
        ahead = np.searchsorted(self.task.breaks, self.now, side="right")
        end = float(self.task.times[-1])
        return min(end, float(self.task.breaks[ahead])) if ahead < len(self.task.breaks) else end

    def judge(self) -> None:
        """Take or refuse the step just tried; stop short where a trigger begins to hold."""
        group, lane = self.group, self.lane
        size, factor = float(group.step[0, lane]), float(group.error[1, lane])
        self.tries += 1
        if self.tries >= MOST_STEPS:
            self.status = lanes.TOO_MANY_STEPS
        if not group.error[0, lane] <= 1.0:
            self.wish = size * factor
            if self.wish < SMALLEST_STEP_H:
                self.status = lanes.STEP_TOO_SMALL
            return
        goal, theta = self._goal(), 1.0
        arrived = size >= goal - self.now
        later, point = goal if arrived else self.now + size, group.new[:, lane].copy()
        if self._begins(point, later):
            theta = self._where(size)
            if theta < 1.0:
                later, point, arrived = self.now + theta * size, group.between(lane, theta), False
        self._sample(later, size)
        self.now, self.wish = later, max(self.wish, size * factor) if arrived else size * factor
        if self.task.clock >= 0:
            point[self.task.clock] = later
        group.state[:, lane] = point
        if self._happen():
            self.wish = min(self.wish, drive.STEP_AFTER_EVENT_H)
        group.peak[:, lane] = np.maximum(group.peak[:, lane], np.abs(group.state[:, lane]))
        if self.now >= self.task.times[-1] and self.status == lanes.GOES_ON:
            self.status = lanes.SOLVED

    def _given(self, point: Floats, hour: float) -> dict[str, Any]:
        given = {**self.constants, **dict(zip(self.names, point, strict=True))}
        if self.task.clock >= 0:
            given[self.names[self.task.clock]] = hour
        return given

    def _truth(self, given: dict[str, Any]) -> NDArray[np.bool_]:
        triggers = [happening.trigger for happening in self.task.happenings]
        return np.array(evaluate(self.task.system.graph, triggers, given)) != 0

    def _begins(self, point: Floats, hour: float) -> bool:
        return bool((self._truth(self._given(point, hour)) & ~self.held).any())

    def _where(self, size: float) -> float:
        """The share of the step at which the first trigger begins to hold."""
        low, high = 0.0, 1.0
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            if middle in (low, high):
                break
            begins = self._begins(self.group.between(self.lane, middle), self.now + middle * size)
            low, high = (low, middle) if begins else (middle, high)
        return high

    def _sample(self, later: float, size: float) -> None:
        times, first = self.task.times, self.column
        last = int(np.searchsorted(times, later, side="right"))
        if last > first:
            theta = (times[first:last] - self.now) / size
            self.samples[first:last] = self.group.between(self.lane, theta).T
            if self.task.clock >= 0:
                self.samples[first:last, self.task.clock] = times[first:last]
            self.column = last

    def _happen(self) -> bool:
        """Let everything happen whose trigger has begun to hold, one event after the other; says whether any did."""
        graph, state = self.task.system.graph, self.group.state[:, self.lane]
        waiting: list[tuple[int, list[Any] | None]] = []
        for done in range(MOST_CHAINED):
            given = self._given(state, self.now)
            truth = self._truth(given)
            for index in np.flatnonzero(truth & ~self.held):
                event = self.task.happenings[index]
                waiting.append((int(index), self._values(event, given) if event.at_trigger else None))
            self.held = truth
            waiting = [item for item in waiting if self.task.happenings[item[0]].persistent or truth[item[0]]]
            if not waiting:
                return done > 0
            first, known = waiting.pop(0)
            event = self.task.happenings[first]
            for (name, _), value in zip(event.changes, known or self._values(event, given), strict=True):
                state[graph.states.index(name)] = value
        self.status = EVENTS_WITHOUT_END
        return True

    def _values(self, event: Happening, given: dict[str, Any]) -> list[Any]:
        return evaluate(self.task.system.graph, [node for _, node in event.changes], given)

    def observed(self) -> Floats:
        """Outputs [time, output] at the hours reached."""
        taken = self.samples[: self.column]
        given = {**self.constants, **dict(zip(self.names, taken.T, strict=True))}
        nodes = [self.task.system.node(name) for name in self.task.outputs]
        columns = evaluate(self.task.system.graph, nodes, given)
        return np.stack([np.broadcast_to(column, len(taken)) for column in columns], axis=-1)


def around(breaks: Sequence[float] | Floats) -> Floats:
    """Hours just before and just after each break, so that no step looks across one except a step too short to matter."""
    hours = np.asarray(breaks, dtype=float)
    return np.unique(np.concatenate([hours * (1 - 1e-10), hours * (1 + 1e-10)]))
