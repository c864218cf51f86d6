"""The fit finds what made the data; its draws have the spread that theory gives."""

from dataclasses import replace
from pathlib import Path
from shutil import copytree

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import minimize
from scipy.stats import beta

from resprout.calibrate import posterior_mode as fitting
from resprout.calibrate.data_tables import data_folder
from resprout.calibrate.fitted_parameters import read_quantities, values_of
from resprout.calibrate.leave_trial_out import leave_trials_out, with_observation_error
from resprout.calibrate.posterior import log_density, sample
from resprout.calibrate.posterior_mode import Fit, Problem, fit_problem, robust_residual, robust_slope
from resprout.calibrate.predicted_measurements import predict_measurements
from resprout.calibrate.residuals import Laboratory
from resprout.calibrate.study_heterogeneity import (
    VALUES,
    likelihoods,
    posterior,
    with_heterogeneity,
    with_present_heterogeneity,
)
from resprout.calibrate.write_package import summary, write_draws, write_values
from resprout.language import load_model, shipped_folder
from resprout.people.draws import draws_of

MODEL = load_model()
QUANTITIES = read_quantities(MODEL)
DOSE = tuple(each for each in QUANTITIES if MODEL.constants[each.name].stage == 1)


def straight(slope, noise, free):
    """A fit of residuals that run straight, small enough that none is softened."""
    quantities = DOSE[: slope.shape[1]]
    rows = tuple(f"row{number}" for number in range(len(slope)))
    return Fit(quantities, rows, free, noise, slope, 0.0, 1)


@pytest.mark.parametrize("quantity", QUANTITIES, ids=lambda each: each.name)
def test_a_value_comes_back_from_its_free_number(quantity):
    assert quantity.free(quantity.prior) == pytest.approx(0, abs=1e-12)
    assert float(quantity.value(quantity.free(quantity.shipped(MODEL)))) == pytest.approx(quantity.shipped(MODEL))


def test_softening_leaves_small_residuals_and_lets_large_ones_count_linearly():
    assert robust_residual(np.array([-0.1, 0.0, 0.1])) == pytest.approx([-0.1, 0, 0.1], rel=1e-3)
    # twice as far costs twice as much where squares would cost four times as much
    near, far = robust_residual(np.array([200.0, 400.0])) ** 2
    assert far / near == pytest.approx(2, rel=0.02)


def test_the_slope_of_a_softened_residual_is_that_of_differences():
    away = np.array([-7.0, -1.5, -1e-9, 0.0, 1e-9, 0.3, 4.0])
    between = (robust_residual(away + 1e-6) - robust_residual(away - 1e-6)) / 2e-6
    assert robust_slope(away) == pytest.approx(between, rel=1e-4)


def test_the_fit_finds_the_values_that_made_the_data(monkeypatch, tmp_path):
    monkeypatch.setenv("RESPROUT_CACHE", str(tmp_path))
    rng = np.random.default_rng(1)
    truth = values_of(DOSE, rng.uniform(-0.7, 0.7, len(DOSE)))
    block = Laboratory.of(MODEL, (1,))
    seen = predict_measurements(MODEL, block.rows, {name: np.array([value]) for name, value in truth.items()})[0]
    # sharp data, so that the prior pulls little
    rows = tuple(
        replace(row, rule="within", observed=value, sd=0.002 * abs(value))
        for row, value in zip(block.rows, seen, strict=True)
    )
    problem = Problem(MODEL, DOSE, (replace(block, rows=rows),), np.zeros(len(DOSE)))
    found = fit_problem(problem, most_steps=30, progress=lambda _: None).values
    known = ("hepatic_flow", "norketamine_clearance", "hydroxynorketamine_clearance", "ketamine_venous_slow_share")
    for name in known:
        assert found[name] == pytest.approx(truth[name], rel=0.05), name


