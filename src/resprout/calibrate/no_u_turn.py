"""The No-U-Turn sampler: a log density with its gradient in, chains of draws out."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resprout.errors import need_package

Numbers = NDArray[np.float64]
Density = Callable[[Numbers], tuple[float, Numbers]]
"""[quantity] -> log density up to a constant, and its gradient [quantity]."""
PACKAGES = ("nutpie", "arviz")  # of the extra `calibrate`; the second tells how well chains mixed and weighs draws
CHAINS = 4
SPREAD_OF_STARTS = 0.3


def need_sampler() -> None:
    """Refuse, with what to install, where a package of PACKAGES is missing."""
    for package in PACKAGES:
        need_package(package, "calibrate")


def sampled(density: Density, start: Numbers, *, draws: int, tuning: int, seed: int) -> Numbers:
    """Draw from a density by nutpie; the same seed gives the same draws.

    density  its quantities are on scales of order 1
    start    [quantity]   a likely point, around which chains start
    draws    of each chain, after `tuning` steps of adaptation
    returns  [chain, draw, quantity]

    Source: Hoffman MD, Gelman A. The No-U-Turn sampler. J Mach Learn Res 2014;15:1593-1623.
    """
    with warnings.catch_warnings():
        # ArviZ, which nutpie imports, announces its next version
        warnings.simplefilter("ignore", FutureWarning)
        import nutpie

    def around(own_seed: int) -> Numbers:
        # at the mode itself the gradient, from which the scales are guessed, vanishes
        return start + SPREAD_OF_STARTS * np.random.default_rng(own_seed).standard_normal(len(start))

    def expand(_seed1: int, _seed2: int, _chain: int) -> Callable[..., dict[str, Any]]:
        return lambda free, **_: {"free": np.asarray(free)}

    compiled = nutpie.compiled_pyfunc.from_pyfunc(
        len(start),
        lambda: density,
        expand,
        [np.dtype(np.float64)],
        [(len(start),)],
        ["free"],
        make_initial_point_fn=around,
    )
    trace = nutpie.sample(compiled, draws=draws, tune=tuning, chains=CHAINS, seed=seed, progress_bar=False)
    return np.asarray(trace.posterior["free"])
