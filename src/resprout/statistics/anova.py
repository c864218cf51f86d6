"""Repeated-measures analysis of variance: ratings by person, treatment and time in, F and p of the interaction out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import helmert
from scipy.special import fdtrc

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Interaction:
    """The treatment x time interaction of one or many trials.

    F            [replicate]  mean square of the interaction over that of its error
    df, df_error scalar       degrees of freedom before correction
    epsilon      [replicate]  Greenhouse-Geisser sphericity factor, from 1 / df to 1
    p            [replicate]  chance of a larger F if there were no interaction, with both df multiplied by epsilon
    """

    F: Numbers
    df: int
    df_error: int
    epsilon: Numbers
    p: Numbers


def treatment_by_time(rating: Numbers) -> Interaction:
    """Test whether the change over time differs between treatments that every patient received.

    rating   [replicate, patient, treatment, time]  any  no missing ratings
    returns  the interaction; F is NaN and p is 1 where nothing varies at all

    Both factors are within patients; the error is patient x treatment x time.
    Greenhouse SW, Geisser S. On methods in the analysis of profile data. Psychometrika 1959;24:95-112 (epsilon).
    """
    rating = np.asarray(rating, dtype=float)
    _, people, treatments, times = rating.shape
    contrast = np.kron(helmert(treatments), helmert(times))
    score = rating.reshape(*rating.shape[:2], -1) @ contrast.T
    mean = score.mean(axis=1)
    residual = score - mean[:, None, :]
    df = contrast.shape[0]
    df_error = df * (people - 1)
    covariance = np.einsum("rpi,rpj->rij", residual, residual) / (people - 1)
    trace = np.einsum("rii->r", covariance)
    # ratings are whole numbers, so anything this small is rounding of a variance that is truly nothing
    trace = np.where(trace > 1e-12 * np.square(rating).max(initial=1.0), trace, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        F = people * np.square(mean).sum(axis=1) / df / (trace / df)
        epsilon = trace**2 / (df * np.square(covariance).sum(axis=(1, 2)))
    epsilon = np.where(np.isfinite(epsilon), np.clip(epsilon, 1 / df, 1.0), 1.0)
    return Interaction(F, df, df_error, epsilon, _upper_tail(F, epsilon * df, epsilon * df_error))


def _upper_tail(F: Numbers, df: Numbers, df_error: Numbers) -> Numbers:
    """The chance of an F above this one; 0 for an infinite F, 1 where there is none."""
    p = fdtrc(df, df_error, np.where(np.isfinite(F), F, 1.0))
    return np.where(np.isnan(F), 1.0, np.where(np.isinf(F), 0.0, p))


def group_by_time(rating: Numbers, group: NDArray[np.int64]) -> Interaction:
    """Test whether the change over time differs between groups of patients, for instance genotypes.

    rating   [replicate, patient, time]  any  no missing ratings
    group    [replicate, patient]        1    number of the patient's group, from 0
    returns  the group x time interaction, time within and group between patients; group sizes may differ
    """
    rating = np.asarray(rating, dtype=float)
    _, people, times = rating.shape
    score = rating @ helmert(times).T
    member = (group[..., None] == np.arange(group.max() + 1)).astype(float)
    size = member.sum(axis=1)
    groups = (size > 0).sum(axis=1)
    if np.ptp(groups) > 0:
        raise ValueError("replicates with different numbers of groups")
    mean = np.einsum("rng,rnj->rgj", member, score) / np.maximum(size, 1)[..., None]
    residual = score - np.einsum("rng,rgj->rnj", member, mean)
    between = np.einsum("rg,rgj->r", size, np.square(mean - score.mean(axis=1, keepdims=True)))
    df, df_error = int(groups[0] - 1) * (times - 1), int(people - groups[0]) * (times - 1)
    covariance = np.einsum("rpi,rpj->rij", residual, residual) / (people - groups[0])
    trace = np.einsum("rii->r", covariance)
    with np.errstate(divide="ignore", invalid="ignore"):
        F = between / df / (trace / (times - 1))
        epsilon = trace**2 / ((times - 1) * np.square(covariance).sum(axis=(1, 2)))
    epsilon = np.where(np.isfinite(epsilon), np.clip(epsilon, 1 / (times - 1), 1.0), 1.0)
    return Interaction(F, df, df_error, epsilon, _upper_tail(F, epsilon * df, epsilon * df_error))
