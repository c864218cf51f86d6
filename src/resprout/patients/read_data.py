"""Tables of observed people: files in, a checked Dataset out, or all their faults at once with row and column."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from resprout.dosing.dose_records import Dose, Regimen, drug_words, regimen_faults
from resprout.errors import Fault, InputError, first_faults, refuse_others
from resprout.language import given_or_shipped
from resprout.language.plain_yaml import read_yaml
from resprout.language.records import Model
from resprout.patients.data_mapping import (
    DataMapping,
    columns_of,
    mapping_of,
    missing_columns,
    nearest_meaning,
    read_mapping,
)
from resprout.patients.dataset import Dataset, Observation, Occasion, Person
from resprout.patients.dose_history import DoseReader, Stretch
from resprout.patients.event_rows import EventRow, RowReader
from resprout.patients.observed_values import ObservationReader
from resprout.patients.person_covariates import read_covariates
from resprout.patients.table_cells import TableCells, cells_of_text, read_cells
from resprout.patients.table_consistency import spelling_faults, unobserved_faults
from resprout.patients.visit_dates import hours_from_dates

EXAMPLE = Path(__file__).with_name("example.csv")
Files = str | Path | Sequence[str | Path]


def read_data(files: Files, mapping: str | Path | None = None, *, model: Model | None = None) -> Dataset:
    """Read a table of observed people: an event table as NONMEM takes it, or a plain long table.

    files     a .csv, .tsv, .parquet or .xpt file, or several that are read as one, such as doses and ratings; "example"
              is the shipped example of 40 simulated people
    mapping   YAML file that says what columns, units and codes mean; None where the names of the columns say it
    model     whose drugs and rating scales the table may name; None for the shipped one
    returns   people with doses, levels, ratings and covariates, and what was read and not read
    raises    InputError with every fault of all files, each with file, row and person
    """
    refuse_others(
        ("files", files, isinstance(files, str | Path | list | tuple) and bool(files), "the path of a table"),
        ("mapping", mapping, mapping is None or isinstance(mapping, str | Path), "the path of a YAML file"),
    )
    model = given_or_shipped(model)
    paths = [Path(each) for each in ([files] if isinstance(files, str | Path) else files)]
    paths = [EXAMPLE if str(path) == "example" else path for path in paths]
    told = read_mapping(None if mapping is None else Path(mapping))
    faults: list[Fault] = []
    tables = [_cells(path, faults) for path in paths]
    return _dataset(tables, told, model, tuple(path.name for path in paths), faults)


def rows_by_person(
    files: Files, mapping: str | Path | None, faults: list[Fault], left: dict[str, list[int]]
) -> tuple[DataMapping, list[list[EventRow]], tuple[str, ...]]:
    """The typed rows of each person in some files, before anything of a model is asked.

    files, mapping   as in `read_data`
    faults           of cells and rows are added here          left   what is not read is added here
    returns          the mapping, rows by person, and the names of the files
    """
    paths = [Path(each) for each in ([files] if isinstance(files, str | Path) else files)]
    told = read_mapping(None if mapping is None else Path(mapping))
    tables = [_cells(path, faults) for path in paths]
    rows = _joined_rows(_rows_of_all(tables, told, faults, left), faults, left)
    return told, _by_person(rows, len(paths) > 1, faults), tuple(path.name for path in paths)


def read_text(text: str, mapping: str = "", *, name: str, model: Model) -> Dataset:
    """Read one table that is given as text; nothing is written to a disk.

    text      a table with a header           mapping   text of a mapping file, or nothing
    name      of the table, for messages      model     whose drugs and rating scales the table may name
    returns   as `read_data`
    raises    InputError with every fault
    """
    told = mapping_of(read_yaml(mapping, "mapping"), "mapping") if mapping.strip() else DataMapping()
    return _dataset([cells_of_text(text, name)], told, model, (name,), [])


def _dataset(
    tables: Sequence[TableCells | None], told: DataMapping, model: Model, names: tuple[str, ...], faults: list[Fault]
) -> Dataset:
    """The people of some tables.

    raises   InputError with every fault of all tables
    """
    left: dict[str, list[int]] = {}
    rows = _joined_rows(_rows_of_all(tables, told, faults, left), faults, left)
    if not rows and not faults:
        faults.append(Fault("nobody is in the table.", names[0], "Expected rows of people.", "Check the table."))
    grouped = _by_person(rows, len(names) > 1, faults)
    people = [_person(own, model, told, faults, left) for own in grouped]
    if faults:
        raise InputError(*first_faults(faults, ", ".join(names)))
    found = tuple(person for person in people if person is not None)
    _note_incomplete(found, [own[0].line for own in grouped], left)
    return Dataset(found, told.used_setting(), tuple(_read(found)), tuple(_not_read(left)), names)


def _cells(path: Path, faults: list[Fault]) -> TableCells | None:
    """The cells of one file; its faults join those of the others."""
    try:
        return read_cells(path)
    except InputError as error:
        faults += error.faults
        return None


def _rows_of_all(
    tables: Sequence[TableCells | None], mapping: DataMapping, faults: list[Fault], left: dict[str, list[int]]
) -> list[list[EventRow]]:
    """The typed rows of each file that could be opened; a column that the mapping names stands in one of them at least."""
    opened = [table for table in tables if table is not None]
    named = frozenset(name.lower() for table in opened for name in table.header)
    return [_rows(table, mapping, named, faults, left) for table in opened]


def _rows(
    table: TableCells, mapping: DataMapping, named: frozenset[str], faults: list[Fault], left: dict[str, list[int]]
) -> list[EventRow]:
    """The typed rows of one file; `named` are the columns of all files."""
    columns = columns_of(table.header, mapping, table.file, faults)
    missing = missing_columns(columns, mapping, table.header, table.file, named)
    faults += missing
    for name in columns.unknown:
        near = nearest_meaning(name, columns)
        ignored = "named under `ignore`" if name in mapping.ignore else f"no meaning is known of this column{near}"
        left.setdefault(f"column {name or '(without a name)'}|{ignored}", []).append(1)
    if table.comments:
        left.setdefault("line that begins with #", []).extend(table.comments)
    return [] if missing else RowReader(table, columns, mapping, faults).rows()


def _joined_rows(tables: list[list[EventRow]], faults: list[Fault], left: dict[str, list[int]]) -> list[EventRow]:
    """The rows of one file as they stand; those of several by person and time, observations before doses at one hour."""
    rows = list(itertools.chain(*tables))
    faults += spelling_faults(rows) + unobserved_faults(tables)
    rows = hours_from_dates(rows, faults, left)
    if len(tables) == 1:
        return rows
    order: dict[str, int] = {}
    for row in rows:
        order.setdefault(row.patient, len(order))
    return sorted(rows, key=lambda row: (order[row.patient], row.time_h, bool(row.numbers.get("amount"))))


def _by_person(rows: list[EventRow], merged: bool, faults: list[Fault]) -> list[list[EventRow]]:
    """The rows of each person; rows that stand apart from the others of the person are told."""
    people: dict[str, list[EventRow]] = {}
    before = ""
    for row in rows:
        if row.patient != before and row.patient in people and not merged:
            found = f"rows of patient {row.patient} stand apart from those before."
            remedy = "Sort the table by person and time."
            faults.append(row.fault(found, "Expected all rows of a person together.", remedy, at="patient"))
        people.setdefault(row.patient, []).append(row)
        before = row.patient
    return list(people.values())


def _person(
    rows: list[EventRow], model: Model, mapping: DataMapping, faults: list[Fault], left: dict[str, list[int]]
) -> Person | None:
    """One person from their rows."""
    before = len(faults)
    covariates, weights, taken = read_covariates(rows, mapping, faults, left)
    stretches = DoseReader(model, mapping, faults).stretches(rows, weights)
    reader = ObservationReader(model, mapping, faults, left)
    ends = [*(each.origin for each in stretches[1:]), math.inf]
    occasions = [
        replace(own, comedication=_comedication(taken, own.origin, end))
        for own, end in (
            (_occasion(each, reader, rows[0], faults), end) for each, end in zip(stretches, ends, strict=True)
        )
    ]
    for row in rows:
        if row.evid == 2:
            left.setdefault("record of another event (EVID 2)", []).append(row.line)
        elif row.evid in (1, 3, 4) and row.words.get("value", "0").strip("0.") and not row.numbers.get("mdv"):
            left.setdefault(f"the value in a record of EVID {row.evid}", []).append(row.line)
    if len(faults) > before:
        return None
    return Person(rows[0].patient, tuple(occasions), covariates)


def _note_incomplete(people: Sequence[Person], lines: Sequence[int], left: dict[str, list[int]]) -> None:
    """Note who has no dose where others have one, and who has nothing but doses."""
    treated = [any(each.doses or each.placebo_h for each in who.occasions) for who in people]
    for who, dosed, line in zip(people, treated, lines, strict=True):
        if any(treated) and not dosed:
            left.setdefault("patient without a dose or placebo|everything else of the patient is read", []).append(line)
        if not any(who.observations):
            left.setdefault("patient without a level or rating|everything else of the patient is read", []).append(line)


def _occasion(stretch: Stretch, reader: ObservationReader, first: EventRow, faults: list[Fault]) -> Occasion:
    """One occasion, its clock from its first record, or from the first dose of steady state."""
    before = len(faults)
    origin = min([stretch.origin, *(dose.times_h[0] for dose in stretch.doses)])
    doses = _joined(stretch.doses, origin)
    observed: list[Observation] = reader.read(stretch.observed, origin, stretch.doses)
    if doses and len(faults) == before:
        for each in regimen_faults(Regimen("as recorded", doses)):
            at = "time" if each.field in ("start", "times") else each.field
            remedy = each.remedy or "Check the times, intervals and numbers of doses."
            faults.append(first.fault(each.found, each.expected, remedy, at=at))
    placebo = tuple(sorted(time - origin for time in stretch.placebo))
    return Occasion(origin, doses, tuple(observed), placebo)


def _comedication(taken: list[tuple[float, str]], origin: float, end: float) -> tuple[tuple[float, str], ...]:
    """What was taken from when on in an occasion; nothing where it was the same throughout the table."""
    if len(taken) < 2:
        return ()
    before = [name for hour, name in taken if hour <= origin]
    first = before[-1] if before else taken[0][1]
    return ((0.0, first), *((hour - origin, name) for hour, name in taken if origin < hour < end))


def _joined(doses: list[Dose], origin: float) -> tuple[Dose, ...]:
    """Doses that differ in time only, as one; hours since the origin."""
    times: dict[tuple[str, float, bool, str, float], list[float]] = {}
    for dose in doses:
        key = dose.drug, dose.amount_mg, dose.per_kg, dose.route, dose.duration_h
        times.setdefault(key, []).extend(time - origin for time in dose.times_h)
    return tuple(Dose(*key, tuple(sorted(hours))) for key, hours in times.items())


def _read(people: Sequence[Person]) -> list[tuple[Any, ...]]:
    """What was read: a row for each kind of dose, each endpoint and each covariate."""
    doses: dict[str, list[tuple[str, float, str]]] = {}
    for who in people:
        for dose in (dose for occasion in who.occasions for dose in occasion.doses):
            name = f"{drug_words(dose.drug)} {dose.route}{' infusion' if dose.duration_h else ''}"
            unit = "%" if dose.route == "inhaled" else "mg/kg" if dose.per_kg else "mg"
            doses.setdefault(f"{name}|{unit}", []).extend((who.name, dose.amount_mg, unit) for _ in dose.times_h)
    observed: dict[str, list[tuple[str, float]]] = {}
    for who in people:
        for _, each in who.observations:
            observed.setdefault(each.endpoint, []).append((who.name, each.value))
    found: list[tuple[Any, ...]] = []
    for name, given in doses.items():
        found.append((f"dose: {name.partition('|')[0]}", *_spread(given), given[0][2]))
    levels = {each.endpoint for who in people for _, each in who.observations if each.kind == "level"}
    for name, seen in observed.items():
        kind = "level" if name in levels else "rating"
        found.append((f"{kind}: {name}", *_spread(seen), "ng/mL" if kind == "level" else ""))
    known = Counter(name for who in people for name in who.covariates)
    for name, many in known.items():
        values = [who.covariates[name] for who in people if name in who.covariates]
        numbers = [float(value) for value in values if isinstance(value, float)]
        low, high = (min(numbers), max(numbers)) if numbers else (np.nan, np.nan)
        found.append((f"covariate: {name}", many, many, low, high, ""))
    return found


def _spread(values: Sequence[tuple[Any, ...]]) -> tuple[int, int, float, float]:
    """Rows, people, lowest and highest of some values with their people in front."""
    return (
        len(values),
        len({each[0] for each in values}),
        min(each[1] for each in values),
        max(each[1] for each in values),
    )


def _not_read(left: dict[str, list[int]]) -> list[tuple[Any, ...]]:
    """What was not read: a row for each reason."""
    found = []
    for key, lines in left.items():
        what, _, reason = key.partition("|")
        found.append(
            (
                what if reason else f"{len(lines)} row{'s' if len(lines) > 1 else ''}",
                len(lines),
                min(lines),
                reason or what,
            )
        )
    return found