def test_draws_of_a_straight_problem_have_the_exact_mean_and_covariance():
    rng = np.random.default_rng(3)
    slope = 0.3 * rng.standard_normal((6, 3))
    exact = np.linalg.inv(np.eye(3) + slope.T @ slope)
    middle = rng.standard_normal(3) * 0.1
    # residuals at the middle such that it is the most likely point: slope' r + middle = 0
    noise = -np.linalg.lstsq(slope.T, middle, rcond=None)[0]
    posterior = sample(straight(slope, noise, middle), seed=2)
    # softening of small residuals and some thousand independent draws leave a few percent
    assert posterior.free.mean(axis=0) == pytest.approx(middle, abs=0.05)
    assert np.cov(posterior.free.T) == pytest.approx(exact, abs=0.08)
    assert (posterior.R_hat < 1.01).all()
    assert (posterior.ESS > 500).all()


def most_likely(fit, rows):
    """The point of the highest density with these rows only, by SciPy's search on the density itself."""
    found = minimize(
        lambda free: -log_density(fit, free[None], rows)[0], fit.free, method="BFGS", options={"gtol": 1e-9}
    )
    return found.x


def test_leaving_rows_out_moves_the_most_likely_point_to_what_the_others_say():
    slope = np.array([[10.0], [10.0]])
    fit = straight(slope, np.array([-0.05, 0.05]), np.zeros(1))
    # alone, the first row is met at +0.005 and the second at -0.005, less a hundredth for the prior
    assert most_likely(fit, [True, False]) == pytest.approx([0.00495], rel=0.01)
    assert most_likely(fit, [False, True]) == pytest.approx([-0.00495], rel=0.01)


def test_the_density_is_highest_at_the_most_likely_point():
    rng = np.random.default_rng(4)
    fit = straight(rng.standard_normal((8, 4)), rng.standard_normal(8), np.zeros(4))
    best = most_likely(fit, [True] * 8)
    around = best + 0.05 * rng.standard_normal((200, 4))
    assert (log_density(fit, around) < log_density(fit, best[None])[0]).all()


def test_written_values_and_draws_are_what_a_reader_finds(tmp_path):
    folder = copytree(shipped_folder(), tmp_path / "package" / "model")
    own = load_model(folder)
    write_values(own, {"hepatic_flow": 111.0})
    write_draws(own, [{"hepatic_flow": 110.0}, {"hepatic_flow": 112.0}])
    again = load_model(folder)
    assert again.constants["hepatic_flow"].value == 111.0
    assert again.constants["hepatic_flow"].grade == "fitted"
    assert draws_of(again) == ({"hepatic_flow": 110.0}, {"hepatic_flow": 112.0})
    assert Path(again.constants["hepatic_flow"].file).name == "parameters.tsv"


def test_what_was_learned_has_a_row_for_each_quantity():
    rng = np.random.default_rng(5)
    posterior = sample(straight(rng.standard_normal((6, 3)), np.zeros(6), np.zeros(3)), draws=200)
    rows = summary(MODEL, posterior)
    assert [row["name"] for row in rows] == [each.name for each in DOSE[:3]]
    for row in rows:
        assert row["lower"] < row["upper"]
        assert row["nearest"] != row["name"]


def test_a_trial_left_out_is_predicted_with_its_published_numbers_beside():
    size = len(QUANTITIES)
    fit = Fit(QUANTITIES, ("berman2000.x",), np.zeros(size), np.zeros(1), np.zeros((1, size)), 0.0, 1)
    rows = leave_trials_out(MODEL, fit, ["berman2000"], progress=lambda _: None)
    assert {row["evidence"] for row in rows} >= {"CT001", "CT002"}
    assert all(row["lower"] <= row["upper"] for row in rows if row["inside"] is not None)
    assert all((row["inside_plain"] is None) == (row["inside"] is None) for row in rows)
    # the crossover of 2000 saw a large effect of ketamine: whoever lets no drug change mood predicts its difference worse
    [change] = [row for row in rows if row["evidence"] == "CT001" and row["statistic"] == "mean_change"]
    assert 0 < change["crps"] < change["crps_null"]
    assert change["crps_mbma"] > 0


