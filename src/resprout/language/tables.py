"""The tables of a model folder -> constants and checked rows: every fault of every table at once, each with file, line and nearest name."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from resprout.errors import Fault, nearest
from resprout.language import rating_schemas, schemas
from resprout.language.records import Constant
from resprout.language.rows import Placed, name_faults, read_rows
from resprout.language.rows import Row as TableRow
from resprout.language.units import known_units

GRADES = ("measured", "fitted", "assumed")
COLUMNS = {
    "drugs": "drug property value unit source grade evidence meaning",
    "targets": "drug target property value unit source grade evidence meaning",
    "drug_properties": "target property default unit role lower upper meaning",
    "drug_targets": "target half_point meaning",
    "molecules": "molecule sections parent targets meaning",
    "bindings": "name formula unit meaning",
}
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
Row = dict[str, str]


def read_table(path: Path, faults: list[Fault], kind: str = "") -> list[tuple[int, Row]]:
    """Rows of a table of drugs with their line numbers; lines that are empty or start with # are passed over.

    kind   name of its columns in COLUMNS; empty for the name of the file
    """
    expected = COLUMNS[kind or path.stem].split()
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as trouble:
        faults.append(Fault(f"cannot read the table: {trouble}.", path.name, "A UTF-8 text file was expected."))
        return []
    numbered = [(number, text) for number, text in enumerate(lines, 1) if text.strip() and not text.startswith("#")]
    if not numbered or numbered[0][1].split("\t") != expected:
        faults.append(
            Fault("the header line is not right.", f"{path.name}:1", f"Expected columns: {', '.join(expected)}.")
        )
        return []
    rows = []
    for number, text in numbered[1:]:
        cells = [cell.strip() for cell in text.split("\t")]
        cells += [""] * (len(expected) - len(cells))
        if len(cells) > len(expected):
            faults.append(
                Fault(
                    f"{len(cells)} cells in this row.",
                    f"{path.name}:{number}",
                    f"Expected {len(expected)}.",
                    "Remove the extra tab.",
                )
            )
            continue
        rows.append((number, dict(zip(expected, cells, strict=True))))
    return rows


def read_number(text: str, where: str, faults: list[Fault]) -> float:
    """A finite number from a cell; NaN, with a fault, where there is none."""
    try:
        value = float(text)
    except ValueError:
        faults.append(Fault(f"`{text}` is no number.", where, "A value was expected, such as 0.25 or 1e-6."))
        return math.nan
    if not math.isfinite(value):
        faults.append(Fault(f"`{text}` is not finite.", where, "A finite value was expected."))
    return value


def _check_grade(row: Row, where: str, sources: set[str], faults: list[Fault]) -> None:
    if row["grade"] not in GRADES:
        faults.append(
            Fault(
                f"grade `{row['grade']}`.",
                where,
                f"Expected one of {', '.join(GRADES)}.",
                nearest(row["grade"], GRADES),
            )
        )
    elif row["grade"] != "assumed" and not row["source"]:
        faults.append(
            Fault(f"graded {row['grade']} without a source.", where, "Give a key of sources.bib, or grade it assumed.")
        )
    for key in row["source"].split():
        if key not in sources:
            faults.append(Fault(f"source `{key}` is not in sources.bib.", where, remedy=nearest(key, sources)))
    if not row["meaning"]:
        faults.append(Fault("no meaning is given.", where, "Say in one phrase what the constant is."))


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
    return Constant(
        value=placed.row.value if placed.row else math.nan,
        stage=stage,
        role=role,
        file=file,
        line=int(line),
        spread=cells.get("spread", ""),
        shared=cells.get("shared", ""),
        **{key: cells[key] for key in ("name", "unit", "source", "grade", "evidence", "meaning", "bounds")},
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


def drug_constants(folder: Path, table: str, stage: int, sources: set[str], faults: list[Fault]) -> list[Constant]:
    """Constants of drugs.tsv (`drug_property`) or targets.tsv (`drug_target_property`)."""
    path = folder / f"{table}.tsv"
    found = []
    for line, row in read_table(path, faults):
        where = f"{path.name}:{line}"
        _check_grade(row, where, sources, faults)
        parts = [row["drug"], *([row["target"]] if table == "targets" else []), row["property"]]
        value = read_number(row["value"], where, faults)
        taken = {key: row[key] for key in ("unit", "source", "grade", "evidence", "meaning")}
        name = "_".join(parts)
        found.append(
            Constant(
                name=name,
                value=value,
                stage=stage,
                role="constant",
                spread="",
                shared="",
                file=path.name,
                line=line,
                **taken,
            )
        )
    return found


def check_names(constants: list[Constant], faults: list[Fault]) -> dict[str, Constant]:
    """Constants by name; a name given twice or ill-formed is a fault."""
    named: dict[str, Constant] = {}
    for constant in constants:
        where = f"{constant.file}:{constant.line}"
        if not NAME.fullmatch(constant.name):
            faults.append(
                Fault(f"`{constant.name}` is no name.", where, "Letters, digits and _ are allowed, a letter first.")
            )
        elif constant.name in named:
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
    if table in SCHEMAS:
        return tuple(placed.cells for placed in read_rows(path, SCHEMAS[table], []))
    return tuple(row for _, row in read_table(path, []))


def tables_with_rows(folder: Path, constants: Mapping[str, Constant]) -> bool:
    """Whether every table of constants that the folder has gave at least one."""
    tables = ("parameters", "people", "ratings", "items")
    given = {constant.file for constant in constants.values()}
    there = [table for table in tables if table == "parameters" or (folder / f"{table}.tsv").exists()]
    return all(f"{table}.tsv" in given for table in there)
