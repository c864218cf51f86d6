"""PEtab problems evaluated: numbers are exact solutions, densities of SciPy, or libpetab's own sums."""

from __future__ import annotations

import numpy as np
import pytest
from petab_files import (
    DECAY,
    MEASUREMENTS_1,
    MEASUREMENTS_2,
    OBSERVABLES,
    PARAMETERS_1,
    PARAMETERS_2,
    TURNOVER,
    write_problem,
)
from scipy import stats

import resprout as rs
from resprout.exchange.petab_formulas import formula_of
from resprout.exchange.petab_objective import Objective

# runs are held to 1e-8 a step
CLOSE = {"rel": 1e-6}


def version_1(folder, model=DECAY, **tables):
    given = {
        "parameters": [PARAMETERS_1, "s0\tlin\t0\t10\t4\t1", "k\tlog10\t0.01\t10\t0.5\t1"],
        "conditions": ["conditionId", "c"],
        "observables": [OBSERVABLES, "seen\tS\t0.2"],
        "measurements": [MEASUREMENTS_1, "seen\tc\t1\t2.5", "seen\tc\t3\t0.8"],
    }
    return rs.read_petab(write_problem(folder, 1, model, **(given | tables)))


def version_2(folder, model=DECAY, **tables):
    given = {
        "parameters": [PARAMETERS_2, "s0\t0\t10\t4\ttrue", "k\t0.01\t10\t0.5\ttrue"],
        "observables": [OBSERVABLES, "seen\tS\t0.2"],
        "measurements": [MEASUREMENTS_2, "seen\t\t1\t2.5", "seen\t\t3\t0.8"],
    }
    return rs.read_petab(write_problem(folder, 2, model, **(given | tables)))


def simulated(problem, values=None):
    return rs.evaluate_petab(problem, values).simulations["simulation"].to_numpy()


@pytest.mark.parametrize("read", [version_1, version_2])
def test_both_versions_give_the_normal_density_around_the_exact_solution(read, tmp_path):
    found = rs.evaluate_petab(read(tmp_path))
    exact = 4 * np.exp(-0.5 * np.array([1.0, 3.0]))
    assert found.simulations["simulation"].to_numpy() == pytest.approx(exact, **CLOSE)
    assert found.log_likelihood == pytest.approx(stats.norm.logpdf([2.5, 0.8], exact, 0.2).sum(), rel=1e-5)
    assert found.chi2 == pytest.approx((((exact - [2.5, 0.8]) / 0.2) ** 2).sum(), rel=1e-5)


def test_values_take_the_place_of_nominal_ones(tmp_path):
    assert simulated(version_2(tmp_path), {"k": 1.0}) == pytest.approx(4 * np.exp([-1.0, -3.0]), **CLOSE)


@pytest.mark.parametrize(("scale", "base"), [("log", np.e), ("log10", 10.0)])
def test_noise_on_a_logarithmic_scale_of_version_1_is_log_normal(scale, base, tmp_path):
    row = [OBSERVABLES + "\tobservableTransformation", f"seen\tS\t0.2\t{scale}"]
    found = rs.evaluate_petab(version_1(tmp_path, observables=row))
    exact = 4 * np.exp(-0.5 * np.array([1.0, 3.0]))
    density = stats.lognorm.logpdf([2.5, 0.8], s=0.2 * np.log(base), scale=exact)
    assert found.log_likelihood == pytest.approx(density.sum(), rel=1e-5)


@pytest.mark.parametrize("log", [False, True])
def test_laplace_noise_of_version_2(log, tmp_path):
    row = [OBSERVABLES + "\tnoiseDistribution", f"seen\tS\t0.2\t{'log-' * log}laplace"]
    found = rs.evaluate_petab(version_2(tmp_path, observables=row))
    exact, measured = 4 * np.exp(-0.5 * np.array([1.0, 3.0])), np.array([2.5, 0.8])
    if log:
        # SciPy's log-Laplace has the exponent 1 / scale
        density = stats.loglaplace.logpdf(measured, 1 / 0.2, scale=exact)
    else:
        density = stats.laplace.logpdf(measured, exact, 0.2)
    assert found.log_likelihood == pytest.approx(density.sum(), rel=1e-5)


