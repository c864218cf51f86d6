"""Tables by schema: a file of tab-separated cells and a row model in; typed rows, and every fault with file, line and nearest name, out."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from resprout.errors import Fault, nearest

Cells = dict[str, str]
Vocabularies = Mapping[str, Collection[str]]
MOST_LISTED = 12  # choices that a message lists


class Row(BaseModel):
    """One row of a table: a field a column, in the table's order.

    unique   columns that together stand in one row only
    """

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)
    unique: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def columns(cls) -> tuple[str, ...]:
        """The header line."""
        return tuple(cls.by_column())

    @classmethod
    def by_column(cls) -> dict[str, Any]:
        """The fields by the column that they describe."""
        return {field.alias or name: field for name, field in cls.model_fields.items()}

    @classmethod
    def across(cls, cells: Cells) -> Iterator[Fault]:
        """What is wrong between the cells of a row, each by itself right; `where` is filled in later."""
        yield from ()


RowType = TypeVar("RowType", bound=Row)


@dataclass(frozen=True)
class Names:
    """Says of a column, in its annotation, that its cells name something.

    of      the vocabulary that has the names, for instance `sources`
    what    one of them in a message, for instance `source`
    many    whether a cell holds several, separated by spaces
    """

    of: str
    what: str
    many: bool = False


@dataclass(frozen=True)
class Placed(Generic[RowType]):
    """A row with its place: file:line, the line's number, the cells as they stand, and what they mean; None if they mean nothing."""

    where: str
    line: int
    cells: Cells
    row: RowType | None


def read_rows(path: Path, schema: type[RowType], faults: list[Fault], folder: str = "") -> list[Placed[RowType]]:
    """The rows of a table; lines that are empty or start with # are passed over.

    folder    of the file, for messages, where it is not the model's or the calibration's own
    returns   every row whose cells can be counted; what is wrong with any of them is added to `faults`
    """
    shown = f"{folder}/{path.name}" if folder else path.name
    lines = _lines(path, shown, faults)
    places: dict[tuple[str, ...], str] = {}
    header = schema.columns()
    if not lines or not _header_fits(lines[0], header, shown, faults):
        return []
    found: list[Placed[RowType]] = []
    for line, text in lines[1:]:
        where, cells = f"{shown}:{line}", [cell.strip() for cell in text.split("\t")]
        if len(cells) != len(header):
            expected, remedy = f"Expected {len(header)}: {', '.join(header)}.", "Look for a tab too many or too few."
            faults.append(Fault(f"{len(cells)} cells in this row.", where, expected, remedy))
            continue
        named = dict(zip(header, cells, strict=True))
        key = tuple(named[column] for column in schema.unique)
        if key and key in places:
            words = " ".join(part for part in key if part)
            faults.append(Fault(f"`{words}` is given twice.", where, f"It stands at {places[key]} already."))
        places.setdefault(key, where)
        found.append(_checked(schema, named, where, line, faults))
    return found


def _lines(path: Path, shown: str, faults: list[Fault]) -> list[tuple[int, str]]:
    """Lines that count, with their numbers."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as trouble:
        faults.append(Fault(f"cannot read the table: {trouble}.", shown, "A UTF-8 text file was expected."))
        return []
    lines = [(n, line) for n, line in enumerate(text.split("\n"), 1) if line.strip() and not line.startswith("#")]
    if not lines:
        faults.append(Fault("the table is empty.", shown, "A header line was expected."))
    return lines


def _header_fits(line: tuple[int, str], header: tuple[str, ...], shown: str, faults: list[Fault]) -> bool:
    cells = [cell.strip() for cell in line[1].split("\t")]
    if cells == list(header):
        return True
    where, expected = f"{shown}:{line[0]}", f"Expected columns: {', '.join(header)}."
    missing = [name for name in header if name not in cells]
    wrong = [
        Fault(f"`{c}` in the header line is no column.", where, expected, nearest(c, missing))
        for c in cells
        if c not in header
    ]
    gone = [f"`{name}`" for name in missing] if len(missing) > len(wrong) else []
    if gone:
        wrong.append(Fault(f"the header line lacks {', '.join(gone)}.", where, expected))
    faults += wrong or [Fault("the header line has its columns in another order, or twice.", where, expected)]
    return False


def _checked(schema: type[RowType], cells: Cells, where: str, line: int, faults: list[Fault]) -> Placed[RowType]:
    before, row = len(faults), None
    try:
        row = schema.model_validate(cells)
    except ValidationError as trouble:
        faults += [_told(schema, error, where) for error in trouble.errors(include_url=False)]
    for fault in schema.across(cells):
        faults.append(Fault(fault.found, where, fault.expected, fault.remedy, fault.field))
    return Placed(where, line, cells, row if len(faults) == before else None)


def _told(schema: type[Row], error: Any, where: str) -> Fault:
    """One complaint of pydantic in our three parts."""
    column, given, kind = str(error["loc"][0]), error["input"], error["type"]
    context = error.get("ctx", {})
    what = schema.by_column()[column].description or ""
    if not given and kind != "fault":
        return Fault(f"no {column} is given.", where, f"Expected {what}." if what else "", field=column)
    if kind == "fault":
        return Fault(context["found"], where, context["expected"], field=column)
    if kind == "literal_error":
        choices = [word.strip("'") for word in context["expected"].replace(" or ", ", ").split(", ")]
        expected = f"Expected one of {', '.join(word or 'nothing' for word in choices)}."
        return Fault(f"{column} `{given}`.", where, expected, nearest(given, choices), column)
    if kind == "finite_number":
        return Fault(f"{column} `{given}` is not finite.", where, "Expected a finite value.", field=column)
    if kind in ("float_parsing", "int_parsing", "bool_parsing"):
        noun = {"float": "number", "int": "whole number", "bool": "`true` or `false`"}[kind.split("_")[0]]
        example = {"float": "a value, such as 0.25 or 1e-6", "int": "a whole number", "bool": "one of the two"}
        return Fault(f"`{given}` is no {noun}.", where, f"Expected {example[kind.split('_')[0]]}.", field=column)
    limits = {
        "greater_than": "above",
        "greater_than_equal": "at least",
        "less_than": "below",
        "less_than_equal": "at most",
    }
    if kind in limits:
        limit = next(iter(context.values()))
        return Fault(f"{column} `{given}`.", where, f"Expected a number {limits[kind]} {limit:g}.", field=column)
    return Fault(f"{column} `{given}`.", where, f"Expected {what or error['msg'].lower()}.", field=column)


def name_faults(schema: type[Row], rows: Sequence[Placed[Any]], vocabularies: Vocabularies) -> Iterator[Fault]:
    """A fault for each cell that names what its vocabulary has not; vocabularies that are not given are not asked."""
    fields = schema.by_column()
    marks = {column: mark for column, field in fields.items() for mark in field.metadata if isinstance(mark, Names)}
    for placed in rows:
        for column, mark in marks.items():
            known, cell = vocabularies.get(mark.of), placed.cells[column]
            if known is None:
                continue
            for name in cell.split() if mark.many else [cell] if cell else []:
                if name not in known:
                    expected = f"Expected one of {', '.join(known)}." if len(known) <= MOST_LISTED else ""
                    found = f"`{name}` is no {mark.what}."
                    yield Fault(found, placed.where, expected, nearest(name, known), column)
