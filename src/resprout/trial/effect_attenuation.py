"""Drug effects are smaller at many sites: a design and its people in; the share of a drug's effect that is lost out."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from resprout.people.spreads import odds_times
from resprout.people.studies import study_effects, study_of

Numbers = NDArray[np.float64]


def effect_lost(sites: float, seed: int, person: NDArray[np.int64], parameters: Mapping[str, float]) -> Numbers:
    """Share of a drug's effect on mood that does not appear in a trial of this many sites.

    sites       scalar     1  number of sites
    seed        of the random streams
    person      [patient]  1  numbers in the population, which tell the study
    parameters  by constant of the model; `multicentre_attenuation` and `attenuation_study_sd` are used
    returns     [patient]  1  0 to 1; 0 at one site, the same for all people of a study

    The share at many sites, with a random effect of the study on its odds, times 1 - 1 / sites.
    """
    drawn = study_effects(seed, "attenuation of the study", study_of(person))
    odds = np.exp(parameters["attenuation_study_sd"] * drawn)
    return np.asarray(odds_times(parameters["multicentre_attenuation"], odds) * (1 - 1 / sites))


def attenuated(drug_left: Numbers, lost: Numbers) -> Numbers:
    """Share of symptoms that a drug leaves when a share of its effect is lost.

    drug_left  [patient, time]  1  share left with the whole effect
    lost       [patient]        1  share of the effect that is lost
    returns    [patient, time]  1  nearer to 1
    """
    return np.asarray(drug_left + lost[:, None] * (1 - drug_left))