@pytest.mark.filterwarnings("ignore:The 'float_precision' argument")
def test_libpetabs_own_sums_of_our_simulations_are_the_same(tmp_path):
    from petab.v1.calculate import calculate_chi2, calculate_llh

    rows = [
        OBSERVABLES + "\tobservableTransformation",
        "seen\tobservableParameter1_seen * S\tnoiseParameter1_seen\tlog",
    ]
    measured = [f"{MEASUREMENTS_1}\tobservableParameters\tnoiseParameters"]
    measured += ["seen\tc\t1\t2.5\t2\tsigma", "seen\tc\t3\t0.8\t1.5\t0.3", "seen\tc\t3\t0.9\t1.5\t0.3"]
    table = [PARAMETERS_1, "s0\tlin\t0\t10\t4\t1", "k\tlog10\t0.01\t10\t0.5\t1", "sigma\tlog10\t0.01\t10\t0.4\t1"]
    problem = version_1(tmp_path, observables=rows, measurements=measured, parameters=table)
    found = rs.evaluate_petab(problem)
    import petab.v1 as v1

    read = v1.Problem.from_yaml(tmp_path / "problem.yaml")
    tables = (read.measurement_df, found.simulations, read.observable_df, read.parameter_df)
    assert found.log_likelihood == pytest.approx(calculate_llh(*tables), rel=1e-9)
    assert found.chi2 == pytest.approx(calculate_chi2(*tables), rel=1e-9)


def test_pre_equilibration_reaches_the_steady_state_before_hour_0(tmp_path):
    conditions = ["conditionId\tk", "before\t0.5", "after\t2"]
    head = f"preequilibrationConditionId\t{MEASUREMENTS_1}"
    measured = [head, "before\tseen\tafter\t0\t5", "before\tseen\tafter\t0.7\t3"]
    table = [PARAMETERS_1, "make\tlin\t0\t10\t3\t1"]
    problem = version_1(tmp_path, TURNOVER, conditions=conditions, measurements=measured, parameters=table)
    # 3 / 0.5 before, 3 / 2 at the end
    assert simulated(problem) == pytest.approx([6, 1.5 + 4.5 * np.exp(-1.4)], **CLOSE)


def test_a_measurement_at_infinity_is_one_of_the_steady_state(tmp_path):
    measured = [MEASUREMENTS_2, "seen\t\tinf\t5", "seen\t\t0\t1"]
    problem = version_2(tmp_path, TURNOVER, measurements=measured, parameters=[PARAMETERS_2, "k\t0.1\t1\t0.25\ttrue"])
    assert simulated(problem) == pytest.approx([12, 1], **CLOSE)


def test_what_never_settles_is_said_not_to(tmp_path):
    measured = [MEASUREMENTS_2, "seen\t\tinf\t5", "seen\t\t2\t1"]
    growing = "model m\n S = 1; k = 0.5; S' = k;\nend"
    problem = version_2(tmp_path, growing, measurements=measured, parameters=[PARAMETERS_2, "k\t0.1\t1\t0.25\ttrue"])
    with pytest.raises(rs.SolveError, match="no steady state was reached"):
        rs.evaluate_petab(problem)


def test_changes_of_a_period_are_evaluated_together_on_the_state_before_them(tmp_path):
    swap = "model m\n A = 1; B = 5; k = 0; A' = -k*A; B' = 0;\nend"
    tables = {
        "conditions": ["conditionId\ttargetId\ttargetValue", "swap\tA\tB + dose", "swap\tB\tA"],
        "experiments": ["experimentId\ttime\tconditionId", "e\t0\t", "e\t2\tswap"],
        "observables": [OBSERVABLES, "a\tA\t1", "b\tB\t1"],
        "parameters": [PARAMETERS_2, "dose\t0\t10\t3\ttrue"],
        "measurements": [MEASUREMENTS_2, "a\te\t1\t0", "a\te\t2\t0", "b\te\t2\t0", "b\te\t9\t0"],
    }
    assert simulated(version_2(tmp_path, swap, **tables)) == pytest.approx([1, 8, 1, 1], **CLOSE)


def test_time_of_the_model_goes_on_where_a_period_begins(tmp_path):
    ramp = "model m\n S = 0; k = 2; S' = k * time;\nend"
    tables = {
        "conditions": ["conditionId\ttargetId\ttargetValue", "stop\tk\t0"],
        "experiments": ["experimentId\ttime\tconditionId", "e\t1\t", "e\t3\tstop"],
        "parameters": [PARAMETERS_2, "sigma\t0.1\t10\t1\ttrue"],
        "measurements": [MEASUREMENTS_2, "seen\te\t2\t0", "seen\te\t5\t0"],
    }
    tables["observables"] = [OBSERVABLES, "seen\tS + 10 * time\tsigma"]
    # S is the integral of 2 t from 1 on, 3 at 2 and 8 from 3 on
    assert simulated(version_2(tmp_path, ramp, **tables)) == pytest.approx([23, 58], **CLOSE)


