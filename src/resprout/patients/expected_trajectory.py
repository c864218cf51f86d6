"""What a person's posterior expects between and after visits: particles in; levels and ratings over time with 90 % bands out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from resprout.errors import refuse_others
from resprout.language.records import Model
from resprout.patients.dataset import LEVEL, Occasion
from resprout.patients.expected_ratings import History, expected_values, history_of, solve_history
from resprout.patients.individual_posteriors import LOWER, UPPER, Posteriors, weighted_quantiles
from resprout.patients.particle_posterior import Posterior
from resprout.patients.rating_errors import rating_spread
from resprout.patients.simulated_observations import level_sd

if TYPE_CHECKING:
    import pandas as pd

Numbers = NDArray[np.float64]
TRAJECTORY_COLUMNS = (
    "patient",
    "occasion",
    "endpoint",
    "time_h",
    "median",
    "lower",
    "upper",
    "seen_lower",
    "seen_upper",
)
AFTER_A_DOSE_H = (0.0, 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4, 6, 8, 12, 18, 24, 36, 48, 72, 96)
EVENLY = 40  # hours between the first and the last record
BEYOND_LEVELS = 1.5  # of the hour of the last level, up to which levels are followed
SHORTEST_H = 1.0  # an occasion with records at one hour is followed so long


def expected_trajectory(posteriors: Posteriors) -> pd.DataFrame:
    """The trajectory that each person's posterior expects, from the first to the last record of each occasion.

    posteriors   what `rs.update` gave
    returns      a row a person, occasion, observed endpoint and hour of the table's clock (of levels up to half as long again as the last one):
                 median and 90 % interval of the expected level (ng/mL) or rating (points), and the 90 % interval in which a level or rating of
                 that hour would lie
    """
    import pandas as pd

    refuse_others(("posteriors", posteriors, isinstance(posteriors, Posteriors), "what `rs.update` gave"))
    rows = [row for each in posteriors.posteriors.values() for row in _rows(posteriors.model, each)]
    return pd.DataFrame(rows, columns=list(TRAJECTORY_COLUMNS))


def _rows(model: Model, posterior: Posterior) -> Iterator[tuple[Any, ...]]:
    """The rows of one person."""
    person = posterior.person
    resistant = bool(person.covariates.get("resistant", False))
    for number, occasion in enumerate(person.occasions, start=1):
        history = history_of(occasion, posterior.setting, resistant=resistant)
        if not history.visits:
            continue
        hours = _hours(occasion)
        expected = _between(model, posterior, history, hours)
        # one error for all hours of a draw, so that the band is not jagged
        noise = np.random.default_rng(0).standard_normal((len(posterior.weights), 1))
        last = {each.endpoint: each.time_h for each in occasion.observations if each.kind == LEVEL}
        for name, values in expected.items():
            if name in last:
                mean = np.maximum(values, 0.0)
                seen = mean * np.exp(level_sd(posterior.setting.level_cv) * noise)
            else:
                mean, spread = _rated(model, name, values)
                seen = np.clip(mean + spread * noise, model.scales[name].lowest, model.scales[name].highest)
            for place, hour in enumerate(hours):
                if hour > BEYOND_LEVELS * last.get(name, np.inf):
                    break
                told = weighted_quantiles(mean[:, place], posterior.weights, (0.5, LOWER, UPPER))
                told += weighted_quantiles(seen[:, place], posterior.weights, (LOWER, UPPER))
                yield (person.name, number, name, occasion.origin + hour, *told)


def _between(model: Model, posterior: Posterior, history: History, hours: tuple[float, ...]) -> dict[str, Numbers]:
    """What is expected of each endpoint at hours that are no visits: [particle, hour]."""
    watched = replace(history, between_h=hours)
    solved = solve_history(model, posterior.people, watched)
    return expected_values(model, posterior.people, watched, solved)


def _hours(occasion: Occasion) -> tuple[float, ...]:
    """Hours of the trajectory: closer after doses, even otherwise."""
    last = max(occasion.last_h, SHORTEST_H)
    sampled = [BEYOND_LEVELS * each.time_h for each in occasion.observations if each.kind == LEVEL]
    given = [time for dose in occasion.doses for time in dose.times_h]
    close = [time + after for time in given for after in AFTER_A_DOSE_H]
    every = {hour for end in (last, *sampled[-1:]) for hour in np.linspace(0.0, min(end, last), EVENLY).tolist()} | {
        *(hour for hour in close if hour <= last)
    }
    return tuple(sorted({round(hour, 6) for hour in every}))


def _rated(model: Model, name: str, values: Numbers) -> tuple[Numbers, Numbers]:
    """Mean and standard deviation of ratings that would be given at each hour: [particle, hour]."""
    mean, spread = np.empty_like(values), np.empty_like(values)
    for place in range(values.shape[1]):
        found = rating_spread(model, (name,), np.zeros(1), values[:, place : place + 1])
        mean[:, place] = found.mean[:, 0]
        spread[:, place] = np.sqrt(found.covariance[:, 0, 0])
    return mean, spread
