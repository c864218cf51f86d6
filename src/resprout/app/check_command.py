"""`resprout check`: is a model folder sound, and do the numbers agree with other ways to get them?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from resprout.errors import Fault, InputError, SolveError

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
    seed: Annotated[int, typer.Option(min=0, help="Of the patients.")] = 1,
    regimen: Annotated[str, typer.Option(help="What they are given.")] = "ketamine 0.5 mg/kg iv over 40 min",
    tolerance: Annotated[float | None, typer.Option(min=1e-12, max=1e-2, help="Relative tolerance of a step.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the rows as JSON.")] = False,
) -> None:
    """Check a model: names, units, sources, grades; with --numerics also the numbers.

    Of an SBML or Antimony file it says what is not supported, or lists what the model holds.

    Example: `resprout check --numerics`
    """
    from resprout.app.imported_commands import load_any
    from resprout.app.terminal import print_json, screen, waiting
    from resprout.language import ImportedModel

    with waiting("Reading the model"):
        loaded = load_any(model)
    console = screen()
    if isinstance(loaded, ImportedModel):
        from resprout.app.imported_commands import show_file

        if numerics:
            found = "`--numerics` compares virtual patients, which a model file has not."
            raise InputError(Fault(found, "--numerics", "", "Leave it out."))
        show_file(loaded, as_json)
        return
    if not numerics:
        facts = {
            "folder": loaded.folder,
            "digest": loaded.digest,
            "states": len(loaded.states),
            "assigned": len(loaded.assigned),
            "constants": len(loaded.constants),
        }
        if as_json:
            print_json(facts)
            return
        console.print(
            f"{facts['states']} states, {facts['assigned']} assigned quantities and {facts['constants']} constants: "
            "names, units, sources and grades are sound."
        )
        return
    _compare(loaded, regimen, patients, seed, tolerance, as_json)


def _compare(loaded: Model, regimen: str, patients: int, seed: int, tolerance: float | None, as_json: bool) -> None:
    """Solve random patients in every way there is and show how far the engine lies from the others."""
    from resprout.app.terminal import print_json, screen, table, waiting
    from resprout.crosscheck.numerical_comparison import ERROR_LIMIT, compare_numerics

    with waiting(f"Solving {patients} random patients in every way there is"):
        rows = compare_numerics(regimen, patients=patients, seed=seed, tolerance=tolerance, model=loaded)
    references = [name for name in rows[0] if name != "output"]
    worst = max(row[reference] for row in rows for reference in references if row[reference] is not None)
    if as_json:
        print_json({"rows": rows, "largest": worst, "promise": ERROR_LIMIT})
    else:
        cells = [[row["output"], *("–" if row[j] is None else f"{row[j]:.1e}" for j in references)] for row in rows]
        title = f"Largest relative error of each output, {patients} random patients"
        screen().print(table(["output", *references], cells, title=title, right=references))
        screen().print(f"largest: {worst:.1e}; promised at the default tolerance: {ERROR_LIMIT:g}")
    if worst > ERROR_LIMIT and tolerance is None:
        found = f"an output differs by {worst:.1e} of its largest value."
        raise SolveError(Fault(found, "numerics", f"Expected at most {ERROR_LIMIT:g}.", "Tighten `--tolerance`."))
