"""`resprout compare`: single doses of drugs side by side in the typical depressed patient."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from resprout.app.caveats import Caveat, caveat_facts, caveats_for, print_caveats, shown_by_regimens
from resprout.app.options import (
    DRAWS,
    AsJson,
    Draws,
    FigureFile,
    ModelFolder,
    NamedConstants,
    PictureSize,
    TableFile,
    only_named,
    with_population,
)
from resprout.app.provenance import provenance

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from resprout.calibrate.drug_comparison import DrugComparison

ENDS = ("lower", "upper")
OF_WHOM = "the drugs are given to the typical depressed patient"


def compare(  # many arguments: each is an option of the command
    model: ModelFolder = None,
    population: NamedConstants = None,
    draws: Draws = DRAWS,
    as_json: AsJson = False,
    out: FigureFile = None,
    table: TableFile = None,
    size: PictureSize = None,
) -> None:
    """Compare single doses of ketamine and other drugs in the typical depressed patient, with 90 % intervals over posterior draws.

    Example: `resprout compare --out drugs.html`
    """
    from resprout.app.imported_commands import chain_model
    from resprout.app.output_files import TABLE_SUFFIXES, check_figure_target, check_target, refuse
    from resprout.app.terminal import counted_spinner, print_json, stdout_console
    from resprout.calibrate.drug_comparison import compared_at_draws

    faults = [*check_figure_target("--out", out, size), *check_target("--table", table, TABLE_SUFFIXES)]
    named = only_named(population, faults, OF_WHOM)
    refuse(faults)
    with counted_spinner("Simulating each drug") as tell:
        loaded, own = with_population(chain_model(model), named)
        rows = compared_at_draws(loaded, draws, tell)
    many = rows[0].draws if rows else 0
    told = provenance(loaded, "compare", draws=many, **own)
    if as_json:
        facts = {"rows": [comparison_row(row) for row in rows], "draws": many}
        print_json({**facts, "caveats": caveat_facts(limits_of(rows)), "provenance": told})
    else:
        show_comparison(stdout_console(), rows)
        print_caveats(stdout_console(), limits_of(rows))
    save_comparison(rows, out, size, table, told)


def save_comparison(
    rows: list[DrugComparison], out: Path | None, size: str | None, table: Path | None, told: dict[str, Any]
) -> None:
    """Write the figure and the table, as far as they are wanted; `told` is their provenance."""
    from resprout.app.output_files import save_figure, save_table

    if out is not None:
        from resprout.figures.drug_figure import drug_comparison_figure

        save_figure(drug_comparison_figure(rows), out, size)
    if table is not None:
        import pandas as pd

        save_table(pd.DataFrame([comparison_row(row) for row in rows]), table, told)


def limits_of(rows: list[DrugComparison]) -> list[Caveat]:
    """The known limits that touch a comparison."""
    outputs = [name for row in rows[:1] for name in row.value]
    return caveats_for(shown_by_regimens(outputs, [f"{row.drug} {row.given}" for row in rows], hours=24.0))


def comparison_row(row: DrugComparison) -> dict[str, Any]:
    """One drug as a flat record."""
    ends = {f"{name}_{end}": each for name, both in row.interval.items() for end, each in zip(ENDS, both, strict=True)}
    return {"drug": row.drug, "given": row.given, "family": row.family, **row.value, **ends, "note": row.note}


def show_comparison(console: Console, rows: list[DrugComparison]) -> None:
    """Print drugs side by side."""
    from resprout.app.terminal import table
    from resprout.calibrate.drawn_predictions import intervals_sentence
    from resprout.calibrate.drug_comparison import COLUMNS

    digits = {"p_mTOR": 2, "BDNF_release": 1, "HDRS17_24h": 1}

    def said(row: DrugComparison, name: str) -> str:
        places = digits.get(name, 0)
        lines = [(row.value[name],), *([row.interval[name]] if name in row.interval else [])]
        return "\n".join(", ".join(f"{value:+.{places}f}" for value in line) for line in lines)

    cells = [[row.drug, row.family, *(said(row, name) for name in COLUMNS), row.note] for row in rows]
    columns = ["drug", "family", *COLUMNS, "note"]
    console.print(table(columns, cells, title="One dose in the typical depressed patient", right=list(COLUMNS)))
    for name, meaning in COLUMNS.items():
        console.print(f"  [dim]{name}: {meaning}[/]")
    if rows and rows[0].draws:
        console.print(f"Below each value: its interval. {intervals_sentence(rows[0].draws)}")
