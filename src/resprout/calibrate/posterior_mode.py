"""The fit: quantities with priors and blocks of data in; the posterior mode, its residuals and Jacobian out."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib import resources
from pathlib import Path

import numpy as np
from scipy.optimize import least_squares

from resprout import cache
from resprout.calibrate.data_tables import data_folder
from resprout.calibrate.fitted_parameters import Numbers, Quantity, read_quantities, values_of
from resprout.calibrate.observed_people import ObservedPeople
from resprout.calibrate.residual_emulator import QuadraticResiduals, straight
from resprout.calibrate.residuals import BAND_FAR, Block, Interventions, Laboratory, Trials
from resprout.calibrate.shared_work import Share, by_own_processes
from resprout.language.records import Model
from resprout.patients.dataset import Dataset

STEP = 0.5  # of a prior sd: long enough that shares of a few hundred people move
FAR_START = 3.0  # prior sd
REACH = 4.0  # prior sd that the first step may take along all quantities together
SOFT = 2.0  # sd beyond which a residual counts linearly, so that one outlying trial does not bend all others
MOST_STEPS = 5  # the emulator finds what is left (emulated_fit.py)
WHEN_TO_STOP = {"ftol": 4e-3, "xtol": 1e-3, "gtol": 1e-3}
STAGES = (1, 2, 3, 4, 5, 6)  # of the laboratory
AT_ONCE = 16  # points that are computed before they are kept: what an interruption costs
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Fit:
    """Where a fit ended.

    free       [quantity]        prior sd from the prior      residual   [row]   in sd, before the robust loss
    jacobian   [row, quantity]   of the residuals             loss       half the sum of squared robust residuals, prior included
    emulator   residuals around the mode as learned from the engine; None for the Jacobian alone
    missed     [round]           root mean square of engine less emulator, in sd, at points that it had not seen
    """

    quantities: tuple[Quantity, ...]
    rows: tuple[str, ...]
    free: Numbers
    residual: Numbers
    jacobian: Numbers
    loss: float
    steps: int
    emulator: QuadraticResiduals | None = None
    missed: tuple[float, ...] = ()

    @property
    def surface(self) -> QuadraticResiduals:
        """Residuals near the mode, without the engine."""
        return self.emulator or straight(self.free, self.residual, self.jacobian)

    @property
    def values(self) -> dict[str, float]:
        """The most likely value of each quantity, by name."""
        return values_of(self.quantities, self.free)


def robust_residual(residual: Numbers) -> Numbers:
    """Residuals whose squares grow linearly beyond SOFT: near zero unchanged."""
    size: Numbers = SOFT * np.sqrt(2 * (np.sqrt(1 + (residual / SOFT) ** 2) - 1))
    return np.copysign(size, residual)


def robust_slope(residual: Numbers) -> Numbers:
    """Derivative of `robust_residual`: 1 near zero."""
    away = (residual / SOFT) ** 2
    # near zero both sides of the quotient vanish
    root = np.sqrt(1 + away)
    size = np.sqrt(2 * away / (1 + root))
    return np.asarray(np.where(away > 1e-12, np.sqrt(away) / np.maximum(size * root, 1e-300), 1.0))


def loss_of(data: Numbers, free: Numbers) -> float:
    """Half the sum of squares of robust residuals [row] and of the distances from the priors [quantity]."""
    return float(0.5 * (data @ data + free @ free))


def blocks_of(model: Model, start: Mapping[str, float]) -> list[Block]:
    """The data that the fit looks at; the spread of trials is taken at `start`."""
    return [Laboratory.of(model, STAGES), Interventions.of(model), Trials.of(model, start)]


@dataclass(frozen=True)
class Problem:
    """What a fit moves and looks at.

    name     under which its points are kept on disk
    others   constants that it holds, by name
    start    [quantity]   where the search starts, prior sd from the prior
    share    gives points to workers
    """

    model: Model
    quantities: tuple[Quantity, ...]
    blocks: tuple[Block, ...]
    start: Numbers
    name: str = "all"
    others: Mapping[str, float] = field(default_factory=dict)
    share: Share = by_own_processes

    @property
    def rows(self) -> tuple[str, ...]:
        """A name for each row of data."""
        return tuple(name for block in self.blocks for name in block.names)

    def residuals(self, free: Sequence[Numbers], progress: Progress = lambda _: None) -> Numbers:
        """Of the engine at points: [point, row], in sd, as the blocks give them; each computed once and kept on disk."""
        return self._keeper.computed(free, self.quantities, progress)

    def residuals_at(self, free: Numbers) -> Numbers:
        """[row] of the engine at one point, as the search sees them."""
        return self._keeper.residuals([free], self.quantities)[0]

    def slopes_at(self, free: Numbers, progress: Progress = lambda _: None) -> Numbers:
        """[row, quantity] of the engine, from differences of STEP along each quantity."""
        points = [free, *(free + STEP * row for row in np.eye(len(free)))]
        near = self._keeper.residuals(points, self.quantities, progress)
        return ((near[1:] - near[0]) / STEP).T

    @cached_property
    def _keeper(self) -> _Keeper:
        return _Keeper(self.model, self.name, self.blocks, self.others, self.share)


def whole_problem(model: Model, data: Dataset | None = None, share: Share = by_own_processes) -> Problem:
    """Every quantity that may be fitted, and all published data, with those of observed people beside them where some are given.

    The search starts from the shipped values, within FAR_START of their priors.
    """
    quantities = read_quantities(model)
    free = np.array([float(each.free(each.shipped(model))) for each in quantities]).clip(-FAR_START, FAR_START)
    start = values_of(quantities, free)
    own = None if data is None else ObservedPeople.of(model, data, start)
    blocks = [*blocks_of(model, start), *([own] if own else [])]
    return Problem(model, quantities, tuple(blocks), free, f"all and {own.digest}" if own else "all", share=share)


def fit_problem(problem: Problem, *, most_steps: int = MOST_STEPS, progress: Progress = print) -> Fit:
    """Search for the posterior mode.

    most_steps   of the search
    returns      Fit; a fit that was stopped goes on from what it has kept on disk

    The Jacobian comes from differences where the search starts, and from Broyden's updates after that.
    """
    rows = problem.rows
    jacobian = _Jacobian(problem, progress)

    def whole(free: Numbers) -> Numbers:
        data = robust_residual(problem.residuals_at(free))
        progress(f"{problem.name}: loss {loss_of(data, free):.2f}")
        return np.concatenate([data, free])

    found = least_squares(whole, problem.start, jac=jacobian.robust, x_scale=REACH, max_nfev=most_steps, **WHEN_TO_STOP)
    residual = problem.residuals_at(found.x)
    return Fit(problem.quantities, rows, found.x, residual, jacobian.at(found.x), float(found.cost), int(found.nfev))


class _Jacobian:
    """The Jacobian of the residuals along a search: by differences at its start, by Broyden's update after that."""

    def __init__(self, problem: Problem, progress: Progress) -> None:
        self.problem, self.progress = problem, progress
        self.last: tuple[Numbers, Numbers, Numbers] | None = None

    def at(self, free: Numbers) -> Numbers:
        """[row, quantity] of the residuals at a point."""
        here = self.problem.residuals_at(free)
        if self.last is None:
            self.progress(f"{self.problem.name}: Jacobian of {len(free)} quantities on {len(here)} rows")
            jacobian = self.problem.slopes_at(free, self.progress)
        else:
            before, value, jacobian = self.last
            step = free - before
            length = float(step @ step)
            if length > 0:
                jacobian = jacobian + np.outer(here - value - jacobian @ step, step) / length
        self.last = (free.copy(), here, jacobian)
        return jacobian

    def robust(self, free: Numbers) -> Numbers:
        """[row, quantity] of the robust residuals, with those of the prior last."""
        jacobian = self.at(free)
        residual = self.problem.residuals_at(free)
        return np.vstack([robust_slope(residual)[:, None] * jacobian, np.eye(len(free))])


