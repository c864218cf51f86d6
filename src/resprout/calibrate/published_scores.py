"""CRPS of a published number of a trial: its row and predicted samples in; scores in units that can be added over rows out."""

from __future__ import annotations

import math

import numpy as np

from resprout.calibrate.fitted_parameters import Numbers
from resprout.calibrate.proper_scores import PredictiveScore, printed_resolution, score_samples
from resprout.language.records import Model
from resprout.trial.design import Published

SIGNIFICANT_VISITS = ("first_significant_h", "last_significant_h")
"""Not scored: one of a few visits is no quantity with a distance."""
POINTS = (
    "mean",
    "first_period_mean",
    "mean_change",
    "difference",
    "genotype_gap",
    "sd",
    "first_period_sd",
    "sd_change",
    "difference_sd",
)
STANDARDISED = ("cohen_d", "improvement_d")
RATIOS = ("odds_ratio", "relative_response", "hazard_ratio", "genotype_F")
TIMES = ("relapse_median_d", "relapse_mean_d", "remission_median_h")
HALF_SD = {"share of a scale": 1 / 12, "standardised": 0.5, "share": 0.2, "logarithm": 1.0}
"""What the CRPS is divided by before rows are added: about half a standard deviation between patients, in each unit."""
LEAST_OF_LOGARITHM = 0.05  # days, hours or ratio: a smaller one is scored as this


def score_published(row: Published, samples: Numbers) -> PredictiveScore | None:
    """Score the prediction of a published number; times and ratios as logarithms, so that a factor counts alike wherever it is.

    row      published number
    samples  [sample]  unit of the number  those that are not finite are left out
    returns  the scores; None where too few samples are finite
    """
    value, resolution = row.value, printed_resolution(row.value)
    if row.statistic not in (*RATIOS, *TIMES):
        return score_samples(value, samples, resolution)
    known = samples[np.isfinite(samples)]
    logarithms = np.log(np.maximum(known, LEAST_OF_LOGARITHM))
    largest = max(value, LEAST_OF_LOGARITHM)
    return score_samples(math.log(largest), logarithms, resolution / largest)


def score_scale(model: Model, row: Published) -> float:
    """What the CRPS of a published number is divided by before rows are added.

    model    whose rating scales give the range of points
    row      published number
    returns  unit of the number  HALF_SD in the unit in which it is scored
    """
    if row.statistic in POINTS:
        scale = model.scales.get(row.endpoint)
        return HALF_SD["share of a scale"] * (1.0 if scale is None else scale.highest - scale.lowest)
    if row.statistic in STANDARDISED:
        return HALF_SD["standardised"]
    return HALF_SD["logarithm" if row.statistic in (*RATIOS, *TIMES) else "share"]
