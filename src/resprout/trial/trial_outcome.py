"""What a series of trials gave, and who responded: ratings by arm and endpoint in, views of them and shares of people out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resprout.language.rating_scales import Scale
from resprout.trial.design import Protocol

Numbers = NDArray[np.float64]
Ratings = Mapping[tuple[str, str], Numbers]
OBSERVED = ("ratings", "genotype", "left_h", "rescued", "guessed_drug", "events")
"""Fields of an outcome that hold a row a replicate."""


@dataclass(frozen=True)
class Outcome:
    """What a series of trials gave.

    ratings   by arm and endpoint: [replicate, patient, visit] points; NaN where nobody was rated
    genotype  by arm: [replicate, patient] number of Met alleles
    left_h    by arm: [replicate, patient] hour at which the person left; infinite for those who stayed
    rescued   by arm: [replicate, patient] whether rescue treatment was given
    scales    the rating scales of the model by name
    guessed_drug  by arm: [replicate, patient] whether the person, asked after the last visit, guesses to have been given the
                  drug; true with the probability that is the person's belief
    events    by arm of a protocol with rules: [replicate, patient] of (hour since the start of the arm, event, name, value, detail),
              readings, decisions and doses in order
    """

    ratings: dict[tuple[str, str], Numbers]
    genotype: dict[str, NDArray[np.int64]] = field(default_factory=dict)
    left_h: dict[str, Numbers] = field(default_factory=dict)
    rescued: dict[str, NDArray[np.bool_]] = field(default_factory=dict)
    guessed_drug: dict[str, NDArray[np.bool_]] = field(default_factory=dict)
    events: dict[str, NDArray[np.object_]] = field(default_factory=dict)
    scales: Mapping[str, Scale] = field(default_factory=dict)

    def first_people(self, count: int) -> Outcome:
        """The same trials with the first `count` people of each arm only, as one site of several sees them."""
        some: dict[str, Any] = {
            name: {key: value[:, :count] for key, value in getattr(self, name).items()} for name in OBSERVED
        }
        return Outcome(**some, scales=self.scales)


@dataclass(frozen=True)
class View:
    """One endpoint of one arm as a statistic looks at it.

    rating, control  [replicate, patient, visit]  control is None where there is none
    visits           [visit] h      at  index of the visit asked for, -1 for the last
    """

    protocol: Protocol
    outcome: Outcome
    arm: str
    endpoint: str
    visits: Numbers
    at: int

    @property
    def rating(self) -> Numbers:
        """Ratings of the arm."""
        return self.outcome.ratings[self.arm, self.endpoint]

    @property
    def control(self) -> Numbers:
        """Ratings of the control arm."""
        return self.outcome.ratings[str(self.protocol.control_arm), self.endpoint]

    @property
    def response_cut_off(self) -> float | None:
        """Points at or below which the protocol counts a response; None where a fall by half counts."""
        return self.protocol.response.get(self.endpoint)

    @property
    def paired(self) -> bool:
        """Whether drug and control were given to the same people."""
        return self.protocol.design == "crossover"


def carried_forward(rating: Numbers) -> Numbers:
    """Carry the last rating forward into gaps, for analyses that need complete ratings.

    rating   [..., visit]  points  NaN where missing; the first is the baseline
    returns  [..., visit]  points  without gaps after the first rating
    """
    filled = rating.copy()
    for visit in range(1, rating.shape[-1]):
        filled[..., visit] = np.where(np.isnan(filled[..., visit]), filled[..., visit - 1], filled[..., visit])
    return filled


def responder_share(score: Numbers, baseline: Numbers, *, drop: float = 0.5, at_most: float | None = None) -> Numbers:
    """Response rate: share of patients whose score has fallen by at least `drop` of its baseline.

    score     [..., patient]  points  rating at the visit; NaN if missed
    baseline  [..., patient]  points  rating before the first dose
    drop      scalar          1       required reduction, as a fraction of baseline
    at_most   scalar          points  a score of so many or fewer is a response, in place of `drop`; None for none
    returns   [...]           1       0 to 1

    A missed visit counts as no response, so that dropout cannot favour a drug; so does a baseline of 0.
    """
    return np.asarray(responded(score, baseline, drop=drop, at_most=at_most).mean(axis=-1))


def responded(
    score: Numbers, baseline: Numbers, *, drop: float = 0.5, at_most: float | None = None
) -> NDArray[np.bool_]:
    """Who has responded.

    score     [..., patient]  points  rating at the visit; NaN if missed
    baseline  [..., patient]  points  rating before the first dose
    drop      scalar          1       required reduction, as a fraction of baseline
    at_most   scalar          points  a score of so many or fewer is a response, in place of `drop`; None for none
    returns   [..., patient]  bool    False if the visit was missed or the baseline is 0
    """
    return (score <= ((1 - drop) * baseline if at_most is None else at_most)) & (baseline > 0)


def remission_share(score: Numbers, cut_off: float) -> Numbers:
    """Remission rate: share of patients at or below the cut-off of the scale.

    score    [..., patient]  points  rating at the visit; a missed one counts as no remission
    cut_off  scalar          points  of the scale
    returns  [...]           1       0 to 1
    """
    return np.asarray((score <= cut_off).mean(axis=-1))


def odds(score: Numbers, baseline: Numbers, at_most: float | None = None) -> Numbers:
    """Odds of response, with half a patient added to each cell so that none or all give a finite number.

    score     [..., patient]  points  rating at the visit; NaN if missed
    baseline  [..., patient]  points  rating before the first dose
    at_most   scalar          points  a score of so many or fewer is a response; None where a fall by half is
    returns   [...]           1       odds
    """
    n = score.shape[-1]
    responders = responder_share(score, baseline, at_most=at_most) * n
    return np.asarray((responders + 0.5) / (n - responders + 0.5))
