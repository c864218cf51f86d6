"""`resprout check`: validity of a model, and agreement of its numbers with a reference solver and external simulators."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from resprout.app.options import AsJson
from resprout.errors import Fault, InputError, SolveError, is_installed

if TYPE_CHECKING:
    from resprout.language.records import Model


def check(
    model: Annotated[
        Path | None, typer.Argument(help="Folder or file of a model; the shipped one if left out.")
    ] = None,
    numerics: Annotated[
        bool, typer.Option("--numerics", help="Compare with the reference solver, libRoadRunner, COPASI.")
    ] = False,
    patients: Annotated[int, typer.Option(min=1, max=200, help="Random patients for --numerics.")] = 6,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the patients.")] = 1,
    regimen: Annotated[str, typer.Option(help="Regimen of the patients.")] = "ketamine 0.5 mg/kg iv over 40 min",
    tolerance: Annotated[float | None, typer.Option(min=1e-12, max=1e-2, help="Relative tolerance of a step.")] = None,
    as_json: AsJson = False,
) -> None:
    """Check a model: names, units, sources, grades; with --numerics also its numerical solution.

    For an SBML or Antimony file, report what is not supported or list the contents.

    Example: `resprout check --numerics`
    """
    from resprout.app.imported_commands import load_any
    from resprout.app.terminal import status_spinner
    from resprout.language import ImportedModel

    with status_spinner("Reading the model"):
        loaded = load_any(model)
    if isinstance(loaded, ImportedModel):
        from resprout.app.imported_commands import show_file

        if numerics:
            found = "`--numerics` compares virtual patients, which a model file has not."
            raise InputError(Fault(found, "--numerics", "", "Leave it out."))
        show_file(loaded, as_json)
        return
    if numerics:
        _compare(loaded, regimen, patients, seed, tolerance, as_json)
    else:
        _show_model(loaded, as_json)


def _show_model(loaded: Model, as_json: bool) -> None:
    """Print the counts of a model that passed all checks."""
    from resprout.app.terminal import print_json, stdout_console

    facts = {
        "folder": loaded.folder,
        "digest": loaded.digest,
        "states": len(loaded.states),
        "assigned": len(loaded.assigned),
        "constants": len(loaded.constants),
        "units_checked": is_installed("libsbml") and is_installed("antimony"),
    }
    if as_json:
        print_json(facts)
        return
    stdout_console().print(
        f"{facts['states']} states, {facts['assigned']} assigned quantities and {facts['constants']} constants: "
        f"names, {'units, ' if facts['units_checked'] else ''}sources and grades are valid."
    )
    if not facts["units_checked"]:
        stdout_console().print('Units were not checked: install the extra with `pip install "resprout\\[exchange]"`.')


def _compare(loaded: Model, regimen: str, patients: int, seed: int, tolerance: float | None, as_json: bool) -> None:
    """Solve random patients with the engine and every reference, and show the differences."""
    from resprout.app.terminal import print_json, status_spinner, stdout_console, table
    from resprout.crosscheck.numerical_comparison import ERROR_LIMIT, compare_numerics

    with status_spinner(f"Solving {patients} random patients with every reference"):
        rows = compare_numerics(regimen, patients=patients, seed=seed, tolerance=tolerance, model=loaded)
    references = [name for name in rows[0] if name != "output"]
    worst = max(row[reference] for row in rows for reference in references if row[reference] is not None)
    if as_json:
        print_json({"rows": rows, "largest": worst, "limit": ERROR_LIMIT})
    else:
        cells = [[row["output"], *("–" if row[j] is None else f"{row[j]:.1e}" for j in references)] for row in rows]
        title = f"Largest relative error of each output, {patients} random patients"
        stdout_console().print(table(["output", *references], cells, title=title, right=references))
        stdout_console().print(f"largest: {worst:.1e}; limit at the default tolerance: {ERROR_LIMIT:g}")
    if worst > ERROR_LIMIT and tolerance is None:
        found = f"an output differs by {worst:.1e} of its largest value."
        raise SolveError(Fault(found, "numerics", f"Expected at most {ERROR_LIMIT:g}.", "Tighten `--tolerance`."))
