"""A model folder -> one checked Model: reads tables and stage files, gathers every fault, raises them all at once."""

from __future__ import annotations

import functools
import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Any

from resprout import cache
from resprout.errors import Fault, ModelError, is_installed, nearest, refuse_others
from resprout.language.bibliography import read_sources
from resprout.language.drug_rows import add_drug_files, read_drugs
from resprout.language.drug_template import (
    Template,
    combine,
    default_constants,
    instantiate,
    read_properties,
    read_template,
)
from resprout.language.ordering import sort_assigned, with_reads
from resprout.language.records import Constant, Equation, Model
from resprout.language.references import check_tables, read_others
from resprout.language.stages import read_stage, stage_files
from resprout.language.tables import (
    check_names,
    outside_constants,
    parameter_constants,
    table_cells,
    tables_with_rows,
)

_NAMED_FUNCTION = re.compile(r"^function\s+(\w+)", re.MULTILINE)
TABLES = (
    "drugs",
    "targets",
    "correlations",
    "species",
    "persons",
    "interventions",
    "facts",
    "compared_drugs",
    "draws",
    "items",
    "scales",
    "annotations",
)


def shipped_folder() -> Path:
    """The folder of the model that comes with the package."""
    return Path(str(resources.files("resprout") / "model"))


def load_model(source: str | Path | None = None, drugs: Sequence[str | Path] = ()) -> Model:
    """The shipped model, or the model in a folder of the same form.

    source    a folder with six stage files and their tables; None for the shipped model
    drugs     files of further drugs, each a table with the columns of targets.tsv; docs/guides/add-a-drug.md shows one
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
    model = _load(chosen, folder_digest(chosen), 0)
    return add_drug_files(model, [Path(file) for file in drugs]) if drugs else model


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


def model_with_places(folder: Path, digest: str, places: int) -> Model:
    """The model of a folder with so many instances of the drug template, called drug1, drug2, ...

    digest   of the folder when its model was loaded
    raises   ModelError if the folder has changed since
    """
    if folder_digest(folder) != digest:
        found = f"the model folder `{folder}` has changed since its model was loaded."
        raise ModelError(Fault(found, "", "", "Load the model again."))
    return _load(folder, digest, places)


@functools.lru_cache(maxsize=16)
def _load(folder: Path, digest: str, places: int) -> Model:
    key = f"{digest}-{places}-{cache.source_digest('language')}.json"
    kept = cache.stored("models", key)
    if kept is not None:
        return _from_json(json.loads(kept), str(folder))
    parts = _read(folder, digest)
    if places == 0 and parts.template is not None:
        _assemble(parts, 1, check=True)  # the units of the template, too
    model = _assemble(parts, places, check=places == 0 and parts.template is None)
    cache.store("models", key, json.dumps(asdict(model)).encode())
    return model


def _from_json(fields: dict[str, Any], folder: str) -> Model:
    fields["constants"] = {name: Constant(**row) for name, row in fields["constants"].items()}
    for kind in ("states", "assigned"):
        fields[kind] = tuple(Equation(**{**row, "reads": tuple(row["reads"])}) for row in fields[kind])
    fields["tables"] = {name: tuple(rows) for name, rows in fields["tables"].items()}
    return Model(**{**fields, "folder": folder, "drugs": tuple(fields["drugs"])})


@dataclass(frozen=True)
class _Parts:
    """What the files of a model folder hold, before drugs are instantiated."""

    folder: Path
    digest: str
    sources: dict[str, dict[str, str]]
    constants: dict[str, Constant]
    equations: list[Equation]
    template: Template | None


def _read(folder: Path, digest: str) -> _Parts:
    """Read every file of a model folder.

    raises   ModelError with every fault of every file
    """
    faults: list[Fault] = []
    sources = read_sources(folder / "sources.bib", faults)
    before = len(faults)
    properties = read_properties(folder, faults)
    whole = len(faults) == before
    constants = check_names(
        [
            *parameter_constants(folder, set(sources), faults),
            *read_drugs(folder, properties, set(sources), faults),
            *outside_constants(folder, set(sources), faults),
        ],
        faults,
    )
    equations: list[Equation] = []
    for number, path in stage_files(folder):
        equations += read_stage(number, path, faults)[0]
    before = len(faults)
    template = read_template(folder, properties, faults)
    whole = whole and len(faults) == before
    parts = _Parts(folder, digest, sources, constants, equations, template if whole else None)
    rows = read_others(folder, faults)
    if whole and tables_with_rows(folder, constants):
        # else what an unreadable table would have given would be told as missing at every place that reads it
        quantities, known = _instances(parts, 0, [])
        check_tables(folder, rows, known, [equation.name for equation in quantities], set(sources), faults)
    if faults:
        # names that these files would have defined would be told as missing in equations, too
        raise ModelError(*faults)
    return parts


def _assemble(parts: _Parts, places: int, *, check: bool) -> Model:
    """The model with so many instances of the drug template.

    check    whether libSBML checks the units
    raises   ModelError with every fault found
    """
    faults: list[Fault] = []
    equations, constants = _instances(parts, places, faults)
    _check_equations(equations, constants, faults)
    functions = (parts.folder / "functions.ant").read_text(encoding="utf-8")
    read = with_reads(equations, constants, set(_NAMED_FUNCTION.findall(functions)), faults)
    ordered = sort_assigned(read, faults)
    if faults:
        raise ModelError(*faults)
    model = Model(
        name="resprout",
        folder=str(parts.folder),
        constants=constants,
        states=tuple(equation for equation in ordered if equation.kind == "state"),
        assigned=tuple(equation for equation in ordered if equation.kind == "assigned"),
        digest=parts.digest if places == 0 else f"{parts.digest}+{places}",
        tables=_tables(parts.folder, parts.sources),
        functions=functions,
        units=(parts.folder / "units.ant").read_text(encoding="utf-8"),
    )
    if check:
        _check_units(model)
    return model


def _check_units(model: Model) -> None:
    """Have libSBML check the unit of every equation, where the extra `exchange` is installed; `resprout check` says if not.

    raises   ModelError with every fault found
    """
    if not (is_installed("libsbml") and is_installed("antimony")):
        return
    # antimony and libsbml are imported only when a model is not in the cache
    from resprout.language.assemble import unit_faults

    faults = unit_faults(model)
    if faults:
        raise ModelError(*faults)


def _instances(parts: _Parts, places: int, faults: list[Fault]) -> tuple[list[Equation], dict[str, Constant]]:
    """Equations with every drug instantiated, and constants with the neutral ones that they read."""
    template = parts.template
    if template is None:
        return parts.equations, parts.constants
    given = [replace(template.library, name=f"drug{number}") for number in range(1, places + 1)]
    molecules = [*template.molecules, *given]
    own, additions = instantiate(template, molecules)
    equations = combine([*parts.equations, *template.bindings, *own], additions, faults)
    known = {*parts.constants, *(equation.name for equation in equations)}
    neutral = default_constants(template, molecules, equations, known)
    return equations, {**parts.constants, **{constant.name: constant for constant in neutral}}


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
