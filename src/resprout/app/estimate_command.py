"""`resprout data estimate`: constants of an imported model, and how they differ between observed people."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from resprout.app.observed_opening import DataFiles
from resprout.app.options import AsJson, TableFile
from resprout.app.output_files import TABLE_SUFFIXES, check_target, refuse, save_table
from resprout.app.provenance import provenance
from resprout.errors import Fault

if TYPE_CHECKING:
    from resprout.exchange.mixed_effects import ImportedPopulation

MOST_SHOWN = 12  # people whose estimates are printed
Mapped = Annotated[Path, typer.Option("--mapping", help="YAML file: `drug` is a state, `endpoint` an output.")]
Imported = Annotated[Path, typer.Option("--model", help="Imported model: SBML or Antimony file.")]
Names = Annotated[str, typer.Option("--constants", help="Constants to estimate, joined by commas, such as ka,ke,cl.")]


def estimate(
    files: DataFiles,
    mapping: Mapped,
    model: Imported,
    constants: Names,
    table: TableFile = None,
    as_json: AsJson = False,
) -> None:
    """Estimate constants of an imported model from a table of people: population, spread, and each person.

    Example: `resprout data estimate theophylline.csv --mapping map.yaml --model one_compartment.ant --constants ka,ke,cl`
    """
    names = [name.strip() for name in constants.split(",") if name.strip()]
    faults = check_target("--table", table, TABLE_SUFFIXES)
    if not names:
        faults.append(
            Fault("no constant is named.", "--constants", "Expected names joined by commas.", "Try `ka,ke,cl`.")
        )
    refuse(faults)
    from resprout.app.terminal import print_json, status_spinner, stdout_console
    from resprout.exchange.imported_model import import_model
    from resprout.exchange.imported_model_data import read_imported_people
    from resprout.exchange.mixed_effects import fit_imported_population

    loaded = import_model(model)
    people = read_imported_people([*files], mapping, loaded)
    with status_spinner("Estimating"):
        found = fit_imported_population(loaded, people, names)
    source = " ".join(path.name for path in files)
    settings = {"mapping": mapping.name, "model": model.name, "constants": names}
    origin = provenance(loaded, f"data estimate {source}", **settings)
    if table is not None:
        save_table(found.people, table, origin)
    if as_json:
        told = {name: getattr(found, name).to_dict("records") for name in ("population", "people")}
        told |= {name: getattr(found, name) for name in ("residual_sd", "log_likelihood", "iterations")}
        print_json({**told, "files": [] if table is None else [str(table)], "provenance": origin})
        return
    console = stdout_console()
    show_estimates(console, found, len(people), sum(len(who.values) for who in people))
    if table is not None:
        console.print(f"wrote {table}")


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
