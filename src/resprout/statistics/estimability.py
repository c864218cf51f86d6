"""Why a statistic cannot be estimated: conditions in, one reason for each replicate out; an empty reason means estimable."""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray

Reasons = NDArray[np.str_]
REASON_TYPE = "<U80"
FEW_PATIENTS = "fewer patients than coefficients"
NO_CONTRAST = "an arm without ratings, or collinear covariates"
NO_VARIANCE = "no variance between patients"
FEW_FREEDOM = "more visits than degrees of freedom"
MANY_VISITS = "more than 40 visits"
SINGULAR = "the covariance is singular"
NOT_CONVERGED = "the estimation did not converge"
NOBODY_RATED = "nobody was rated"
ONE_RATED = "fewer than two patients were rated"
NOBODY_AT_RISK = "nobody had responded in one of the arms"
NO_EVENT = "nobody relapsed in one of the arms"
SEPARATED = "while both arms were at risk, only one of them relapsed"
A_GAP = "a rating is missing"
NOT_REACHED = "the median is not reached"
ONE_OUTCOME = "nobody, or everybody, responded in both arms"
ONE_GROUP = "a group without patients"
ONE_GENOTYPE = "fewer than two patients of one genotype"
FEW_TRIALS = "fewer than two trials"
NO_ERROR = "an effect without a standard error above 0"


def first_reason(*checks: tuple[NDArray[np.bool_] | np.bool_, str]) -> Reasons:
    """The first condition that holds.

    checks   [...] bool  whether a reason holds, and the reason; in order of precedence
    returns  [...]       the reason, empty where no condition holds
    """
    return np.select([np.asarray(holds) for holds, _ in checks], [reason for _, reason in checks], default="")


def estimable(reason: Reasons) -> NDArray[np.bool_]:
    """Where a statistic is estimable.

    reason   [...]  as `first_reason` gives it
    returns  [...]  whether the reason is empty
    """
    return np.asarray(reason == "")


def counted(reason: Reasons) -> str:
    """How often each reason holds, in words.

    reason   [replicate]  empty where the statistic is estimable
    returns  text such as `the covariance is singular (12)`, the most frequent first; empty if all are estimable
    """
    times = Counter(str(each) for each in np.ravel(reason) if each)
    return "; ".join(f"{words} ({count:,})" for words, count in times.most_common())
