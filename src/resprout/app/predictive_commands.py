"""`resprout data simulate`: observed people beside people of the population under the same doses, as tables and figures."""

from __future__ import annotations

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
    opened,
)
from resprout.app.options import AsJson, FigureFile, ModelFolder, PictureSize, Seed, TableFile, read_choice
from resprout.errors import Fault

if TYPE_CHECKING:
    from resprout.language import Model
    from resprout.patients.predictive_simulations import Simulated

CHECKS = ("vpc", "pcvpc", "npde", "fit", "spaghetti")


def simulate(  # many arguments: files to read and to write, the population, and what is drawn
    files: DataFiles,
    mapping: MappingFile = None,
    replicates: Annotated[int, typer.Option(min=20, max=5000, help="How often each person is simulated.")] = 200,
    baseline: Annotated[
        bool, typer.Option("--baseline", help="Only people who may have the person's ratings before the first dose.")
    ] = False,
    figure: Annotated[str, typer.Option(help="vpc, pcvpc (prediction-corrected), npde, fit or spaghetti.")] = "vpc",
    draws: DrawsOption = 1200,
    entry: EntryOption = "",
    population: PopulationOption = None,
    seed: Seed = 1,
    model: ModelFolder = None,
    table: TableFile = None,
    predictions: Annotated[Path | None, typer.Option(help="Write observations beside population predictions.")] = None,
    out: FigureFile = None,
    size: PictureSize = None,
    as_json: AsJson = False,
) -> None:
    """Simulate observed people from the population, with their doses and covariates, and compare with what was observed.

    Example: `resprout data simulate my_clinic.csv --figure vpc --out vpc.html`
    """
    faults: list[Fault] = []
    drawn = read_choice("--figure", figure, CHECKS, faults) or "vpc"
    decided = {"replicates": replicates, "given_baseline": baseline, "check": drawn}
    request = Request("data simulate", files, mapping, model, Prior(draws, entry, population, seed), decided)
    targets = {"--table": table, "--predictions": predictions}
    asked = opened(request, tables=targets, figure=out, size=size, faults=faults)
    from resprout.app.terminal import progress_bar
    from resprout.patients.predictive_simulations import simulate_data

    with progress_bar(len(asked.data), "people") as told:
        found = simulate_data(
            asked.people, asked.data, replicates=replicates, given_baseline=baseline, model=asked.model, progress=told
        )
    check = check_table(found, asked.model, corrected=drawn == "pcvpc")

    written = [(table, lambda: check), (predictions, lambda: found.predictions)]
    written += [(out, lambda: picture(found, check, drawn))]
    facts = {"check": check, "errors": error_facts(found), "left_out": found.left_out}
    show = partial(show_simulated, found=found, check=check)
    shown = shown_by_people(asked.data, set(found.observations["endpoint"]))
    answer(asked, facts, show, written, as_json=as_json, nothing=not len(check), shown=shown)


def check_table(found: Simulated, model: Model, *, corrected: bool) -> Any:
    """The visual predictive check as a data frame.

    found       simulated people        model   whose scales say where scores begin
    corrected   whether predictions that differ within a bin are corrected for
    """
    import pandas as pd

    from resprout.patients.predictive_checks import CHECK_COLUMNS, predictive_check

    lowest = {name: scale.lowest for name, scale in model.scales.items()}
    rows = predictive_check(found, corrected=corrected, lowest=lowest)
    return pd.DataFrame(rows, columns=list(CHECK_COLUMNS))


def picture(found: Simulated, check: Any, kind: str) -> Any:
    """The figure of one kind.

    found   simulated people        check   table of the visual predictive check        kind   one of CHECKS
    """
    from resprout.figures import observed_figures as figures
    from resprout.patients.predictive_checks import discrepancies

    people = found.observations["patient"].nunique()
    if kind == "npde":
        title = f"Prediction errors of {people} people"
        return figures.discrepancy_figure(discrepancies(found), found.observations, title=title)
    if kind == "fit":
        return figures.agreement_figure(
            found.predictions, title=f"Observed over predicted by the population: {people} people"
        )
    if kind == "spaghetti":
        return figures.trajectory_figure(found.observations, title=f"{people} observed people")
    corrected = "prediction-corrected " if kind == "pcvpc" else ""
    title = f"{people} people: {corrected}visual predictive check, {found.replicates.shape[1]} replicates"
    return figures.check_figure(check, found.observations, title=title)


def error_facts(found: Simulated) -> list[dict[str, Any]]:
    """Mean, variance and p values of the normalised prediction distribution errors by endpoint."""
    from resprout.patients.predictive_checks import discrepancies

    names = ("endpoint", "mean", "variance", "p_mean", "p_variance", "p_normal", "p")
    return [
        {"observations": len(each.values)} | {name: getattr(each, name) for name in names}
        for each in discrepancies(found)
    ]


def show_simulated(console: Any, found: Simulated, check: Any) -> None:
    """Print how many observed percentiles lie within those of the replicates, and the errors by endpoint."""
    from resprout.app.terminal import number, p_value, table

    given = ", given their ratings before the first dose" if found.given_baseline else ""
    people = found.observations["patient"].nunique()
    console.print(f"{people} people, {found.replicates.shape[1]} replicates of each{given}")
    limits = found.predictions
    inside = (limits["observed"] >= limits["lower"]) & (limits["observed"] <= limits["upper"]) & ~limits["below"]
    rows = []
    for each in error_facts(found):
        own = check[(check["endpoint"] == each["endpoint"]) & check["observed"].notna()]
        within = ((own["observed"] >= own["lower"]) & (own["observed"] <= own["upper"])).sum()
        mine = (limits["endpoint"] == each["endpoint"]) & ~limits["below"]
        share = f"{inside[mine].mean():.0%}"
        numbers = (f"{each['mean']:+.2f}", number(each["variance"], 2), p_value(each["p"]))
        rows.append([each["endpoint"], each["observations"], share, f"{within} of {len(own)}", *numbers])
    columns = ["endpoint", "observations", "in 90%", "percentiles in 95%", "NPDE mean", "variance", "p"]
    console.print(table(columns, rows, right=columns[1:]))
    for name, reason in found.left_out.items():
        console.print(f"left out: patient {name}: {reason}")
