"""The driver: takes kernels, patients and a plan, gives sampled outputs; every lane goes through its own patient's time.

A lane that is done takes the next patient at once. No lane reads another, so a patient's numbers never depend on company.

There is one loop. Compiled (`drive_compiled`) it calls machine code. In Python (`drive`) it calls the same machine code step by step
where a model has events that must be watched (`event_watcher.py`), and NumPy in the reference solver (`reference.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from resprout.solve.compiled import compiled, part
from resprout.solve.lanes import admit, call, place, prime
from resprout.solve.records import (
    RUNNING,
    SOLVED,
    STEP_TOO_SMALL,
    TOO_MANY_STEPS,
    Found,
    Kernels,
    Lanes,
    Patients,
    Plan,
)
from resprout.solve.step_size import MOST_STEPS, STEP_AFTER_EVENT_H


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


def open_task(
    bind: Callable[..., Any], lanes: Lanes, patients: Patients, plan: Plan, found: Found, first: int, last: int
) -> Task:
    """A task whose kernels are bound to its lanes.

    bind   (name, record, other arrays) -> a kernel, as `Kernel.bound` and `Kernel.interpreted` do
    """
    kernels = Kernels(
        bind("prepare", lanes, constants=lanes.next_constants),
        bind("attempt_step", lanes),
        bind("accept_step", lanes, state_written=lanes.state, peak_written=lanes.peak),
        bind("observe", lanes),
    )
    begin_h = min(0.0, float(plan.time_h[0]), *(float(hour) for hour in plan.moment_h[:1]))
    return Task(kernels, lanes, patients, plan, found, first, last, begin_h)


def drive(task, events):
    """Solve a range of patients.

    task     a Task, its lanes idle
    events   watches for events of the model, or None
    """
    kernels, lanes = task.kernels, task.lanes
    prime(task.patients, lanes.next_constants)
    following, left = _refill(task.first, task, events), task.last - task.first
    _occupy_idle(task)
    while left > 0:
        call(kernels.attempt_step)
        if events is not None:
            events.shorten_steps()
        _sample(int(lanes.waiting[0]), task)
        call(kernels.accept_step)
        if events is not None:
            events.apply_events()
        ended = int(lanes.ended[0])
        if ended:
            left -= _settle_lanes(ended, task, following < task.last)
            if following < task.last:
                following = _refill(following, task, events)


@part
def _refill(following, task, events):
    """Give idle lanes the next patients, note their outputs at the start, apply what changes then; returns who follows next."""
    lanes, first, sampled = task.lanes, following, 0
    for lane in range(lanes.patient.shape[0]):
        if lanes.patient[lane] < 0 and following < task.last:
            _enter(lane, following, task)
            if events is not None:
                events.enter(lane)
            following += 1
            if lanes.due[lane] <= task.begin_h:
                lanes.fraction[lane] = 0.0
                sampled |= 1 << lane
    _sample(sampled, task)
    for lane in range(lanes.patient.shape[0]):
        if first <= lanes.patient[lane] < following:
            _apply_changes(lane, task, task.begin_h)
    return following


@part
def _enter(lane, patient, task):
    """Put a patient into a lane at the beginning."""
    lanes, patients, width = task.lanes, task.patients, task.lanes.patient.shape[0]
    seat = (patient - task.first) % width
    if seat == 0:
        for ahead in range(min(width, task.last - patient)):
            admit(ahead, patient + ahead, patients, lanes.next_constants)
        call(task.kernels.prepare)
    for row in range(lanes.constants.shape[0]):
        lanes.constants[row, lane] = lanes.next_constants[row, seat]
    place(lane, patient, patients, lanes.state)
    lanes.patient[lane], lanes.moment[lane], lanes.column[lane] = patient, 0, 0
    lanes.now[lane], lanes.later[lane], lanes.proposed[lane] = task.begin_h, task.begin_h, STEP_AFTER_EVENT_H
    lanes.due[lane], lanes.steps[lane], lanes.status[lane] = task.plan.time_h[0], 0.0, RUNNING
    # what the lane's last patient left may be no number, and zero times that is none either
    for row in range(lanes.state.shape[0]):
        lanes.peak[row, lane] = abs(lanes.state[row, lane])
        lanes.new[row, lane] = lanes.state[row, lane]
    for row in range(lanes.dense.shape[0]):
        lanes.dense[row, lane] = 0.0


@part
def _occupy_idle(task):
    """Give lanes for which there is nobody numbers that can be stepped: they step along."""
    for lane in range(task.lanes.patient.shape[0]):
        if task.lanes.patient[lane] < 0:
            _enter(lane, task.first, task)
            _dismiss(lane, task.lanes)


@part
def _dismiss(lane, lanes):
    """Leave a lane idle: it steps along with the others, with nowhere to land and no output due."""
    lanes.patient[lane] = -1
    lanes.due[lane], lanes.goal[lane], lanes.proposed[lane] = np.nan, np.inf, STEP_AFTER_EVENT_H


@part
def _apply_changes(lane, task, hour):
    """Apply all planned changes up to this hour and aim at the next; says whether there were any moments."""
    lanes, plan, changed = task.lanes, task.plan, False
    while lanes.moment[lane] < plan.moment_h.shape[0] and plan.moment_h[lanes.moment[lane]] <= hour:
        moment = lanes.moment[lane]
        for change in range(plan.first[moment], plan.first[moment + 1]):
            amount = plan.change_value[change, lanes.patient[lane] if plan.change_value.shape[1] > 1 else 0]
            row = plan.change_row[change]
            if row >= 0:
                lanes.state[row, lane] += amount
            else:
                lanes.constants[-1 - row, lane] = amount
        lanes.moment[lane] += 1
        changed = True
    lanes.goal[lane] = plan.time_h[-1]
    if lanes.moment[lane] < plan.moment_h.shape[0]:
        lanes.goal[lane] = min(plan.time_h[-1], plan.moment_h[lanes.moment[lane]])
    return changed


@part
def _sample(waiting, task):
    """Write down the outputs of lanes that wait, for all hours within the step just attempted, one hour of each lane at a time.

    waiting   the lanes as bits; their `fraction` says where in the step the first hour lies
    """
    lanes, time_h = task.lanes, task.plan.time_h
    last = time_h.shape[0] - 1
    while waiting:
        call(task.kernels.observe)
        bits, waiting = waiting, 0
        for lane in range(lanes.patient.shape[0]):
            if bits >> lane & 1:
                who, column = lanes.patient[lane], lanes.column[lane]
                for output in range(lanes.outputs.shape[0]):
                    task.found.outputs[who, output, column] = lanes.outputs[output, lane]
                lanes.column[lane] = column + 1
                due = time_h[column + 1] if column < last else np.inf
                lanes.due[lane] = due
                if due <= lanes.later[lane]:
                    waiting |= 1 << lane
                    ahead = due - lanes.now[lane]
                    lanes.fraction[lane] = ahead / lanes.step[lane] if ahead > 0 else 0.0


@part
def _settle_lanes(ended, task, more):
    """Settle every lane that has landed or is given up, as bits; `more` patients follow; returns how many ended."""
    count = 0
    for lane in range(task.lanes.patient.shape[0]):
        if ended >> lane & 1 and task.lanes.patient[lane] >= 0 and _settle(lane, task):
            count += 1
            if not more:
                # its last state may be no number, or one from which no step leads on
                place(lane, task.first, task.patients, task.lanes.state)
    return count


@part
def _settle(lane, task):
    """Apply changes where a lane has landed, or write down how its patient ended; says whether they ended."""
    lanes, who = task.lanes, task.lanes.patient[lane]
    now, status = lanes.now[lane], lanes.status[lane]
    if status == RUNNING:
        if now >= task.plan.time_h[-1]:
            status = SOLVED
        elif now < lanes.goal[lane]:
            status = TOO_MANY_STEPS if lanes.steps[lane] >= MOST_STEPS else STEP_TOO_SMALL
        elif _apply_changes(lane, task, now):
            lanes.proposed[lane] = min(lanes.proposed[lane], STEP_AFTER_EVENT_H)
    if status == RUNNING:
        return False
    task.found.status[who], task.found.steps[who] = status, int(lanes.steps[lane])
    _dismiss(lane, lanes)
    return True


drive_compiled = compiled()(drive)
"""The same loop for machine code, without events."""
