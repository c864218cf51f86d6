"""Data of a fit in three blocks with one face: laboratory, interventions, trials; points of the fit in, residuals out."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from resprout.calibrate.fitted_parameters import Numbers
from resprout.calibrate.interventions import BANDS, SEEN, InterventionResult, run_interventions
from resprout.calibrate.measurements import Measurement, read_measurements, standardised_residuals
from resprout.calibrate.predicted_measurements import predict_measurements
from resprout.calibrate.shared_work import Share, by_own_processes, folder_elsewhere
from resprout.errors import SolveError
from resprout.language import load_model
from resprout.language.records import Model
from resprout.people.studies import STRATA
from resprout.trial.control_setting import sites_of
from resprout.trial.design import Protocol as Design
from resprout.trial.design import Published
from resprout.trial.protocol import is_for_calibration, read_protocol, shipped_protocols
from resprout.trial.published_numbers import COUNTED, published_statistic
from resprout.trial.replicates import run_series

NOT_SMOOTH = ("interaction_p", "difference_p", "change_p", "first_significant_h", "remission_median_h")
DISCREPANCY = 0.1  # of a published number: no model of this kind is nearer to a clinic than that
# of a mean score before treatment: 2 points of MADRS, by which trials of like entry differ
DISCREPANCY_AT_BASELINE = 0.05
LEAST_TRIALS, MOST_TRIALS = 10, 60
STUDIES, PEOPLE_AN_ARM = 20, 20  # of a large trial at each point: its mean is that over studies, not that of one
OF_LARGE_ARMS = (
    "relative_response",
    "early_drug_share",
    "odds_ratio",
    "hazard_ratio",
)  # of few people a ratio is biased
BAND_FAR = 4.0  # sd at which a miss is as bad as it can be: a fact that the model cannot hold pulls at nothing
BAND_SD, BAND_MARGIN = 0.04, 0.03  # of the drug's effect: how soft the edge of a band is, and how far inside it counts


class Block(Protocol):
    """Rows of data, and how far points of the fit lie from them."""

    @property
    def names(self) -> tuple[str, ...]:
        """A name for each row."""
        ...

    def residuals(self, points: Sequence[Mapping[str, float]], share: Share = by_own_processes) -> Numbers:
        """[point, row] in sd of the row; 0 on the right side of a bound, NaN where nothing could be computed, infinite where the
        model has no solution. `share` gives points to workers."""
        ...


@dataclass(frozen=True)
class Laboratory:
    """Measurements that the fit may use, of some stages."""

    model: Model
    rows: tuple[Measurement, ...]
    names: tuple[str, ...] = ()

    @classmethod
    def of(cls, model: Model, stages: Sequence[int]) -> Laboratory:
        """The block of these stages."""
        rows = tuple(row for row in read_measurements(model) if row.used_in_fit and row.stage in stages)
        return cls(model, rows, tuple(row.id for row in rows))

    def residuals(self, points: Sequence[Mapping[str, float]], share: Share = by_own_processes) -> Numbers:
        """As in `Block`; parameters of people and ratings do not reach the laboratory."""
        known = [name for name in points[0] if self.model.constants[name].in_chain]
        draws = {name: np.array([point[name] for point in points]) for name in known}
        return standardised_residuals(self.rows, predict_measurements(self.model, self.rows, draws))


@dataclass(frozen=True)
class Interventions:
    """Published interventions: how far outside its band each reading lies."""

    model: Model
    names: tuple[str, ...]

    @classmethod
    def of(cls, model: Model) -> Interventions:
        """The block of all interventions that were read in their source."""
        names = tuple(name for result in run_interventions(model) for name, _ in _bands(result))
        return cls(model, names)

    def residuals(self, points: Sequence[Mapping[str, float]], share: Share = by_own_processes) -> Numbers:
        """As in `Block`."""
        work = [(folder_elsewhere(self.model), dict(point), len(self.names)) for point in points]
        return np.array(share(_outside_of, work))


def _outside_of(work: tuple[str | None, dict[str, float], int]) -> list[float]:
    """[row] residual of every reading of the interventions at a point; infinite where one of them has no solution there."""
    folder, point, rows = work
    try:
        results = run_interventions(load_model(folder).with_parameters(point))
    except SolveError:
        return [np.inf] * rows
    return [residual for result in results for _, residual in _bands(result)]


def _bands(result: InterventionResult) -> list[tuple[str, float]]:
    """Name and residual of each reading of a result that was read in its source."""
    if result.row["verification"] != SEEN:
        return []
    low, high = BANDS[result.row["expected"]]
    found = []
    for number, reading in enumerate(result.readings):
        below, above = low + BAND_MARGIN - reading.value, reading.value - high + BAND_MARGIN
        outside = max(below, above, 0.0) * (1.0 if reading.value >= low + BAND_MARGIN else -1.0)
        away = outside / BAND_SD
        found.append((f"{result.row['id']}.{number}", away / np.hypot(1.0, away / BAND_FAR)))
    return found


@dataclass(frozen=True)
class Trials:
    """Published numbers of trials, each beside the mean of replicates with the same people at every point.

    sd   [row]   of the published number: from replicate to replicate, less where it is pooled over studies, with a share of the number
                 itself (`discrepancy`); larger where the numbers of a trial go together, so that a trial of many visits counts as what it tells
    """

    model: Model
    people: int
    seed: int
    trials: tuple[str, ...]
    names: tuple[str, ...]
    observed: Numbers = field(repr=False)
    bound: tuple[str, ...] = field(repr=False)
    sd: Numbers = field(repr=False)

    @classmethod
    def of(
        cls,
        model: Model,
        start: Mapping[str, float],
        *,
        people: int = 200,
        seed: int = 1,
        trials: Sequence[str] | None = None,
    ) -> Trials:
        """The block of the shipped trials; `start` is the point at which the spread of replicates is taken."""
        names = tuple(trials if trials is not None else fitted_trials())
        rows = [(trial, row) for trial in names for row in fitted_rows(read_protocol(trial, model)[0])]
        observed = np.array([row.value for _, row in rows])
        block = cls(
            model,
            people,
            seed,
            names,
            tuple(f"{trial}.{row.evidence}.{row.arm}.{row.statistic}" for trial, row in rows),
            observed,
            tuple(row.bound for _, row in rows),
            np.ones(len(rows)),
        )
        found = [_replicates(model.with_parameters(start), name, 4 * people, seed, whole=True) for name in names]
        spread = _moments_of(found)[1] / np.sqrt([row.studies for _, row in rows])
        away = np.array([discrepancy(row) for _, row in rows]) * np.abs(observed)
        sd = np.hypot(np.nan_to_num(spread, nan=0.0), away) + 1e-3
        told = np.concatenate([np.full(len(one), independent_rows(one) / max(len(one), 1)) for one in found])
        return replace(block, sd=sd / np.sqrt(told))

    def residuals(self, points: Sequence[Mapping[str, float]], share: Share = by_own_processes) -> Numbers:
        """As in `Block`."""
        work: list[Work] = [
            (folder_elsewhere(self.model), dict(point), self.trials, self.people, self.seed) for point in points
        ]
        away = (np.stack([mean for mean, _ in share(_moments, work)]) - self.observed) / self.sd
        for column, bound in enumerate(self.bound):
            if bound:
                away[:, column] = (np.maximum if bound == "upper" else np.minimum)(away[:, column], 0.0)
        return away


def fitted_trials() -> list[str]:
    """The shipped trials that a fit looks at."""
    return [name for name in shipped_protocols() if is_for_calibration(name)]


def is_fitted(trial: str, statistic: str, verification: str) -> bool:
    """Whether a fit looks at a published number of a trial: seen in a source, and smooth in the constants."""
    return is_for_calibration(trial) and verification in COUNTED and statistic not in NOT_SMOOTH


def fitted_rows(design: Design) -> list[Published]:
    """The published rows of a trial that a fit looks at."""
    return [row for row in design.published if is_fitted(design.name, row.statistic, row.verification)]


def discrepancy(row: Published) -> float:
    """Share of a published number by which a model may be away from it: DISCREPANCY, less for a mean score before treatment."""
    before = row.statistic == "mean" and row.time is not None and row.time <= 0
    return DISCREPANCY_AT_BASELINE if before else DISCREPANCY


def replicate_count(design: Design, people: int) -> int:
    """How many replicates hold about this many people, LEAST_TRIALS to MOST_TRIALS, in tens as effects of studies are drawn."""
    return int(np.clip(people // design.people // STRATA * STRATA, LEAST_TRIALS, MOST_TRIALS))


def of_fewer_people(design: Design) -> Design:
    """The same trial with at most PEOPLE_AN_ARM, at as many sites: the mean over replicates stays, and a replicate costs less.

    Trials with a ratio among their fitted rows are left as they are, and so are those with numbers of some people only.
    """
    rows = fitted_rows(design)
    large = any((arm.size or 0) > PEOPLE_AN_ARM for arm in design.arms)
    if not large or any(row.statistic in OF_LARGE_ARMS or row.people for row in rows):
        return design
    sites = max(1, round(sites_of(design)))
    arms = tuple(arm.model_copy(update={"size": min(arm.size or 0, PEOPLE_AN_ARM)}) for arm in design.arms)
    return design.model_copy(update={"arms": arms, "setting": design.setting.model_copy(update={"sites": sites})})


def trial_moments(
    model: Model,
    point: Mapping[str, float],
    trials: Sequence[str],
    people: int,
    seed: int,
    *,
    whole: bool = False,
) -> tuple[Numbers, Numbers]:
    """Mean and sd over replicates of every fitted row of some trials at one point: [row] each.

    whole   with as many people as the trials had; otherwise large ones are replaced by STUDIES of fewer people
    """
    moved = model.with_parameters(point)
    return _moments_of([_replicates(moved, trial, people, seed, whole=whole) for trial in trials])


def _replicates(model: Model, trial: str, people: int, seed: int, *, whole: bool) -> Numbers:
    """Every fitted row of a trial in every replicate: [row, replicate]; arguments as in `trial_moments`."""
    design, regimens = read_protocol(trial, model)
    smaller = design if whole else of_fewer_people(design)
    count = replicate_count(design, people) if smaller is design else STUDIES
    with warnings.catch_warnings():
        # a replicate in which nobody relapsed has no day of relapse; it is left out of the mean
        warnings.simplefilter("ignore", RuntimeWarning)
        _, outcome = run_series(smaller, regimens, model, count, seed, point=True)
        found = [published_statistic(smaller, outcome, row) for row in fitted_rows(design)]
    return np.array(found).reshape(len(found), count)


def _moments_of(trials: Sequence[Numbers]) -> tuple[Numbers, Numbers]:
    """Mean and sd over the replicates that have a number, [row] of all trials; NaN where none or one has."""
    means, spreads = [], []
    for values in (row for trial in trials for row in trial):
        known = values[np.isfinite(values)]
        means.append(known.mean() if known.size else np.nan)
        spreads.append(known.std(ddof=1) if known.size > 1 else np.nan)
    return np.array(means), np.array(spreads)


def independent_rows(replicates: Numbers) -> float:
    """How many independent numbers the rows of one trial are worth, from how they go together over replicates.

    replicates  [row, replicate]  rows without variance count as independent
    returns     1 to the number of rows: n^2 over the sum of squared correlations, less what chance adds to the squares
    Source: the participation ratio of the eigenvalues of a correlation matrix; Bretherton CS et al, J Clim 1999;12:1990
    """
    rows = len(replicates)
    known = np.isfinite(replicates).all(axis=0)
    if rows < 2 or known.sum() < 4:
        return float(rows)
    values = replicates[:, known]
    away = values - values.mean(axis=1, keepdims=True)
    length = np.sqrt((away**2).sum(axis=1))
    unit = away / np.where(length > 0, length, 1.0)[:, None]
    by_chance = 1 / (known.sum() - 1)
    squares = np.clip(((unit @ unit.T) ** 2 - by_chance) / (1 - by_chance), 0.0, 1.0)
    np.fill_diagonal(squares, 1.0)
    return float(rows**2 / squares.sum())


Work = tuple[str | None, dict[str, float], tuple[str, ...], int, int]


def _moments(work: Work) -> tuple[Numbers, Numbers]:
    folder, point, trials, people, seed = work
    return trial_moments(load_model(folder), point, trials, people, seed)
