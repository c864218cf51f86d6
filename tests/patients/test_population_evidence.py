"""What people say of their population: the log density against exact answers, and its gradient against differences."""

import numpy as np
import pytest
from scipy.optimize import approx_fprime
from scipy.stats import multivariate_normal, norm

from resprout.patients.population_evidence import LOG_SPREAD_SD, MEAN_SD, Evidence, Selected

NONE, ALL = np.zeros(1, bool), np.ones(1, bool)


def likelihood(evidence, mean, spread):
    """The log density without its prior."""
    many = int(evidence.moves_mean.sum())
    free = np.concatenate([np.array(mean) / MEAN_SD, np.log(spread) / LOG_SPREAD_SD])[: evidence.size]
    assert free.size == many + int(evidence.moves_spread.sum())
    return evidence.density(free)[0] + 0.5 * float(free @ free)


def measured(observed, error, many=4000):
    """Posterior particles of people whose effect is measured with a normal error: exact quantiles of each posterior."""
    places = norm.ppf((np.arange(many) + 0.5) / many)
    variance = 1 / (1 + 1 / error**2)
    return np.stack([y / error**2 * variance + np.sqrt(variance) * places for y in observed])[:, :, None]


def test_people_measured_with_a_normal_error_have_the_exact_likelihood_of_their_population():
    observed, error = np.array([0.3, 1.4, -0.2, 0.9, 1.1, 0.4]), 0.6
    evidence = Evidence(measured(observed, error), np.zeros(1), np.ones(1), np.eye(1), ALL, ALL, ())
    # marginally normal with the variance of people plus that of the error; differences, as constants are left out
    exact = [norm(mean, np.hypot(spread, error)).logpdf(observed).sum() for mean, spread in ((0.0, 1.0), (0.6, 0.8))]
    found = [likelihood(evidence, [mean], [spread]) for mean, spread in ((0.0, 1.0), (0.6, 0.8))]
    assert found[1] - found[0] == pytest.approx(exact[1] - exact[0], abs=0.01)  # 4,000 quantiles


def test_the_likelihood_does_not_depend_on_the_population_under_which_particles_were_drawn():
    observed, error, mean, spread = np.array([1.3, 1.9, 0.7]), 0.5, 0.8, 0.7
    precision = 1 / spread**2 + 1 / error**2
    places = norm.ppf((np.arange(4000) + 0.5) / 4000)
    again = np.stack([(mean / spread**2 + y / error**2) / precision + places / np.sqrt(precision) for y in observed])
    first = Evidence(measured(observed, error), np.zeros(1), np.ones(1), np.eye(1), ALL, ALL, ())
    second = Evidence(again[:, :, None], np.array([mean]), np.array([spread]), np.eye(1), ALL, ALL, ())
    differences = [likelihood(each, [1.0], [0.9]) - likelihood(each, [0.5], [1.1]) for each in (first, second)]
    assert differences[0] == pytest.approx(differences[1], abs=0.01)


def test_people_who_were_selected_count_by_the_share_that_is_selected():
    # everybody who is observed lies above 0.5 and is known exactly: a normal distribution cut there
    observed = np.array([0.7, 0.9, 1.6, 2.1])
    draws = norm.ppf(norm.cdf(0.5) + (1 - norm.cdf(0.5)) * (np.arange(20_000) + 0.5) / 20_000)
    group = Selected(draws[:, None], ALL, observed.size)
    evidence = Evidence(observed[:, None, None], np.zeros(1), np.ones(1), np.eye(1), ALL, ALL, (group,))

    def exact(mean, spread):
        whole = norm(mean, spread)
        return (whole.logpdf(observed) - norm(0, 1).logpdf(observed) - whole.logsf(0.5)).sum()

    found = likelihood(evidence, [0.4], [0.9]) - likelihood(evidence, [0.0], [1.0])
    assert found == pytest.approx(exact(0.4, 0.9) - exact(0.0, 1.0), abs=0.01)


def correlated():
    """Three effects, two of which correlate; the last one stays as it is."""
    random = np.random.default_rng(3)
    table = np.array([[1.0, 0.0, 0.5], [0.0, 1.0, 0.0], [0.5, 0.0, 1.0]])
    etas = 0.5 + random.standard_normal((7, 50, 3))
    moves = np.array([True, True, False])
    group = Selected(random.standard_normal((200, 3)), np.array([True, False, True]), 7)
    return Evidence(etas, np.array([0.2, 0.1, 0.0]), np.array([1.1, 0.9, 1.0]), table, moves, moves, (group,)), table


def test_the_gradient_is_that_of_finite_differences():
    evidence, _ = correlated()
    free = np.array([0.3, -0.2, 0.4, 0.1])
    numeric = approx_fprime(free, lambda each: evidence.density(each)[0], 1e-6)
    np.testing.assert_allclose(evidence.density(free)[1], numeric, rtol=1e-4, atol=1e-4)


def test_an_effect_that_stays_counts_by_its_correlation():
    evidence, table = correlated()
    alone = Evidence(
        evidence.etas[:1, :1], np.zeros(3), np.ones(3), table, evidence.moves_mean, evidence.moves_spread, ()
    )
    at = alone.etas[0, 0]
    spread = np.array([1.2, 0.8, 1.0])
    new = multivariate_normal([0.5, -0.3, 0.0], np.outer(spread, spread) * table).logpdf(at)
    old = multivariate_normal(np.zeros(3), table).logpdf(at)
    found = likelihood(alone, [0.5, -0.3], spread[:2]) - likelihood(alone, [0.0, 0.0], [1.0, 1.0])
    assert found == pytest.approx(new - old)


def test_particles_are_worth_all_of_their_number_where_the_population_stays():
    evidence, _ = correlated()
    np.testing.assert_allclose(evidence.effective_share(evidence.mean, evidence.spread), 1.0)
    assert evidence.effective_share(np.array([2.0, 0.0, 0.0]), evidence.spread).max() < 0.6
