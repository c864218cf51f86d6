"""Tables of the PEtab extension `population`: their rows by schema, every fault of every table at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field

from resprout.errors import Fault, nearest
from resprout.language.rows import Cells, Placed, Row, read_rows
from resprout.language.schemas import Maybe, Number, fault

EXTENSION = "population"
VERSION = "1.0.0"
GUIDE = "docs/guides/petab-populations.md describes the extension."
EXPECTED_NUMBER = "Expected a number or a formula of parameters of the parameter table."


def expression_of(text: str) -> Any:
    """A formula of PEtab as a SymPy expression."""
    from petab.v1.math import sympify_petab

    return sympify_petab(text)


def _formula(text: str) -> str:
    if not text:
        raise fault("no formula is given.", EXPECTED_NUMBER)
    try:
        expression_of(text)
    # libpetab's parser raises whatever its grammar and SymPy do
    except Exception as error:
        raise fault(f"`{text}` is no formula.", EXPECTED_NUMBER) from error
    return text


PetabId = Annotated[str, Field(pattern=r"^[A-Za-z_]\w*$", description="an id: letters, digits and _, no digit first")]
OptionalId = Annotated[str, Field(pattern=r"^([A-Za-z_]\w*)?$", description="an id, or nothing")]
Formula = Annotated[str, AfterValidator(_formula)]


class DistributionRow(Row):
    """How a parameter differs between individuals."""

    unique: ClassVar = ("parameterId",)
    parameterId: PetabId
    distribution: Literal["normal", "log-normal", "logit-normal"]
    spread: Formula
    effectId: OptionalId


class CorrelationRow(Row):
    """Correlation of two random effects."""

    unique: ClassVar = ("effectId1", "effectId2")
    effectId1: PetabId
    effectId2: PetabId
    correlation: Formula

    @classmethod
    def across(cls, cells: Cells) -> Iterator[Fault]:
        """Two effects, not one."""
        if cells["effectId1"] == cells["effectId2"]:
            yield Fault(f"`{cells['effectId1']}` and itself.", "", "Expected two random effects.", field="effectId2")


class CovariateEffectRow(Row):
    """What a covariate does to a parameter."""

    unique: ClassVar = ("parameterId", "covariateId")
    parameterId: PetabId
    covariateId: PetabId
    coefficient: Formula
    reference: Number
    transformation: Literal["lin", "log"]

    @classmethod
    def across(cls, cells: Cells) -> Iterator[Fault]:
        """A logarithm needs a reference above 0."""
        if cells["transformation"] == "log" and _number(cells["reference"], 1.0) <= 0:
            found = f"the reference is {cells['reference']}, and the logarithm of the covariate is read."
            yield Fault(found, "", "Expected a number above 0.", field="reference")


class GroupRow(Row):
    """Who goes through an experiment."""

    unique: ClassVar = ("experimentId",)
    experimentId: PetabId
    groupId: PetabId
    size: Annotated[int, Field(ge=1)]


class CovariateRow(Row):
    """A covariate of a group."""

    unique: ClassVar = ("groupId", "covariateId")
    groupId: PetabId
    covariateId: PetabId
    distribution: Literal["normal", "log-normal", "bernoulli"]
    value: Number
    spread: Annotated[float, Field(ge=0, allow_inf_nan=False)]

    @classmethod
    def across(cls, cells: Cells) -> Iterator[Fault]:
        """Values that the distribution has."""
        value, spread = _number(cells["value"], 0.5), _number(cells["spread"], 0.0)
        if cells["distribution"] == "log-normal" and value <= 0:
            yield Fault(f"the median is {cells['value']}.", "", "Expected a number above 0.", field="value")
        if cells["distribution"] == "bernoulli" and not 0 <= value <= 1:
            yield Fault(f"the probability is {cells['value']}.", "", "Expected 0 to 1.", field="value")
        if cells["distribution"] == "bernoulli" and spread != 0:
            found = f"a Bernoulli distribution with spread {cells['spread']}."
            yield Fault(found, "", "Expected 0: its probability decides its spread.", field="spread")


class SummaryRow(Row):
    """What measurements of an observable summarise."""

    unique: ClassVar = ("observableId",)
    observableId: PetabId
    statistic: Literal["mean", "sd", "share_above", "share_below", "quantile"]
    argument: Maybe

    @classmethod
    def across(cls, cells: Cells) -> Iterator[Fault]:
        """A threshold for a share, a level for a quantile, nothing else."""
        wanted, given = cells["statistic"] not in ("mean", "sd"), cells["argument"]
        if wanted and not given:
            expected = (
                "Expected the level, between 0 and 1."
                if cells["statistic"] == "quantile"
                else "Expected the threshold."
            )
            yield Fault(f"{cells['statistic']} without an argument.", "", expected, field="argument")
        elif given and not wanted:
            yield Fault(f"{cells['statistic']} with the argument {given}.", "", "Expected none.", field="argument")
        elif cells["statistic"] == "quantile" and not 0 < _number(given, 0.5) < 1:
            yield Fault(f"the level {given}.", "", "Expected a number between 0 and 1.", field="argument")


def _number(text: str, otherwise: float) -> float:
    try:
        return float(text)
    except ValueError:
        return otherwise


SCHEMAS: dict[str, type[Row]] = {
    "distribution_files": DistributionRow,
    "correlation_files": CorrelationRow,
    "covariate_effect_files": CovariateEffectRow,
    "covariate_files": CovariateRow,
    "group_files": GroupRow,
    "summary_files": SummaryRow,
}
NEEDED = ("distribution_files", "group_files")


@dataclass(frozen=True)
class Line:
    """A row of a table: file:line, its cells, and what they mean, by the table's schema."""

    where: str
    cells: Cells
    row: Any


