"""The batch driver: takes kernels, patients and a timetable, gives sampled outputs; every lane walks through its own patient's time.

A lane that is done takes the next patient at once. No lane reads another, so a patient's numbers never depend on company.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import llvmlite.ir as ir
import numpy as np
from numba import types
from numba.extending import intrinsic

from resprout.solve.compiled import compiled

SOLVED, STEP_TOO_SMALL, TOO_MANY_STEPS, NO_REST, LANDED, GOES_ON = 0, 1, 2, 3, 4, 5
SMALLEST_STEP_H = 1e-9
MOST_STEPS = 100_000
STEP_AFTER_EVENT_H = 2e-3
REST_ITERATIONS = 120
AT_REST = 1e-13
REST_START, REST_HASTE = 10.0, 0.05


def _call(typing, address, pointers):
    """Call machine code at an address with a tuple of pointers to double."""

    def generate(context, builder, signature, arguments):
        count = signature.args[1].count
        pointer = ir.DoubleType().as_pointer()
        code = builder.inttoptr(arguments[0], ir.FunctionType(ir.VoidType(), [pointer] * count).as_pointer())
        given = [builder.inttoptr(builder.extract_value(arguments[1], index), pointer) for index in range(count)]
        builder.call(code, given)
        return context.get_dummy_value()

    return types.void(types.int64, types.UniTuple(types.int64, pointers.count)), generate


call: Any = intrinsic(_call)


def aligned_rows(count: int, width: int) -> np.ndarray:
    """An array [row, lane] whose rows start at multiples of 64 bytes, as vector loads demand."""
    memory = np.zeros(count * width + 8)
    shift = ((64 - (memory.ctypes.data % 64)) // 8) % 8
    return memory[shift : shift + count * width].reshape(count, width)


@compiled(inner=True)
def _at(array):
    return types.int64(array.ctypes.data)


class Patients(NamedTuple):
    """Constants and starting states.

    nominal [constant]; varied_row [varied]; varied [varied, patient]; start [patient or 1, state]
    """

    nominal: np.ndarray
    varied_row: np.ndarray
    varied: np.ndarray
    start: np.ndarray


class Plan(NamedTuple):
    """What happens when: output hours [time], moments [moment] with their changes, and which rows are sampled and read."""

    time_h: np.ndarray
    moment_h: np.ndarray
    first: np.ndarray
    change_row: np.ndarray
    change_value: np.ndarray
    sampled: np.ndarray
    input_row: np.ndarray
    read_row: np.ndarray


class Found(NamedTuple):
    """Results, written patient by patient: out [patient, output, time], status and steps [patient]."""

    out: np.ndarray
    status: np.ndarray
    steps: np.ndarray


class Lanes(NamedTuple):
    """What every lane holds: arrays [row, lane] for the kernels, then its patient (-1 if idle), hour, wished step and counters.

    samples   [lane, kept row, moment] a vector of moments of each lane;  read, result   arrays for `observe`
    """

    state: np.ndarray
    new: np.ndarray
    peak: np.ndarray
    constants: np.ndarray
    step: np.ndarray
    error: np.ndarray
    dense: np.ndarray
    room: np.ndarray
    samples: np.ndarray
    read: np.ndarray
    result: np.ndarray
    patient: np.ndarray
    now: np.ndarray
    wish: np.ndarray
    moment: np.ndarray
    column: np.ndarray
    tries: np.ndarray
    verdict: np.ndarray
    terms: int


def open_lanes(states: int, parameters: int, outputs: int, terms: int, width: int, room: int, plan: Plan) -> Lanes:
    """Room for one thread's lanes, all idle."""
    kept = plan.sampled.shape[0] + plan.input_row.shape[0]
    rows = (states, states, states, parameters, 1, 2, terms * plan.sampled.shape[0], room)
    arrays: Any = [aligned_rows(count, width) for count in rows]
    more: Any = [
        aligned_rows(width * kept, width).reshape(width, kept, width),
        aligned_rows(plan.read_row.shape[0], width),
        aligned_rows(outputs, width),
        np.full(width, -1, np.int64),
        np.zeros(width),
        np.zeros(width),
        *(np.zeros(width, np.int64) for _ in range(3)),
        np.full(width, GOES_ON, np.int64),
        terms,
    ]
    return Lanes(*arrays, *more)


@compiled(inner=True)
def _admit(lane, patient, patients, constants, state):
    """Put one patient into a lane: constants and starting state."""
    for row in range(patients.nominal.shape[0]):
        constants[row, lane] = patients.nominal[row]
    for index in range(patients.varied_row.shape[0]):
        constants[patients.varied_row[index], lane] = patients.varied[index, patient]
    source = patient if patients.start.shape[0] > 1 else 0
    for row in range(state.shape[0]):
        state[row, lane] = patients.start[source, row]


