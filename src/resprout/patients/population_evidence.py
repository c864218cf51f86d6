"""What observed people say of their population: their particles in; the log density of means and spreads, with its gradient, out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp, softmax

Numbers = NDArray[np.float64]
MEAN_SD, LOG_SPREAD_SD = 1.0, 0.3
"""Prior of the mean of a random effect, in standard deviations of the people, and of the log of its spread; both assumed."""


@dataclass(frozen=True)
class Selected:
    """Draws of the population who would have been observed, and how many observed people they stand for.

    etas    [draw, effect]  1   random effects      mattering   [effect]   which effects change who is observed
    people  how many
    """

    etas: Numbers
    mattering: NDArray[np.bool_]
    people: int


@dataclass(frozen=True)
class Evidence:
    """What the data of all people say of the random effects.

    etas          [person, particle, effect]  1  random effects under each person's posterior, in SD of the first population
    mean, spread  [effect]  1            of the population under which they were drawn
    correlation   [effect, effect]  1    of the effects within the population
    moves_spread  [effect]               whether the spread of an effect may move; otherwise its mean alone
    moves_mean    [effect]               whether its mean may; an effect that does not move is there for its correlation
    selected      by history: who is observed
    """

    etas: Numbers
    mean: Numbers
    spread: Numbers
    correlation: Numbers
    moves_mean: NDArray[np.bool_]
    moves_spread: NDArray[np.bool_]
    selected: Sequence[Selected]

    @property
    def size(self) -> int:
        """How many quantities the density has."""
        return int(self.moves_mean.sum() + self.moves_spread.sum())

    def split(self, free: Numbers) -> tuple[Numbers, Numbers]:
        """Mean and log spread of every effect from the standardised quantities: [effect] each."""
        mean, log_spread = np.zeros(len(self.mean)), np.zeros(len(self.mean))
        many = int(self.moves_mean.sum())
        mean[self.moves_mean] = MEAN_SD * free[:many]
        log_spread[self.moves_spread] = LOG_SPREAD_SD * free[many:]
        return mean, log_spread

    def density(self, free: Numbers) -> tuple[float, Numbers]:
        """Log posterior density of the population, up to a constant.

        free     [quantity]  1   means, then log spreads, over the standard deviations of their priors
        returns  the density and its gradient [quantity]

        A person's likelihood is the mean over the particles of the density of their random effects in the new population
        over that in the population under which they were drawn; it is divided by the share of people who would be observed.
        """
        mean, log_spread = self.split(free)
        log_ratio, by_mean, by_spread = self._ratios(self.etas, mean, log_spread)
        weights = softmax(log_ratio, axis=1)
        total = float(logsumexp(log_ratio, axis=1).sum())
        slope_mean, slope_spread = (np.einsum("pk,pke->e", weights, each) for each in (by_mean, by_spread))
        for group in self.selected:
            own = self._ratios(group.etas[None], mean, log_spread, group.mattering)
            share = softmax(own[0][0])
            total -= group.people * float(logsumexp(own[0][0]))
            slope_mean -= group.people * (share @ own[1][0])
            slope_spread -= group.people * (share @ own[2][0])
        gradient = np.concatenate(
            [MEAN_SD * slope_mean[self.moves_mean], LOG_SPREAD_SD * slope_spread[self.moves_spread]]
        )
        return total - 0.5 * float(free @ free), gradient - free

    def _ratios(
        self, etas: Numbers, mean: Numbers, log_spread: Numbers, among: NDArray[np.bool_] | None = None
    ) -> tuple[Numbers, Numbers, Numbers]:
        """Log ratio of densities [..., draw] and its derivatives by mean and log spread [..., draw, effect]."""
        used = np.ones(len(mean), dtype=bool) if among is None else among
        precision = np.zeros((len(mean), len(mean)))
        precision[np.ix_(used, used)] = np.linalg.inv(self.correlation[np.ix_(used, used)])
        spread = np.exp(log_spread)
        z, before = (etas - mean) / spread, (etas - self.mean) / self.spread
        pulled = z @ precision
        constant = float((np.log(self.spread) - log_spread)[used].sum())
        ratio = -0.5 * (z * pulled).sum(-1) + 0.5 * (before * (before @ precision)).sum(-1) + constant
        return ratio, pulled / spread, z * pulled - used

    def effective_share(self, mean: Numbers, spread: Numbers) -> Numbers:
        """Effective sample size of each person's particles in a new population, over their number: [person]."""
        weights = softmax(self._ratios(self.etas, mean, np.log(spread))[0], axis=1)
        return np.asarray(1 / (weights**2).sum(axis=1) / weights.shape[1])
