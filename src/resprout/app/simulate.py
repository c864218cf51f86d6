"""`resprout simulate`: one regimen, virtual patients, any output."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from resprout.app.keep import (
    PAGE_SUFFIXES,
    TABLE_SUFFIXES,
    check_run_target,
    check_target,
    keep_page,
    keep_run,
    keep_table,
    refuse,
)
from resprout.app.options import GENOTYPES, POPULATIONS, read_choice, read_days, read_outputs, read_pairs
from resprout.errors import Fault

if TYPE_CHECKING:
    import xarray as xr

REGIMEN = typer.Argument(help='For example "ketamine 0.5 mg/kg iv over 40 min", or saline.')
SHOWN = (
    "ketamine_venous",
    "ketamine_brain",
    "PV_NMDA_block",
    "pyramidal_rate",
    "PV_rate",
    "SST_rate",
    "glutamate_release",
    "p_mTOR",
    "synaptic_protein",
    "spine_density",
    "connectivity",
    "HDRS17",
    "VAS_high",
    "BPRS_positive",
)


def simulate(
    regimen: Annotated[str, REGIMEN],
    patients: Annotated[int, typer.Option(min=1, help="How many virtual patients.")] = 1000,
    days: Annotated[float, typer.Option(help="How long to follow them after the first dose.")] = 14.0,
    outputs: Annotated[
        str | None, typer.Option(help="Outputs to keep, joined by commas; the usual ones if left out.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Patient k is the same person in any draw with this seed.")] = 1,
    population: Annotated[str, typer.Option(help="mdd or healthy.")] = "mdd",
    genotype: Annotated[str | None, typer.Option(help="BDNF rs6265 of everybody: val/val, val/met or met/met.")] = None,
    entry: Annotated[str | None, typer.Option(help='Entry criteria; "HDRS17>=18" if left out for mdd.')] = None,
    block: Annotated[list[str] | None, typer.Option(help="Block a step, NAME=SHARE from 0 to 1; repeatable.")] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", help="Set a constant, NAME=VALUE; repeatable.")] = None,
    model: Annotated[Path | None, typer.Option("--model", help="Folder of a model of one's own.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write the whole run: .nc or .zarr.")] = None,
    table: Annotated[Path | None, typer.Option(help="Write the long table: .csv or .parquet.")] = None,
    report: Annotated[Path | None, typer.Option(help="Write a report that opens offline: .html.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Give virtual patients a regimen and follow them from dose to score.

    Example: `resprout simulate "ketamine 0.5 mg/kg iv over 40 min" --patients 1000 --days 14 --table t.csv`
    """
    faults: list[Fault] = []
    asked = read_outputs(outputs, faults)
    blocks = read_pairs("--block", block or [], "mTORC1=0.9", faults)
    overrides = read_pairs("--set", set_ or [], "glial_uptake=0.7", faults)
    chosen = read_choice("--population", population, POPULATIONS, faults)
    gene = read_choice("--genotype", genotype, GENOTYPES, faults)
    read_days(days, faults)
    faults += check_run_target(out)
    faults += check_target("--table", table, TABLE_SUFFIXES)
    faults += check_target("--report", report, PAGE_SUFFIXES)
    refuse(faults)

    from resprout.app.screen import waiting
    from resprout.language import load_model
    from resprout.people import recruit
    from resprout.trial import simulate as follow

    with waiting(f"Following {patients:,} patients for {days:g} days"):
        loaded = load_model(model)
        people = recruit(patients, seed=seed, entry=entry, population=chosen or "mdd", model=loaded)
        run = follow(
            loaded,
            people,
            regimen,
            days=days,
            outputs=asked,
            blocks=blocks,
            overrides=overrides,
            genotype=gene,
        )
    with waiting("Writing"):
        written = keep_all(run, regimen, loaded, out, table, report)
    show(run, regimen, asked, written, as_json)


def keep_all(
    run: xr.Dataset, regimen: str, loaded: Any, out: Path | None, table: Path | None, report: Path | None
) -> list[Path]:
    """Write what was asked for; the files written."""
    if out is not None:
        keep_run(run, out)
    if table is not None:
        from resprout.trial import long_table

        keep_table(long_table(run, regimen), table)
    if report is not None:
        from resprout.app.report import run_page

        keep_page(run_page(run, loaded, regimen), report)
    return [path for path in (out, table, report) if path is not None]


def show(run: xr.Dataset, regimen: str, asked: list[str] | None, written: list[Path], as_json: bool) -> None:
    """Print the summary of a run, and where its files are."""
    from resprout.app.outcome import failed_patients, outputs_of, summary, summary_cells
    from resprout.app.screen import print_json, screen, table

    there = outputs_of(run)
    rows = summary(run, asked or [name for name in SHOWN if name in there] or there)
    failed = failed_patients(run)
    if as_json:
        facts = {"regimen": regimen, "patients": run.sizes["patient"], "failed": failed, "rows": rows}
        print_json({**facts, "provenance": dict(run.attrs), "files": [str(path) for path in written]})
        return
    columns, cells = summary_cells(rows)
    console = screen()
    title = f"{regimen}: mean of {run.sizes['patient'] - failed:,} virtual patients"
    console.print(table(columns, cells, title=title, right=columns[2:]))
    if failed:
        console.print(f"{failed} patients could not be solved and are left out.")
    for path in written:
        console.print(f"wrote {path}")
