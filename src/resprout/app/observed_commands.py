"""`resprout data check` and `data fit`: a table of observed people, what was read of it, and what it says of each person."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from resprout.app.caveats import shown_by_people
from resprout.app.observed_opening import (
    DataFiles,
    DrawsOption,
    EntryOption,
    MappingFile,
    PopulationOption,
    Prior,
    Request,
    answer,
    only,
    opened,
    posteriors_of,
)
from resprout.app.options import AsJson, FigureFile, ModelFolder, PictureSize, Seed, TableFile

if TYPE_CHECKING:
    from resprout.patients.dataset import Dataset
    from resprout.patients.individual_posteriors import Posteriors

TrajectoryTable = Annotated[
    Path | None, typer.Option("--trajectory", help="Write what is expected between the visits, with 90 % intervals.")
]
Persons = Annotated[list[str] | None, typer.Option("--person", help="Learn about these people only.")]
FittedTable = Annotated[Path | None, typer.Option("--observations", help="Write observations beside predictions.")]
MOST_SHOWN = 12  # people whose traits are printed


def check(
    files: DataFiles,
    mapping: MappingFile = None,
    model: ModelFolder = None,
    table: TableFile = None,
    as_json: AsJson = False,
) -> None:
    """Check a table of observed people: doses, levels, ratings and covariates, as NONMEM takes them or as a long table.

    Example: `resprout data check my_clinic.csv --mapping my_clinic.yaml`
    """
    asked = opened(Request("data check", files, mapping, model), tables={"--table": table})
    written = [(table, lambda: asked.data.table)]
    answer(asked, facts_of(asked.data), lambda console: show_read(console, asked.data), written, as_json=as_json)


def show_read(console: Any, read: Dataset) -> None:
    """Print what was read and what was not."""
    from resprout.app.terminal import number, table

    occasions = sum(len(who.occasions) for who in read.people)
    more = f" on {occasions} occasions" if occasions > len(read) else ""
    console.print(f"{', '.join(read.source)}: {len(read)} {'person' if len(read) == 1 else 'people'}{more}, no fault.")
    columns = ["read", "rows", "people", "lowest", "highest", "unit"]
    rows = [[what, many, people, number(low), number(high), unit] for what, many, people, low, high, unit in read.read]
    console.print(table(columns, rows, right=columns[1:5]))
    if not read.not_read:
        console.print("Every row and every column was read.")
        return
    columns = ["not read", "rows", "first row", "reason"]
    console.print(table(columns, read.not_read, right=columns[1:3]))


def facts_of(read: Dataset) -> dict[str, Any]:
    """What was read, as data."""
    from resprout.patients.dataset import NOT_READ_COLUMNS, READ_COLUMNS

    return {
        "people": len(read),
        "files": list(read.source),
        "read": [dict(zip(READ_COLUMNS, row, strict=True)) for row in read.read],
        "not_read": [dict(zip(NOT_READ_COLUMNS, row, strict=True)) for row in read.not_read],
        "setting": vars(read.setting),
    }


def fit(  # many arguments: files to read and to write, and the population
    files: DataFiles,
    mapping: MappingFile = None,
    person: Persons = None,
    draws: DrawsOption = 1200,
    entry: EntryOption = "",
    population: PopulationOption = None,
    seed: Seed = 1,
    model: ModelFolder = None,
    table: TableFile = None,
    observations: FittedTable = None,
    trajectory: TrajectoryTable = None,
    out: FigureFile = None,
    size: PictureSize = None,
    as_json: AsJson = False,
) -> None:
    """Learn about each observed person: clearance, response, placebo response and more, with 90 % intervals.

    Example: `resprout data fit my_clinic.csv --table traits.csv`
    """
    from resprout.patients.expected_trajectory import expected_trajectory

    prior = Prior(draws, entry, population, seed)
    request = Request("data fit", files, mapping, model, prior, {"person": person or None})
    tables = {"--table": table, "--observations": observations, "--trajectory": trajectory}
    asked = opened(request, tables=tables, figure=out, size=size)
    asked = replace(asked, data=only(asked.data, person or []))
    found = posteriors_of(asked)
    expected = expected_trajectory(found) if trajectory is not None or out is not None else None
    facts = {name: getattr(found, name) for name in ("people", "traits", "observations")}
    written = [
        (table, lambda: found.traits),
        (observations, lambda: found.observations),
        (trajectory, lambda: expected),
    ]
    written += [(out, lambda: picture(asked.data, expected))]
    nothing = not (found.people["status"] == "reported").any()
    shown = shown_by_people(asked.data, set(found.observations["endpoint"]))
    show = partial(show_fit, found=found)
    answer(asked, facts, show, written, as_json=as_json, nothing=nothing, shown=shown)


def picture(read: Dataset, trajectory: Any) -> Any:
    """The trajectory of the first person who is reported, beside what was observed; None where nobody is.

    read     everybody's observations         trajectory   rows of `expected_trajectory`
    """
    from resprout.figures.observed_figures import expectation_figure

    if not len(trajectory):
        return None
    name = trajectory["patient"].iloc[0]
    seen = read.table[read.table["patient"] == name]
    title = f"Patient {name}: expected trajectory, given the data (research only)"
    return expectation_figure(trajectory[trajectory["patient"] == name], seen, title=title)


def show_fit(console: Any, found: Posteriors) -> None:
    """Print how much the data tell of each trait, the traits of the first people, and who is refused."""
    from resprout.app.terminal import number, table
    from resprout.patients.person_traits import TRAITS

    reported = found.people[found.people["status"] == "reported"]
    sizes = reported["effective_size"]
    said = (
        f"{len(reported)} of {len(found)} people; effective sample size {number(sizes.min())} to {number(sizes.max())}"
    )
    console.print(said if len(reported) else f"0 of {len(found)} people")
    told = found.traits.dropna(subset=["median"])
    columns = ["trait", "unit", "people", "contraction", "meaning"]
    rows = []
    for name, own in told.groupby("trait", sort=False):
        share = f"{max(own['contraction'].median(), 0.0):.0%}"
        rows.append([name, TRAITS[str(name)].unit, len(own), share, TRAITS[str(name)].meaning])
    console.print(table(columns, rows, right=columns[2:4]))
    first = list(reported["patient"].head(MOST_SHOWN))
    wide = ["ketamine_clearance", "severity_before", "drug_relief", "placebo_relief"]
    lines = []
    for name in first:
        own = told[told["patient"] == name].set_index("trait")
        cells = [_interval(own.loc[trait], TRAITS[trait].unit) if trait in own.index else "–" for trait in wide]
        lines.append([name, *cells])
    if lines:
        console.print(table(["patient", *wide], lines, title="Median and 90 % interval", right=wide))
    if len(reported) > MOST_SHOWN:
        console.print(f"... and {len(reported) - MOST_SHOWN} more; `--table FILE` writes all.")
    for row in found.people[found.people["status"] == "refused"].itertuples():
        console.print(f"refused: patient {row.patient}: {row.reason}")


def _interval(row: Any, unit: str) -> str:
    """A median with its 90 % interval; of a share in per cent."""
    from resprout.app.terminal import number

    if unit == "1":
        return f"{row['median']:.0%} ({100 * row.lower:.0f} to {100 * row.upper:.0f})"
    return f"{number(row['median'], 2)} ({number(row.lower, 2)} to {number(row.upper, 2)})"
