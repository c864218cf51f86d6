"""`resprout describe`: the model before it runs."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from resprout.app.model_facts import GRADES
from resprout.app.options import AsJson
from resprout.app.simulate_options import ModelPath
from resprout.errors import Fault, InputError, nearest

if TYPE_CHECKING:
    from rich.console import Console

    from resprout.language import Model

LISTING = "resprout describe"
LIKE_ENOUGH = 0.7  # similarity from which a word is taken for a misspelt name
ADD_A_DRUG = "A drug outside the library is added by `--drug FILE` (docs/guides/add-a-drug.md)."


def describe(
    name: Annotated[
        str,
        typer.Argument(
            metavar="[STAGE|NAME|CODE]",
            help="A stage (dose or 1), quantity, scale, drug, source or code of evidence (MP051); all if left out.",
        ),
    ] = "",
    drugs: Annotated[bool, typer.Option("--drugs", help="List the drugs with their actions and grades.")] = False,
    targets: Annotated[bool, typer.Option("--targets", help="List the targets with the drugs that act there.")] = False,
    model: ModelPath = None,
    as_json: AsJson = False,
) -> None:
    """Show the model: equations, constants, sources, grades, drugs, targets and assumptions.

    Example: `resprout describe glial_uptake`
    """
    from resprout.app.imported_commands import load_any
    from resprout.app.imported_description import describe_file
    from resprout.app.terminal import print_json, stdout_console
    from resprout.language import ImportedModel

    loaded = load_any(model)
    if isinstance(loaded, ImportedModel):
        if drugs or targets:
            option = "--drugs" if drugs else "--targets"
            raise InputError(Fault("a model from a file has no drugs.", option, "Expected the name of a quantity."))
        describe_file(loaded, name, as_json)
        return
    wanted = "drugs" if drugs else "targets" if targets else name
    facts, show = facts_about(loaded, wanted, brief=not as_json)
    print_json(facts) if as_json else show(stdout_console(), facts)


def facts_about(loaded: Model, name: str, *, brief: bool) -> tuple[Any, Callable[..., None]]:
    """What `describe` has to say of a name, and the function that prints it.

    name     a stage, a quantity, a drug, a target, a source, or a list such as `drugs`; empty for the whole model
    brief    list drugs in one line each, as the screen does
    raises   InputError for an unknown name
    """
    from resprout.app.model_facts import about_model, about_quantity, about_stage, drug_list, drugs_of, other_facts
    from resprout.app.model_facts import targets_of as targets_by_name
    from resprout.app.scale_facts import about_scales, show_scales
    from resprout.language import STAGES
    from resprout.language.drug_instances import with_drug_of

    if name in ("", "drugs"):
        if not name:
            return about_model(loaded), show_model
        return (drug_list(loaded), show_drug_list) if brief else (drugs_of(loaded), show_drugs)
    if name == "targets":
        return targets_by_name(loaded), show_targets
    if name == "scales":
        return about_scales(loaded), show_scales
    if name in STAGES or name in tuple("123456"):
        return about_stage(loaded, STAGES.index(name) + 1 if name in STAGES else int(name)), show_stage
    if name in ("people", "ratings"):
        return {name: other_facts(loaded)[name]}, show_drugs
    chain = with_drug_of(loaded, name)
    if name in chain.constants or name in chain.equations:
        return about_quantity(chain, name), show_quantity
    if name in loaded.scales:
        return {name: about_scales(loaded)[name]}, show_scales
    if name in drugs_of(loaded):
        return {name: drugs_of(loaded)[name]}, show_drugs
    if name in targets_by_name(loaded):
        return {name: targets_by_name(loaded)[name]}, show_targets
    from resprout.app.evidence_codes import about_code, is_code, show_code

    if is_code(name):
        return about_code(loaded, name), show_code
    return facts_about_source(loaded, name), show_source


def facts_about_source(loaded: Model, name: str) -> dict[str, Any]:
    """A source with what cites it.

    raises   InputError for a name that is no source either
    """
    from resprout.app.model_facts import cited_by, drugs_of, targets_of
    from resprout.language import STAGES
    from resprout.trial.citations import citations, every_source

    sources = every_source(loaded)
    if name not in sources:
        raise unknown(loaded, name, [*STAGES, *loaded.scales, *drugs_of(loaded), *targets_of(loaded), *sources])
    return {"source": citations(loaded, name)[0], "cited_by": cited_by(loaded, name)}


def unknown(model: Model, name: str, others: list[str]) -> InputError:
    """The error for a name that nothing in the model bears."""
    known = [*model.constants, *model.equations, *others]
    near = difflib.get_close_matches(name.lower(), [each.lower() for each in known], n=1, cutoff=LIKE_ENOUGH)
    remedy = nearest(name, known, LISTING) if near else f"`{LISTING}` lists them. {ADD_A_DRUG}"
    expected = "Expected a stage, quantity, scale, drug, target, source or code of evidence."
    return InputError(Fault(f"`{name}` is nothing in this model.", "", expected, remedy))


def show_model(console: Console, facts: dict[str, Any]) -> None:
    """Print the whole model: each stage, then how well it is known."""
    from resprout.app.terminal import table

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
    columns = ["", "stage", *GRADES, "share assumed"]
    console.print(table(columns, rows, title="How well the constants are known", right=columns[2:]))


def grade_cells(facts: dict[str, Any]) -> list[str]:
    """Counts of the grades and the share assumed."""
    return [*(str(count) for count in facts["grades"].values()), f"{facts['share_assumed']:.0%}"]


def show_stage(console: Console, facts: dict[str, Any]) -> None:
    """Print one stage: equations, then constants with value, unit, spread, source and grade."""
    from rich.text import Text

    from resprout.app.terminal import STAGE_STYLE, graded, number, print_wrapped, table

    style = STAGE_STYLE[facts["stage"]]
    console.rule(Text(f"{facts['number']} {facts['stage']}", style=f"bold {style}"), align="left", style=style)
    for row in facts["equations"]:
        print_wrapped(console, Text(row["equation"], style=style), indent=8)
        print_wrapped(console, Text(f"[{row['unit']}] {row['meaning']}", style="dim"), label="    ", indent=4)
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

    from resprout.app.evidence_codes import quoted
    from resprout.app.terminal import graded, number, print_wrapped

    print_wrapped(console, facts["meaning"], label=Text(f"{facts['name']}  ", style="bold"), indent=2)
    lines: list[tuple[str, Any]] = [("is a", facts["is"]), ("unit", facts["unit"]), ("stands at", facts["where"])]
    if "value" in facts:
        lines[1:2] = [("value", f"{number(facts['value'], 6)} {facts['unit']}")]
        lines += [("variability", facts["spread"] or "none between subjects"), ("grade", graded(facts["grade"]))]
        lines += [("source", text) for text in facts["sources"]] or [("source", "none: assumed")]
        lines += [("evidence", text) for text in quoted(facts["evidence"])]
    else:
        lines.append(("equation", facts["equation"]))
        lines.append(("reads", ", ".join(facts["reads"]) or "nothing"))
    lines.append(("read by", ", ".join(facts["read_by"]) or "doses and recruitment only"))
    for label, value in lines:
        shown = value if isinstance(value, Text) else Text(str(value))
        print_wrapped(console, shown, label=Text(f"  {label:<12}", style="dim"), indent=14)


def show_drugs(console: Console, facts: dict[str, list[dict[str, Any]]]) -> None:
    """Print drugs with their properties and targets, or facts about people or ratings, a table each."""
    from resprout.app.terminal import graded, table

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
    from resprout.app.terminal import table

    columns = ["drug", "acts on", "can be given to", *GRADES]
    rows = [
        [row["drug"], ", ".join(row["acts_on"]), row["given_to"], *(row[name] for name in columns[3:])] for row in facts
    ]
    console.print(table(columns, rows, title=f"{len(rows)} drugs", right=columns[3:]))
    console.print("`resprout describe DRUG` shows the numbers of one, `resprout describe targets` drugs by target.")


def show_targets(console: Console, facts: dict[str, list[dict[str, Any]]]) -> None:
    """Print every target with the drugs that act on it."""
    from resprout.app.terminal import graded, number, table

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
    from resprout.app.terminal import print_wrapped

    print_wrapped(console, facts["source"], indent=2)
    print_wrapped(console, ", ".join(facts["cited_by"]) or "nothing", label="  cited by: ", indent=4)
