"""What the tables of a model say of each other: rows of every table in; a fault for each name, unit or value that does not fit, out."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from resprout.errors import Fault, nearest
from resprout.language.bounds import WORDS, is_within
from resprout.language.known_names import PEOPLE, RATINGS
from resprout.language.records import Constant
from resprout.language.rows import Placed, Vocabularies, name_faults, read_rows
from resprout.language.schemas import JOIN, PeopleParameter, RatingParameter, VariantConstant
from resprout.language.tables import SCHEMAS
from resprout.language.units import known_units

_OUTPUT = re.compile(r"-?(\w+) (?:at|peak|mean) ")
Rows = Mapping[str, list[Placed[Any]]]


def read_others(folder: Path, faults: list[Fault]) -> Rows:
    """Rows of every table of a folder beside those of constants and drugs, each cell by itself checked."""
    if (folder / "items.tsv").exists() and not (folder / "scales.tsv").exists():
        faults.append(Fault("the table is missing.", "scales.tsv", "Expected the scales of which items.tsv has items."))
    return {
        table: read_rows(folder / f"{table}.tsv", schema, faults if table != "items" else [])
        for table, schema in SCHEMAS.items()
        if (folder / f"{table}.tsv").exists()
    }


def check_tables(
    folder: Path,
    rows: Rows,
    constants: Mapping[str, Constant],
    equations: Collection[str],
    sources: Collection[str],
    faults: list[Fault],
) -> None:
    """Check what the tables of a folder say of each other.

    rows        as `read_others` gives them
    constants   by name     equations, sources   names     faults   every fault found is added
    """
    words = vocabularies(folder, constants, equations, sources, rows)
    for table, placed in rows.items():
        known = {name: given for name, given in words.items() if table != "items" or name == "groups"}
        faults += name_faults(SCHEMAS[table], placed, known)
    named = [*_cells(rows, "scales", "rater_error"), *_cells(rows, "scales", "ratio")]
    errors = [name for name in dict.fromkeys(named) if name not in constants or not constants[name].in_chain]
    recalls = [f"recall_{name}" for name in _cells(rows, "scales", "scale")]
    needed = (*RATINGS, *filter(None, errors))
    read = (("people", PeopleParameter, PEOPLE, ()), ("ratings", RatingParameter, needed, recalls))
    for table, schema, names, optional in read:
        if (folder / f"{table}.tsv").exists():
            unread: list[Fault] = []
            placed = read_rows(folder / f"{table}.tsv", schema, unread)
            faults += name_faults(schema, placed, {table: (*names, *optional)})
            if placed or not unread:
                faults += _missing(table, names, [row.cells["name"] for row in placed])
    faults += _value_faults(rows, constants)
    faults += _measure_faults(rows, {*constants, *equations})
    faults += _setting_faults(rows, constants)
    faults += _draw_faults(rows, constants)
    faults += _scale_faults(rows, equations)
    faults += _item_faults(rows)


def check_variant(
    path: Path, constants: Mapping[str, Constant], sources: Collection[str], faults: list[Fault]
) -> list[Placed[VariantConstant]]:
    """Rows of a rival hypothesis, a table of variants/."""
    placed = read_rows(path, VariantConstant, faults, path.parent.name)
    faults += name_faults(VariantConstant, placed, {"chain": _chain(constants), "sources": sources})
    faults += _value_faults({"variants": placed}, constants)
    return placed


def vocabularies(
    folder: Path,
    constants: Mapping[str, Constant],
    equations: Collection[str],
    sources: Collection[str],
    rows: Rows,
) -> Vocabularies:
    """Every list of names that a column may refer to."""
    differing = {name: constant for name, constant in constants.items() if constant.spread}
    return {
        "sources": sources,
        "units": known_units(folder),
        "constants": constants,
        "chain": _chain(constants),
        "annotated": ["model", *constants, *equations],
        "random effects": list(differing) + [constant.shared for constant in differing.values() if constant.shared],
        "quantities": equations,
        "groups": _cells(rows, "scales", "scale"),
        "scales": _cells(rows, "scales", "scale"),
        "items": _cells(rows, "items", "item"),
        "species": list(dict.fromkeys(_cells(rows, "species", "species"))),
        "persons": _cells(rows, "persons", "person"),
    }


def _cells(rows: Rows, table: str, column: str) -> list[str]:
    """The cells of a column."""
    return [placed.cells[column] for placed in rows.get(table, ())]


def _chain(constants: Mapping[str, Constant]) -> list[str]:
    return [name for name, constant in constants.items() if constant.in_chain]


def _missing(table: str, names: Collection[str], found: Collection[str]) -> Iterator[Fault]:
    for name in names:
        if name not in found:
            yield Fault(f"no row for `{name}`.", f"{table}.tsv", "Expected one, for the software reads it.", field=name)


def _value_faults(rows: Rows, constants: Mapping[str, Constant]) -> Iterator[Fault]:
    """Values of other tables within the bounds, and in the unit, of their constants."""
    for table, column in (("species", "constant"), ("variants", "constant")):
        for placed in rows.get(table, ()):
            constant = constants.get(placed.cells[column])
            if constant is None or placed.row is None:
                continue
            if not is_within(placed.row.value, constant.bounds):
                found, expected = (
                    f"`{constant.name}` is {placed.cells['value']}.",
                    f"Expected {WORDS[constant.bounds]}.",
                )
                yield Fault(found, placed.where, expected, field="value")
            if placed.cells.get("unit", constant.unit) != constant.unit:
                found = f"`{constant.name}` in {placed.cells['unit']}."
                yield Fault(
                    found, placed.where, f"Expected {constant.unit}, its unit in {constant.file}.", field="unit"
                )


def _measure_faults(rows: Rows, known: Collection[str]) -> Iterator[Fault]:
    """Measures read quantities that are there."""
    for table in ("interventions", "facts"):
        for placed in rows.get(table, ()):
            for name in _OUTPUT.findall(placed.cells["measure"]):
                if name not in known:
                    found = f"`{name}` is no quantity of the model."
                    yield Fault(found, placed.where, "", nearest(name, known, "resprout describe"), "measure")


def _setting_faults(rows: Rows, constants: Mapping[str, Constant]) -> Iterator[Fault]:
    """What is set for a person is a constant."""
    for placed in rows.get("persons", ()):
        for setting in placed.cells["constants"].split(JOIN) if placed.cells["constants"] else ():
            name = setting.partition("=")[0].strip()
            if name not in constants:
                found = f"`{name}` is no constant of the model."
                yield Fault(found, placed.where, "", nearest(name, constants, "resprout describe"), "constants")


def _draw_faults(rows: Rows, constants: Mapping[str, Constant]) -> Iterator[Fault]:
    """Draws of a constant are within its bounds, and as many as those of the first one."""
    many = 0
    for placed in rows.get("draws", ()):
        values = placed.cells["values"].split()
        constant = constants.get(placed.cells["name"])
        many = many or len(values)
        if len(values) != many:
            found = f"`{placed.cells['name']}` has {len(values)} draws."
            yield Fault(found, placed.where, f"Expected {many}, as many as the first constant has.", field="values")
        if constant is None or placed.row is None:
            continue
        for number, text in enumerate(values, start=1):
            if not is_within(float(text), constant.bounds):
                found = f"draw {number} of `{constant.name}` is {text}."
                yield Fault(found, placed.where, f"Expected {WORDS[constant.bounds]}.", field="values")


def _scale_faults(rows: Rows, equations: Collection[str]) -> Iterator[Fault]:
    """A scale rates an output of the model, and stands below the scale that it extends."""
    above: set[str] = set()
    for placed in rows.get("scales", ()):
        cells = placed.cells
        if not cells["output"] and cells["scale"] not in equations:
            found, expected = (
                f"`{cells['scale']}` is no quantity of the model.",
                "Expected its expected score in 6_score.ant.",
            )
            yield Fault(found, placed.where, expected, nearest(cells["scale"], equations), "scale")
        if cells["extends"] and cells["extends"] not in above:
            expected = f"Expected a row above that of `{cells['scale']}`."
            yield Fault(f"`{cells['extends']}` stands below.", placed.where, expected, field="extends")
        above.add(cells["scale"])
        if placed.row is not None and placed.row.highest <= placed.row.lowest:
            found = f"a range from {cells['lowest']} to {cells['highest']}."
            yield Fault(found, placed.where, "Expected the lower one first.", field="highest")


def _item_faults(rows: Rows) -> Iterator[Fault]:
    """The items of a scale reach its highest score, no more and no less."""
    items = [placed.row for placed in rows.get("items", ()) if placed.row]
    scales = [placed.row for placed in rows.get("scales", ()) if placed.row]
    if len(items) + len(scales) < len(rows.get("items", ())) + len(rows.get("scales", ())):
        return  # a row that means nothing has been told already
    reach: dict[str, float] = {}
    for scale in scales:
        if scale.rater_error:
            continue
        own = [item for item in items if (item.item == scale.item if scale.item else item.group == scale.scale)]
        reach[scale.scale] = math.fsum(item.highest for item in own) + reach.get(scale.extends, 0.0)
        if reach[scale.scale] != scale.highest - scale.lowest:
            found = f"the items of {scale.scale} reach {reach[scale.scale]:g} points."
            expected = f"Expected {scale.highest - scale.lowest:g}."
            yield Fault(found, "items.tsv", expected, "Look at `highest`, `group` and `item`.", "highest")
