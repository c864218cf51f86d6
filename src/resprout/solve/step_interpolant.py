"""One accepted step of one patient as a function of the fraction of it that has passed, and the first fraction at which a condition changes.

Bounds of the dense output over a part of the step go through interval arithmetic, so that no condition changes there and back
again unseen, however long the step is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resprout.compile.numpy_arithmetic import NumpyArithmetic
from resprout.solve.condition_sides import ConditionSides, Sides
from resprout.solve.driver_arrays import Lanes
from resprout.solve.events import Floats
from resprout.solve.rosenbrock import dense_output, inside

PIECES, MOST_CELLS, LEVELS = 4, 256, 12
POINTS, REFINEMENTS = 8, 24


@dataclass(frozen=True)
class StepInterpolant:
    """A step.

    names       of the states, through `given`
    now, later  hours of its ends                step    its size as attempted
    before      [state] at its beginning         after   [state] at its end
    terms       [term, state] of the dense output
    clock       row of the state that counts time, or -1
    """

    now: float
    later: float
    step: float
    before: Floats
    after: Floats
    terms: Floats
    clock: int

    @staticmethod
    def of(lanes: Lanes, lane: int, clock: int) -> StepInterpolant:
        """The step that a lane has just attempted."""
        count = len(lanes.dense) // max(len(lanes.state), 1)
        terms = np.array([lanes.dense[term::count, lane] for term in range(count)]).reshape(count, len(lanes.state))
        ends = float(lanes.now[lane]), float(lanes.later[lane]), float(lanes.step[lane])
        return StepInterpolant(*ends, lanes.state[:, lane].copy(), lanes.new[:, lane].copy(), terms, clock)

    def hour(self, fraction: float) -> float:
        """Hour at a fraction."""
        return self.later if fraction >= 1.0 else self.now + fraction * self.step

    def fraction_at(self, hour: float) -> float:
        """The fraction at which an hour within the step is reached."""
        return min(max((hour - self.now) / self.step, 0.0), 1.0)

    def at_hours(self, hours: Floats) -> Floats:
        """[state, hour] of the states at hours within the step."""
        found = self.at(np.clip((hours - self.now) / self.step, 0.0, 1.0))
        if self.clock >= 0:
            found[self.clock] = hours
        return found

    def at(self, fractions: Floats) -> Floats:
        """[state, fraction] of the states."""
        over = NumpyArithmetic()
        place = inside(over, len(self.terms), fractions)
        terms = [term[:, None] for term in self.terms]
        found: Floats = dense_output(over, place, self.before[:, None], self.after[:, None], terms)
        # rounding must not move what only events change
        still = (self.before == self.after) & (self.terms == 0).all(axis=0)
        found[still] = self.before[still, None]
        found[:, fractions >= 1.0] = self.after[:, None]
        if self.clock >= 0:
            found[self.clock] = np.where(fractions >= 1.0, self.later, self.now + fractions * self.step)
        return found

    def bounds(self, low: Floats, high: Floats) -> tuple[Floats, Floats]:
        """[state, cell] bounds of the states between two fractions.

        A curve leaves the chord between two of its points by at most an eighth of the square of their distance times its largest
        second derivative, and that of x^m (1 - x) is at most 2 m^2 between 0 and 1.
        """
        bend = sum((2 * (m + 1) ** 2 * np.abs(term) for m, term in enumerate(self.terms)), np.zeros(len(self.before)))
        first, last = self.at(low), self.at(high)
        sag = bend[:, None] * (high - low) ** 2 / 8
        if self.clock >= 0:
            sag[self.clock] = 0.0
        return np.minimum(first, last) - sag, np.maximum(first, last) + sag


def first_change(
    interpolant: StepInterpolant,
    sides: ConditionSides,
    constants: Mapping[str, Any],
    held: Sides,
    asked: NDArray[np.bool_],
    end: float,
) -> tuple[float, Sides] | None:
    """The first fraction, up to `end`, at which a condition is no longer on its side, and the sides there.

    constants   of the patient        held   [condition] sides at the beginning of the step
    asked       [condition] which of them are looked at
    returns     None if no condition changes
    """
    if not asked.any():
        return None
    names = sides.graph.states
    # what was equal at the beginning of the step and is no longer has not passed through equality
    watched = asked & ~(sides.equal & (held == 0))

    def at(fractions: Floats) -> Sides:
        return sides.at({**constants, **dict(zip(names, interpolant.at(fractions), strict=True))}, fractions.shape)

    known = {name: (value, value) for name, value in constants.items()}
    low, high = np.array([0.0]), np.array([end])
    for _ in range(LEVELS):
        ranges = dict(zip(names, zip(*interpolant.bounds(low, high), strict=True), strict=True))
        lower, upper = sides.bounds({**known, **ranges}, low.shape)
        quiet = ((lower == held[:, None]) & (upper == held[:, None]) | ~watched[:, None]).all(axis=0)
        low, high = low[~quiet], high[~quiet]
        if not len(low):
            return None
        if PIECES * len(low) > MOST_CELLS:
            break
        edges = low[:, None] + (high - low)[:, None] * np.linspace(0.0, 1.0, PIECES + 1)
        low, high = edges[:, :-1].ravel(), edges[:, 1:].ravel()

    def left_sides(fractions: Floats) -> NDArray[np.bool_]:
        return ((at(fractions) != held[:, None]) & watched[:, None]).any(axis=0)

    changed = left_sides(high)
    if not changed.any():
        return None
    right = _refined(left_sides, float(low[changed.argmax()]), float(high[changed.argmax()]))
    return right, at(np.array([right]))[:, 0]


def _refined(reached_at: Callable[[Floats], NDArray[np.bool_]], left: float, right: float) -> float:
    """The first fraction at which something is reached, between one at which it is not and one at which it is."""
    for _ in range(REFINEMENTS):
        points = np.linspace(left, right, POINTS + 1)[1:]
        reached = reached_at(points)
        first = int(reached.argmax()) if reached.any() else POINTS - 1
        left, right = (left if first == 0 else float(points[first - 1])), float(points[first])
        if right - left <= np.finfo(float).eps * right:
            break
    return right
