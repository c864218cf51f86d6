"""`resprout data check` and `data fit`: a table of observed people, what was read of it, and what it says of each person."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from resprout.app.options import POPULATIONS, AsJson, ModelFolder, Seed, TableFile, read_choice
from resprout.app.output_files import TABLE_SUFFIXES, check_target, refuse, save_table

if TYPE_CHECKING:
    from resprout.language import Model
    from resprout.patients.dataset import Dataset
    from resprout.patients.individual_posteriors import Posteriors
    from resprout.simulation import People

DataFiles = Annotated[
    list[Path],
    typer.Argument(metavar="FILES", help="Tables: .csv, .tsv, .parquet or .xpt; `example` is the shipped one."),
]
MappingFile = Annotated[
    Path | None, typer.Option("--mapping", help="YAML file that says what columns, units and codes mean.")
]
DrawsOption = Annotated[
    int, typer.Option("--draws", min=800, max=100_000, help="People drawn from the population for each person.")
]
EntryOption = Annotated[
    str, typer.Option("--entry", help="True HDRS17 of the population, such as `HDRS17>=14`.", show_default=False)
]
PopulationOption = Annotated[
    str | None, typer.Option("--population", help="mdd, bipolar or healthy; that of the mapping if left out.")
]
FittedTable = Annotated[Path | None, typer.Option("--observations", help="Write observations beside predictions.")]
NOTICE = "For research and teaching. Not medical advice: nothing here says what a person should take."
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
    refuse(check_target("--table", table, TABLE_SUFFIXES))
    from resprout.app.terminal import print_json, stdout_console

    _, read = read_observed(files, mapping, model)
    if table is not None:
        save_table(read.table, table)
    if as_json:
        print_json(facts_of(read))
        return
    console = stdout_console()
    show_read(console, read)
    if table is not None:
        console.print(f"wrote {table}")


def read_observed(files: list[Path], mapping: Path | None, folder: Path | None) -> tuple[Model, Dataset]:
    """The model and the checked table; arguments as in `check`.

    files     tables          mapping   YAML file, or None          folder   of a user-defined model, or None
    returns   the model and the people
    """
    from resprout.app.terminal import status_spinner
    from resprout.language import load_model
    from resprout.patients.read_data import read_data

    model = load_model() if folder is None else load_model(folder)
    with status_spinner("Reading"):
        return model, read_data(files, mapping, model=model)


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
    draws: DrawsOption = 1200,
    entry: EntryOption = "",
    population: PopulationOption = None,
    seed: Seed = 1,
    model: ModelFolder = None,
    table: TableFile = None,
    observations: FittedTable = None,
    as_json: AsJson = False,
) -> None:
    """Learn about each observed person: clearance, response, placebo response and more, with 90 % intervals.

    Example: `resprout data fit my_clinic.csv --table traits.csv`
    """
    faults = check_target("--table", table, TABLE_SUFFIXES)
    faults += check_target("--observations", observations, TABLE_SUFFIXES)
    chosen = read_choice("--population", population, POPULATIONS, faults)
    refuse(faults)
    from resprout.app.terminal import print_json, progress_bar, stdout_console
    from resprout.patients.individual_posteriors import update

    chain, read = read_observed(files, mapping, model)
    wanted = prior_people(draws, entry, chosen or read.setting.population, seed)
    with progress_bar(len(read), "people") as progress:
        found = update(wanted, read, model=chain, progress=progress)
    written = [(target, rows) for target, rows in ((table, found.traits), (observations, found.observations)) if target]
    for target, rows in written:
        save_table(rows, target)
    if as_json:
        print_json({name: getattr(found, name).to_dict("records") for name in ("people", "traits", "observations")})
        return
    console = stdout_console()
    show_fit(console, found)
    for target, _ in written:
        console.print(f"wrote {target}")
    console.print(NOTICE)
    if not (found.people["status"] == "reported").any():
        raise typer.Exit(3)


def prior_people(draws: int, entry: str, population: str, seed: int) -> People:
    """The population that observed people are from; arguments as in `fit`."""
    from resprout.simulation import People

    return People(draws, seed=seed, population=population, entry=entry.strip() or None)


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
        cells = [_interval(own.loc[trait]) if trait in own.index else "–" for trait in wide]
        lines.append([name, *cells])
    if lines:
        console.print(table(["patient", *wide], lines, title="Median and 90 % interval"))
    if len(reported) > MOST_SHOWN:
        console.print(f"... and {len(reported) - MOST_SHOWN} more; `--table FILE` writes all.")
    for row in found.people[found.people["status"] == "refused"].itertuples():
        console.print(f"refused: patient {row.patient}: {row.reason}")


def _interval(row: Any) -> str:
    """A median with its 90 % interval."""
    from resprout.app.terminal import interval, number

    return f"{number(row['median'], 2)} ({interval(float(f'{row.lower:.2g}'), float(f'{row.upper:.2g}'))})"
