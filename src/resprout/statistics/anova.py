"""Repeated-measures analysis of variance: ratings by person, treatment and time in, F and p of the interaction out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import helmert
from scipy.special import fdtrc

from resprout.statistics.estimability import A_GAP, FEW_PATIENTS, NO_VARIANCE, ONE_GROUP, Reasons, first_reason

Numbers = NDArray[np.float64]
ROUNDING = 1e-12  # of the largest square; a smaller variance is the rounding of none


@dataclass(frozen=True)
class Interaction:
    """The treatment x time interaction of one or many trials; NaN where it is not estimable.

    F            [replicate]  mean square of the interaction over that of its error
    df, df_error scalar       degrees of freedom before correction
    epsilon      [replicate]  Greenhouse-Geisser sphericity factor, from 1 / df to 1
    p            [replicate]  chance of a larger F if there were no interaction, with both df multiplied by epsilon
    reason       [replicate]  why it is not estimable; empty where it is
    """

    F: Numbers
    df: int
    df_error: int
    epsilon: Numbers
    p: Numbers
    reason: Reasons


def treatment_by_time(rating: Numbers) -> Interaction:
    """Test whether the change over time differs between treatments that every patient received.

    rating   [replicate, patient, treatment, time]  any  a replicate with a gap is not estimable
    returns  the interaction; not estimable with one patient, or where changes do not vary between patients

    Both factors are within patients; the error is patient x treatment x time.
    Greenhouse SW, Geisser S. On methods in the analysis of profile data. Psychometrika 1959;24:95-112 (epsilon).
    """
    rating = np.asarray(rating, dtype=float)
    replicates, people, treatments, times = rating.shape
    contrast = np.kron(helmert(treatments), helmert(times))
    score = rating.reshape(replicates, people, -1) @ contrast.T
    mean = score.mean(axis=1)
    between = people * np.square(mean).sum(axis=1)
    residual = score - mean[:, None, :]
    few = np.full(replicates, people < 2)
    return _interaction(
        between, residual, contrast.shape[0], contrast.shape[0], people - 1, rating, (few, FEW_PATIENTS)
    )


def group_by_time(rating: Numbers, group: NDArray[np.int64]) -> Interaction:
    """Test whether the change over time differs between groups of patients, for instance genotypes.

    rating   [replicate, patient, time]  any  a replicate with a gap is not estimable
    group    [replicate, patient]        1    number of the patient's group, from 0
    returns  the group x time interaction, time within and group between patients; group sizes may differ. Not estimable
             where a group is empty, where all groups have one patient, or where changes do not vary within groups
    """
    rating = np.asarray(rating, dtype=float)
    _, people, times = rating.shape
    score = rating @ helmert(times).T
    groups = int(group.max()) + 1
    member = (group[..., None] == np.arange(groups)).astype(float)
    size = member.sum(axis=1)
    mean = np.swapaxes(member, 1, 2) @ score / np.maximum(size, 1)[..., None]
    residual = score - member @ mean
    between = np.einsum("rg,rgj->r", size, np.square(mean - score.mean(axis=1, keepdims=True)))
    empty, few = (size == 0).any(axis=1), np.full(len(rating), people <= groups)
    checks = ((empty, ONE_GROUP), (few, FEW_PATIENTS))
    return _interaction(between, residual, (groups - 1) * (times - 1), times - 1, people - groups, rating, *checks)


def _interaction(  # many arguments: sums of squares, their degrees of freedom and what may be wrong
    between: Numbers,
    residual: Numbers,
    df: int,
    contrasts: int,
    freedom: int,
    rating: Numbers,
    *checks: tuple[NDArray[np.bool_] | np.bool_, str],
) -> Interaction:
    """F, epsilon and p from the sum of squares between and the residuals [replicate, patient, contrast] within.

    freedom   degrees of freedom of each contrast's residuals      rating   [replicate, ...]  decides what counts as no variance
    """
    covariance = np.swapaxes(residual, 1, 2) @ residual / max(freedom, 1)
    trace = np.einsum("rii->r", covariance)
    flat = rating.reshape(len(rating), -1)
    gap = np.asarray(~np.isfinite(flat).all(axis=1))
    largest = np.square(np.where(gap[:, None], 0.0, flat)).max(axis=1)
    reason = first_reason((gap, A_GAP), *checks, (trace <= ROUNDING * largest, NO_VARIANCE))
    trace = np.where(reason == "", trace, np.nan)
    F = between / df / (trace / contrasts)
    epsilon = np.clip(trace**2 / (contrasts * np.square(covariance).sum(axis=(1, 2))), 1 / contrasts, 1.0)
    df_error = freedom * contrasts
    return Interaction(F, df, df_error, epsilon, fdtrc(epsilon * df, epsilon * df_error, F), reason)
