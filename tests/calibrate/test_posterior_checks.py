"""Ranks of known truths are uniform where the posterior is right, and tell where it is not."""

import numpy as np
import pytest
from scipy.stats import chisquare

from resprout.calibrate.fitted_parameters import read_quantities
from resprout.calibrate.posterior import sample
from resprout.calibrate.posterior_checks import RANKED, PosteriorChecks, check_posterior, repeated, uniform_p
from resprout.calibrate.posterior_mode import Fit
from resprout.language import load_model

TWO = read_quantities(load_model())[:2]


def straight(noise=0.0):
    slope = np.array([[1.0, 0.3], [0.2, 1.5], [0.5, -0.5]])
    return Fit(TWO, ("a", "b", "c"), np.zeros(2), np.array([0.2, -0.1, 0.3]) + noise, slope, 0.0, 1)


def test_uniform_ranks_have_the_p_value_of_scipy_and_heaped_ones_none():
    ranks = np.random.default_rng(1).integers(0, RANKED + 1, (200, 2))
    counts = np.histogram(ranks[:, 0], np.arange(-0.5, 100, 10))[0]
    assert uniform_p(ranks)[0] == pytest.approx(chisquare(counts).pvalue)
    assert uniform_p(np.full((200, 1), 3.0))[0] < 1e-12


def test_a_replication_adds_rows_that_the_truth_explains_up_to_noise():
    truth = np.array([0.4, -0.7])
    many = [repeated(straight(), truth, np.random.default_rng(seed)) for seed in range(400)]
    again = np.array([fit.surface.at(truth[None])[0, 3:] for fit in many])
    assert many[0].rows[3:] == ("a again", "b again", "c again")
    assert again.mean(axis=0) == pytest.approx(np.zeros(3), abs=0.2)
    # the law of error has tails beyond two standard deviations
    assert 1.0 < again.std() < 1.4


def test_a_right_posterior_passes_and_one_that_is_too_narrow_fails():
    posterior = sample(straight(), draws=300)
    checks = check_posterior(posterior, data_sets=20, progress=lambda _: None)
    assert not checks.fails.any()
    # 60 numbers, of which 90 % lie inside: three standard errors are 12 %
    assert checks.covered == pytest.approx(0.9, abs=0.12)
    assert (np.abs(checks.moved) < 4).all()
    narrow = type(posterior)(posterior.fit, 3 * posterior.free, posterior.R_hat, posterior.ESS)
    # truths three times as far out as the fit believes
    assert check_posterior(narrow, data_sets=20, progress=lambda _: None).fails.all()


def test_holms_correction_counts_all_quantities():
    checks = PosteriorChecks(np.zeros(4), np.array([0.006, 0.002, 0.5, 0.003]), 100)
    # the smallest is held against 0.01 / 4, the next against 0.01 / 3, then 0.01 / 2
    assert checks.fails.tolist() == [False, True, False, True]
