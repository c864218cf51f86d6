"""Observed people as data of a fit: their doses, levels and ratings in; how far the population lies from them at points of the fit out."""

from __future__ import annotations

import hashlib
import math
import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from resprout.calibrate.fitted_parameters import Numbers
from resprout.calibrate.residuals import DISCREPANCY, independent_rows
from resprout.calibrate.shared_work import Share, by_own_processes, folder_elsewhere
from resprout.errors import Fault, InputError
from resprout.language import load_model
from resprout.language.records import Model
from resprout.patients.dataset import Dataset, Setting
from resprout.patients.individual_posteriors import population_of
from resprout.patients.particle_posterior import Sampling
from resprout.patients.predictive_checks import time_bins
from resprout.patients.predictive_simulations import PersonSimulated, simulate_person

REPLICATES = 40  # people drawn from the population for each person at a point
REPLICATES_OF_SPREAD = 200
FEWEST_PEOPLE = 5  # of a group of observations: fewer say little beside how people differ
LEAST_LEVEL = 1e-9
Work = tuple[str | None, dict[str, float], Dataset, Sampling, int]


@dataclass(frozen=True)
class Group:
    """Observations that are one row of the fit.

    name      arm, endpoint and times
    rows      positions among all observations      logarithm   whether medians of logarithms are compared (levels), or means
    """

    name: str
    rows: NDArray[np.int64]
    logarithm: bool


@dataclass(frozen=True)
class ObservedPeople:
    """The people of a table beside people of the population with the same doses and covariates.

    observed   [row]  mean rating, or logarithm of the median level, of a group of observations
    sd         [row]  of that from one group of people to another, with DISCREPANCY of it; as in `Trials`
    left_out   what is not a row of the fit, and why
    """

    model: Model
    data: Dataset
    sampling: Sampling
    groups: tuple[Group, ...]
    observed: Numbers = field(repr=False)
    sd: Numbers = field(repr=False)
    left_out: tuple[str, ...] = ()

    @classmethod
    def of(cls, model: Model, data: Dataset, start: Mapping[str, float]) -> ObservedPeople:
        """The block of a table of people; `start` is the point at which the spread is taken.

        raises   InputError where no group of observations has FEWEST_PEOPLE
        """
        sampling, data = population_of(None, data, model)
        found = _simulated(model.with_parameters(start), data, sampling, REPLICATES_OF_SPREAD)
        groups, left_out = _groups(model, found)
        if not groups:
            what = (
                f"no endpoint of `{', '.join(data.source)}` was seen in {FEWEST_PEOPLE} people at about the same time."
            )
            raise InputError(
                Fault(what, "", "A fit compares means of groups.", "Use `resprout data fit` for single people.")
            )
        observed = np.array([_middle(_values(found, each), each)[0] for each in groups])
        drawn = np.array([_middle(_replicates(found, each), each) for each in groups])
        noise = np.where([each.logarithm for each in groups], DISCREPANCY, DISCREPANCY * np.abs(observed))
        sd = np.hypot(drawn.std(axis=1, ddof=1), noise) * math.sqrt(len(groups) / independent_rows(drawn))
        alone = tuple(f"{who.name}: {each.reason}" for who, each in zip(data.people, found, strict=True) if each.reason)
        return cls(model, data, sampling, groups, observed, sd, (*left_out, *alone))

    @property
    def names(self) -> tuple[str, ...]:
        """A name for each row."""
        return tuple(each.name for each in self.groups)

    @cached_property
    def digest(self) -> str:
        """Of the people, under which points of a fit are kept."""
        return hashlib.sha256(pickle.dumps((self.data.people, self.data.setting))).hexdigest()[:16]

    def residuals(self, points: Sequence[Mapping[str, float]], share: Share = by_own_processes) -> Numbers:
        """As in `Block`."""
        place = folder_elsewhere(self.model)
        work: list[Work] = [(place, dict(point), self.data, self.sampling, REPLICATES) for point in points]
        found = share(_at_point, work)
        middles = np.array(
            [[_middle(_replicates(each, group), group).mean() for group in self.groups] for each in found]
        )
        return np.asarray((middles - self.observed) / self.sd)


def _at_point(work: Work) -> list[PersonSimulated]:
    folder, point, data, sampling, replicates = work
    return _simulated(load_model(folder).with_parameters(point), data, replace(sampling, threads=1), replicates)


def _simulated(model: Model, data: Dataset, sampling: Sampling, replicates: int) -> list[PersonSimulated]:
    setting: Setting = data.setting
    return [
        simulate_person(model, person, setting, sampling, replicates=replicates, given_baseline=False)
        for person in data.people
    ]


def _groups(model: Model, found: Sequence[PersonSimulated]) -> tuple[tuple[Group, ...], tuple[str, ...]]:
    """Observations by arm, endpoint and time; and those of too few people."""
    rows = [row for each in found for row in each.rows]
    keys = [(str(arm), str(endpoint)) for _, arm, _, endpoint, *_ in rows]
    kept, left = [], []
    for arm, endpoint in dict.fromkeys(keys):
        own = np.array([number for number, key in enumerate(keys) if key == (arm, endpoint)])
        hours = np.array([rows[number][5] for number in own], dtype=float)
        bins = time_bins(hours)
        for each in np.unique(bins):
            chosen, when = own[bins == each], hours[bins == each]
            people = len({rows[number][0] for number in chosen})
            name = f"{arm + ' ' if arm else ''}{endpoint} {when.min():g}-{when.max():g} h"
            if people < FEWEST_PEOPLE:
                left.append(f"{name}: seen in {people} people, fewer than {FEWEST_PEOPLE}")
            else:
                kept.append(Group(name, chosen, endpoint not in model.scales))
    return tuple(kept), tuple(left)


def _values(found: Sequence[PersonSimulated], group: Group) -> Numbers:
    """[observation, 1] as observed; a level below its limit of quantification as that limit."""
    whole = [row for each in found for row in each.rows]
    return np.array([[float(whole[number][6])] for number in group.rows])


def _replicates(found: Sequence[PersonSimulated], group: Group) -> Numbers:
    """[observation, replicate] as simulated, with the limits of quantification that the observations have."""
    whole = np.concatenate([each.replicates for each in found if each.rows])[group.rows]
    limits = np.array([row[8] for each in found for row in each.rows], dtype=float)[group.rows]
    return np.asarray(np.fmax(whole, limits[:, None]))


def _middle(values: Numbers, group: Group) -> Numbers:
    """Mean of ratings, or median of the logarithm of levels: [observation, replicate] -> [replicate]."""
    if group.logarithm:
        return np.asarray(np.median(np.log(np.maximum(values, LEAST_LEVEL)), axis=0))
    return np.asarray(values.mean(axis=0))
