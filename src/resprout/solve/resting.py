"""The resting state of every patient by Newton's method, and where that fails by implicit Euler steps that grow into it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from resprout.solve.compiled import compiled
from resprout.solve.lanes import NO_REST, SOLVED, admit, aligned_rows, at, call, place, prime

# inverse of the first step (per hour) and iterations: a leap to rest, which does for nearly everybody, then a walk
ATTEMPTS = ((1e-3, 25), (10.0, 120))
AT_REST, ACCEPTED = 1e-13, 1e-9
HASTE = 0.05
MOVES_LITTLE, NEARLY_THERE = 0.5, 0.05


class Resting(NamedTuple):
    """Room for one thread to look for resting states: arrays [row, lane], and how far each lane still is.

    change   of one move: its length in shares of states; 1, or -1 where an odd number of directions leads away faster than it
    """

    state: np.ndarray
    direction: np.ndarray
    constants: np.ndarray
    shift: np.ndarray
    change: np.ndarray
    left: np.ndarray


def open_resting(states: int, parameters: int, width: int) -> Resting:
    """Room for one thread to look for resting states."""
    arrays: Any = [*(aligned_rows(count, width) for count in (states, states, parameters, 1, 2)), np.ones(width)]
    return Resting(*arrays)


@compiled()
def find_rest(code, span, patients, room, out, status):
    """Resting state of a range of patients.

    code      addresses of prepare, relax
    patients  whose `start` is the first guess
    room      to work in
    out       [patient, state] written; status [patient] written
    """
    prepare, relax = code
    state, left, width = room.state, room.left, room.left.shape[0]
    relaxed = (at(room.state), at(room.constants), at(room.shift), at(room.direction), at(room.change))
    prime(patients, room.constants)
    for begin in range(span[0], span[1], width):
        left[:] = 1.0
        for start, iterations in ATTEMPTS:
            for lane in range(width):
                if left[lane] < ACCEPTED:
                    left[lane] = 0.0  # goes no further, whoever else is still under way
                else:
                    patient = min(begin + lane, span[1] - 1)
                    admit(lane, patient, patients, room.constants)
                    place(lane, patient, patients, state)
                    room.shift[0, lane], left[lane] = start, 1.0
            call(prepare, (at(room.constants),))
            if _approach(relax, relaxed, iterations, room) < ACCEPTED:
                break
        for lane in range(min(width, span[1] - begin)):
            status[begin + lane] = SOLVED if left[lane] < ACCEPTED else NO_REST
            for row in range(state.shape[0]):
                out[begin + lane, row] = state[row, lane]


@compiled(inner=True)
def _approach(relax, relaxed, iterations, room):
    """Move every lane that is not at rest towards it; returns how far the farthest still is."""
    farthest = 1.0
    for _ in range(iterations):
        call(relax, relaxed)
        farthest = 0.0
        for lane in range(room.left.shape[0]):
            room.left[lane] = _move(lane, room)
            farthest = max(farthest, room.left[lane])
        if farthest < AT_REST:
            break
    return farthest


@compiled(inner=True, inline="always")
def _move(lane, room):
    """Take one lane's direction; returns its length in shares of states, which says how far from rest it was."""
    if room.left[lane] < AT_REST:
        return room.left[lane]
    length = room.change[0, lane]
    # where an odd number of directions leads away, a step this long would lead onto the ridge between two resting states
    if not (length < 1e300 and room.change[1, lane] > 0):
        room.shift[0, lane] *= 10.0
        return 1.0
    for row in range(room.state.shape[0]):
        room.state[row, lane] += room.direction[row, lane]
    if length < MOVES_LITTLE:
        room.shift[0, lane] *= HASTE if length > NEARLY_THERE else HASTE**3
    return length if room.shift[0, lane] < 1e-9 else max(length, 1e-6)
