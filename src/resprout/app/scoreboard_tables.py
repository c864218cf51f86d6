"""The scoreboard on the screen: entries and their totals in; tables of rows, of passes and of skill out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from resprout.figures.spoken_units import with_spoken_times

if TYPE_CHECKING:
    from rich.console import Console

    from resprout.calibrate.scoreboard_entry import ScoreboardEntry

ROW_HEADINGS = ["", "result", "passes", "observed", "predicted", "range", "skill"]
SEED_WORDS = {
    "S1": "older antidepressants need weeks; placebo",
    "S2": "one dose of ketamine acts within hours",
    "S3": "Fig 1: relief after euphoria has gone",
    "S4": "Fig 2: response in uni- and bipolar depression",
    "S5": "Fig 3A: glial loss, glutamate, spines",
    "S6": "Fig 3B: mechanism of ketamine",
    "S7": "Fig 4A: the Met allele in mice",
    "S8": "Fig 4B: the Met allele in patients",
    "S9": "drugs other than ketamine",
}
SKILL_SAID = (
    "Skill is 1 - CRPS / CRPS of the baseline on the same rows: 0 is no better than the baseline, below 0 worse. No drug works: "
    "none changes mood (in the laboratory: none is given). The meta-analysis has not seen the trial; the model has, where it is used in the fit."
)
COVERED_SAID = "Coverage should be its level. Width is that of the 90 % interval, in the units by which CRPS is divided (docs/scoreboard.md)."
PASSES = ["", "passed", "of", "no drug works"]
SKILLS = ["", "numbers", "no drug works", "drugs inert", "meta-analysis"]
COVERED = ["", "50 %", "80 %", "90 %", "95 %", "width"]


def show_rows(console: Console, entries: Sequence[ScoreboardEntry]) -> None:
    """Print every row by stage, first those not used in the fit, then the reasons of those that do not pass."""
    from rich.text import Text

    from resprout.app.terminal import print_wrapped, table
    from resprout.language import STAGES

    for used, title in ((False, "not used in the fit"), (True, "used in the fit")):
        for number, stage in enumerate(STAGES, 1):
            chosen = [entry for entry in entries if (entry.stage, entry.used_in_fit) == (number, used)]
            if chosen:
                counted = [entry for entry in chosen if entry.counted]
                passed = sum(entry.passed for entry in counted)
                heading = f"{number} {stage}, {title}: {passed} of {len(counted)}"
                cells = [row_cells(entry) for entry in chosen]
                console.print(table(ROW_HEADINGS, cells, title=heading, right=[*ROW_HEADINGS[3:5], "skill"]))
    not_passed = [entry for entry in entries if entry.counted and not entry.passed]
    if not_passed:
        console.print("[bold]Rows that do not pass, and the reasons[/]")
    for entry in not_passed:
        label = Text(f"  {entry.id}  ", "bold red")
        print_wrapped(console, entry.reason or "no reason is recorded", label=label, indent=4)


def show_totals(console: Console, entries: Sequence[ScoreboardEntry], facts: Mapping[str, Any]) -> None:
    """Print how many rows pass, beside a model in which no drug changes mood, and the skill, coverage and sharpness of groups."""
    from resprout.app.terminal import print_wrapped, table

    console.print(table(PASSES, pass_rows(facts), title="Rows that pass", right=PASSES[1:]))
    console.print(
        f"[bold]{facts['passed']} of {facts['total']}[/] rows pass; if no drug changed mood, "
        f"[bold]{facts['passed_null']}[/] would. Not counted: {len(facts['not_counted'])} (docs/scoreboard.md)."
    )
    parts = scored_parts(facts)
    if parts:
        rows = [[name, *skill_cells(part)] for name, part in parts.items()]
        console.print(table(SKILLS, rows, title="Skill of the model against its baselines", right=SKILLS[1:]))
        print_wrapped(console, SKILL_SAID)
        rows = coverage_rows(facts)
        console.print(table(COVERED, rows, title="Coverage and width of prediction intervals", right=COVERED[1:]))
        print_wrapped(console, COVERED_SAID)
    show_agreement(console, facts["interventions"])


def pass_rows(facts: Mapping[str, Any]) -> list[list[str]]:
    """Passed, total and passed under the null by group, kind and row of the review."""
    parts = [*facts["by_group"].items(), *facts["by_kind"].items(), *facts["by_stage"].items()]
    rows = [[name, *pass_cells(part)] for name, part in parts if part["total"]]
    rows += [
        [f"{name} {SEED_WORDS[name]}", *pass_cells(part)]
        for name, part in facts["by_seed_row"].items()
        if part["total"]
    ]
    rows += [[name.replace("_", " "), *pass_cells(part)] for name, part in facts["by_use"].items() if part["total"]]
    return [*rows, ["all", *pass_cells(facts)]]


def pass_cells(part: Mapping[str, Any]) -> list[str]:
    """Passed, total, and passed if no drug changed mood."""
    return [str(part["passed"]), str(part["total"]), str(part["passed_null"])]


def scored_parts(facts: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Groups of rows that have a number, by name."""
    parts = {name: part for name, part in facts["by_group"].items() if part["numbers"]}
    parts |= {name: part for name, part in facts["by_stage"].items() if part["numbers"]}
    parts |= {name: part for name, part in facts["by_seed_row"].items() if part["numbers"]}
    for group in ("trials_by_use", "trials_by_comparison", "trials_by_dosing"):
        parts |= {f"trials, {name.replace('_', ' ')}": part for name, part in facts[group].items() if part["numbers"]}
    return parts


