"""PEtab problems fitted: estimates and intervals have closed forms, or are those of linear regression."""

from __future__ import annotations

import math

import numpy as np
import pytest
from petab_files import DECAY, MEASUREMENTS_2, OBSERVABLES, PARAMETERS_1, PARAMETERS_2, write_problem

import resprout as rs

HOURS = np.array([0.5, 1.0, 2.0, 3.0, 5.0])
SEEN = np.array([3.4, 2.2, 1.5, 0.95, 0.3])
LEVEL = "model level\n S = mu; mu = 1; S' = 0;\nend"
# of the search: its last step, and differences of runs that are held to 1e-8
CLOSE = {"rel": 1e-4}
# second derivatives from differences of differences
CURVED = {"rel": 1e-2}


def problem_of(folder, version, model, parameters, observables, measurements):
    rows = [f"seen\t\t{hour}\t{value}" for hour, value in zip(*measurements, strict=True)]
    tables = {"parameters": parameters, "observables": observables, "measurements": [MEASUREMENTS_2, *rows]}
    return rs.read_petab(write_problem(folder, version, model, **tables))


def decay(folder, prior="\t\t", noise="0.2"):
    parameters = [
        PARAMETERS_2 + "\tpriorDistribution\tpriorParameters",
        f"s0\t0.1\t100\t1\ttrue{prior}",
        "k\t0.01\t10\t2\ttrue\t\t",
    ]
    observables = [OBSERVABLES + "\tnoiseDistribution", f"seen\tS\t{noise}\tlog-normal"]
    return problem_of(folder, 2, DECAY, parameters, observables, (HOURS, SEEN))


def rows_by_name(fit):
    return {row["parameter"]: row for row in fit.parameters.to_dict("records")}


def regression():
    """Straight line through the logarithms: intercept and slope, and their covariance with noise 0.2."""
    design = np.stack([np.ones_like(HOURS), -HOURS], axis=1)
    covariance = 0.2**2 * np.linalg.inv(design.T @ design)
    return np.linalg.lstsq(design, np.log(SEEN), rcond=None)[0], covariance


def test_log_normal_noise_of_a_decay_is_linear_regression_of_logarithms(tmp_path):
    fit = rs.fit_petab(decay(tmp_path), starts=4)
    (intercept, slope), covariance = regression()
    assert fit.method == "least squares" and fit.agreeing == 4
    assert fit.values == pytest.approx({"s0": math.exp(intercept), "k": slope}, **CLOSE)
    row = rows_by_name(fit)["s0"]
    # 95 % interval on the scale that is searched, log10
    half = 1.959964 * math.sqrt(covariance[0, 0])
    assert [row["lower"], row["upper"]] == pytest.approx(np.exp([intercept - half, intercept + half]), **CURVED)


def test_the_mean_and_the_noise_of_a_level_are_those_of_the_sample(tmp_path):
    values = np.array([1.2, 0.7, 1.9, 1.1, 1.6, 0.8])
    parameters = [PARAMETERS_2, "mu\t-5\t5\t0.2\ttrue", "sigma\t0.01\t10\t1\ttrue"]
    rows = (np.arange(6.0), values)
    fit = rs.fit_petab(problem_of(tmp_path, 2, LEVEL, parameters, [OBSERVABLES, "seen\tS\tsigma"], rows), starts=3)
    sd = math.sqrt(((values - values.mean()) ** 2).mean())
    assert fit.method == "L-BFGS-B"
    assert fit.values == pytest.approx({"mu": values.mean(), "sigma": sd}, rel=1e-3)
    rows = rows_by_name(fit)
    half = 1.959964 * sd / math.sqrt(6)
    assert rows["mu"]["upper"] - rows["mu"]["estimate"] == pytest.approx(half, **CURVED)
    # the information of log sigma is 2 n
    assert math.log(rows["sigma"]["upper"] / rows["sigma"]["estimate"]) == pytest.approx(
        1.959964 / math.sqrt(12), **CURVED
    )


def test_a_normal_prior_and_a_normal_likelihood_meet_by_their_precisions(tmp_path):
    parameters = [PARAMETERS_2 + "\tpriorDistribution\tpriorParameters", "mu\t-50\t50\t0\ttrue\tnormal\t4;0.5"]
    rows = (np.arange(4.0), [1.0, 2.0, 1.5, 2.5])
    fit = rs.fit_petab(problem_of(tmp_path, 2, LEVEL, parameters, [OBSERVABLES, "seen\tS\t0.8"], rows), starts=2)
    mode = (4 / 0.25 + 7.0 / 0.64) / (1 / 0.25 + 4 / 0.64)
    assert fit.method == "least squares"
    assert fit.values["mu"] == pytest.approx(mode, **CLOSE)


def test_a_log_normal_prior_counts_by_its_density_on_the_linear_scale(tmp_path):
    fit = rs.fit_petab(decay(tmp_path, "\tlog-normal\t0;0.1"), starts=3)
    # maximise over u = log s0 and k: regression, prior of mean 0 and sd 0.1, and the factor 1 / s0 = exp(-u)
    design = np.stack([np.ones_like(HOURS), -HOURS], axis=1)
    precision = design.T @ design / 0.04 + np.diag([1 / 0.01, 0])
    right = design.T @ np.log(SEEN) / 0.04 + [-1, 0]
    u, k = np.linalg.solve(precision, right)
    assert fit.method == "least squares"
    assert fit.values == pytest.approx({"s0": math.exp(u), "k": k}, **CLOSE)


