"""The batch driver: takes kernels, patients and a timetable, gives sampled outputs; every lane walks through its own patient's time.

A lane that is done takes the next patient at once. No lane reads another, so a patient's numbers never depend on company.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from resprout.compile.kernels import CLOCK, DUE, EVENTFUL, GOAL, LATER, MOST_STEPS, NOW, SIGNALS, TRIES, WAITING, WISH
from resprout.solve.compiled import compiled
from resprout.solve.lanes import (
    LANDED,
    SOLVED,
    STEP_TOO_SMALL,
    TOO_MANY_STEPS,
    admit,
    aligned_rows,
    at,
    call,
    place,
    prime,
)

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
    """What every lane holds: arrays [row, lane] for the kernels, what they signal, then its patient (-1 if idle) and counters.

    ready    constants of the next patients, prepared together: one at a time would cost as much as all
    share    of the step, at which outputs are wanted
    clock    hours and the wished step, rows as in `compile.kernels`; no output hour (not a number) in an idle lane
    """

    state: np.ndarray
    new: np.ndarray
    peak: np.ndarray
    constants: np.ndarray
    ready: np.ndarray
    step: np.ndarray
    error: np.ndarray
    dense: np.ndarray
    room: np.ndarray
    share: np.ndarray
    result: np.ndarray
    clock: np.ndarray
    signal: np.ndarray
    patient: np.ndarray
    moment: np.ndarray
    column: np.ndarray


def open_lanes(states: int, parameters: int, outputs: int, dense: int, width: int, room: int) -> Lanes:
    """Room for one thread's lanes, all idle; the numbers are rows."""
    rows = (states, states, states, parameters, parameters, 1, 2, dense, room, 1, outputs, len(CLOCK))
    arrays: Any = [aligned_rows(count, width) for count in rows]
    more: Any = [np.zeros(len(SIGNALS)), np.full(width, -1, np.int64), *(np.zeros(width, np.int64) for _ in range(2))]
    return Lanes(*arrays, *more)


@compiled(inner=True)
def _enter(prepare, span, lane, patient, patients, plan, lanes, begin_h):
    """Put a patient at rest into a lane."""
    seat = (patient - span[0]) % lanes.patient.shape[0]
    if seat == 0:
        for ahead in range(min(lanes.patient.shape[0], span[1] - patient)):
            admit(ahead, patient + ahead, patients, lanes.ready)
        call(prepare, (at(lanes.ready),))
    for row in range(lanes.constants.shape[0]):
        lanes.constants[row, lane] = lanes.ready[row, seat]
    place(lane, patient, patients, lanes.state)
    lanes.patient[lane], lanes.moment[lane], lanes.column[lane] = patient, 0, 0
    clock = lanes.clock
    clock[NOW, lane], clock[LATER, lane], clock[WISH, lane] = begin_h, begin_h, STEP_AFTER_EVENT_H
    clock[DUE, lane], clock[TRIES, lane] = plan.time_h[0], 0.0
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
    lanes.clock[GOAL, lane] = plan.time_h[-1]
    if lanes.moment[lane] < plan.moment_h.shape[0]:
        lanes.clock[GOAL, lane] = min(plan.time_h[-1], plan.moment_h[lanes.moment[lane]])
    return changed


@compiled(inner=True)
def _sample(waiting, observe, observed, plan, lanes, found):
    """Write down the outputs of lanes that wait, for all hours within the step just tried, one hour of each lane at a time.

    waiting   the lanes as bits; their `share` says where in the step the first hour lies
    """
    last, clock = plan.time_h.shape[0] - 1, lanes.clock
    while waiting:
        call(observe, observed)
        bits, waiting = waiting, 0
        for lane in range(lanes.patient.shape[0]):
            if bits >> lane & 1:
                who, column = lanes.patient[lane], lanes.column[lane]
                for output in range(lanes.result.shape[0]):
                    found.out[who, output, column] = lanes.result[output, lane]
                lanes.column[lane] = column + 1
                due = plan.time_h[column + 1] if column < last else np.inf
                clock[DUE, lane] = due
                if due <= clock[LATER, lane]:
                    waiting |= 1 << lane
                    ahead = due - clock[NOW, lane]
                    lanes.share[0, lane] = ahead / lanes.step[0, lane] if ahead > 0 else 0.0


