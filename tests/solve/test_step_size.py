"""The step-size rule beside its published formula and numbers worked out by hand.

Hairer, Norsett and Wanner, Solving Ordinary Differential Equations I, 2nd ed., section II.4, eqs (4.10), (4.11) and (4.13).
"""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_systems import driven, machine_kernel, numpy_kernel, step_of

from resprout.compile.machine import host_width
from resprout.compile.numpy_arithmetic import NumpyArithmetic
from resprout.solve import step_size
from resprout.solve.tableau import METHODS, RODAS4

OVER = NumpyArithmetic()
FACMAX, FACMIN, FAC = 6.0, 0.2, 0.75
"""As decision 0065 records them."""


@pytest.mark.parametrize(
    ("error", "order", "expected"),
    [
        # (1/err)^(1/4) = 2 and 3 and 1/2, times fac
        (1 / 16, 3, 1.5),
        (1 / 81, 3, 2.25),
        (16.0, 3, 0.375),
        # (1/err)^(1/5) = 2
        (1 / 32, 4, 1.5),
        (1.0, 3, 0.75),
        (0.0, 3, FACMAX),
        (1e-9, 3, FACMAX),
        (1e9, 3, FACMIN),
        (np.inf, 3, FACMIN),
        (np.nan, 3, FACMIN),
    ],
)
def test_the_next_step_grows_by_the_published_factor_within_its_bounds(error, order, expected):
    assert step_size.growth(OVER, np.array([error**2]), order)[0] == pytest.approx(expected, rel=1e-14)


@given(error=st.floats(1e-6, 1e6), order=st.sampled_from([method.order for method in METHODS.values()]))
def test_growth_is_equation_4_13_for_any_error(error, order):
    published = min(FACMAX, max(FACMIN, FAC * (1 / error) ** (1 / (order + 1))))
    assert step_size.growth(OVER, np.array([error**2]), order)[0] == pytest.approx(published, rel=1e-9)


def test_the_error_of_a_step_is_the_published_norm_of_its_estimate():
    tolerance = 1e-4
    lanes = step_of(numpy_kernel(driven(), RODAS4), np.array([[1.2, -0.4], [0.3, 5.0]]), 0.2, tolerance=tolerance)
    estimate = lanes.stages.reshape(RODAS4.stages, 2, 2)[-1]
    # (4.10) with the larger of both ends; (4.11)
    scale = tolerance * 1e-2 + tolerance * np.maximum(np.abs(lanes.state), np.abs(lanes.new))
    np.testing.assert_allclose(np.sqrt(lanes.error), np.sqrt(np.mean((estimate / scale) ** 2, axis=0)), rtol=1e-12)


@given(st.lists(st.tuples(st.floats(-1e3, 1e3), st.floats(1e-3, 1e3)), min_size=1, max_size=5))
def test_fractions_brought_to_one_denominator_are_their_sum(parts):
    arrays = [(np.array([above]), np.array([below])) for above, below in parts]
    expected = sum((above / below) ** 2 for above, below in parts)
    assert step_size.sum_of_squared_ratios(OVER, arrays)[0] == pytest.approx(expected, rel=1e-12, abs=1e-30)


@pytest.mark.parametrize(
    ("before", "after", "peak", "expected"),
    [(-3.0, 2.0, 3.0, 3.0), (1.0, -4.0, 1.0, 4.0), (0.1, 0.05, 10.0, 5.0), (0.0, 0.0, 0.0, 0.0)],
)
def test_a_state_counts_as_its_larger_end_or_half_of_its_peak(before, after, peak, expected):
    assert step_size.reference_size(OVER, *(np.array([value]) for value in (before, after, peak)))[0] == expected


def judged(**given_values: float) -> tuple[SimpleNamespace, step_size.Assessment]:
    values = {"now": 10.0, "goal": 20.0, "proposed": 2.0, "steps": 7.0, "error": 0.5, "growth": 1.5, **given_values}
    r = SimpleNamespace(**{name: np.array([value]) for name, value in values.items()})
    return r, step_size.assess_step(OVER, step_size.attempted_size(OVER, r), r)


def test_an_accepted_step_leads_on_and_proposes_the_next():
    _, found = judged()
    assert (found.later[0], found.proposed[0], found.steps[0], bool(found.ended[0])) == (12.0, 3.0, 8.0, False)


