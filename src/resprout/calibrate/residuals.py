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
from resprout.errors import SolveError
from resprout.language import load_model
from resprout.language.records import Model
from resprout.simulation.workers import process_pool
from resprout.trial.control_setting import sites_of
from resprout.trial.design import Protocol as Design
from resprout.trial.design import Published
from resprout.trial.protocol import is_for_calibration, read_protocol, shipped_protocols
from resprout.trial.published_numbers import COUNTED, published_statistic
from resprout.trial.replicates import run_series

NOT_SMOOTH = ("interaction_p", "difference_p", "change_p", "first_significant_h", "remission_median_h")
DISCREPANCY = 0.1  # of a published number: no model of this kind is nearer to a clinic than that
LEAST_TRIALS, MOST_TRIALS = 8, 60
STUDIES, PEOPLE_AN_ARM = 10, 40  # of a large trial at each point: its mean is that over studies, not that of one
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

    def residuals(self, points: Sequence[Mapping[str, float]]) -> Numbers:
        """[point, row] in sd of the row; 0 on the right side of a bound, NaN where nothing could be computed, infinite where the
        model has no solution."""
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

    def residuals(self, points: Sequence[Mapping[str, float]]) -> Numbers:
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

    def residuals(self, points: Sequence[Mapping[str, float]]) -> Numbers:
        """As in `Block`; points are shared among processes."""
        work = [(self.model.folder, dict(point), len(self.names)) for point in points]
        if len(work) == 1:
            return np.array([_outside(self.model, points[0], len(self.names))])
        with process_pool() as pool:
            return np.array(list(pool.map(_outside_of, work)))


def _outside(model: Model, point: Mapping[str, float], rows: int) -> list[float]:
    """[row] residual of every reading of the interventions at a point; infinite where one of them has no solution there."""
    try:
        results = run_interventions(model.with_parameters(point))
    except SolveError:
        return [np.inf] * rows
    return [residual for result in results for _, residual in _bands(result)]


def _outside_of(work: tuple[str, dict[str, float], int]) -> list[float]:
    folder, point, rows = work
    return _outside(load_model(folder), point, rows)


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

    sd   [row]   of the published number: from replicate to replicate, less where it is pooled over studies, with DISCREPANCY of the number
                 itself
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
        spread = trial_moments(model, start, names, 4 * people, seed, whole=True)[1]
        spread = spread / np.sqrt([row.studies for _, row in rows])
        sd = np.hypot(np.nan_to_num(spread, nan=0.0), DISCREPANCY * np.abs(observed)) + 1e-3
        return replace(block, sd=sd)

    def residuals(self, points: Sequence[Mapping[str, float]]) -> Numbers:
        """As in `Block`."""
        away = (np.stack([mean for mean, _ in self.moments(points)]) - self.observed) / self.sd
        for column, bound in enumerate(self.bound):
            if bound:
                away[:, column] = (np.maximum if bound == "upper" else np.minimum)(away[:, column], 0.0)
        return away

    def moments(self, points: Sequence[Mapping[str, float]]) -> list[tuple[Numbers, Numbers]]:
        """Mean and sd over replicates, [row] each, for every point; points are shared among processes."""
        work: list[Work] = [(self.model.folder, dict(point), self.trials, self.people, self.seed) for point in points]
        if len(work) == 1:
            return [trial_moments(self.model, *work[0][1:])]
        with process_pool() as pool:
            return list(pool.map(_moments, work))


def fitted_trials() -> list[str]:
    """The shipped trials that a fit looks at."""
    return [name for name in shipped_protocols() if is_for_calibration(name)]


def is_fitted(trial: str, statistic: str, verification: str) -> bool:
    """Whether a fit looks at a published number of a trial: seen in a source, and smooth in the constants."""
    return is_for_calibration(trial) and verification in COUNTED and statistic not in NOT_SMOOTH


def fitted_rows(design: Design) -> list[Published]:
    """The published rows of a trial that a fit looks at."""
    return [row for row in design.published if is_fitted(design.name, row.statistic, row.verification)]


def replicate_count(design: Design, people: int) -> int:
    """How many replicates hold about this many people, LEAST_TRIALS to MOST_TRIALS."""
    return int(np.clip(people // design.people, LEAST_TRIALS, MOST_TRIALS))


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
    means, spreads = [], []
    moved = model.with_parameters(point)
    with warnings.catch_warnings():
        # a replicate in which nobody relapsed has no day of relapse; it is left out of the mean
        warnings.simplefilter("ignore", RuntimeWarning)
        for trial in trials:
            design, regimens = read_protocol(trial, moved)
            smaller = design if whole else of_fewer_people(design)
            count = replicate_count(design, people) if smaller is design else STUDIES
            _, outcome = run_series(smaller, regimens, moved, count, seed, point=True)
            for row in fitted_rows(design):
                found = published_statistic(smaller, outcome, row)
                known = found[np.isfinite(found)]
                means.append(known.mean() if known.size else np.nan)
                spreads.append(known.std(ddof=1) if known.size > 1 else np.nan)
    return np.array(means), np.array(spreads)


Work = tuple[str, dict[str, float], tuple[str, ...], int, int]


def _moments(work: Work) -> tuple[Numbers, Numbers]:
    folder, point, trials, people, seed = work
    return trial_moments(load_model(folder), point, trials, people, seed)
