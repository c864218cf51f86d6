"""The batch driver: takes kernels, patients and a timetable, gives sampled outputs; every lane walks through its own patient's time.

A lane that is done takes the next patient at once. No lane reads another, so a patient's numbers never depend on company.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from resprout.solve.compiled import compiled
from resprout.solve.lanes import (
    GOES_ON,
    LANDED,
    SOLVED,
    STEP_TOO_SMALL,
    TOO_MANY_STEPS,
    admit,
    aligned_rows,
    at,
    call,
    prime,
)

SMALLEST_STEP_H = 1e-9
MOST_STEPS = 100_000
STEP_AFTER_EVENT_H = 2e-3


class Plan(NamedTuple):
    """What happens when: output hours [time], and moments [moment] with their changes."""

    time_h: np.ndarray
    moment_h: np.ndarray
    first: np.ndarray
    change_row: np.ndarray
    change_value: np.ndarray


class Found(NamedTuple):
    """Results, written patient by patient: out [patient, output, time], status and steps [patient]."""

    out: np.ndarray
    status: np.ndarray
    steps: np.ndarray


class Lanes(NamedTuple):
    """What every lane holds: arrays [row, lane] for the kernels, then its patient (-1 if idle), hours, wished step and counters.

    share    of the step, at which outputs are wanted
    later    hour up to which the step just tried leads; `now` if it is refused
    goal     hour on which it must land next: its next event, or the end
    due      hour of its next output; infinite if it has none
    """

    state: np.ndarray
    new: np.ndarray
    peak: np.ndarray
    constants: np.ndarray
    step: np.ndarray
    error: np.ndarray
    dense: np.ndarray
    room: np.ndarray
    share: np.ndarray
    result: np.ndarray
    patient: np.ndarray
    now: np.ndarray
    later: np.ndarray
    goal: np.ndarray
    due: np.ndarray
    wish: np.ndarray
    moment: np.ndarray
    column: np.ndarray
    tries: np.ndarray
    verdict: np.ndarray


def open_lanes(states: int, parameters: int, outputs: int, dense: int, width: int, room: int) -> Lanes:
    """Room for one thread's lanes, all idle; the numbers are rows."""
    rows = (states, states, states, parameters, 1, 2, dense, room, 1, outputs)
    arrays: Any = [aligned_rows(count, width) for count in rows]
    more: Any = [
        np.full(width, -1, np.int64),
        *(np.zeros(width) for _ in range(2)),
        *(np.full(width, np.inf) for _ in range(2)),
        np.zeros(width),
        *(np.zeros(width, np.int64) for _ in range(3)),
        np.full(width, GOES_ON, np.int64),
    ]
    return Lanes(*arrays, *more)


@compiled(inner=True)
def _enter(lane, patient, patients, plan, lanes, begin_h):
    """Put a patient at rest into a lane."""
    # inputs that the lane's last patient was given; a patient's own values of them come after
    for change in range(plan.change_row.shape[0]):
        row = -1 - plan.change_row[change]
        if row >= 0:
            lanes.constants[row, lane] = patients.nominal[row]
    admit(lane, patient, patients, lanes.constants, lanes.state)
    lanes.patient[lane], lanes.now[lane], lanes.wish[lane] = patient, begin_h, STEP_AFTER_EVENT_H
    lanes.moment[lane], lanes.column[lane], lanes.tries[lane] = 0, 0, 0
    lanes.later[lane], lanes.due[lane] = begin_h, plan.time_h[0]
    # what the lane's last patient left may be no number, and zero times that is none either
    for row in range(lanes.state.shape[0]):
        lanes.peak[row, lane] = abs(lanes.state[row, lane])
        lanes.new[row, lane] = lanes.state[row, lane]
    for row in range(lanes.dense.shape[0]):
        lanes.dense[row, lane] = 0.0


@compiled(inner=True)
def _happen(lane, plan, lanes, hour):
    """Apply all changes of this hour and aim at the next; says whether there were any."""
    changed = False
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


@compiled(inner=True)
def _sample(observe, observed, plan, lanes, found):
    """Write down the outputs of every lane for all hours within the step just tried, one hour of each lane at a time."""
    last = plan.time_h.shape[0] - 1
    while True:
        waiting = False
        for lane in range(lanes.patient.shape[0]):
            if lanes.due[lane] <= lanes.later[lane]:
                waiting = True
                ahead = lanes.due[lane] - lanes.now[lane]
                lanes.share[0, lane] = ahead / lanes.step[0, lane] if ahead > 0 else 0.0
        if not waiting:
            return
        call(observe, observed)
        for lane in range(lanes.patient.shape[0]):
            if lanes.due[lane] <= lanes.later[lane]:
                who, column = lanes.patient[lane], lanes.column[lane]
                for output in range(lanes.result.shape[0]):
                    found.out[who, output, column] = lanes.result[output, lane]
                lanes.column[lane] += 1
                lanes.due[lane] = plan.time_h[column + 1] if column < last else np.inf


