"""Who comes to which visit: dropout, missed visits and rescue, by what is rated and by what nobody sees."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from resprout.people.streams import uniforms
from resprout.trial.design import Dropout, Rescue

Numbers = NDArray[np.float64]
People = NDArray[np.int64]
WEEK_H = 168.0


@dataclass(frozen=True)
class Attendance:
    """left_h [patient] hour of leaving, infinite for those who stay; missed [patient, visit]; rescued_h [patient]."""

    left_h: Numbers
    missed: NDArray[np.bool_]
    rescued_h: Numbers

    def seen(self, hours: Numbers, missed: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Which visits at these hours yield a rating that is used: [patient, visit]; the first always does."""
        there = (hours < self.left_h[:, None]) & (hours <= self.rescued_h[:, None]) & ~missed
        there[:, 0] = True
        return there


def attend(
    dropout: Dropout, rescue: Rescue | None, rated: Numbers, state: Numbers, hours: Numbers, seed: int, person: People
) -> Attendance:
    """Decide who drops out, who misses a visit and who receives rescue treatment.

    dropout  weekly dropout rates and the share of missed visits
    rescue   rule of rescue treatment; None for none
    rated    [patient, visit]  points  ratings as they would be recorded
    state    [patient, visit]  points  true scores
    hours    [visit]           h       times of the visits; the first is the baseline
    seed     of the random streams
    person   [patient]         1       numbers of the patients in the population
    returns  attendance at these visits

    Between two visits the probability to stay is that of no dropout by any of the three mechanisms.
    """
    people, visits = rated.shape
    left = np.full(people, np.inf)
    rescued = np.full(people, np.inf)
    missed = np.zeros((people, visits), dtype=bool)
    last = rated[:, 0].copy()
    base, start = np.maximum(rated[:, 0], 1.0), np.maximum(state[:, 0], 1.0)
    for visit in range(1, visits):
        weeks = (hours[visit] - hours[visit - 1]) / WEEK_H
        label = f"at {hours[visit]:.4f} h"
        hazard = _hazard(dropout.completely_at_random) + _hazard(dropout.at_random) * np.maximum(last / base, 0)
        hazard = hazard + _hazard(dropout.informative) * np.maximum(state[:, visit] / start, 0)
        if np.any(hazard > 0):
            goes = uniforms(seed, f"dropout {label}", person) > np.exp(-hazard * weeks)
            left = np.where(np.isinf(left) & goes, (hours[visit] + hours[visit - 1]) / 2, left)
        if dropout.missed_visits > 0:
            missed[:, visit] = uniforms(seed, f"missed visit {label}", person) < dropout.missed_visits
        here = np.isinf(left) & ~missed[:, visit]
        last = np.where(here, rated[:, visit], last)
        if rescue is not None and hours[visit] >= rescue.after:
            needs = here & np.isinf(rescued) & (rated[:, 0] - rated[:, visit] < rescue.unless_fall * rated[:, 0])
            rescued = np.where(needs, hours[visit], rescued)
    return Attendance(left, missed, rescued)


def _hazard(share: float) -> float:
    """The rate a week at which this share leaves."""
    return float(-np.log(max(1 - share, 1e-9)))
