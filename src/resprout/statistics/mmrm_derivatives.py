"""Sums over people with the same visits, and the derivatives of the restricted likelihood that follow from them.

Everybody's ratings enter only through sums over patterns of missing visits, so cost does not grow with people.
Axes: r replicate, p pattern, k and l visit, q covariate, a and b free element of the covariance, m coefficient (k, q).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Solved:
    """What a covariance implies.

    weight       [r, p, k, l]  inverse of the covariance of the visits that the pattern has; 0 elsewhere
    log_determinant [r, p]     of that covariance
    crossed, inverse [r, m, m] information of the coefficients and its inverse
    coefficient  [r, q, k]     residual [r, p, k, l]  sums of products of residuals
    """

    sums: Patterns
    weight: Numbers
    log_determinant: Numbers
    crossed: Numbers
    inverse: Numbers
    coefficient: Numbers
    residual: Numbers

    @cached_property
    def carried(self) -> Numbers:
        """How the information of the coefficients moves with each element of the covariance: [r, a, m, m]."""
        turned = np.einsum("rpki,aij,rpjl->rpakl", self.weight, self.sums.basis, self.weight, optimize=True)
        whole = np.einsum("rpakl,rpxy->rakxly", turned, self.sums.xx, optimize=True)
        size = self.crossed.shape[1]
        return whole.reshape(*whole.shape[:2], size, size)

    @cached_property
    def fitted(self) -> Numbers:
        """Sums of covariances of fitted values: [r, p, k, l]."""
        q = self.sums.covariates
        blocks = self.inverse.reshape(-1, self.sums.visits, q, self.sums.visits, q)
        return np.einsum("rkxly,rpxy->rpkl", blocks, self.sums.xx, optimize=True)

    def paired(self, first: Numbers, second: Numbers) -> Numbers:
        """Sums over patterns of tr(E_a first E_b second): [r, a, b]."""
        count = self.sums.visits**2
        tensor = np.einsum("rpjk,rpli->rijkl", first, second, optimize=True).reshape(-1, count, count)
        flat = self.sums.basis.reshape(len(self.sums.basis), count)
        return flat @ tensor @ flat.T

    def between(self, middle: Numbers) -> Numbers:
        """The weight on both sides of a matrix: [r, p, k, l]."""
        return self.weight @ middle @ self.weight

    def slopes(self, column: int) -> Numbers:
        """How the variance of one coefficient moves with each element of the covariance: [r, a]."""
        own = self.inverse[:, :, column]
        return np.einsum("rm,ramn,rn->ra", own, self.carried, own, optimize=True)

    def bias(self, column: int) -> Numbers:
        """Kenward and Roger's correction of the variance of one coefficient, before weighting: [r, a, b]."""
        own = self.inverse[:, :, column]
        by_visit = own.reshape(-1, self.sums.visits, self.sums.covariates)
        spread = np.einsum("rkx,rpxy,rly->rpkl", by_visit, self.sums.xx, by_visit, optimize=True)
        moved = np.einsum("ramn,rn->ram", self.carried, own)
        return self.paired(self.weight, self.between(spread)) - np.einsum(
            "ram,rmn,rbn->rab", moved, self.inverse, moved, optimize=True
        )


@dataclass(frozen=True)
class Patterns:
    """Sums over the people of each pattern of visits.

    seen [p, k]   whether the pattern has the visit      count [r, p]   people
    xx [r, p, q, q], xy [r, p, q, k], yy [r, p, k, k]    sums of products of covariates and ratings
    """

    seen: NDArray[np.bool_]
    count: Numbers
    xx: Numbers
    xy: Numbers
    yy: Numbers

    @property
    def replicates(self) -> int:
        """Trials in the batch."""
        return len(self.count)

    @property
    def visits(self) -> int:
        """Visits after baseline."""
        return self.seen.shape[1]

    @property
    def covariates(self) -> int:
        """Covariates, each with a coefficient a visit."""
        return self.xx.shape[2]

    @cached_property
    def pairs(self) -> Numbers:
        """How many people have both of two visits: [r, k, l]."""
        return np.einsum("rp,pk,pl->rkl", self.count, self.seen, self.seen)

    @cached_property
    def basis(self) -> Numbers:
        """The symmetric matrix that each free element of the covariance moves: [a, k, l]."""
        rows, columns = np.tril_indices(self.visits)
        basis = np.zeros((len(rows), self.visits, self.visits))
        basis[np.arange(len(rows)), rows, columns] = 1
        basis[np.arange(len(rows)), columns, rows] = 1
        return basis

    def solved(self, covariance: Numbers) -> Solved:
        """Generalised least squares under a covariance of visits [r, k, l]."""
        both = self.seen[:, :, None] & self.seen[:, None, :]
        # missing visits get variance 1 and no correlation, which leaves inverse and determinant of the rest alone
        padded = np.where(both, covariance[:, None], 0.0) + np.eye(self.visits) * ~self.seen[:, :, None]
        weight: Numbers = np.asarray(np.linalg.inv(padded) * both, dtype=np.float64)
        log_determinant: Numbers = np.asarray(np.linalg.slogdet(padded)[1], dtype=np.float64)
        size = self.visits * self.covariates
        crossed = np.einsum("rpkl,rpxy->rkxly", weight, self.xx, optimize=True).reshape(-1, size, size)
        right = np.einsum("rpkl,rpxl->rkx", weight, self.xy, optimize=True).reshape(-1, size, 1)
        inverse = np.linalg.inv(crossed)
        by_visit = (inverse @ right).reshape(-1, self.visits, self.covariates)
        coefficient = np.swapaxes(by_visit, 1, 2)
        mixed = np.einsum("rkx,rpxl->rpkl", by_visit, self.xy)
        fitted = np.einsum("rkx,rpxy,rly->rpkl", by_visit, self.xx, by_visit, optimize=True)
        residual = self.yy - mixed - np.swapaxes(mixed, 2, 3) + fitted
        return Solved(self, weight, log_determinant, crossed, inverse, coefficient, residual * both)


