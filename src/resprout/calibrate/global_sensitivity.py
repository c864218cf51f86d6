"""Global sensitivity analysis: ranges of constants in, Morris and Sobol indices with intervals out."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from resprout.calibrate.data_tables import data_rows
from resprout.calibrate.experiments import Arm, inner_names, numbered, prepare_arm, read_persons
from resprout.calibrate.predicted_measurements import Group, run_group
from resprout.errors import Fault, InputError, SolveError, nearest
from resprout.language.drug_instances import with_drugs, with_drugs_named
from resprout.language.records import Constant, Model
from resprout.people.spreads import SPREADS, spread_of
from resprout.solve import build_kernel

Numbers = NDArray[np.float64]
TARGET = re.compile(r"(?P<output>\w+)@(?P<size>\d*\.?\d+) ?(?P<unit>min|h|d|w)")
HOURS = {"min": 1 / 60, "h": 1.0, "d": 24.0, "w": 168.0}
RANGE_OF_GRADE = {"measured": 0.10, "fitted": 0.20, "assumed": 0.30}
"""Coefficient of variation of a constant in which people do not differ: how well a constant of its grade is known."""
MIDDLE = (0.025, 0.975)  # of each range: a few extreme values would carry the whole variance
LANES = 16_384
RESAMPLES, LEVEL, LEVELS = 100, 0.95, 4


@dataclass(frozen=True)
class Target:
    """An output at an hour after the first dose."""

    output: str
    time_h: float
    text: str


@dataclass(frozen=True)
class Factor:
    """A constant that is varied, by a word and size of people/spreads.py; `own` if that is its own spread."""

    constant: Constant
    word: str
    size: float
    own: bool

    @property
    def name(self) -> str:
        """The constant's name."""
        return self.constant.name


