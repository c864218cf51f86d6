"""Analysis of covariance: a rating and what it is adjusted for in, the treatment difference of every replicate out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr

from resprout.statistics.mmrm import Effects

Numbers = NDArray[np.float64]


def ancova(score: Numbers, covariates: Numbers, which: int) -> Effects:
    """Regress a rating on covariates by ordinary least squares, on those who were rated.

    score       [replicate, patient]             points  rating at one visit; NaN where missing
    covariates  [replicate, patient, covariate]  1       with a column of ones
    which       position of the covariate whose effect is wanted
    returns     its effect, every field [replicate, 1]
    """
    seen = np.isfinite(score)
    y, x = np.where(seen, score, 0.0), covariates * seen[..., None]
    inverse = np.linalg.pinv(np.einsum("rnx,rny->rxy", x, x, optimize=True), hermitian=True)
    coefficient = np.einsum("rxy,rny,rn->rx", inverse, x, y, optimize=True)
    residual = y - np.einsum("rnx,rx->rn", x, coefficient)
    df = seen.sum(axis=1) - covariates.shape[2]
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = np.square(residual).sum(axis=1) / df * inverse[:, which, which]
        estimate, se = coefficient[:, which], np.sqrt(variance)
        p = 2 * stdtr(df, -np.abs(estimate / se))
    return Effects(estimate[:, None], se[:, None], df[:, None].astype(float), p[:, None])
