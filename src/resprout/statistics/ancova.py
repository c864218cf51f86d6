"""Analysis of covariance: a rating and what it is adjusted for in, the treatment difference of every replicate out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr

from resprout.statistics.estimability import (
    FEW_PATIENTS,
    NO_CONTRAST,
    NO_VARIANCE,
    NOBODY_RATED,
    first_reason,
)
from resprout.statistics.mmrm import Effects

Numbers = NDArray[np.float64]
COLLINEAR = 1e-10  # of the largest eigenvalue of the scaled covariates
ROUNDING = 1e-12  # of the sum of squares of the ratings


def ancova(score: Numbers, covariates: Numbers, which: int) -> Effects:
    """Regress a rating on covariates by ordinary least squares, on those who were rated.

    score       [replicate, patient]             points  rating at one visit; NaN where missing
    covariates  [replicate, patient, covariate]  1       with a column of ones
    which       position of the covariate whose effect is wanted
    returns     its effect, every field [replicate, 1]; not estimable without residual degrees of freedom, residual variance
                or ratings in both arms. A covariate that does not vary among those rated costs no degree of freedom.
    """
    seen = np.isfinite(score)
    y, x = np.where(seen, score, 0.0), covariates * seen[..., None]
    cross = np.swapaxes(x, 1, 2) @ x
    size = np.sqrt(np.einsum("rxx->rx", cross))
    scale = np.divide(1.0, size, out=np.zeros_like(size), where=size > 0)
    scaled = cross * scale[:, :, None] * scale[:, None]
    inverse = np.linalg.pinv(scaled, rcond=COLLINEAR, hermitian=True)
    told_apart = scaled @ inverse
    rank = np.round(np.einsum("rxx->r", told_apart))
    inverse = inverse * scale[:, :, None] * scale[:, None]
    coefficient = (inverse @ (np.swapaxes(x, 1, 2) @ y[..., None]))[..., 0]
    squares = np.square(y - (x @ coefficient[..., None])[..., 0]).sum(axis=1)
    df = seen.sum(axis=1) - rank
    reason = first_reason(
        (~seen.any(axis=1), NOBODY_RATED),
        (seen.sum(axis=1) < covariates.shape[2], FEW_PATIENTS),
        (told_apart[:, which, which] < 1 - 1e-6, NO_CONTRAST),
        (df < 1, FEW_PATIENTS),
        (squares <= ROUNDING * np.square(y).sum(axis=1), NO_VARIANCE),
    )
    known = reason == ""
    df = np.where(known, df, np.nan)
    estimate = np.where(known, coefficient[:, which], np.nan)
    se = np.sqrt(squares / df * inverse[:, which, which])
    p = 2 * stdtr(df, -np.abs(estimate / se))
    return Effects(estimate[:, None], se[:, None], df[:, None], p[:, None], reason[:, None])
