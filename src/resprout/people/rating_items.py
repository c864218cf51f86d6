"""Items of rating scales: expected severity in, what a rater writes down for each item out (graded response model).

Samejima F. Psychometrika Monograph 1969;17. A group's place on the latent line follows from the expected total.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.polynomial.hermite_e import hermegauss
from numpy.typing import NDArray
from scipy.special import expit

from resprout.language.rating_scales import Scale
from resprout.language.records import Model
from resprout.people.streams import normals, uniforms

Numbers = NDArray[np.float64]
People = NDArray[np.int64]
LATENT = np.linspace(-9.0, 12.0, 2101)
NO_DOMAIN = "none"


@dataclass(frozen=True)
class Item:
    """One item of a model.

    thresholds   [step]  on the latent line, one a point above 0        slope       steepness of each step
    domain_sd, own_sd    how far people's lasting profiles move it: by its domain, and by itself (SD on the latent line)
    """

    name: str
    group: str
    domain: str
    slope: float
    thresholds: tuple[float, ...]
    domain_sd: float
    own_sd: float

    @property
    def highest(self) -> int:
        """Points above 0."""
        return len(self.thresholds)

    @property
    def profile_sd(self) -> float:
        """How far people's lasting profiles move it altogether (SD on the latent line)."""
        return float(np.hypot(self.domain_sd, self.own_sd))


@dataclass(frozen=True, eq=False)
class Items:
    """Every item of a model by name, the scales they are of, and the points of each scale of depression for one of HDRS17."""

    by_name: Mapping[str, Item]
    scales: Mapping[str, Scale]
    ratios: Mapping[str, float]

    def of(self, scale: Scale) -> list[Item]:
        """The items of a scale, in order."""
        return [item for item in self.by_name.values() if item.group in scale.groups or item.name == scale.item]

    def groups(self, scale: Scale) -> list[str]:
        """The groups of a scale's items, in order."""
        return list(dict.fromkeys(item.group for item in self.of(scale)))

    def curve(self, group: str) -> Numbers:
        """Expected total of a group on the grid of the latent line."""
        return _curve(tuple(item for item in self.by_name.values() if item.group == group))


@lru_cache(maxsize=16)
def items_of(model: Model) -> Items:
    """The items of a model, with its present thresholds, slopes and random effects.

    model    whose table of items and constants are used
    returns  items by name, and points of each scale per point of HDRS17
    """
    value = model.nominal
    found = {}
    for row in model.tables["items"]:
        name, domain = row["item"], row["domain"]
        thresholds = tuple(value[f"{name}_threshold_{step}"] for step in range(1, int(row["highest"]) + 1))
        by_domain = 0.0 if domain == NO_DOMAIN else value[f"profile_{domain}"]
        found[name] = Item(
            name, row["group"], domain, value[f"{name}_slope"], thresholds, by_domain, value["profile_item"]
        )
    return Items(found, model.scales, ratios_of(model))


def ratios_of(model: Model) -> dict[str, float]:
    """Points of each whole scale of depression for one of HDRS17.

    model    whose scales and constants are used
    returns  ratio by scale
    """
    totals = [scale for scale in model.scales.values() if scale.is_total]
    return {scale.name: model.nominal[scale.ratio] if scale.ratio else 1.0 for scale in totals}


def expected_score(item: Item, latent: Numbers) -> Numbers:
    """Mean score of an item over patients with the same severity.

    item     the item
    latent   [...]  1       latent severity
    returns  [...]  points  above 0
    """
    node, weight = hermegauss(15)
    place = latent[..., None, None] + item.profile_sd * node[:, None] - np.array(item.thresholds)
    return np.asarray(expit(item.slope * place).sum(axis=-1) @ (weight / weight.sum()))


@lru_cache(maxsize=64)
def _curve(items: tuple[Item, ...]) -> Numbers:
    """Expected total of some items on the grid of the latent line; models that share their items share it."""
    return np.asarray(np.sum([expected_score(item, LATENT) for item in items], axis=0))


def expected_total(scale: Scale, severity: Numbers, model: Model) -> Numbers:
    """Expected rating of patients of a severity.

    scale     the rating scale
    severity  [...]  points  expected HDRS17, or of the scale itself where it does not rate depression
    model     whose items are used
    returns   [...]  points
    """
    items = items_of(model)
    place = _places(items, scale, severity)
    total = np.full(np.shape(severity), scale.lowest)
    for item in items.of(scale):
        total = total + np.interp(place[item.group], LATENT, expected_score(item, LATENT))
    return total


def item_scores(
    scale: Scale, severity: Numbers, model: Model, seed: int, person: People, labels: Sequence[str]
) -> NDArray[np.int64]:
    """Rate patients item by item.

    scale     the rating scale
    severity  [patient, visit]        points  expected HDRS17 on the day, or expected score of the scale itself
    model     whose items are used
    seed      of the random streams
    person    [patient]               1       numbers in the population
    labels    a name for each visit, which keys its draws
    returns   [patient, visit, item]  points  an item that two scales share is rated once for both
    """
    items = items_of(model)
    place = _places(items, scale, severity)
    chosen = items.of(scale)
    scores = np.empty((*severity.shape, len(chosen)), dtype=np.int64)
    for number, item in enumerate(chosen):
        lasting = item.own_sd * normals(seed, f"profile {item.name}", person)
        if item.domain != NO_DOMAIN:
            lasting += item.domain_sd * normals(seed, f"profile {item.domain}", person)
        for visit, label in enumerate(labels):
            chance = uniforms(seed, f"item {item.name} {label}", person)
            heard = place[item.group][:, visit] + lasting + np.log(chance / (1 - chance)) / item.slope
            scores[:, visit, number] = (heard[:, None] > np.array(item.thresholds)).sum(axis=1)
    return scores


def _places(items: Items, scale: Scale, severity: Numbers) -> dict[str, Numbers]:
    """Where on the latent line each group of a scale has its expected total; the line's ends beyond its range."""
    return {
        group: np.interp(_target(items, group, severity), items.curve(group), LATENT) for group in items.groups(scale)
    }


def _target(items: Items, group: str, severity: Numbers) -> Numbers:
    """Expected total of a group of items above its lowest.

    The longer forms are met exactly as long as their items can: what a full group cannot hold, the next one takes.
    """
    scale = items.scales[group]
    if not scale.mood:
        return np.asarray(severity - scale.lowest)
    held: Numbers = np.zeros_like(severity)
    for earlier in reversed(scale.groups[:-1]):
        held = held + np.minimum(_target(items, earlier, severity), items.curve(earlier)[-1])
    return np.asarray(np.maximum(severity * items.ratios[group] - held, 0.0))
