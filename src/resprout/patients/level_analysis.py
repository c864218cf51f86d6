"""Noncompartmental analysis of observed people: a checked table in, measures of exposure of each person and drug out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from resprout.dosing.dose_records import Dose
from resprout.errors import refuse_others
from resprout.patients.dataset import LEVEL, Dataset, Observation, Occasion, Person
from resprout.statistics.noncompartmental import (
    INTERVAL_MEASURES,
    MEASURES,
    accumulation,
    noncompartmental,
    over_an_interval,
    partial_area,
)

if TYPE_CHECKING:
    import pandas as pd

Numbers = NDArray[np.float64]
PLACE_COLUMNS = ("patient", "occasion", "endpoint", "dose_mg", "samples", "below_limit")
EXPOSURE_COLUMNS = (*PLACE_COLUMNS, *MEASURES)
LAST_COLUMNS = (*PLACE_COLUMNS, "doses", "interval_h", *INTERVAL_MEASURES, "accumulation", "accumulation_expected")
OF_THE_DOSE = ("clearance", "volume_z", "volume_ss")  # of the drug that is given, not of its metabolites
WHOLLY_ABSORBED = ("iv",)  # routes by which the dose is what reached the body


def exposure_table(data: Dataset, intervals: Sequence[tuple[float, float]] = ()) -> pd.DataFrame:
    """Measures of exposure after the first dose of each occasion, up to the second one.

    data       what `rs.read_data` gave
    intervals  hours since the start of the dose between which a partial area is asked for, such as (0, 4)
    returns    a row a person, occasion and endpoint of levels: dose_mg, samples, below_limit, the measures of `noncompartmental` and
               partial areas, such as AUC_0_4; clearance and volumes of the drug given intravenously only, NaN for others and for metabolites
    """
    import pandas as pd

    refuse_others(("data", data, isinstance(data, Dataset), "what `rs.read_data` gave"))
    rows = []
    for person, number, occasion, given in _dosed(data):
        first, dose = given[0]
        end = given[1][0] if len(given) > 1 else np.inf
        for endpoint, own in _levels(occasion, first, end):
            times, values = _known(own, first)
            told = noncompartmental(times, values, _amount(person, dose), _input(dose))
            told |= {area_name(*each): partial_area(times, values, *each, _input(dose)) for each in intervals}
            told |= {} if _is_given(dose, endpoint) else dict.fromkeys(OF_THE_DOSE, np.nan)
            rows.append((*_place(person, number, endpoint, _amount(person, dose), own), *told.values()))
    return pd.DataFrame(rows, columns=[*EXPOSURE_COLUMNS, *(area_name(*each) for each in intervals)])


def interval_table(data: Dataset) -> pd.DataFrame:
    """Measures over the dosing interval after the last dose of each occasion that levels follow.

    data      what `rs.read_data` gave
    returns   a row a person, occasion and endpoint with two doses or more: dose_mg, samples and below_limit of that interval, doses up to it,
              interval_h since the dose before, the measures of `over_an_interval` (NaN without a level before the dose), accumulation (area over
              that after the first dose, over the same hours) and accumulation_expected by the half-life after the first dose
    """
    import pandas as pd

    refuse_others(("data", data, isinstance(data, Dataset), "what `rs.read_data` gave"))
    rows = [row for each in _dosed(data) for row in _last_rows(*each)]
    return pd.DataFrame(rows, columns=list(LAST_COLUMNS))


def area_name(begin_h: float, end_h: float) -> str:
    """The name of a partial area.

    begin_h   scalar  h
    end_h     scalar  h
    returns   for instance AUC_0_4
    """
    return f"AUC_{begin_h:g}_{end_h:g}"


def _last_rows(
    person: Person, number: int, occasion: Occasion, given: list[tuple[float, Dose]]
) -> Iterator[tuple[Any, ...]]:
    """The rows of one occasion; none where no level follows a second dose."""
    seen = [each.time_h for each in occasion.observations if each.kind == LEVEL and not each.below]
    last = max((at for at, (time, _) in enumerate(given) if any(hour > time for hour in seen)), default=0)
    if last < 1:
        return
    time, dose = given[last]
    interval = time - given[last - 1][0]
    end = given[last + 1][0] if last + 1 < len(given) else time + interval
    amount, hours = _amount(person, dose), (0.0, interval)
    first, before = given[0], given[1][0]
    for endpoint, own in _levels(occasion, time, end):
        trough = [each for each in _of(occasion, endpoint) if each.time_h == time and not each.after_dose]
        told = over_an_interval(*_known([*trough, *own], time), interval, amount)
        told |= {} if _is_given(dose, endpoint) else {"clearance": np.nan}
        once = _known([each for each in _of(occasion, endpoint) if first[0] < each.time_h <= before], first[0])
        area = partial_area(*once, *hours, _input(first[1]))
        half_life = noncompartmental(*once, _amount(person, first[1]), _input(first[1]))["half_life"]
        ratios = (told["AUC_interval"] / area, accumulation(interval, half_life))
        yield (*_place(person, number, endpoint, amount, own), last + 1, interval, *told.values(), *ratios)


def _dosed(data: Dataset) -> Iterator[tuple[Person, int, Occasion, list[tuple[float, Dose]]]]:
    """Every occasion with a dose: the person, its number, and its doses in order of time."""
    for person in data.people:
        for number, occasion in enumerate(person.occasions, start=1):
            given = sorted(((time, dose) for dose in occasion.doses for time in dose.times_h), key=lambda each: each[0])
            if given:
                yield person, number, occasion, given


def _of(occasion: Occasion, endpoint: str) -> list[Observation]:
    """The observations of one endpoint."""
    return [each for each in occasion.observations if each.endpoint == endpoint]


def _levels(occasion: Occasion, begin: float, end: float) -> Iterator[tuple[str, list[Observation]]]:
    """Levels after one hour and up to another, by endpoint."""
    levels = [each for each in occasion.observations if each.kind == LEVEL and begin < each.time_h <= end]
    for endpoint in dict.fromkeys(each.endpoint for each in levels):
        yield endpoint, [each for each in levels if each.endpoint == endpoint]


def _known(levels: Sequence[Observation], begin: float) -> tuple[Numbers, Numbers]:
    """Hours since the dose, and levels (ng/mL), without those below their limit."""
    known = [each for each in levels if not each.below]
    return np.array([each.time_h - begin for each in known]), np.array([each.value for each in known])


def _place(person: Person, number: int, endpoint: str, amount: float, own: list[Observation]) -> tuple[Any, ...]:
    """The first cells of a row."""
    return (person.name, number, endpoint, amount, len(own), sum(each.below for each in own))


def _is_given(dose: Dose, endpoint: str) -> bool:
    """Whether an endpoint is a level of the drug that is given, by a route by which all of it reaches the body."""
    return dose.route in WHOLLY_ABSORBED and endpoint.startswith(f"{dose.drug}_")


def _amount(person: Person, dose: Dose) -> float:
    """mg   Of a dose; NaN where it is by weight and the weight is unknown."""
    return dose.amount_mg * (float(person.covariates.get("weight", np.nan)) if dose.per_kg else 1.0)


def _input(dose: Dose) -> float:
    """h   Duration of an infusion; a dose that is absorbed begins at no level, as the shortest infusion does."""
    return dose.duration_h if dose.duration_h or dose.route == "iv" else 1e-9
