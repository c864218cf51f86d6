"""The tables of a model folder -> constants and checked rows: every fault of every table at once, each with file, line and nearest name."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from resprout.errors import Fault
from resprout.language import rating_schemas, schemas
from resprout.language.drug_schemas import DRUG_SCHEMAS
from resprout.language.records import Constant
from resprout.language.rows import Placed, name_faults, read_rows
from resprout.language.rows import Row as TableRow
from resprout.language.units import known_units

SCHEMAS: dict[str, type[TableRow]] = {
    "correlations": schemas.Correlation,
    "draws": schemas.Draw,
    "species": schemas.SpeciesConstant,
    "persons": schemas.PersonOfTables,
    "interventions": schemas.Intervention,
    "facts": schemas.PublishedFact,
    "compared_drugs": schemas.ComparedDrug,
    "annotations": schemas.Annotation,
    "items": rating_schemas.Item,
    "scales": rating_schemas.RatingScale,
}
NAME = re.compile(schemas.NAME)


def parameter_constants(folder: Path, sources: set[str], faults: list[Fault]) -> list[Constant]:
    """Constants of parameters.tsv."""
    rows = _rows_of(folder, "parameters", schemas.Parameter, sources, faults)
    return [
        _constant(placed, int(stage) if (stage := placed.cells["stage"]).isdecimal() else 0, placed.cells["role"])
        for placed in rows
    ]


def outside_constants(folder: Path, sources: set[str], faults: list[Fault]) -> list[Constant]:
    """Constants of people.tsv, ratings.tsv and items.tsv, as far as the folder has them; no equation reads them."""
    people = _rows_of(folder, "people", schemas.PeopleParameter, sources, faults)
    ratings = _rows_of(folder, "ratings", schemas.RatingParameter, sources, faults)
    found = [_constant(placed, 0, role) for rows, role in ((people, "people"), (ratings, "rating")) for placed in rows]
    for placed in _rows_of(folder, "items", rating_schemas.Item, sources, faults):
        found += _item_constants(placed)
    return found


def _rows_of(
    folder: Path, table: str, schema: type[TableRow], sources: set[str], faults: list[Fault]
) -> Sequence[Placed[Any]]:
    """Rows of a table of constants, with the names checked that files of the folder alone decide; none where it is missing."""
    path = folder / f"{table}.tsv"
    if table != "parameters" and not path.exists():
        return []
    rows = read_rows(path, schema, faults)
    faults += name_faults(schema, rows, {"sources": sources, "units": known_units(folder)})
    return rows


def _constant(placed: Placed[Any], stage: int, role: str) -> Constant:
    """The constant of a row; of a row with a fault its name, so that nothing else misses it."""
    cells = placed.cells
    file, line = placed.where.rsplit(":", 1)
    taken: dict[str, Any] = {
        key: cells[key] for key in ("name", "unit", "source", "grade", "evidence", "meaning", "bounds")
    }
    return Constant(
        value=placed.row.value if placed.row else math.nan,
        stage=stage,
        role=role,
        file=file,
        line=int(line),
        spread=cells.get("spread", ""),
        shared=cells.get("shared", ""),
        **taken,
    )


def _item_constants(placed: Placed[rating_schemas.Item]) -> Iterator[Constant]:
    """Slope and thresholds of an item: `HDRS_1_slope`, `HDRS_1_threshold_1` and so on."""
    cells, row = placed.cells, placed.row
    numbers = {"slope": row.slope if row else math.nan}
    for number, cell in enumerate(cells["thresholds"].split(), start=1):
        numbers[f"threshold_{number}"] = float(cell) if row else math.nan
    for part, value in numbers.items():
        yield Constant(
            name=f"{cells['item']}_{part}",
            value=value,
            unit="per_latent" if part == "slope" else "latent",
            stage=0,
            role="rating",
            spread="",
            shared="",
            source=cells["source"],
            grade=cells["grade"],
            evidence="",
            meaning=f"{part.replace('_', ' ')} of item {cells['item']}, {cells['meaning']}",
            file="items.tsv",
            line=placed.line,
            bounds="positive" if part == "slope" else "any",
        )


def check_names(constants: list[Constant], faults: list[Fault]) -> dict[str, Constant]:
    """Constants by name; a name given twice or ill-formed is a fault."""
    named: dict[str, Constant] = {}
    told = {fault.where for fault in faults if "given twice" in fault.found}
    for constant in constants:
        where = f"{constant.file}:{constant.line}"
        if not NAME.fullmatch(constant.name):
            faults.append(
                Fault(f"`{constant.name}` is no name.", where, "Letters, digits and _ are allowed, a letter first.")
            )
        elif constant.name in named:
            if where in told:
                continue
            first = named[constant.name]
            faults.append(
                Fault(f"`{constant.name}` is given twice.", where, f"It stands at {first.file}:{first.line} already.")
            )
        else:
            named[constant.name] = constant
    return named


def table_cells(folder: Path, table: str) -> tuple[dict[str, str], ...]:
    """Rows of a table as text, once it has been checked; none where the folder lacks it."""
    path = folder / f"{table}.tsv"
    if not path.exists():
        return ()
    schema = {**SCHEMAS, **DRUG_SCHEMAS}[table]
    return tuple(placed.cells for placed in read_rows(path, schema, []))


def tables_with_rows(folder: Path, constants: Mapping[str, Constant]) -> bool:
    """Whether every table of constants that the folder has gave at least one."""
    tables = ("parameters", "people", "ratings", "items")
    given = {constant.file for constant in constants.values()}
    there = [table for table in tables if table == "parameters" or (folder / f"{table}.tsv").exists()]
    return all(f"{table}.tsv" in given for table in there)
