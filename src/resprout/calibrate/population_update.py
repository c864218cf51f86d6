"""A group's data move its population: observed people in; means and spreads of random effects, before and after, out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from resprout.calibrate.no_u_turn import CHAINS, need_sampler, sampled
from resprout.errors import Fault, InputError, refuse_others
from resprout.language import given_or_shipped
from resprout.language.records import Model
from resprout.patients.dataset import Dataset, Person, Setting
from resprout.patients.individual_posteriors import map_people, population_of, refusal
from resprout.patients.individual_posteriors import sampled as posterior_of_person
from resprout.patients.particle_posterior import Sampling
from resprout.patients.population_evidence import Evidence, Selected
from resprout.patients.prior_particles import etas_of_dose
from resprout.people.covariates import RESPONSIVENESS
from resprout.people.draws import draws_of
from resprout.people.named_population import DIGITS, NamedPopulation, moved_parameters
from resprout.people.spreads import eta_correlations
from resprout.simulation.settings import People

if TYPE_CHECKING:
    import pandas as pd

Numbers = NDArray[np.float64]
EFFECTS = (
    *("demethylation_clearance", "other_liver_clearance", "hepatic_flow", "ketamine_volume"),
    *("mTORC1_half_point", "stress", "placebo propensity", "recovery"),
)
BESIDE = ("placebo propensity", "recovery")
FEWEST_PEOPLE = 5
PARTICLES, SELECTED = 100, 4000  # of each person, and of each history, that the density sums over
DRAWS, TUNING = 400, 400
ENOUGH_SHARE, MOST_ROUNDS = 0.3, 3  # effective share of the particles below which people are fitted again
BEFORE_AFTER = ("quantity", "unit", "before", "after", "lower", "upper")
COLUMNS = (
    "effect",
    "mean",
    "mean_lower",
    "mean_upper",
    "spread",
    "spread_lower",
    "spread_upper",
    *BEFORE_AFTER,
    "contraction",
)


@dataclass(frozen=True)
class PopulationUpdate:
    """What a group says of its population. For research only.

    table        a row a random effect and parameter: mean (in standard deviations of the population before) and spread
                 (over that before) with 90 % intervals; the parameter before and after; contraction of the mean
    population   the new one, which `--population` takes
    left_out     by person: why nothing was learned from them
    people       how many were learned from
    effective    smallest and median effective share of the particles of a person in the new population
    rounds       how often the people were fitted
    """

    table: pd.DataFrame
    population: NamedPopulation
    left_out: dict[str, str]
    people: int
    effective: tuple[float, float]
    rounds: int

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        return self.table.to_html(index=False, na_rep="–")


@dataclass(frozen=True)
class _Learned:
    """Random effects of one person, and of draws of the population who would be observed; or why there are none."""

    etas: Numbers
    selected: Numbers
    resistant: bool
    reason: str = ""


def update_population(
    people: People | int | None,
    data: Dataset,
    *,
    name: str = "learned",
    model: Model | None = None,
    progress: Callable[[int], None] | None = None,
) -> PopulationUpdate:
    """Learn means and spreads of a population from a group of people.

    people    the population before, as in `update`
    data      what `rs.read_data` gave, of at least five people
    name      of the new population
    model     None for the shipped one
    progress  told how many people of a round are done; None tells nobody
    returns   the new population, beside the one before
    raises    InputError for fewer people, and where nothing can be learned from them
    """
    refuse_others(
        ("data", data, isinstance(data, Dataset), "what `rs.read_data` gave"),
        ("name", name, isinstance(name, str) and bool(name.strip()), "a name for the population"),
    )
    need_sampler()
    model = given_or_shipped(model)
    sampling, data = population_of(people, data, model)
    names, *moves = _moved(model, data.setting.population)
    mean, spread, current = np.zeros(len(names)), np.ones(len(names)), model
    for rounds in range(1, MOST_ROUNDS + 1):
        learned = _everybody(current, data, sampling, names, progress)
        evidence = _evidence(model, learned, names, mean, spread, *moves)
        free = sampled(evidence.density, np.zeros(evidence.size), draws=DRAWS, tuning=TUNING, seed=sampling.seed)
        means, spreads = _split(evidence, free.reshape(CHAINS * DRAWS, -1))
        middle = means.mean(axis=0), np.exp(np.log(spreads).mean(axis=0))
        shares = evidence.effective_share(*middle)
        if float(np.median(shares)) >= ENOUGH_SHARE or rounds == MOST_ROUNDS:
            break
        mean, spread = middle
        current = _population(model, names, mean, spread, name, data).applied(model)
    reasons = {who.name: each.reason for who, each in zip(data.people, learned, strict=True) if each.reason}
    new = _population(model, names, *middle, name, data, (means, spreads))
    effective = (float(shares.min()), float(np.median(shares)))
    return PopulationUpdate(
        _table(model, names, means, spreads), new, reasons, len(data) - len(reasons), effective, rounds
    )


def _everybody(
    model: Model,
    data: Dataset,
    sampling: Sampling,
    names: Sequence[str],
    progress: Callable[[int], None] | None,
) -> list[_Learned]:
    """Random effects of everybody, in the order of people."""
    found = []
    for each in map_people(partial(_learned, names=names), model, data, sampling):
        found.append(each)
        if progress is not None:
            progress(len(found))
    return found


def _moved(model: Model, population: str) -> tuple[tuple[str, ...], NDArray[np.bool_], NDArray[np.bool_]]:
    """Random effects that move, those that correlate with them, and which of their means and spreads move."""
    known = eta_correlations(model)
    chain = [each for each in EFFECTS if each in known[0]]
    beside = [each for each in ("stress", *BESIDE) if each != "stress" or population != "healthy"]
    held = [
        other for row, other in enumerate(known[0]) for each in chain
        if other not in chain and known[1][row, known[0].index(each)] != 0
    ]  # fmt: skip
    names = (*chain, *beside, *dict.fromkeys(held))
    moves = np.array([each not in held for each in names])
    # the effect of age is in units of the spread, which therefore stays
    return names, moves, moves & np.array([each not in RESPONSIVENESS for each in names])


def _learned(model: Model, person: Person, setting: Setting, sampling: Sampling, *, names: Sequence[str]) -> _Learned:
    """Random effects of one person's posterior, in a process of its own."""
    posterior, size = posterior_of_person(model, person, setting, sampling)
    resistant = bool(person.covariates.get("resistant", False))
    reason = refusal(posterior, size)
    if reason:
        return _Learned(np.empty((0, len(names))), np.empty((0, len(names))), resistant, reason)
    places = (np.arange(PARTICLES) + 0.5) / PARTICLES
    rows = np.minimum(np.searchsorted(np.cumsum(posterior.weights), places), len(posterior.weights) - 1)
    own = np.stack([posterior.etas[name][rows] for name in names], axis=1)
    return _Learned(own, np.stack([posterior.prior_etas[name] for name in names], axis=1), resistant)