@compiled(inner=True)
def _enter(lane, patient, patients, lanes, begin_h):
    """Put a patient at rest into a lane."""
    _admit(lane, patient, patients, lanes.constants, lanes.state)
    lanes.patient[lane], lanes.now[lane], lanes.wish[lane] = patient, begin_h, STEP_AFTER_EVENT_H
    lanes.moment[lane], lanes.column[lane], lanes.tries[lane] = 0, 0, 0
    for row in range(lanes.state.shape[0]):
        lanes.peak[row, lane] = abs(lanes.state[row, lane])
    # what the lane's last patient left may be no number, and zero times that is none either
    for row in range(lanes.dense.shape[0]):
        lanes.dense[row, lane] = 0.0


@compiled(inner=True)
def _begin(observe, lane, plan, lanes, begin_h, found):
    """Start one patient's timeline: sample what is due, then apply what happens at the first hour."""
    while lanes.column[lane] < plan.time_h.shape[0] and plan.time_h[lanes.column[lane]] <= begin_h:
        _sample(observe, lane, 0.0, plan, lanes, lanes.state, found)
    _happen(lane, plan, lanes, begin_h)


@compiled(inner=True)
def _happen(lane, plan, lanes, hour):
    """Apply all changes that are due at this hour; says whether there were any."""
    due = False
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
        due = True
    return due


@compiled(inner=True, inline="always")
def _sample(observe, lane, theta, plan, lanes, new, found):
    """Keep the interpolated states and the inputs of one lane for its next output hour."""
    place = lanes.column[lane] % lanes.patient.shape[0]
    bent = theta * (1 - theta)
    for index in range(plan.sampled.shape[0]):
        row = plan.sampled[index]
        value = lanes.state[row, lane] * (1 - theta) + theta * new[row, lane]
        weight = bent
        for term in range(lanes.terms * index, lanes.terms * (index + 1)):
            value += weight * lanes.dense[term, lane]
            weight *= theta
        lanes.samples[lane, index, place] = value
    for index in range(plan.input_row.shape[0]):
        lanes.samples[lane, plan.sampled.shape[0] + index, place] = lanes.constants[plan.input_row[index], lane]
    lanes.column[lane] += 1
    if place == lanes.patient.shape[0] - 1:
        _observe(observe, lane, plan, lanes, found)


@compiled(inner=True)
def _observe(observe, lane, plan, lanes, found):
    """Turn the moments that a lane has sampled since the last time into outputs."""
    width = lanes.patient.shape[0]
    taken = (lanes.column[lane] - 1) % width + 1
    first, out = lanes.column[lane] - taken, found.out[lanes.patient[lane]]
    for index in range(plan.read_row.shape[0]):
        for other in range(width):
            lanes.read[index, other] = lanes.constants[plan.read_row[index], lane]
    call(observe, (_at(lanes.samples[lane]), _at(lanes.read), _at(lanes.result)))
    for output in range(lanes.result.shape[0]):
        for other in range(taken):
            out[output, first + other] = lanes.result[output, other]


@compiled(inner=True, inline="always")
def _goal(lane, plan, lanes):
    """The hour a lane must land on next: its next event, or the end."""
    end_h = plan.time_h[-1]
    if lanes.moment[lane] < plan.moment_h.shape[0]:
        return min(end_h, plan.moment_h[lanes.moment[lane]])
    return end_h


@compiled(inner=True, inline="always")
def _judge(observe, lane, plan, lanes, found):
    """Take or refuse the step a lane has just tried; returns a failure, SOLVED, LANDED or GOES_ON."""
    if lanes.now[lane] >= plan.time_h[-1]:
        return SOLVED
    lanes.tries[lane] += 1
    size, factor, goal = lanes.step[0, lane], lanes.error[1, lane], _goal(lane, plan, lanes)
    if not lanes.error[0, lane] <= 1.0:
        lanes.wish[lane] = size * factor
        if lanes.wish[lane] < SMALLEST_STEP_H:
            return STEP_TOO_SMALL
        return TOO_MANY_STEPS if lanes.tries[lane] >= MOST_STEPS else GOES_ON
    arrived = size >= goal - lanes.now[lane]
    later = goal if arrived else lanes.now[lane] + size
    while lanes.column[lane] < plan.time_h.shape[0] and plan.time_h[lanes.column[lane]] <= later:
        theta = (plan.time_h[lanes.column[lane]] - lanes.now[lane]) / size
        _sample(observe, lane, theta, plan, lanes, lanes.new, found)
    lanes.now[lane] = later
    lanes.wish[lane] = max(lanes.wish[lane], size * factor) if arrived else size * factor
    if not arrived:
        return TOO_MANY_STEPS if lanes.tries[lane] >= MOST_STEPS else GOES_ON
    return SOLVED if later >= plan.time_h[-1] else LANDED


