"""Summaries from a stream: takes patients in chunks, gives mean, spread, quantiles and response shares without holding them all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv, chdtri, stdtrit

from resprout.language.rating_scales import Scale

Numbers = NDArray[np.float64]
QUANTILES = (0.05, 0.5, 0.95)
KEPT_BYTES = 200_000_000
MOST_KEPT = 50_000
"""Quantiles are those of the first patients, up to this many or these bytes: any first patients are a random sample."""

TOGETHER = 200
"""Patients that are summed at once: few enough that their numbers stay in the processor's cache."""

Row = tuple[str, str, float, str, float, float, float, int]
COLUMNS = ("arm", "endpoint", "time_h", "statistic", "value", "lower", "upper", "n")


@dataclass
class Tally:
    """Sums over the solved patients seen so far.

    scales          rating scales of the model by name
    n, failed       patients solved and not                     halved, remitted   [time] by scale
    mean, square    [time, output]  and sum of squared distances from the mean
    rise, swing     [time, output]  the same of the change from the first hour
    """

    outputs: tuple[str, ...]
    hours: Numbers
    scales: Mapping[str, Scale]
    n: int = 0
    failed: int = 0
    mean: Numbers = field(default_factory=lambda: np.zeros(0))
    square: Numbers = field(default_factory=lambda: np.zeros(0))
    rise: Numbers = field(default_factory=lambda: np.zeros(0))
    swing: Numbers = field(default_factory=lambda: np.zeros(0))
    halved: dict[str, NDArray[np.int64]] = field(default_factory=dict)
    remitted: dict[str, NDArray[np.int64]] = field(default_factory=dict)
    kept: list[NDArray[np.floating]] = field(default_factory=list)

    def add(self, value: NDArray[np.floating], status: NDArray[np.int64]) -> None:
        """Take in a chunk: value [patient, time, output], status [patient]."""
        solved = value[status == 0]
        self.failed += int((status != 0).sum())
        if len(solved) == 0:
            return
        if not self.n:
            shape = solved.shape[1:]
            self.mean, self.square, self.rise, self.swing = (np.zeros(shape) for _ in range(4))
        self._keep(solved)
        for first in range(0, len(solved), TOGETHER):
            wide = solved[first : first + TOGETHER].astype(np.float64)
            self._merge("mean", "square", wide)
            self._count(wide)
            wide -= wide[:, :1].copy()
            self._merge("rise", "swing", wide)
            self.n += len(wide)

    def _keep(self, solved: NDArray[np.floating]) -> None:
        most = min(MOST_KEPT, max(KEPT_BYTES // max(solved[0].nbytes, 1), 1))
        room = most - sum(len(part) for part in self.kept)
        if room > 0:
            self.kept.append(solved[:room].copy())

    def _merge(self, centre: str, spread: str, value: Numbers) -> None:
        # Chan's rule for joining means and sums of squares, stable where a plain sum of squares is not
        here, total = len(value), self.n + len(value)
        mean = value.mean(axis=0)
        gap = mean - getattr(self, centre)
        away = value - mean
        away *= away
        own = away.sum(axis=0)
        setattr(self, spread, getattr(self, spread) + own + gap**2 * (self.n * here / total))
        setattr(self, centre, getattr(self, centre) + gap * (here / total))

    def _count(self, value: Numbers) -> None:
        for column, name in enumerate(self.outputs):
            scale = self.scales.get(name)
            if scale is None or not scale.mood:
                continue
            score = value[:, :, column]
            halved = (score <= 0.5 * score[:, :1]).sum(axis=0)
            self.halved[name] = self.halved.get(name, 0) + halved
            if scale.remission is not None:
                self.remitted[name] = self.remitted.get(name, 0) + (score <= scale.remission).sum(axis=0)

    def quantiles(self) -> Numbers:
        """[quantile, time, output] of the patients kept."""
        return np.quantile(np.concatenate(self.kept), QUANTILES, axis=0)

    def rows(self, arm: str) -> list[Row]:
        """The long table: mean and mean_change with 95 % intervals, sd_change, quantiles, response and remission."""
        if self.n == 0:
            return []
        found: list[Row] = []
        # one patient has no standard deviation
        freedom = self.n - 1 if self.n > 1 else np.nan
        spread, swing = np.sqrt(self.square / freedom), np.sqrt(self.swing / freedom)
        half = (stdtrit(self.n - 1, 0.975) if self.n > 1 else np.nan) / np.sqrt(self.n)
        quantile, kept = self.quantiles(), sum(len(part) for part in self.kept)
        for column, name in enumerate(self.outputs):
            for moment, hour in enumerate(self.hours):
                at = (moment, column)
                told: list[tuple[str, float, float, float, int]] = [
                    ("mean", self.mean[at], *_around(self.mean[at], half * spread[at]), self.n),
                    ("mean_change", self.rise[at], *_around(self.rise[at], half * swing[at]), self.n),
                    ("sd_change", swing[at], *_spread_interval(swing[at], self.n), self.n),
                ]
                told += [
                    (f"quantile_{100 * share:.0f}", quantile[(index, *at)], np.nan, np.nan, kept)
                    for index, share in enumerate(QUANTILES)
                ]
                for statistic, counts in (("response_rate", self.halved), ("remission_rate", self.remitted)):
                    if name in counts:
                        count = int(counts[name][moment])
                        told.append((statistic, count / self.n, *exact_interval(count, self.n), self.n))
                found += [
                    (arm, name, float(hour), statistic, float(value), float(lower), float(upper), n)
                    for statistic, value, lower, upper, n in told
                ]
        return found


def _around(value: float, half: float) -> tuple[float, float]:
    return value - half, value + half


def _spread_interval(spread: float, n: int) -> tuple[float, float]:
    if n < 2:
        return np.nan, np.nan
    lower, upper = (spread * float(np.sqrt((n - 1) / chdtri(n - 1, tail))) for tail in (0.025, 0.975))
    return lower, upper


def exact_interval(count: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """The exact interval of a share: `count` of n people.

    Clopper CJ, Pearson ES. The use of confidence or fiducial limits. Biometrika 1934;26:404-13.
    """
    tail = (1 - level) / 2
    lower = 0.0 if count == 0 else float(betaincinv(count, n - count + 1, tail))
    upper = 1.0 if count == n else float(betaincinv(count + 1, n - count, 1 - tail))
    return lower, upper
