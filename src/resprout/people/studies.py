"""Studies: numbers of people in, the study each belongs to and deviates that the people of one study share in part out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from resprout.people.streams import normals

STUDY_SPAN = 1 << 40  # candidates a study; those below it belong to no study
LIKENESS = "study_likeness"


def study_of(person: NDArray[np.int64]) -> NDArray[np.int64]:
    """The study of each person, from 1; 0 for those of the population at large."""
    return np.asarray(person, dtype=np.int64) // STUDY_SPAN


def candidates_of(studies: NDArray[np.int64], first: int, count: int) -> NDArray[np.int64]:
    """Numbers of the candidates `first` to `first + count - 1` of some studies, study by study."""
    return (np.asarray(studies, dtype=np.int64)[:, None] * STUDY_SPAN + np.arange(first, first + count)).ravel()


def deviates(
    seed: int, purpose: str, person: NDArray[np.int64], likeness: float | NDArray[np.float64]
) -> NDArray[np.float64]:
    """Draw one standard normal number for each person; people of one study share a part of it.

    seed, purpose, person   as in `streams.uniforms`
    likeness                correlation between two people of one study, `study_likeness` of the model
    returns                 [person]  1

    Two people of one study correlate: a clinic draws on one neighbourhood, refers and rates in one
    way. People of the population at large share nothing.
    """
    own, study = normals(seed, purpose, person), study_of(person)
    if not study.any():
        return own
    found, place = np.unique(study, return_inverse=True)
    common = normals(seed, f"{purpose}, of the study", found)[place]
    return np.where(study > 0, np.sqrt(1 - likeness) * own + np.sqrt(likeness) * common, own)
