"""`resprout data estimate`: constants of an imported model, and how they differ between observed people."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from resprout.app.observed_opening import DataFiles
from resprout.app.options import AsJson, TableFile
from resprout.app.output_files import TABLE_SUFFIXES, check_target, refuse, save_table, write_texts
from resprout.app.provenance import provenance
from resprout.app.target_checks import PETAB_FILES, check_own_folder
from resprout.errors import Fault

if TYPE_CHECKING:
    from resprout.exchange.mixed_effects import ImportedPopulation

MOST_SHOWN = 12  # people whose estimates are printed
Mapped = Annotated[Path, typer.Option("--mapping", help="YAML file: `drug` is a state, `endpoint` an output.")]
Imported = Annotated[Path, typer.Option("--model", help="Imported model: SBML or Antimony file.")]
Problem = Annotated[
    Path | None,
    typer.Option("--petab", help="Folder to write a PEtab problem to, whose nominal values are the estimates."),
]
Names = Annotated[str, typer.Option("--constants", help="Constants to estimate, joined by commas, such as ka,ke,cl.")]


def estimate(  # many arguments: each is an option of the command
    files: DataFiles,
    mapping: Mapped,
    model: Imported,
    constants: Names,
    table: TableFile = None,
    petab: Problem = None,
    as_json: AsJson = False,
) -> None:
    """Estimate constants of an imported model from a table of people: population, spread, and each person.

    Example: `resprout data estimate theophylline.csv --mapping map.yaml --model one_compartment.ant --constants ka,ke,cl`
    """
    names = [name.strip() for name in constants.split(",") if name.strip()]
    faults = check_target("--table", table, TABLE_SUFFIXES)
    faults += [] if petab is None else check_own_folder("--petab", petab, PETAB_FILES.__contains__)
    if not names:
        faults.append(
            Fault("no constant is named.", "--constants", "Expected names joined by commas.", "Try `ka,ke,cl`.")
        )
    refuse(faults)
    from resprout.app.terminal import print_json, status_spinner, stdout_console
    from resprout.exchange.imported_model import import_model
    from resprout.exchange.imported_model_data import read_imported_people
    from resprout.exchange.imported_petab import imported_problem
    from resprout.exchange.mixed_effects import fit_imported_population

    loaded = import_model(model)
    people = read_imported_people([*files], mapping, loaded)
    with status_spinner("Estimating"):
        found = fit_imported_population(loaded, people, names)
    settings = {"mapping": mapping.name, "model": model.name, "constants": names}
    origin = provenance(loaded, f"data estimate {' '.join(path.name for path in files)}", **settings)
    if table is not None:
        save_table(found.people, table, origin)
    if petab is not None:
        write_texts(imported_problem(loaded, people, found), petab)
    written = [str(path) for path in (table, petab) if path is not None]
    if as_json:
        print_json({**estimate_facts(found), "files": written, "provenance": origin})
        return
    console = stdout_console()
    show_estimates(console, found, len(people), sum(len(who.values) for who in people))
    for path in written:
        console.print(f"wrote {path}")


def estimate_facts(found: ImportedPopulation) -> dict[str, Any]:
    """All estimates as plain data."""
    told = {name: getattr(found, name).to_dict("records") for name in ("population", "people")}
    return told | {name: getattr(found, name) for name in ("residual_sd", "log_likelihood", "iterations")}


def show_estimates(console: Any, found: ImportedPopulation, people: int, observations: int) -> None:
    """Print the population, and each of the first people."""
    from resprout.app.terminal import number, table

    told = f"{people} people, {observations} observations; residual standard deviation {number(found.residual_sd)}"
    console.print(f"{told}, log-likelihood {found.log_likelihood:.2f} after {found.iterations} steps")
    rows = [
        [
            each["constant"],
            number(each["median"], 4),
            f"{each['logarithm']:.3f}",
            f"{each['standard_error']:.3f}",
            number(each["sd"], 2),
        ]
        for each in found.population.to_dict("records")
    ]
    columns = ["constant", "median", "logarithm", "standard error", "sd between people"]
    console.print(table(columns, rows, right=columns[1:]))
    names = list(dict.fromkeys(found.people["constant"]))
    lines = []
    for patient in list(dict.fromkeys(found.people["patient"]))[:MOST_SHOWN]:
        own = found.people[found.people["patient"] == patient].to_dict("records")
        lines.append([patient, *(_estimate(each["median"], each["lower"], each["upper"]) for each in own)])
    title = "Median and 90 % interval, given the population"
    console.print(table(["patient", *names], lines, title=title, right=names))
    if people > MOST_SHOWN:
        console.print(f"... and {people - MOST_SHOWN} more; `--table FILE` writes all.")


def _estimate(middle: float, lower: float, upper: float) -> str:
    """A median with its interval."""
    from resprout.app.terminal import interval, number

    return f"{number(middle)} ({interval(float(f'{lower:.3g}'), float(f'{upper:.3g}'))})"
