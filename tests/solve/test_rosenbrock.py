"""Rosenbrock steps: order, error estimate, dense output and damping as published, and NumPy beside machine code."""

from __future__ import annotations

import numpy as np
import pytest
from small_systems import driven, linear, machine_kernel, numpy_kernel, robertson, step_of

from resprout.solve.tableau import METHODS, Tableau

EVERY_METHOD = pytest.mark.parametrize("tableau", METHODS.values(), ids=METHODS)


def exact(time: float) -> float:
    """Of `driven`."""
    return float(np.exp(np.sin(time)))


def first_step(tableau: Tableau, size: float, begin: float = 0.3):
    return step_of(numpy_kernel(driven(), tableau), np.array([[exact(begin)], [begin]]), size)


def observed_order(errors: list[float]) -> float:
    """From errors at steps each half as long as the one before."""
    return float(np.log2(np.array(errors[:-1]) / np.array(errors[1:])).mean())


@EVERY_METHOD
def test_fixed_steps_converge_with_the_order_of_the_method(tableau):
    kernel, errors = numpy_kernel(driven(), tableau), []
    for count in (64, 128, 256):
        state = np.array([[1.0], [0.0]])
        for _ in range(count):
            state = step_of(kernel, state, 2.0 / count).new.copy()
        errors.append(abs(state[0, 0] - exact(2.0)))
    # Rodas4 is of order 4 (Hairer and Wanner II, IV.7), Rodas5P of order 5 (Steinebach 2023); the embedded one is one lower
    assert observed_order(errors) == pytest.approx(tableau.order + 1, abs=0.2)


@EVERY_METHOD
def test_the_error_estimate_is_the_error_of_the_embedded_solution_and_falls_with_its_order(tableau):
    estimates = []
    for size in (0.1, 0.05, 0.025):
        lanes = first_step(tableau, size)
        estimate = lanes.stages.reshape(tableau.stages, 2, 1)[-1, 0, 0]
        embedded = lanes.new[0, 0] - estimate
        # what the method itself errs is one order smaller
        assert embedded - exact(0.3 + size) == pytest.approx(-estimate, rel=0.25)
        estimates.append(abs(estimate))
    # a local error of order q falls with h^(q+1)
    assert observed_order(estimates) == pytest.approx(tableau.order + 1, abs=0.3)


@EVERY_METHOD
def test_dense_output_is_of_third_order_or_higher_in_the_middle_of_a_step(tableau):
    errors = []
    for size in (0.2, 0.1, 0.05):
        lanes = first_step(tableau, size)
        assert lanes.fraction[0] == pytest.approx(0.5)
        errors.append(abs(lanes.outputs[0, 0] - exact(0.3 + size / 2)))
    # a local error of third order falls with h^4
    assert observed_order(errors) > 3.7


@EVERY_METHOD
def test_dense_output_passes_through_both_ends_of_the_step(tableau):
    lanes, kernel = first_step(tableau, 0.1), numpy_kernel(driven(), tableau)
    for fraction, end in ((0.0, lanes.state), (1.0, lanes.new)):
        lanes.fraction[0] = fraction
        kernel.interpreted("observe", vars(lanes))()
        assert lanes.outputs[:, 0] == pytest.approx(end[:, 0], rel=1e-15)


@EVERY_METHOD
def test_a_state_that_decays_at_once_is_damped_away_in_one_step(tableau):
    # both methods are L-stable: R(z) -> 0 as z -> -infinity
    lanes = step_of(numpy_kernel(linear(), tableau), np.array([[1.0]]), 1.0, constants=(-1e9,))
    assert abs(lanes.new[0, 0]) < 1e-6


@EVERY_METHOD
def test_a_step_of_a_linear_equation_is_the_exponential_to_the_order_of_the_method(tableau):
    misses = []
    for size in (0.4, 0.2, 0.1):
        lanes = step_of(numpy_kernel(linear(), tableau), np.array([[1.0]]), size, constants=(-1.0,))
        misses.append(abs(lanes.new[0, 0] - np.exp(-size)))
    # a local error of order p falls with h^(p+1), or faster where a linear equation meets further conditions
    assert observed_order(misses) > tableau.order + 1.7


CASES = {
    "driven": (driven, np.array([1.0, 1.0]), (0.1, 1.0)),
    # a typical point of its slow course: hardly any of the middle species is there
    "robertson": (robertson, np.array([0.8, 2e-5, 0.2]), (1.0, 100.0)),
}


@EVERY_METHOD
@pytest.mark.parametrize("case", CASES)
def test_numpy_and_machine_code_compute_the_same_step(tableau, case):
    make, typical, sizes = CASES[case]
    machine, reference = machine_kernel(make(), tableau), numpy_kernel(make(), tableau)
    state = typical[:, None] * np.random.default_rng(5).uniform(0.7, 1.3, (len(typical), machine.width))
    for size in sizes:
        found, expected = step_of(machine, state, size), step_of(reference, state, size)
        for name in ("new", "stages", "dense", "outputs"):
            known = getattr(expected, name)
            # sums are contracted and reordered in machine code: some roundings of the largest state
            assert np.abs(getattr(found, name) - known).max() <= 1e-11 * max(np.abs(known).max(), 1.0), name
        for name in ("error", "growth", "later", "proposed", "fraction", "ended"):
            # an error is a small difference of stages: eight of its digits are left
            np.testing.assert_allclose(getattr(found, name), getattr(expected, name), rtol=1e-7, err_msg=name)
