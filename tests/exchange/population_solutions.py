"""The ten population cases solved without an engine: closed forms, distributions of SciPy, and its adaptive quadrature."""

from __future__ import annotations

import math

import numpy as np
from scipy import integrate, optimize, stats


def noncentral_mean(mean, variance, size, measured):
    """Simulation and log-likelihood of a mean."""
    return mean, stats.norm.logpdf(measured, mean, math.sqrt(variance / size))


def deviation(variance, fourth, size, measured):
    """Simulation and log-likelihood of a standard deviation."""
    error = math.sqrt((fourth - variance**2 * (size - 3) / (size - 1)) / size) / (2 * math.sqrt(variance))
    return math.sqrt(variance), stats.norm.logpdf(measured, math.sqrt(variance), error)


def of_normal(mean, variance, size, means=(), deviations=()):
    """Summaries of normal values, whose fourth central moment is three times the squared variance."""
    found = [noncentral_mean(mean, variance, size, each) for each in means]
    return found + [deviation(variance, 3 * variance**2, size, each) for each in deviations]


def central(raw):
    """Variance and fourth central moment from the first four moments."""
    one, two, three, four = raw
    return two - one**2, four - 4 * three * one + 6 * two * one**2 - 3 * one**4


def share(probability, size, measured):
    """Simulation and log-likelihood of a share."""
    return probability, stats.binom.logpmf(round(size * measured), size, probability)


def quantile(distribution, level, size, measured):
    """Simulation and log-likelihood of a quantile: an order statistic of rank level (size + 1)."""
    rank = stats.beta(level * (size + 1), (1 - level) * (size + 1))
    return distribution.ppf(level), rank.logpdf(distribution.cdf(measured)) + distribution.logpdf(measured)


def normal_rate():
    """Powers of 4 exp(-kt) with normal k are exponentials of normal numbers; noise 0.2 is added."""

    def moments(time):
        raw = [4**p * math.exp(-p * 0.5 * time + (p * 0.1 * time) ** 2 / 2) for p in (1, 2, 3, 4)]
        variance, fourth = central(raw)
        return raw[0], variance + 0.04, fourth + 6 * variance * 0.04 + 3 * 0.04**2

    (one, first, fourth), (two, second, _) = moments(1), moments(2)
    return [
        noncentral_mean(one, first, 25, 2.5),
        noncentral_mean(two, second, 25, 1.55),
        deviation(first, fourth, 25, 0.3),
    ]


def log_normal_amount(time):
    """Log-normal amount under log-normal noise."""
    return stats.lognorm(math.hypot(0.4, 0.15), scale=4 * math.exp(-0.5 * time))


def log_normal_moments():
    """Moments of log-normal values."""
    start, later = log_normal_amount(0), log_normal_amount(1)
    variance, fourth = central([later.moment(power) for power in (1, 2, 3, 4)])
    return [
        noncentral_mean(start.mean(), start.var(), 16, 4.1),
        noncentral_mean(later.mean(), later.var(), 16, 2.7),
        deviation(variance, fourth, 16, 1.2),
    ]


def shares():
    """Shares above and below thresholds; 0.43 of 30 people are 13."""
    return [share(log_normal_amount(1).sf(2.5), 30, 0.43), share(log_normal_amount(2).cdf(1.2), 30, 0.2)]


def quantiles():
    """The median and the ninth decile of 19 people: ranks 10 and 18."""
    return [quantile(log_normal_amount(1), 0.5, 19, 2.3), quantile(log_normal_amount(1), 0.9, 19, 4.4)]


def correlated():
    """The logarithm of S is normal: variances of a sum of correlated numbers."""

    def variance(time):
        return 0.3**2 + (0.1 * time) ** 2 - 2 * 0.6 * 0.3 * 0.1 * time + 0.05**2

    log_mean = math.log(4) - 0.5 * 2
    later = of_normal(math.log(4) - 0.5 * 4, variance(4), 40, deviations=[0.3])
    return of_normal(log_mean, variance(2), 40, means=[0.4], deviations=[0.22]) + later


