"""Entry criteria: text or numbers in; who may enter a study out, with every senseless criterion told."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from resprout.errors import Fault, InputError, nearest
from resprout.language.bounds import AGE, PEOPLE, SEED, Range
from resprout.language.given_values import mapping_of, names_of, numbers_of, plain_of, whole_of
from resprout.language.records import Model
from resprout.people.covariates import POPULATIONS


@dataclass(frozen=True)
class Entry:
    """Who may enter.

    minimum     points by scale at screening, for instance {"HDRS21": 18}      maximum   likewise, at most
    age         years, first and last allowed
    genotype    rs6265 genotypes allowed; empty for all
    resistant   whether an earlier antidepressant must have failed
    """

    minimum: Mapping[str, float] = field(default_factory=dict)
    age: tuple[float, float] = (AGE.lowest, AGE.highest)
    genotype: tuple[str, ...] = ()
    maximum: Mapping[str, float] = field(default_factory=dict)
    resistant: bool = False

    def __post_init__(self) -> None:
        given = {name: mapping_of(getattr(self, name)) for name in ("minimum", "maximum")}
        found = {**given, "age": numbers_of(self.age), "genotype": names_of(self.genotype)}
        found["resistant"] = plain_of(self.resistant)
        for name, value in found.items():
            if value is not None:
                object.__setattr__(self, name, value)


def default_entry(population: str, model: Model) -> Entry:
    """What is asked of people where nothing is said: the depressed need a true HDRS17 of 18, the healthy nothing."""
    return Entry({} if population == "healthy" else {"HDRS17": model.nominal["mdd_HDRS17_minimum"]})


def entry_scales(model: Model) -> list[str]:
    """Names of the rating scales by which people may be chosen: the whole scales of depression."""
    return [name for name, scale in model.scales.items() if scale.is_total]


def read_entry(text: str, model: Model) -> Entry:
    """Read entry criteria such as `HDRS21>=18, age 18-65, resistant`.

    text     criteria, separated by commas
    model    whose rating scales it may name
    returns  the criteria
    raises   InputError with every part that is no criterion
    """
    scales = entry_scales(model)
    minimum: dict[str, float] = {}
    maximum: dict[str, float] = {}
    age, faults, resistant = (AGE.lowest, AGE.highest), [], False
    for part in text.split(","):
        least = re.fullmatch(r"\s*(\w+)\s*([<>])=\s*(\d{1,3}(?:\.\d+)?)\s*", part, re.ASCII)
        ages = re.fullmatch(r"\s*age\s+(\d{1,3})\s*-\s*(\d{1,3})\s*", part, re.ASCII)
        if least and least[1] in scales:
            (minimum if least[2] == ">" else maximum)[least[1]] = float(least[3])
        elif ages:
            age = float(ages[1]), float(ages[2])
            faults += [fault for year in age for fault in AGE.faults(f"an age in `{part.strip()}`", year)]
        elif part.strip().lower() == "resistant":
            resistant = True
        else:
            remedy = nearest(least[1], scales) if least else ""
            expected = "Expected for instance `HDRS17>=18` or `HDRS17>=18, age 18-65`."
            faults.append(Fault(f"`{part.strip()}` is no entry criterion.", "", expected, remedy))
    if faults:
        raise InputError(*faults)
    return Entry(minimum, age, maximum=maximum, resistant=resistant)


def refuse_senseless(n: int, seed: int, population: str, entry: Entry | None, model: Model) -> None:
    """Refuse senseless arguments, all at once."""
    scales = entry_scales(model)
    faults = []
    if not PEOPLE.allows(whole_of(n)):
        faults.append(Fault(f"{n!r:.60} patients.", "", f"Expected a whole number {PEOPLE.in_words}.", field="count"))
    if not SEED.allows(whole_of(seed)):
        faults.append(Fault(f"the seed is {seed!r:.60}.", "", "Expected a whole number from 0.", field="seed"))
    if population not in POPULATIONS:
        remedy = nearest(str(population), POPULATIONS)
        faults.append(Fault(f"`{population}` is no population.", "", f"Expected {' or '.join(POPULATIONS)}.", remedy))
    for scale in () if entry is None else {**entry.minimum, **entry.maximum}:
        if scale not in scales:
            faults.append(Fault(f"`{scale}` is no entry scale.", "", "", nearest(str(scale), scales)))
    if entry is not None and entry.resistant and population == "healthy":
        faults.append(Fault("healthy people with a failed antidepressant.", "", "Expected mdd or bipolar."))
    faults += [] if entry is None else _entry_faults(entry, model)
    if faults:
        raise InputError(*faults)


def _entry_faults(entry: Entry, model: Model) -> list[Fault]:
    """What is wrong with the numbers of criteria."""
    found = []
    for scale, points in (*entry.minimum.items(), *entry.maximum.items()):
        if scale in entry_scales(model):
            found += Range(model.scales[scale].lowest, model.scales[scale].highest, "points").faults(
                f"`{scale}`", points
            )
    ages = numbers_of(entry.age)
    if ages is None or len(ages) != 2:
        return [*found, Fault(f"`age` is {entry.age!r:.60}.", "", "Expected the first and the last age.", field="age")]
    outside = [fault for year in ages for fault in AGE.faults("an age", year, field="age")]
    if not outside and ages[0] >= ages[1]:
        outside = [Fault(f"ages from {ages[0]:g} to {ages[1]:g}.", "", "Expected the lower one first.", field="age")]
    return found + outside
