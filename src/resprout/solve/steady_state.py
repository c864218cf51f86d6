"""The steady state of every patient: Newton's method, and where that fails pseudo-transient continuation (`newton.py`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from resprout.solve.compiled import compiled, part
from resprout.solve.driver_arrays import NO_STEADY_STATE, SOLVED, Patients, SteadyKernels, SteadyLanes
from resprout.solve.lanes import admit, call, place, prime

ATTEMPTS = ((1e-3, 25, 0.05, 1.0), (10.0, 120, 0.05, 1.0), (10.0, 600, 0.3, 0.2))
"""Inverse of the first step (per hour), most iterations, factor of that inverse after a short step, and factor of what counts as short.

Newton's method, which does for nearly everybody; continuation; continuation whose steps grow slowly, where a steep feedback such as
homeostatic scaling makes longer ones cross the steady state again and again."""
CONVERGED, ACCEPTED = 1e-13, 1e-9
"""Distance at which a lane stops, and at which its state counts as steady."""
SHORT_STEP, VERY_SHORT_STEP = 0.5, 0.05
"""Lengths as shares of states; after a very short step 1/h shrinks by the cube of its factor."""
SHIFT_RISE, NEWTON_SHIFT, LARGEST_LENGTH = 10.0, 1e-9, 1e300


class SteadyTask(NamedTuple):
    """A range of patients whose steady states are wanted.

    first, last   patients, the second excluded; their `start` is the first guess
    out, status   [patient, state] and [patient], written in place
    """

    kernels: SteadyKernels
    lanes: SteadyLanes
    patients: Patients
    out: np.ndarray
    status: np.ndarray
    first: int
    last: int


def open_steady_task(
    bind: Callable[..., Any],
    lanes: SteadyLanes,
    patients: Patients,
    out: np.ndarray,
    status: np.ndarray,
    first: int,
    last: int,
) -> SteadyTask:
    """A task whose kernels are bound to its lanes; `bind` as for `driver.open_task`."""
    kernels = SteadyKernels(bind("prepare", lanes._asdict()), bind("newton_step", lanes._asdict()))
    return SteadyTask(kernels, lanes, patients, out, status, first, last)


def find_steady_states(task):
    """Find the steady states of a range of patients.

    task   a SteadyTask
    """
    lanes, width = task.lanes, task.lanes.distance.shape[0]
    prime(task.patients, lanes.constants)
    for begin in range(task.first, task.last, width):
        lanes.distance[:] = 1.0
        for shift, iterations, cut, caution in ATTEMPTS:
            _begin_attempt(begin, shift, task)
            if _iterate(iterations, cut, caution, task) < ACCEPTED:
                break
        for lane in range(min(width, task.last - begin)):
            task.status[begin + lane] = SOLVED if lanes.distance[lane] < ACCEPTED else NO_STEADY_STATE
            for row in range(lanes.state.shape[0]):
                task.out[begin + lane, row] = lanes.state[row, lane]


@part
def _begin_attempt(begin, shift, task):
    """Put patients who have no steady state yet at their first guess."""
    lanes, patients = task.lanes, task.patients
    for lane in range(lanes.distance.shape[0]):
        if lanes.distance[lane] < ACCEPTED:
            lanes.distance[lane] = 0.0  # goes no further, whoever else is still under way
        else:
            patient = min(begin + lane, task.last - 1)
            admit(lane, patient, patients, lanes.constants)
            place(lane, patient, patients, lanes.state)
            lanes.shift[lane], lanes.distance[lane] = shift, 1.0
    call(task.kernels.prepare)


@part
def _iterate(iterations, cut, caution, task):
    """Iterate every lane that has not converged; returns how far the farthest still is."""
    lanes, farthest = task.lanes, 1.0
    for _ in range(iterations):
        call(task.kernels.newton_step)
        farthest = 0.0
        for lane in range(lanes.distance.shape[0]):
            lanes.distance[lane] = _apply_step(lane, cut, caution, lanes)
            farthest = max(farthest, lanes.distance[lane])
        if farthest < CONVERGED:
            break
    return farthest


@part
def _apply_step(lane, cut, caution, lanes):
    """Take one lane's Newton step; returns its length in shares of states, which says how far from the steady state it was."""
    if lanes.distance[lane] < CONVERGED:
        return lanes.distance[lane]
    length = lanes.length[lane]
    # where an odd number of directions leads away, a step this long would lead onto the unstable equilibrium between two stable ones
    if not (length < LARGEST_LENGTH and lanes.orientation[lane] > 0):
        lanes.shift[lane] *= SHIFT_RISE
        return 1.0
    for row in range(lanes.state.shape[0]):
        lanes.state[row, lane] += lanes.direction[row, lane]
    if length < caution * SHORT_STEP:
        lanes.shift[lane] *= cut if length > caution * VERY_SHORT_STEP else cut**3
    return length if lanes.shift[lane] < NEWTON_SHIFT else max(length, 1e-6)


find_steady_states_compiled = compiled()(find_steady_states)
"""The same search for machine code."""
