"""Rating scales: rows of scales.tsv in; what each can read, its items, and what counts as remission, out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Scale:
    """A rating scale.

    lowest, highest  points   its range             step       points   readings are multiples of it
    mood             it rates depression: placebo response, within-subject variability and response apply
    remission        points   at or below, a patient is well; None where the word has no meaning
    remission_source, remission_grade    where the cut-off comes from: keys of sources.bib; measured, fitted or assumed
    groups           groups of its items in items.tsv, from the shortest form that it contains to its own; none for a reading
    item             the one item that it is, where it is part of another scale
    output           the model's output that it rates; its own name if empty
    ratio            the constant that says how many of its points one of HDRS17 makes; empty where it is 1 or has none
    rater_error      the constant that is the standard deviation of a reading; empty where it is rated item by item
    """

    name: str
    unit: str
    lowest: float
    highest: float
    step: float
    mood: bool
    remission: float | None = None
    groups: tuple[str, ...] = ()
    item: str = ""
    output: str = ""
    ratio: str = ""
    rater_error: str = ""
    remission_source: str = ""
    remission_grade: str = ""

    @property
    def rates(self) -> str:
        """The model's output that it rates."""
        return self.output or self.name

    @property
    def is_total(self) -> bool:
        """Whether it is a whole scale of depression, by which patients may be compared."""
        return self.mood and not self.item

    @property
    def is_self_rated(self) -> bool:
        """Whether patients rate their depression themselves, as a multiple of another scale with an error of their own."""
        return self.mood and bool(self.rater_error)


def scales_of(rows: Iterable[Mapping[str, str]]) -> dict[str, Scale]:
    """The scales of checked rows of scales.tsv, by name.

    rows     as cells by column; a scale stands below the one that it extends
    returns  scales in the table's order
    """
    found: dict[str, Scale] = {}
    for row in rows:
        name, shorter = row["scale"], row["extends"]
        own = () if row["rater_error"] or row["item"] else (name,)
        found[name] = Scale(
            name=name,
            unit=row["unit"],
            lowest=float(row["lowest"]),
            highest=float(row["highest"]),
            step=float(row["step"]),
            mood=row["mood"] == "true",
            remission=float(row["remission"]) if row["remission"] else None,
            groups=(*(found[shorter].groups if shorter else ()), *own),
            item=row["item"],
            output=row["output"],
            ratio=row["ratio"],
            rater_error=row["rater_error"],
            remission_source=row["remission_source"],
            remission_grade=row["remission_grade"],
        )
    return found


def with_cut_offs(scales: Mapping[str, Scale], cut_offs: Mapping[str, float]) -> dict[str, Scale]:
    """The scales with other cut-offs of remission.

    scales    of the model, by name
    cut_offs  by scale, in its points
    returns   scales by name; those without a cut-off of their own are the same
    """
    own = "set by the protocol"
    return {
        name: replace(scale, remission=cut_offs[name], remission_source="", remission_grade=own)
        if name in cut_offs
        else scale
        for name, scale in scales.items()
    }


def keep_within(scales: Mapping[str, Scale], outputs: Sequence[str], value: NDArray[np.float64]) -> None:
    """Keep expected scores within the range of their scales, in place.

    scales   of the model, by name
    outputs  [output]       names; those of no scale stay as they are
    value    [..., output]  any  what the engine gave; NaN stays NaN

    Scales are proportional to HDRS17 in the model, so that one that is full before HDRS17 is would go on beyond its range.
    """
    for column, name in enumerate(outputs):
        if name in scales:
            np.clip(value[..., column], scales[name].lowest, scales[name].highest, out=value[..., column])


def mood_rated(scales: Mapping[str, Scale], endpoint: str) -> bool:
    """Whether an endpoint is a scale that rates depression.

    scales    of the model, by name
    endpoint  name of a scale or of an output
    returns   False for any other scale, and for an output that no rater reads
    """
    return endpoint in scales and scales[endpoint].mood