def shared_effect():
    """Two factors with one random effect: their standard deviations add up."""
    variance = (0.3 + 0.2) ** 2 + 0.1**2
    low, high = math.log(1 * 2 * 1.5) - 0.2, math.log(3 * 2 * 1.5) - 0.2
    return of_normal(low, variance, 12, [0.95], [0.45]) + of_normal(high, variance, 10, [2.1])


def covariates():
    """ln k is normal in weight, and a mixture of two normal distributions in sex."""
    mean = math.log(0.5) + 0.75 * math.log(80 / 70)
    variance = 0.25**2 + (0.75 * 0.2) ** 2 + 0.1**2
    spread = math.hypot(0.25, 0.1)
    parts = [stats.norm.cdf(-0.8, math.log(0.5) + shift, spread) for shift in (0.0, -0.3)]
    mixture = 0.6 * parts[0] + 0.4 * parts[1]
    return [*of_normal(mean, variance, 36, [-0.55], [0.33]), share(mixture, 20, 0.4)]


def bioavailability():
    """The logit of F is normal; the share is the convolution of a normal and a Laplace distribution."""
    centre = math.log(0.3 / 0.7)

    def above(logit):
        return stats.norm.pdf(logit, centre, 0.8) * stats.laplace.sf(0, logit, 0.05)

    over = integrate.quad(above, centre - 8, centre + 8, points=[0.0], epsabs=1e-12, limit=400)[0]
    normal = stats.norm(centre, math.hypot(0.8, 0.05))
    first = of_normal(centre, 0.8**2 + 0.05**2, 27, [-0.7])
    return [*first, share(over, 27, 0.15), quantile(normal, 0.25, 27, -1.4)]


PEOPLE = [([0, 1, 3], [4.4, 3.1, 1.2]), ([0.5, 2], [2.6, 1.3]), ([0, 1, 2, 4], [3.6, 1.9, 1.2, 0.4])]


def linear_people():
    """The logarithms of a person's values are multivariate normal; so is what is most likely of their random effects."""
    covariance = np.array([[0.09, -0.3 * 0.3 * 0.1], [-0.3 * 0.3 * 0.1, 0.01]])
    found = []
    for times, values in PEOPLE:
        design = np.stack([np.ones(len(times)), -np.array(times, dtype=float)], axis=1)
        typical = design @ [math.log(4), 0.5]
        whole = design @ covariance @ design.T + 0.04 * np.eye(len(times))
        own = covariance @ design.T @ np.linalg.solve(whole, np.log(values) - typical)
        likelihood = stats.multivariate_normal.logpdf(np.log(values), typical, whole) - np.log(values).sum()
        found += [(each, likelihood / len(times)) for each in np.exp(typical + design @ own)]
    return found


def curved_people():
    """One random effect: the integral by adaptive quadrature, the most likely value by SciPy's search. The tube has typical people."""

    def logs(effect, start, times, values):
        k = 0.5 * np.exp(0.3 * effect)
        parts = [stats.norm.logpdf(y, s * np.exp(-k * t), 0.25) for s, t, y in zip(start, times, values, strict=True)]
        return sum(parts) + stats.norm.logpdf(effect)

    found = []
    for person in [([2, 2, 6], [1, 4, 2], [1.5, 0.6, 3.1]), ([6, 6], [2, 4], [1.4, 0.1])]:
        place = optimize.minimize_scalar(lambda z, who=person: -logs(z, *who), bounds=(-5, 5), options={"xatol": 1e-10})
        best = float(place.x)
        whole = integrate.quad(
            lambda z, who=person: np.exp(logs(z, *who)), -8, 8, epsabs=1e-14, limit=400, points=[best]
        )[0]
        k = 0.5 * math.exp(0.3 * best)
        found += [(s * math.exp(-k * t), math.log(whole) / len(person[0])) for s, t in zip(*person[:2], strict=True)]
    typical = 6 * math.exp(-1)
    return [*found, (typical, stats.norm.logpdf(2.1, typical, 0.25))]


SOLUTIONS = {
    1: normal_rate,
    2: log_normal_moments,
    3: shares,
    4: quantiles,
    5: correlated,
    6: shared_effect,
    7: covariates,
    8: bioavailability,
    9: linear_people,
    10: curved_people,
}
"""By number of the case: for each measurement the simulation, and its part of the log-likelihood (of a person's an equal part)."""
