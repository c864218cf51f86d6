"""`resprout data forecast`: observed people under several plans from now on, with the probability of each outcome."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from resprout.app.caveats import Shown, shown_by_people
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
)
from resprout.app.options import AsJson, FigureFile, ModelFolder, PictureSize, Seed, TableFile

if TYPE_CHECKING:
    from resprout.patients.dataset import Dataset
    from resprout.patients.person_forecast import Forecast
    from resprout.patients.treatment_plans import Plans

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
    ledger: Annotated[Path | None, typer.Option(help="Write every rating, decision and dose of every draw.")] = None,
    replay: Annotated[Path | None, typer.Option(help="Take the decisions of a ledger again, and compare.")] = None,
    out: FigureFile = None,
    size: PictureSize = None,
    as_json: AsJson = False,
) -> None:
    """Forecast observed people under several plans: response, remission, relapse and side effects. Research only.

    Example: `resprout data forecast my_clinic.csv --plan plan.yaml --out forecast.html`
    """
    decided = {"plan": plan.name, "person": person or None}
    request = Request("data forecast", files, mapping, model, Prior(draws, entry, population, seed), decided)
    targets = {"--table": table, "--ratings": ratings, "--ledger": ledger}
    asked = opened(request, tables=targets, figure=out, size=size)
    from resprout.app.terminal import progress_bar
    from resprout.patients.person_forecast import forecast as forecast_people
    from resprout.patients.treatment_plans import read_plans
    from resprout.trial.decision_ledger import read_ledger

    plans = read_plans(plan, asked.model)
    read = only(asked.data, person or [])
    before = None if replay is None else read_ledger(replay)
    with progress_bar(len(read), "people") as told:
        found = forecast_people(
            asked.people, read, plans, ledger=ledger is not None, replay=before, model=asked.model, progress=told
        )
    written = [(table, lambda: found.outcomes), (ratings, lambda: found.to_come), (ledger, lambda: found.ledger)]
    written += [(out, lambda: picture(read, found) if len(found.outcomes) else None)]
    facts = {name: getattr(found, name) for name in ("outcomes", "to_come", "rules", "left_out")}
    facts["replayed"] = None if before is None else len(before)
    show = partial(show_forecast, found=found, replayed=facts["replayed"])
    shown = forecast_shown(read, found.plans)
    answer(asked, facts, show, written, as_json=as_json, nothing=not len(found.outcomes), shown=shown)


def forecast_shown(read: Dataset, plans: Plans) -> Shown:
    """What a forecast shows, for the limits that touch it.

    read    the people        plans   that they may have
    """
    regimens = [each.regimen.text for each in plans.treatments.values() if each.regimen is not None]
    return shown_by_people(read, [plans.endpoint], regimens, plans.visits_h[-1])


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


def show_forecast(console: Any, found: Forecast, replayed: int | None = None) -> None:
    """Print means over people by plan, the plans of the first people, the rules, and who is left out."""
    from resprout.app.summary_tables import print_rules
    from resprout.app.terminal import table

    people = found.outcomes["patient"].nunique()
    last = found.plans.visits_h[-1] / 24
    console.print(f"{people} {'person' if people == 1 else 'people'}, {found.plans.endpoint} {last:g} days from now")
    columns = ["", *found.plans.treatments]
    parts = [("Mean over people", found.outcomes)] if people > 1 else []
    shown = list(dict.fromkeys(found.outcomes["patient"]))[:MOST_SHOWN]
    parts += [(f"Patient {name}", found.outcomes[found.outcomes["patient"] == name]) for name in shown]
    for title, own in parts:
        console.print(table(columns, outcome_rows(found, own), title=title, right=columns[1:]))
    if people > MOST_SHOWN:
        console.print(f"... and {people - MOST_SHOWN} more; `--table FILE` writes all.")
    print_rules(console, found.rules, "plan")
    for name, reason in found.left_out.items():
        console.print(f"left out: patient {name}: {reason}")
    if replayed is not None:
        console.print(f"{replayed:,} events replayed, each the same.")


def outcome_rows(found: Forecast, own: Any) -> list[list[str]]:
    """Outcomes as rows and plans as columns, in the mean over some people.

    found    the forecast        own   rows of `outcomes` of these people
    returns  rows of cells
    """
    from resprout.patients.treatment_plans import DOSES, OUTCOMES

    means = own.groupby("plan", sort=False).mean(numeric_only=True)
    rows = [[name.replace("_", " "), *(_share(each) for each in means[name])] for name in OUTCOMES]
    rows.append([DOSES, *(f"{each:.1f}" for each in means[DOSES])])
    if found.plans.utility:
        rows.append(["utility", *(f"{each:.2f}" for each in means["utility"])])
        if own["patient"].nunique() > 1:
            best = own.loc[own.groupby("patient")["utility"].idxmax(), "plan"]
            rows.append(["best for", *(str((best == plan).sum()) for plan in means.index)])
    return rows


def _share(value: float) -> str:
    """A probability in per cent; a dash where there is none."""
    if value != value:
        return "–"
    return "<1%" if 0 < value < 0.01 else f"{value:.0%}"
