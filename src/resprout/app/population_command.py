"""`resprout data population`: a group's data move means and spreads of its population, which other commands then take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from resprout.app.observed_opening import (
    DataFiles,
    DrawsOption,
    EntryOption,
    MappingFile,
    PopulationOption,
    Prior,
    Request,
    answer,
    opened,
)
from resprout.app.options import AsJson, ModelFolder, Seed, TableFile
from resprout.app.output_files import check_target, save_page

SUFFIXES = (".yaml", ".yml")


def population(  # many arguments: files to read and to write, and the population before
    files: DataFiles,
    mapping: MappingFile = None,
    name: Annotated[str, typer.Option(help="Name of the new population.")] = "learned",
    save: Annotated[Path | None, typer.Option(help="Write the new population, for `--population FILE`: .yaml.")] = None,
    draws: DrawsOption = 1200,
    entry: EntryOption = "",
    before: PopulationOption = None,
    seed: Seed = 1,
    model: ModelFolder = None,
    table: TableFile = None,
    as_json: AsJson = False,
) -> None:
    """Learn a population from a group of observed people: means and spreads before and after. Research only.

    Example: `resprout data population my_clinic.csv --name my_clinic --save my_clinic.yaml`
    """
    request = Request("data population", files, mapping, model, Prior(draws, entry, before, seed), {"name": name})
    asked = opened(request, tables={"--table": table}, faults=check_target("--save", save, SUFFIXES))
    from resprout.app.terminal import progress_bar
    from resprout.calibrate.population_update import update_population

    with progress_bar(len(asked.data), "people") as told:
        found = update_population(asked.people, asked.data, name=name, model=asked.model, progress=told)
    if save is not None:
        save_page(found.population.saved(), save)
    facts = {"table": found.table, "people": found.people, "left_out": found.left_out, "rounds": found.rounds}
    facts |= {"effective_share": found.effective, "saved": None if save is None else str(save)}

    def show(console: Any) -> None:
        show_population(console, found)
        if save is not None:
            console.print(f"wrote {save}")

    answer(asked, facts, show, [(table, lambda: found.table)], as_json=as_json)


def show_population(console: Any, found: Any) -> None:
    """Print how the random effects and the parameters have moved, and who is left out."""
    from resprout.app.terminal import interval, number, table

    lowest, median = found.effective
    rounds = f"{found.rounds} round{'' if found.rounds == 1 else 's'}"
    console.print(
        f"{found.people} people, {rounds}; effective share of particles {lowest:.0%} (least) and {median:.0%} (median)"
    )
    rows = [
        [
            row.effect,
            f"{row.mean:+.2f} ({row.mean_lower:.2f} to {row.mean_upper:.2f})",
            f"{row.spread:.2f} ({row.spread_lower:.2f} to {row.spread_upper:.2f})",
            f"{max(row.contraction, 0):.0%}",
        ]
        for row in found.table.drop_duplicates("effect").itertuples(index=False)
    ]
    columns = ["random effect", "mean", "spread", "contraction"]
    console.print(table(columns, rows, title="In standard deviations of the population before", right=columns[1:]))
    rows = [
        [row.quantity, row.unit, number(row.before), number(row.after), interval(row.lower, row.upper)]
        for row in found.table.itertuples(index=False)
    ]
    columns = ["parameter", "unit", "before", "after", "90 % interval"]
    console.print(table(columns, rows, right=columns[2:]))
    for name, reason in found.left_out.items():
        console.print(f"left out: patient {name}: {reason}")
