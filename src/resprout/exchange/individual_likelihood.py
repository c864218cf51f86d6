"""Measurements of single individuals -> their marginal likelihood: the model's integral over what is not known of each of them.

The most likely random effects of every individual are found by Gauss and Newton's method, all individuals and vectors of parameters side by
side; around them the integral is a weighted sum over Gauss and Hermite's points, or over Sobol points for more than three random effects.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from resprout.exchange.petab_objective import Objective, Predicted
from resprout.exchange.petab_periods import lanes_of
from resprout.exchange.population_nodes import local_nodes
from resprout.exchange.population_records import Group, PopulationModel
from resprout.exchange.population_values import Spreads, individual_values

Floats = NDArray[np.float64]
STEP = 1e-3
"""Standard deviations, for derivatives by random effects."""
MOST_ITERATIONS = 40
CONVERGED = 1e-7
"""Standard deviations by which the most likely random effects may still move."""
SHORTER = 0.25


@dataclass(frozen=True)
class _Look:
    """The neighbourhood of random effects.

    joint    [vector, individual] log density of measurements and random effects
    newton   [vector, individual, effect] step of Gauss and Newton       root   [vector, individual, effect, effect]
             matrix C with C C' the inverse of the curvature
    """

    joint: Floats
    newton: Floats
    root: Floats


class IndividualLikelihood:
    """Compares individuals with their measurements.

    objective    of their measurements           population   the extension           groups   of one individual each
    """

    def __init__(self, objective: Objective, population: PopulationModel, groups: Sequence[Group]) -> None:
        """Sort measurements by individual."""
        self.objective, self.population, self.groups = objective, population, groups
        place = {experiment: number for number, group in enumerate(groups) for experiment in group.sizes}
        self.owner = np.array([place[each.experiment] for each in objective.problem.measurements])
        self.members = np.eye(len(groups))[:, self.owner]

    def compare(
        self, vectors: Mapping[str, Floats], spreads: Spreads, *, threads: int | None = None
    ) -> tuple[Floats, Floats, Floats, Floats, NDArray[np.object_]]:
        """Simulation, noise and residual of every measurement at the most likely random effects, and the marginal likelihood.

        vectors   name -> [vector]      spreads   at these vectors         threads   None for all cores
        returns   [vector, measurement] twice, [vector] log-likelihood, [vector, measurement] residual, [vector] why it is lost
        """
        lanes = _Lanes(self, vectors, spreads, threads)
        mode, look, lost = self._mode(lanes)
        nodes = local_nodes(len(self.population.effects))
        places = mode[:, :, None, :] + np.einsum("viab,kb->vika", look.root, nodes.place)
        joint, _ = lanes.joint(places)
        own = np.log(nodes.weight) + (nodes.place**2).sum(axis=1) / 2 + mode.shape[2] * np.log(2 * np.pi) / 2
        size = np.log(np.abs(np.linalg.det(look.root)))
        with np.errstate(all="ignore"):
            marginal = size + logsumexp(joint + own, axis=2)
        _, found = lanes.joint(mode[:, :, None, :])
        residual = self.objective.residuals(found)
        lost = np.where(
            (lost == "") & ~np.isfinite(marginal).all(axis=1), "an individual has no finite likelihood", lost
        )
        return found.simulation, found.noise, marginal.sum(axis=1), residual, lost

    def _mode(self, lanes: _Lanes) -> tuple[Floats, _Look, NDArray[np.object_]]:
        """The most likely random effects [vector, individual, effect], their neighbourhood, and why a vector is lost."""
        effects = np.zeros((lanes.count, len(self.groups), len(self.population.effects)))
        look = lanes.look(effects)
        lost = np.where(np.isfinite(look.joint).all(axis=1), "", lanes.reason()).astype(object)
        step = look.newton.copy()
        for _ in range(MOST_ITERATIONS):
            if np.abs(step).max() < CONVERGED:
                break
            tried = lanes.look(effects + step)
            better = tried.joint >= look.joint
            chosen = better[:, :, None]
            effects = np.where(chosen, effects + step, effects)
            step = np.where(chosen, tried.newton, step * SHORTER)
            root = np.where(chosen[..., None], tried.root, look.root)
            look = _Look(np.where(better, tried.joint, look.joint), np.where(chosen, tried.newton, look.newton), root)
        return effects, look, lost


class _Lanes:
    """Runs individuals at several random effects for all vectors."""

    def __init__(
        self, likelihood: IndividualLikelihood, vectors: Mapping[str, Floats], spreads: Spreads, threads: int | None
    ) -> None:
        self.own, self.vectors, self.spreads, self.threads = likelihood, vectors, spreads, threads
        self.count = lanes_of(vectors, {})
        self.last: Predicted | None = None

    def reason(self) -> NDArray[np.object_]:
        """[vector] why the last run of a vector was lost."""
        assert self.last is not None
        told = self.last.lost.reshape(self.count, -1)
        return np.array(
            [next((str(each) for each in line if each), "an individual is lost") for line in told], dtype=object
        )

    def joint(self, effects: Floats) -> tuple[Floats, Predicted]:
        """[vector, individual, place] log density of measurements and random effects, and the measurements [vector x place].

        effects   [vector, individual, place, effect]
        """
        own, objective, places = self.own, self.own.objective, effects.shape[2]
        given: dict[str, dict[str, Floats]] = {}
        for number, group in enumerate(own.groups):
            covariates = {name: np.full(places, value.value) for name, value in group.covariates.items()}
            values = individual_values(own.population, self.spreads, effects[:, number], covariates)
            given |= {experiment: {name: each.ravel() for name, each in values.items()} for experiment in group.sizes}
        lanes = {name: np.repeat(values, places) for name, values in self.vectors.items()}
        found = objective.predict(lanes, threads=self.threads, own=given)
        self.last = found
        parts = objective.log_likelihoods(found)
        with np.errstate(invalid="ignore"):
            total = np.stack([parts[:, own.owner == number].sum(axis=1) for number in range(len(own.groups))], axis=1)
        total = total.reshape(self.count, places, -1).swapaxes(1, 2)
        size = effects.shape[3] * np.log(2 * np.pi) / 2
        return np.where(np.isfinite(total), total, -np.inf) - (effects**2).sum(axis=3) / 2 - size, found

    def look(self, effects: Floats) -> _Look:
        """The neighbourhood of random effects [vector, individual, effect]."""
        many = effects.shape[2]
        moves = np.concatenate([np.zeros((1, many)), STEP * np.eye(many), -STEP * np.eye(many)])
        joint, found = self.joint(effects[:, :, None, :] + moves)
        residual = self.own.objective.residuals(found).reshape(self.count, 1 + 2 * many, -1)
        residual = np.where(np.isfinite(residual), residual, 0.0)
        slopes = (residual[:, 1 : 1 + many] - residual[:, 1 + many :]) / (2 * STEP)
        members = self.own.members
        curvature = np.einsum("vam,vbm,im->viab", slopes, slopes, members) + np.eye(many)
        with np.errstate(invalid="ignore"):
            gradient = (joint[:, :, 1 : 1 + many] - joint[:, :, 1 + many :]) / (2 * STEP)
        gradient = np.where(np.isfinite(gradient), gradient, 0.0)
        newton = np.linalg.solve(curvature, gradient[..., None])[..., 0]
        # the inverse of the transposed factor L' of L L' = curvature
        root = np.swapaxes(np.linalg.inv(np.linalg.cholesky(curvature)), 2, 3)
        return _Look(joint[:, :, 0], newton, root)
