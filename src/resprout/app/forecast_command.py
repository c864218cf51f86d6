"""`resprout data forecast`: observed people under several plans from now on, with the probability of each outcome."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from resprout.app.observed_commands import (
    NOTICE,
    DataFiles,
    DrawsOption,
    EntryOption,
    MappingFile,
    PopulationOption,
    prior_people,
    read_observed,
)
from resprout.app.options import POPULATIONS, AsJson, FigureFile, ModelFolder, Seed, TableFile, read_choice
from resprout.app.output_files import TABLE_SUFFIXES, check_figure_target, check_target, refuse, save_figure, save_table
from resprout.errors import Fault, nearest

if TYPE_CHECKING:
    from resprout.patients.dataset import Dataset
    from resprout.patients.person_forecast import Forecast

MOST_SHOWN = 6  # people whose plans are printed


def forecast(  # many arguments: files to read and to write, the population and the person shown
    files: DataFiles,
    plan: Annotated[Path, typer.Option("--plan", help="YAML file of the plans to compare.")],
    mapping: MappingFile = None,
    person: Annotated[list[str] | None, typer.Option("--person", help="Forecast these people only.")] = None,
    draws: DrawsOption = 1200,
    entry: EntryOption = "",
    population: PopulationOption = None,
    seed: Seed = 1,
    model: ModelFolder = None,
    table: TableFile = None,
    ratings: Annotated[Path | None, typer.Option(help="Write the ratings to come.")] = None,
    out: FigureFile = None,
    as_json: AsJson = False,
) -> None:
    """Forecast observed people under several plans: response, remission, relapse and side effects. Research only.

    Example: `resprout data forecast my_clinic.csv --plan plan.yaml --out forecast.html`
    """
    faults = check_target("--table", table, TABLE_SUFFIXES) + check_target("--ratings", ratings, TABLE_SUFFIXES)
    faults += check_figure_target("--out", out)
    chosen = read_choice("--population", population, POPULATIONS, faults)
    refuse(faults)
    from resprout.app.terminal import print_json, progress_bar, stdout_console
    from resprout.patients.person_forecast import forecast as forecast_people
    from resprout.patients.treatment_plans import read_plans

    chain, read = read_observed(files, mapping, model)
    plans = read_plans(plan, chain)
    read = only(read, person or [])
    wanted = prior_people(draws, entry, chosen or read.setting.population, seed)
    with progress_bar(len(read), "people") as told:
        found = forecast_people(wanted, read, plans, model=chain, progress=told)
    for target, rows in ((table, found.outcomes), (ratings, found.to_come)):
        if target is not None:
            save_table(rows, target)
    if out is not None and len(found.outcomes):
        save_figure(picture(read, found), out)
    if as_json:
        facts = {name: getattr(found, name).to_dict("records") for name in ("outcomes", "to_come")}
        print_json({**facts, "left_out": found.left_out, "note": NOTICE})
        return
    show_forecast(stdout_console(), found, [target for target in (table, ratings, out) if target])


def only(read: Dataset, names: list[str]) -> Dataset:
    """The people of these names; all where none is named.

    read      everybody              names    as typed
    raises    InputError with every name that nobody has
    """
    from dataclasses import replace

    known = [who.name for who in read.people]
    refuse(
        [
            Fault(f"nobody is called `{name}`.", "--person", "", nearest(name, known))
            for name in names
            if name not in known
        ]
    )
    return replace(read, people=tuple(who for who in read.people if who.name in names)) if names else read


def picture(read: Dataset, found: Forecast) -> Any:
    """The forecast of the first person, beside what was observed.

    read    everybody's observations              found   forecasts
    """
    from resprout.figures.observed_figures import forecast_figure

    name = found.outcomes["patient"].iloc[0]
    seen = read.table[(read.table["patient"] == name) & (read.table["endpoint"] == found.plans.endpoint)]
    to_come = found.to_come[found.to_come["patient"] == name]
    return forecast_figure(
        seen, to_come, title=f"Patient {name}: forecast under {to_come['plan'].nunique()} plans (research only)"
    )


def show_forecast(console: Any, found: Forecast, written: list[Path]) -> None:
    """Print means over people by plan, the plans of the first people, and who is left out."""
    from resprout.app.terminal import table
    from resprout.patients.treatment_plans import OUTCOMES

    people = found.outcomes["patient"].nunique()
    names = [name.replace("_", " ") for name in OUTCOMES]
    last = found.plans.visits_h[-1] / 24
    console.print(f"{people} {'person' if people == 1 else 'people'}, {found.plans.endpoint} {last:g} days from now")
    has_utility = bool(found.plans.utility)
    columns = ["plan", *names, *(["utility", "best for"] if has_utility else [])]
    best = found.outcomes.loc[found.outcomes.groupby("patient")["utility"].idxmax()] if has_utility and people else None
    rows = []
    for plan, own in found.outcomes.groupby("plan", sort=False):
        cells = [plan, *(_share(own[name].mean()) for name in OUTCOMES)]
        if best is not None:
            cells += [f"{own['utility'].mean():.2f}", str(int((best["plan"] == plan).sum()))]
        rows.append(cells)
    if people > 1:
        console.print(table(columns, rows, title="Mean probability", right=columns[1:]))
    columns = ["patient", "plan", *names, *(["utility"] if has_utility else [])]
    rows = []
    for name in list(dict.fromkeys(found.outcomes["patient"]))[:MOST_SHOWN]:
        for row in found.outcomes[found.outcomes["patient"] == name].itertuples():
            shares = [_share(getattr(row, outcome)) for outcome in OUTCOMES]
            rows.append([name, row.plan, *shares, *([f"{row.utility:.2f}"] if has_utility else [])])
    console.print(table(columns, rows, right=columns[2:]))
    if people > MOST_SHOWN:
        console.print(f"... and {people - MOST_SHOWN} more; `--table FILE` writes all.")
    for name, reason in found.left_out.items():
        console.print(f"left out: patient {name}: {reason}")
    for target in written:
        console.print(f"wrote {target}")
    console.print(NOTICE)
    if not people:
        raise typer.Exit(3)


def _share(value: float) -> str:
    """A probability in per cent; a dash where there is none."""
    return "–" if value != value else f"{value:.0%}"
