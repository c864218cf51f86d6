"""Tables of a PEtab problem of version 2 with the extension `population` -> the text of its files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import yaml

from resprout.exchange.population_tables import EXTENSION, SCHEMAS, VERSION

MODEL_FILE, PROBLEM_FILE = "model.xml", "problem.yaml"
HEADERS = {
    "parameters": ("parameterId", "lowerBound", "upperBound", "nominalValue", "estimate"),
    "conditions": ("conditionId", "targetId", "targetValue"),
    "experiments": ("experimentId", "time", "conditionId"),
    "observables": ("observableId", "observableFormula", "noiseFormula", "noiseDistribution"),
    "measurements": ("observableId", "experimentId", "time", "measurement"),
    "distributions": SCHEMAS["distribution_files"].columns(),
    "correlations": SCHEMAS["correlation_files"].columns(),
    "groups": SCHEMAS["group_files"].columns(),
}
Cells = tuple[Any, ...]
Tables = dict[str, list[Cells]]


def problem_texts(tables: Mapping[str, Sequence[Cells]], sbml: str) -> dict[str, str]:
    """The text of every file of a problem, by name.

    tables   by name, as in HEADERS; those without rows are left out          sbml   of the model

    Where nobody differs in anything, the problem is one without the extension.
    """
    if not tables["distributions"]:
        tables = {name: rows for name, rows in tables.items() if f"{name[:-1]}_files" not in SCHEMAS}
    texts = {f"{name}.tsv": _table(HEADERS[name], rows) for name, rows in tables.items() if rows}
    own = {f"{name[:-1]}_files": [f"{name}.tsv"] for name in HEADERS if f"{name}.tsv" in texts}
    extension = {"version": VERSION, "required": True, **{field: own.pop(field) for field in SCHEMAS if field in own}}
    model = {"model": {"language": "sbml", "location": MODEL_FILE}}
    extensions = {"extensions": {EXTENSION: extension}} if tables.get("distributions") else {}
    told = {"format_version": "2.0.0", "model_files": model, **own, **extensions}
    return texts | {MODEL_FILE: sbml, PROBLEM_FILE: yaml.safe_dump(told, sort_keys=False)}


def _table(header: Sequence[str], rows: Iterable[Cells]) -> str:
    return "\n".join("\t".join(map(str, cells)) for cells in (header, *rows)) + "\n"
