"""Meta-analysis: effects of several trials in, the pooled effect, what the next trial may show, and heterogeneity out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import stdtrit

from resprout.statistics.estimability import FEW_TRIALS, NO_ERROR

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Pooled:
    """A random-effects estimate.

    estimate, se, lower, upper  Hartung-Knapp     tau2  variance between trials     I2  share of variance from it, in %
    ahead_lower, ahead_upper    95 % prediction interval of the next trial's true effect
    weight                      [trial] share of each trial
    reason                      why it is not estimable, and all else is NaN; empty where it is
    """

    estimate: float
    se: float
    lower: float
    upper: float
    tau2: float
    I2: float
    ahead_lower: float
    ahead_upper: float
    weight: Numbers
    reason: str = ""


def pool(effect: Numbers, se: Numbers, level: float = 0.95) -> Pooled:
    """Pool the effects of several trials by a random-effects model.

    effect   [trial]  1  effect of each trial on an additive scale, for instance log odds
    se       [trial]  1  standard error of each effect, above 0
    level    scalar   1  confidence level of the intervals
    returns  variance between trials by restricted maximum likelihood, confidence interval by Hartung and Knapp, prediction
             interval with the same t, of one fewer degree of freedom than trials. Not estimable from fewer than two trials,
             or where an effect is unknown or a standard error is not above 0; then all is NaN and `reason` says why

    Hartung J, Knapp G. Stat Med 2001;20:3875-89.
    """
    effect, variance = np.asarray(effect, float), np.square(np.asarray(se, float))
    trials = effect.size
    sound = np.isfinite(effect) & np.isfinite(variance) & (variance > 0)
    if trials < 2 or not sound.all():
        reason, unknown = FEW_TRIALS if trials < 2 else NO_ERROR, np.nan
        estimate = (unknown, unknown, unknown, unknown, unknown, unknown, unknown, unknown)
        return Pooled(*estimate, np.full(trials, np.nan), reason)

    def deviance(tau2: float) -> float:
        weight = 1 / (variance + tau2)
        mean = (weight * effect).sum() / weight.sum()
        return float(np.log(variance + tau2).sum() + np.log(weight.sum()) + (weight * (effect - mean) ** 2).sum())

    widest = 10 * max(float(effect.var()), float(variance.max()))
    tau2 = float(minimize_scalar(deviance, bounds=(0, widest), method="bounded", options={"xatol": 1e-12}).x)
    tau2 = 0.0 if deviance(0.0) <= deviance(tau2) else tau2
    weight = 1 / (variance + tau2)
    mean = float((weight * effect).sum() / weight.sum())
    error = float(np.sqrt((weight * (effect - mean) ** 2).sum() / (trials - 1) / weight.sum()))
    tail = (1 + level) / 2
    half = float(stdtrit(trials - 1, tail)) * error
    ahead = float(stdtrit(trials - 1, tail)) * float(np.sqrt(tau2 + error**2))
    plain = 1 / variance
    typical = (trials - 1) * plain.sum() / (plain.sum() ** 2 - np.square(plain).sum())
    I2 = 100 * tau2 / (tau2 + typical)
    return Pooled(mean, error, mean - half, mean + half, tau2, I2, mean - ahead, mean + ahead, weight / weight.sum())


def log_odds(responders: Numbers, people: Numbers) -> tuple[Numbers, Numbers]:
    """Log odds of response and its standard error, with half a patient added to each cell so that both stay finite.

    responders  [...]  patients  number of responders
    people      [...]  patients  number of patients
    returns     log odds [...] and standard error [...]
    """
    yes, no = np.asarray(responders, float) + 0.5, np.asarray(people, float) - np.asarray(responders, float) + 0.5
    return np.log(yes / no), np.sqrt(1 / yes + 1 / no)


def share_of(log_odds: float) -> float:
    """Proportion that corresponds to log odds.

    log_odds  scalar  1  natural logarithm of the odds
    returns   scalar  1  0 to 1
    """
    return float(1 / (1 + np.exp(-log_odds)))
