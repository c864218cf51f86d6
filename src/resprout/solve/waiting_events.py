"""What is known of one patient's events between two steps: which triggers hold, which events wait, and which of those happens first.

SBML Level 3 Version 2 Core, section 4.11.3: of the events of one moment that with the largest priority happens first, and which
of several with the same priority is a matter of chance. The numbers drawn are those of a stream of each patient's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resprout.solve.condition_sides import Sides
from resprout.solve.events import Floats

EQUAL_PRIORITY_STREAM = 4041
"""Key of the random numbers that choose among events of equal priority."""
SAME_HOUR = 4 * np.finfo(float).eps
"""Hours that differ by less, relative to themselves, differ by rounding."""


@dataclass(frozen=True)
class Waiting:
    """An event that has been triggered and has not happened yet.

    hour     when it is to happen         index    of the event       order   in which it was triggered
    values   those of the moment it was triggered, or None if they are taken when it happens
    """

    hour: float
    index: int
    order: int
    values: list[Any] | None


@dataclass
class LaneEvents:
    """What the watcher knows of one lane.

    sides            [condition] at the beginning of the next step     held   [event] whether its trigger holds
    draws            chooses among events of equal priority            column first output time that is not past
    crossing         hour at which the first of the conditions changes whose hours are known beforehand
    waiting          events triggered                                  triggered   how many have been, of this patient
    switches, since  changes of conditions, and the hour from which they are counted
    """

    sides: Sides
    held: NDArray[np.bool_]
    draws: np.random.Generator
    column: int = 0
    crossing: float = np.inf
    waiting: list[Waiting] = field(default_factory=list)
    triggered: int = 0
    switches: int = 0
    since: float = 0.0


def draws_of(patient: int) -> np.random.Generator:
    """The stream of random numbers of a patient of the run."""
    return np.random.Generator(np.random.Philox(key=np.array([EQUAL_PRIORITY_STREAM, patient], dtype=np.uint64)))


def first_of(ready: Sequence[Waiting], priorities: Sequence[float | None], draws: np.random.Generator) -> Waiting:
    """The event that happens first of those that are due.

    priorities   of each; None comes after all others, and then as the file has them
    """
    known = [priority for priority in priorities if priority is not None]
    largest = max(known, default=None)
    equal = [item for item, priority in zip(ready, priorities, strict=True) if priority == largest]
    equal.sort(key=lambda item: (item.index, item.order))
    return equal[0] if largest is None or len(equal) == 1 else equal[int(draws.integers(len(equal)))]


def hour_of_output(hour: float, times: Floats) -> float:
    """An hour, or that of an output from which it differs by rounding alone.

    times   [time] of outputs
    """
    place = int(np.searchsorted(times, hour))
    near = times[max(place - 1, 0) : place + 1].tolist()
    return next((output for output in near if abs(output - hour) <= SAME_HOUR * abs(hour)), hour)
