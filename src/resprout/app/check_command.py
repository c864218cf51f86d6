"""`resprout check`: validity of a model, and agreement of its numbers with a reference solver and external simulators."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from resprout.app.options import AsJson
from resprout.errors import Fault, InputError, SolveError, is_installed
from resprout.installation import install_command

if TYPE_CHECKING:
    from resprout.language.records import ImportedModel, Model

DEFAULT_HOURS = 336.0
"""As long as `simulate` follows a file by default."""


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
    until: Annotated[
        float | None, typer.Option(help="End of the compared run of a file, in its unit of time; default: 14 days.")
    ] = None,
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
            _compare_file(loaded, until, tolerance, as_json)
        else:
            show_file(loaded, as_json)
        return
    if until is not None:
        found = "`--until` is given for a model of virtual patients."
        raise InputError(Fault(found, "--until", "It is meant for an SBML or Antimony file.", "Leave it out."))
    if numerics:
        _compare(loaded, regimen, patients, seed, tolerance, as_json)
    else:
        _show_model(loaded, as_json)


def _show_model(loaded: Model, as_json: bool) -> None:
    """Print the counts of a model that passed all checks."""
    from resprout.app.terminal import print_json, print_wrapped, stdout_console

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
        remedy = f'the extra "resprout[exchange]" does it: {install_command("exchange")}'
        print_wrapped(stdout_console(), f"Units were not checked: {remedy}")


def _compare_file(loaded: ImportedModel, until: float | None, tolerance: float | None, as_json: bool) -> None:
    """Solve an imported model here, with libRoadRunner and, where these differ, with COPASI, and show the differences."""
    from resprout.app.terminal import print_json, status_spinner, stdout_console, table
    from resprout.crosscheck.imported_comparison import LIMIT, compare_imported
    from resprout.simulation.imported_simulation import changing_outputs

    end = DEFAULT_HOURS / loaded.hours_per_unit if until is None else until
    if not (math.isfinite(end) and end > 0):
        raise InputError(Fault(f"`--until` is {end:g}.", "--until", "Expected a finite time above 0."))
    with status_spinner("Solving the model here and with libRoadRunner"):
        rows = compare_imported(loaded, end, changing_outputs(loaded), tolerance=tolerance)
    apart = [
        row["output"] for row in rows if not any(_agrees(row[name], LIMIT) for name in ("libRoadRunner", "COPASI"))
    ]
    if as_json:
        print_json({"rows": rows, "until": end, "limit": LIMIT, "differ": apart})
    else:
        cells = [[row["output"], _told(row["libRoadRunner"]), _told(row["COPASI"])] for row in rows]
        columns = ["output", "libRoadRunner", "COPASI"]
        stdout_console().print(table(columns, cells, title=loaded.name, right=columns[1:]))
        stdout_console().print(
            f"Largest difference of each output to time {end:g}, over its largest value. "
            f"COPASI is asked where libRoadRunner differs by more than {LIMIT:g}."
        )
    if apart and tolerance is None:
        found = f"{', '.join(f'`{name}`' for name in apart[:5])} agree with neither program."
        remedy = "Compare at a smaller `--tolerance`; docs/limits.md says what an imported model may hold."
        raise SolveError(Fault(found, "numerics", f"Expected at most {LIMIT:g} of one of them.", remedy))


def _agrees(difference: float | None, limit: float) -> bool:
    return difference is not None and difference <= limit


def _told(difference: float | None) -> str:
    return "–" if difference is None else f"{difference:.1e}"


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