@dataclass(frozen=True)
class PopulationTables:
    """The rows of every table of the extension, by the field of the problem file that names its files."""

    rows: Mapping[str, tuple[Line, ...]]

    @property
    def symbols(self) -> set[str]:
        """Names that formulas of the extension read, and parameters in which individuals differ."""
        cells = [
            (self.rows["distribution_files"], "spread"),
            (self.rows["correlation_files"], "correlation"),
            (self.rows["covariate_effect_files"], "coefficient"),
        ]
        read = {
            str(symbol)
            for rows, name in cells
            for each in rows
            for symbol in expression_of(each.cells[name]).free_symbols
        }
        return read | {each.cells["parameterId"] for each in self.rows["distribution_files"]}


def named_files(config: Mapping[str, Any]) -> list[str]:
    """Files that the extension of a problem names, as far as they can be told.

    config   the problem file
    """
    told = extension_of(config)
    listed = [told.get(field) for field in SCHEMAS] if isinstance(told, dict) else []
    return [name for each in listed for name in (each if isinstance(each, list) else [each]) if isinstance(name, str)]


def extension_of(config: Mapping[str, Any]) -> Any:
    """What the problem file says of the extension; None if it does not use it."""
    extensions = config.get("extensions")
    return extensions.get(EXTENSION) if isinstance(extensions, dict) else None


def read_population_tables(path: Path, config: Mapping[str, Any], faults: list[Fault]) -> PopulationTables | None:
    """Read the tables of the extension.

    path      of the problem file        config   what it says
    faults    what is wrong is added here
    returns   the rows; None if the problem does not use the extension
    """
    told = extension_of(config)
    if told is None:
        return None
    if not isinstance(told, dict):
        faults.append(Fault(f"the extension `{EXTENSION}` is {told!r}.", path.name, "Expected its fields.", GUIDE))
        return None
    faults += _field_faults(path.name, told)
    rows: dict[str, tuple[Placed[Any], ...]] = {}
    for name, schema in SCHEMAS.items():
        listed = told.get(name, [])
        files = [path.parent / each for each in listed if isinstance(each, str)] if isinstance(listed, list) else []
        rows[name] = tuple(placed for file in files if file.is_file() for placed in read_rows(file, schema, faults))
    faults += _twice(rows)
    return PopulationTables(
        {name: tuple(Line(each.where, each.cells, each.row) for each in own) for name, own in rows.items()}
    )


def _field_faults(name: str, told: Mapping[str, Any]) -> Iterator[Fault]:
    """What is wrong with the fields of the extension."""
    version, known = told.get("version"), ("version", "required", *SCHEMAS)
    if str(version).split(".")[0] != VERSION.split(".")[0]:
        found = f"the extension `{EXTENSION}` has " + ("no version." if version is None else f"version `{version}`.")
        yield Fault(found, name, f"Expected {VERSION}.", GUIDE)
    if told.get("required") is not True:
        found = f"`required` of the extension `{EXTENSION}` is {told.get('required')!r}."
        yield Fault(found, name, "Expected true: without it the likelihood is another one.", GUIDE)
    for each in told:
        if each not in known:
            yield Fault(
                f"`{each}` is no field of the extension `{EXTENSION}`.", name, "", nearest(str(each), known) or GUIDE
            )
    for each in SCHEMAS:
        files = told.get(each, [])
        if not isinstance(files, list) or not all(isinstance(file, str) for file in files):
            yield Fault(
                f"`{each}` of the extension `{EXTENSION}` is {files!r}.", name, "Expected a list of files.", GUIDE
            )
        elif each in NEEDED and not files:
            yield Fault(f"the extension `{EXTENSION}` has no `{each}`.", name, "Expected at least one file.", GUIDE)


def _twice(rows: Mapping[str, tuple[Placed[Any], ...]]) -> Iterator[Fault]:
    """Rows of one key in two files of a kind; within a file the reader tells them."""
    for name, placed in rows.items():
        first: dict[tuple[str, ...], tuple[str, tuple[str, ...]]] = {}
        for each in placed:
            key = tuple(each.cells[column] for column in SCHEMAS[name].unique)
            same = tuple(sorted(key)) if name == "correlation_files" else key
            before, written = first.setdefault(same, (each.where, key))
            told = before.rpartition(":")[0] == each.where.rpartition(":")[0] and written == key
            if before != each.where and not told:
                yield Fault(f"`{' '.join(key)}` is given twice.", each.where, f"It stands at {before} already.")