@compiled(inner=True)
def _refill(prepare, observe, observed, span, waiting, patients, plan, lanes, begin_h, found):
    """Give idle lanes the next patients, note their outputs at the start, apply what happens then; returns who waits next."""
    first, sampled = waiting, 0
    for lane in range(lanes.patient.shape[0]):
        if lanes.patient[lane] < 0 and waiting < span[1]:
            _enter(prepare, span, lane, waiting, patients, plan, lanes, begin_h)
            waiting += 1
            if lanes.clock[DUE, lane] <= begin_h:
                lanes.share[0, lane] = 0.0
                sampled |= 1 << lane
    _sample(sampled, observe, observed, plan, lanes, found)
    for lane in range(lanes.patient.shape[0]):
        if first <= lanes.patient[lane] < waiting:
            _happen(lane, plan, lanes, begin_h)
    return waiting


@compiled(inner=True)
def _settle(lane, plan, lanes, found):
    """Apply events where a lane has landed, or write down how its patient ended; says whether they ended."""
    clock, who = lanes.clock, lanes.patient[lane]
    now, verdict = clock[NOW, lane], LANDED
    if now >= plan.time_h[-1]:
        verdict = SOLVED
    elif now < clock[GOAL, lane]:
        verdict = TOO_MANY_STEPS if clock[TRIES, lane] >= MOST_STEPS else STEP_TOO_SMALL
    elif _happen(lane, plan, lanes, now):
        clock[WISH, lane] = min(clock[WISH, lane], STEP_AFTER_EVENT_H)
    if verdict == LANDED:
        return False
    found.status[who], found.steps[who] = verdict, int(clock[TRIES, lane])
    _dismiss(lane, lanes)
    return True


@compiled(inner=True)
def _dismiss(lane, lanes):
    """Leave a lane idle: it steps along with the others, with nowhere to land and no output due."""
    lanes.patient[lane] = -1
    lanes.clock[DUE, lane], lanes.clock[GOAL, lane], lanes.clock[WISH, lane] = np.nan, np.inf, STEP_AFTER_EVENT_H


@compiled(inner=True)
def _end_steps(eventful, span, patients, plan, lanes, found, more):
    """Settle every lane that has landed or ended, as bits; `more` patients wait; returns how many ended."""
    ended = 0
    for lane in range(lanes.patient.shape[0]):
        if eventful >> lane & 1 and lanes.patient[lane] >= 0 and _settle(lane, plan, lanes, found):
            ended += 1
            if not more:
                # its last state may be no number, or one from which no step leads on
                place(lane, span[0], patients, lanes.state)
    return ended


@compiled()
def drive(code, span, patients, plan, lanes, tolerance, found):
    """Solve a range of patients.

    code         addresses of prepare, stride, keep, observe
    span         (first patient, one past the last)
    lanes        room to work in, all idle
    tolerance    [1 + state] relative, then absolute by state
    found        results, written in place
    """
    prepare, stride, keep, observe = code
    begin_h = min(0.0, plan.time_h[0])
    if plan.moment_h.shape[0] > 0:
        begin_h = min(begin_h, plan.moment_h[0])
    prime(patients, lanes.ready)
    strode = (
        at(lanes.state),
        at(lanes.constants),
        at(lanes.step),
        at(tolerance),
        at(lanes.peak),
        at(lanes.new),
        at(lanes.error),
        at(lanes.dense),
        at(lanes.room),
        at(lanes.clock),
        at(lanes.share),
        at(lanes.signal),
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
    kept = (at(lanes.state), at(lanes.new), at(lanes.error), at(lanes.peak), at(lanes.clock), *written)
    waiting, ended = _refill(prepare, observe, observed, span, span[0], patients, plan, lanes, begin_h, found), 0
    # a lane for which there is nobody steps along, so it needs numbers that can be stepped
    for lane in range(lanes.patient.shape[0]):
        if lanes.patient[lane] < 0:
            _enter(prepare, span, lane, span[0], patients, plan, lanes, begin_h)
            _dismiss(lane, lanes)
    while ended < span[1] - span[0]:
        call(stride, strode)
        _sample(int(lanes.signal[WAITING]), observe, observed, plan, lanes, found)
        call(keep, kept)
        eventful = int(lanes.signal[EVENTFUL])
        if eventful:
            ended += _end_steps(eventful, span, patients, plan, lanes, found, waiting < span[1])
            if waiting < span[1]:
                waiting = _refill(prepare, observe, observed, span, waiting, patients, plan, lanes, begin_h, found)
