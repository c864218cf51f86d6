"""Noncompartmental analysis of observed people: a checked table in, measures of exposure of each person and drug out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from resprout.dosing.dose_records import Dose
from resprout.errors import refuse_others
from resprout.patients.dataset import LEVEL, Dataset, Occasion, Person
from resprout.statistics.noncompartmental import MEASURES, noncompartmental

if TYPE_CHECKING:
    import pandas as pd

EXPOSURE_COLUMNS = ("patient", "occasion", "endpoint", "dose_mg", "samples", "below_limit", *MEASURES)
OF_THE_DOSE = ("clearance", "volume_z", "volume_ss")  # of the drug that is given, not of its metabolites
WHOLLY_ABSORBED = ("iv",)  # routes by which the dose is what reached the body


def exposure_table(data: Dataset) -> pd.DataFrame:
    """Measures of exposure after the first dose of each occasion, up to the second one.

    data      what `rs.read_data` gave
    returns   a row a person, occasion and endpoint of levels: dose_mg, samples, below_limit, and the measures of
              `noncompartmental`; clearance and volumes of the drug given intravenously only, NaN for others and for metabolites
    """
    import pandas as pd

    refuse_others(("data", data, isinstance(data, Dataset), "what `rs.read_data` gave"))
    rows = [row for who in data.people for number, each in enumerate(who.occasions) for row in _rows(who, number, each)]
    return pd.DataFrame(rows, columns=list(EXPOSURE_COLUMNS))


def _rows(person: Person, number: int, occasion: Occasion) -> list[tuple[Any, ...]]:
    """The rows of one occasion; none without a dose."""
    given = sorted((time, place) for place, dose in enumerate(occasion.doses) for time in dose.times_h)
    if not given:
        return []
    first, dose = given[0][0], occasion.doses[given[0][1]]
    end = given[1][0] if len(given) > 1 else np.inf
    levels = [each for each in occasion.observations if each.kind == LEVEL and first < each.time_h <= end]
    found = []
    for endpoint in dict.fromkeys(each.endpoint for each in levels):
        own = [each for each in levels if each.endpoint == endpoint]
        known = [each for each in own if not each.below]
        times = np.array([each.time_h - first for each in known])
        told = noncompartmental(times, np.array([each.value for each in known]), _amount(person, dose), _input(dose))
        if dose.route not in WHOLLY_ABSORBED or not endpoint.startswith(f"{dose.drug}_"):
            told |= dict.fromkeys(OF_THE_DOSE, np.nan)
        place = (person.name, number + 1, endpoint, _amount(person, dose), len(own), len(own) - len(known))
        found.append((*place, *(told[name] for name in MEASURES)))
    return found


def _amount(person: Person, dose: Dose) -> float:
    """mg   Of a dose; NaN where it is by weight and the weight is unknown."""
    return dose.amount_mg * (float(person.covariates.get("weight", np.nan)) if dose.per_kg else 1.0)


def _input(dose: Dose) -> float:
    """h   Duration of an infusion; a dose that is absorbed begins at no level, as the shortest infusion does."""
    return dose.duration_h if dose.duration_h or dose.route == "iv" else 1e-9
