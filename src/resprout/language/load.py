"""A model folder -> one checked Model: reads tables and stage files, gathers every fault, raises them all at once."""

from __future__ import annotations

import functools
import hashlib
import json
import re
from dataclasses import asdict
from importlib import resources
from pathlib import Path

from resprout import cache
from resprout.errors import Fault, ModelError, nearest, refuse_others
from resprout.language.bibliography import read_sources
from resprout.language.records import Constant, Equation, Model
from resprout.language.references import check_tables
from resprout.language.stages import Statement, read_stage, read_statements, stage_files
from resprout.language.tables import (
    check_names,
    drug_constants,
    outside_constants,
    parameter_constants,
    slot_constants,
    table_cells,
    tables_with_rows,
)

TABLES = (
    "drugs",
    "targets",
    "correlations",
    "slots",
    "species",
    "persons",
    "interventions",
    "facts",
    "agents",
    "draws",
    "items",
    "annotations",
)


def shipped_folder() -> Path:
    """The folder of the model that comes with the package."""
    return Path(str(resources.files("resprout") / "model"))


def load_model(source: str | Path | None = None) -> Model:
    """The shipped model, or the model in a folder of the same form.

    source    a folder with six stage files and their tables; None for the shipped model
    returns   the checked model
    raises    ModelError with every fault found, each with file and line
    """
    refuse_others(("source", source, source is None or isinstance(source, str | Path), "the path of a folder"))
    chosen = Path(source) if source is not None else shipped_folder()
    if chosen.is_file():
        raise ModelError(
            Fault(
                f"`{chosen}` is a file.",
                expected="A model folder has files 1_dose.ant to 6_score.ant.",
                remedy="An SBML or Antimony file is read by `rs.import_model(file)`.",
            )
        )
    if not chosen.is_dir():
        raise ModelError(
            Fault(
                f"`{chosen}` is no folder.",
                expected="A model folder has files 1_dose.ant to 6_score.ant.",
            )
        )
    return _load(chosen, folder_digest(chosen))


def given_or_shipped(model: Model | None) -> Model:
    """The model that a call was given; None means the shipped one; InputError for anything else."""
    refuse_others(
        ("model", model, model is None or isinstance(model, Model), "a model: `rs.load_model()` gives the shipped one")
    )
    return load_model() if model is None else model


def folder_digest(folder: Path) -> str:
    """A digest of every file of a model folder; it changes when any of them does."""
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        if path.suffix in (".ant", ".tsv", ".bib"):
            digest.update(path.name.encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


@functools.lru_cache(maxsize=8)
def _load(folder: Path, digest: str) -> Model:
    key = f"{digest}-{cache.source_digest('language')}.json"
    kept = cache.stored("models", key)
    if kept is not None:
        return _from_json(json.loads(kept), str(folder))
    model = _check(folder, digest)
    cache.store("models", key, json.dumps(asdict(model)).encode())
    return model


def _from_json(fields: dict, folder: str) -> Model:
    fields["constants"] = {name: Constant(**row) for name, row in fields["constants"].items()}
    for kind in ("states", "assigned"):
        fields[kind] = tuple(Equation(**{**row, "reads": tuple(row["reads"])}) for row in fields[kind])
    fields["tables"] = {name: tuple(rows) for name, rows in fields["tables"].items()}
    return Model(**{**fields, "folder": folder})


def _check(folder: Path, digest: str) -> Model:
    # antimony and libsbml are imported only when a model is not in the cache
    from resprout.language.assemble import sort_assigned, to_sbml, with_reads

    faults: list[Fault] = []
    sources = read_sources(folder / "sources.bib", faults)
    constants = check_names(
        [
            *parameter_constants(folder, set(sources), faults),
            *drug_constants(folder, "drugs", 1, set(sources), faults),
            *drug_constants(folder, "targets", 2, set(sources), faults),
            *slot_constants(folder, faults),
            *outside_constants(folder, set(sources), faults),
        ],
        faults,
    )
    equations: list[Equation] = []
    statements: list[Statement] = []
    for number, path in stage_files(folder):
        found, lines = read_stage(number, path, faults)
        equations += found
        statements += lines
    _check_equations(equations, constants, faults)
    check_tables(folder, constants, [equation.name for equation in equations], set(sources), faults)
    if faults and not tables_with_rows(folder, constants):
        # what an unreadable table would have given would be told as missing at every place that reads it
        raise ModelError(*faults)
    functions = _function_names(folder)
    ordered = sort_assigned(with_reads(equations, constants, functions, faults), faults)
    used = _used(constants, ordered)
    if faults:
        raise ModelError(*faults)
    sbml = to_sbml(folder, "resprout", statements, ordered, used, faults)
    if faults:
        raise ModelError(*faults)
    return Model(
        name="resprout",
        folder=str(folder),
        constants=constants,
        states=tuple(equation for equation in ordered if equation.kind == "state"),
        assigned=tuple(equation for equation in ordered if equation.kind == "assigned"),
        sbml=sbml,
        digest=digest,
        tables=_tables(folder, sources),
    )


def _check_equations(equations: list[Equation], constants: dict[str, Constant], faults: list[Fault]) -> None:
    seen: dict[str, Equation | Constant] = dict(constants)
    for equation in equations:
        if equation.name in seen:
            first = seen[equation.name]
            faults.append(
                Fault(
                    f"`{equation.name}` is defined twice.",
                    f"{equation.file}:{equation.line}",
                    f"It stands at {first.file}:{first.line} already.",
                )
            )
        seen[equation.name] = equation


def _function_names(folder: Path) -> set[str]:
    statements = read_statements(folder / "functions.ant", [])
    return {found.group(1) for line in statements if (found := re.match(r"function\s+(\w+)", line.text))}


def _used(constants: dict[str, Constant], equations: list[Equation]) -> dict[str, Constant]:
    read = {name for equation in equations for name in equation.reads}
    return {name: constant for name, constant in constants.items() if name in read}


def _tables(folder: Path, sources: dict[str, dict[str, str]]) -> dict[str, tuple[dict[str, str], ...]]:
    tables = {name: table_cells(folder, name) for name in TABLES}
    tables["sources"] = tuple({"key": key, **entry} for key, entry in sources.items())
    return tables


def find_quantity(model: Model, name: str) -> Constant | Equation:
    """Any quantity of a model by name.

    raises    ModelError that names the nearest quantity
    """
    if name in model.constants:
        return model.constants[name]
    if name in model.equations:
        return model.equations[name]
    known = [*model.constants, *model.equations]
    raise ModelError(Fault(f"`{name}` is no quantity of the model.", remedy=nearest(name, known, "resprout describe")))
