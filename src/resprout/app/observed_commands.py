"""`resprout data check`: a table of observed people, what was read of it, and what was not and why."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from resprout.app.options import AsJson, ModelFolder, TableFile
from resprout.app.output_files import TABLE_SUFFIXES, check_target, refuse, save_table

if TYPE_CHECKING:
    from resprout.language import Model
    from resprout.patients.dataset import Dataset

DataFiles = Annotated[
    list[Path],
    typer.Argument(metavar="FILES", help="Tables: .csv, .tsv, .parquet or .xpt; `example` is the shipped one."),
]
MappingFile = Annotated[
    Path | None, typer.Option("--mapping", help="YAML file that says what columns, units and codes mean.")
]


def check(
    files: DataFiles,
    mapping: MappingFile = None,
    model: ModelFolder = None,
    table: TableFile = None,
    as_json: AsJson = False,
) -> None:
    """Check a table of observed people: doses, levels, ratings and covariates, as NONMEM takes them or as a long table.

    Example: `resprout data check my_clinic.csv --mapping my_clinic.yaml`
    """
    refuse(check_target("--table", table, TABLE_SUFFIXES))
    from resprout.app.terminal import print_json, stdout_console

    _, read = read_observed(files, mapping, model)
    if table is not None:
        save_table(read.table, table)
    if as_json:
        print_json(facts_of(read))
        return
    console = stdout_console()
    show_read(console, read)
    if table is not None:
        console.print(f"wrote {table}")


def read_observed(files: list[Path], mapping: Path | None, folder: Path | None) -> tuple[Model, Dataset]:
    """The model and the checked table; arguments as in `check`.

    files     tables          mapping   YAML file, or None          folder   of a user-defined model, or None
    returns   the model and the people
    """
    from resprout.app.terminal import status_spinner
    from resprout.language import load_model
    from resprout.patients.read_data import read_data

    model = load_model() if folder is None else load_model(folder)
    with status_spinner("Reading"):
        return model, read_data(files, mapping, model=model)


def show_read(console: Any, read: Dataset) -> None:
    """Print what was read and what was not."""
    from resprout.app.terminal import number, table

    occasions = sum(len(who.occasions) for who in read.people)
    more = f" on {occasions} occasions" if occasions > len(read) else ""
    console.print(f"{', '.join(read.source)}: {len(read)} {'person' if len(read) == 1 else 'people'}{more}, no fault.")
    columns = ["read", "rows", "people", "lowest", "highest", "unit"]
    rows = [[what, many, people, number(low), number(high), unit] for what, many, people, low, high, unit in read.read]
    console.print(table(columns, rows, right=columns[1:5]))
    if not read.not_read:
        console.print("Every row and every column was read.")
        return
    columns = ["not read", "rows", "first row", "reason"]
    console.print(table(columns, read.not_read, right=columns[1:3]))


def facts_of(read: Dataset) -> dict[str, Any]:
    """What was read, as data."""
    from resprout.patients.dataset import NOT_READ_COLUMNS, READ_COLUMNS

    return {
        "people": len(read),
        "files": list(read.source),
        "read": [dict(zip(READ_COLUMNS, row, strict=True)) for row in read.read],
        "not_read": [dict(zip(NOT_READ_COLUMNS, row, strict=True)) for row in read.not_read],
        "setting": vars(read.setting),
    }