@compiled(inner=True, inline="always")
def _judge(lane, plan, lanes):
    """Take or refuse the step a lane has just tried; returns a failure, SOLVED, LANDED or GOES_ON."""
    lanes.later[lane] = lanes.now[lane]
    if lanes.now[lane] >= plan.time_h[-1]:
        return SOLVED
    lanes.tries[lane] += 1
    size, factor, goal = lanes.step[0, lane], lanes.error[1, lane], lanes.goal[lane]
    if not lanes.error[0, lane] <= 1.0:
        lanes.wish[lane] = size * factor
        if lanes.wish[lane] < SMALLEST_STEP_H:
            return STEP_TOO_SMALL
        return TOO_MANY_STEPS if lanes.tries[lane] >= MOST_STEPS else GOES_ON
    arrived = size >= goal - lanes.now[lane]
    lanes.later[lane] = goal if arrived else lanes.now[lane] + size
    lanes.wish[lane] = max(lanes.wish[lane], size * factor) if arrived else size * factor
    if not arrived:
        return TOO_MANY_STEPS if lanes.tries[lane] >= MOST_STEPS else GOES_ON
    return SOLVED if goal >= plan.time_h[-1] else LANDED


@compiled(inner=True)
def _refill(prepare, observe, observed, span, waiting, patients, plan, lanes, begin_h, found):
    """Give idle lanes the next patients, note their outputs at the start, apply what happens then; returns who waits next."""
    first = waiting
    for lane in range(lanes.patient.shape[0]):
        if lanes.patient[lane] < 0 and waiting < span[1]:
            _enter(lane, waiting, patients, plan, lanes, begin_h)
            waiting += 1
    call(prepare, (at(lanes.constants),))
    _sample(observe, observed, plan, lanes, found)
    for lane in range(lanes.patient.shape[0]):
        if first <= lanes.patient[lane] < waiting:
            _happen(lane, plan, lanes, begin_h)
    return waiting


@compiled(inner=True)
def _settle(verdict, lane, plan, lanes, found):
    """After a step is kept: apply events where a lane has landed, write down how a patient ended."""
    if verdict == LANDED:
        if _happen(lane, plan, lanes, lanes.now[lane]):
            lanes.wish[lane] = min(lanes.wish[lane], STEP_AFTER_EVENT_H)
        return False
    who = lanes.patient[lane]
    found.status[who], found.steps[who] = verdict, lanes.tries[lane]
    lanes.patient[lane], lanes.due[lane] = -1, np.inf
    return True


@compiled()
def drive(code, span, patients, plan, lanes, tolerance, found):
    """Solve a range of patients.

    code         addresses of prepare, step, keep, observe
    span         (first patient, one past the last)
    lanes        room to work in, all idle
    tolerance    [1 + state] relative, then absolute by state
    found        results, written in place
    """
    prepare, step, keep, observe = code
    width = lanes.patient.shape[0]
    begin_h = min(0.0, plan.time_h[0])
    if plan.moment_h.shape[0] > 0:
        begin_h = min(begin_h, plan.moment_h[0])
    prime(patients, lanes.constants)
    for lane in range(width):
        admit(lane, span[0], patients, lanes.constants, lanes.state)
        lanes.step[0, lane] = STEP_AFTER_EVENT_H
    stepped = (
        at(lanes.state),
        at(lanes.constants),
        at(lanes.step),
        at(tolerance),
        at(lanes.peak),
        at(lanes.new),
        at(lanes.error),
        at(lanes.dense),
        at(lanes.room),
    )
    observed = (
        at(lanes.state),
        at(lanes.new),
        at(lanes.dense),
        at(lanes.share),
        at(lanes.constants),
        at(lanes.result),
    )
    written = (at(lanes.state), at(lanes.peak))
    kept = (at(lanes.state), at(lanes.new), at(lanes.error), at(lanes.peak), *written)
    waiting, ended = _refill(prepare, observe, observed, span, span[0], patients, plan, lanes, begin_h, found), 0
    while ended < span[1] - span[0]:
        for lane in range(width):
            if lanes.patient[lane] >= 0:
                lanes.step[0, lane] = min(lanes.wish[lane], lanes.goal[lane] - lanes.now[lane])
        call(step, stepped)
        eventful = False
        for lane in range(width):
            if lanes.patient[lane] >= 0:
                lanes.verdict[lane] = _judge(lane, plan, lanes)
                eventful = eventful or lanes.verdict[lane] != GOES_ON
        _sample(observe, observed, plan, lanes, found)
        call(keep, kept)
        for lane in range(width):
            lanes.now[lane] = lanes.later[lane]
        if eventful:
            ended += _end_steps(span, patients, plan, lanes, found, waiting < span[1])
            if waiting < span[1]:
                waiting = _refill(prepare, observe, observed, span, waiting, patients, plan, lanes, begin_h, found)


@compiled(inner=True)
def _end_steps(span, patients, plan, lanes, found, more):
    """Settle every lane that has landed or ended; `more` patients wait; returns how many ended."""
    ended = 0
    for lane in range(lanes.patient.shape[0]):
        eventful = lanes.patient[lane] >= 0 and lanes.verdict[lane] != GOES_ON
        if eventful and _settle(lanes.verdict[lane], lane, plan, lanes, found):
            ended += 1
            if not more:
                # an idle lane steps along with the others, so it needs numbers that can be stepped
                admit(lane, span[0], patients, lanes.constants, lanes.state)
    return ended
