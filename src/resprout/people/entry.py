"""Entry criteria: text or numbers in; who may enter a study out, with every senseless criterion told."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.special import ndtr

from resprout.errors import Fault, InputError, nearest
from resprout.language.bounds import AGE, BMI_RANGE, PEOPLE, SEED, WEIGHT_KG, Range
from resprout.language.given_values import mapping_of, names_of, number_of, numbers_of, plain_of, whole_of
from resprout.language.records import Model
from resprout.people.covariates import ANCESTRIES, POPULATIONS, Numbers, Parameters
from resprout.people.growth import ADULT_AGE

RANGES = {"weight": WEIGHT_KG, "BMI": BMI_RANGE}
"""Criteria of the body, with where their limits may lie."""


@dataclass(frozen=True)
class Entry:
    """Who may enter.

    minimum     points by scale at screening, for instance {"HDRS21": 18}, or {"MADRS_suicidality": 4} for people in a
                suicidal crisis            maximum   likewise, at most
    age         years, first and last allowed; below 18 only where the first one is
    genotype    rs6265 genotypes allowed; empty for all
    resistant   whether earlier antidepressants must have failed; such people are under a larger stress load
    weight, BMI kg and kg/m2, first and last allowed; None for any
    ancestry    shares by ancestry, for instance {"east_asian": 1}; empty for those of the population. A list of names keeps
                the population's proportions, or equal shares where it has none of them
    """

    minimum: Mapping[str, float] = field(default_factory=dict)
    age: tuple[float, float] = (ADULT_AGE, AGE.highest)
    genotype: tuple[str, ...] = ()
    maximum: Mapping[str, float] = field(default_factory=dict)
    resistant: bool = False
    weight: tuple[float, float] | None = None
    BMI: tuple[float, float] | None = None
    ancestry: Mapping[str, float] | tuple[str, ...] = ()

    def __post_init__(self) -> None:
        given = {name: mapping_of(getattr(self, name)) for name in ("minimum", "maximum")}
        found = {**given, "age": numbers_of(self.age), "genotype": names_of(self.genotype)}
        found["resistant"] = plain_of(self.resistant)
        found |= {name: numbers_of(getattr(self, name)) for name in RANGES}
        named = isinstance(self.ancestry, list | tuple)
        found["ancestry"] = names_of(self.ancestry) if named else mapping_of(self.ancestry)
        for name, value in found.items():
            if value is not None:
                object.__setattr__(self, name, value)


def default_entry(population: str, model: Model) -> Entry:
    """What is asked of people where nothing is said: the depressed need a true HDRS17 of 18, the healthy nothing."""
    return Entry({} if population == "healthy" else {"HDRS17": model.nominal["mdd_HDRS17_minimum"]})


def entry_scales(model: Model) -> list[str]:
    """Names of the rating scales by which people may be chosen: those of depression, self-ratings and single items among them."""
    return [name for name, scale in model.scales.items() if scale.mood]


def read_entry(text: str, model: Model) -> Entry:
    """Read entry criteria such as `HDRS21>=18, age 18-65, resistant, BMI 18-35, ancestry east_asian`.

    text     criteria, separated by commas; several ancestries are joined by `+`
    model    whose rating scales it may name
    returns  the criteria
    raises   InputError with every part that is no criterion
    """
    scales, faults = entry_scales(model), []
    found: dict[str, Any] = {"minimum": {}, "maximum": {}}
    for part in text.split(","):
        points = re.fullmatch(r"\s*(\w+)\s*([<>])=\s*(\d{1,3}(?:\.\d+)?)\s*", part, re.ASCII)
        limits = re.fullmatch(r"\s*(age|weight|BMI)\s+(\d{1,3}(?:\.\d+)?)\s*-\s*(\d{1,3}(?:\.\d+)?)\s*", part, re.ASCII)
        origin = re.fullmatch(r"\s*ancestry\s+(\w+(?:\s*\+\s*\w+)*)\s*", part, re.ASCII)
        if points and points[1] in scales:
            found["minimum" if points[2] == ">" else "maximum"][points[1]] = float(points[3])
        elif limits:
            found[limits[1]] = float(limits[2]), float(limits[3])
        elif origin:
            found["ancestry"] = tuple(name.strip() for name in origin[1].split("+"))
        elif part.strip().lower() == "resistant":
            found["resistant"] = True
        else:
            remedy = nearest(points[1], scales) if points else ""
            expected = "Expected for instance `HDRS17>=18` or `HDRS17>=18, age 18-65`."
            faults.append(Fault(f"`{part.strip()}` is no entry criterion.", "", expected, remedy))
    for year in found.get("age", ()):
        faults += AGE.faults(f"an age in `{text.strip()}`", year)
    if faults:
        raise InputError(*faults)
    return Entry(**found)


def shares_of_ancestry(entry: Entry, parameters: Parameters) -> dict[str, float | Numbers]:
    """Shares by ancestry of those who are screened, by name of the constant that has them.

    entry        criteria
    parameters   by constant of the model
    returns      by constant; empty where the population's hold
    """
    if not entry.ancestry:
        return {}
    if isinstance(entry.ancestry, Mapping):
        return {f"{name}_share": float(entry.ancestry.get(name, 0.0)) for name in ANCESTRIES}
    usual = {name: float(np.mean(parameters[f"{name}_share"])) * (name in entry.ancestry) for name in ANCESTRIES}
    whole = math.fsum(usual.values())
    alike = 1 / len(set(entry.ancestry))
    return {f"{name}_share": usual[name] / whole if whole else alike * (name in entry.ancestry) for name in ANCESTRIES}


def limits_of_age(entry: Entry, parameters: Parameters) -> dict[str, float | Numbers]:
    """Youngest and oldest of those who are screened, by name of the constant that has them.

    entry        criteria
    parameters   by constant of the model
    returns      by constant; empty where only adults are asked for, of whom every age is screened
    """
    first, last = entry.age
    if first >= ADULT_AGE:
        return {}
    youngest = np.maximum(first, parameters["adolescent_age_minimum"])
    return {"age_minimum": youngest, "age_maximum": np.minimum(last, parameters["age_maximum"])}


def share_of_age(entry: Entry, parameters: Mapping[str, float]) -> float:
    """Share of the candidates who are screened that has a wanted age.

    entry        criteria
    parameters   by constant of the model
    returns      scalar  1  0 to 1; 1 where candidates are drawn from the wanted ages only
    """
    first, last = entry.age
    if limits_of_age(entry, dict(parameters)):
        return 1.0
    ages = np.array([first, last, parameters["age_minimum"], parameters["age_maximum"]])
    below = ndtr((ages - parameters["age_mean"]) / parameters["age_sd"])
    return float((min(below[1], below[3]) - max(below[0], below[2])) / (below[3] - below[2]))


def nobody_of_age(age: Sequence[float], model: Model) -> list[Fault]:
    """A fault, with the field `age`, if people of these ages cannot be recruited.

    age      years  first and last allowed, in order
    """
    adult, oldest = model.nominal.get("age_minimum", ADULT_AGE), model.nominal.get("age_maximum", AGE.highest)
    youngest = min(adult, model.nominal.get("adolescent_age_minimum", adult))
    if age[1] > youngest and age[0] <= oldest:
        return []
    expected = f"Expected ages from {youngest:g} to {oldest:g}."
    return [Fault(f"nobody is {age[0]:g} to {age[1]:g}.", "", expected, field="age")]


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
    found += body_faults(entry.weight, entry.BMI) + ancestry_faults(entry.ancestry)
    ages = numbers_of(entry.age)
    if ages is None or len(ages) != 2:
        return [*found, Fault(f"`age` is {entry.age!r:.60}.", "", "Expected the first and the last age.", field="age")]
    outside = [fault for year in ages for fault in AGE.faults("an age", year, field="age")]
    if not outside and ages[0] >= ages[1]:
        outside = [Fault(f"ages from {ages[0]:g} to {ages[1]:g}.", "", "Expected the lower one first.", field="age")]
    return found + (outside or nobody_of_age(ages, model))


def body_faults(weight: object, BMI: object) -> list[Fault]:
    """What is wrong with limits of body weight and body mass index.

    weight   kg     first and last allowed; None for any
    BMI      kg/m2  first and last allowed; None for any
    returns  every fault, each with its field
    """
    found = []
    for name, given in (("weight", weight), ("BMI", BMI)):
        limits = None if given is None else numbers_of(given)
        if given is None:
            continue
        if limits is None or len(limits) != 2:
            expected = f"Expected the first and the last {name}."
            found.append(Fault(f"`{name}` is {given!r:.60}.", "", expected, field=name))
            continue
        outside = [fault for limit in limits for fault in RANGES[name].faults(f"a {name}", limit, field=name)]
        if not outside and limits[0] >= limits[1]:
            said = f"{name} from {limits[0]:g} to {limits[1]:g}."
            outside = [Fault(said, "", "Expected the lower one first.", field=name)]
        found += outside
    return found


def ancestry_faults(ancestry: Mapping[str, float] | Sequence[str]) -> list[Fault]:
    """What is wrong with ancestries.

    ancestry  shares by name, or names
    returns   every fault, with the field `ancestry`
    """
    known = f"Expected {', '.join(ANCESTRIES)}."
    if not isinstance(ancestry, Mapping | list | tuple):
        return [Fault(f"`ancestry` is {ancestry!r:.60}.", "", known, field="ancestry")]
    found = [
        Fault(f"`{name}` is no ancestry here.", "", known, nearest(str(name), ANCESTRIES), field="ancestry")
        for name in ancestry
        if name not in ANCESTRIES
    ]
    if found or not isinstance(ancestry, Mapping) or not ancestry:
        return found
    shares = [number_of(share) for share in ancestry.values()]
    known_shares = [share for share in shares if share is not None and 0 <= share <= 1]
    if len(known_shares) < len(shares):
        return [Fault("a share of ancestry is no number from 0 to 1.", "", "Expected shares.", field="ancestry")]
    whole = math.fsum(known_shares)
    if abs(whole - 1) > 1e-6:
        return [Fault(f"the shares of ancestry add up to {whole:g}.", "", "Expected 1.", field="ancestry")]
    return []