def test_a_prior_that_is_no_square_is_searched_by_gradients(tmp_path):
    # Laplace of scale 0.05 around k = 0.2: its sides are straight, so that the optimum is where the likelihood has that slope
    parameters = [PARAMETERS_2 + "\tpriorDistribution\tpriorParameters", "k\t0.01\t10\t0.5\ttrue\tlaplace\t0.2;0.05"]
    observables = [OBSERVABLES + "\tnoiseDistribution", "seen\tS\t0.2\tlog-normal"]
    problem = problem_of(tmp_path, 2, DECAY, parameters, observables, (HOURS, SEEN))
    fit = rs.fit_petab(problem, starts=3)
    residual = np.log(SEEN) - math.log(4)
    k = -(residual @ HOURS / 0.04 + 1 / 0.05) / (HOURS @ HOURS / 0.04)
    assert fit.method == "L-BFGS-B" and k > 0.2
    assert fit.values["k"] == pytest.approx(k, rel=1e-3)


def test_what_the_data_do_not_identify_has_no_interval(tmp_path):
    product = "model m\n S = a*b; a = 1; b = 1; S' = 0;\nend"
    parameters = [PARAMETERS_2, "a\t0.1\t10\t1\ttrue", "b\t0.1\t10\t1\ttrue"]
    fit = rs.fit_petab(
        problem_of(tmp_path, 2, product, parameters, [OBSERVABLES, "seen\tS\t0.1"], ([0, 1], [2, 2])), starts=2
    )
    assert fit.values["a"] * fit.values["b"] == pytest.approx(2, **CLOSE)
    assert fit.parameters["lower"].isna().all() and not fit.parameters["at_bound"].any()


def test_an_optimum_at_a_bound_says_so(tmp_path):
    parameters = [PARAMETERS_2, "mu\t-5\t1\t0\ttrue"]
    fit = rs.fit_petab(
        problem_of(tmp_path, 2, LEVEL, parameters, [OBSERVABLES, "seen\tS\t0.1"], ([0, 1], [2, 2])), starts=2
    )
    assert fit.values["mu"] == pytest.approx(1, abs=1e-3)
    assert rows_by_name(fit)["mu"]["at_bound"] and math.isnan(rows_by_name(fit)["mu"]["lower"])


def test_the_same_seed_gives_the_same_starts_and_another_one_others(tmp_path):
    problem = decay(tmp_path)
    first, again, other = (rs.fit_petab(problem, starts=3, seed=seed).starts for seed in (1, 1, 2))
    assert first.equals(again)
    assert not np.allclose(first["objective_at_start"], other["objective_at_start"])


def test_version_1_searches_on_the_scale_of_the_file(tmp_path):
    parameters = [PARAMETERS_1, "s0\tlog\t0.1\t100\t1\t1", "k\tlin\t0\t10\t2\t1"]
    tables = {
        "parameters": parameters,
        "conditions": ["conditionId", "c"],
        "observables": [OBSERVABLES + "\tobservableTransformation", "seen\tS\t0.2\tlog"],
        "measurements": ["observableId\tsimulationConditionId\ttime\tmeasurement"]
        + [f"seen\tc\t{hour}\t{value}" for hour, value in zip(HOURS, SEEN, strict=True)],
    }
    fit = rs.fit_petab(rs.read_petab(write_problem(tmp_path, 1, DECAY, **tables)), starts=3)
    (intercept, slope), _ = regression()
    assert fit.parameters["scale"].tolist() == ["log", "lin"]
    assert fit.values == pytest.approx({"s0": math.exp(intercept), "k": slope}, **CLOSE)


def test_starts_that_cannot_be_simulated_are_counted(tmp_path):
    # blows up at 1 / s0, before hour 1 where s0 is above 1; the nominal value is one of those
    explosive = "model m\n S = s0; s0 = 4; S' = S^2;\nend"
    parameters = [PARAMETERS_2, "s0\t0.05\t4\t3\ttrue"]
    problem = problem_of(tmp_path, 2, explosive, parameters, [OBSERVABLES, "seen\tS\t0.1"], ([0.5, 1], [0.3, 0.35]))
    fit = rs.fit_petab(problem, starts=3)
    assert fit.starts["ended"].tolist() == ["could not be simulated", "converged", "converged"]
    assert 0.2 < fit.values["s0"] < 0.3


def test_a_problem_no_start_of_which_can_be_simulated_is_a_failure(tmp_path):
    explosive = "model m\n S = s0; s0 = 4; S' = S^2;\nend"
    parameters = [PARAMETERS_2, "s0\t3\t4\t3\ttrue"]
    problem = problem_of(tmp_path, 2, explosive, parameters, [OBSERVABLES, "seen\tS\t0.1"], ([0.5, 1], [0.3, 0.35]))
    with pytest.raises(rs.SolveError, match="no starting point could be simulated"):
        rs.fit_petab(problem, starts=2)


def test_a_problem_without_estimated_parameters_is_refused(tmp_path):
    parameters = [PARAMETERS_2, "mu\t-5\t1\t0\tfalse"]
    problem = problem_of(tmp_path, 2, LEVEL, parameters, [OBSERVABLES, "seen\tS\t0.1"], ([0, 1], [2, 2]))
    with pytest.raises(rs.InputError, match="no parameter is estimated"):
        rs.fit_petab(problem)