@dataclass(frozen=True)
class Index:
    """Sensitivity of one target to one constant.

    mu_star      mean size of the effect of a step through the range, in the output's unit        sigma   its spread
    first        share of variance that the constant explains alone                total   alone and together with others
    ..._lower, ..._upper   95 % interval from resampling
    """

    target: Target
    factor: Factor
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
    runs      number of runs           lost   number that could not be solved
    """

    indices: tuple[Index, ...]
    spread: tuple[tuple[float, float], ...]
    arm: Arm
    samples: int
    runs: int
    lost: int

    def of(self, target: Target) -> list[Index]:
        """Indices of one target, the largest first."""
        chosen = [index for index in self.indices if index.target == target]
        return sorted(chosen, key=lambda index: -(index.mu_star if np.isnan(index.total) else index.total))


def read_target(text: str, model: Model) -> Target:
    """Read `HDRS17@24h` or `spine_density@7 d`.

    raises   InputError
    """
    match = TARGET.fullmatch(text.strip())
    if match is None:
        raise InputError(Fault(f"`{text}` is no output at a time.", "", "Expected for instance `HDRS17@24h`."))
    known = with_drugs_named(model, [match["output"]]).equations
    if match["output"] not in known:
        remedy = nearest(match["output"], known, "resprout describe")
        raise InputError(Fault(f"`{match['output']}` is no output of the model.", "", "", remedy))
    hours = float(match["size"]) * HOURS[match["unit"]]
    return Target(match["output"], hours, f"{match['output']} at {match['size']} {match['unit']}")


def find_factors(model: Model, arm: Arm, targets: Sequence[Target]) -> list[Factor]:
    """Every constant that the targets read in this experiment and whose value is uncertain."""
    own = prepare_arm(model, read_persons(model), arm)
    chain = with_drugs(model, own.drugs)
    kernel = build_kernel(chain, _outputs(targets), frozenset(name for _, name, _ in own.changes))
    return [factor for factor in varied_constants(chain, kernel.layout.constants) if factor.name not in own.constants]


def varied_constants(model: Model, names: Collection[str]) -> list[Factor]:
    """Those of some constants whose value is uncertain: no inputs, causes, zeros or definitions, none of fixed_constants.tsv."""
    fixed = [row["constant"] for row in data_rows("fixed_constants")]
    return [
        _factor(constant)
        for name, constant in model.constants.items()
        if name in names and constant.role == "constant" and constant.grade != "defined" and constant.value != 0
        if not any(fnmatch(name, pattern) for pattern in fixed)
    ]


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


def analyse_sensitivity(
    model: Model,
    arm: Arm,
    targets: Sequence[Target],
    sampling: Sampling | None = None,
    *,
    progress: Callable[[int], None] = lambda done: None,
) -> Sensitivity:
    """Morris screening of all constants, then Sobol indices.

    model      the model whose constants are varied
    arm        who is given what
    targets    outputs at hours
    sampling   None for the default
    progress   called with the number of runs done
    raises     InputError for unknown words, SolveError if more than one run in twenty fails
    """
    how = sampling or Sampling()
    factors = find_factors(model, arm, targets)
    solve = _Solver(model, arm, tuple(targets), progress)
    morris = _morris(solve, factors, how.trajectories, how.seed)
    indices = [index for target in targets for index in morris[target]]
    values = solve.seen
    if how.sobol:
        rank = {factor.name: max(_share(morris[t], factor) for t in targets) for factor in factors}
        chosen = sorted(factors, key=lambda factor: -rank[factor.name])[: how.keep or len(factors)]
        indices, values = _sobol(solve, chosen, how.samples, how.seed, indices, targets)
    spread = tuple((float(np.nanmean(column)), float(np.nanstd(column))) for column in values.T)
    return Sensitivity(tuple(indices), spread, arm, how.samples if how.sobol else 0, solve.runs, solve.lost)


def values_of(factors: Sequence[Factor], unit: Numbers) -> dict[str, Numbers]:
    """Constants from places in their ranges: unit [sample, factor], 0 to 1, gives constant -> [sample]."""
    low, high = MIDDLE
    etas = ndtri(low + (high - low) * unit)
    return {
        factor.name: SPREADS[factor.word](factor.constant.value, factor.size, etas[:, column])
        for column, factor in enumerate(factors)
    }


class _Solver:
    """Solves samples in batches, and counts."""

    def __init__(self, model: Model, arm: Arm, targets: tuple[Target, ...], progress: Callable[[int], None]) -> None:
        own = prepare_arm(model, read_persons(model), arm)
        changes = numbered(model, [own])[1][0].changes
        self.inner = inner_names(model, own.drugs, _outputs(targets))
        hours = tuple(sorted({0.0, *(target.time_h for target in targets)}))
        moved = tuple(sorted({name for _, name, _ in changes}))
        self.model, self.targets, self.progress = model, targets, progress
        outputs = tuple(self.inner.get(name, name) for name in _outputs(targets))
        self.group = Group((arm,), outputs, moved, hours)
        self.runs = self.lost = 0
        self.seen: Numbers = np.empty((0, len(targets)))

    def __call__(self, factors: Sequence[Factor], unit: Numbers) -> Numbers:
        """Every target of every sample: [sample, target], NaN where it could not be solved."""
        draws = values_of(factors, unit)
        parts = []
        for first in range(0, len(unit), LANES):
            own = {name: value[first : first + LANES] for name, value in draws.items()}
            trajectory = run_group(self.model, self.group, own, min(LANES, len(unit) - first))[0]
            parts.append(np.stack([trajectory[:, self._hour(t), self._output(t)] for t in self.targets], axis=1))
            self.runs += len(trajectory)
            self.progress(self.runs)
        found = np.concatenate(parts)
        failed = np.isnan(found).any(axis=1)
        self.lost += int(failed.sum())
        self.seen = found
        if failed.mean() > 0.05:
            said = f"{failed.mean():.0%} of the runs could not be solved."
            raise SolveError(Fault(said, "", "At most one in twenty was expected.", "Look at the constants' spreads."))
        return found

    def _hour(self, target: Target) -> int:
        return self.group.hours.index(target.time_h)

    def _output(self, target: Target) -> int:
        return self.group.outputs.index(self.inner.get(target.output, target.output))


def _morris(solve: _Solver, factors: Sequence[Factor], trajectories: int, seed: int) -> dict[Target, list[Index]]:
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
    solve: _Solver,
    factors: Sequence[Factor],
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


def _problem(factors: Sequence[Factor]) -> dict[str, Any]:
    names = [factor.name for factor in factors]
    return {"num_vars": len(names), "names": names, "bounds": [[0.0, 1.0]] * len(names)}


def _whole(found: Numbers, size: int) -> NDArray[np.bool_]:
    """Samples of the blocks of `size` in which every one was solved: indices are worked out block by block."""
    good = ~np.isnan(found).any(axis=1)
    return np.repeat(good.reshape(-1, size).all(axis=1), size)


def _share(indices: Sequence[Index], factor: Factor) -> float:
    """A factor's effect as a share of the largest on the same target."""
    largest = max(index.mu_star for index in indices) or 1.0
    return next(index.mu_star for index in indices if index.factor == factor) / largest


def _factor(constant: Constant) -> Factor:
    """A constant with its own spread, or with the range of its grade: odds for shares, else a factor."""
    spread = spread_of(constant)
    if spread is not None:
        return Factor(constant, *spread, own=True)
    share = constant.unit == "dimensionless" and 0 < constant.value < 1
    return Factor(constant, "odds" if share else "cv", RANGE_OF_GRADE[constant.grade], own=False)


def _outputs(targets: Sequence[Target]) -> tuple[str, ...]:
    return tuple(sorted({target.output for target in targets}))
