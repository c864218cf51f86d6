"""Items of rating scales: expected severity in, what a rater writes down for each item out (graded response model).

Samejima F. Psychometrika Monograph 1969;17. A group's place on the latent line follows from the expected total.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.polynomial.hermite_e import hermegauss
from numpy.typing import NDArray
from scipy.special import expit

from resprout.language import shipped_folder
from resprout.language.rating_scales import Scale
from resprout.people.population import Fact, read_facts
from resprout.people.streams import normals, uniforms

Numbers = NDArray[np.float64]
People = NDArray[np.int64]
LATENT = np.linspace(-9.0, 12.0, 2101)
SEVERITY = np.linspace(0.0, 52.0, 1041)  # expected HDRS17
NO_DOMAIN = "none"
# groups of the Hamilton scale: the form that ends with the group, and the one before it
HAMILTON = {
    "HDRS core": ("HDRS6", None),
    "HDRS rest": ("HDRS17", "HDRS6"),
    "HDRS 18-21": ("HDRS21", "HDRS17"),
    "HDRS 22-24": ("HDRS24", "HDRS21"),
    "HDRS 25": ("HDRS25", "HDRS24"),
}
LOWEST = {"BPRS_positive": 4.0}  # each of its four items starts at 1


@dataclass(frozen=True)
class Item:
    """One item: its group, steps above 0, slope, latent thresholds [step], domain, source, grade and meaning."""

    name: str
    group: str
    highest: int
    slope: float
    thresholds: Numbers
    domain: str
    source: str
    grade: str
    meaning: str


@cache
def items() -> dict[str, Item]:
    """Every item that the package ships, by name."""
    with (shipped_folder() / "items.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    return {
        row["item"]: Item(
            row["item"],
            row["group"],
            int(row["highest"]),
            float(row["slope"]),
            np.array([float(each) for each in row["thresholds"].split()]),
            *(row[column] for column in ("domain", "source", "grade", "meaning")),
        )
        for row in rows
    }


def items_of(scale: Scale) -> list[Item]:
    """The items of a scale, in order."""
    return [item for item in items().values() if item.group in scale.items or item.name in scale.items]


def profile_sd(item: Item) -> float:
    """How far people's lasting profiles move an item (SD on the latent line): by domain and by itself."""
    domain = 0.0 if item.domain == NO_DOMAIN else _fact(f"profile_{item.domain}")
    return float(np.hypot(domain, _fact("profile_item")))


def expected_score(item: Item, latent: Numbers) -> Numbers:
    """Mean score of an item over people with the same severity; latent [...] -> [...] points above 0."""
    node, weight = hermegauss(15)
    place = latent[..., None, None] + profile_sd(item) * node[:, None] - item.thresholds
    return expit(item.slope * place).sum(axis=-1) @ (weight / weight.sum())


@cache
def _curve(group: str) -> Numbers:
    """Expected total of a group of items on the grid of the latent line."""
    return np.asarray(sum(expected_score(item, LATENT) for item in items().values() if item.group == group))


def latent_of(group: str, total: Numbers) -> Numbers:
    """The place on the latent line at which a group of items has this expected total; its ends beyond its range."""
    curve = _curve(group)
    return np.interp(total, curve, LATENT)


def expected_total(scale: Scale, severity: Numbers, ratios: Mapping[str, float]) -> Numbers:
    """Expected rating of people of a severity.

    severity  [...]   points   expected HDRS17, or of the scale itself where it does not rate depression
    ratios    points of each scale for one of HDRS17
    """
    place = {group: latent_of(group, _target(group, severity, ratios)) for group in _groups(scale)}
    total = np.full(np.shape(severity), scale.lowest)
    for item in items_of(scale):
        total = total + np.interp(place[item.group], LATENT, expected_score(item, LATENT))
    return total


def item_scores(
    scale: Scale, severity: Numbers, ratios: Mapping[str, float], seed: int, person: People, labels: Sequence[str]
) -> NDArray[np.int64]:
    """Rate people item by item.

    severity  [patient, visit]        points  expected HDRS17 on the day, or expected score of the scale itself
    labels    [visit]                        a name for each rating, which keys its draws
    returns   [patient, visit, item]  points  an item that two scales share is rated once for both
    """
    place = {group: latent_of(group, _target(group, severity, ratios)) for group in _groups(scale)}
    chosen = items_of(scale)
    scores = np.empty((*severity.shape, len(chosen)), dtype=np.int64)
    for number, item in enumerate(chosen):
        lasting = _fact("profile_item") * normals(seed, f"profile {item.name}", person)
        if item.domain != NO_DOMAIN:
            lasting += _fact(f"profile_{item.domain}") * normals(seed, f"profile {item.domain}", person)
        for visit, label in enumerate(labels):
            chance = uniforms(seed, f"item {item.name} {label}", person)
            heard = place[item.group][:, visit] + lasting + np.log(chance / (1 - chance)) / item.slope
            scores[:, visit, number] = (heard[:, None] > item.thresholds).sum(axis=1)
    return scores


def _groups(scale: Scale) -> list[str]:
    return list(dict.fromkeys(item.group for item in items_of(scale)))


def _target(group: str, severity: Numbers, ratios: Mapping[str, float]) -> Numbers:
    """Expected total of a group of items above its lowest.

    The longer forms are met exactly as long as their items can: what a full group cannot hold, the next one takes.
    """
    if group in HAMILTON:
        upto, before = HAMILTON[group]
        held: Numbers = np.zeros_like(severity)
        while before is not None:
            earlier = next(name for name, (form, _) in HAMILTON.items() if form == before)
            held = held + np.minimum(_target(earlier, severity, ratios), _curve(earlier)[-1])
            before = HAMILTON[earlier][1]
        return np.asarray(np.maximum(severity * ratios[upto] - held, 0.0))
    if group in ratios:
        return np.asarray(severity * ratios[group])
    return np.asarray(severity - LOWEST.get(group, 0.0))


def _fact(name: str) -> float:
    return _facts()[name].value


@cache
def _facts() -> dict[str, Fact]:
    return read_facts(shipped_folder() / "ratings.tsv")
