"""New episodes of the illness: how well people are in; when a new episode begins, and what it leaves of their improvement, out."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from resprout.people.spreads import log_normal
from resprout.people.streams import normals, uniforms

Numbers = NDArray[np.float64]
Parameters = Mapping[str, float]
MOST_EPISODES = 8  # of one person in one trial


def vulnerability_of(stress: Numbers, parameters: Parameters) -> Numbers:
    """Multiplier of the hazard of new episodes: in proportion to chronic stress.

    stress      [patient]  1  chronic stress load
    parameters  by constant of the model; `stress_mean` is used
    returns     [patient]  1  mean 1
    """
    return np.asarray(stress / parameters["stress_mean"])


def episode_left(hours: Numbers, parameters: Parameters, *, resistant: bool) -> Numbers:
    """Share of the present episode that time leaves, whether or not treatment hides its symptoms; after a failed antidepressant it lasts longer.

    hours       [time]  h  since screening
    parameters  by constant of the model; `episode_time` and `recovery_resistant` are used
    resistant   whether an antidepressant has failed in all of these people
    returns     [time]  1  0 to 1
    """
    slower = parameters["recovery_resistant"] if resistant else 1.0
    return np.exp(-slower * np.maximum(hours, 0.0) / parameters["episode_time"])


def with_new_episodes(  # many arguments: what is left by what, and of whom
    drug_left: Numbers,
    other_left: Numbers,
    episode: Numbers,
    hours: Numbers,
    recovery: Numbers,
    vulnerability: Numbers,
    people: tuple[int, NDArray[np.int64]],
    parameters: Parameters,
) -> Numbers:
    """Share of symptoms that all but the drug leaves, when new episodes begin at a hazard that depends on symptoms.

    drug_left   [patient, time]  1  share of symptoms that the drug leaves, 1 without any
    other_left  [patient, time]  1  share that recovery, expectation and care leave of that, without new episodes
    episode     [time]           1  share of the present episode that time leaves, as `episode_left` gives it
    hours       [time]           h  ascending
    recovery    [patient]        1  speed of recovery of the patient, mean 1
    vulnerability  [patient]     1  multiplier of the hazard, as `vulnerability_of` gives it
    people      seed, and [patient] numbers in the population, which key the random streams
    parameters  by constant of the model; those whose names begin with `relapse_`, and `recovery_time`, are used
    returns     [patient, time]  1  to multiply the score under the drug with

    The log hazard is that of `relapse_hazard` x vulnerability x frailty, and rises by `relapse_by_symptoms` with the share of symptoms present (no
    further than to `relapse_residual`: an episode that has not ended does not begin anew) and by `relapse_by_episode` with the share of the present
    episode that neither time nor the drug removes: what expectation and care relieve returns more easily. A new episode
    removes 1 - present^2 of the improvement by recovery, expectation and care, with time constant `relapse_time`, and
    `relapse_drug_share` of as much of the drug's; it recovers as the first one did. A person has the same random numbers
    in any trial.
    """
    begun = _Begun(people, recovery, vulnerability, parameters)
    left = other_left.copy()
    present, hazard = begun.now(drug_left[:, 0], other_left[:, 0], episode[0], hours[0])[1:]
    for index in range(1, len(hours)):
        at = (drug_left[:, index], other_left[:, index], episode[index], hours[index])
        left[:, index], now, later = begun.now(*at)
        grown = (hazard + later) / 2 * (hours[index] - hours[index - 1])
        if begun.begin(grown, (hours[index - 1], hours[index]), (present, now)):
            left[:, index], now, later = begun.now(*at)
        present, hazard = now, later
    return left


class _Begun:
    """New episodes of some people so far: when they began, and how much of the improvement each removes."""

    def __init__(
        self, people: tuple[int, NDArray[np.int64]], recovery: Numbers, vulnerability: Numbers, parameters: Parameters
    ) -> None:
        self.seed, self.person = people
        self.recovery, self.parameters = recovery, parameters
        frailty = log_normal(normals(self.seed, "relapse frailty", self.person), parameters["relapse_frailty_cv"])
        self.rate = parameters["relapse_hazard"] * vulnerability * frailty
        self.began = np.full((len(self.person), MOST_EPISODES), np.inf)
        self.size = np.zeros((len(self.person), MOST_EPISODES))
        self.many = np.zeros(len(self.person), dtype=np.int64)
        self.due = _waiting(self.seed, self.person, 0)

    def now(
        self, drug_left: Numbers, other_left: Numbers, episode: float, hour: float
    ) -> tuple[Numbers, Numbers, Numbers]:
        """What multiplies the score under the drug at an hour, the share of symptoms present, and the hazard per hour."""
        most = int(self.many.max(initial=0))  # nobody has had more
        undone = _undone(self.began[:, :most], self.size[:, :most], hour, self.recovery, self.parameters)
        left = _left(drug_left, other_left, undone, self.parameters)
        present = np.clip(drug_left * left, 0.0, 1.0)
        residual = np.minimum(present, self.parameters["relapse_residual"])
        beneath = episode * np.clip(drug_left, 0.0, 1.0)
        raised = self.parameters["relapse_by_symptoms"] * residual + self.parameters["relapse_by_episode"] * beneath
        return left, present, self.rate * np.exp(raised)

    def begin(self, grown: Numbers, hours: tuple[float, float], present: tuple[Numbers, Numbers]) -> bool:
        """Begin the episodes that are due once the cumulative hazard has grown between two hours; whether any is."""
        begins = (grown >= self.due) & (self.many < MOST_EPISODES)
        who, place = np.flatnonzero(begins), self.many[begins]
        share = self.due[who] / grown[who]
        self.began[who, place] = hours[0] + share * (hours[1] - hours[0])
        self.size[who, place] = 1 - (present[0][who] + share * (present[1][who] - present[0][who])) ** 2
        self.due = self.due - grown
        self.many[who] += 1
        for number in np.unique(self.many[who]):
            some = who[self.many[who] == number]
            self.due[some] = _waiting(self.seed, self.person[some], int(number))
        return bool(who.size)


def _waiting(seed: int, person: NDArray[np.int64], number: int) -> Numbers:
    """Cumulative hazard at which the next new episode of each person begins: exponential, mean 1."""
    return -np.log(uniforms(seed, f"new episode {number}", person))


def _undone(began: Numbers, size: Numbers, hour: float, recovery: Numbers, parameters: Parameters) -> Numbers:
    """Share of the improvement that new episodes have removed by an hour: [patient]."""
    since = np.where(began <= hour, hour - began, 0.0)
    grown = -np.expm1(-since / parameters["relapse_time"])
    lasting = np.exp(-recovery[:, None] * since / parameters["recovery_time"])
    return np.asarray(1 - np.prod(1 - size * grown * lasting, axis=1))


def _left(drug_left: Numbers, other_left: Numbers, undone: Numbers, parameters: Parameters) -> Numbers:
    """What multiplies the score under the drug, once a share of the improvement is undone."""
    other = 1 - (1 - other_left) * (1 - undone)
    relieved = np.maximum(1 - drug_left, 0.0)
    drug = drug_left + relieved * parameters["relapse_drug_share"] * undone
    return np.asarray(other * drug / np.where(drug_left > 0, drug_left, 1.0))
