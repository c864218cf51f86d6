"""One step of a Rosenbrock-W method, written once over any arithmetic (`compile/arithmetic.py`).

For y' = f(y) with Jacobian J, a step of size h from y solves one linear system per stage, all with the same matrix:

    (1/(h gamma) I - J) U_i = f(y + sum_j a_ij U_j) + (1/h) sum_j c_ij U_j        j < i
    y_new = y + sum_j a_sj U_j + U_s                                             s the last stage
    error = U_s                                                                  (stiffly accurate)

Hairer and Wanner, Solving Ordinary Differential Equations II, 2nd ed., section IV.7, Implementation of Rosenbrock-type methods;
code RODAS. Between the ends of the step the dense output is (the same code, function CONTRO)

    y(t + x h) = (1 - x) y + x (y_new + (1 - x) (k_1 + x k_2 + ...)),    k_m = sum_i d_mi U_i

`r` in these functions is a record of arrays by name: `solve/driver_arrays.py` says which and with how many rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from resprout.compile.arithmetic import Row, RowArithmetic, Value
from resprout.compile.equations import Equations
from resprout.solve import step_size
from resprout.solve.tableau import Tableau

ROWS_TOGETHER = 2
"""States that one pass of a loop over states handles."""


def take_step(
    tableau: Tableau,
    first_stage: Callable[[], Any],
    stage_point: Callable[[int], Any],
    later_stage: Callable[[int], Any],
    finish: Callable[[], Any],
) -> None:
    """The parts of a step in their order; a machine-code writer passes calls of functions that it has written."""
    first_stage()
    for stage in range(1, tableau.stages):
        stage_point(stage)
        later_stage(stage)
    finish()


def first_stage(over: RowArithmetic, equations: Equations, tableau: Tableau, r: Any) -> None:
    """Rates, Jacobian and factors at the beginning of the step, and the first stage.

    reads    r.state, r.constants, r.step
    writes   r.factors, r.stages
    """
    shift = over.divide(over.number(1.0 / tableau.gamma), over.load(r.step))
    if equations.tabled:
        for row, rate in enumerate(equations.rates_and_factors_in(over, r.state, r.constants, shift, r.factors)):
            over.store(rate, r.stages, row)
        equations.solve_in(over, r.factors, r.stages)
        return
    rates, factors = equations.rates_and_factors(over, r.state, r.constants, shift)
    for number, place in enumerate(equations.places):
        over.store(factors[place], r.factors, number)
    for row, value in enumerate(equations.solve(over, factors, rates)):
        over.store(value, r.stages, row)


def stage_point(over: RowArithmetic, equations: Equations, tableau: Tableau, stage: int, r: Any) -> None:
    """The point at which a later stage takes its rates, and what the earlier stages add to them.

    reads    r.state, r.step, r.stages
    writes   r.point; the sum over c_ij is put where the stage's solution will be
    """
    inverse = over.divide(over.number(1.0), over.load(r.step))
    # a last stage whose weights are those of the stage before, and 1 for that stage, goes on from its point
    goes_on = tableau.a[stage] == (*tableau.a[stage - 1], 1.0)

    def write(rows: Sequence[Row], carried: Value) -> Value:
        for row in rows:
            earlier = [over.load(r.stages, _stage_row(over, equations, before, row)) for before in range(stage)]
            if goes_on:
                point = over.add(over.load(r.point, row), earlier[-1])
            else:
                point = weighted_sum(over, over.load(r.state, row), tableau.a[stage], earlier)
            over.store(point, r.point, row)
            added = weighted_sum(over, None, tableau.c[stage], earlier)
            over.store(over.multiply(carried, added), r.stages, _stage_row(over, equations, stage, row))
        return carried

    over.each_row(equations.states, ROWS_TOGETHER, write, inverse)


def later_stage(over: RowArithmetic, equations: Equations, r: Any) -> None:
    """Rates at the point, and the stage's solution with the factors.

    reads    r.point, r.constants, r.factors, r.stage: the rows of this stage, with what the earlier ones add
    writes   r.stage
    """
    rates = equations.rates(over, r.point, r.constants)
    if equations.tabled:
        for row, rate in enumerate(rates):
            over.store(over.add(rate, over.load(r.stage, row)), r.stage, row)
        equations.solve_in(over, r.factors, r.stage)
        return
    factors = {place: over.load(r.factors, number) for number, place in enumerate(equations.places)}
    right = [over.add(rate, over.load(r.stage, row)) for row, rate in enumerate(rates)]
    for row, value in enumerate(equations.solve(over, factors, right)):
        over.store(value, r.stage, row)


def stage_rows(over: RowArithmetic, equations: Equations, stage: int, r: Any) -> Any:
    """The rows of one stage."""
    return over.rows_from(r.stages, stage * equations.states)


def finish(over: RowArithmetic, equations: Equations, tableau: Tableau, r: Any) -> None:
    """The new state, its error, by what the next step may grow, and the dense output.

    reads    r.state, r.peak, r.point, r.stages, r.relative_tolerance, r.absolute_tolerance
    writes   r.new, r.error, r.growth, r.dense
    """
    last = tableau.stages - 1
    relative = over.broadcast(r.relative_tolerance, 0)

    def write(rows: Sequence[Row], total: Value) -> Value:
        parts: list[tuple[Value, Value]] = []
        for row in rows:
            miss = over.load(r.stages, _stage_row(over, equations, last, row))
            new = over.add(over.load(r.point, row), miss)
            over.store(new, r.new, row)
            size = step_size.reference_size(over, over.load(r.state, row), new, over.load(r.peak, row))
            absolute = tolerance(r.absolute_tolerance, row)
            parts.append((miss, over.add(absolute, over.multiply(relative, size))))
        if together == 1:
            return over.add(total, step_size.squared_ratio(over, *parts[0]))
        return over.add(total, step_size.sum_of_squared_ratios(over, parts))

    # states of any size have a tolerance in each patient
    tolerance = over.load if equations.system.any_scale else over.broadcast
    together = 1 if equations.system.any_scale else step_size.FRACTIONS_TOGETHER
    total = over.each_row(equations.states, together, write, over.number(0.0))
    error = over.multiply(total, over.number(1.0 / max(equations.states, 1)))
    over.store(error, r.error)
    over.store(step_size.growth(over, error, tableau.order), r.growth)
    _write_dense_output(over, equations, tableau, r)


def _write_dense_output(over: RowArithmetic, equations: Equations, tableau: Tableau, r: Any) -> None:
    terms = len(tableau.dense)

    def write(state: Row, first: Row) -> None:
        stages = [over.load(r.stages, _stage_row(over, equations, stage, state)) for stage in range(tableau.stages)]
        for term, weights in enumerate(tableau.dense):
            over.store(weighted_sum(over, None, weights, stages), r.dense, over.row_after(first, term))

    if not equations.tabled:
        for row, state in enumerate(equations.sampled):
            write(state, terms * row)
        return
    sampled, begins = over.table(equations.sampled), over.table(range(0, terms * len(equations.sampled), terms))

    def write_entry(row: Row, carried: Value) -> Value:
        write(over.entry(sampled, row), over.entry(begins, row))
        return carried

    over.repeat(0, len(equations.sampled), write_entry, over.number(0.0))


class Inside(NamedTuple):
    """Weights of a place inside a step: of both its ends, and of each term of the dense output."""

    before: Value
    after: Value
    terms: list[Value]


def inside(over: RowArithmetic, terms: int, fraction: Value) -> Inside:
    """Weights at a fraction of the step, 0 to 1."""
    left = over.subtract(over.number(1.0), fraction)
    weights = [over.multiply(fraction, left)]
    for _ in range(1, terms):
        weights.append(over.multiply(weights[-1], fraction))
    return Inside(left, fraction, weights)


def dense_output(over: RowArithmetic, at: Inside, before: Value, after: Value, terms: Sequence[Value]) -> Value:
    """A state inside a step.

    before, after   at the ends of the step       terms   k_1, k_2, ...
    """
    value = over.add(over.multiply(at.before, before), over.multiply(at.after, after))
    for weight, term in zip(at.terms, terms, strict=True):
        value = over.add(value, over.multiply(weight, term))
    return value


def observe(over: RowArithmetic, equations: Equations, tableau: Tableau, r: Any) -> None:
    """Outputs at a fraction of the step.

    reads    r.state, r.new, r.dense, r.fraction, r.constants
    writes   r.outputs
    """
    terms, sampled = len(tableau.dense), []
    at = inside(over, terms, over.load(r.fraction))
    for row, state in enumerate(equations.sampled):
        before, after = over.load(r.state, state), over.load(r.new, state)
        if equations.system.rate[state] == equations.system.graph.zero:
            # only events change it, and rounding must not
            sampled.append(before)
            continue
        bends = [over.load(r.dense, terms * row + term) for term in range(terms)]
        sampled.append(dense_output(over, at, before, after, bends))
    for row, value in enumerate(equations.observe(over, sampled, r.constants)):
        over.store(value, r.outputs, row)


def weighted_sum(over: RowArithmetic, base: Value | None, weights: Sequence[float], stages: Sequence[Value]) -> Value:
    """base + sum of weight x stage; weights of 0 and 1 cost no product."""
    total = base
    for weight, stage in zip(weights, stages, strict=False):
        if weight == 0:
            continue
        term = stage if weight == 1 else over.multiply(over.number(weight), stage)
        total = term if total is None else over.add(total, term)
    return over.number(0.0) if total is None else total


def _stage_row(over: RowArithmetic, equations: Equations, stage: int, state: Row) -> Row:
    return over.row_after(state, stage * equations.states)