@compiled(inner=True)
def _refill(prepare, observe, span, waiting, patients, plan, lanes, begin_h, found):
    """Give idle lanes the next patients; returns the first patient still waiting."""
    first = waiting
    for lane in range(lanes.patient.shape[0]):
        if lanes.patient[lane] < 0 and waiting < span[1]:
            _enter(lane, waiting, patients, lanes, begin_h)
            waiting += 1
    call(prepare, (_at(lanes.constants),))
    for lane in range(lanes.patient.shape[0]):
        if first <= lanes.patient[lane] < waiting:
            _begin(observe, lane, plan, lanes, begin_h, found)
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
    lanes.patient[lane] = -1
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
    for lane in range(width):
        _admit(lane, span[0], patients, lanes.constants, lanes.state)
        lanes.step[0, lane] = STEP_AFTER_EVENT_H
    waiting, ended = _refill(prepare, observe, span, span[0], patients, plan, lanes, begin_h, found), 0
    stepped = (
        _at(lanes.state),
        _at(lanes.constants),
        _at(lanes.step),
        _at(tolerance),
        _at(lanes.peak),
        _at(lanes.new),
        _at(lanes.error),
        _at(lanes.dense),
        _at(lanes.room),
    )
    written = (_at(lanes.state), _at(lanes.peak))
    kept = (_at(lanes.state), _at(lanes.new), _at(lanes.error), _at(lanes.peak), *written)
    while ended < span[1] - span[0]:
        for lane in range(width):
            if lanes.patient[lane] >= 0:
                lanes.step[0, lane] = min(lanes.wish[lane], _goal(lane, plan, lanes) - lanes.now[lane])
        call(step, stepped)
        eventful = False
        for lane in range(width):
            if lanes.patient[lane] >= 0:
                lanes.verdict[lane] = _judge(observe, lane, plan, lanes, found)
                eventful = eventful or lanes.verdict[lane] != GOES_ON
        call(keep, kept)
        if eventful:
            ended += _end_steps(observe, span, patients, plan, lanes, found, waiting < span[1])
            if waiting < span[1]:
                waiting = _refill(prepare, observe, span, waiting, patients, plan, lanes, begin_h, found)


@compiled(inner=True)
def _end_steps(observe, span, patients, plan, lanes, found, more):
    """Settle every lane that has landed or ended; `more` patients wait; returns how many ended."""
    ended = 0
    for lane in range(lanes.patient.shape[0]):
        if lanes.patient[lane] >= 0 and lanes.verdict[lane] != GOES_ON:
            if lanes.verdict[lane] != LANDED and lanes.column[lane] % lanes.patient.shape[0] > 0:
                _observe(observe, lane, plan, lanes, found)
            if _settle(lanes.verdict[lane], lane, plan, lanes, found):
                ended += 1
                if not more:
                    # an idle lane steps along with the others, so it needs numbers that can be stepped
                    _admit(lane, span[0], patients, lanes.constants, lanes.state)
    return ended


class Resting(NamedTuple):
    """Room for one thread to look for resting states: arrays [row, lane], and how far each lane still is."""

    state: np.ndarray
    direction: np.ndarray
    constants: np.ndarray
    shift: np.ndarray
    left: np.ndarray


def open_resting(states: int, parameters: int, width: int) -> Resting:
    """Room for one thread to look for resting states."""
    arrays: Any = [*(aligned_rows(count, width) for count in (states, states, parameters, 1)), np.ones(width)]
    return Resting(*arrays)


@compiled()
def find_rest(code, span, patients, room, out, status):
    """Resting state of a range of patients: implicit Euler steps that grow into Newton's method.

    code      addresses of prepare, relax
    patients  whose `start` is the first guess
    room      to work in
    out       [patient, state] written; status [patient] written
    """
    prepare, relax = code
    state, left, width = room.state, room.left, room.left.shape[0]
    relaxed = (_at(room.state), _at(room.constants), _at(room.shift), _at(room.direction))
    for begin in range(span[0], span[1], width):
        for lane in range(width):
            _admit(lane, min(begin + lane, span[1] - 1), patients, room.constants, state)
            room.shift[0, lane], left[lane] = REST_START, 1.0
        call(prepare, (_at(room.constants),))
        for _ in range(REST_ITERATIONS):
            call(relax, relaxed)
            farthest = 0.0
            for lane in range(width):
                left[lane] = _move(lane, state, room.direction, room.shift, left[lane])
                farthest = max(farthest, left[lane])
            if farthest < AT_REST:
                break
        for lane in range(min(width, span[1] - begin)):
            status[begin + lane] = SOLVED if left[lane] < 1e-9 else NO_REST
            for row in range(state.shape[0]):
                out[begin + lane, row] = state[row, lane]


@compiled(inner=True, inline="always")
def _move(lane, state, direction, shift, before):
    """Take one lane's direction; returns the largest relative change, which says how far from rest it was."""
    if before < AT_REST:
        return before
    largest = 0.0
    for row in range(state.shape[0]):
        change = abs(direction[row, lane]) / (abs(state[row, lane]) + 1e-3)
        if not change < 1e300:
            shift[0, lane] *= 10.0
            return 1.0
        largest = max(largest, change)
    for row in range(state.shape[0]):
        state[row, lane] += direction[row, lane]
    shift[0, lane] *= REST_HASTE if largest < 0.5 else 1.0
    return largest if shift[0, lane] < 1e-9 else max(largest, 1e-6)
