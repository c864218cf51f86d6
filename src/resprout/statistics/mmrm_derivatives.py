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
        replicates, patterns, visits, q = *self.weight.shape[:3], self.sums.covariates
        flat = self.weight.reshape(replicates, patterns, visits * visits)
        beside = flat[..., None] * self.sums.xx.reshape(replicates, patterns, 1, q * q)
        whole = np.swapaxes(flat, 1, 2) @ beside.reshape(replicates, patterns, -1)
        shaped = whole.reshape(replicates, visits, visits, visits, visits, q, q)
        moved = self.sums.turned(shaped.transpose(0, 2, 3, 1, 5, 4, 6))
        return moved.reshape(replicates, len(self.sums.basis), visits * q, visits * q)

    @cached_property
    def fitted(self) -> Numbers:
        """Sums of covariances of fitted values: [r, p, k, l]."""
        visits, q = self.sums.visits, self.sums.covariates
        blocks = self.inverse.reshape(-1, visits, q, visits, q).transpose(0, 2, 4, 1, 3)
        flat = self.sums.xx.reshape(*self.sums.xx.shape[:2], q * q)
        return np.asarray(flat @ blocks.reshape(-1, q * q, visits * visits)).reshape(self.weight.shape)

    def paired(self, first: Numbers, second: Numbers) -> Numbers:
        """Sums over patterns of tr(E_a first E_b second): [r, a, b]."""
        replicates, patterns, visits = first.shape[:3]
        size = visits * visits
        left = np.swapaxes(first.reshape(replicates, patterns, size), 1, 2)
        product = (left @ second.reshape(replicates, patterns, size)).reshape(replicates, *(visits,) * 4)
        flat = self.sums.basis.reshape(-1, size)
        return flat @ product.transpose(0, 4, 1, 2, 3).reshape(replicates, size, size) @ flat.T

    def between(self, middle: Numbers) -> Numbers:
        """The weight on both sides of a matrix: [r, p, k, l]."""
        return self.weight @ middle @ self.weight

    def slopes(self, column: int) -> Numbers:
        """How the variance of one coefficient moves with each element of the covariance: [r, a]."""
        own = self.inverse[:, :, column]
        return np.einsum("rm,ram->ra", own, (self.carried @ own[:, None, :, None])[..., 0])

    def bias(self, column: int) -> Numbers:
        """Kenward and Roger's correction of the variance of one coefficient, before weighting: [r, a, b]."""
        own = self.inverse[:, :, column]
        by_visit = own.reshape(-1, 1, self.sums.visits, self.sums.covariates)
        spread = by_visit @ self.sums.xx @ np.swapaxes(by_visit, 2, 3)
        moved = (self.carried @ own[:, None, :, None])[..., 0]
        return self.paired(self.weight, self.between(spread)) - moved @ self.inverse @ np.swapaxes(moved, 1, 2)


@dataclass(frozen=True)
class Patterns:
    """Sums over the people of each pattern of visits; a replicate has its own patterns.

    seen [r, p, k]   whether the pattern has the visit   count [r, p]   people
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
        return self.seen.shape[2]

    @property
    def covariates(self) -> int:
        """Covariates, each with a coefficient a visit."""
        return self.xx.shape[2]

    @cached_property
    def pairs(self) -> Numbers:
        """How many people have both of two visits: [r, k, l]."""
        return np.einsum("rp,rpk,rpl->rkl", self.count, self.seen, self.seen, optimize=True)

    @cached_property
    def corners(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Row and column of each free element of the covariance: [a] each."""
        return np.tril_indices(self.visits)

    @cached_property
    def basis(self) -> Numbers:
        """The symmetric matrix that each free element of the covariance moves: [a, k, l]."""
        rows, columns = self.corners
        basis = np.zeros((len(rows), self.visits, self.visits))
        basis[np.arange(len(rows)), rows, columns] = 1
        basis[np.arange(len(rows)), columns, rows] = 1
        return basis

    def turned(self, tensor: Numbers) -> Numbers:
        """Sums over i and j of E_a[i, j] times [r, i, j, ...]: [r, a, ...]."""
        rows, columns = self.corners
        apart = (rows != columns).reshape(-1, *(1,) * (tensor.ndim - 3))
        return np.asarray(tensor[:, rows, columns] + np.where(apart, tensor[:, columns, rows], 0.0))

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> Patterns:
        """The sums of some replicates."""
        return Patterns(self.seen[rows], self.count[rows], self.xx[rows], self.xy[rows], self.yy[rows])

    def solved(self, covariance: Numbers) -> Solved:
        """Generalised least squares under a covariance of visits [r, k, l]."""
        both = self.seen[..., :, None] & self.seen[..., None, :]
        # missing visits get variance 1 and no correlation, which leaves inverse and determinant of the rest alone
        padded = np.where(both, covariance[:, None], 0.0) + np.eye(self.visits) * ~self.seen[..., :, None]
        weight: Numbers = np.asarray(np.linalg.inv(padded) * both, dtype=np.float64)
        log_determinant: Numbers = np.asarray(np.linalg.slogdet(padded)[1], dtype=np.float64)
        replicates, patterns, visits, q = *weight.shape[:3], self.covariates
        flat = np.swapaxes(weight.reshape(replicates, patterns, visits * visits), 1, 2)
        crossed = (flat @ self.xx.reshape(replicates, patterns, q * q)).reshape(replicates, visits, visits, q, q)
        crossed = crossed.transpose(0, 1, 3, 2, 4).reshape(replicates, visits * q, visits * q)
        right = np.swapaxes(self.xy @ weight, 2, 3).sum(axis=1).reshape(replicates, visits * q, 1)
        inverse: Numbers = np.asarray(np.linalg.inv(crossed), dtype=np.float64)
        by_visit = (inverse @ right).reshape(replicates, 1, visits, q)
        mixed = by_visit @ self.xy
        fitted = by_visit @ self.xx @ np.swapaxes(by_visit, 2, 3)
        residual = self.yy - mixed - np.swapaxes(mixed, 2, 3) + fitted
        coefficient = np.swapaxes(by_visit[:, 0], 1, 2)
        return Solved(self, weight, log_determinant, crossed, inverse, coefficient, residual * both)


