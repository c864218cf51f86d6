"""`resprout demo`, `trial` and `figure`: a published trial on virtual patients."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from resprout.app.keep import PAGE_SUFFIXES, TABLE_SUFFIXES, check_target, keep_page, keep_table, refuse
from resprout.errors import Fault, InputError

if TYPE_CHECKING:
    from rich.console import Console

    from resprout.trial import Trial

Replicates = Annotated[int, typer.Option(min=1, help="How often the trial is repeated on fresh virtual patients.")]
Seed = Annotated[int, typer.Option(min=0, help="Seed of patients and raters; the same seed gives the same trial.")]
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
    from resprout.app.screen import screen

    started = time.perf_counter()
    trial = conduct("berman2000", replicates, seed)
    console = screen()
    show_trial(console, trial)
    out.mkdir(parents=True, exist_ok=True)
    page = out / "report.html"
    write_page(trial, page)
    console.print(f"wrote {page} (open it in a browser; it needs no network)   {time.perf_counter() - started:.1f} s")
    console.print(f"[dim]{NOTICE} Next: `resprout describe`, `resprout simulate --help`.[/]")


def trial(
    name: Annotated[
        str, typer.Argument(metavar="NAME_OR_FILE", help="A trial that ships, or a protocol of one's own.")
    ],
    replicates: Replicates = 200,
    seed: Seed = 1,
    table: Annotated[Path | None, typer.Option(help="Write the long table: .csv or .parquet.")] = None,
    report: Annotated[Path | None, typer.Option(help="Write a report that opens offline: .html.")] = None,
    as_json: AsJson = False,
) -> None:
    """Run a published trial, or a protocol file, on virtual patients.

    Example: `resprout trial berman2000 --replicates 200`
    """
    refuse([*check_target("--table", table, TABLE_SUFFIXES), *check_target("--report", report, PAGE_SUFFIXES)])
    from resprout.app.screen import print_json, screen

    done = conduct(name, replicates, seed)
    if table is not None:
        keep_table(done.table, table)
    if report is not None:
        write_page(done, report)
    written = [str(path) for path in (table, report) if path is not None]
    if as_json:
        records = {"table": done.table.to_dict("records"), "anova": done.anova.to_dict("records")}
        print_json({"trial": name, "replicates": replicates, "seed": seed, **records, "files": written})
        return
    console = screen()
    show_trial(console, done)
    for path in written:
        console.print(f"wrote {path}")


def figure(
    number: Annotated[int, typer.Argument(help="Which figure of Krystal, Sanacora & Duman (2013); 1 is there.")],
    out: Annotated[Path | None, typer.Option(help="File to write: .html; figN.html if left out.")] = None,
    replicates: Replicates = 200,
    seed: Seed = 1,
) -> None:
    """Draw a figure of the founding review from the model.

    Example: `resprout figure 1 --out fig1.html`
    """
    from resprout.figures import check_number

    check_number(number)
    target = out or Path(f"fig{number}.html")
    refuse(check_target("--out", target, PAGE_SUFFIXES))
    from resprout.figures.fig1 import figure1

    done = conduct("berman2000", replicates, seed)
    drawn = figure1(done.table, replicates=done.replicates)
    keep_page(drawn.to_html(include_plotlyjs=True, config={"displaylogo": False}), target)
    typer.echo(f"wrote {target}")


def conduct(name: str, replicates: int, seed: int) -> Trial:
    """Run a trial behind a spinner."""
    from resprout.app.screen import waiting

    with waiting(f"Running {name}, {replicates:,} times"):
        from resprout.trial import run_trial

        return run_trial(name, replicates=replicates, seed=seed)


def write_page(trial: Trial, target: Path) -> None:
    """Write the report of a trial."""
    from resprout.app.report import trial_page
    from resprout.app.screen import waiting

    with waiting("Drawing the report"):
        keep_page(trial_page(trial), target)


def show_trial(console: Console, trial: Trial) -> None:
    """Print the means by visit and, where the trial has one, its analysis of variance."""
    from resprout.app.outcome import ANOVA_COLUMNS, anova_cells, mean_cells
    from resprout.app.screen import table

    columns, cells = mean_cells(trial.table)
    times = f"{trial.replicates:,} repetitions" if trial.replicates > 1 else "one repetition"
    title = f"{trial.protocol.title}: means by visit over {times}, n people each"
    console.print(table(columns, cells, title=title, right=columns[2:]))
    if len(trial.anova):
        title = "Repeated-measures ANOVA, drug x time (p corrected for sphericity by Greenhouse-Geisser)"
        console.print(table(ANOVA_COLUMNS, anova_cells(trial.anova), title=title, right=ANOVA_COLUMNS[1:]))
