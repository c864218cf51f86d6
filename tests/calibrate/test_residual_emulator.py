"""The emulator gives back quadratic residuals; a posterior from it is that of the engine where one Jacobian's is not."""

from dataclasses import dataclass

import numpy as np
import pytest
from scipy.integrate import trapezoid

from resprout.app.fit_command import emulator_sentence
from resprout.calibrate import posterior_mode
from resprout.calibrate.emulated_fit import emulate
from resprout.calibrate.fitted_parameters import read_quantities
from resprout.calibrate.posterior import sample
from resprout.calibrate.posterior_mode import Fit, robust_residual
from resprout.calibrate.residual_emulator import learned, straight
from resprout.calibrate.residuals import BAND_FAR
from resprout.language import load_model

DOSE = read_quantities(load_model())[:2]


def quadratic(points, value, slope, curvature):
    return value + points @ slope.T + points**2 @ curvature.T


def test_quadratic_residuals_come_back_from_points_of_the_engine():
    rng = np.random.default_rng(1)
    value, slope, curvature = rng.normal(size=5), rng.normal(size=(5, 3)), 0.3 * rng.normal(size=(5, 3))
    points = rng.normal(size=(60, 3))
    first = straight(np.zeros(3), value + 1, slope + 0.5)
    found = learned(first, points, quadratic(points, value, slope, curvature))
    elsewhere = rng.normal(size=(20, 3))
    assert found.at(elsewhere) == pytest.approx(quadratic(elsewhere, value, slope, curvature), abs=0.02)
    assert (found.error < 0.05).all()


def test_noise_that_no_function_explains_is_reported_as_error_and_leaves_the_first_emulator():
    rng = np.random.default_rng(2)
    slope = np.array([[1.0, -2.0]])
    points = rng.normal(size=(400, 2))
    noisy = points @ slope.T + 0.3 * rng.normal(size=(400, 1))
    found = learned(straight(np.zeros(2), np.zeros(1), slope), points, noisy)
    assert found.error == pytest.approx([0.3], rel=0.1)
    assert found.slope == pytest.approx(slope, abs=0.06)
    assert found.curvature == pytest.approx(np.zeros((1, 2)), abs=0.04)


def test_a_quantity_that_does_not_move_keeps_its_slope():
    points = np.column_stack([np.linspace(-1, 1, 20), np.full(20, 0.5)])
    first = straight(np.array([0.0, 0.5]), np.zeros(1), np.array([[0.0, 3.0]]))
    assert learned(first, points, points[:, :1]).slope[0, 1] == 3.0


@dataclass(frozen=True)
class Bent:
    """A problem whose engine is a bent curve in one quantity, with other quantities that no row sees."""

    name: str = "bent"

    def residuals(self, free, _progress=None):
        x = np.array(free)[:, 0]
        return np.column_stack([4 * (x + 0.2 * x**2 - 0.8), np.zeros(len(x))])

    def residuals_at(self, free):
        return self.residuals([free])[0]


def test_the_posterior_of_a_bent_problem_is_that_of_its_engine():
    """Mean and SD against the density on a grid; the Jacobian at a wrong mode alone is far off."""
    problem, middle = Bent(), np.zeros(2)
    residual = problem.residuals([middle])[0]
    slope = (problem.residuals([middle + np.array([0.01, 0])])[0] - residual) / 0.01
    jacobian = np.column_stack([slope, np.zeros(2)])
    loss = float(0.5 * robust_residual(residual) @ robust_residual(residual))
    fit = Fit(DOSE, ("a", "b"), middle, residual, jacobian, loss, 1)
    found = emulate(problem, fit, rounds=(60, 40), progress=lambda _: None)
    grid = np.linspace(-3.0, 3.0, 4001)
    data = robust_residual(problem.residuals(np.column_stack([grid, 0 * grid])))
    density = np.exp(-0.5 * ((data**2).sum(axis=1) + grid**2))
    density /= trapezoid(density, grid)
    mean = trapezoid(grid * density, grid)
    sd = np.sqrt(trapezoid((grid - mean) ** 2 * density, grid))
    free = sample(found).free[:, 0]
    assert (free.mean(), free.std()) == pytest.approx((mean, sd), abs=0.03)
    assert grid[density.argmax()] == pytest.approx(found.free[0], abs=0.03)
    assert found.loss < fit.loss and len(found.missed) == 2
    assert found.missed[-1] < found.missed[0]


def test_a_point_without_a_solution_is_as_bad_as_can_be_and_says_nothing_of_directions(monkeypatch):
    keeper = posterior_mode._Keeper.__new__(posterior_mode._Keeper)
    rows = {0.0: [1.0, np.nan], 1.0: [np.inf, 2.0]}
    monkeypatch.setattr(keeper, "computed", lambda free, *_: np.array([rows[point] for point in free]), raising=False)
    assert keeper.residuals([0.0, 1.0], ()).tolist() == [[1.0, 0.0], [1.0, 2.0]]
    assert keeper.residuals([1.0], ()).tolist() == [[BAND_FAR, 2.0]]


def test_the_error_of_the_emulator_is_told():
    fit = Fit(DOSE[:1], ("a",), np.zeros(1), np.zeros(1), np.eye(1), 0.0, 1, missed=(0.5, 0.25))
    assert "0.50 and 0.25" in emulator_sentence(fit)
