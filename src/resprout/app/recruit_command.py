"""`resprout recruit`: a cohort of virtual patients, its summary, and a file with one row per patient."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from resprout.app.options import AsJson, read_named_population
from resprout.app.output_files import TABLE_SUFFIXES, check_target, refuse, save_table
from resprout.app.provenance import provenance
from resprout.errors import Fault

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console

    from resprout.people import Cohort
    from resprout.people.named_population import NamedPopulation

NUMBERS = (
    "age",
    "height_cm",
    "weight_kg",
    "BMI",
    "glial_uptake",
    "stress",
    "placebo_propensity",
    "recovery",
    "HDRS17",
    "MADRS",
)

GROUPS = ("sex", "ancestry", "genotype", "CYP2B6", "comedication")


def recruit(
    n: Annotated[int, typer.Argument(min=1, max=1_000_000, help="Number of patients.")],
    entry: Annotated[
        str, typer.Option(help="Entry criteria, for instance `HDRS17>=18, age 18-65, resistant`.", show_default=False)
    ] = "",
    population: Annotated[str, typer.Option(help="mdd, bipolar, healthy or the file of a named population.")] = "mdd",
    genotype: Annotated[str | None, typer.Option(help="rs6265 genotype given to every patient.")] = None,
    rated: Annotated[bool, typer.Option(help="Screen by a rating, as trials do, not by the true score.")] = True,
    seed: Annotated[int, typer.Option(min=0, help="Seed; the same seed gives the same patients.")] = 1,
    table: Annotated[Path | None, typer.Option(help="Write one row per patient: .csv or .parquet.")] = None,
    as_json: AsJson = False,
) -> None:
    """Sample candidates, enrol those who meet the entry criteria, and summarise them.

    Example: `resprout recruit 200 --entry "MADRS>=28, resistant" --table patients.csv`
    """
    faults: list[Fault] = check_target("--table", table, TABLE_SUFFIXES)
    shipped, named = read_named_population(population, faults)
    chosen = shipped or "mdd"
    refuse(faults)
    from resprout.app.terminal import print_json, stdout_console
    from resprout.language import load_model

    cohort = enrolled(n, entry, chosen, genotype, rated, seed, named)
    wanted = {"patients": n, "entry": entry or None, "seed": seed, "genotype": genotype, "rated": rated}
    told = provenance(load_model(), "recruit", population=population if named else chosen, **wanted)
    if table is not None:
        save_table(cohort.covariates, table, told)
    facts = summary(cohort.covariates)
    if as_json:
        files = [] if table is None else [str(table)]
        print_json({"patients": n, "screened": cohort.screened, **facts, "provenance": told, "files": files})
        return
    console = stdout_console()
    console.print(
        f"{n:,} patients enrolled of {cohort.screened:,} candidates screened ({population if named else chosen}, seed {seed})"
    )
    show_summary(console, facts)
    if table is not None:
        console.print(f"wrote {table}")


def enrolled(
    n: int,
    entry: str,
    population: str,
    genotype: str | None,
    rated: bool,
    seed: int,
    named: NamedPopulation | None = None,
) -> Cohort:
    """Recruit by entry criteria given as text, the default ones if empty; arguments as in `recruit`."""
    from resprout.app.terminal import status_spinner
    from resprout.language import load_model
    from resprout.people import recruit as recruit_cohort
    from resprout.people.entry import default_entry, read_entry
    from resprout.people.ratings import screening_rater
    from resprout.people.screening import Visit

    model = load_model() if named is None else named.applied(load_model())
    wanted = read_entry(entry, model) if entry.strip() else default_entry(population, model)
    with status_spinner(f"Recruiting {n:,} patients"):
        return recruit_cohort(
            n,
            seed=seed,
            entry=wanted,
            population=population,
            genotype=genotype,
            model=model,
            visit=Visit(screening_rater(model) if rated else None),
        )


def show_summary(console: Console, facts: dict[str, Any]) -> None:
    """Print means, standard deviations and quantiles of numbers, and the shares of groups."""
    from resprout.app.terminal import table

    columns = ["", "mean", "SD", "5 %", "95 %"]
    rows = [[name, *(f"{value:.3g}" for value in values.values())] for name, values in facts["numbers"].items()]
    console.print(table(columns, rows, right=columns[1:]))
    shares = [
        [name, ", ".join(f"{group} {share:.0%}" for group, share in found.items())]
        for name, found in facts["groups"].items()
    ]
    console.print(table(["", "shares"], shares))


def summary(patients: pd.DataFrame) -> dict[str, Any]:
    """Means, standard deviations, 5 % and 95 % quantiles, and shares of a cohort."""
    numbers = {
        name: {
            "mean": float(patients[name].mean()),
            "sd": float(patients[name].std()) if len(patients) > 1 else 0.0,
            "lower": float(patients[name].quantile(0.05)),
            "upper": float(patients[name].quantile(0.95)),
        }
        for name in NUMBERS
        if name in patients
    }
    groups = {name: patients[name].value_counts(normalize=True).to_dict() for name in GROUPS if name in patients}
    return {"numbers": numbers, "groups": groups}
