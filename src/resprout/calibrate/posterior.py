"""Posterior: a fit in; draws around its mode, and the contraction of each quantity, out."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from resprout.calibrate.fitted_parameters import Numbers, values_of
from resprout.calibrate.no_u_turn import Density, sampled
from resprout.calibrate.posterior_mode import Fit, robust_residual, robust_slope

DRAWS, TUNING = 2000, 1000  # of each chain


@dataclass(frozen=True)
class Posterior:
    """Draws of a fit.

    free      [draw, quantity]   prior sd from the prior, of all chains
    R_hat     [quantity]         of the chains, split and rank-normalised      ESS   [quantity]   draws they are worth
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


def density_and_slope(fit: Fit, rows: Sequence[bool] | None = None) -> Density:
    """The same for one point, with its gradient: [quantity] -> value, [quantity]."""
    surface = fit.surface
    kept = np.ones(len(fit.rows), dtype=bool) if rows is None else np.asarray(rows, dtype=bool)
    wider = np.hypot(1.0, surface.error[kept])
    value = surface.value[kept] / wider
    slope, curvature = surface.slope[kept] / wider[:, None], surface.curvature[kept] / wider[:, None]

    def at(free: Numbers) -> tuple[float, Numbers]:
        away = free - surface.centre
        raw = value + slope @ away + curvature @ away**2
        data = robust_residual(raw)
        pull = data * robust_slope(raw)
        gradient = pull @ slope + 2 * (pull @ curvature) * away
        return float(-0.5 * (data @ data + free @ free)), -gradient - free

    return at


def sample(fit: Fit, *, seed: int = 1, draws: int = DRAWS, rows: Sequence[bool] | None = None) -> Posterior:
    """Sample a fit by the No-U-Turn sampler, which starts where the fit ended.

    draws   of each chain, after TUNING steps of adaptation (fewer for short chains)
    rows    [row]   which rows count; None for all

    The engine enters through the fit's emulator.
    """
    tuning = min(TUNING, 2 * draws)
    chains = sampled(density_and_slope(fit, rows), fit.free, draws=draws, tuning=tuning, seed=seed)
    R_hat, ESS = diagnostics(chains)
    return Posterior(fit, chains.reshape(-1, len(fit.quantities)), R_hat, ESS)


def diagnostics(chains: Numbers) -> tuple[Numbers, Numbers]:
    """R-hat and effective draws of chains [chain, draw, quantity]: [quantity] each."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        import arviz
    data = arviz.convert_to_dataset(chains)
    return np.asarray(arviz.rhat(data)["x"]), np.asarray(arviz.ess(data)["x"])
