"""Schemas of the tables of drugs: constants of each drug, properties and targets that a drug may have, molecules of the template."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field

from resprout.errors import Fault
from resprout.language.bounds import in_words, is_between, number_or_nan
from resprout.language.rows import Cells, Names, Row
from resprout.language.schemas import NAME, Grade, Maybe, Name, Sources, Text, Unit, fault, graded

_NUMBERED = re.compile(r"drug\d+")
_SOURCE_OF_FILE = re.compile(r"doi:10\.\d{4,}/\S+")


def _own_name(text: str) -> str:
    if _NUMBERED.fullmatch(text):
        expected = "Expected another name: drug1, drug2, ... are numbered instances of the template."
        raise fault(f"the name `{text}` is reserved.", expected)
    return text


DrugName = Annotated[Name, AfterValidator(_own_name)]
Value = Annotated[
    float, Field(allow_inf_nan=False, description="a value, such as 0.25 or 1e-6; an empty cell is no number")
]
Part = Annotated[str, Field(pattern=NAME, description="a property of a drug, such as `clearance` or `Kd`")]
Sections = Annotated[
    str, Field(min_length=1, description="sections"), Names("sections", "section of drug.ant", many=True)
]


class DrugRow(Row):
    """A constant of a drug that belongs to no target: drugs.tsv."""

    unique: ClassVar = ("drug", "property")
    drug: DrugName
    property: Part
    value: Value
    unit: Unit
    source: Sources
    grade: Grade
    evidence: str
    meaning: Text

    @classmethod
    def across(cls, cells: Cells) -> Iterator[Fault]:
        """Grade and source."""
        yield from graded(cells)


class TargetRow(Row):
    """A constant of a drug at a target: targets.tsv."""

    unique: ClassVar = ("drug", "target", "property")
    drug: Annotated[DrugName, Names("drugs", "drug")]
    target: Annotated[str, Field(min_length=1, description="a target")]
    property: Part
    value: Value
    unit: Unit
    source: Sources
    grade: Grade
    evidence: str
    meaning: Text

    @classmethod
    def across(cls, cells: Cells) -> Iterator[Fault]:
        """Grade and source."""
        yield from graded(cells)


class DrugFileRow(TargetRow):
    """A constant of a drug in a user's file, with or without a target; a source may also be a DOI."""

    drug: DrugName
    target: str

    @classmethod
    def dois(cls, cells: Cells) -> list[str]:
        """The DOIs among the sources of a row."""
        return [word for word in cells["source"].split() if _SOURCE_OF_FILE.fullmatch(word)]


class PropertyRow(Row):
    """A property that a drug may have, alone or at a target: drug_properties.tsv."""

    unique: ClassVar = ("target", "property")
    target: Annotated[str, Field(pattern=NAME.replace("^", "^(").replace("$", ")?$"), description="a name")]
    property: Part
    default: Maybe
    unit: Unit
    role: Literal["constant", "input", "dosing"]
    lower: Maybe
    upper: Maybe
    meaning: Text

    @classmethod
    def across(cls, cells: Cells) -> Iterator[Fault]:
        """What equations read has a neutral default; the bounds rise, and the default is between them."""
        if not cells["default"] and cells["role"] in ("constant", "input"):
            yield Fault("no default is given.", "", "Expected a neutral value, for equations read it.", field="default")
        default, lower, upper = (number_or_nan(cells[name]) for name in ("default", "lower", "upper"))
        if lower > upper:
            yield Fault(f"lower `{cells['lower']}`.", "", f"Expected at most {cells['upper']}.", field="lower")
        elif not is_between(default, lower, upper):
            expected = f"Expected {in_words(lower, upper)}."
            yield Fault(f"default `{cells['default']}`.", "", expected, field="default")


class DrugTargetRow(Row):
    """A target on which the template acts by its half-maximal concentration: drug_targets.tsv."""

    unique: ClassVar = ("target",)
    target: Annotated[
        str, Field(min_length=1, description="a target"), Names("targets", "target of drug_properties.tsv")
    ]
    half_point: Literal["Kd", "EC50", "IC50"]
    meaning: Text


class MoleculeRow(Row):
    """A molecule and the sections of the template that it has: molecules.tsv."""

    unique: ClassVar = ("molecule",)
    molecule: DrugName
    sections: Sections
    parent: Annotated[str, Names("molecules", "molecule")]
    targets: Annotated[str, Names("drug targets", "target of a drug", many=True)]
    meaning: Text


class BindingRow(Row):
    """A quantity of a molecule that follows from other constants: bindings.tsv."""

    unique: ClassVar = ("name",)
    name: Name
    formula: Annotated[str, Field(min_length=1, description="a formula")]
    unit: Unit
    meaning: Text


DRUG_SCHEMAS: dict[str, type[Row]] = {
    "drugs": DrugRow,
    "targets": TargetRow,
    "drug_properties": PropertyRow,
    "drug_targets": DrugTargetRow,
    "molecules": MoleculeRow,
    "bindings": BindingRow,
}
