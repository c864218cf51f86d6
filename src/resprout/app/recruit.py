"""`resprout recruit`: a cohort of virtual patients, who they are, and the file that lists them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from resprout.app.keep import TABLE_SUFFIXES, check_target, keep_table, refuse
from resprout.app.options import POPULATIONS, read_choice
from resprout.errors import Fault

if TYPE_CHECKING:
    import pandas as pd

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
    n: Annotated[int, typer.Argument(min=1, max=1_000_000, help="How many people.")],
    entry: Annotated[
        str, typer.Option(help="Criteria, for instance `HDRS17>=18, age 18-65, resistant`.", show_default=False)
    ] = "",
    population: Annotated[str, typer.Option(help="mdd, bipolar or healthy.")] = "mdd",
    genotype: Annotated[str | None, typer.Option(help="rs6265 genotype given to everybody.")] = None,
    rated: Annotated[bool, typer.Option(help="Screen by a rating, as trials do, not by the true score.")] = True,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same people.")] = 1,
    table: Annotated[Path | None, typer.Option(help="Write a row a person: .csv or .parquet.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Draw people from the ill population by entry criteria, and show who they are.

    Example: `resprout recruit 200 --entry "MADRS>=28, resistant" --table people.csv`
    """
    faults: list[Fault] = check_target("--table", table, TABLE_SUFFIXES)
    chosen = read_choice("--population", population, POPULATIONS, faults) or "mdd"
    refuse(faults)
    from resprout.app.screen import print_json, screen, waiting
    from resprout.app.screen import table as drawn
    from resprout.language import load_model
    from resprout.people import recruit as recruit_people
    from resprout.people.entry import default_entry, read_entry
    from resprout.people.screening import Visit
    from resprout.trial.ratings import screening_rater
    from resprout.trial.treatment_history import failed_before

    model = load_model()
    wanted = read_entry(entry) if entry.strip() else default_entry(chosen, model)
    with waiting(f"Recruiting {n:,} people"):
        cohort = recruit_people(
            n,
            seed=seed,
            entry=wanted,
            population=chosen,
            genotype=genotype,
            model=model,
            visit=Visit(screening_rater(model) if rated else None, failed_before(model) if wanted.resistant else None),
        )
    if table is not None:
        keep_table(cohort.covariates, table)
    facts = summary(cohort.covariates)
    if as_json:
        print_json({"people": n, "screened": cohort.screened, **facts, "files": [] if table is None else [str(table)]})
        return
    console = screen()
    console.print(f"{n:,} people of {cohort.screened:,} screened ({chosen}, seed {seed})")
    columns = ["", "mean", "SD", "5 %", "95 %"]
    rows = [[name, *(f"{value:.3g}" for value in values.values())] for name, values in facts["numbers"].items()]
    console.print(drawn(columns, rows, right=columns[1:]))
    shares = [
        [name, ", ".join(f"{group} {share:.0%}" for group, share in found.items())]
        for name, found in facts["groups"].items()
    ]
    console.print(drawn(["", "shares"], shares))
    if table is not None:
        console.print(f"wrote {table}")


def summary(people: pd.DataFrame) -> dict[str, Any]:
    """Means, spreads and shares of a cohort."""
    numbers = {
        name: {
            "mean": float(people[name].mean()),
            "sd": float(people[name].std()) if len(people) > 1 else 0.0,
            "lower": float(people[name].quantile(0.05)),
            "upper": float(people[name].quantile(0.95)),
        }
        for name in NUMBERS
        if name in people
    }
    groups = {name: people[name].value_counts(normalize=True).to_dict() for name in GROUPS if name in people}
    return {"numbers": numbers, "groups": groups}
