"""Facts about the population: the rows of a table file in, numbers with unit, source and grade out."""

from __future__ import annotations

import contextlib
import csv
import math
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from resprout.errors import Fault, ModelError
from resprout.language import shipped_folder

GRADES = ("measured", "fitted", "assumed")
_REPLACED: ContextVar[Mapping[str, float]] = ContextVar("replaced facts", default={})  # noqa: B039 - never changed in place


@dataclass(frozen=True)
class Fact:
    """One number of a table: what it is, where it comes from, and how sure it is (measured, fitted or assumed)."""

    name: str
    value: float
    unit: str
    source: str
    grade: str
    evidence: str
    meaning: str


def read_facts(path: Path) -> dict[str, Fact]:
    """Read a table of facts; every fault of the file is reported at once."""
    facts: dict[str, Fact] = {}
    faults = []
    with path.open(encoding="utf-8", newline="") as file:
        for line, row in enumerate(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE), start=2):
            where = f"{path.name}:{line}"
            value = _number(row["value"])
            if not math.isfinite(value):
                faults.append(Fault(f"`{row['value']}` is no finite number.", where, "Expected the value of a fact."))
            if row["grade"] not in GRADES:
                faults.append(Fault(f"the grade reads `{row['grade']}`.", where, f"Expected {', '.join(GRADES)}."))
            if not row["source"] and row["grade"] != "assumed":
                faults.append(Fault(f"`{row['name']}` names no source.", where, "Only assumed numbers may."))
            if row["name"] in facts:
                faults.append(Fault(f"`{row['name']}` stands here twice.", where, "Expected one row a name."))
            texts = (row[column] for column in ("unit", "source", "grade", "evidence", "meaning"))
            facts[row["name"]] = Fact(row["name"], value, *texts)
    if faults:
        raise ModelError(*faults)
    return facts


@cache
def population_facts() -> dict[str, Fact]:
    """The facts about people that the package ships."""
    return read_facts(shipped_folder() / "people.tsv")


def fact(name: str) -> float:
    """The value of one population fact, in the unit of its row."""
    return value_now(population_facts()[name])


def value_now(known: Fact) -> float:
    """The value of a fact: its row's, unless a fit or a draw of the uncertain has put another in its place."""
    return _REPLACED.get().get(known.name, known.value)


@contextlib.contextmanager
def replaced_facts(values: Mapping[str, float]) -> Iterator[None]:
    """Put other values in the place of facts about people and ratings, for as long as the block lasts, in this thread."""
    token = _REPLACED.set({**_REPLACED.get(), **values})
    try:
        yield
    finally:
        _REPLACED.reset(token)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
