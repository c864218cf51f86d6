"""`resprout trial --grid`: designs of one protocol side by side; power, benefit and dissociation of each."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resprout.app.output_files import save_figure, save_table

if TYPE_CHECKING:
    from rich.console import Console

    from resprout.app.trial_commands import Series


@dataclass(frozen=True)
class Files:
    """Files of a grid: its rows, and its figure with the width of print (None takes the usual one)."""

    table: Path | None
    picture: Path | None
    size: str | None


def try_grid(name: str, grid: list[str], series: Series, files: Files, as_json: bool) -> None:
    """Run every design of a grid; print, and write what is asked for."""
    import pandas as pd

    from resprout.app.caveats import caveat_facts, caveats_for, print_caveats, shown_by_design
    from resprout.app.terminal import print_json, progress_bar, stdout_console
    from resprout.figures.design_surface import design_surface
    from resprout.people.overrides import overridden
    from resprout.trial.design_grid import read_axes, surface
    from resprout.trial.protocol import read_protocol, series_of

    model = overridden(series.model, series.overrides)
    axes = read_axes(grid)
    with progress_bar(prod(map(len, axes.values())), f"designs of {name}") as tell:

        def progress(done: int, _: int) -> None:
            tell(done)

        rows = surface(name, axes, series.replicates, series.seed, model=model, progress=progress, point=series.point)
    protocol = read_protocol(name, model)[0]
    told = series.told(name, rows[0]["replicates"], series_of(protocol, None, series.seed)[1])
    people = min(row.get("n", protocol.people / max(len(protocol.arms), 1)) for row in rows)
    limits = caveats_for(shown_by_design(protocol, people))
    if files.table is not None:
        save_table(pd.DataFrame(rows), files.table, told)
    if files.picture is not None:
        save_figure(design_surface(rows, list(axes)), files.picture, files.size)
    written = [str(path) for path in (files.table, files.picture) if path is not None]
    if as_json:
        said = caveat_facts(limits)
        print_json({"trial": name, "rows": rows, "caveats": said, "provenance": told, "files": written})
        return
    console = stdout_console()
    show_grid(console, name, list(axes), rows)
    print_caveats(console, limits)
    for path in written:
        console.print(f"wrote {path}")


def show_grid(console: Console, name: str, axes: list[str], rows: list[dict[str, Any]]) -> None:
    """Print one row for each design: power, benefit, response and dissociation."""
    from resprout.app.terminal import interval, number, table
    from resprout.app.trial_warnings import MONTE_CARLO, grid_sentences, power_cell

    columns = [*axes, "power", "benefit", "95 % prediction", "response", "control", "dissociation"]
    cells = [
        [
            *(f"{row[axis]:g}" for axis in axes),
            power_cell(row),
            number(-row["difference"]),
            interval(-row["upper"], -row["lower"]),
            f"{row['response']:.0%}" if row["response"] == row["response"] else "–",
            f"{row['response_control']:.0%}" if row["response_control"] == row["response_control"] else "–",
            number(row["dissociation"]),
        ]
        for row in rows
    ]
    first = rows[0]
    title = f"{name}: {first['endpoint']} at {first['time_h'] / 24:g} d, {first['replicates']:,} replicates per design"
    console.print(table(columns, cells, title=title, right=columns))
    for sentence in grid_sentences(rows, axes):
        console.print(sentence, highlight=False)
    counted = "n: patients per arm (the mean of unequal arms; of a crossover, all). " if "n" in axes else ""
    console.print(f"{counted}{MONTE_CARLO}", highlight=False)
    console.print("Benefit: points below control. Dissociation: mean of the patients' highest CADSS on the first day.")
