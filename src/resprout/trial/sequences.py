"""Who gets what when: a design in, groups of people with the same order of treatments out; regimens shifted and joined."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from resprout.dosing.regimen import Dose, Regimen
from resprout.trial.design import Protocol


@dataclass(frozen=True)
class Sequence:
    """The order in which a group of people gets the arms; people are those of all replicates, replicate by replicate."""

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
    crossover = protocol.design == "crossover"
    groups, first = [], 0
    for index, arm in enumerate(protocol.arms):
        size = (arm.first if crossover else arm.size) or 0
        own = np.arange(first, first + size)
        people = (np.arange(replicates)[:, None] * protocol.people + own).ravel()
        order = (*names[index:], *names[:index]) if crossover else (arm.name,)
        starts = tuple((protocol.washout or 0.0) * period for period in range(len(order)))
        if size:
            groups.append(Sequence(order, starts, people))
        first += size
    return groups


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
