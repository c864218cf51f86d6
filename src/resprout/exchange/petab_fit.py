"""A PEtab problem fitted: many starting points, bounded least squares where the problem is one, else L-BFGS-B; derivatives in lanes."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from resprout.errors import Fault, InputError, SolveError, refuse_others
from resprout.exchange.petab_evaluation import PetabEvaluation, evaluate_petab
from resprout.exchange.petab_kept import KeptFit
from resprout.exchange.petab_objective import Objective
from resprout.exchange.petab_records import PetabProblem
from resprout.exchange.petab_search import STEP, SearchSpace, least_squares_suits
from resprout.exchange.population_objective import PopulationObjective, objective_of

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
Progress = Callable[[str], None]

MOST_EVALUATIONS = 300
"""Of one start: evaluations of the residuals, or iterations of L-BFGS-B."""
CANDIDATES = 10
"""Draws for each start after the first; the search begins at the best of all draws."""
SAME_OPTIMUM = 0.1
"""Starts that end within this of the best objective have found the same optimum: it is a tenth of a unit of log-likelihood."""
HOPELESS = 1e30
"""Objective of a vector that cannot be simulated."""
PENALTY = 10.0
FAR_STEP = 3e-3
"""Distance over which the gradient of a population's objective is compared, over the range of a parameter on its scale."""


@dataclass(frozen=True)
class PetabFit:
    """A fitted PEtab problem.

    problem      that was fitted
    values       of all parameters, those estimated at the best point that was found
    evaluation   of the problem there
    objective    negative log-likelihood minus log prior, which was minimised
    method       least squares or L-BFGS-B
    parameters   a row for each estimated parameter: estimate, 95 % interval from the curvature, bounds, whether it is at one
    starts       a row for each starting point: objective at its start and its end, evaluations, how it ended
    kept         how many of them had ended in an earlier run of the same fit, and were read from disk
    """

    problem: PetabProblem
    values: dict[str, float]
    evaluation: PetabEvaluation
    objective: float
    method: str
    parameters: pd.DataFrame
    starts: pd.DataFrame
    kept: int = 0

    @property
    def agreeing(self) -> int:
        """How many starts have found the best optimum."""
        return int((self.starts["objective"] <= self.objective + SAME_OPTIMUM).sum())


def fit_petab(problem: PetabProblem, *, starts: int = 20, seed: int = 1, progress: Progress | None = None) -> PetabFit:
    """Estimate the parameters of a PEtab problem: the largest posterior density, or likelihood where it states no priors.

    problem    what `rs.read_petab` gave
    starts     how many starting points: the nominal values first, then the best of ten times as many draws from the priors or
               between the bounds
    seed       of these draws
    progress   is told in a few words how far the fit has come
    returns    estimates with 95 % intervals, the starts, and the evaluation at the estimate; a fit that was stopped goes on from
               what it has kept on disk, to the same numbers
    raises     InputError for what cannot be fitted, SolveError if no starting point can be simulated
    """
    refuse_others(
        ("problem", problem, isinstance(problem, PetabProblem), "what `rs.read_petab` gave"),
        ("starts", starts, isinstance(starts, int) and starts > 0, "a whole number above 0"),
        ("seed", seed, isinstance(seed, int) and seed >= 0, "a whole number from 0 on"),
    )
    if not problem.estimated:
        raise InputError(
            Fault("no parameter is estimated.", problem.file, "Expected `estimate` true for at least one.")
        )
    kept = KeptFit(problem, starts, seed)
    search = _Search(objective_of(problem), SearchSpace(problem), kept)
    tell = progress or (lambda text: None)
    points, first = search.starting_points(starts, seed)
    rows = [_not_simulated(number) for number in range(1, len(points) + 1)]
    best: tuple[float, Floats] | None = None
    before = 0
    for number in np.flatnonzero(first < HOPELESS).tolist():
        tell(f"start {number + 1} of {len(points)}")
        told = kept.ended(number)
        before += told is not None
        if told is None:
            told = search.one_start(number, points[number])
        end = np.array(told.pop("point"))
        rows[number] = {"start": number + 1, "objective_at_start": first[number], **told}
        if best is None or told["objective"] < best[0]:
            best = told["objective"], end
    if best is None:
        _, lost = search.predicted(points[:1])
        raise SolveError(Fault(f"no starting point could be simulated: {lost[0]}.", problem.file))
    kept.part = "end"
    return _found(search, best, rows, before)


