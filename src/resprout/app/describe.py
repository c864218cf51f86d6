"""`resprout describe`: the model before it runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from resprout.errors import Fault, InputError, nearest

if TYPE_CHECKING:
    from rich.console import Console

    from resprout.language import Model

LISTING = "resprout describe"


def describe(
    name: Annotated[
        str,
        typer.Argument(metavar="[STAGE|NAME]", help="A stage (dose or 1), quantity, drug or source; all if left out."),
    ] = "",
    drugs: Annotated[bool, typer.Option("--drugs", help="List the drugs with what is known of each.")] = False,
    targets: Annotated[bool, typer.Option("--targets", help="List the targets with the drugs that act there.")] = False,
    model: Annotated[Path | None, typer.Option("--model", help="Folder of a model of one's own.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show the model before it runs: equations, constants, sources, and what is only assumed.

    Example: `resprout describe glial_uptake`
    """
    from resprout.app.about import (
        about_model,
        about_quantity,
        about_stage,
        cited_by,
        drug_list,
        drugs_of,
        other_facts,
        targets_of,
    )
    from resprout.app.imported_commands import chain_model
    from resprout.app.screen import print_json, screen
    from resprout.language import STAGES
    from resprout.trial.citations import citations, every_source

    loaded = chain_model(model)
    sources = every_source(loaded)
    known_drugs = drugs_of(loaded)
    console = screen()
    facts: Any
    show: Any
    if drugs or name == "drugs":
        facts, show = (known_drugs, show_drugs) if as_json else (drug_list(loaded), show_drug_list)
    elif targets or name == "targets":
        facts, show = targets_of(loaded), show_targets
    elif not name:
        facts, show = about_model(loaded), show_model
    elif name in STAGES or name in tuple("123456"):
        number = STAGES.index(name) + 1 if name in STAGES else int(name)
        facts, show = about_stage(loaded, number), show_stage
    elif name in ("people", "ratings"):
        facts, show = {name: other_facts(loaded)[name]}, show_drugs
    elif name in loaded.constants or name in loaded.equations:
        facts, show = about_quantity(loaded, name), show_quantity
    elif name in known_drugs:
        facts, show = {name: known_drugs[name]}, show_drugs
    elif name in targets_of(loaded):
        facts, show = {name: targets_of(loaded)[name]}, show_targets
    elif name in sources:
        facts, show = {"source": citations(loaded, name)[0], "cited_by": cited_by(loaded, name)}, show_source
    else:
        raise unknown(loaded, name, [*STAGES, *known_drugs, *targets_of(loaded), *sources])
    print_json(facts) if as_json else show(console, facts)


def unknown(model: Model, name: str, others: list[str]) -> InputError:
    """The error for a name that nothing in the model bears."""
    known = [*model.constants, *model.equations, *others]
    found = f"`{name}` is nothing in this model."
    return InputError(
        Fault(found, "", "Expected a stage, quantity, drug, target or source.", nearest(name, known, LISTING))
    )


def show_model(console: Console, facts: dict[str, Any]) -> None:
    """Print the whole model: each stage, then how well it is known."""
    from resprout.app.screen import table

    console.print(
        f"[bold]{facts['model']}[/]  digest {facts['digest']}  "
        f"{facts['states']} states, {facts['assigned']} assigned quantities, {facts['constants']} constants\n"
    )
    for stage in facts["stages"]:
        show_stage(console, stage)
    rows = [[stage["number"], stage["stage"], *grade_cells(stage)] for stage in facts["stages"]]
    rows.append(["", "all of the chain", *grade_cells(facts)])
    rows.append(["", "drugs beside ketamine", *grade_cells(facts["library"])])
    for word, said in facts["other_facts"].items():
        console.print(f"Outside the model, of {word}: {said} (resprout describe {word}).")
    columns = ["", "stage", "measured", "fitted", "assumed", "share assumed"]
    console.print(table(columns, rows, title="How well the constants are known", right=columns[2:]))


def grade_cells(facts: dict[str, Any]) -> list[str]:
    """Counts of the three grades and the share assumed."""
    return [*(str(count) for count in facts["grades"].values()), f"{facts['share_assumed']:.0%}"]


