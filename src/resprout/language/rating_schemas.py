"""Schemas of the tables by which raters rate: scales.tsv and items.tsv."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field

from resprout.errors import Fault
from resprout.language.rows import Cells, Names, Row
from resprout.language.schemas import Above, Grade, Maybe, Name, Number, Sources, Text, Truth, Unit, fault, graded


def _rising(text: str) -> str:
    try:
        steps = [float(part) for part in text.split()]
    except ValueError:
        steps = []
    if not steps or not all(map(math.isfinite, steps)) or sorted(set(steps)) != steps:
        raise fault(f"thresholds `{text}`.", "Expected rising numbers, separated by spaces.")
    return text


class Item(Row):
    """An item of a rating scale: items.tsv."""

    unique: ClassVar = ("item",)
    group: Annotated[str, Field(min_length=1), Names("groups", "group of items")]
    item: Name
    highest: Annotated[int, Field(ge=1, le=10)]
    slope: Above
    thresholds: Annotated[str, AfterValidator(_rising)]
    domain: Literal["none", "mood", "anhedonia", "anxiety", "somatic", "suicidality"]
    source: Sources
    grade: Grade
    meaning: Text

    @classmethod
    def across(cls, cells: Cells) -> Iterator[Fault]:
        """Grade and source; a threshold for every point above 0."""
        yield from graded(cells)
        many = len(cells["thresholds"].split())
        if cells["highest"].isdecimal() and int(cells["highest"]) != many:
            yield Fault(f"{many} thresholds.", "", f"Expected {cells['highest']}, one a point.", field="thresholds")


class RatingScale(Row):
    """A rating scale: scales.tsv."""

    unique: ClassVar = ("scale",)
    scale: Name
    unit: Unit
    lowest: Number
    highest: Number
    step: Above
    mood: Truth
    remission: Maybe
    remission_source: Sources
    remission_grade: Literal["", "measured", "fitted", "assumed"]
    extends: Annotated[str, Names("scales", "rating scale")]
    item: Annotated[str, Names("items", "item of items.tsv")]
    output: Annotated[str, Names("quantities", "quantity of the model")]
    ratio: Annotated[str, Names("constants", "constant of the model or of ratings.tsv")]
    rater_error: Annotated[str, Names("constants", "constant of ratings.tsv")]
    meaning: Text

    @classmethod
    def across(cls, cells: Cells) -> Iterator[Fault]:
        """What only a scale of depression has; items or a reading."""
        if bool(cells["remission"]) != bool(cells["remission_grade"]):
            expected = "A cut-off is graded measured, fitted or assumed; without one there is no grade."
            yield Fault("`remission` and `remission_grade` go together.", "", expected, field="remission_grade")
        if cells["remission_grade"] in ("measured", "fitted") and not cells["remission_source"]:
            expected = "Give a key of sources.bib, or grade it assumed."
            yield Fault(
                f"a cut-off graded {cells['remission_grade']} without a source.", "", expected, field="remission_source"
            )
        for column in ("remission", "extends", "ratio"):
            if cells[column] and cells["mood"] != "true":
                yield Fault(f"`{column}` of a scale that rates no depression.", "", "Expected none.", field=column)
        rated = bool(cells["output"]) and cells["mood"] == "true"
        if cells["rater_error"] and (cells["item"] or (cells["mood"] == "true" and not rated)):
            found, expected = "`rater_error` of a scale that is rated item by item.", "Expected none."
            yield Fault(found, "", expected, field="rater_error")
        if bool(cells["item"]) != bool(cells["output"]) and not (rated and cells["rater_error"]):
            expected = (
                "An item, and a self-rating of depression, needs the output of another scale, and nothing else has one."
            )
            yield Fault("`item` and `output` go together.", "", expected, field="output")
