"""Readouts: what is read off a trajectory, as the tables of laboratory facts write it; one grammar for all of them.

`severity at 24`, `-BDNF_pool peak 0 4`, `ketamine_venous max 0 4`, `severity at 504 against 24`: an output, how it is read,
one hour or a window (h); a minus where a fall is looked for; the hour at which the standard dose is read, if another.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, replace

from resprout.errors import Fault, InputError

CHANGES = ("at", "peak", "mean")
"""Ways to read how one arm differs from another: at an hour, farthest, or mean within a window."""
LEVELS = ("at", "max", "min", "mean", "area", "time of max", "time of min")
"""Ways to read one trajectory: at an hour; within a window largest, least, mean, area (unit times h), hour of an extreme."""
_READOUT = re.compile(
    r"(?P<minus>-?)(?P<output>\w+) (?P<kind>at|peak|max|min|mean|area|time of max|time of min) (?P<start>[.\d]+)"
    r"(?: (?P<stop>[.\d]+))?(?: against (?P<against>[.\d]+))?"
)


@dataclass(frozen=True)
class Readout:
    """One number that is read off a trajectory.

    output    name of a model output
    kind      one of LEVELS, or of CHANGES for the difference of two trajectories
    start_h   h   the hour, or the start of the window             stop_h   h   its end
    sign      -1 where a fall is what is looked for
    against   h   at which the standard dose is read, where it acts at another time; None for the same hour
    """

    output: str
    kind: str
    start_h: float
    stop_h: float
    sign: float = 1.0
    against: float | None = None

    @property
    def text(self) -> str:
        """The readout in words."""
        if self.kind == "at":
            return f"{self.output} at {self.start_h:g} h"
        return f"{self.kind} {self.output}, {self.start_h:g}-{self.stop_h:g} h"

    def of_standard(self) -> Readout:
        """The same read from the standard dose."""
        if self.against is None:
            return self
        return replace(self, kind="at", start_h=self.against, stop_h=self.against, against=None)


def is_readout(text: str, kinds: Collection[str]) -> bool:
    """Whether a phrase is a readout of one of these kinds."""
    match = _READOUT.fullmatch(text.strip())
    return match is not None and match["kind"] in kinds


def read_readouts(text: str, mark: str = ",", where: str = "") -> tuple[Readout, ...]:
    """Read readouts joined by a mark.

    text     for instance `severity at 24, p_mTOR peak 0 4`
    mark     `,` between readouts, ` / ` between a numerator and a denominator
    where    file and line, for messages
    raises   InputError with every one that is not understood
    """
    found, faults = [], []
    for item in (part.strip() for part in text.split(mark) if part.strip()):
        match = _READOUT.fullmatch(item)
        if match is None:
            expected = "Expected for instance `severity at 24` or `p_mTOR max 0 4`."
            faults.append(Fault(f"the readout `{item}` is not understood.", where, expected, field="measure"))
            continue
        start, against = float(match["start"]), match["against"]
        window = (start, float(match["stop"] or start))
        sign = -1.0 if match["minus"] else 1.0
        found.append(Readout(match["output"], match["kind"], *window, sign, float(against) if against else None))
    if faults:
        raise InputError(*faults)
    return tuple(found)
