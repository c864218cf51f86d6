"""`resprout validate`: the scoreboard of every usable published row, beside what the model says now."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from resprout.app.options import AsJson, ModelFolder, Seed, TableFile
from resprout.app.output_files import TABLE_SUFFIXES, check_target, refuse, save_table
from resprout.app.provenance import provenance

if TYPE_CHECKING:
    from resprout.calibrate.scoreboard_entry import ScoreboardEntry
    from resprout.calibrate.trial_entries import TrialPlan
    from resprout.language.records import Model


def validate(
    trials: Annotated[
        list[str] | None, typer.Argument(help="Trials to run; all of the scoreboard if left out.")
    ] = None,
    replicates: Annotated[
        int | None, typer.Option(min=4, help="Replicates of each trial; those of the scoreboard if left out.")
    ] = None,
    no_trials: Annotated[bool, typer.Option("--no-trials", help="Laboratory and interventions only.")] = False,
    every_row: Annotated[bool, typer.Option("--rows", help="Print every row, not only the totals.")] = False,
    seed: Seed = 1,
    model: ModelFolder = None,
    table: TableFile = None,
    as_json: AsJson = False,
) -> None:
    """Compare the model, null models and a meta-analysis with every usable published result.

    Example: `resprout validate --json`
    """
    refuse(check_target("--table", table, TABLE_SUFFIXES))
    import pandas as pd

    from resprout.app.scoreboard_tables import show_rows, show_totals
    from resprout.app.terminal import print_json, stdout_console
    from resprout.calibrate.scoreboard import chosen_trials
    from resprout.calibrate.scoreboard_totals import scoreboard_facts
    from resprout.language import load_model

    plans = () if no_trials else chosen_trials(trials)
    loaded = load_model(model)
    entries = all_entries(loaded, plans, replicates, seed)
    facts = scoreboard_facts(entries)
    told = provenance(loaded, "validate", trials=[plan.trial for plan in plans], replicates=replicates, seed=seed)
    if table is not None:
        save_table(pd.DataFrame(uniform_rows(facts["rows"])), table, told)
    if as_json:
        print_json({**facts, "provenance": told})
        return
    console = stdout_console()
    if every_row:
        show_rows(console, entries)
    show_totals(console, entries, facts)
    if table is not None:
        typer.echo(f"wrote {table}")


def uniform_rows(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of the scoreboard with text in the columns that hold numbers in some rows and words in others."""
    return [{name: str(cell) if name in MIXED else cell for name, cell in row.items()} for row in rows]


MIXED = ("observed", "predicted")  # numbers in some rows, words in others


def all_entries(
    model: Model, plans: Sequence[TrialPlan], replicates: int | None = None, seed: int = 1
) -> list[ScoreboardEntry]:
    """Every entry, with a bar on standard error that says how far it is."""
    from resprout.app.terminal import progress_bar
    from resprout.calibrate.intervention_entries import intervention_entries
    from resprout.calibrate.laboratory_entries import laboratory_entries
    from resprout.calibrate.no_u_turn import need_sampler
    from resprout.calibrate.trial_entries import trial_entries

    if plans:
        need_sampler()  # of the meta-analysis
    with progress_bar(len(plans) + 2, "parts of the scoreboard") as progress:
        entries = laboratory_entries(model)
        progress(1)
        entries += intervention_entries(model)
        progress(2)
        entries += trial_entries(model, plans, replicates, seed, progress=lambda done: progress(done + 2))
    return entries
