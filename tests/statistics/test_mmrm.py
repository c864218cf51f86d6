"""The mixed model and the analysis of covariance against nlme, pbkrtest, lm and exact answers."""

import numpy as np
import pandas as pd
import pytest
from recorded import FOLDER, answers
from scipy import stats

from resprout.statistics.ancova import ancova
from resprout.statistics.mmrm import METHODS, mmrm

WIDE = pd.read_csv(FOLDER / "mmrm.csv")
SCORE = WIDE.filter(like="visit").to_numpy(float)[None]
COVARIATES = np.stack([np.ones(len(WIDE)), WIDE["drug"], WIDE["baseline"]], axis=-1)[None]
R = answers("mmrm.txt")


def last(fit):
    effect = fit.effects[1]
    return {name: getattr(effect, name)[0, -1] for name in ("estimate", "se", "df", "p")}


def test_estimate_standard_error_and_covariance_are_those_of_nlme():
    fit = mmrm(SCORE, COVARIATES, (1,), method="satterthwaite")
    # nlme stops near 1e-5 of the optimum
    assert last(fit)["estimate"] == pytest.approx(R["estimate"], rel=1e-4)
    assert last(fit)["se"] == pytest.approx(R["se"], rel=1e-4)
    assert fit.covariance[0, -1, -1] == pytest.approx(R["covariance_last"], rel=1e-4)
    assert fit.deviance[0] <= R["deviance"] + 1e-6 and fit.converged[0]


def test_satterthwaite_degrees_of_freedom_are_those_of_numerical_derivatives_in_R():
    found = last(mmrm(SCORE, COVARIATES, (1,), method="satterthwaite"))
    assert found["df"] == pytest.approx(R["satterthwaite_df"], rel=1e-4)


def test_kenward_roger_is_that_of_pbkrtest():
    found = last(mmrm(SCORE, COVARIATES, (1,)))
    assert found["df"] == pytest.approx(R["kr_df"], rel=1e-4)
    assert found["se"] == pytest.approx(R["kr_se"], rel=1e-4)
    assert found["p"] == pytest.approx(2 * stats.t.sf(abs(R["estimate"] / R["kr_se"]), R["kr_df"]), rel=1e-3)


@pytest.mark.parametrize("method", METHODS)
def test_with_no_visit_missing_it_is_the_analysis_of_covariance_of_each_visit(method):
    rng = np.random.default_rng(1)
    score = rng.normal(20, 4, (3, 30, 1)) + rng.normal(0, 3, (3, 30, 4))
    covariates = np.stack([np.ones((3, 30)), np.tile(np.arange(30) % 2, (3, 1)), rng.normal(30, 4, (3, 30))], axis=-1)
    found = mmrm(score, covariates, (1,), method=method).effects[1]
    for visit in range(4):
        exact = ancova(score[:, :, visit], covariates, 1)
        for name in ("estimate", "se", "df", "p"):
            assert getattr(found, name)[:, visit] == pytest.approx(getattr(exact, name)[:, 0], rel=1e-6)


def test_a_trial_analysed_alone_and_among_others_gives_the_same():
    many = mmrm(np.repeat(SCORE, 3, axis=0), np.repeat(COVARIATES, 3, axis=0), (1,)).effects[1]
    assert many.df[2] == pytest.approx(mmrm(SCORE, COVARIATES, (1,)).effects[1].df[0], rel=1e-9)


def test_without_an_effect_it_raises_no_more_false_alarms_than_promised():
    rng = np.random.default_rng(2)
    score = rng.normal(20, 5, (800, 24, 1)) + rng.normal(0, 4, (800, 24, 3))
    score[rng.random(score.shape) < 0.1] = np.nan
    covariates = np.stack([np.ones((800, 24)), np.tile(np.arange(24) % 2, (800, 1))], axis=-1)
    p = mmrm(score, covariates, (1,)).effects[1].p
    # three standard errors of a share of 0.05 in 800
    assert (p < 0.05).mean(axis=0) == pytest.approx(0.05, abs=3 * np.sqrt(0.05 * 0.95 / 800))


def test_analysis_of_covariance_is_that_of_R():
    recorded = answers("answers.txt")
    found = ancova(SCORE[:, :, 0], COVARIATES, 1)
    assert found.estimate[0, 0] == pytest.approx(recorded["ancova_estimate"], rel=1e-8)
    assert found.se[0, 0] == pytest.approx(recorded["ancova_se"], rel=1e-8)
    assert found.p[0, 0] == pytest.approx(recorded["ancova_p"], rel=1e-7)
