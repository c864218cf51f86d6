"""PEtab problems of populations: ten cases that are solved without an engine, fits with known optima, and what is refused."""

from __future__ import annotations

import math
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml
from population_solutions import PEOPLE, SOLUTIONS
from scipy import optimize, stats

import resprout as rs

CASES = Path(__file__).parent / "population_cases"
GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "petab-populations.md"


def case(number):
    return CASES / f"{number:02d}" / "problem.yaml"


def solution(number):
    return yaml.safe_load(case(number).with_name("solution.yaml").read_text(encoding="utf-8"))


def copied(number, tmp_path, **tables):
    """A case with some of its tables or its problem file replaced: name -> function of the text."""
    shutil.copytree(case(number).parent, tmp_path / "case")
    for name, change in tables.items():
        file = tmp_path / "case" / ("problem.yaml" if name == "problem" else f"{name}.tsv")
        file.write_text(change(file.read_text(encoding="utf-8")), encoding="utf-8")
    return tmp_path / "case" / "problem.yaml"


def faults_of(path):
    with pytest.raises((rs.ModelError, rs.InputError)) as caught:
        rs.read_petab(path)
    return [str(fault) for fault in caught.value.faults]


@pytest.mark.parametrize("number", SOLUTIONS)
def test_the_cases_have_the_solutions_of_closed_forms(number):
    expected, told = SOLUTIONS[number](), solution(number)
    # the files hold six digits after the point
    assert told["log_likelihood"] == pytest.approx(sum(each for _, each in expected), abs=1e-6)
    assert told["simulations"] == pytest.approx([value for value, _ in expected], abs=1e-6)


@pytest.mark.parametrize("number", SOLUTIONS)
def test_the_engine_agrees_with_the_solution_of_a_case(number):
    found, told = rs.evaluate_petab(rs.read_petab(case(number))), solution(number)
    assert found.log_likelihood == pytest.approx(told["log_likelihood"], abs=told["tolerance_log_likelihood"])
    # of the eighth case a Laplace distribution of width 0.05 is averaged over a grid of 0.016
    assert found.simulations["simulation"].tolist() == pytest.approx(
        told["simulations"], abs=told["tolerance_simulations"]
    )


def test_the_guide_gives_the_log_likelihood_of_every_case():
    rows = dict(re.findall(r"^\| (\d+) \|.*\| (-?\d+\.\d+) \|$", GUIDE.read_text(encoding="utf-8"), re.MULTILINE))
    assert {int(number): float(value) for number, value in rows.items()} == {
        number: solution(number)["log_likelihood"] for number in SOLUTIONS
    }


def test_a_mean_and_a_standard_deviation_give_typical_value_and_spread(tmp_path):
    tables = {
        "measurements": lambda text: "\n".join(text.splitlines()[:2]) + "\nsd_lnS\tlow_dose\t1\t0.45\n",
        "experiments": lambda text: text.replace("high_dose\t0\thigh\n", ""),
        "groups": lambda text: text.replace("high_dose\tg1\t10\n", ""),
    }
    fit = rs.fit_petab(rs.read_petab(copied(6, tmp_path, **tables)), starts=1)
    # ln S = ln a + ln 1.5 - 0.2, and its variance is (5/3 omega)^2 + 0.01; the mean is 0.95, the sd 0.45
    assert fit.values["a"] == pytest.approx(math.exp(0.95 + 0.2) / 1.5, rel=1e-4)
    # the standard error of both depends on the spread, so that the most likely spread solves another equation
    assert fit.values["omega"] == pytest.approx(_likeliest_spread(0.45, 12), rel=1e-3)
    assert fit.method == "L-BFGS-B"


def _likeliest_spread(measured, size):
    """Of normal values: where the likelihoods of mean and standard deviation have their largest product."""

    def loss(omega):
        sd = math.sqrt((5 / 3 * omega) ** 2 + 0.01)
        error = math.sqrt((3 - (size - 3) / (size - 1)) / size) / 2 * sd
        return -stats.norm.logpdf(0, 0, sd / math.sqrt(size)) - stats.norm.logpdf(measured, sd, error)

    return optimize.minimize_scalar(loss, bounds=(0.01, 1), method="bounded", options={"xatol": 1e-9}).x


def test_individuals_give_the_estimates_of_a_linear_mixed_model(tmp_path):
    fixed = {"parameters": lambda text: re.sub(r"^(k|omega_k|sigma)(.*)true", r"\1\2false", text, flags=re.MULTILINE)}
    fit = rs.fit_petab(rs.read_petab(copied(9, tmp_path, **fixed)), starts=1)

    def loss(point):
        mean, omega = point
        total = 0.0
        for times, values in PEOPLE:
            design = np.stack([np.ones(len(times)), -np.array(times, dtype=float)], axis=1)
            between = np.array([[omega**2, -0.3 * omega * 0.1], [-0.3 * omega * 0.1, 0.01]])
            whole = design @ between @ design.T + 0.04 * np.eye(len(times))
            total -= stats.multivariate_normal.logpdf(np.log(values), design @ [mean, 0.5], whole)
        return total

    best = optimize.minimize(loss, [1.3, 0.3], method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-12}).x
    assert fit.values["s0"] == pytest.approx(math.exp(best[0]), rel=1e-3)
    # the likelihood is flat in a spread that three people tell
    assert fit.values["omega_s0"] == pytest.approx(best[1], rel=1e-2)


