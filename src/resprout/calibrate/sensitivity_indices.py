"""Indices of global sensitivity: what solves samples of ranges in, Morris and Sobol indices with intervals out."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from resprout.errors import Fault, InputError, SolveError, nearest

Numbers = NDArray[np.float64]
TARGET = re.compile(r"(?P<output>\w+)@(?P<size>\d+\.?\d*|\.\d+) ?(?P<unit>s|min|h|d|w|)")
HOURS = {"s": 1 / 3600, "min": 1 / 60, "h": 1.0, "d": 24.0, "w": 168.0}
MIDDLE = (0.025, 0.975)  # of each range: a few extreme values would carry the whole variance
RESAMPLES, LEVEL, LEVELS = 100, 0.95, 4


@dataclass(frozen=True)
class Target:
    """An output at an hour after the first dose."""

    output: str
    time_h: float
    text: str


class Varied(Protocol):
    """What is varied: a constant of the chain or a quantity of an imported model, which has no stage (0) and no grade ("")."""

    @property
    def name(self) -> str:
        """Name of the constant."""

    @property
    def stage(self) -> int:
        """Stage of the chain; 0 for none."""

    @property
    def grade(self) -> str:
        """Grade; empty for none."""

    @property
    def range(self) -> str:
        """The range in words."""

    @property
    def own(self) -> bool:
        """Whether the range was given for this quantity."""


class Solver(Protocol):
    """Solves samples and counts: (factors, [sample, factor] 0 to 1) -> [sample, target], NaN where a sample could not be solved."""

    targets: tuple[Target, ...]
    runs: int
    lost: int
    seen: Numbers

    def __call__(self, factors: Sequence[Any], unit: Numbers) -> Numbers:
        """Every target of every sample."""


@dataclass(frozen=True)
class Index:
    """Sensitivity of one target to one constant.

    mu_star      mean size of the effect of a step through the range, in the output's unit        sigma   its spread
    first        share of variance that the constant explains alone                total   alone and together with others
    ..._lower, ..._upper   95 % interval from resampling
    """

    target: Target
    factor: Varied
    mu_star: float
    mu_star_lower: float
    mu_star_upper: float
    sigma: float
    first: float = np.nan
    first_lower: float = np.nan
    first_upper: float = np.nan
    total: float = np.nan
    total_lower: float = np.nan
    total_upper: float = np.nan


@dataclass(frozen=True)
class Sensitivity:
    """Indices of every target and factor, and what was run.

    spread    [target]  mean and standard deviation of each target over the samples
    person    who is treated; empty for an imported model      given   what
    runs      number of runs           lost   number that could not be solved
    """

    indices: tuple[Index, ...]
    spread: tuple[tuple[float, float], ...]
    person: str
    given: str
    samples: int
    runs: int
    lost: int

    def of(self, target: Target) -> list[Index]:
        """Indices of one target, the largest first."""
        chosen = [index for index in self.indices if index.target == target]
        return sorted(chosen, key=lambda index: -(index.mu_star if np.isnan(index.total) else index.total))


@dataclass(frozen=True)
class Sampling:
    """How the ranges of the constants are sampled.

    samples        base sample of Sobol, a power of two
    trajectories   of Morris
    keep           number of constants that Sobol takes over from Morris; None for all
    sobol          whether Sobol indices follow the screening
    seed           of the samples
    """

    samples: int = 512
    trajectories: int = 20
    keep: int | None = None
    sobol: bool = True
    seed: int = 1


def target_of(
    text: str, known: Callable[[str], Collection[str]], listing: str, own_unit: tuple[str, float] | None = None
) -> Target:
    """Read an output at a time.

    known      by the name that is asked for: names of the outputs that there are
    listing    the command that lists them
    own_unit   name and hours of the unit of a time without one; None if a time must have one
    raises     InputError
    """
    match = TARGET.fullmatch(text.strip())
    if match is None or not (match["unit"] or own_unit):
        raise InputError(Fault(f"`{text}` is no output at a time.", "", "Expected for instance `HDRS17@24h`."))
    names = known(match["output"])
    if match["output"] not in names:
        remedy = nearest(match["output"], names, listing)
        raise InputError(Fault(f"`{match['output']}` is no output of the model.", "", "", remedy))
    unit, hours = (match["unit"], HOURS[match["unit"]]) if match["unit"] else own_unit or ("", 1.0)
    return Target(match["output"], float(match["size"]) * hours, f"{match['output']} at {match['size']} {unit}")


def indices_of(solve: Solver, factors: Sequence[Varied], how: Sampling, person: str, given: str) -> Sensitivity:
    """Morris screening of all factors, then Sobol indices, by whatever solves the samples.

    solve           the model at its targets      factors   what is varied      how   how the ranges are sampled
    person, given   who is given what, in words
    raises          SolveError if more than one run in twenty fails
    """
    targets = solve.targets
    morris = _morris(solve, factors, how.trajectories, how.seed)
    indices = [index for target in targets for index in morris[target]]
    values = solve.seen
    if how.sobol:
        rank = {factor.name: max(_share(morris[t], factor) for t in targets) for factor in factors}
        chosen = sorted(factors, key=lambda factor: -rank[factor.name])[: how.keep or len(factors)]
        indices, values = _sobol(solve, chosen, how.samples, how.seed, indices, targets)
    spread = tuple((float(np.nanmean(column)), float(np.nanstd(column))) for column in values.T)
    return Sensitivity(tuple(indices), spread, person, given, how.samples if how.sobol else 0, solve.runs, solve.lost)


def places(unit: Numbers) -> Numbers:
    """Standard normal numbers from places in a range, 0 to 1; the extreme 5 % of the distribution are left out."""
    low, high = MIDDLE
    return np.asarray(ndtri(low + (high - low) * unit))


def refuse_lost(found: Numbers) -> int:
    """How many samples [sample, target] could not be solved.

    raises   SolveError for more than one in twenty
    """
    failed = np.isnan(found).any(axis=1)
    if failed.mean() > 0.05:
        said = f"{failed.mean():.0%} of the runs could not be solved."
        raise SolveError(Fault(said, "", "At most one in twenty was expected.", "Look at the constants' spreads."))
    return int(failed.sum())


def _morris(solve: Solver, factors: Sequence[Varied], trajectories: int, seed: int) -> dict[Target, list[Index]]:
    """Screen: the mean size of the effect of one step in one constant."""
    from SALib.analyze import morris as analyze
    from SALib.sample import morris as sample

    problem = _problem(factors)
    unit = sample.sample(problem, trajectories, num_levels=LEVELS, seed=seed)
    found = solve(factors, unit)
    whole = _whole(found, len(factors) + 1)
    result = {}
    for column, target in enumerate(solve.targets):
        said = analyze.analyze(problem, unit[whole], found[whole, column], num_levels=LEVELS, seed=seed)
        rows = zip(factors, said["mu_star"], said["mu_star_conf"], said["sigma"], strict=True)
        result[target] = [
            Index(target, factor, float(mu), float(mu - width), float(mu + width), float(sigma))
            for factor, mu, width, sigma in rows
        ]
    return result


def _sobol(
    solve: Solver,
    factors: Sequence[Varied],
    samples: int,
    seed: int,
    screened: Sequence[Index],
    targets: Sequence[Target],
) -> tuple[list[Index], Numbers]:
    """First and total shares of variance, beside the screening's numbers; and the values they rest on."""
    from SALib.analyze import sobol as analyze
    from SALib.sample import sobol as sample

    problem = _problem(factors)
    unit = sample.sample(problem, samples, calc_second_order=False, seed=seed)
    found = solve(factors, unit)
    whole = _whole(found, len(factors) + 2)
    before = {(index.target, index.factor.name): index for index in screened}
    indices = []
    for column, target in enumerate(targets):
        values = found[whole, column]
        said = _analysed(analyze, problem, values, seed)
        for row, factor in enumerate(factors):
            old = before[target, factor.name]
            parts = {
                "first": (said["S1"][row], said["S1_conf"][row]),
                "total": (said["ST"][row], said["ST_conf"][row]),
            }
            numbers = {name: float(value) for name, (value, _) in parts.items()}
            numbers |= {f"{name}_lower": float(value - width) for name, (value, width) in parts.items()}
            numbers |= {f"{name}_upper": float(value + width) for name, (value, width) in parts.items()}
            indices.append(
                Index(target, factor, old.mu_star, old.mu_star_lower, old.mu_star_upper, old.sigma, **numbers)
            )
    return indices, found


def _analysed(analyze: Any, problem: Mapping[str, Any], values: Numbers, seed: int) -> Any:
    return analyze.analyze(
        problem, values, calc_second_order=False, num_resamples=RESAMPLES, conf_level=LEVEL, seed=seed
    )


def _problem(factors: Sequence[Varied]) -> dict[str, Any]:
    names = [factor.name for factor in factors]
    return {"num_vars": len(names), "names": names, "bounds": [[0.0, 1.0]] * len(names)}


def _whole(found: Numbers, size: int) -> NDArray[np.bool_]:
    """Samples of the blocks of `size` in which every one was solved: indices are worked out block by block."""
    good = ~np.isnan(found).any(axis=1)
    return np.repeat(good.reshape(-1, size).all(axis=1), size)


def _share(indices: Sequence[Index], factor: Varied) -> float:
    """A factor's effect as a share of the largest on the same target."""
    largest = max(index.mu_star for index in indices) or 1.0
    return next(index.mu_star for index in indices if index.factor == factor) / largest