def pattern_sums(score: Numbers, covariates: Numbers) -> Patterns:
    """Sum products over the patients of each pattern of visits.

    score       [r, patient, k]  points  ratings after baseline; NaN where missing
    covariates  [r, patient, q]  1       covariates of every patient
    returns     sums by pattern; those of replicates with fewer patterns end in patterns of nobody
    """
    seen = np.isfinite(score)
    code = seen @ (1 << np.arange(score.shape[2], dtype=np.int64))
    order = np.argsort(code, axis=1)
    ordered = np.take_along_axis(code, order, axis=1)
    number = np.zeros_like(code)
    number[:, 1:] = np.cumsum(np.diff(ordered, axis=1) != 0, axis=1)
    index = np.empty_like(code)
    np.put_along_axis(index, order, number, axis=1)
    patterns = int(index.max()) + 1
    y = np.where(seen, score, 0.0)
    shown = np.zeros((len(code), patterns, score.shape[2]), dtype=bool)
    parts: list[list[Numbers]] = [[], [], [], []]
    for pattern in range(patterns):
        own = (index == pattern).astype(float)
        x, rated = covariates * own[..., None], y * own[..., None]
        shown[:, pattern] = (seen & (own[..., None] > 0)).any(axis=1)
        parts[0].append(own.sum(axis=1))
        parts[1].append(np.swapaxes(x, 1, 2) @ covariates)
        parts[2].append(np.swapaxes(x, 1, 2) @ y)
        parts[3].append(np.swapaxes(rated, 1, 2) @ y)
    return Patterns(shown, *(np.stack(part, axis=1) for part in parts))


def gradient(state: Solved) -> Numbers:
    """Gradient of the restricted log-likelihood by element of the covariance.

    state    sums by pattern solved under a covariance of the visits
    returns  [r, a]
    """
    sums = state.sums
    pull = (state.between(state.residual + state.fitted) - sums.count[..., None, None] * state.weight).sum(axis=1)
    return sums.turned(pull) / 2


def expected_information(state: Solved) -> Numbers:
    """Expected information of the covariance under restricted likelihood.

    state    sums by pattern solved under a covariance of the visits
    returns  [r, a, b]
    """
    plain = state.paired(state.weight, state.sums.count[..., None, None] * state.weight)
    mixed = state.paired(state.weight, state.between(state.fitted))
    turned = state.inverse[:, None] @ state.carried
    flat = turned.reshape(*turned.shape[:2], -1)
    across = np.swapaxes(turned, 2, 3).reshape(flat.shape)
    return (plain - mixed - np.swapaxes(mixed, 1, 2) + flat @ np.swapaxes(across, 1, 2)) / 2


def observed_information(state: Solved, expected: Numbers) -> Numbers:
    """Observed information of the covariance.

    state     sums by pattern solved under a covariance of the visits
    expected  [r, a, b]  1/points^4  their expected information
    returns   [r, a, b]
    """
    sums = state.sums
    bent = state.paired(state.weight, state.between(state.residual))
    by_visit = np.swapaxes(state.coefficient, 1, 2)[:, None]
    left = np.swapaxes(sums.xy, 2, 3) - by_visit @ sums.xx
    drawn = state.weight @ (left * sums.seen[..., None])
    replicates, patterns, visits, q = drawn.shape
    flat = np.swapaxes(state.weight.reshape(replicates, patterns, visits * visits), 1, 2)
    whole = (flat @ drawn.reshape(replicates, patterns, visits * q)).reshape(replicates, visits, visits, visits, q)
    pulled = sums.turned(whole.transpose(0, 2, 3, 1, 4)).reshape(replicates, -1, visits * q)
    explained = pulled @ state.inverse @ np.swapaxes(pulled, 1, 2)
    return (bent + np.swapaxes(bent, 1, 2)) / 2 - explained - expected
