"""Files of tables -> rows of text: CSV, Parquet and SAS transport files, with the line of each row, in bounded size."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from resprout.errors import Fault, InputError, need_package

LARGEST_TABLE_MB, MOST_ROWS, MOST_COLUMNS = 256, 5_000_000, 500
DELIMITERS = (",", ";", "\t")
SPREADSHEET_ERRORS = ("#N/A", "#VALUE!", "#REF!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!")
SUFFIXES = (".csv", ".tsv", ".txt", ".dat", ".parquet", ".xpt")


@dataclass(frozen=True)
class TableCells:
    """A table as text.

    file      its name                  header   names of the columns
    rows      cells by row              lines    line of each row in the file, the header's is 1
    comments  lines that begin with `#`, by number
    """

    file: str
    header: tuple[str, ...]
    rows: list[list[str]]
    lines: list[int]
    comments: tuple[int, ...] = ()


def read_cells(path: Path) -> TableCells:
    """Read a table as text.

    path      a .csv, .tsv, .txt or .dat file with a header, a Parquet file or a SAS transport file
    returns   its cells
    raises    InputError for a file that is not there, empty, too large, no text, or whose rows do not fit the header
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        expected = f"Expected a name that ends in {', '.join(SUFFIXES)}."
        raise InputError(Fault(f"`{path.name}` is no table that is known here.", "", expected))
    if not path.is_file():
        raise InputError(Fault(f"there is no file `{path}`.", "", "Expected a table of people.", "Check the path."))
    if path.stat().st_size > LARGEST_TABLE_MB * 1e6:
        raise InputError(Fault("is too large.", path.name, f"Expected at most {LARGEST_TABLE_MB} MB.", "Split it."))
    if suffix in (".parquet", ".xpt"):
        return _read_frame(path, suffix)
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        found = f"byte {error.start:,} is no UTF-8."
        remedy = "Save the table as `CSV UTF-8`."
        raise InputError(Fault(found, f"{path.name}:{line}", "Expected text in UTF-8.", remedy)) from None
    except OSError as error:
        raise InputError(Fault(f"cannot be read: {error.strerror}.", path.name, "Expected a table.")) from None
    return cells_of_text(text, path.name)


def cells_of_text(text: str, file: str) -> TableCells:
    """Cells of delimited text; the delimiter is that of the header.

    text      of a table         file   its name, for messages
    returns   cells
    raises    InputError as `read_cells`
    """
    text = text.removeprefix("\ufeff")
    if "\0" in text:
        found = "holds bytes of zero."
        raise InputError(Fault(found, file, "Expected text.", "Save the table as `CSV UTF-8`."))
    first = next((line for line in text.splitlines() if line.strip() and not line.startswith("#")), "")
    if not first:
        raise InputError(Fault("is empty.", file, "Expected a header and rows.", "Check what wrote the file."))
    delimiter = max(DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    header: list[str] = []
    rows, lines, comments, faults = [], [], [], []
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if cells[0].startswith("#") and cells[0].strip() not in SPREADSHEET_ERRORS:
                comments.append(reader.line_num)
            elif not header:
                header = [cell.strip() for cell in cells]
            elif len(cells) != len(header):
                found = f"the row has {len(cells)} cells."
                remedy = "Quote cells that hold the delimiter; a decimal comma needs `;` between cells."
                where = f"{file}:{reader.line_num}"
                faults.append(Fault(found, where, f"Expected {len(header)}, as the header has.", remedy))
            else:
                rows.append([cell.strip() for cell in cells])
                lines.append(reader.line_num)
    except csv.Error as error:
        remedy = "Close every quotation mark, and double those within a cell."
        place = f"{file}:{reader.line_num}"
        raise InputError(Fault(f"is no CSV: {error}.", place, "Expected rows of cells.", remedy)) from None
    faults += _shape_faults(file, header, len(rows))
    if faults:
        raise InputError(*faults)
    return TableCells(file, tuple(header), rows, lines, tuple(comments))


def _shape_faults(file: str, header: Sequence[str], rows: int) -> list[Fault]:
    """What is wrong with the size of a table, and with the names of its columns."""
    faults = []
    doubled = sorted({name for name in header if name and header.count(name) > 1})
    for name in doubled:
        remedy = "Rename one of them."
        said = f"the column `{name}` stands twice."
        faults.append(Fault(said, f"{file}:1", "Expected each name once.", remedy, name))
    if not rows:
        remedy = "Check what wrote the file."
        faults.append(Fault("has a header and no rows.", file, "Expected at least one row.", remedy))
    if rows > MOST_ROWS or len(header) > MOST_COLUMNS:
        found = f"has {rows:,} rows and {len(header)} columns."
        faults.append(Fault(found, file, f"Expected at most {MOST_ROWS:,} rows and {MOST_COLUMNS} columns."))
    return faults


def _read_frame(path: Path, suffix: str) -> TableCells:
    """Cells of a Parquet or SAS transport file, as text; its rows are numbered as if a header stood in line 1."""
    try:
        if suffix == ".parquet":
            need_package("pyarrow", "parquet")
            import pandas as pd

            frame = pd.read_parquet(path)
        else:
            need_package("pyreadstat", "sas")
            import pyreadstat

            frame, _ = pyreadstat.read_xport(path)
    except InputError:
        raise
    except Exception as error:
        found = f"cannot be read as {suffix[1:]}: {str(error).splitlines()[0] if str(error) else type(error).__name__}."
        raise InputError(Fault(found, path.name, "Expected a whole file.")) from None
    faults = _shape_faults(path.name, [str(name) for name in frame.columns], len(frame))
    if faults:
        raise InputError(*faults)
    whole = frame.astype(object).where(frame.notna(), None)
    rows = [[_text(value) for value in row] for row in whole.itertuples(index=False, name=None)]
    return TableCells(path.name, tuple(map(str, frame.columns)), rows, list(range(2, len(rows) + 2)))


def _text(value: Any) -> str:
    """A value of a typed table as a cell: whole numbers without a decimal point, missing ones empty."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return repr(float(value)) if isinstance(value, float) else str(value).strip()