def show_stage(console: Console, facts: dict[str, Any]) -> None:
    """Print one stage: equations, then constants with value, unit, spread, source and grade."""
    from rich.text import Text

    from resprout.app.screen import STAGE_STYLE, graded, number, table

    style = STAGE_STYLE[facts["stage"]]
    console.rule(Text(f"{facts['number']} {facts['stage']}", style=f"bold {style}"), align="left", style=style)
    for row in facts["equations"]:
        console.print(Text(row["equation"], style=style), soft_wrap=True)
        console.print(Text(f"    [{row['unit']}] {row['meaning']}", style="dim"), soft_wrap=True)
    rows = [
        [
            row["name"],
            number(row["value"], 5),
            row["unit"],
            row["spread"],
            row["source"],
            graded(row["grade"]),
            row["meaning"],
        ]
        for row in facts["constants"]
    ]
    columns = ["constant", "value", "unit", "spread", "source", "grade", "meaning"]
    console.print(table(columns, rows, right=["value"]))
    console.print(f"{facts['share_assumed']:.0%} of the constants of this stage are assumed.\n")


def show_quantity(console: Console, facts: dict[str, Any]) -> None:
    """Print one quantity, one fact a line."""
    from rich.text import Text

    from resprout.app.screen import graded, number

    console.print(Text(facts["name"], style="bold"), Text(f"  {facts['meaning']}"), soft_wrap=True)
    lines: list[tuple[str, Any]] = [("is a", facts["is"]), ("unit", facts["unit"]), ("stands at", facts["where"])]
    if "value" in facts:
        lines[1:2] = [("value", f"{number(facts['value'], 6)} {facts['unit']}")]
        lines += [("spread", facts["spread"] or "the same in everyone"), ("grade", graded(facts["grade"]))]
        lines += [("source", text) for text in facts["sources"]] or [("source", "none: assumed")]
        lines += [("evidence", facts["evidence"])] if facts["evidence"] else []
    else:
        lines.append(("equation", facts["equation"]))
        lines.append(("reads", ", ".join(facts["reads"]) or "nothing"))
    lines.append(("read by", ", ".join(facts["read_by"]) or "doses and recruitment only"))
    for label, value in lines:
        shown = value if isinstance(value, Text) else Text(str(value))
        console.print(Text(f"  {label:<10}", style="dim"), shown, soft_wrap=True)


def show_drugs(console: Console, facts: dict[str, list[dict[str, Any]]]) -> None:
    """Print drugs with their properties and targets, or facts about people or ratings, a table each."""
    from resprout.app.screen import graded, table

    for drug, rows in facts.items():
        cells = [
            [
                " ".join(part for part in (row.get("target", ""), row.get("property", row.get("name", ""))) if part),
                row["value"],
                row["unit"],
                row["source"],
                graded(row["grade"]),
                row["meaning"],
            ]
            for row in rows
        ]
        columns = ["property", "value", "unit", "source", "grade", "meaning"]
        console.print(table(columns, cells, title=drug, right=["value"]))


def show_drug_list(console: Console, facts: list[dict[str, Any]]) -> None:
    """Print every drug in a line; `resprout describe DRUG` shows its numbers."""
    from resprout.app.screen import table

    columns = ["drug", "acts on", "can be given to", "measured", "fitted", "assumed"]
    rows = [
        [row["drug"], ", ".join(row["acts_on"]), row["given_to"], *(row[name] for name in columns[3:])] for row in facts
    ]
    console.print(table(columns, rows, title=f"{len(rows)} drugs", right=columns[3:]))
    console.print("`resprout describe DRUG` shows the numbers of one, `resprout describe targets` who acts where.")


def show_targets(console: Console, facts: dict[str, list[dict[str, Any]]]) -> None:
    """Print every target with the drugs that act on it."""
    from resprout.app.screen import graded, number, table

    rows = []
    for target, drugs in facts.items():
        for place, row in enumerate(drugs):
            others = ", ".join(f"{name} {value:g}" for name, value in row["properties"].items())
            half = f"{row['half_point']} {number(row['value_uM'], 4)}".strip()
            rows.append([target if not place else "", row["drug"], half, others, row["source"], graded(row["grade"])])
    columns = ["target", "drug", "uM", "other properties", "source", "grade"]
    console.print(table(columns, rows, right=["uM"]))


def show_source(console: Console, facts: dict[str, Any]) -> None:
    """Print a citation and what rests on it."""
    from rich.text import Text

    console.print(Text(facts["source"]), soft_wrap=True)
    console.print(Text(f"  rests on it: {', '.join(facts['cited_by']) or 'nothing'}"), soft_wrap=True)