def test_a_refused_step_leads_nowhere_and_is_tried_shorter():
    _, found = judged(error=4.0, growth=0.5)
    assert (found.later[0], found.proposed[0], found.steps[0], bool(found.ended[0])) == (10.0, 1.0, 8.0, False)


def test_an_error_that_is_not_a_number_is_refused():
    _, found = judged(error=np.nan, growth=0.2)
    assert (found.later[0], found.proposed[0]) == (10.0, pytest.approx(0.4))


def test_a_step_cut_short_lands_exactly_and_does_not_shorten_the_next():
    goal = 10.1
    r, found = judged(goal=goal, growth=1.2)
    assert step_size.attempted_size(OVER, r)[0] == goal - 10.0
    assert (found.later[0], found.proposed[0], bool(found.ended[0])) == (goal, 2.0, True)


@pytest.mark.parametrize(
    ("case", "ended"),
    [
        # at hour 10 the next step would be 1e-15 of the time passed
        ({"error": 4.0, "growth": 0.5, "proposed": 1.9e-14}, True),
        ({"error": 4.0, "growth": 0.5, "proposed": 2.1e-14}, False),
        # a step that small which is accepted is no failure: the next may grow
        ({"error": 0.5, "growth": 0.5, "proposed": 1.9e-14}, False),
        ({"steps": 499_999.0}, True),
        ({"steps": 499_998.0}, False),
    ],
)
def test_a_patient_is_given_up_below_a_share_of_the_time_passed_or_after_the_most_steps(case, ended):
    assert bool(judged(**case)[1].ended[0]) == ended


def test_only_lanes_whose_step_is_accepted_go_on():
    lanes = SimpleNamespace(
        state=np.array([[1.0, 1.0, 1.0]]),
        new=np.array([[-3.0, 2.0, 2.0]]),
        peak=np.array([[1.5, 1.5, 1.5]]),
        error=np.array([1.0, 1.0001, np.nan]),
        later=np.array([5.0, 4.0, 4.0]),
        now=np.array([4.0, 4.0, 4.0]),
    )
    lanes.state_written, lanes.peak_written = lanes.state, lanes.peak
    step_size.accept_step(OVER, 1, lanes)
    assert lanes.state.tolist() == [[-3.0, 1.0, 1.0]]
    assert lanes.peak.tolist() == [[3.0, 1.5, 1.5]]
    assert lanes.now.tolist() == [5.0, 4.0, 4.0]


def doubling(over, error, order):
    """Another rule: twice the step after a hundredth of the allowed error or less, half of it after a refusal, else the same."""
    longer = over.choose(over.at_most(error, over.number(1e-4)), over.number(2.0), over.number(1.0))
    return over.choose(step_size.accepted(over, error), longer, over.number(0.5))


@pytest.mark.parametrize("kernel_of", [numpy_kernel, machine_kernel])
@pytest.mark.parametrize(("size", "ratio"), [(1e-3, 2.0), (1.0, 0.5)])
def test_another_rule_is_one_function_for_the_reference_and_for_machine_code(monkeypatch, kernel_of, size, ratio):
    monkeypatch.setattr(step_size, "growth", doubling)
    lanes = step_of(kernel_of(driven(), RODAS4), np.tile([[1.0], [0.0]], host_width()), size)
    assert lanes.proposed.tolist() == [ratio * size] * host_width()


def test_another_rule_solves_an_equation_within_its_tolerance(monkeypatch):
    monkeypatch.setattr(step_size, "growth", doubling)
    kernel, state, sizes = numpy_kernel(driven(), RODAS4), np.array([[1.0], [0.0]]), [0.01]
    while state[1, 0] < 2.0:
        lanes = step_of(kernel, state, sizes[-1])
        state = lanes.new.copy() if lanes.error[0] <= 1 else state
        sizes.append(float(lanes.proposed[0]))
    powers = np.log2(np.array(sizes) / 0.01)
    assert np.array_equal(powers, np.round(powers)) and powers.max() > 0
    # y = exp(sin t); some tens of steps, each of which may err by 1e-6 of y
    assert state[0, 0] == pytest.approx(np.exp(np.sin(state[1, 0])), rel=3e-5)
