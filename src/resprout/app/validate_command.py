"""`resprout validate`: the scoreboard of every usable published row, beside what the model says now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from resprout.app.options import AsJson, ModelFolder, Seed, TableFile
from resprout.app.output_files import TABLE_SUFFIXES, check_target, refuse, save_table

if TYPE_CHECKING:
    from rich.console import Console

    from resprout.calibrate.scoreboard import ScoreboardEntry, TrialPlan
    from resprout.language.records import Model


def validate(
    trials: Annotated[
        list[str] | None, typer.Argument(help="Trials to run; all of the scoreboard if left out.")
    ] = None,
    replicates: Annotated[
        int | None, typer.Option(min=4, help="Replicates of each trial; those of the scoreboard if left out.")
    ] = None,
    no_trials: Annotated[bool, typer.Option("--no-trials", help="Laboratory and interventions only.")] = False,
    seed: Seed = 1,
    model: ModelFolder = None,
    table: TableFile = None,
    as_json: AsJson = False,
) -> None:
    """Compare the model with every usable published result: laboratory, interventions and trials.

    Example: `resprout validate --json`
    """
    refuse(check_target("--table", table, TABLE_SUFFIXES))
    import pandas as pd

    from resprout.app.terminal import print_json, stdout_console
    from resprout.calibrate.scoreboard import chosen_trials, scoreboard_facts
    from resprout.language import load_model

    plans = () if no_trials else chosen_trials(trials)
    entries = list(all_entries(load_model(model), plans, replicates, seed))
    facts = scoreboard_facts(entries)
    if table is not None:
        rows = [{name: str(cell) if name in MIXED else cell for name, cell in row.items()} for row in facts["rows"]]
        save_table(pd.DataFrame(rows), table)
    if as_json:
        print_json(facts)
        return
    show_scoreboard(stdout_console(), entries, facts)
    if table is not None:
        typer.echo(f"wrote {table}")


MIXED = ("observed", "predicted")  # numbers in some rows, words in others


def all_entries(
    model: Model, plans: Sequence[TrialPlan], replicates: int | None = None, seed: int = 1
) -> Iterator[ScoreboardEntry]:
    """Every entry, with a bar on standard error that says how far it is."""
    from resprout.app.terminal import progress_bar
    from resprout.calibrate.scoreboard import intervention_entries, laboratory_entries, trial_entries

    with progress_bar(len(plans) + 2, "parts of the scoreboard") as progress:
        yield from laboratory_entries(model)
        progress(1)
        yield from intervention_entries(model)
        progress(2)
        for done, plan in enumerate(plans, 3):
            yield from trial_entries(model, plan, replicates, seed)
            progress(done)


def show_scoreboard(console: Console, entries: Sequence[ScoreboardEntry], facts: dict[str, Any]) -> None:
    """Print every row by stage, first those not used in the fit, then the reasons of those that do not pass, then the totals."""
    from resprout.app.terminal import table
    from resprout.calibrate.scoreboard import GROUPS
    from resprout.language import STAGES

    for used, title in ((False, "not used in the fit"), (True, "used in the fit")):
        for number, stage in enumerate(STAGES, 1):
            chosen = [entry for entry in entries if (entry.stage, entry.used_in_fit) == (number, used)]
            if chosen:
                passed = sum(entry.passed for entry in chosen)
                heading = f"{number} {stage}, {title}: {passed} of {len(chosen)}"
                console.print(
                    table(HEADINGS, [entry_cells(entry) for entry in chosen], title=heading, right=HEADINGS[3:5])
                )
    not_passed = [entry for entry in entries if not entry.passed]
    if not_passed:
        console.print("[bold]Rows that do not pass, and the reasons[/]")
    for entry in not_passed:
        console.print(f"  [bold red]{entry.id}[/]  {entry.reason or 'no reason is recorded'}", soft_wrap=True)
    rows = [[name, *shares(facts["by_group"][name]), words] for name, words in GROUPS.items()]
    rows += [[name, *shares(part), ""] for name, part in facts["by_stage"].items() if part["total"]]
    rows += [[name, *shares(part), SEED_WORDS[name]] for name, part in facts["by_seed_row"].items() if part["total"]]
    rows += [[name.replace("_", " "), *shares(part), ""] for name, part in facts["by_use"].items()]
    rows.append(["all", *shares(facts), ""])
    console.print(table(["", "passed", "of", "share", ""], rows, title="Totals", right=["passed", "of", "share"]))


HEADINGS = ["", "result", "passes", "observed", "predicted", "range", "verification", "source"]
SEED_WORDS = {
    "S1": "older antidepressants need weeks; placebo response",
    "S2": "one dose of ketamine acts within hours",
    "S3": "Fig 1: antidepressant effect after euphoria and psychotic symptoms have subsided",
    "S4": "Fig 2: response in uni- and bipolar depression",
    "S5": "Fig 3A: glial loss, glutamate, spines",
    "S6": "Fig 3B: mechanism of ketamine",
    "S7": "Fig 4A: the Met allele in mice",
    "S8": "Fig 4B: the Met allele in patients",
    "S9": "drugs other than ketamine",
}


def entry_cells(entry: ScoreboardEntry) -> list[Any]:
    """One row of the scoreboard, for the screen."""
    from rich.text import Text

    result = Text("yes", style="green") if entry.passed else Text("no", style="bold red")
    return [
        entry.id.split()[0],
        entry.what,
        result,
        say(entry.observed),
        say(entry.predicted),
        format_range(entry),
        entry.verification,
        entry.source,
    ]


def say(value: float | str) -> str:
    """A number, or words as they are."""
    from resprout.app.terminal import number

    return value if isinstance(value, str) else number(value)


def format_range(entry: ScoreboardEntry) -> str:
    """The range of agreement or of replicates, in words; a dash if the row has none."""
    low, high = say(entry.lower), say(entry.upper)
    if entry.lower == float("-inf"):
        return f"under {high}"
    if entry.upper == float("inf"):
        return f"over {low}"
    return "–" if entry.lower != entry.lower else f"{low} to {high}"


def shares(part: dict[str, int]) -> list[str]:
    """Passed, total and share as cells."""
    share = f"{part['passed'] / part['total']:.0%}" if part["total"] else "–"
    return [str(part["passed"]), str(part["total"]), share]
