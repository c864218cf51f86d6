"""Posterior: a fit in; draws around its mode, and the contraction of each quantity, out."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field

import emcee
import numpy as np

from resprout.calibrate.fitted_parameters import Numbers, values_of
from resprout.calibrate.posterior_mode import Fit, robust_residual

STEPS, BURN_IN, KEPT_EVERY = 6000, 1500, 5
SPREAD_OF_WALKERS = 0.1  # prior sd around the posterior mode, so that walkers start where there is something


@dataclass(frozen=True)
class Posterior:
    """Draws of one part of the fit.

    free      [draw, quantity]   prior sd from the prior, thinned from all walkers
    R_hat     [quantity]         of the walkers, split and rank-normalised      ESS   [quantity]   draws they are worth
    """

    fit: Fit
    free: Numbers = field(repr=False)
    R_hat: Numbers
    ESS: Numbers

    @property
    def contraction(self) -> Numbers:
        """[quantity] posterior contraction: one minus the variance over that of the prior, 0 to 1."""
        return np.asarray(1 - self.free.var(axis=0))

    def draws(self, count: int, seed: int = 1) -> list[dict[str, float]]:
        """Some draws as values by name."""
        chosen = np.random.default_rng(seed).choice(len(self.free), count, replace=False)
        return [values_of(self.fit.quantities, self.free[number]) for number in chosen]


def log_density(fit: Fit, free: Numbers, rows: Sequence[bool] | None = None) -> Numbers:
    """Log posterior of points [point, quantity] with residuals by the fit's emulator; up to a constant.

    rows   [row]   which rows count; None for all

    What the engine lies off the emulator widens the spread of a row.
    """
    surface = fit.surface
    raw = surface.at(free) / np.hypot(1.0, surface.error)
    data = robust_residual(raw if rows is None else raw[:, np.asarray(rows)])
    return np.asarray(-0.5 * ((data**2).sum(axis=1) + (free**2).sum(axis=1)))


def sample(fit: Fit, *, seed: int = 1, steps: int = STEPS, rows: Sequence[bool] | None = None) -> Posterior:
    """Sample a fit with an ensemble of walkers; all walkers are computed at once.

    rows   [row]   which rows count; None for all

    The engine enters through the fit's emulator.
    """
    size = len(fit.quantities)
    walkers = 4 * size
    random = np.random.RandomState(seed)
    start = fit.free + SPREAD_OF_WALKERS * random.standard_normal((walkers, size))
    sampler = emcee.EnsembleSampler(
        walkers, size, lambda free: log_density(fit, free, rows), vectorize=True, moves=MOVES
    )
    sampler.random_state = random.get_state()
    sampler.run_mcmc(start, steps)
    chain = sampler.get_chain(discard=steps * BURN_IN // STEPS, thin=KEPT_EVERY)
    R_hat, ESS = diagnostics(np.swapaxes(chain, 0, 1))
    return Posterior(fit, chain.reshape(-1, size), R_hat, ESS)


def diagnostics(chains: Numbers) -> tuple[Numbers, Numbers]:
    """R-hat and effective draws of chains [chain, draw, quantity]: [quantity] each."""
    with warnings.catch_warnings():
        # ArviZ announces its next version at import
        warnings.simplefilter("ignore", FutureWarning)
        import arviz
    data = arviz.convert_to_dataset(chains)
    return np.asarray(arviz.rhat(data)["x"]), np.asarray(arviz.ess(data)["x"])


# stretch moves alone mix slowly beyond a dozen quantities; differences between walkers follow correlations
MOVES = [(emcee.moves.DEMove(), 0.8), (emcee.moves.DESnookerMove(), 0.2)]
