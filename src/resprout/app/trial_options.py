"""Options of `resprout trial`, and what is wrong with them together."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from resprout.app.output_files import PAGE_SUFFIXES, TABLE_SUFFIXES, check_target
from resprout.app.target_checks import check_distinct
from resprout.errors import Fault

OwnReplicates = Annotated[
    int | None, typer.Option("--replicates", min=1, help="Number of virtual trials; the protocol's own if left out.")
]
OwnSeed = Annotated[int | None, typer.Option("--seed", min=0, help="Seed; the protocol's own if left out.")]
GridValues = Annotated[
    list[str] | None, typer.Option("--grid", help="Values to try, `n=20,40,80` per arm; may be given again.")
]
LongTable = Annotated[
    Path | None, typer.Option("--table", help="Write the long table (of a grid, its rows): .csv, .parquet.")
]
PublishedFile = Annotated[
    Path | None, typer.Option("--published", help="Write published numbers beside predictions: .csv.")
]
EstimatesFile = Annotated[
    Path | None,
    typer.Option("--estimates", help="Write every analysis of every replicate with its status: .csv, .parquet."),
]
LedgerFile = Annotated[
    Path | None,
    typer.Option(
        "--ledger", help="Of arms with rules: write every rating, decision and dose of each patient: .csv, .parquet."
    ),
]
ReplayFile = Annotated[
    Path | None, typer.Option("--replay", help="Take the decisions of a ledger again, and compare every event.")
]
ReportFile = Annotated[Path | None, typer.Option("--report", help="Write a report that opens offline: .html.")]
Parameters = Annotated[
    list[str] | None,
    typer.Option("--set", help="Set a parameter of model, people or ratings, NAME=VALUE; repeatable."),
]
GridFigure = Annotated[
    Path | None, typer.Option("--picture", help="Write the figure of a grid: .html, .svg, .pdf or .png.")
]


def option_faults(  # many arguments: the options of the command
    name: str,
    tables: dict[str, Path | None],
    report: Path | None,
    grid: list[str] | None,
    picture: Path | None,
    replay: Path | None,
) -> list[Fault]:
    """What is wrong with the options of `trial`, all at once.

    name      of the trial; empty if none is given
    tables    by option: file to write, or None
    report    file to write, or None
    grid      values to try, or None
    picture   file of the figure of a grid, or None
    replay    a ledger, or None
    returns   every fault found
    """
    faults = [
        *(fault for option, path in tables.items() for fault in check_target(option, path, TABLE_SUFFIXES)),
        *check_target("--report", report, PAGE_SUFFIXES),
        *check_distinct([*tables.items(), ("--report", report), ("--picture", picture)]),
    ]
    if not name:
        from resprout.trial.protocol import shipped_protocols

        there = ", ".join(shipped_protocols())
        faults.append(Fault("no trial is named.", "trial", f"Expected a file or one of {there}.", "Or `--schema`."))
    if grid and replay is not None:
        faults.append(Fault("a grid replays no ledger.", "--replay", "Expected the trial that the ledger is of."))
    if grid and any(path is not None for path in (report, *(tables[each] for each in tables if each != "--table"))):
        faults.append(Fault("a grid has no report.", "--grid", "Expected `--table` or `--picture` beside it."))
    if picture is not None and not grid:
        faults.append(Fault("there is no grid to draw.", "--picture", "", "Try `--grid n=20,40,80`, or `--report`."))
    return faults
