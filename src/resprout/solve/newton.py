"""One Newton step towards a steady state, written once over any arithmetic.

The linear system is that of one implicit Euler step of size h, (1/h I - J) d = f(y); for an infinite h it is Newton's. Growing h from
step to step is pseudo-transient continuation: Kelley and Keyes, SIAM Journal on Numerical Analysis 35:508 (1998).
"""

from __future__ import annotations

from typing import Any

from resprout.compile.arithmetic import RowArithmetic
from resprout.compile.equations import Equations
from resprout.solve.step_size import FRACTIONS_TOGETHER, sum_of_squared_ratios

SMALL_STATE = 1e-3
"""Size at which a state counts as small where the length of a step is measured."""


def newton_step(over: RowArithmetic, equations: Equations, r: Any) -> None:
    """The direction d, its length, and whether it leads towards a stable steady state.

    reads    r.state, r.constants, r.shift: 1/h
    writes   r.direction; r.length: norm of d, each state counted as a share of itself; r.orientation: 1 or -1, the sign of the
             determinant of (1/h I - J), negative where an odd number of directions leads away faster than the step is long
    """
    rates, factors = equations.rates_and_factors(over, r.state, r.constants, over.load(r.shift))
    parts = []
    for row, value in enumerate(equations.solve(over, factors, rates)):
        over.store(value, r.direction, row)
        parts.append((value, over.add(over.absolute(over.load(r.state, row)), over.number(SMALL_STATE))))
    total = over.number(0.0)
    for first in range(0, len(parts), FRACTIONS_TOGETHER):
        total = over.add(total, sum_of_squared_ratios(over, parts[first : first + FRACTIONS_TOGETHER]))
    over.store(over.sqrt(total), r.length)
    over.store(over.sign_of_product([factors[row, row] for row in range(equations.states)]), r.orientation)
