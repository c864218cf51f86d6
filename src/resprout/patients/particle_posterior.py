"""One person's posterior: draws of the population re-weighted by the person's data, and by tempered sequential Monte Carlo where weights degenerate.

Del Moral P et al. J R Stat Soc B 2006;68:411 (sequential Monte Carlo); Cotter SL et al. Stat Sci 2013;28:424 (moves that leave a
normal prior as it is); Lee A, Whiteley N. Biometrika 2018;105:609 (the variance of estimates from the ancestors of particles).
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import logsumexp

from resprout.language.rating_scales import mood_rated
from resprout.language.records import Model
from resprout.patients.dataset import RATING, Occasion, Person, Setting
from resprout.patients.expected_ratings import History, Solved, expected_values, history_of, seen_at, solve_history
from resprout.patients.prior_particles import (
    BESIDE_THE_CHAIN,
    ILLNESS,
    LARGEST_NUMBER,
    Particles,
    cohort_of,
    draw_particles,
    effects_of,
    etas_of_dose,
    propensities,
)
from resprout.patients.rating_errors import log_likelihood_of_level, log_likelihood_of_ratings, rating_spread
from resprout.patients.simulated_observations import level_sd
from resprout.people.cohort import Cohort
from resprout.people.spreads import draw_etas
from resprout.people.streams import normals
from resprout.people.treatment_history import failed_before
from resprout.trial.conduct import SEVERITY

Numbers = NDArray[np.float64]
KEPT_SHARE = 0.5  # of the effective sample size at each step of the temperature
ENOUGH_BY_WEIGHTS = 0.5  # of the wanted particles: then the prior draws are re-weighted and nothing is moved
CHAIN_MOVES, OTHER_MOVES = 2, 4  # at each temperature
WANTED_ACCEPTANCE = 0.3
RENEWED_SHARE = 0.3  # of particles whose belief and chance of new episodes are drawn anew in a move
MOST_STEPS = 40


@dataclass(frozen=True)
class Sampling:
    """How a posterior is sampled.

    prior    draws of the population       kept   particles from then on
    seed     of the draws                  threads   that solve the model
    """

    prior: int = 1200
    kept: int = 400
    seed: int = 1
    threads: int | None = 1


@dataclass(frozen=True)
class Posterior:
    """One person's posterior as weighted particles.

    person       whom it is of              setting   how the person was treated
    people       the particles as people that can be treated on
    weights      [particle]   1   sum 1
    origins      [particle]       prior draw from which each descends
    solved       by occasion: outputs of the model
    temperatures how many steps led from the prior to the posterior; 0 where weights alone did
    prior        draws of the population with the person's covariates: what would be said without data
    prior_solved by occasion: outputs of these draws
    etas         by random effect: [particle]   standard normal in the population          prior_etas   of the prior draws
    """

    person: Person
    setting: Setting
    people: Cohort
    weights: Numbers
    origins: NDArray[np.int64]
    solved: tuple[Solved, ...]
    temperatures: int
    prior: Cohort
    prior_solved: tuple[Solved, ...]
    etas: Mapping[str, Numbers]
    prior_etas: Mapping[str, Numbers]

    def effective_size(self, values: Numbers) -> float:
        """How many independent draws would tell the mean of a quantity as well.

        values   [particle]  any  the quantity
        returns  scalar      1    by the ancestors of the particles; 0 where all descend from one draw
        """
        mean = float(self.weights @ values)
        variance = float(self.weights @ (values - mean) ** 2)
        families, place = np.unique(self.origins, return_inverse=True)
        if families.size < 2 or variance == 0:
            return 0.0
        apart = np.bincount(place, self.weights * (values - mean))
        error = float((apart**2).sum())
        return min(variance / error, float(len(self.weights))) if error > 0 else float(families.size)


@dataclass(frozen=True)
class _State:
    """Particles with what they cost: people, solutions and log likelihoods."""

    particles: Particles
    people: Cohort
    solved: tuple[Solved, ...]
    likelihood: Numbers


def posterior_of(model: Model, person: Person, setting: Setting, sampling: Sampling, entry: float) -> Posterior:
    """The posterior of one person.

    model      the chain and its people      person     with doses, observations and covariates
    setting    how the person was treated    sampling   how many particles
    entry      lowest true HDRS17 of the population that the person is from
    returns    weighted particles
    """
    return _Sampler(model, person, setting, sampling, entry).run()


class _Sampler:
    """Samples the posterior of one person; all randomness follows from the seed and the person's name."""

    def __init__(self, model: Model, person: Person, setting: Setting, sampling: Sampling, entry: float) -> None:
        self.model, self.person, self.setting, self.sampling, self.entry = model, person, setting, sampling, entry
        self.random = np.random.default_rng([sampling.seed, zlib.crc32(person.name.encode())])
        self.resistant = bool(person.covariates.get("resistant", False))
        self.histories = [history_of(each, setting, resistant=self.resistant) for each in person.occasions]
        dose = etas_of_dose(model)
        every = {*_eta_names(model)}
        self.blocks = (tuple(sorted(dose & every)), tuple(sorted(every - dose)))
        self.size = dict.fromkeys((0, 1, 2), 0.5)  # of the moves of each block, adapted

    def run(self) -> Posterior:
        """Weights alone where they are enough; otherwise temperatures from the prior to the posterior."""
        state = self._state(self._draw(self.sampling.prior))
        first, weights = self._of_the_population(state), _normalised(state.likelihood)
        steps = 0
        if np.isfinite(state.likelihood).any() and 1 / (weights**2).sum() < ENOUGH_BY_WEIGHTS * self.sampling.kept:
            state, steps = self._tempered(state)
            weights = np.full(len(state.particles), 1 / len(state.particles))
        origins = state.particles.origin
        solved, etas, (prior, prior_solved, prior_etas) = state.solved, state.particles.effects, first
        told = (self.person, self.setting, state.people, weights, origins, solved, steps)
        return Posterior(*told, prior, prior_solved, etas, prior_etas)

    def _of_the_population(self, state: _State) -> tuple[Cohort, tuple[Solved, ...], dict[str, Numbers]]:
        """The prior draws that belong to the population, at most as many as are kept."""
        some = np.flatnonzero(self._belongs(state.people, state.solved))[: self.sampling.kept]
        etas = {name: each[some] for name, each in state.particles.effects.items()}
        return state.people.take(some), tuple(_rows_of(each, some) for each in state.solved), etas

    def _tempered(self, state: _State) -> tuple[_State, int]:
        """Raise the power of the likelihood from 0 to 1, re-weighting, choosing and moving particles at each step."""
        power, steps = 0.0, 0
        while power < 1 and steps < MOST_STEPS:
            target = max(KEPT_SHARE * len(state.particles), self.sampling.kept) if not steps else None
            step = _next_step(state.likelihood, 1 - power, target or KEPT_SHARE * len(state.particles))
            weights = _normalised(step * state.likelihood)
            rows = _systematic(weights, self.sampling.kept, self.random)
            power, steps = power + step, steps + 1
            state = self._moved(_chosen(state, rows), power)
        return state, steps

    def _moved(self, state: _State, power: float) -> _State:
        """Move particles so that those that descend from one become different."""
        for number in range(CHAIN_MOVES):
            state = self._chain_move(state, power, number % 2)
            for _ in range(OTHER_MOVES // CHAIN_MOVES):
                state = self._other_move(state, power)
        return state

    def _chain_move(self, state: _State, power: float, block: int) -> _State:
        """Move random effects of the model; the model is solved again."""
        size, others = self.size[block], self.random.integers(0, LARGEST_NUMBER, len(state.particles))
        fresh, fresh_beside = effects_of(self.model, self.sampling.seed, others)
        etas, beside = dict(state.particles.etas), dict(state.particles.beside)
        etas |= {name: _nearby(etas[name], fresh[name], size) for name in self.blocks[block]}
        if block:
            beside |= {name: _nearby(beside[name], fresh_beside[name], size) for name in ILLNESS}
        proposed = self._state(replace(state.particles, etas=etas, beside=beside))
        return self._accepted(state, proposed, power, block)

    def _other_move(self, state: _State, power: float) -> _State:
        """Move what the equations do not hold: placebo propensity, recovery, belief, new episodes."""
        own, size = state.particles, self.size[2]
        other = self.random.integers(0, LARGEST_NUMBER, len(own))
        fresh = {name: normals(self.sampling.seed, name, other) for name in BESIDE_THE_CHAIN}
        moved = {name: _nearby(own.beside[name], fresh[name], size) for name in BESIDE_THE_CHAIN}
        candidate = np.where(self.random.random(len(own)) < RENEWED_SHARE, other, own.candidate)
        particles = replace(own, beside={**own.beside, **moved}, candidate=candidate)
        columns = state.people.columns | {"candidate": candidate} | propensities(self.model, particles)
        people = replace(state.people, columns=columns)
        proposed = _State(particles, people, state.solved, self._likelihood(people, state.solved))
        return self._accepted(state, proposed, power, 2)

    def _accepted(self, state: _State, proposed: _State, power: float, block: int) -> _State:
        """Accept proposals by the ratio of likelihoods, and adapt how far the next ones go."""
        with np.errstate(invalid="ignore"):
            gain = power * (proposed.likelihood - state.likelihood)
        accepts = np.log(self.random.random(len(gain))) < np.where(np.isnan(gain), -np.inf, gain)
        rate = float(accepts.mean())
        self.size[block] = float(np.clip(self.size[block] * np.exp(rate - WANTED_ACCEPTANCE), 0.05, 1.0))
        solved = tuple(
            own if own is other else Solved(own.hours, _mixed(accepts, other.values, own.values))
            for own, other in zip(state.solved, proposed.solved, strict=True)
        )
        constants = state.people.constants
        if proposed.people.constants is not constants:
            constants = _mixed(accepts, proposed.people.constants, constants)
        columns = _mixed(accepts, proposed.people.columns, state.people.columns)
        people = replace(state.people, constants=constants, columns=columns)
        particles = state.particles.where(accepts, proposed.particles)
        return _State(particles, people, solved, np.where(accepts, proposed.likelihood, state.likelihood))

    def _draw(self, many: int) -> Particles:
        return draw_particles(self.model, self.person, self.setting, self.sampling.seed, many, self.random)

    def _state(self, particles: Particles) -> _State:
        """Solve the model for particles and compare with the data."""
        people = cohort_of(self.model, particles, self.setting, self.sampling.seed)
        solved = tuple(solve_history(self.model, people, each, self.sampling.threads) for each in self.histories)
        return _State(particles, people, solved, self._likelihood(people, solved))

    def _belongs(self, people: Cohort, solved: tuple[Solved, ...]) -> NDArray[np.bool_]:
        """Who is ill enough for the population and, where an antidepressant has failed in the person, has that history too."""
        ill = solved[0].values[SEVERITY][:, 0] >= self.entry
        if self.resistant and ill.any():
            ill &= failed_before(self.model)(people.constants, people.columns, people.seed)
        return np.asarray(ill)

    def _likelihood(self, people: Cohort, solved: tuple[Solved, ...]) -> Numbers:
        """Log likelihood of all occasions; minus infinity for whom the population has not."""
        total = np.zeros(len(people))
        for occasion, history, each in zip(self.person.occasions, self.histories, solved, strict=True):
            total += log_likelihood(self.model, people, occasion, history, each)
        return np.where(np.isfinite(total) & self._belongs(people, solved), total, -np.inf)


def log_likelihood(model: Model, people: Cohort, occasion: Occasion, history: History, solved: Solved) -> Numbers:
    """Log likelihood of the observations of one occasion.

    model     whose raters are used      people    [particle]
    occasion  with observations          history   of the occasion        solved    outputs of the particles
    returns   [particle]  1
    """
    expected = expected_values(model, people, history, solved)
    total = np.zeros(len(people))
    together: dict[str, list[int]] = {}
    for number, each in enumerate(occasion.observations):
        if each.kind == RATING:
            together.setdefault("mood" if mood_rated(model.scales, each.endpoint) else each.endpoint, []).append(number)
            continue
        true = _at(expected, history, each.endpoint, seen_at(each.time_h, after_dose=each.after_dose))
        sd = level_sd(history.setting.level_cv)
        total += log_likelihood_of_level(true, each.value, sd, below=each.below)
    for numbers in together.values():
        own = [occasion.observations[number] for number in numbers]
        hours = np.array([seen_at(each.time_h, after_dose=each.after_dose) for each in own])
        true = np.stack([_at(expected, history, each.endpoint, hour) for each, hour in zip(own, hours, strict=True)], 1)
        scales = [model.scales[each.endpoint] for each in own]
        spread = rating_spread(model, tuple(scale.name for scale in scales), hours, np.nan_to_num(true))
        value, step = np.array([each.value for each in own]), np.array([scale.step for scale in scales])
        floor = value <= np.array([scale.lowest for scale in scales])
        total += log_likelihood_of_ratings(spread, value, floor, step) + np.where(
            np.isfinite(true).all(axis=1), 0, np.nan
        )
    return total


def _at(expected: dict[str, Numbers], history: History, endpoint: str, hour: float) -> Numbers:
    return expected[endpoint][:, history.visits[endpoint].index(hour)]


def _eta_names(model: Model) -> list[str]:
    return list(draw_etas(model, 0, np.zeros(1, dtype=np.int64), 0.0))


def _mixed(chosen: NDArray[np.bool_], new: Mapping[str, Any], old: Mapping[str, Any]) -> dict[str, Any]:
    """By name: new values where they are chosen, old ones elsewhere."""
    rows = chosen[:, None]
    return {name: np.where(rows if value.ndim > 1 else chosen, new[name], value) for name, value in old.items()}


def _nearby(own: Numbers, fresh: Numbers, size: float) -> Numbers:
    """A standard normal number near another; its distribution over all stays as it is."""
    return np.asarray(np.sqrt(1 - size * size) * own + size * fresh)


def _normalised(log_weights: Numbers) -> Numbers:
    """Weights of sum 1; NaN where no particle has any."""
    with np.errstate(invalid="ignore"):
        return np.asarray(np.exp(log_weights - logsumexp(log_weights)))


def _next_step(likelihood: Numbers, left: float, wanted: float) -> float:
    """The largest step of the power at which the effective sample size is as wanted."""

    def excess(step: float) -> float:
        weights = _normalised(step * np.where(np.isfinite(likelihood), likelihood, -1e300))
        return float(1 / (weights**2).sum() - wanted)

    if excess(left) >= 0:
        return left
    low = 1e-9 * left
    if excess(low) <= 0:
        return low
    return float(brentq(excess, low, left, xtol=1e-6))


def _systematic(weights: Numbers, many: int, random: np.random.Generator) -> NDArray[np.int64]:
    """Rows chosen in proportion to their weights, by systematic resampling."""
    edges = (random.random() + np.arange(many)) / many
    return np.minimum(np.searchsorted(np.cumsum(weights), edges), len(weights) - 1).astype(np.int64)


def _chosen(state: _State, rows: NDArray[np.int64]) -> _State:
    """Some particles of a state."""
    solved = tuple(_rows_of(each, rows) for each in state.solved)
    return _State(state.particles.take(rows), state.people.take(rows), solved, state.likelihood[rows])


def _rows_of(solved: Solved, rows: NDArray[np.int64]) -> Solved:
    """Outputs of some particles."""
    return Solved(solved.hours, {name: value[rows] for name, value in solved.values.items()})
