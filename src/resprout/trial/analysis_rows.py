"""Estimates by replicate: what an analysis found in every replicate in; its rows over replicates and replicate by replicate out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resprout.statistics.estimability import Reasons, counted

Numbers = NDArray[np.float64]
Row = dict[str, Any]
ALPHA = 0.05
ANALYSIS_COLUMNS = [
    "analysis",
    "endpoint",
    "arm",
    "against",
    "time_h",
    "quantity",
    "estimate",
    "lower",
    "upper",
    "se",
    "df",
    "p",
    "power",
    "replicates",
    "test",
    "estimable",
    "tested",
    "power_of_all",
    "not_estimable",
]
ESTIMATE_COLUMNS = [
    "replicate",
    "analysis",
    "endpoint",
    "arm",
    "against",
    "time_h",
    "quantity",
    "estimate",
    "se",
    "df",
    "p",
    "status",
]
ESTIMABLE = "estimable"


@dataclass(frozen=True)
class Estimates:
    """One quantity of one analysis in every replicate.

    analysis, endpoint, arm, against, quantity   names        time_h  h  of the visit; NaN for the whole trial
    estimate          [replicate]  NaN or infinite where not estimable
    reason            [replicate]  why not; empty where estimable
    test              what gives p; empty for a quantity that is not tested
    se, df, p         [replicate]  of estimate and test; NaN where unknown
    confidence        95 % confidence interval of the first replicate, shown where there is only one
    """

    analysis: str
    endpoint: str
    arm: str
    against: str
    time_h: float
    quantity: str
    estimate: Numbers
    reason: Reasons
    test: str = ""
    se: Numbers | None = None
    df: Numbers | None = None
    p: Numbers | None = None
    confidence: tuple[float, float] = field(default=(np.nan, np.nan))

    def row(self) -> Row:
        """The row over replicates, by ANALYSIS_COLUMNS.

        `estimate` is the mean and `lower`, `upper` the 95 % prediction interval over the `estimable` replicates (for one
        replicate, the confidence interval; none from one of many); `se`, `df` and `p` are medians. `power` is the share of the `tested` replicates
        with p below .05, `power_of_all` that of all `replicates`, in which one without p counts as no rejection.
        """
        sound = self.estimate[self.reason == ""]
        many, replicates = len(self.estimate) > 1, len(self.estimate)
        lower, upper = self.confidence
        if many:
            lower, upper = np.quantile(sound, [0.025, 0.975]) if sound.size > 1 else (np.nan, np.nan)
        p = np.full(replicates, np.nan) if self.p is None else self.p
        known = p[np.isfinite(p)]
        rejected = int((known < ALPHA).sum())
        values = (
            *self._names(),
            float(sound.mean()) if sound.size else np.nan,
            float(lower),
            float(upper),
            *(_median(each) for each in (self.se, self.df, self.p)),
            rejected / known.size if known.size else np.nan,
            replicates,
            self.test,
            int(sound.size),
            int(known.size),
            rejected / replicates if self.test else np.nan,
            counted(self.reason),
        )
        return dict(zip(ANALYSIS_COLUMNS, values, strict=True))

    def columns(self) -> dict[str, Any]:
        """The rows replicate by replicate, as columns by ESTIMATE_COLUMNS; `status` is `estimable` or the reason why not."""
        replicates = len(self.estimate)
        unknown = np.full(replicates, np.nan)
        numbers = (unknown if each is None else each for each in (self.se, self.df, self.p))
        names = ([each] * replicates for each in self._names())
        status = np.where(self.reason == "", ESTIMABLE, self.reason)
        known = np.where(self.reason == "", self.estimate, np.nan)
        values = (np.arange(1, replicates + 1), *names, known, *numbers, status)
        return dict(zip(ESTIMATE_COLUMNS, values, strict=True))

    def _names(self) -> tuple[str, str, str, str, float, str]:
        return self.analysis, self.endpoint, self.arm, self.against, self.time_h, self.quantity


def _median(values: Numbers | None) -> float:
    """Median of what is known; NaN where nothing is."""
    known = np.empty(0) if values is None else values[np.isfinite(values)]
    return float(np.median(known)) if known.size else np.nan
