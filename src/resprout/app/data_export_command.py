"""`resprout data export`: observed people and the model of their drug levels for NONMEM, nlmixr2 and PEtab."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from resprout.app.observed_opening import DataFiles, MappingFile, PopulationOption, Prior, Request, answer, opened
from resprout.app.options import AsJson, ModelFolder, read_choice
from resprout.app.output_files import refuse, write_texts
from resprout.app.target_checks import PETAB_FILES, check_own_folder

if TYPE_CHECKING:
    from resprout.exchange.level_records import LevelRecords

PROGRAMS = {"nonmem": "model.ctl", "nlmixr2": "model.R", "petab": "problem.yaml"}
FILES = ("data.csv", "patients.csv", "mapping.yaml", *PROGRAMS.values(), *PETAB_FILES)
PEOPLE_OF_NONE = 1200

Folder = Annotated[Path, typer.Option("--out", help="Folder to write: new, empty or written by this command.")]


def export(  # many arguments: files to read and to write, and the population
    files: DataFiles,
    out: Folder,
    to: Annotated[str, typer.Option("--to", help="nonmem, nlmixr2 or petab.")] = "nonmem",
    mapping: MappingFile = None,
    drug: Annotated[
        str | None, typer.Option("--drug", help="Drug whose levels are modelled; that with most levels if left out.")
    ] = None,
    population: PopulationOption = None,
    model: ModelFolder = None,
    as_json: AsJson = False,
) -> None:
    """Write observed people as event records, with the model of their levels as a control stream or R script, or as a PEtab problem.

    First estimates are the population's medians and spreads; mood is not carried.

    Example: `resprout data export my_clinic.csv --to nonmem --out my_clinic`
    """
    faults = check_own_folder("--out", out, FILES.__contains__)
    program = read_choice("--to", to, tuple(PROGRAMS), faults)
    refuse(faults)
    assert program is not None
    prior = Prior(PEOPLE_OF_NONE, "", population, 1)
    asked = opened(Request("data export", files, mapping, model, prior, {"to": program, "drug": drug}), tables={})
    from resprout.exchange.level_records import level_records

    records = level_records(asked.data, asked.model, drug)
    setting = asked.provenance["setting"]
    texts, left = written_files(records, program, setting, f"resprout model {asked.model.digest}")
    write_texts(texts, out)
    facts = {"folder": str(out), "files": list(texts), "drug": records.drug, "endpoints": dict(records.endpoints)}
    facts |= {"compartments": list(records.compartments), "not_carried": list(left)}
    answer(
        asked, {"export": facts}, lambda console: show_export(console, records, out, texts, left), [], as_json=as_json
    )


def written_files(
    records: LevelRecords, program: str, setting: dict[str, Any], source: str
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Every file of the export, by name.

    records   of the people            program   nonmem, nlmixr2 or petab
    setting   how people were treated  source    of the model, for its first line
    returns   text by name, and what is not carried
    """
    from resprout.exchange.level_petab import level_problem
    from resprout.exchange.level_records import mapping_text, patients_text, table_text
    from resprout.exchange.nlmixr_script import nlmixr_script
    from resprout.exchange.nonmem_control import control_stream
    from resprout.patients.simulated_observations import level_sd

    cv = float(setting["level_cv"])
    if program == "petab":
        problem, left = level_problem(records, level_sd(cv))
        return problem | {"patients.csv": patients_text(records)}, left
    columns_of_nonmem = program == "nonmem"
    texts = {"data.csv": table_text(records), "patients.csv": patients_text(records)}
    if records.drugs:
        texts["mapping.yaml"] = mapping_text(records, setting)
    model = control_stream(records, cv, source) if columns_of_nonmem else nlmixr_script(records, level_sd(cv), source)
    return texts | {PROGRAMS[program]: model}, records.left_out


def show_export(
    console: Any, records: LevelRecords, out: Path, texts: dict[str, str], not_carried: tuple[str, ...]
) -> None:
    """Print what is in the table and in the model, and what is not carried."""
    from resprout.app.terminal import table
    from resprout.exchange.level_records import FIRST_RATING

    model = records.model
    many = len(records.patients)
    console.print(f"{many} {'person' if many == 1 else 'people'}, {len(records.rows)} records, {records.drug}")
    rows: list[list[Any]] = [
        ["levels", ", ".join(model.outputs)],
        ["states", len(records.compartments)],
        ["constants in which people differ", len(model.spread)],
        ["constants held", len(model.constants) - len(model.spread)],
        ["random effects", len(model.effects)],
    ]
    console.print(table(["model", "content"], rows))
    ratings = [name for number, name in records.endpoints.items() if number >= FIRST_RATING]
    problem = PROGRAMS["petab"] in texts
    left = [f"{name}: {'not in the problem' if problem else 'in the table, and not in the model'}" for name in ratings]
    left += [*not_carried, "everything behind the levels: receptor, circuit, signal, spine, score"]
    for each in left:
        console.print(f"not carried: {each}")
    if "mapping.yaml" not in texts and not problem:
        console.print("mapping.yaml is written for intravenous doses only")
    console.print(f"wrote {', '.join(str(out / name) for name in texts)}")
