"""The fit: quantities with priors and blocks of data in; the posterior mode, its residuals and Jacobian out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from pathlib import Path

import numpy as np
from scipy.optimize import least_squares

from resprout import cache
from resprout.calibrate.data_tables import data_folder
from resprout.calibrate.fitted_parameters import Numbers, Quantity, read_quantities, values_of
from resprout.calibrate.residual_emulator import QuadraticResiduals, straight
from resprout.calibrate.residuals import BAND_FAR, Block, Interventions, Laboratory, Trials
from resprout.language.records import Model

STEP = 0.5  # of a prior sd: long enough that shares of a few hundred people move
FAR_START = 3.0  # prior sd
REACH = 4.0  # prior sd that the first step may take along all quantities together
SOFT = 2.0  # sd beyond which a residual counts linearly, so that one outlying trial does not bend all others
MOST_STEPS = {
    "dose": 30,
    "circuit": 30,
    "mood": 4,
}  # of mood the emulator finds what is left (emulated_fit.py)
DIFFERENCED = {
    "dose": 1,
    "circuit": 1,
    "mood": 4,
}  # one Jacobian in so many comes from differences, the others from updates
WHEN_TO_STOP = {"ftol": 4e-3, "xtol": 1e-3, "gtol": 1e-3}
STAGES_OF = {"dose": (1,), "circuit": (2, 3), "mood": (4, 5, 6)}
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Fit:
    """Where a part of the fit ended.

    free       [quantity]        prior sd from the prior      residual   [row]   in sd, before the robust loss
    jacobian   [row, quantity]   of the residuals             loss       half the sum of squared robust residuals, prior included
    emulator   residuals around the mode as learned from the engine; None for the Jacobian alone
    missed     [round]           root mean square of engine less emulator, in sd, at points that it had not seen
    """

    part: str
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


def loss_of(data: Numbers, free: Numbers) -> float:
    """Half the sum of squares of robust residuals [row] and of the distances from the priors [quantity]."""
    return float(0.5 * (data @ data + free @ free))


def blocks_of(model: Model, part: str, start: Mapping[str, float]) -> list[Block]:
    """The data that a part of the fit looks at."""
    found: list[Block] = [Laboratory.of(model, STAGES_OF[part])]
    if part != "dose":
        found.append(Interventions.of(model))
    if part == "mood":
        found.append(Trials.of(model, start))
    return found


@dataclass(frozen=True)
class Problem:
    """What one part of the fit moves and looks at.

    others   constants that the part holds, by name
    start    [quantity]   where the search starts, prior sd from the prior
    """

    model: Model
    part: str
    quantities: tuple[Quantity, ...]
    blocks: tuple[Block, ...]
    others: Mapping[str, float]
    start: Numbers

    def residuals(self, free: Sequence[Numbers]) -> Numbers:
        """Of the engine at points: [point, row], in sd, as the blocks give them; each computed once and kept on disk."""
        return self._keeper.computed(free, self.quantities)

    def residuals_at(self, free: Numbers) -> Numbers:
        """[row] of the engine at one point, as the search sees them."""
        return self._keeper.residuals([free], self.quantities)[0]

    @cached_property
    def _keeper(self) -> _Keeper:
        return _Keeper(self.model, self.part, self.blocks, self.others)


def problem_of(model: Model, part: str, fixed: Mapping[str, float] | None = None) -> Problem:
    """One part of the fit, the others' quantities at `fixed` or at their priors.

    The search starts from the shipped values, within FAR_START of their priors.
    """
    every = read_quantities(model)
    quantities = tuple(each for each in every if each.part == part)
    others = {each.name: each.prior for each in every if each.part != part} | dict(fixed or {})
    others = {name: value for name, value in others.items() if name not in {each.name for each in quantities}}
    free = np.array([float(each.free(each.shipped(model))) for each in quantities]).clip(-FAR_START, FAR_START)
    start = others | values_of(quantities, free)
    return Problem(model, part, quantities, tuple(blocks_of(model, part, start)), others, free)


def fit_problem(problem: Problem, progress: Progress = print) -> Fit:
    """Fit one part.

    returns   Fit; a fit that was stopped goes on from what it has kept on disk
    """
    part = problem.part
    return fit_quantities(
        problem.model,
        part,
        problem.quantities,
        problem.blocks,
        problem.others,
        start=problem.start,
        most_steps=MOST_STEPS[part],
        progress=progress,
    )


def fit_quantities(  # many arguments: what is fitted, to what, from where and for how long
    model: Model,
    part: str,
    quantities: Sequence[Quantity],
    blocks: Sequence[Block],
    others: Mapping[str, float],
    *,
    start: Numbers | None = None,
    most_steps: int,
    progress: Progress,
) -> Fit:
    """Fit some quantities to blocks of data, all other constants at `others`.

    part         a name for the fit, under which its points are kept on disk
    start        [quantity]   prior sd from the prior; None for the priors
    most_steps   of the search
    returns      Fit; a fit that was stopped goes on from what it has kept on disk
    """
    rows = tuple(name for block in blocks for name in block.names)
    keeper = _Keeper(model, part, blocks, others)

    def around(free: Numbers) -> Numbers:
        """Residuals at a point and a step away from it along each quantity: [1 + quantity, row]."""
        return keeper.residuals([free, *(free + STEP * row for row in np.eye(len(quantities)))], quantities)

    def differences(free: Numbers) -> Numbers:
        progress(f"{part}: Jacobian of {len(quantities)} quantities on {len(rows)} rows")
        return _slopes(robust_residual(around(free)))

    def value(free: Numbers) -> Numbers:
        return robust_residual(keeper.residuals([free], quantities)[0])

    jacobian_at = _Jacobian(value, differences, DIFFERENCED.get(part, 1)).at

    def whole(free: Numbers) -> Numbers:
        data = value(free)
        progress(f"{part}: loss {loss_of(data, free):.2f}")
        return np.concatenate([data, free])

    began = np.zeros(len(quantities)) if start is None else start
    found = least_squares(whole, began, jac=jacobian_at, x_scale=REACH, max_nfev=most_steps, **WHEN_TO_STOP)
    near = around(found.x)
    return Fit(part, tuple(quantities), rows, found.x, near[0], _slopes(near), float(found.cost), int(found.nfev))


def _slopes(near: Numbers) -> Numbers:
    """[row, quantity] from residuals at a point and a step away along each quantity: [1 + quantity, row]."""
    return ((near[1:] - near[0]) / STEP).T


class _Jacobian:
    """The Jacobian along a search: by differences at first and at every n-th point, by Broyden's update between them."""

    def __init__(
        self, value: Callable[[Numbers], Numbers], differences: Callable[[Numbers], Numbers], every: int
    ) -> None:
        self.value, self.differences, self.every = value, differences, every
        self.calls = 0
        self.last: tuple[Numbers, Numbers, Numbers] | None = None

    def at(self, free: Numbers) -> Numbers:
        """[row, quantity] at a point, the rows of the prior last."""
        here = self.value(free)
        if self.last is None or self.calls % self.every == 0:
            jacobian = self.differences(free)
        else:
            before, value, jacobian = self.last
            step = free - before
            length = float(step @ step)
            if length > 0:
                jacobian = jacobian + np.outer(here - value - jacobian @ step, step) / length
        self.calls += 1
        self.last = (free.copy(), here, jacobian)
        return np.vstack([jacobian, np.eye(len(free))])


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

    def __init__(self, model: Model, part: str, blocks: Sequence[Block], others: Mapping[str, float]) -> None:
        self.blocks, self.others = blocks, dict(others)
        self.head = "|".join([model.digest, part, *_behind(), json.dumps(sorted(others.items()))])

    def residuals(self, free: Sequence[Numbers], quantities: Sequence[Quantity]) -> Numbers:
        """[point, row] residuals; at the first point what cannot be computed is 0, and what has no solution as bad as can be."""
        found = self.computed(free, quantities)
        first = np.where(np.isinf(found[0]), BAND_FAR, np.nan_to_num(found[0]))
        # what cannot be computed at another point says nothing about the direction from there
        return np.where(np.isfinite(found), found, first)

    def computed(self, free: Sequence[Numbers], quantities: Sequence[Quantity]) -> Numbers:
        """[point, row] residuals; NaN where nothing could be computed, infinite where there is no solution."""
        keys = [hashlib.sha256((self.head + point.tobytes().hex()).encode()).hexdigest()[:32] for point in free]
        kept = [cache.stored("fits", key) for key in keys]
        missing = [number for number, value in enumerate(kept) if value is None]
        if missing:
            points = [self.others | values_of(quantities, free[number]) for number in missing]
            fresh = np.concatenate([block.residuals(points) for block in self.blocks], axis=1)
            for number, line in zip(missing, fresh, strict=True):
                kept[number] = np.ascontiguousarray(line).tobytes()
                cache.store("fits", keys[number], kept[number] or b"")
        return np.array([np.frombuffer(value or b"") for value in kept])
