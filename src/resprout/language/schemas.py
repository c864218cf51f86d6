"""Schemas of the tables: a row model for each, whose fields are its columns with type, bounds, allowed words and what they name."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from resprout.errors import Fault
from resprout.language.bounds import WORDS, Bounds, is_within
from resprout.language.csv_cells import is_number
from resprout.language.readouts import CHANGES, is_readout
from resprout.language.rows import Cells, Names, Row

NAME = r"^[A-Za-z][A-Za-z0-9_]*$"
IDENTIFIER = r"^(taxonomy:\d+|CHEBI:\d+|GO:\d{7}|uniprot:[OPQ]\d[A-Z0-9]{3}\d|doi:10\.\S+)$"
SPREADS = ("cv", "logsd", "logit", "odds", "margin", "distance")
LARGEST_SPREAD = 10.0
JOIN = " & "
SETTING = re.compile(r"\w+=[-+.\deE]+")


def fault(found: str, expected: str) -> PydanticCustomError:
    """An error of a cell that says itself what was found and what was expected."""
    return PydanticCustomError("fault", "{found}", {"found": found, "expected": expected})


def _spread(text: str) -> str:
    word, _, size = text.partition(" ")
    try:
        fits = not text or (word in SPREADS and 0 <= float(size) < LARGEST_SPREAD)
    except ValueError:
        fits = False
    if not fits:
        raise fault(
            f"spread `{text}`.",
            f"Expected one of {', '.join(SPREADS)} and a number from 0 to {LARGEST_SPREAD:g}, such as `cv 0.2`.",
        )
    return text


def joined_phrases(pattern: re.Pattern[str], mark: str, example: str) -> AfterValidator:
    """A cell of several phrases, each of one form."""

    def check(text: str) -> str:
        for part in text.split(mark) if text else []:
            if not pattern.fullmatch(part.strip()):
                raise fault(f"`{part.strip()}` is not understood.", f"Expected for instance `{example}`.")
        return text

    return AfterValidator(check)


def readout_phrases(kinds: Collection[str], mark: str, example: str) -> AfterValidator:
    """A cell of several readouts of some kinds."""

    def check(text: str) -> str:
        for part in text.split(mark) if text else []:
            if not is_readout(part, kinds):
                raise fault(f"`{part.strip()}` is not understood.", f"Expected for instance `{example}`.")
        return text

    return AfterValidator(check)


def _empty_is_none(given: Any) -> Any:
    return None if given == "" else given


Name = Annotated[str, Field(pattern=NAME, description="a name: letters, digits and _, a letter first")]
Text = Annotated[str, Field(min_length=1, description="a phrase that says what it is")]
Number = Annotated[float, Field(allow_inf_nan=False)]
Above = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Maybe = Annotated[Number | None, BeforeValidator(_empty_is_none)]
Recorded = Annotated[float | None, BeforeValidator(_empty_is_none)]
Stage = Annotated[Literal["1", "2", "3", "4", "5", "6"], Field(description="1 to 6")]
Unit = Annotated[str, Field(min_length=1, description="a unit"), Names("units", "unit")]
Sources = Annotated[str, Names("sources", "source in sources.bib", many=True)]
Grade = Literal["measured", "fitted", "assumed", "defined"]
Truth = Literal["true", "false"]
SeedRow = Literal["S1", "S2", "S3", "S4", "S5", "S6", "S7", "S8", "S9"]
Constant = Annotated[str, Field(min_length=1), Names("chain", "constant of the model")]
Person = Annotated[str, Names("persons", "person of persons.tsv")]
Settings = Annotated[str, joined_phrases(SETTING, JOIN, "glial_uptake=0.68 & stress=1")]
Measures = Annotated[str, Field(min_length=1), readout_phrases(CHANGES, ",", "severity at 24, p_mTOR peak 0 4")]


def graded(cells: Cells) -> Iterator[Fault]:
    """Only what is assumed may be without a source."""
    if cells["grade"] in ("measured", "fitted", "defined") and not cells["source"]:
        expected = "Give a key of sources.bib, or grade it assumed."
        yield Fault(f"graded {cells['grade']} without a source.", "", expected, field="source")


def bounded(cells: Cells) -> Iterator[Fault]:
    """A value lies within the bounds of its row."""
    try:
        value, bounds = float(cells["value"]), cells["bounds"]
    except ValueError:
        return
    if math.isfinite(value) and not is_within(value, bounds):
        yield Fault(f"value `{cells['value']}`.", "", f"Expected {WORDS[bounds]}.", field="value")


class Parameter(Row):
    """A constant of parameters.tsv, which equations, doses or recruitment read."""

    unique: ClassVar = ("name",)
    name: Name
    value: Number
    unit: Unit
    bounds: Bounds
    stage: Stage
    role: Literal["constant", "input", "cause"]
    spread: Annotated[str, AfterValidator(_spread)]
    shared: Annotated[str, Field(pattern=NAME.replace("^", "^(").replace("$", ")?$"), description="a name")]
    source: Sources
    grade: Grade
    evidence: str
    meaning: Text

    @classmethod
    def across(cls, cells: Cells) -> Iterator[Fault]:
        """Grade and source; value and bounds."""
        yield from (*graded(cells), *bounded(cells))


class PeopleParameter(Row):
    """A constant of people.tsv, which recruitment reads."""

    unique: ClassVar = ("name",)
    name: Annotated[str, Field(min_length=1), Names("people", "parameter of people")]
    value: Number
    unit: Unit
    bounds: Bounds
    source: Sources
    grade: Grade
    evidence: str
    meaning: Text

    @classmethod
    def across(cls, cells: Cells) -> Iterator[Fault]:
        """Grade and source; value and bounds."""
        yield from (*graded(cells), *bounded(cells))


class RatingParameter(PeopleParameter):
    """A constant of ratings.tsv, which trials read."""

    name: Annotated[str, Field(min_length=1), Names("ratings", "parameter of ratings")]


class Correlation(Row):
    """Correlation of two random effects: correlations.tsv."""

    unique: ClassVar = ("first", "second")
    first: Annotated[str, Field(min_length=1), Names("random effects", "constant in which people differ")]
    second: Annotated[str, Field(min_length=1), Names("random effects", "constant in which people differ")]
    correlation: Annotated[float, Field(gt=-1, lt=1)]
    source: Sources
    evidence: str


class Draw(Row):
    """Posterior draws of a constant, as many for each, in the order of the draws: draws.tsv."""

    unique: ClassVar = ("name",)
    name: Annotated[str, Field(min_length=1), Names("constants", "constant of the model")]
    values: Annotated[str, Field(min_length=1)]

    @classmethod
    def across(cls, cells: Cells) -> Iterator[Fault]:
        """Numbers, separated by spaces."""
        for text in cells["values"].split():
            if not is_number(text):
                yield Fault(f"`{text}` is no number.", "", "Expected numbers, separated by spaces.", field="values")


class SpeciesConstant(Row):
    """A constant that another species has of its own: species.tsv."""

    unique: ClassVar = ("species", "constant")
    species: Name
    constant: Constant
    value: Number
    unit: Unit
    source: Sources
    grade: Grade
    evidence: str
    meaning: Text

    @classmethod
    def across(cls, cells: Cells) -> Iterator[Fault]:
        """Grade and source."""
        yield from graded(cells)


class PersonOfTables(Row):
    """Somebody whom experiments study: persons.tsv."""

    unique: ClassVar = ("person",)
    person: Text
    species: Annotated[str, Names("species", "species of species.tsv")]
    constants: Settings
    standard: Text
    meaning: Text


Verification = Literal["read", "secondary", "digitised"]
Expected = Literal[
    "abolish",
    "attenuate",
    "reduce",
    "preserve",
    "work",
    "enhance",
    "mimic",
    "none",
    "worsen",
    "unchanged",
    "up",
    "down",
]


class Intervention(Row):
    """A published intervention: interventions.tsv."""

    unique: ClassVar = ("id",)
    id: Name
    intervention: Text
    target: Text
    drug: str
    dose: str
    readout: Text
    time_h: str
    expected: Expected
    verification: Literal["read", "secondary", "digitised", "recall"]
    source: Sources
    species: Literal["mouse", "rat", "rodent", "human", "mouse CRS", "rat culture"]
    person: Person
    given: str
    manipulation: str
    measure: Annotated[str, readout_phrases(CHANGES, ",", "severity at 24, p_mTOR peak 0 4")]
    note: str

    @classmethod
    def across(cls, cells: Cells) -> Iterator[Fault]:
        """What is not run says why."""
        if not cells["person"] and not cells["note"]:
            yield Fault("not run, and no note says why.", "", "Expected a person or a note.", field="person")
        if cells["person"] and not cells["measure"]:
            yield Fault("no measure is given.", "", "Expected for instance `severity at 24`.", field="measure")


class PublishedFact(Row):
    """A fact on which rival hypotheses are scored: facts.tsv."""

    unique: ClassVar = ("id",)
    id: Name
    fact: Text
    source: Annotated[str, Field(min_length=1, description="a source"), Names("sources", "source in sources.bib", True)]
    evidence: str
    expected: Expected
    person: Annotated[str, Field(min_length=1, description="a person"), Names("persons", "person of persons.tsv")]
    given: str
    manipulation: str
    measure: Measures


class ComparedDrug(Row):
    """A drug and dose of `resprout compare`: compared_drugs.tsv."""

    unique: ClassVar = ("drug",)
    drug: Text
    given: str
    family: Text
    note: str


class Annotation(Row):
    """A link from a quantity to a catalogue: annotations.tsv."""

    unique: ClassVar = ("name", "qualifier", "id")
    name: Annotated[str, Field(min_length=1), Names("annotated", "quantity of the model")]
    qualifier: Literal["is", "isVersionOf", "hasVersion", "isPartOf", "isPropertyOf", "isDescribedBy", "hasTaxon"]
    id: Annotated[str, Field(pattern=IDENTIFIER, description="an identifier such as CHEBI:6121 or doi:10.1/x")]
    meaning: Text


class VariantConstant(Row):
    """A constant that a rival hypothesis changes: variants/*.tsv."""

    unique: ClassVar = ("constant",)
    constant: Constant
    value: Number
    source: Sources
    meaning: Text
