"""The standard deviation behind a published standard error of a difference: a trial's ratings in, one number a replicate out."""

from __future__ import annotations

import numpy as np

from resprout.trial.trial_outcome import Numbers, View


def difference_sd(view: View) -> Numbers:
    """Standard deviation of the change from baseline that the standard error of a difference against control rests on.

    view     one endpoint of one arm at one visit
    returns  [replicate]  points  parallel groups: root mean square of the residuals of an analysis of covariance of drug and control, with
             the baseline as covariate; crossover: standard deviation of the differences within people. NaN with fewer than four people

    The standard error is this times the root of 1/n + 1/m of the two groups, or over the root of the number of people.
    """
    change = [each[:, :, view.at] - each[:, :, 0] for each in (view.rating, view.control)]
    if view.paired:
        return np.asarray(np.nanstd(change[0] - change[1], axis=1, ddof=1))
    known = [np.isfinite(each) for each in change]
    baseline = [
        np.where(here, each[:, :, 0], np.nan) for here, each in zip(known, (view.rating, view.control), strict=True)
    ]
    x, y = (np.concatenate([_centred(each) for each in parts], axis=1) for parts in (baseline, change))
    people = np.concatenate(known, axis=1).sum(axis=1)
    own, both = (x**2).sum(axis=1), (x * y).sum(axis=1)
    explained = np.divide(both**2, own, out=np.zeros_like(own), where=own > 0)
    left = people - 3.0  # two means and a slope
    return np.sqrt(((y**2).sum(axis=1) - explained) / np.where(left > 0, left, np.nan))


def _centred(values: Numbers) -> Numbers:
    """[replicate, patient] less the mean of the group; 0 for those who are not known."""
    return np.nan_to_num(values - np.nanmean(values, axis=1, keepdims=True))
