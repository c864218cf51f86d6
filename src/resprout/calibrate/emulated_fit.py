"""From a mode to a posterior of the engine: points of the posterior are computed by the engine, and the emulator and mode corrected by them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.optimize import least_squares

from resprout.calibrate.fitted_parameters import Numbers
from resprout.calibrate.posterior import sample
from resprout.calibrate.posterior_mode import FAR_START, Fit, Problem, Progress, loss_of, robust_residual
from resprout.calibrate.residual_emulator import QuadraticResiduals, learned

ROUNDS = (130, 70)  # points of the engine in each round; most of the time of a fit
SAMPLED = 500  # draws of each chain from which points are taken


def emulate(
    problem: Problem, fit: Fit, *, rounds: Sequence[int] = ROUNDS, seed: int = 1, progress: Progress = print
) -> Fit:
    """Learn the residuals of a fit from the engine where its posterior lies, and move its mode to the best point seen.

    problem   what the fit moved and looked at
    fit       its mode, with the Jacobian there
    rounds    points of the engine in each round
    returns   Fit with an emulator; a fit that was stopped goes on from what it has kept on disk

    Each round draws points from the posterior of the emulator so far, computes their residuals by the engine, and corrects the
    emulator by those of all rounds. The first emulator is the Jacobian. The mode moves where the engine confirms the emulator's.
    """
    points = fit.free[None]
    residuals = fit.residual[None]
    first = fit.surface
    for number, count in enumerate(rounds):
        progress(f"{problem.name}: {count} points of the posterior, round {number + 1}")
        fresh = _drawn(fit, count, seed + number)
        expected = fit.surface.at(fresh)
        computed = problem.residuals(list(fresh), progress)
        computed = np.where(np.isfinite(computed), computed, np.nan)
        missed = float(np.sqrt(np.nanmean((computed - expected) ** 2)))
        computed = np.where(np.isnan(computed), expected, computed)  # what could not be computed says nothing new
        points, residuals = np.concatenate([points, fresh]), np.concatenate([residuals, computed])
        fit = replace(fit, emulator=learned(first, points, residuals), missed=(*fit.missed, missed))
        best = _best(fit)
        fit = _moved(problem, fit, [best, (best + fit.free) / 2])
    return fit


def _drawn(fit: Fit, count: int, seed: int) -> Numbers:
    """Points of the posterior that the emulator gives, not further than FAR_START from the priors: [point, quantity]."""
    free = sample(fit, seed=seed, draws=SAMPLED).free
    chosen = np.random.default_rng(seed).choice(len(free), count, replace=False)
    return np.clip(free[chosen], -FAR_START, FAR_START)


def _best(fit: Fit) -> Numbers:
    """The mode of the emulator: [quantity]."""
    surface = fit.surface

    def whole(free: Numbers) -> Numbers:
        return np.concatenate([robust_residual(surface.at(free[None])[0]), free])

    bounds = (np.minimum(-FAR_START, fit.free - 1e-9), np.maximum(FAR_START, fit.free + 1e-9))
    return np.asarray(least_squares(whole, fit.free, bounds=bounds).x)


def _moved(problem: Problem, fit: Fit, candidates: list[Numbers]) -> Fit:
    """The fit at the candidate with the smallest loss by the engine, where that is below its own."""
    for free in candidates:
        residual = problem.residuals_at(free)
        loss = loss_of(robust_residual(residual), free)
        if loss < fit.loss:
            fit = replace(fit, free=free, residual=residual, jacobian=_slope(fit.surface, free), loss=loss)
    return fit


def _slope(surface: QuadraticResiduals, free: Numbers) -> Numbers:
    """Jacobian of the emulator at a point: [row, quantity]."""
    return np.asarray(surface.slope + 2 * surface.curvature * (free - surface.centre))
