"""`resprout demo`, `trial` and `figure`: a published trial, or a protocol file, on virtual patients."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from resprout.app.output_files import (
    PAGE_SUFFIXES,
    TABLE_SUFFIXES,
    check_figure_target,
    check_target,
    refuse,
    save_figure,
    save_page,
    save_table,
)
from resprout.errors import Fault, InputError

if TYPE_CHECKING:
    from rich.console import Console

    from resprout.trial import Trial

Replicates = Annotated[int, typer.Option(min=1, help="How often the trial is repeated on fresh virtual patients.")]
Seed = Annotated[int, typer.Option(min=0, help="Seed of patients and raters; the same seed gives the same trial.")]
Point = Annotated[
    bool,
    typer.Option("--point", help="Use the point estimate in every replicate; otherwise each takes a posterior draw."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
NOTICE = "For research and teaching. Not medical advice."


def demo(
    out: Annotated[Path, typer.Option(help="Folder for the report.")] = Path("out"),
    replicates: Replicates = 200,
    seed: Seed = 1,
) -> None:
    """Run the main job: ketamine against saline on virtual patients, its table and its report.

    Example: `resprout demo`
    """
    if out.exists() and not out.is_dir():
        raise InputError(Fault(f"`{out}` is a file.", "--out", "Expected the name of a folder.", "Try `--out out`."))
    from resprout.app.terminal import screen

    started = time.perf_counter()
    trial = conduct("berman2000", replicates, seed)
    console = screen()
    show_trial(console, trial, published=False)
    out.mkdir(parents=True, exist_ok=True)
    page = out / "report.html"
    write_page(trial, page)
    console.print(f"wrote {page} (open it in a browser; it needs no network)   {time.perf_counter() - started:.1f} s")
    console.print(f"[dim]{NOTICE} Next: `resprout describe`, `resprout simulate --help`.[/]")


def trial(
    name: Annotated[str, typer.Argument(metavar="NAME_OR_FILE", help="A shipped trial, or a protocol file.")] = "",
    replicates: Annotated[
        int | None, typer.Option(min=1, help="Replicates on fresh patients; the protocol's own if left out.")
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Seed; the protocol's own if left out.")] = None,
    table: Annotated[
        Path | None, typer.Option(help="Write the long table (of a grid, its rows): .csv, .parquet.")
    ] = None,
    published: Annotated[Path | None, typer.Option(help="Write published numbers beside predictions: .csv.")] = None,
    report: Annotated[Path | None, typer.Option(help="Write a report that opens offline: .html.")] = None,
    grid: Annotated[list[str] | None, typer.Option(help="Values to try, `n=20,40,80`; may be given again.")] = None,
    picture: Annotated[
        Path | None, typer.Option(help="Write the picture of a grid: .html, .svg, .pdf or .png.")
    ] = None,
    point: Point = False,
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON schema of protocol files.")] = False,
    as_json: AsJson = False,
) -> None:
    """Run a published trial, or a protocol file, on virtual patients; or try designs on a grid.

    Example: `resprout trial berman2000 --replicates 200`
    """
    from resprout.app.terminal import print_json, screen

    if schema:
        from resprout.trial.design import protocol_schema

        print_json(protocol_schema())
        return
    refuse(_option_faults(name, table, published, report, grid, picture))
    if grid:
        try_grid(name, grid, replicates, seed, table, picture, as_json, point)
        return
    done = conduct(name, replicates, seed, point)
    if table is not None:
        save_table(done.table, table)
    if published is not None:
        save_table(done.published, published)
    if report is not None:
        write_page(done, report)
    written = [str(path) for path in (table, published, report) if path is not None]
    if as_json:
        records = {part: getattr(done, part).to_dict("records") for part in ("table", "anova", "analysis", "published")}
        print_json({"trial": name, "replicates": done.replicates, "seed": done.seed, **records, "files": written})
        return
    console = screen()
    show_trial(console, done)
    for path in written:
        console.print(f"wrote {path}")


def figure(
    number: Annotated[int, typer.Argument(help="Which figure of Krystal, Sanacora & Duman (2013): 1 to 4.")],
    out: Annotated[
        Path | None, typer.Option(help="File to write: .html, .svg, .pdf or .png; figN.html if left out.")
    ] = None,
    replicates: Replicates = 200,
    seed: Seed = 1,
) -> None:
    """Draw a figure of Krystal, Sanacora and Duman (2013) from the model.

    Example: `resprout figure 2 --out fig2.html`
    """
    from resprout.figures import check_number
    from resprout.figures import figure as draw

    check_number(number)
    target = out or Path(f"fig{number}.html")
    refuse(check_figure_target("--out", target))
    from resprout.app.terminal import waiting

    with waiting(f"Drawing figure {number}"):
        drawn = draw(number, replicates=replicates, seed=seed)
    save_figure(drawn, target)
    typer.echo(f"wrote {target}")


def conduct(name: str, replicates: int | None, seed: int | None, point: bool = False) -> Trial:
    """Run a trial behind a spinner."""
    from resprout.app.terminal import waiting

    with waiting(f"Running {name}"):
        from resprout.trial import run_trial

        return run_trial(name, replicates=replicates, seed=seed, point=point)


def try_grid(
    name: str,
    grid: list[str],
    replicates: int | None,
    seed: int | None,
    table: Path | None,
    picture: Path | None,
    as_json: bool,
    point: bool = False,
) -> None:
    """Run every design of a grid; print, and write what is asked for."""
    import pandas as pd

    from resprout.app.terminal import number, print_json, screen, waiting
    from resprout.app.terminal import table as drawn
    from resprout.figures.design_surface import design_surface
    from resprout.trial.design_grid import read_axes, surface

    axes = read_axes(grid)
    with waiting(f"Trying designs of {name}") as spinner:

        def progress(done: int, all_: int) -> None:
            spinner.update(f"Trying designs of {name}: {done} of {all_} …")

        rows = surface(name, axes, replicates, seed, progress=progress, point=point)
    if table is not None:
        save_table(pd.DataFrame(rows), table)
    if picture is not None:
        save_figure(design_surface(rows, list(axes)), picture)
    written = [str(path) for path in (table, picture) if path is not None]
    if as_json:
        print_json({"trial": name, "rows": rows, "files": written})
        return
    columns = [*axes, "power", "benefit", "95 % of trials", "response", "control", "dissociation"]
    cells = [
        [
            *(f"{row[axis]:g}" for axis in axes),
            f"{row['power']:.0%}" if row["power"] == row["power"] else "–",
            number(-row["difference"]),
            f"{number(-row['upper'])} to {number(-row['lower'])}",
            f"{row['response']:.0%}" if row["response"] == row["response"] else "–",
            f"{row['response_control']:.0%}" if row["response_control"] == row["response_control"] else "–",
            number(row["dissociation"]),
        ]
        for row in rows
    ]
    first = rows[0]
    title = f"{name}: {first['endpoint']} at {first['time_h'] / 24:g} d, {first['replicates']:,} trials a design"
    console = screen()
    console.print(drawn(columns, cells, title=title, right=columns))
    console.print("Benefit is points below control; dissociation the mean of people's highest CADSS on the first day.")
    for path in written:
        console.print(f"wrote {path}")


def write_page(trial: Trial, target: Path) -> None:
    """Write the report of a trial."""
    from resprout.app.report import trial_page
    from resprout.app.terminal import waiting

    with waiting("Drawing the report"):
        save_page(trial_page(trial), target)


def show_trial(console: Console, trial: Trial, *, published: bool = True) -> None:
    """Print the means by visit, the analyses and, if asked, the published numbers beside their predictions."""
    from resprout.app.published_command import count_sentence, rows_table
    from resprout.app.summary_tables import ANALYSIS_HEADINGS, ANOVA_COLUMNS, analysis_cells, anova_cells, mean_cells
    from resprout.app.terminal import table
    from resprout.trial.published_numbers import inside_share

    columns, cells = mean_cells(trial.table)
    times = f"{trial.replicates:,} replicates" if trial.replicates > 1 else "one replicate"
    title = f"{trial.protocol.title}: means by visit over {times}, n patients each"
    console.print(table(columns, cells, title=title, right=columns[2:]))
    if len(trial.anova):
        title = "Repeated-measures ANOVA, drug x time (p corrected for sphericity by Greenhouse-Geisser)"
        console.print(table(ANOVA_COLUMNS, anova_cells(trial.anova), title=title, right=ANOVA_COLUMNS[1:]))
    rest = trial.analysis[trial.analysis["analysis"] != "rm_anova"]
    if len(rest):
        title = "Analyses: means over replicates; power is the share of replicates with p < .05"
        console.print(table(ANALYSIS_HEADINGS, analysis_cells(rest), title=title, right=ANALYSIS_HEADINGS[4:]))
    rows: list[dict[str, Any]] = [dict(row) for _, row in trial.published.astype(object).iterrows()]
    if rows and published:
        console.print(rows_table(rows, title="Published numbers beside the 95 % prediction interval over replicates"))
        console.print(count_sentence(*inside_share(rows)))


def _option_faults(
    name: str,
    table: Path | None,
    published: Path | None,
    report: Path | None,
    grid: list[str] | None,
    picture: Path | None,
) -> list[Fault]:
    """What is wrong with the options of `trial`, all at once."""
    faults = [
        *check_target("--table", table, TABLE_SUFFIXES),
        *check_target("--published", published, TABLE_SUFFIXES),
        *check_target("--report", report, PAGE_SUFFIXES),
        *check_figure_target("--picture", picture),
    ]
    if not name:
        from resprout.trial.protocol import shipped_protocols

        there = ", ".join(shipped_protocols())
        faults.append(Fault("no trial is named.", "trial", f"Expected a file or one of {there}.", "Or `--schema`."))
    if grid and (report is not None or published is not None):
        faults.append(Fault("a grid has no report.", "--grid", "Expected `--table` or `--picture` beside it."))
    if picture is not None and not grid:
        faults.append(Fault("there is no grid to draw.", "--picture", "", "Try `--grid n=20,40,80`, or `--report`."))
    return faults
