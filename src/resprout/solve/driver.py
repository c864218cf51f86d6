"""The driver: takes kernels, patients and a plan, gives sampled outputs; every lane goes through its own patient's time.

A lane that is done takes the next patient at once. No lane reads another, so a patient's numbers never depend on company.

There is one loop. Compiled (`drive_compiled`) it calls machine code, and watches for events where a model has any
(`event_watcher.py`); in Python (`drive`) it calls NumPy in the reference solver (`reference.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from resprout.solve.compiled import compiled, part
from resprout.solve.driver_arrays import (
    RUNNING,
    SOLVED,
    STEP_TOO_SMALL,
    TOO_MANY_STEPS,
    Found,
    Kernels,
    Lanes,
    Patients,
    Plan,
    Workspace,
)
from resprout.solve.event_watcher import apply_events, enter_events, shorten_steps, take_changes
from resprout.solve.lanes import admit, call, place, prime
from resprout.solve.step_size import MOST_STEPS


class Task(NamedTuple):
    """A range of patients to solve.

    first, last   patients, the second excluded        begin_h   hour at which they begin
    found         results, written in place
    """

    kernels: Kernels
    lanes: Lanes
    patients: Patients
    plan: Plan
    found: Found
    first: int
    last: int
    begin_h: float


def open_task(  # many arguments: each is one array record of the loop
    bind: Callable[..., Any],
    lanes: Lanes,
    work: Workspace,
    patients: Patients,
    plan: Plan,
    found: Found,
    first: int,
    last: int,
) -> Task:
    """A task whose kernels are bound to its lanes.

    bind   (name, arrays by name) -> a kernel, as `Kernel.bound` and `Kernel.interpreted` do
    work   in which they work
    """
    arrays = {**lanes._asdict(), **work._asdict()}
    kernels = Kernels(
        bind("prepare", {"constants": lanes.next_constants}),
        bind("attempt_step", arrays),
        bind("accept_step", {**arrays, "state_written": lanes.state, "peak_written": lanes.peak}),
        bind("observe", arrays),
    )
    begin_h = min(0.0, float(plan.time_h[0]), float(plan.moment_h.min(initial=0.0)))
    return Task(kernels, lanes, patients, plan, found, first, last, begin_h)


def drive(task, events):
    """Solve a range of patients.

    task     a Task, its lanes inactive
    events   a Watch of conditions and events of the model, or None
    """
    kernels, lanes = task.kernels, task.lanes
    prime(task.patients, lanes.next_constants)
    following, left = _refill(task.first, task, events), task.last - task.first
    if events is not None:
        take_changes(task, events)
    for lane in range(lanes.patient.shape[0]):
        if lanes.patient[lane] < 0:
            # a lane for which there is nobody steps along, so it needs numbers that can be stepped
            _enter(lane, task.first, task.first, task.begin_h, task.patients, task.plan, lanes)
            _dismiss(lane, task.plan, lanes)
    while left > 0:
        call(kernels.attempt_step)
        if events is not None:
            shorten_steps(task, events)
        _sample(kernels.observe, task.plan, lanes, task.found)
        call(kernels.accept_step)
        if events is not None:
            apply_events(task, events)
        ended = int(lanes.ended[0])
        if ended:
            left -= _settle_lanes(ended, task.plan, lanes, task.found)
            if following >= task.last:
                _replace_dismissed(ended, task.first, task.patients, lanes)
            if following < task.last:
                following = _refill(following, task, events)
            if events is not None:
                take_changes(task, events)


@part
def _refill(following, task, events):
    """Give inactive lanes the next patients, note their outputs at the start, apply what changes then; returns who follows next."""
    lanes, plan, first = task.lanes, task.plan, following
    lanes.waiting[0] = 0.0
    for lane in range(lanes.patient.shape[0]):
        if lanes.patient[lane] < 0 and following < task.last:
            _admit_next(following, task)
            _enter(lane, following, task.first, task.begin_h, task.patients, plan, lanes)
            if events is not None:
                enter_events(lane, task, events)
            following += 1
            if lanes.due[lane] <= task.begin_h:
                lanes.fraction[lane] = 0.0
                lanes.waiting[0] += 1 << lane
    _sample(task.kernels.observe, plan, lanes, task.found)
    for lane in range(lanes.patient.shape[0]):
        if first <= lanes.patient[lane] < following:
            _apply_changes(lane, task.begin_h, plan, lanes)
    return following


@part
def _admit_next(patient, task):
    """Prepare the constants of this patient and those who follow, once for as many as there are lanes."""
    width = task.lanes.patient.shape[0]
    if (patient - task.first) % width == 0:
        for ahead in range(min(width, task.last - patient)):
            admit(ahead, patient + ahead, task.patients, task.lanes.next_constants)
        call(task.kernels.prepare)


@part
def _enter(lane, patient, first, begin_h, patients, plan, lanes):
    """Put a patient into a lane at the beginning.

    first   patient of the task, from whom the prepared constants are counted
    """
    seat = (patient - first) % lanes.patient.shape[0]
    for row in range(lanes.constants.shape[0]):
        lanes.constants[row, lane] = lanes.next_constants[row, seat]
    place(lane, patient, patients, lanes.state)
    if patients.absolute_tolerance.shape[0] > 0:
        for row in range(lanes.state.shape[0]):
            lanes.absolute_tolerance[row, lane] = patients.absolute_tolerance[patient, row]
    lanes.patient[lane], lanes.moment[lane], lanes.column[lane] = patient, plan.begin[_own(patient, plan)], 0
    lanes.now[lane], lanes.later[lane], lanes.proposed[lane] = begin_h, begin_h, plan.first_step_h
    lanes.due[lane], lanes.steps[lane], lanes.status[lane] = plan.time_h[0], 0.0, RUNNING
    # what the lane's last patient left may be no number, and zero times that is none either
    for row in range(lanes.state.shape[0]):
        lanes.peak[row, lane] = abs(lanes.state[row, lane])
        lanes.new[row, lane] = lanes.state[row, lane]
    for row in range(lanes.dense.shape[0]):
        lanes.dense[row, lane] = 0.0


@part
def _own(patient, plan):
    """Which of the lists of moments is a patient's."""
    return patient if plan.begin.shape[0] > 2 else 0