def _behind() -> list[str]:
    """Digests of all that a residual comes from beside the model: code, and tables that the model's digest does not hold."""
    package = Path(str(resources.files("resprout")))
    tables = [data_folder() / "measurements.tsv", data_folder() / "fitted.tsv", *package.glob("people/*.tsv")]
    tables += [*package.glob("trial/*.tsv"), *package.glob("trial/protocols/*.yaml")]
    code = [
        cache.source_digest(layer)
        for layer in (
            "calibrate",
            "trial",
            "simulation",
            "dosing",
            "patients",
            "people",
            "statistics",
            "solve",
            "compile",
            "language",
        )
    ]
    return [*code, *(hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(tables))]


class _Keeper:
    """Residuals at points, each computed once and kept on disk under all that it depends on."""

    def __init__(  # many arguments: what residuals depend on, and who computes them
        self, model: Model, name: str, blocks: Sequence[Block], others: Mapping[str, float], share: Share
    ) -> None:
        self.blocks, self.others, self.share = blocks, dict(others), share
        self.head = "|".join([model.digest, name, *_behind(), json.dumps(sorted(others.items()))])

    def residuals(
        self, free: Sequence[Numbers], quantities: Sequence[Quantity], progress: Progress = lambda _: None
    ) -> Numbers:
        """[point, row] residuals; at the first point what cannot be computed is 0, and what has no solution as bad as can be."""
        found = self.computed(free, quantities, progress)
        first = np.where(np.isinf(found[0]), BAND_FAR, np.nan_to_num(found[0]))
        # what cannot be computed at another point says nothing about the direction from there
        return np.where(np.isfinite(found), found, first)

    def computed(
        self, free: Sequence[Numbers], quantities: Sequence[Quantity], progress: Progress = lambda _: None
    ) -> Numbers:
        """[point, row] residuals; NaN where nothing could be computed, infinite where there is no solution."""
        head = "|".join([self.head, *(each.name for each in quantities)])
        keys = [hashlib.sha256((head + point.tobytes().hex()).encode()).hexdigest()[:32] for point in free]
        kept = [cache.stored("fits", key) for key in keys]
        missing = [number for number, value in enumerate(kept) if value is None]
        began = time.monotonic()
        for done in range(0, len(missing), AT_ONCE):
            if done:
                left = (time.monotonic() - began) / done * (len(missing) - done)
                progress(f"point {done + 1} of {len(missing)}, {left / 60:.0f} min left")
            some = missing[done : done + AT_ONCE]
            points = [self.others | values_of(quantities, free[number]) for number in some]
            fresh = np.concatenate([block.residuals(points, self.share) for block in self.blocks], axis=1)
            for number, line in zip(some, fresh, strict=True):
                kept[number] = np.ascontiguousarray(line).tobytes()
                cache.store("fits", keys[number], kept[number] or b"")
        return np.array([np.frombuffer(value or b"") for value in kept])
