"""`resprout demo` and `trial`: a published trial, or a protocol file, on virtual patients."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from resprout.app.options import (
    AsJson,
    ModelFolder,
    NamedPeople,
    PictureSize,
    Point,
    Replicates,
    Seed,
    only_named,
    read_pairs,
)
from resprout.app.output_files import (
    PAGE_SUFFIXES,
    check_figure_target,
    check_target,
    refuse,
    save_page,
    save_table,
)
from resprout.app.target_checks import check_folder
from resprout.app.trial_grid import Files, try_grid
from resprout.app.trial_options import (
    EstimatesFile,
    GridFigure,
    GridValues,
    LedgerFile,
    LongTable,
    OwnReplicates,
    OwnSeed,
    Parameters,
    PublishedFile,
    ReplayFile,
    ReportFile,
    option_faults,
)
from resprout.system_errors import at_place

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console

    from resprout.language import Model
    from resprout.people.named_population import NamedPopulation
    from resprout.trial import Trial

NOTICE = "For research and teaching. Not medical advice."


def demo(
    out: Annotated[Path, typer.Option(help="Folder for the report.")] = Path("out"),
    replicates: Replicates = 200,
    seed: Seed = 1,
) -> None:
    """Simulate the trial of Fig 1, ketamine against saline; print its tables and write its report.

    Example: `resprout demo`
    """
    refuse(
        check_folder("--out", out)
        or (check_target("--out", out / "report.html", PAGE_SUFFIXES) if out.is_dir() else [])
    )
    from resprout.app.terminal import stdout_console

    started = time.perf_counter()
    trial = conduct("berman2000", Series(replicates, seed))
    console = stdout_console()
    show_trial(console, trial, published=False)
    with at_place(out, "--out"):
        out.mkdir(parents=True, exist_ok=True)
    page = out / "report.html"
    write_page(trial, page)
    console.print(f"wrote {page} (open it in a browser; it needs no network)   {time.perf_counter() - started:.1f} s")
    console.print(f"[dim]{NOTICE} Next: `resprout describe`, `resprout simulate --help`.[/]")


def trial(  # many arguments: each is an option of the command
    name: Annotated[str, typer.Argument(metavar="NAME_OR_FILE", help="A shipped trial, or a protocol file.")] = "",
    replicates: OwnReplicates = None,
    seed: OwnSeed = None,
    table: LongTable = None,
    published: PublishedFile = None,
    estimates: EstimatesFile = None,
    ledger: LedgerFile = None,
    replay: ReplayFile = None,
    report: ReportFile = None,
    grid: GridValues = None,
    picture: GridFigure = None,
    size: PictureSize = None,
    set_: Parameters = None,
    point: Point = False,
    population: NamedPeople = None,
    model: ModelFolder = None,
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON schema of protocol files.")] = False,
    as_json: AsJson = False,
) -> None:
    """Simulate a published trial or a protocol file with virtual patients, or a grid of designs.

    Example: `resprout trial berman2000 --replicates 200`
    """
    if schema:
        print_schema()
        return
    tables = {"--table": table, "--published": published, "--estimates": estimates, "--ledger": ledger}
    faults = option_faults(name, tables, report, grid, picture, replay) + check_figure_target(
        "--picture", picture, size
    )
    pairs = read_pairs("--set", set_ or [], "placebo_depth=0.5", faults)
    series = Series(replicates, seed, point, pairs, only_named(population, faults), model, replay, ledger is not None)
    refuse(faults)
    if grid:
        try_grid(name, grid, series, Files(table, picture, size), as_json)
        return
    done = conduct(name, series)
    told = series.told(name, done.replicates, done.seed)
    files = save_trial(done, tables, report, told)
    if as_json:
        print_trial(name, done, files, told)
    else:
        print_tables(done, files, replayed=replay is not None)


def print_tables(done: Trial, files: list[str], *, replayed: bool) -> None:
    """Print a trial as tables, the files written, and that a ledger was replayed."""
    from resprout.app.terminal import stdout_console

    show_trial(stdout_console(), done)
    for path in files:
        typer.echo(f"wrote {path}")
    if replayed:
        typer.echo(f"{len(done.ledger):,} events replayed, each the same.")


def print_schema() -> None:
    """Print the JSON schema of protocol files."""
    from resprout.app.terminal import print_json
    from resprout.trial.protocol import protocol_schema

    print_json(protocol_schema())


def save_trial(done: Trial, tables: dict[str, Path | None], report: Path | None, told: Mapping[str, Any]) -> list[str]:
    """Write the tables, by their options and with their provenance, and the report that are wanted; the files written."""
    for name, path in tables.items():
        if path is not None:
            save_table(getattr(done, name.removeprefix("--")), path, told)
    if report is not None:
        write_page(done, report)
    return [str(path) for path in (*tables.values(), report) if path is not None]


def print_trial(name: str, done: Trial, files: list[str], told: Mapping[str, Any]) -> None:
    """Print every table of a trial, and what it warns of, as JSON."""
    from resprout.app.caveats import caveat_facts, caveats_for, shown_by_trial
    from resprout.app.terminal import print_json
    from resprout.app.trial_warnings import trial_warnings

    records = {
        part: getattr(done, part).to_dict("records") for part in ("table", "anova", "analysis", "rules", "published")
    }
    print_json(
        {
            "trial": name,
            "replicates": done.replicates,
            "seed": done.seed,
            **records,
            "warnings": trial_warnings(done),
            "caveats": caveat_facts(caveats_for(shown_by_trial(done))),
            "provenance": told,
            "files": files,
        }
    )


@dataclass(frozen=True)
class Series:
    """How a protocol is run: number of replicates and seed (None takes the protocol's), point estimate or draws, parameters set,
    a ledger to replay, and whether one is to be written."""

    replicates: int | None
    seed: int | None
    point: bool = False
    overrides: dict[str, float] = field(default_factory=dict)
    population: NamedPopulation | None = None
    folder: Path | None = None
    replay: Path | None = None
    ledger: bool = False

    @property
    def recorded(self) -> pd.DataFrame | None:
        """The ledger whose decisions are taken again."""
        from resprout.trial.decision_ledger import TRIAL_LEDGER_COLUMNS, read_ledger

        return None if self.replay is None else read_ledger(self.replay, TRIAL_LEDGER_COLUMNS)

    @property
    def model(self) -> Model:
        """The shipped model or that of the folder, with the people of the named population."""
        from resprout.language import load_model

        model = load_model(self.folder)
        return model if self.population is None else self.population.applied(model)

    def told(self, name: str, replicates: int, seed: int) -> dict[str, Any]:
        """What a result of a protocol stands on."""
        from resprout.app.provenance import provenance
        from resprout.people.draws import draws_words

        model = self.model
        own = None if self.population is None else self.population.name
        facts = {"replicates": replicates, "seed": seed, "constants": draws_words(model, self.point)}
        return provenance(model, f"trial {name}", **facts, overrides=self.overrides, named_population=own)


def conduct(name: str, series: Series) -> Trial:
    """Run a trial, and show how many of its people have been followed."""
    from resprout.app.trial_progress import people_counted
    from resprout.people.overrides import overridden
    from resprout.trial import run_trial
    from resprout.trial.arm_rules import refuse_without_rules
    from resprout.trial.protocol import read_protocol

    model, recorded = series.model, series.recorded
    if series.ledger:
        refuse_without_rules(read_protocol(name, overridden(model, series.overrides))[0])
    how: dict[str, Any] = {"model": model, "point": series.point, "overrides": series.overrides, "replay": recorded}
    with people_counted(name, overridden(model, series.overrides), series.replicates):
        return run_trial(name, series.replicates, series.seed, **how)


def write_page(trial: Trial, target: Path) -> None:
    """Write the report of a trial."""
    from resprout.app.report import trial_page
    from resprout.app.terminal import status_spinner

    with status_spinner("Drawing the report"):
        save_page(trial_page(trial), target)


def show_trial(console: Console, trial: Trial, *, published: bool = True) -> None:
    """Print the means by visit, the analyses, the published numbers if asked, and the limits that touch them."""
    from resprout.app.caveats import caveats_for, print_caveats, shown_by_trial
    from resprout.app.published_command import count_sentence, rows_table
    from resprout.app.summary_tables import (
        ANALYSIS_HEADINGS,
        ANOVA_COLUMNS,
        analysis_groups,
        anova_cells,
        mean_cells,
        print_rules,
    )
    from resprout.app.terminal import table
    from resprout.app.trial_warnings import MONTE_CARLO, published_sentences, trial_warnings
    from resprout.trial.published_numbers import inside_share

    columns, cells = mean_cells(trial.table)
    times = f"{trial.replicates:,} replicates" if trial.replicates > 1 else "one replicate"
    title = f"{trial.protocol.title}: means by visit over {times}, n patients each"
    console.print(table(columns, cells, title=title, right=columns[2:]))
    if len(trial.anova):
        title = "Repeated-measures ANOVA, drug x time (p corrected for sphericity by Greenhouse-Geisser)"
        console.print(table(ANOVA_COLUMNS, anova_cells(trial.anova), title=title, right=ANOVA_COLUMNS[1:]))
    rest = trial.analysis[trial.analysis["analysis"] != "rm_anova"]
    for title, cells in analysis_groups(rest):
        console.print(table(ANALYSIS_HEADINGS[2:], cells, title=title, right=ANALYSIS_HEADINGS[4:]))
    if len(rest):
        console.print(
            "Estimates are means over the replicates in which they are estimable, p are medians; power is the share with "
            f"p < .05 of the replicates with a p value. {MONTE_CARLO}",
            highlight=False,
        )
    print_rules(console, trial.rules, "arm")
    for sentence in trial_warnings(trial):
        console.print(sentence, highlight=False)
    rows: list[dict[str, Any]] = [dict(row) for _, row in trial.published.astype(object).iterrows()]
    if rows and published:
        console.print(rows_table(rows, title="Published numbers beside the 95 % prediction interval over replicates"))
        for sentence in published_sentences(rows):
            console.print(sentence, highlight=False)
        console.print(count_sentence(*inside_share(rows)))
    print_caveats(console, caveats_for(shown_by_trial(trial)))
