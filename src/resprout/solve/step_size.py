"""The step-size rule, written once over any arithmetic: how an error is measured, what is accepted, and how long the next step is.

The rule is that of Hairer, Norsett and Wanner, Solving Ordinary Differential Equations I, 2nd ed., section II.4:

    err = sqrt( (1/n) sum_i (error_i / sc_i)^2 ),   sc_i = Atol_i + Rtol size_i                    (4.10, 4.11)
    h_new = h min(facmax, max(facmin, fac (1/err)^(1/(q+1))))                                      (4.13)

with q the order of the embedded solution; the code RODAS (volume II, section IV.7) uses the same. Here size_i is the largest of
|y_i| at both ends of the step and a share of the largest |y_i| so far. A step is accepted if err <= 1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from resprout.compile.arithmetic import Row, RowArithmetic, Truth, Value

FRACTIONS_TOGETHER = 4
"""Fractions of the error norm that are brought to one denominator: a division costs as much as ten products."""

ROWS_TOGETHER = 2
"""States that one pass of a loop over states handles."""

PEAK_SHARE = 0.5
"""Share of its largest size so far below which a state's error counts as if it were that large."""

LARGEST_GROWTH, LARGEST_CUT, SAFETY = 6.0, 0.2, 0.75
"""facmax, facmin and fac of the rule."""

SMALLEST_SHARE, SMALLEST_STEP, MOST_STEPS = 1e-15, 1e-100, 500_000
"""A patient whose step falls below this share of the time, below a step that is none, or who needs more steps, is given up.

No absolute time is the limit, because a model's own unit may be a nanosecond or a year.
"""

STEP_AFTER_EVENT_H = 2e-3
"""First step of a patient of the shipped model, and the longest step proposed after a change."""

SMALLEST_ERROR, LARGEST_ERROR = 1e-24, 1e300
"""Added to err^2, so that no error at all has a logarithm; above the second err^2 counts as not a number."""


def reference_size(over: RowArithmetic, before: Value, after: Value, peak: Value) -> Value:
    """size_i: a state that has come down from its peak need not be followed as closely."""
    size = over.maximum(over.absolute(before), over.absolute(after))
    return over.maximum(size, over.multiply(over.number(PEAK_SHARE), peak))


def sum_of_squared_ratios(over: RowArithmetic, parts: Sequence[tuple[Value, Value]]) -> Value:
    """Sum of (above / below)^2, by one division.

    parts   (above, below)
    """
    squares = [(over.multiply(above, above), over.multiply(below, below)) for above, below in parts]
    above, below = squares[0]
    for other_above, other_below in squares[1:]:
        above = over.add(over.multiply(above, other_below), over.multiply(other_above, below))
        below = over.multiply(below, other_below)
    return over.divide(above, below)


def squared_ratio(over: RowArithmetic, above: Value, below: Value) -> Value:
    """(above / below)^2 where the square of either may be too small for a double."""
    ratio = over.divide(above, below)
    return over.multiply(ratio, ratio)


def growth(over: RowArithmetic, error: Value, order: int) -> Value:
    """h_new / h from err^2; an error that is not a number cuts the step.

    order   q, of the embedded solution
    """
    exponent = over.number(-0.5 / (order + 1))
    grown = over.exp(over.multiply(exponent, over.log(over.add(error, over.number(SMALLEST_ERROR)))))
    grown = over.multiply(over.number(SAFETY), grown)
    bounded = over.minimum(over.maximum(grown, over.number(LARGEST_CUT)), over.number(LARGEST_GROWTH))
    return over.choose(over.less(error, over.number(LARGEST_ERROR)), bounded, over.number(LARGEST_CUT))


def accepted(over: RowArithmetic, error: Value) -> Truth:
    """Whether a step may be kept, from err^2."""
    return over.at_most(error, over.number(1.0))


class Assessment(NamedTuple):
    """What follows from a step that was attempted.

    later      hour to which it leads; the hour it began at if it is refused
    proposed   size of the next step                steps   attempted so far
    ended      whether the patient has landed on their goal or is given up
    """

    later: Value
    proposed: Value
    steps: Value
    ended: Truth


def attempted_size(over: RowArithmetic, r: Any) -> Value:
    """The proposed size, or less where the hour to land on is nearer.

    reads   r.now, r.goal, r.proposed
    """
    return over.minimum(over.load(r.proposed), over.subtract(over.load(r.goal), over.load(r.now)))


def assess_step(over: RowArithmetic, size: Value, r: Any) -> Assessment:
    """Accept or refuse a step of a given size, and say how long the next one should be.

    reads   r.now, r.goal, r.proposed, r.steps, r.error, r.growth
    """
    now, goal, proposed = over.load(r.now), over.load(r.goal), over.load(r.proposed)
    passed = accepted(over, over.load(r.error))
    arrived = over.both(passed, over.at_most(over.subtract(goal, now), size))
    grown = over.multiply(size, over.load(r.growth))
    later = over.choose(passed, over.choose(arrived, goal, over.add(now, size)), now)
    # a step cut short to land says little about the next
    proposed = over.choose(arrived, over.maximum(proposed, grown), grown)
    steps = over.add(over.load(r.steps), over.number(1.0))
    smallest = over.maximum(over.multiply(over.number(SMALLEST_SHARE), over.absolute(now)), over.number(SMALLEST_STEP))
    stuck = over.both(over.negated(passed), over.less(proposed, smallest))
    many = over.at_most(over.number(MOST_STEPS), steps)
    return Assessment(later, proposed, steps, over.either(arrived, over.either(stuck, many)))


def attempt_step(over: RowArithmetic, take: Callable[[], Any], r: Any) -> None:
    """Take a step of the size that is due, assess it, and say which patients the driver must look at.

    take     takes a step of size r.step
    reads    as `attempted_size` and `assess_step`; r.due: hour of the next output
    writes   r.step, r.later, r.proposed, r.steps; r.fraction: of the step at which the output is due; bits of lanes: r.ended, r.waiting
    """
    size = attempted_size(over, r)
    over.store(size, r.step)
    take()
    found = assess_step(over, size, r)
    over.store(found.later, r.later)
    over.store(found.proposed, r.proposed)
    over.store(found.steps, r.steps)
    due = over.load(r.due)
    ahead = over.divide(over.subtract(due, over.load(r.now)), size)
    over.store(over.maximum(ahead, over.number(0.0)), r.fraction)
    over.store_bits(found.ended, r.ended)
    over.store_bits(over.at_most(due, found.later), r.waiting)


def accept_step(over: RowArithmetic, states: int, r: Any) -> None:
    """Go on from the new state where the step was accepted.

    states   number of them
    reads    r.state, r.new, r.error, r.peak, r.later
    writes   r.now, r.state_written and r.peak_written: the same arrays as r.state and r.peak
    """
    over.store(over.load(r.later), r.now)
    passed = accepted(over, over.load(r.error))

    def write(rows: Sequence[Row], carried: Value) -> Value:
        for row in rows:
            kept = over.choose(passed, over.load(r.new, row), over.load(r.state, row))
            over.store(kept, r.state_written, row)
            over.store(over.maximum(over.load(r.peak, row), over.absolute(kept)), r.peak_written, row)
        return carried

    over.each_row(states, ROWS_TOGETHER, write, over.number(0.0))