def pattern_sums(score: Numbers, covariates: Numbers) -> Patterns:
    """Sum products over the patients of each pattern of visits.

    score       [r, patient, k]  points  ratings after baseline; NaN where missing
    covariates  [r, patient, q]  1       covariates of every patient
    returns     sums by pattern
    """
    seen = np.isfinite(score)
    code = seen @ (1 << np.arange(score.shape[2]))
    known, index = np.unique(code, return_inverse=True)
    index = index.reshape(code.shape)
    keep = known > 0
    patterns = (known[keep, None] >> np.arange(score.shape[2]) & 1).astype(bool)
    y = np.where(seen, score, 0.0)
    parts: list[list[Numbers]] = [[], [], [], []]
    for number in np.flatnonzero(keep):
        own = (index == number).astype(float)
        x = covariates * own[..., None]
        rated = y * own[..., None]
        parts[0].append(own.sum(axis=1))
        parts[1].append(np.einsum("rnx,rny->rxy", x, covariates, optimize=True))
        parts[2].append(np.einsum("rnx,rnk->rxk", x, y, optimize=True))
        parts[3].append(np.einsum("rnk,rnl->rkl", rated, y, optimize=True))
    return Patterns(patterns, *(np.stack(part, axis=1) for part in parts))


def gradient(sums: Patterns, covariance: Numbers) -> Numbers:
    """Gradient of the restricted log-likelihood by element of the covariance.

    sums        sums by pattern, as `pattern_sums` gives them
    covariance  [r, k, l]  points^2  covariance of the visits
    returns     [r, a]
    """
    state = sums.solved(covariance)
    pull = (state.between(state.residual + state.fitted) - sums.count[..., None, None] * state.weight).sum(axis=1)
    return np.einsum("rkl,akl->ra", pull, sums.basis) / 2


def expected_information(sums: Patterns, covariance: Numbers) -> Numbers:
    """Expected information of the covariance under restricted likelihood.

    sums        sums by pattern, as `pattern_sums` gives them
    covariance  [r, k, l]  points^2  covariance of the visits
    returns     [r, a, b]
    """
    state = sums.solved(covariance)
    plain = state.paired(state.weight, sums.count[..., None, None] * state.weight)
    mixed = state.paired(state.weight, state.between(state.fitted))
    turned = state.inverse[:, None] @ state.carried
    return (plain - mixed - np.swapaxes(mixed, 1, 2) + np.einsum("ramn,rbnm->rab", turned, turned, optimize=True)) / 2


def observed_information(sums: Patterns, covariance: Numbers) -> Numbers:
    """Observed information of the covariance, at the estimate.

    sums        sums by pattern, as `pattern_sums` gives them
    covariance  [r, k, l]  points^2  covariance of the visits
    returns     [r, a, b]
    """
    state = sums.solved(covariance)
    bent = state.paired(state.weight, state.between(state.residual))
    left = np.swapaxes(sums.xy - np.einsum("rpxy,ryk->rpxk", sums.xx, state.coefficient), 2, 3) * sums.seen[:, :, None]
    turned = np.einsum("rpki,aij,rpjl,rplx->rakx", state.weight, sums.basis, state.weight, left, optimize=True)
    pulled = turned.reshape(*turned.shape[:2], -1)
    explained = np.einsum("ram,rmn,rbn->rab", pulled, state.inverse, pulled, optimize=True)
    return (bent + np.swapaxes(bent, 1, 2)) / 2 - explained - expected_information(sums, covariance)