def test_what_the_extension_does_not_have_is_refused_by_name_and_together(tmp_path):
    def change(text):
        told = yaml.safe_load(text)
        told["extensions"]["population"] |= {"version": "2.0.0", "required": False, "occasion_files": ["o.tsv"]}
        told["extensions"]["sciml"] = {"version": "1.0.0", "required": True}
        del told["extensions"]["population"]["group_files"]
        return yaml.safe_dump(told)

    path = copied(1, tmp_path, problem=change, distributions=lambda text: text.replace("normal", "gamma"))
    said = "\n".join(faults_of(path))
    for told in (
        "the extension `population` has version `2.0.0`. Expected 1.0.0.",
        "`required` of the extension `population` is False.",
        "`occasion_files` is no field of the extension `population`.",
        "the extension `population` has no `group_files`.",
        "the extension `sciml` is not supported.",
        "distributions.tsv:2  distribution `gamma`. Expected one of normal, log-normal, logit-normal.",
    ):
        assert told in said


def test_columns_that_the_tables_do_not_have_are_refused(tmp_path):
    path = copied(1, tmp_path, groups=lambda _: "experimentId\tgroupId\tsize\tdropout\ne1\tg1\t25\t0.1\n")
    assert "`dropout` in the header line is no column." in faults_of(path)[0]


MISFITS = {
    "a parameter that is none": ({"distributions": ("k\tnormal", "kk\tnormal")}, "`kk` is no parameter."),
    "a spread that reads a state": (
        {"distributions": ("omega_k", "omega_k+S")},
        "the spread reads `S`, which is not in the parameter",
    ),
    "a spread of what differs": (
        {"distributions": ("omega_k", "omega_k*k")},
        "the spread reads `k`, in which individuals differ.",
    ),
    "an experiment that is none": ({"groups": ("e1", "e2")}, "`e2` is no experiment with measurements."),
    "a deviation of one": ({"groups": ("25", "1")}, "is a standard deviation of one individual."),
    "an observable that is none": ({"summaries": ("sd_S", "sd_T")}, "`sd_T` is no observable."),
    "a summary of nobody": ({"groups": ("e1\tg1\t25\n", "")}, "is a summary, and the experiment has no group."),
    "several individuals without summary": ({"summaries": ("sd_S\tsd\t\n", "")}, "is no summary, and its group has 25"),
    "a log-normal rate below 0": (
        {"distributions": ("normal", "log-normal"), "parameters": ("0.01\t5\t0.5", "-5\t5\t-0.5")},
        "`k` is log-normal, and its nominal value is -0.5.",
    ),
    "a quantile without its level": ({"summaries": ("sd\t", "quantile\t")}, "quantile without an argument."),
    "a share beyond 1": ({"summaries": ("mean\t", "share_above\t2")}, "is a share of 2.5. Expected 0 to 1."),
    "a mean of Laplace noise": ({"observables": ("sigma\tnormal", "sigma\tlaplace")}, "whose noise has a Laplace"),
}


@pytest.mark.parametrize("name", MISFITS)
def test_what_does_not_fit_the_problem_is_told_with_its_place(name, tmp_path):
    changes, told = MISFITS[name]
    tables = {table: (lambda text, pair=pair: text.replace(*pair)) for table, pair in changes.items()}
    assert told in "\n".join(faults_of(copied(1, tmp_path, **tables)))


def test_covariates_and_correlations_that_do_not_fit_are_told_together(tmp_path):
    covariates = copied(
        7,
        tmp_path / "a",
        covariates=lambda text: text.replace("g2\tweight\tlog-normal\t70\t0\n", "").replace("g2\tmale", "g3\tmale"),
        covariate_effects=lambda text: text.replace("male\tdelta", "female\tdelta"),
    )
    said = "\n".join(faults_of(covariates))
    assert "covariate `weight` has no value in 1 groups, the first `g2`." in said
    assert "`g3` is no group." in said and "covariate `female` has no value in 2 groups" in said
    twice = copied(5, tmp_path / "b", correlations=lambda text: text + "k\ts0\t0.2\n")
    assert "correlations.tsv:3  `k s0` is given twice. It stands at correlations.tsv:2 already." in faults_of(twice)


def test_correlations_that_contradict_each_other_are_a_failure_of_the_simulation(tmp_path):
    path = copied(5, tmp_path, parameters=lambda text: text.replace("0.6\ttrue", "1.5\tfalse"))
    with pytest.raises(rs.SolveError, match="the correlations contradict each other"):
        rs.evaluate_petab(rs.read_petab(path))