def skill_cells(part: Mapping[str, Any]) -> list[str]:
    """Rows with a number, and skill against each baseline."""
    return [str(part["numbers"]), *(signed(part[name]) for name in ("skill", "skill_inert", "skill_mbma"))]


def coverage_rows(facts: Mapping[str, Any]) -> list[list[str]]:
    """Coverage and width by group; then those of trials by the meta-analysis and by the model without heterogeneity."""
    rows = [[name, *coverage_cells(part)] for name, part in scored_parts(facts).items()]
    trials = facts["by_group"].get("trial", {})
    if trials.get("numbers"):
        for name, suffix in (("meta-analysis", "_mbma"), ("no heterogeneity", "_no_heterogeneity")):
            rows.append(
                [f"trials, {name}", "", "", share(trials[f"covered_90{suffix}"]), "", decimal(trials[f"width{suffix}"])]
            )
    return rows


def coverage_cells(part: Mapping[str, Any]) -> list[str]:
    """Coverage of each level and width."""
    return [*(share(part[f"covered_{level}"]) for level in (50, 80, 90, 95)), decimal(part["width"])]


def show_agreement(console: Console, found: Mapping[str, Any]) -> None:
    """Print the confusion table of interventions, and agreement beyond chance."""
    from resprout.app.terminal import print_wrapped, table
    from resprout.calibrate.intervention_entries import SHARES

    if not found["rows"]:
        return
    cell = {(each["published"], each["predicted"]): each["rows"] for each in found["confusion"]}
    rows = [[seen, *(str(cell.get((seen, said), 0)) for said in SHARES)] for seen in SHARES]
    heading = ["published \\ predicted", *SHARES]
    console.print(table(heading, rows, title="Interventions", right=SHARES))
    print_wrapped(
        console,
        f"{found['rows']} interventions: accuracy {share(found['accuracy'])} "
        f"(always `{found['majority_word']}`: {share(found['majority_accuracy'])}); balanced accuracy "
        f"{share(found['balanced_accuracy'])} ({share(found['majority_balanced_accuracy'])}); "
        f"Cohen's kappa {decimal(found['kappa'])} (0).",
    )


def row_cells(entry: ScoreboardEntry) -> list[Any]:
    """One row of the scoreboard, for the screen."""
    from rich.text import Text

    if not entry.counted:
        result = Text("not counted", style="dim")
    else:
        result = Text("yes", style="green") if entry.passed else Text("no", style="bold red")
    return [
        entry.id.split()[0],
        with_spoken_times(entry.what),
        result,
        say(entry.observed),
        say(entry.predicted),
        format_range(entry),
        signed(entry.score("skill")),
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


def signed(value: float) -> str:
    """A skill with its sign; a dash where there is none."""
    return "–" if math.isnan(value) else f"{value:+.2f}"


def share(value: float) -> str:
    """A share as a percentage; a dash where there is none."""
    return "–" if math.isnan(value) else f"{value:.0%}"


def decimal(value: float) -> str:
    """A number with two decimals; a dash where there is none."""
    return "–" if math.isnan(value) else f"{value:.2f}"