def test_a_concentration_stays_where_a_condition_changes_the_compartment(tmp_path):
    model = "model m\n compartment C = 2; species S in C; S = 3; J: S -> ; k*S; k = 1;\nend"
    tables = {
        "conditions": ["conditionId\ttargetId\ttargetValue", "larger\tC\t4"],
        "experiments": ["experimentId\ttime\tconditionId", "e\t0\t", "e\t1\tlarger"],
        "observables": [OBSERVABLES, "seen\tS\t1"],
        "parameters": [PARAMETERS_2, "k\t0\t10\t1\ttrue"],
        "measurements": [MEASUREMENTS_2, "seen\te\t1\t0", "seen\te\t3\t0"],
    }
    # the amount lost each hour is k S: the concentration falls at k / C
    halfway = 3 * np.exp(-0.5)
    assert simulated(version_2(tmp_path, model, **tables)) == pytest.approx([halfway, halfway * np.exp(-0.5)], **CLOSE)


EVENT = "model m\n S = 0; k = 1; S' = k; n = 0; n' = 0; at S >= 2, fromTrigger=false: n = n + 1;\nend"


def test_an_event_whose_trigger_goes_on_holding_happens_once_in_all_periods(tmp_path):
    tables = {
        "conditions": ["conditionId\ttargetId\ttargetValue", "slow\tk\t0.1"],
        "experiments": ["experimentId\ttime\tconditionId", "e\t0\t", "e\t3\tslow", "e\t4\tslow"],
        "parameters": [PARAMETERS_2, "sigma\t0.1\t10\t1\ttrue"],
        "measurements": [MEASUREMENTS_2, "seen\te\t1\t0", "seen\te\t5\t0"],
    }
    tables["observables"] = [OBSERVABLES, "seen\tn\tsigma"]
    assert simulated(version_2(tmp_path, EVENT, **tables)) == pytest.approx([0, 1])


def test_a_condition_comes_before_the_event_that_it_triggers(tmp_path):
    tables = {
        "conditions": ["conditionId\ttargetId\ttargetValue", "jump\tS\t5", "jump\tn\t10"],
        "experiments": ["experimentId\ttime\tconditionId", "e\t0\t", "e\t1\tjump"],
        "observables": [OBSERVABLES, "seen\tn\tsigma"],
        "parameters": [PARAMETERS_2, "sigma\t0.1\t10\t1\ttrue"],
        "measurements": [MEASUREMENTS_2, "seen\te\t0.5\t0", "seen\te\t1\t0"],
    }
    assert simulated(version_2(tmp_path, EVENT, **tables)) == pytest.approx([0, 11])


def test_many_vectors_give_what_each_gives_alone(tmp_path):
    objective = Objective(version_2(tmp_path))
    rates = np.array([0.2, 0.5, 3.0])
    found = objective.predict(objective.vectors({"k": rates}))
    assert found.simulation == pytest.approx(4 * np.exp(-rates[:, None] * [1.0, 3.0]), rel=1e-5)
    assert set(found.lost) == {""}


def test_a_vector_that_cannot_be_simulated_leaves_the_others_alone(tmp_path):
    # blows up at 1 / s0
    problem = version_2(tmp_path, "model m\n S = s0; s0 = 4; k = 1; S' = k * S^2;\nend")
    objective = Objective(problem)
    found = objective.predict(objective.vectors({"s0": np.array([0.1, 5.0]), "k": 1.0}))
    assert found.simulation[0] == pytest.approx(1 / (10 - np.array([1.0, 3.0])), rel=1e-5)
    assert found.lost[0] == "" and "experiment `whole_model`" in found.lost[1]
    assert np.isfinite(objective.log_likelihood(found)).tolist() == [True, False]


def test_formulas_take_arrays_of_several_shapes():
    from petab.v1.math import sympify_petab

    rows, columns = np.array([[0.3], [0.5]]), np.array([[0.7, 0.2]])
    both = formula_of(sympify_petab("piecewise(1, x < 0.4 && y < 0.5, 2, y > 0.6, min(x, y))"))
    assert both({"x": rows, "y": columns}).tolist() == [[2, 1], [2, 0.2]]
    # the cotangent of pi / 4 is 1
    inverse = formula_of(sympify_petab("arccot(x) + log2(y)"))
    assert inverse({"x": 1.0, "y": 8.0}) == pytest.approx(np.pi / 4 + 3)