def _not_simulated(number: int) -> dict[str, Any]:
    return {
        "start": number,
        "objective_at_start": math.inf,
        "objective": math.inf,
        "evaluations": 1,
        "ended": "could not be simulated",
    }


def _found(search: _Search, best: tuple[float, Floats], rows: list[dict[str, Any]], kept: int) -> PetabFit:
    import pandas as pd

    problem, space = search.objective.problem, search.space
    values = {**problem.nominal, **{name: float(each[0]) for name, each in space.named(best[1][None]).items()}}
    half = space.half_widths(best[1], search.curvature(best[1]))
    lower, upper = (space.named((best[1] + sign * half)[None]) for sign in (-1, 1))
    at_bound = space.at_bound(best[1])
    table = [
        {
            "parameter": p.name,
            "estimate": values[p.name],
            "lower": float(lower[p.name][0]),
            "upper": float(upper[p.name][0]),
            "nominal": p.nominal,
            "lower_bound": p.lower,
            "upper_bound": p.upper,
            "scale": p.scale,
            "at_bound": bool(at_bound[index]),
        }
        for index, p in enumerate(problem.estimated)
    ]
    evaluation = evaluate_petab(problem, values)
    method = "least squares" if search.squares else "L-BFGS-B"
    return PetabFit(problem, values, evaluation, best[0], method, pd.DataFrame(table), pd.DataFrame(rows), kept)


