"""Proper scores of a predictive distribution: predicted samples and what was observed in; CRPS, log score, coverage, width out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scoringrules
from numpy.typing import NDArray
from scipy.special import logsumexp, ndtri
from scipy.stats import norm

from resprout.statistics.prediction_interval import prediction_interval

Numbers = NDArray[np.float64]
LEVELS = (50, 80, 90, 95)
"""Levels of central prediction intervals, %."""
WIDTH_LEVEL = 90
FEWEST_SAMPLES = 3


@dataclass(frozen=True)
class PredictiveScore:
    """How one predictive distribution did on one observation.

    crps        in the observation's unit; smaller is better      log_score   minus the log density at the observation
    median      of the prediction                                 interval    by level: lower and upper bound
    covered     by level: whether the interval holds the observation
    """

    crps: float
    log_score: float
    median: float
    interval: dict[int, tuple[float, float]]
    covered: dict[int, bool]

    @property
    def width(self) -> float:
        """Of the 90 % interval; how sharp the prediction is."""
        lower, upper = self.interval[WIDTH_LEVEL]
        return upper - lower


def score_samples(observed: float, samples: Numbers, resolution: float = 0.0) -> PredictiveScore | None:
    """Score one predictive distribution.

    observed    scalar    any             what was published
    samples     [sample]  unit of observed   of the prediction; those that are not finite are left out
    resolution  scalar    unit of observed   half a unit of the last printed place
    returns     the scores; None where fewer than FEWEST_SAMPLES samples are finite

    The CRPS is the fair estimate, which does not reward a large number of samples. The log score is that of a Gaussian
    kernel density whose bandwidth is Silverman's, but no less than the resolution, so that a share predicted as 0 by every
    sample has a finite density. An interval holds a printed number that lies no further outside than its resolution.

    Source: Gneiting T, Raftery AE. Strictly proper scoring rules, prediction, and estimation. J Am Stat Assoc
    2007;102:359-378.
    """
    known = np.sort(samples[np.isfinite(samples)])
    if known.size < FEWEST_SAMPLES:
        return None
    spread = min(known.std(ddof=1), float(np.subtract(*np.quantile(known, [0.75, 0.25]))) / 1.34 or math.inf)
    floor = max(resolution, 1e-9 * max(abs(observed), 1.0))
    bandwidth = max(0.9 * spread * known.size**-0.2, floor)
    interval = {level: prediction_interval(known, level / 100) for level in LEVELS}
    slack = max(resolution, 1e-12 * abs(observed))
    return PredictiveScore(
        crps=float(scoringrules.crps_ensemble(observed, known, estimator="fair", backend="numpy")),
        # scoringrules.logs_ensemble gives infinity from 38 bandwidths on
        log_score=float(np.log(known.size) - logsumexp(norm.logpdf(observed, known, bandwidth))),
        median=float(np.median(known)),
        interval=interval,
        covered={level: lower - slack <= observed <= upper + slack for level, (lower, upper) in interval.items()},
    )


def normal_mixture_samples(centres: Numbers, spread: float, each: int = 41) -> Numbers:
    """Samples of a mixture of normal laws of one standard deviation, at evenly spaced probabilities.

    centres  [component]  any             middle of each component; those that are not finite are left out
    spread   scalar       unit of centres   standard deviation
    each     scalar       -               samples of each component
    returns  [sample]     unit of centres
    """
    known = centres[np.isfinite(centres)]
    places = ndtri((np.arange(each) + 0.5) / each)
    return np.asarray((known[:, None] + spread * places).ravel())


def printed_resolution(value: float) -> float:
    """Half a unit of the last place to which a number is printed.

    value    scalar  any
    returns  scalar  unit of value; 0.5 for whole numbers
    """
    text = f"{value:.10g}"
    places = len(text.partition(".")[2]) if "." in text and "e" not in text else 0
    return 0.5 * 10.0**-places


def skill(scores: Sequence[float], baseline: Sequence[float]) -> float:
    """Skill of scores against those of a baseline on the same rows.

    scores    [row]  1  CRPS in units that can be added    baseline  [row]  1
    returns   1 - sum of scores / sum of baseline; 0 is no better than the baseline, 1 is perfect, NaN without rows
    """
    own, other = np.asarray(scores, float), np.asarray(baseline, float)
    both = np.isfinite(own) & np.isfinite(other)
    total = float(other[both].sum())
    return 1 - float(own[both].sum()) / total if total > 0 else math.nan
