"""Between-study heterogeneity: published numbers of trials in, the likelihood of each value of the intraclass correlation out."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
from scipy.stats import t as student

from resprout.calibrate.fitted_parameters import Numbers
from resprout.calibrate.residuals import fitted_rows, fitted_trials
from resprout.language import load_model
from resprout.language.records import Model
from resprout.simulation.workers import process_pool
from resprout.trial.design import LARGE_TRIAL
from resprout.trial.protocol import read_protocol
from resprout.trial.published_numbers import published_statistic
from resprout.trial.replicates import run_series

NAME = "study_intraclass_correlation"
VALUES = (0.02, 0.1, 0.2, 0.35)
TAIL = 4  # degrees of freedom: a trial that the model misses must not be taken for heterogeneity
REPLICATES, REPLICATES_LARGE = 32, 16
Work = tuple[str, float, str, int]


def likelihoods(
    model: Model, values: Sequence[float] = VALUES, trials: Sequence[str] | None = None, *, seed: int = 7
) -> Numbers:
    """Log likelihood of the published numbers of trials for each value of `study_intraclass_correlation`; all else as shipped.

    A number is taken to be spread around the mean of replicates with their standard deviation, in Student's t.

    trials    names; None for all that a fit looks at
    returns   [value], up to a constant
    """
    names = fitted_trials() if trials is None else list(trials)
    work: list[Work] = [(model.folder, value, trial, seed) for value in values for trial in names]
    with process_pool() as pool:
        found = np.array(list(pool.map(_likelihood, work)))
    return np.asarray(found.reshape(len(values), len(names)).sum(axis=1))


def _likelihood(work: Work) -> float:
    folder, value, trial, seed = work
    total = 0.0
    model = load_model(folder).with_parameters({NAME: value})
    with warnings.catch_warnings():
        # a replicate in which nobody relapsed has no day of relapse
        warnings.simplefilter("ignore", RuntimeWarning)
        design, regimens = read_protocol(trial, model)
        count = REPLICATES if design.people < LARGE_TRIAL else REPLICATES_LARGE
        outcome = run_series(design, regimens, model, count, seed, point=True)[1]
        for row in fitted_rows(design):
            seen = published_statistic(design, outcome, row)
            seen = seen[np.isfinite(seen)]
            spread = seen.std(ddof=1) if seen.size > 1 else 0.0
            if spread > 0 and not row.bound:
                total += float(student.logpdf(row.value, TAIL, seen.mean(), spread))
    return total
