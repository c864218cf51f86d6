"""`resprout published`: every published number of the shipped trials beside its prediction, and how many lie inside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from resprout.app.options import AsJson, Point, Seed, TableFile, Trials
from resprout.app.output_files import TABLE_SUFFIXES, check_target, refuse, save_table
from resprout.app.provenance import provenance

if TYPE_CHECKING:
    from resprout.app.table_layout import FittedTable

COLUMNS = ["evidence", "arm", "endpoint", "time", "statistic", "published", "predicted", "95 % interval", "inside"]
BOUNDS = {"": "", "upper": "≤ ", "lower": "≥ "}


def published(
    trials: Trials = None,
    replicates: Annotated[int | None, typer.Option(min=20, help="Replicates; each protocol's own if left out.")] = None,
    seed: Seed = 1,
    point: Point = False,
    table: TableFile = None,
    as_json: AsJson = False,
) -> None:
    """Compare published results of trials with their 95 % prediction intervals, and report the coverage.

    Example: `resprout published berman2000 murrough2013_midazolam --replicates 100`
    """
    refuse(check_target("--table", table, TABLE_SUFFIXES))
    import pandas as pd

    from resprout.app.terminal import print_json, stdout_console
    from resprout.app.trial_progress import people_counted
    from resprout.language import load_model
    from resprout.people.draws import draws_words
    from resprout.trial.protocol import find_protocol, shipped_protocols
    from resprout.trial.published_numbers import PUBLISHED_COLUMNS, inside_share
    from resprout.trial.trial import published_of

    names = trials or list(shipped_protocols())
    for name in names:
        find_protocol(name)
    model, rows, console = load_model(), [], stdout_console()
    for name in names:
        with people_counted(name, model, replicates):
            found = published_of(name, model, replicates, seed, point=point)
        rows += found
        if not as_json and found:
            console.print(rows_table(found, title=name))
    inside, counted = inside_share(rows)
    facts = {"trials": names, "replicates": replicates, "seed": seed, "constants": draws_words(model, point)}
    told = provenance(model, "published", **facts)
    if table is not None:
        save_table(pd.DataFrame(rows, columns=PUBLISHED_COLUMNS), table, told)
    if as_json:
        files = [] if table is None else [str(table)]
        print_json({"rows": rows, "inside": inside, "counted": counted, "provenance": told, "files": files})
        return
    console.print(count_sentence(inside, counted))
    if table is not None:
        console.print(f"wrote {table}")


def rows_table(rows: list[dict[str, Any]], title: str = "") -> FittedTable:
    """Published numbers beside predictions, for the screen."""
    from resprout.app.terminal import table

    return table(COLUMNS, published_cells(rows), title=title, right=COLUMNS[5:8])


def published_cells(rows: list[dict[str, Any]]) -> list[list[str]]:
    """Published numbers beside predictions, a row each; columns are COLUMNS."""
    from resprout.app.terminal import interval, number
    from resprout.figures.spoken_units import format_time

    results = {True: "yes", False: "no", None: "not counted"}
    return [
        [
            row["evidence"],
            row["arm"] or "all",
            row["endpoint"],
            "–" if row["time_h"] != row["time_h"] else format_time(row["time_h"]),
            row["statistic"],
            f"{BOUNDS[row['bound']]}{number(row['published'])}",
            number(row["predicted"]),
            interval(row["lower"], row["upper"]),
            results[None if row["inside"] is None or row["inside"] != row["inside"] else bool(row["inside"])],
        ]
        for row in rows
    ]


def count_sentence(inside: int, counted: int) -> str:
    """How many published numbers the predictions hold, in a sentence."""
    if not counted:
        return "No published number of these trials was read in a source or in a page that cites it."
    return (
        f"{inside} of {counted} published numbers ({inside / counted:.0%}) lie inside the 95 % prediction interval over replicates; "
        "numbers not verified at source are shown and not counted."
    )