@part
def _dismiss(lane, plan, lanes):
    """Leave a lane inactive: it steps along with the others, with nowhere to land and no output due."""
    lanes.patient[lane] = -1
    lanes.due[lane], lanes.goal[lane], lanes.proposed[lane] = np.nan, np.inf, plan.first_step_h


@part
def _apply_changes(lane, hour, plan, lanes):
    """Apply all planned changes up to this hour and aim at the next moment; says whether anything changed."""
    changed, end = False, plan.begin[_own(lanes.patient[lane], plan) + 1]
    while lanes.moment[lane] < end and plan.moment_h[lanes.moment[lane]] <= hour:
        moment = lanes.moment[lane]
        for change in range(plan.first[moment], plan.first[moment + 1]):
            amount = plan.change_value[change, lanes.patient[lane] if plan.change_value.shape[1] > 1 else 0]
            row = plan.change_row[change]
            if row >= 0:
                lanes.state[row, lane] += amount
            else:
                lanes.constants[-1 - row, lane] = amount
            changed = True
        lanes.moment[lane] += 1
    lanes.goal[lane] = plan.time_h[-1]
    if lanes.moment[lane] < end:
        lanes.goal[lane] = min(plan.time_h[-1], plan.moment_h[lanes.moment[lane]])
    return changed


@part
def _sample(observe, plan, lanes, found):
    """Write down the outputs of lanes that wait, for all hours within the step just attempted, one hour of each lane at a time.

    Which lanes wait is told in `lanes.waiting`, where in the step the first hour lies in `lanes.fraction`.
    """
    time_h, waiting = plan.time_h, int(lanes.waiting[0])
    last = time_h.shape[0] - 1
    while waiting:
        call(observe)
        bits, waiting = waiting, 0
        for lane in range(lanes.patient.shape[0]):
            if bits >> lane & 1:
                who, column = lanes.patient[lane], lanes.column[lane]
                for output in range(lanes.outputs.shape[0]):
                    found.outputs[who, output, column] = lanes.outputs[output, lane]
                lanes.column[lane] = column + 1
                due = time_h[column + 1] if column < last else np.inf
                lanes.due[lane] = due
                if due <= lanes.later[lane]:
                    waiting |= 1 << lane
                    ahead = due - lanes.now[lane]
                    lanes.fraction[lane] = ahead / lanes.step[lane] if ahead > 0 else 0.0


@part
def _settle_lanes(ended, plan, lanes, found):
    """Settle every lane that has landed or is given up, as bits; returns how many patients ended."""
    count = 0
    for lane in range(lanes.patient.shape[0]):
        if ended >> lane & 1 and lanes.patient[lane] >= 0 and _settle(lane, plan, lanes, found):
            count += 1
    return count


@part
def _settle(lane, plan, lanes, found):
    """Apply changes where a lane has landed, or write down how its patient ended; says whether they ended."""
    now, status, who = lanes.now[lane], lanes.status[lane], lanes.patient[lane]
    if status == RUNNING:
        if now >= plan.time_h[-1]:
            status = SOLVED
        elif now < lanes.goal[lane]:
            status = TOO_MANY_STEPS if lanes.steps[lane] >= MOST_STEPS else STEP_TOO_SMALL
        elif _apply_changes(lane, now, plan, lanes):
            lanes.proposed[lane] = min(lanes.proposed[lane], plan.first_step_h)
            # the limit is of the steps between two changes: a thousand doses need more than a hundred thousand
            found.steps[who] += int(lanes.steps[lane])
            lanes.steps[lane] = 0.0
    if status == RUNNING:
        return False
    found.status[who] = status
    found.steps[who] += int(lanes.steps[lane])
    if found.last_h.shape[0] > 0:
        found.last_h[who] = now
        for row in range(lanes.state.shape[0]):
            found.last[who, row], found.peak[who, row] = lanes.state[row, lane], lanes.peak[row, lane]
    _dismiss(lane, plan, lanes)
    return True


@part
def _replace_dismissed(ended, first, patients, lanes):
    """Give lanes whose patient has just ended a state that can be stepped: the last may be no number, or one that leads nowhere."""
    for lane in range(lanes.patient.shape[0]):
        if ended >> lane & 1 and lanes.patient[lane] < 0:
            place(lane, first, patients, lanes.state)


drive_compiled = compiled()(drive)
"""The same loop for machine code."""
