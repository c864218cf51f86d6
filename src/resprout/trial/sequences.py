"""Who gets what when: a design in, groups of people with the same order of treatments out; regimens shifted and joined."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from resprout.dosing.regimen import Dose, Regimen
from resprout.trial.design import Protocol


@dataclass(frozen=True)
class Sequence:
    """The phases and arms that a group of people gets in order; people are those of all replicates, replicate by replicate."""

    arms: tuple[str, ...]
    start_h: tuple[float, ...]
    people: NDArray[np.int64]


def sequences(protocol: Protocol, replicates: int) -> list[Sequence]:
    """Allocate the patients of each replicate to arms (parallel) or orders of arms (crossover).

    protocol    design of the trial
    replicates  number of replicates
    returns     groups of patients with the same order of treatments
    """
    names = [arm.name for arm in protocol.arms]
    crossover, before = protocol.design == "crossover", lead_in(protocol, np.empty(0, np.int64))
    groups, first = [], 0
    for index, arm in enumerate(protocol.arms):
        size = (arm.first if crossover else arm.size) or 0
        own = np.arange(first, first + size)
        people = (np.arange(replicates)[:, None] * protocol.people + own).ravel()
        order = (*names[index:], *names[:index]) if crossover else (arm.name,)
        starts = tuple((protocol.washout or 0.0) * period for period in range(len(order)))
        if protocol.phases:
            order, starts = (*before.arms, arm.name), (*before.start_h, protocol.lead_in)
        if size:
            groups.append(Sequence(order, starts, people))
        first += size
    return groups


def lead_in(protocol: Protocol, people: NDArray[np.int64]) -> Sequence:
    """The phases before allocation, one after the other.

    protocol  design of the trial
    people    [patient]  1  positions of those who go through them
    returns   their order
    """
    ends = np.cumsum([phase.length for phase in protocol.phases])
    starts = (0.0, *(float(end) for end in ends))[: len(protocol.phases)]
    return Sequence(tuple(phase.name for phase in protocol.phases), starts, people)


def whole_regimen(group: Sequence, regimens: Mapping[str, Regimen]) -> Regimen:
    """Everything that is given to a group of people.

    group     phases and arms in order
    regimens  by phase and arm, each from its own start
    returns   one regimen from the first of them on
    """
    return joined([shifted(regimens[name], start) for name, start in zip(group.arms, group.start_h, strict=True)])


def shifted(regimen: Regimen, hours: float) -> Regimen:
    """A regimen that starts later.

    regimen  doses to shift
    hours    scalar  h  by how much
    returns  the same regimen, later
    """
    doses = tuple(replace(dose, times_h=tuple(time + hours for time in dose.times_h)) for dose in regimen.doses)
    return Regimen(regimen.text, doses)


def joined(regimens: list[Regimen]) -> Regimen:
    """Several regimens given to one patient.

    regimens  in the order of their text
    returns   one regimen with all doses
    """
    doses: tuple[Dose, ...] = tuple(dose for regimen in regimens for dose in regimen.doses)
    return Regimen(", then ".join(regimen.text for regimen in regimens), doses)
