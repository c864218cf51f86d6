"""Studies: numbers of people in, the study each belongs to, and random effects that correlate within a study, out."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from resprout.people.streams import normals, uniforms

STUDY_SPAN = 1 << 40  # candidates a study; those below it belong to no study
STRATA = 10  # studies whose effects are drawn together, one from each tenth of the normal distribution
INTRACLASS_CORRELATION = "study_intraclass_correlation"


def study_of(person: NDArray[np.int64]) -> NDArray[np.int64]:
    """The study of each person, from 1; 0 for those of the population at large."""
    return np.asarray(person, dtype=np.int64) // STUDY_SPAN


def candidates_of(studies: NDArray[np.int64], first: int, count: int) -> NDArray[np.int64]:
    """Numbers of the candidates `first` to `first + count - 1` of some studies, study by study."""
    return (np.asarray(studies, dtype=np.int64)[:, None] * STUDY_SPAN + np.arange(first, first + count)).ravel()


def study_effects(seed: int, purpose: str, study: NDArray[np.int64]) -> NDArray[np.float64]:
    """Draw one standard normal number for each study, by Latin hypercube sampling over each ten studies.

    seed, purpose   as in `streams.uniforms`
    study           [study]  -  numbers of the studies, from 1, in any order; 0 for none
    returns         [study]  1  depends on seed, purpose and the study's number alone; 0 without a study

    Studies 1 to 10, 11 to 20 and so on have one number in each tenth of the distribution, in an order of their own for each purpose, so that
    a mean over ten studies is nearer to that over all studies; one study alone is drawn as ever.

    Source: McKay MD, Beckman RJ, Conover WJ. Technometrics 1979;21:239-245.
    """
    study = np.asarray(study, dtype=np.int64)
    known, place = np.unique(np.maximum(study, 1), return_inverse=True)
    first = (known - 1) // STRATA * STRATA + 1
    together = (first[:, None] + np.arange(STRATA)).ravel()
    order = uniforms(seed, f"{purpose}, order of studies", together).reshape(-1, STRATA)
    own = order[np.arange(known.size), known - first]
    tenth = (order < own[:, None]).sum(axis=1)
    drawn = ndtri((tenth + uniforms(seed, purpose, known)) / STRATA)
    return np.where(study > 0, drawn[place], 0.0)


def etas(
    seed: int, purpose: str, person: NDArray[np.int64], correlation: float | NDArray[np.float64]
) -> NDArray[np.float64]:
    """Draw one standard normal number for each person; people of one study share a part of it.

    seed, purpose, person   as in `streams.uniforms`
    correlation                correlation between two people of one study, `study_intraclass_correlation` of the model
    returns                 [person]  1

    Two people of one study correlate: a clinic draws on one neighbourhood, refers and rates in one
    way. People of the population at large share nothing.
    """
    return many_etas(seed, [purpose], person, correlation)[purpose]


def many_etas(
    seed: int, purposes: Iterable[str], person: NDArray[np.int64], correlation: float | NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    """Draw several numbers for each person, each as `etas` draws it.

    seed, person, correlation   as in `etas`
    purposes                    what the numbers are for
    returns                     by purpose: [person]  1
    """
    study = study_of(person)
    if not study.any():
        return {purpose: normals(seed, purpose, person) for purpose in purposes}
    found, place = np.unique(study, return_inverse=True)
    own_part, common_part, alone = np.sqrt(1 - correlation), np.sqrt(correlation), study == 0
    drawn = {}
    for purpose in purposes:
        own, common = normals(seed, purpose, person), study_effects(seed, f"{purpose}, of the study", found)[place]
        drawn[purpose] = np.where(alone, own, own_part * own + common_part * common)
    return drawn