class _Search:
    """The objective over the search space, with derivatives by central differences, all of them in one run of the engine."""

    def __init__(self, objective: Objective | PopulationObjective, space: SearchSpace, kept: KeptFit) -> None:
        self.objective, self.space, self.kept = objective, space, kept
        self.squares = least_squares_suits(objective.problem)
        self.evaluations, self.worst = 0, -math.inf

    def predicted(self, points: Floats) -> tuple[Any, NDArray[np.object_]]:
        """Predictions at points [point, parameter], and why some could not be simulated."""
        problem = self.objective.problem
        vectors = self.objective.vectors({**problem.nominal, **self.space.named(points)})
        found = self.objective.predict({n: np.array(np.broadcast_to(v, len(points))) for n, v in vectors.items()})
        return found, found.lost

    def _once(self, name: str, points: Floats, compute: Callable[[Floats], Floats]) -> Floats:
        """[point, column] computed once: what is on disk is taken from there."""
        self.evaluations += 1
        found = self.kept.numbers(name, points)
        if found is None:
            found = compute(points)
            self.kept.keep(name, points, found)
        return found

    def values(self, points: Floats) -> Floats:
        """[point] negative log-likelihood minus log prior."""
        return self._once("values", points, self._computed_values)[:, 0]

    def _computed_values(self, points: Floats) -> Floats:
        found, _ = self.predicted(points)
        total = -self.objective.log_likelihood(found) - self.objective.log_prior(self.space.named(points))
        return np.where(np.isfinite(total), total, HOPELESS)[:, None]

    def residuals(self, points: Floats) -> Floats:
        """[point, residual] of measurements and normal priors; not a number where a point cannot be simulated."""
        return self._once("residuals", points, self._computed_residuals)

    def _computed_residuals(self, points: Floats) -> Floats:
        found, lost = self.predicted(points)
        own = self.objective.residuals(found)
        own[lost != ""] = np.nan
        return np.concatenate([own, self.space.prior_residuals(points)], axis=1)

    def one_start(self, number: int, point: Floats) -> dict[str, Any]:
        """Search from one starting point: objective, evaluations, how it ended, and the point where it did; kept on disk."""
        self.kept.part = f"start {number}"
        end, objective, evaluations, told = self.minimise(point)
        found = {"objective": objective, "evaluations": evaluations, "ended": told}
        self.kept.end(number, {**found, "point": end.tolist()})
        return {**found, "point": end.tolist()}

    def _sides(self, point: Floats, step: float = STEP) -> tuple[Floats, Floats]:
        """Points to both sides of each parameter, [2 x parameter, parameter], and how far they are apart."""
        low, high = self.space.neighbours(point, step)
        sides = np.repeat(point[None], 2 * len(point), axis=0)
        index = np.arange(len(point))
        sides[index, index], sides[len(point) + index, index] = low, high
        return sides, high - low

    def starting_points(self, count: int, seed: int) -> tuple[Floats, Floats]:
        """Points to start from, [start, parameter], and the objective there: the nominal values, and the best of many draws."""
        points = self.space.starting_points(1 + CANDIDATES * (count - 1), seed)
        found = self.values(points)
        chosen = np.append(0, 1 + np.argsort(found[1:], kind="stable")[: count - 1]).astype(int)
        return points[chosen], found[chosen]

    def gradient(self, point: Floats) -> tuple[float, Floats]:
        """The objective and its gradient."""
        sides, apart = self._sides(point)
        found = self.values(np.concatenate([point[None], sides]))
        if found[0] >= HOPELESS:
            # far above all else, and yet no more than a line search can interpolate from
            return self.worst, np.zeros(len(point))
        self.worst = max(self.worst, found[0] + PENALTY * (1 + abs(found[0])))
        low, high = found[1 : 1 + len(point)], found[1 + len(point) :]
        usable = (low < HOPELESS) & (high < HOPELESS)
        return float(found[0]), np.where(usable, (high - low) / apart, 0.0)

    def jacobian(self, point: Floats) -> Floats:
        """[residual, parameter] derivatives of the residuals."""
        sides, apart = self._sides(point)
        found = self.residuals(sides)
        slopes = (found[len(point) :] - found[: len(point)]) / apart[:, None]
        return np.where(np.isfinite(slopes), slopes, 0.0).T

    def curvature(self, point: Floats) -> Floats:
        """[parameter, parameter] second derivatives of the objective; of a least-squares problem, those of Gauss and Newton."""
        if self.squares:
            slopes = self.jacobian(point)
            return slopes.T @ slopes
        # the integrals of a population are smooth to fewer digits than a simulation
        sides, apart = self._sides(point, STEP if self.objective.problem.population is None else FAR_STEP)
        slopes = np.stack([self.gradient(side)[1] for side in sides])
        found = (slopes[len(point) :] - slopes[: len(point)]) / apart[:, None]
        return (found + found.T) / 2

    def minimise(self, start: Floats) -> tuple[Floats, float, int, str]:
        """The end of one start: point, objective, evaluations of the engine, and how it ended."""
        from scipy.optimize import least_squares, minimize

        before, self.worst = self.evaluations, -math.inf
        if self.squares:
            result = least_squares(
                lambda x: self.residuals(x[None])[0],
                start,
                jac=self.jacobian,
                bounds=(self.space.lower, self.space.upper),
                x_scale="jac",
                max_nfev=MOST_EVALUATIONS,
            )
        else:
            bounds = list(zip(self.space.lower, self.space.upper, strict=True))
            result = minimize(
                self.gradient, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": MOST_EVALUATIONS}
            )
        objective = float(self.values(result.x[None])[0])
        told = "converged" if result.success else " ".join(str(result.message).lower().split())
        return np.asarray(result.x, dtype=float), objective, self.evaluations - before, told
