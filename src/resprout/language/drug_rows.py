"""Rows of drugs.tsv, targets.tsv and a user's drug file, checked against the properties that a drug may have."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from resprout.errors import Fault, ModelError, nearest
from resprout.language.drug_template import Property, read_properties
from resprout.language.records import Constant, Model
from resprout.language.tables import GRADES, NAME, Row, read_number, read_table


def check_drug_rows(folder: Path, properties: Mapping[str, Property], faults: list[Fault]) -> None:
    """Refuse a property, target, unit or value that no drug of this model can have, in drugs.tsv and targets.tsv."""
    known: set[str] = set()
    for table in ("drugs", "targets"):
        path = folder / f"{table}.tsv"
        rows = read_table(path, []) if path.exists() else []
        known |= {row["drug"] for _, row in rows} if table == "drugs" else set()
        for line, row in rows:
            where = f"{path.name}:{line}"
            check_drug_row(row, where, properties, faults)
            if row["drug"] not in known:
                expected = "Expected a drug of drugs.tsv."
                faults.append(Fault(f"`{row['drug']}` is no drug.", where, expected, nearest(row["drug"], known)))


def check_drug_row(row: Row, where: str, properties: Mapping[str, Property], faults: list[Fault]) -> None:
    """Note what is wrong with one row of a drug: its property, unit or value."""
    target, part = row.get("target", ""), row["property"]
    name = "_".join(word for word in (target, part) if word)
    known = properties.get(name)
    if known is None:
        faults.append(_unknown_property(target, part, where, properties))
        return
    if row["unit"] != known.unit:
        expected = f"Expected {known.unit}."
        faults.append(Fault(f"`{name}` is in `{row['unit']}`.", where, expected, field="unit"))
    value = read_number(row["value"], where, [])
    low, high = known.lower, known.upper
    if (low is not None and value < low) or (high is not None and value > high):
        bounds = f"from {low if low is not None else '-inf'} to {high if high is not None else 'inf'}"
        faults.append(Fault(f"`{name}` is {row['value']}.", where, f"Expected {bounds} {known.unit}.", field="value"))


def _unknown_property(target: str, part: str, where: str, properties: Mapping[str, Property]) -> Fault:
    """The fault of a property that no drug has; the target is named where it is the one at fault."""
    targets = {name.split("_")[0] for name, known in properties.items() if known.stage == 2 or "CYP2D6" in name}
    if target and target not in targets:
        return Fault(f"`{target}` is no target of a drug.", where, "", nearest(target, targets), field="target")
    start = f"{target}_" if target else ""
    own = [name.removeprefix(start) for name in properties if name.startswith(start)]
    said = f"`{part}` is no property of a drug{f' at {target}' if target else ''}."
    return Fault(said, where, f"Expected one of {', '.join(own)}.", nearest(part, own), field="property")


def add_drug_files(model: Model, files: Sequence[Path]) -> Model:
    """The model with further drugs, each from a table with the columns of targets.tsv.

    raises   ModelError with every fault of every file
    """
    faults: list[Fault] = []
    properties = read_properties(Path(model.folder), faults)
    found: list[tuple[Constant, Row]] = []
    for file in files:
        found += _read_drug_file(file, model, properties, faults)
    if faults:
        raise ModelError(*faults)
    content = b"".join(file.read_bytes() for file in files)
    drugs = tuple(row for _, row in found if not row["target"])
    targets = tuple(row for _, row in found if row["target"])
    tables = {**model.tables, "drugs": model.tables["drugs"] + drugs, "targets": model.tables["targets"] + targets}
    constants = {**model.constants, **{constant.name: constant for constant, _ in found}}
    return replace(
        model,
        constants=constants,
        tables=tables,
        digest=hashlib.sha256(model.digest.encode() + content).hexdigest()[:16],
        structure=model.structure or model.digest,
    )


def _read_drug_file(
    file: Path, model: Model, properties: Mapping[str, Property], faults: list[Fault]
) -> list[tuple[Constant, Row]]:
    known = {row["drug"] for row in model.tables["drugs"]}
    found: list[tuple[Constant, Row]] = []
    rows = read_table(file, faults, "targets")
    if not rows and not faults:
        faults.append(Fault("no drug stands in the file.", file.name, "Expected one property a row."))
    for line, row in rows:
        where = f"{file.name}:{line}"
        if not NAME.fullmatch(row["drug"]):
            faults.append(Fault(f"`{row['drug']}` is no name.", where, "Letters, digits and _ are allowed."))
        elif row["drug"] in known:
            expected = "Expected a name that the library does not have."
            faults.append(Fault(f"`{row['drug']}` is in the library already.", where, expected, "Use `--set`."))
        if row["grade"] not in GRADES:
            remedy = nearest(row["grade"], GRADES)
            faults.append(Fault(f"grade `{row['grade']}`.", where, f"Expected one of {', '.join(GRADES)}.", remedy))
        check_drug_row(row, where, properties, faults)
        value = read_number(row["value"], where, faults)
        name = "_".join(part for part in (row["drug"], row["target"], row["property"]) if part)
        if name in {constant.name for constant, _ in found}:
            faults.append(Fault(f"`{name}` is given twice.", where))
        told = {key: row[key] for key in ("unit", "source", "grade", "evidence", "meaning")}
        empty = {"role": "constant", "spread": "", "shared": ""}
        stage = 2 if row["target"] else 1
        found.append((Constant(name=name, value=value, stage=stage, file=file.name, line=line, **empty, **told), row))
    return found
