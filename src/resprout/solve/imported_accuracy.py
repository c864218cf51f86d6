"""Whether an imported model was solved well enough: tolerances by the sizes of its states, and steps that pass over nothing.

Absolute tolerances are each patient's own. Whether steps have to be shorter is found from the first few patients and holds for all,
so that a run in blocks, told what its first patients need, has the bits of the whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resprout.solve.crossing_hours import is_straight
from resprout.solve.driver_arrays import SOLVED, Found
from resprout.solve.events import Floats
from resprout.solve.imported_plan import ImportedPlan
from resprout.solve.imported_problem import ImportedProblem, Limits, rows_of
from resprout.solve.imported_tolerances import tightened
from resprout.solve.initial_values import CHECKED_PATIENTS

MOST_RUNS = 4
"""Runs for tolerances that fit the sizes of the states."""
MOST_ROUGH_RUNS = 3
"""Rough runs before, for the same."""
FIRST_SHARE = 1e-5
"""Of absolute tolerances in the first of these, so that states that begin at 0 and stay small are resolved at once."""
ROUGH = 1e-2
"""Smallest relative tolerance of a run before, which shows the sizes of the states in a few steps."""
CHECKED_PIECES, WATCHED_PIECES = 2000, 200
"""Pieces into which the run of a few patients is cut to see whether its steps have passed over anything; the second where events are watched."""
AGREEMENT, TOLERANCES = 1e-5, 1e3
"""Largest difference between such a run and the first, over an output's largest value; and the same in relative tolerances."""


def to_own_size(problem: ImportedProblem, plan: ImportedPlan, limits: Limits, span: float) -> tuple[Found, Limits]:
    """Integrate with absolute tolerances that follow the sizes of each patient's states.

    span      how long the run is
    returns   what was found, and the tolerances
    """
    hybrid, states = problem.equations.hybrid, problem.kernel.layout.states
    if is_straight(hybrid.system):
        return problem.solve(plan, 1, limits), limits
    known = dict.fromkeys((condition.input for condition in hybrid.conditions), 1.0) | dict(problem.constants)
    relative, absolute = limits[0], limits[1].copy()
    rough = max(ROUGH, 10 * relative)
    if rough < 1:
        peak = _shown_sizes(problem, plan, (rough, absolute * (rough / relative * FIRST_SHARE)), known, span)
        absolute = tightened(relative, absolute, peak, hybrid.system, states, known, span)
    found = problem.solve(plan, 1, (relative, absolute))
    rows = np.arange(problem.batch.patients)
    for _ in range(MOST_RUNS - 1):
        peak = np.where((found.status[rows] == SOLVED)[:, None], found.peak[rows], 0.0)
        own = {name: rows_of(value, rows) for name, value in known.items()}
        tighter = tightened(relative, absolute[rows], peak, hybrid.system, states, own, span)
        changed = (tighter != absolute[rows]).any(axis=1)
        rows, tighter = rows[changed], tighter[changed]
        if not len(rows):
            break
        some = problem.only(rows)
        again = some.solve(plan.only(rows), 1, (relative, tighter))
        # where rounding sets the limit of how small a state can be held, the tolerance stays as it was
        solved = again.status == SOLVED
        rows = rows[solved]
        for whole, part in zip(found, again, strict=True):
            whole[rows] = part[solved]
        absolute[rows], problem.held[rows] = tighter[solved], some.held[solved]
    return found, (relative, absolute)


def _shown_sizes(
    problem: ImportedProblem, plan: ImportedPlan, limits: Limits, known: Mapping[str, Any], span: float
) -> Floats:
    """[patient, state] largest size of each state in rough runs without outputs; 0 where they do not tell.

    A state that stays below its tolerance has not been resolved: patients with such a state are run again with what the run showed.
    """
    system, states = problem.equations.hybrid.system, problem.kernel.layout.states
    rough, absolute = limits
    rows, peak = np.arange(problem.batch.patients), np.zeros(absolute.shape)
    for number in range(MOST_ROUGH_RUNS):
        if number:
            own = {name: rows_of(value, rows) for name, value in known.items()}
            absolute[rows] = tightened(rough, absolute[rows], peak[rows], system, states, own, span)
        some = problem.only(rows)
        shown = some.solve(plan.only(rows).without_outputs(), 1, (rough, absolute[rows]))
        peak[rows] = np.where((shown.status == SOLVED)[:, None], shown.peak, 0.0)
        rows = rows[((peak[rows] > 0) & (peak[rows] <= absolute[rows])).any(axis=1)]
        if not len(rows):
            break
    return np.where(peak > absolute, peak, 0.0)


def with_shorter_steps(
    problem: ImportedProblem, plan: ImportedPlan, found: Found, limits: Limits
) -> tuple[Found, int, bool]:
    """Make sure that no step has passed over something: a few patients again in short pieces, and if they differ, all of them.

    returns   what was found, in how many pieces, and whether shorter steps still made a difference
    """
    if is_straight(problem.equations.hybrid.system):
        return found, 1, False
    first = np.arange(min(CHECKED_PATIENTS, problem.batch.patients))
    few, own = problem.only(first), plan.only(first)
    pieces = WATCHED_PIECES if problem.watched else CHECKED_PIECES
    used = 1
    for factor in (1, 4):
        cut = few.solve(own, factor * pieces, limits)
        if _agree(found, cut, limits[0]):
            return found, used, False
        used = factor * pieces
        found = problem.solve(plan, used, limits)
    return found, used, True


def _agree(found: Found, cut: Found, tolerance: float) -> bool:
    count = len(cut.status)
    first, second = found.outputs[:count], cut.outputs
    both: NDArray[np.bool_] = (found.status[:count] == SOLVED) & (cut.status == SOLVED)
    if not both.any():
        return True
    with np.errstate(invalid="ignore"):
        size: Floats = np.nanmax(
            np.abs(np.where(np.isfinite(second), second, np.nan)), axis=2, keepdims=True, initial=0.0
        )
        miss = np.abs(first - second) > max(AGREEMENT, TOLERANCES * tolerance) * size
    return not bool((miss & np.isfinite(first) & np.isfinite(second))[both].any())
