"""The calibration's own tables: a name in, checked rows out; and every fault of all of them at once."""

from __future__ import annotations

import functools
from collections.abc import Collection
from fnmatch import filter as matching
from importlib import resources
from pathlib import Path
from typing import Any

from resprout.calibrate.experiments import read_persons
from resprout.errors import Fault, ModelError, nearest
from resprout.language import data_schemas as schemas
from resprout.language.records import Model
from resprout.language.rows import Placed, Row, Vocabularies, name_faults, read_rows
from resprout.language.units import OF_MEASUREMENTS, known_units
from resprout.trial.protocol import shipped_protocols

SCHEMAS: dict[str, type[Row]] = {
    "measurements": schemas.MeasurementRow,
    "left_out": schemas.LeftOut,
    "left_out_studies": schemas.LeftOutStudy,
    "misses": schemas.Miss,
    "by_construction": schemas.ByConstruction,
    "fitted": schemas.FittedRow,
    "fixed_constants": schemas.FixedConstant,
    "unfitted_constants": schemas.UnfittedConstant,
    "rival_constants": schemas.RivalConstant,
    "refitted_hypotheses": schemas.RefittedRival,
    "trials": schemas.ScoredTrial,
    "scoreboard": schemas.RecordedMark,
    "posterior": schemas.PosteriorRow,
    "combinations": schemas.CombinationRow,
    "left_out_trials": schemas.LeftOutTrialRow,
}


def data_folder() -> Path:
    """The folder of the calibration's tables that comes with the package."""
    return Path(str(resources.files("resprout") / "calibrate" / "data"))


@functools.cache
def data_rows(table: str) -> tuple[dict[str, str], ...]:
    """Rows of one table as text, by column; none where nothing was recorded.

    raises   ModelError with every fault of the table
    """
    path = data_folder() / f"{table}.tsv"
    faults: list[Fault] = []
    rows = read_rows(path, SCHEMAS[table], faults) if path.exists() else []
    if faults:
        raise ModelError(*faults)
    return tuple(placed.cells for placed in rows)


def check_data(model: Model, folder: Path | None = None) -> None:
    """Check every table of the calibration against its schema, the model and each other.

    folder   of the tables; None for the package's own
    raises   ModelError with every fault of all of them
    """
    place, faults = folder or data_folder(), list[Fault]()
    rows = {
        table: read_rows(place / f"{table}.tsv", schema, faults)
        for table, schema in SCHEMAS.items()
        if (place / f"{table}.tsv").exists()
    }
    marks = [placed.cells["id"] for placed in rows.get("scoreboard", ())]
    for table, placed in rows.items():
        faults += name_faults(SCHEMAS[table], placed, vocabularies(model, marks))
    faults += fitted_faults(model, rows.get("fitted", []))
    faults += fixed_faults(model, rows.get("fixed_constants", []))
    if faults:
        raise ModelError(*faults)


def vocabularies(model: Model, marks: Collection[str] | None = None) -> Vocabularies:
    """Every list of names that a column may refer to; `marks` are rows of the scoreboard."""
    known: dict[str, Collection[str]] = {
        "constants": model.constants,
        "sources": [entry["key"] for entry in model.tables["sources"]],
        "units": [*known_units(Path(model.folder)), *OF_MEASUREMENTS],
        "persons": list(read_persons(model)),
        "trials": list(shipped_protocols()),
        "interventions": [row["id"] for row in model.tables["interventions"]],
    }
    return known if marks is None else {**known, "marks": marks}


def fitted_faults(model: Model, rows: list[Placed[Any]]) -> list[Fault]:
    """What a fit moves stands in the table that the row says."""
    faults = []
    for placed in rows:
        constant = model.constants.get(placed.cells["name"])
        if constant is not None:
            holds = "constant" if constant.in_chain else constant.role
            if placed.cells["holds"] != holds and placed.row is not None:
                found = f"`{constant.name}` held by {placed.cells['holds']}."
                faults.append(
                    Fault(found, placed.where, f"Expected {holds}: it stands in {constant.file}.", "", "holds")
                )
            elif constant.file == "items.tsv":
                found = f"`{constant.name}` is a part of a row of items.tsv."
                faults.append(Fault(found, placed.where, "Expected a constant with a row of its own.", "", "name"))
    return faults


def fixed_faults(model: Model, rows: list[Placed[Any]]) -> list[Fault]:
    """What a sensitivity analysis leaves alone is there."""
    return [
        Fault(
            f"`{placed.cells['constant']}` is no constant of the model.",
            placed.where,
            "",
            nearest(placed.cells["constant"], model.constants),
            "constant",
        )
        for placed in rows
        if not matching(model.constants, placed.cells["constant"])
    ]
