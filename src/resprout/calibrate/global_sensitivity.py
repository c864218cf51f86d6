"""Global sensitivity of the chain: ranges of its constants in, Morris and Sobol indices with intervals out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch

import numpy as np
from numpy.typing import NDArray

from resprout.calibrate.data_tables import data_rows
from resprout.calibrate.experiments import Arm, inner_names, moved_by, prepare_arm, read_persons
from resprout.calibrate.predicted_measurements import Group, run_group
from resprout.calibrate.sensitivity_indices import (
    Sampling,
    Sensitivity,
    Target,
    indices_of,
    places,
    refuse_lost,
    target_of,
)
from resprout.language.drug_instances import with_drugs, with_drugs_named
from resprout.language.records import Constant, Model
from resprout.people.spreads import SPREADS, spread_of
from resprout.solve import build_kernel

Numbers = NDArray[np.float64]
RANGE_OF_GRADE = {"measured": 0.10, "fitted": 0.20, "assumed": 0.30}
"""Coefficient of variation of a constant in which people do not differ: how well a constant of its grade is known."""
LANES = 16_384


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

    @property
    def stage(self) -> int:
        """Stage of the chain that the constant belongs to."""
        return self.constant.stage

    @property
    def grade(self) -> str:
        """Grade of the constant."""
        return self.constant.grade

    @property
    def range(self) -> str:
        """The range in words."""
        return f"{self.word} {self.size:g}"


def read_target(text: str, model: Model) -> Target:
    """Read `HDRS17@24h` or `spine_density@7 d`.

    raises   InputError
    """
    return target_of(text, lambda name: with_drugs_named(model, [name]).equations, "resprout describe")


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
        factor_of(constant)
        for name, constant in model.constants.items()
        if name in names and constant.role == "constant" and constant.grade != "defined" and constant.value != 0
        if not any(fnmatch(name, pattern) for pattern in fixed)
    ]


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
    factors = find_factors(model, arm, targets)
    solve = _Solver(model, arm, tuple(targets), progress)
    return indices_of(solve, factors, sampling or Sampling(), arm.person, arm.done)


def values_of(factors: Sequence[Factor], unit: Numbers) -> dict[str, Numbers]:
    """Constants from places in their ranges: unit [sample, factor], 0 to 1, gives constant -> [sample]."""
    etas = places(unit)
    return {
        factor.name: SPREADS[factor.word](factor.constant.value, factor.size, etas[:, column])
        for column, factor in enumerate(factors)
    }


class _Solver:
    """Solves samples in batches, and counts."""

    def __init__(self, model: Model, arm: Arm, targets: tuple[Target, ...], progress: Callable[[int], None]) -> None:
        own = prepare_arm(model, read_persons(model), arm)
        self.inner = inner_names(model, own.drugs, _outputs(targets))
        hours = tuple(sorted({0.0, *(target.time_h for target in targets)}))
        moved = moved_by(model, own)
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
        self.lost += refuse_lost(found)
        self.seen = found
        return found

    def _hour(self, target: Target) -> int:
        return self.group.hours.index(target.time_h)

    def _output(self, target: Target) -> int:
        return self.group.outputs.index(self.inner.get(target.output, target.output))


def factor_of(constant: Constant) -> Factor:
    """A constant with its own spread, or with the range of its grade: odds for shares, else a factor."""
    spread = spread_of(constant)
    if spread is not None:
        return Factor(constant, *spread, own=True)
    share = constant.unit == "dimensionless" and 0 < constant.value < 1
    return Factor(constant, "odds" if share else "cv", RANGE_OF_GRADE[constant.grade], own=False)


def _outputs(targets: Sequence[Target]) -> tuple[str, ...]:
    return tuple(sorted({target.output for target in targets}))