def _evidence(  # many arguments: what was learned, and the population under which it was
    model: Model,
    learned: Sequence[_Learned],
    names: Sequence[str],
    mean: Numbers,
    spread: Numbers,
    moves_mean: NDArray[np.bool_],
    moves_spread: NDArray[np.bool_],
) -> Evidence:
    """What all people say together; random effects in standard deviations of the first population."""
    told = [each for each in learned if not each.reason]
    if len(told) < FEWEST_PEOPLE:
        expected = f"Expected at least {FEWEST_PEOPLE}."
        raise InputError(
            Fault(f"{len(told)} people say enough of themselves to learn a population from.", "", expected)
        )
    known, table = eta_correlations(model)
    correlation = np.eye(len(names))
    for row, one in enumerate(names):
        for column, other in enumerate(names):
            if one in known and other in known:
                correlation[row, column] = table[known.index(one), known.index(other)]
    dose, selected = etas_of_dose(model), []
    for resistant in (False, True):
        own = [each.selected for each in told if each.resistant == resistant]
        if not own:
            continue
        whole = np.concatenate(own)
        some = whole[np.linspace(0, len(whole) - 1, min(SELECTED, len(whole))).astype(int)]
        # clearance changes nobody's severity, and expectation only whether an antidepressant has failed
        matters = np.array([each not in dose and (resistant or each not in BESIDE) for each in names])
        selected.append(Selected(mean + spread * some, matters, len(own)))
    etas = np.stack([mean + spread * each.etas for each in told])
    return Evidence(etas, mean, spread, correlation, moves_mean, moves_spread, selected)


def _split(evidence: Evidence, free: Numbers) -> tuple[Numbers, Numbers]:
    """Draws of means and spreads: [draw, effect] each."""
    pairs = [evidence.split(each) for each in free]
    return np.array([mean for mean, _ in pairs]), np.exp(np.array([log_spread for _, log_spread in pairs]))


def _population(  # many arguments: what is known of the new population
    model: Model,
    names: Sequence[str],
    mean: Numbers,
    spread: Numbers,
    name: str,
    data: Dataset,
    draws: tuple[Numbers, Numbers] | None = None,
) -> NamedPopulation:
    """The population with these means and spreads; draws of its values where they are given."""
    values: dict[str, float] = {}
    spreads: dict[str, str] = {}
    drawn: dict[str, tuple[float, ...]] = {}
    wanted = len(draws_of(model))
    for place, effect in enumerate(names):
        if mean[place] == 0 and spread[place] == 1:
            continue
        found, words = moved_parameters(model, effect, float(mean[place]), float(spread[place]))
        values |= {each: float(f"{value:.{DIGITS}g}") for each, value in found.items()}
        spreads |= {each: f"{word} {size:.{DIGITS}g}" for each, (word, size) in words.items()}
        if draws is not None and wanted:
            rows = np.linspace(0, len(draws[0]) - 1, wanted).astype(int)
            every = moved_parameters(model, effect, draws[0][rows, place], draws[1][rows, place])[0]
            drawn |= {
                each: tuple(float(f"{value:.{DIGITS}g}") for value in np.broadcast_to(own, rows.shape))
                for each, own in every.items()
            }
    about: Mapping[str, Any] = {"tables": list(data.source), "people": len(data), "model_digest": model.digest}
    return NamedPopulation(name, data.setting.population, values, spreads, drawn, about)


def _table(model: Model, names: Sequence[str], means: Numbers, spreads: Numbers) -> pd.DataFrame:
    """The random effects that moved, and their parameters, before and after."""
    import pandas as pd

    rows = []
    for place, effect in enumerate(names):
        own = means[:, place], spreads[:, place]
        if not np.ptp(own[0]):
            continue
        ends = [float(each) for part in own for each in np.quantile(part, [0.5, 0.05, 0.95])]
        contraction = 1 - float(np.var(own[0]))
        values, words = moved_parameters(model, effect, *own)
        every = {**values, **{f"{each} ({word})": size for each, (word, size) in words.items()}}
        for name, value in every.items():
            constant = model.constants[name.split(" ")[0]]
            word = "(" in name
            before = float(constant.spread.split()[1]) if word else constant.value
            limits = [float(each) for each in np.quantile(np.broadcast_to(value, own[0].shape), [0.5, 0.05, 0.95])]
            rows.append((effect, *ends, name, "1" if word else constant.unit, before, *limits, contraction))
    return pd.DataFrame(rows, columns=list(COLUMNS))
