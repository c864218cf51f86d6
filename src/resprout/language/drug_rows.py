"""Rows of drugs.tsv, targets.tsv and a user's drug file -> constants, checked against the properties that a drug may have."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from resprout.errors import Fault, ModelError, nearest
from resprout.language.bounds import in_words, is_between, number_or_nan
from resprout.language.drug_schemas import DrugFileRow, DrugRow, TargetRow
from resprout.language.drug_template import Property, read_properties
from resprout.language.records import Constant, Model
from resprout.language.rows import Cells, Placed, name_faults, read_rows
from resprout.language.units import known_units

Properties = Mapping[str, Property]


def read_drugs(folder: Path, properties: Properties, sources: Collection[str], faults: list[Fault]) -> list[Constant]:
    """Constants of drugs.tsv (`drug_property`) and targets.tsv (`drug_target_property`)."""
    drugs = read_rows(folder / "drugs.tsv", DrugRow, faults)
    targets = read_rows(folder / "targets.tsv", TargetRow, faults)
    known = {"sources": sources, "drugs": list(dict.fromkeys(row.cells["drug"] for row in drugs))}
    faults += name_faults(DrugRow, drugs, known)
    faults += name_faults(TargetRow, targets, known if drugs else {"sources": sources})
    _check_properties([*drugs, *targets], properties, known_units(folder), faults)
    return [
        *(_constant(row, 1, properties) for row in drugs),
        *(_constant(row, 2, properties) for row in targets),
    ]


def _check_properties(
    rows: Iterable[Placed[Any]], properties: Properties, units: Collection[str], faults: list[Fault]
) -> None:
    """Note every property, target, unit and value that no drug can have; without properties, only units."""
    for placed in rows:
        known = properties.get(_property_name(placed.cells))
        if known is not None:
            faults += _misfits(placed, known, units)
            continue
        if properties and placed.cells["property"]:
            faults.append(_unknown_property(placed, properties))
        if (unit := placed.cells["unit"]) and unit not in units:
            faults.append(Fault(f"`{unit}` is no unit.", placed.where, "", nearest(unit, units), "unit"))


def _property_name(cells: Cells) -> str:
    return "_".join(word for word in (cells.get("target", ""), cells["property"]) if word)


def _misfits(placed: Placed[Any], known: Property, units: Collection[str]) -> list[Fault]:
    """Unit and value of a row that its property does not allow."""
    faults, cells = [], placed.cells
    if cells["unit"] not in ("", known.unit) and known.unit in units:
        found = f"`{known.name}` is in `{cells['unit']}`."
        faults.append(Fault(found, placed.where, f"Expected {known.unit}.", field="unit"))
    if not is_between(number_or_nan(cells["value"]), known.lower, known.upper):
        expected = f"Expected {in_words(known.lower, known.upper)} {known.unit}."
        faults.append(Fault(f"`{known.name}` is {cells['value']}.", placed.where, expected, field="value"))
    return faults


def _unknown_property(placed: Placed[Any], properties: Properties) -> Fault:
    """The fault of a property that no drug has; the target is named where it is the one at fault."""
    target, part = placed.cells.get("target", ""), placed.cells["property"]
    targets = list(dict.fromkeys(known.target for known in properties.values() if known.target))
    if target and target not in targets:
        return Fault(f"`{target}` is no target of a drug.", placed.where, "", nearest(target, targets), field="target")
    own = [known.name.removeprefix(f"{target}_") for known in properties.values() if known.target == target]
    said = f"`{part}` is no property of a drug{f' at {target}' if target else ''}."
    return Fault(said, placed.where, f"Expected one of {', '.join(own)}.", nearest(part, own), field="property")


def _constant(placed: Placed[Any], stage: int, properties: Properties) -> Constant:
    """The constant of a row; of a row with a fault its name, so that nothing else misses it."""
    cells = placed.cells
    known = properties.get(_property_name(cells))
    file, line = placed.where.rsplit(":", 1)
    return Constant(
        name=f"{cells['drug']}_{_property_name(cells)}",
        value=number_or_nan(cells["value"]),
        stage=stage,
        role="constant",
        spread="",
        shared="",
        file=file,
        line=int(line),
        lower=known.lower if known else None,
        upper=known.upper if known else None,
        **{key: cells[key] for key in ("unit", "source", "grade", "evidence", "meaning")},
    )


def add_drug_files(model: Model, files: Sequence[Path]) -> Model:
    """The model with further drugs, each from a table with the columns of targets.tsv.

    raises   ModelError with every fault of every file
    """
    faults: list[Fault] = []
    folder = Path(model.folder)
    properties = read_properties(folder, faults)
    found: list[Placed[DrugFileRow]] = []
    for file in files:
        rows = _read_drug_file(file, model, faults)
        _check_properties(rows, properties, known_units(folder), faults)
        found += _without_repeats(rows, found, faults)
    if faults:
        raise ModelError(*faults)
    content = b"".join(file.read_bytes() for file in files)
    drugs = tuple(row.cells for row in found if not row.cells["target"])
    targets = tuple(row.cells for row in found if row.cells["target"])
    tables = {**model.tables, "drugs": model.tables["drugs"] + drugs, "targets": model.tables["targets"] + targets}
    added = [_constant(row, 2 if row.cells["target"] else 1, properties) for row in found]
    return replace(
        model,
        constants={**model.constants, **{constant.name: constant for constant in added}},
        tables=tables,
        digest=hashlib.sha256(model.digest.encode() + content).hexdigest()[:16],
        structure=model.structure or model.digest,
    )


def _read_drug_file(file: Path, model: Model, faults: list[Fault]) -> list[Placed[DrugFileRow]]:
    """Rows of a user's file, whose drugs the library must not have."""
    before = len(faults)
    rows = read_rows(file, DrugFileRow, faults)
    if not rows and len(faults) == before:
        faults.append(Fault("no drug stands in the file.", file.name, "Expected one property a row."))
    sources = [row["key"] for row in model.tables["sources"]]
    dois = [doi for row in rows for doi in DrugFileRow.dois(row.cells)]
    faults += name_faults(DrugFileRow, rows, {"sources": [*sources, *dois]})
    library = {row["drug"] for row in model.tables["drugs"]}
    for row in rows:
        if (drug := row.cells["drug"]) in library:
            found, expected = f"`{drug}` is in the library already.", "Expected a name that the library does not have."
            faults.append(Fault(found, row.where, expected, "Use `--set`.", "drug"))
    return rows


def _without_repeats(
    rows: Sequence[Placed[DrugFileRow]], earlier: Sequence[Placed[DrugFileRow]], faults: list[Fault]
) -> Sequence[Placed[DrugFileRow]]:
    """The rows, with a fault for each that an earlier file has."""
    unique = DrugFileRow.unique
    given = {tuple(row.cells[column] for column in unique): row.where for row in earlier}
    for row in rows:
        key = tuple(row.cells[column] for column in unique)
        if key in given:
            words = " ".join(part for part in key if part)
            faults.append(Fault(f"`{words}` is given twice.", row.where, f"It stands at {given[key]} already."))
    return rows