def test_a_left_out_number_is_spread_by_the_law_of_error_that_the_fit_has():
    def density(residual):
        return np.exp(-(robust_residual(np.array(residual)) ** 2) / 2)

    whole, within = quad(density, -40, 40)[0], quad(density, -1.645, 1.645)[0]
    virtual = 1e6 + np.random.default_rng(1).standard_normal(200_000) * 3e5
    away = with_observation_error(virtual, np.random.default_rng(2)) - 1e6
    # a tenth of the number beside its spread
    sd = np.hypot(3e5, 0.1 * np.sqrt(np.mean(virtual**2)))
    assert np.mean(np.abs(away) < 1.645 * sd) == pytest.approx(within / whole, abs=0.005)
    assert np.isinf(with_observation_error(np.array([np.inf, 1.0, 2.0]), np.random.default_rng(1))).sum() == 1


def test_a_kept_point_is_computed_anew_once_the_data_behind_it_have_changed(monkeypatch, tmp_path):
    data = copytree(data_folder(), tmp_path / "data")
    monkeypatch.setattr(fitting, "data_folder", lambda: data)
    before = fitting._behind()
    assert fitting._behind() == before
    table = data / "measurements.tsv"
    table.write_text(table.read_text(encoding="utf-8").replace("\t185\t", "\t186\t", 1), encoding="utf-8")
    assert fitting._behind() != before


def test_the_likelihood_of_how_alike_people_are_is_a_number_for_each_value():
    few, many = likelihoods(MODEL, (0.02, 0.3), ["berman2000"])
    assert np.isfinite([few, many]).all()
    assert few != many


def test_heterogeneity_has_a_prior_that_data_narrow_and_each_draw_a_value_of_its_own():
    flat = posterior(VALUES, np.zeros(len(VALUES)), 40)
    told = posterior(VALUES, -0.5 * ((np.array(VALUES) - 0.1) / 0.02) ** 2, 40)
    assert flat.mean == pytest.approx(beta(1.5, 8.5).expect(lb=0.002, ub=0.2, conditional=True), abs=0.002)
    assert flat.lower < told.lower < 0.1 < told.upper < flat.upper
    draws = with_heterogeneity([{"hepatic_flow": float(k)} for k in range(40)], told)
    drawn = [draw["study_intraclass_correlation"] for draw in draws]
    assert sorted(drawn) == list(told.draws) and drawn != sorted(drawn)
    present = [draw["study_intraclass_correlation"] for draw in draws_of(MODEL)]
    kept = with_present_heterogeneity(MODEL, [{"hepatic_flow": float(k)} for k in range(len(present) + 10)])
    assert [draw["study_intraclass_correlation"] for draw in kept] == [*present, *present[:10]]


def test_points_are_kept_as_they_are_computed_and_an_interrupted_fit_goes_on_from_them(monkeypatch, tmp_path):
    monkeypatch.setenv("RESPROUT_CACHE", str(tmp_path))
    asked, said = [], []

    class Counted:
        names = ("a",)

        def residuals(self, points, _share):
            if len(asked) == 2:
                raise KeyboardInterrupt
            asked.append(len(points))
            return np.array([[point["hepatic_flow"]] for point in points])

    problem = Problem(MODEL, DOSE[:1], (Counted(),), np.zeros(1), "interrupted")
    points = [np.array([0.01 * number]) for number in range(3 * fitting.AT_ONCE)]
    with pytest.raises(KeyboardInterrupt):
        problem.residuals(points, said.append)
    assert asked == [fitting.AT_ONCE] * 2 and said[0].startswith(f"point {fitting.AT_ONCE + 1} of {len(points)}")
    asked.clear()
    found = problem.residuals(points)
    assert asked == [fitting.AT_ONCE]
    assert found[:, 0] == pytest.approx([float(DOSE[0].value(point[0])) for point in points])
