"""The standard deviation behind a published standard error of a difference: a trial's ratings in, one number a replicate out."""

from __future__ import annotations

import numpy as np

from resprout.statistics.ancova import ancova
from resprout.trial.trial_outcome import Numbers, View


def difference_sd(view: View) -> Numbers:
    """Standard deviation of the change from baseline that the standard error of a difference against control rests on.

    view     one endpoint of one arm at one visit
    returns  [replicate]  points  parallel groups: the standard error of an analysis of covariance of drug and control, with the baseline as
             covariate, over the root of 1/n + 1/m; crossover: standard deviation of the differences within people. NaN with fewer than
             four people
    """
    change = [each[:, :, view.at] - each[:, :, 0] for each in (view.rating, view.control)]
    if view.paired:
        return np.asarray(np.nanstd(change[0] - change[1], axis=1, ddof=1))
    both = np.concatenate(change, axis=1)
    group = np.repeat([1.0, 0.0], [each.shape[1] for each in change])
    baseline = np.nan_to_num(np.concatenate([each[:, :, 0] for each in (view.rating, view.control)], axis=1))
    covariates = np.stack([np.ones_like(both), np.broadcast_to(group, both.shape), baseline], axis=2)
    people = [np.isfinite(each).sum(axis=1) for each in change]
    return np.asarray(ancova(both, covariates, 1).se[:, 0] / np.sqrt(1 / people[0] + 1 / people[1]))
