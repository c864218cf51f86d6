"""`resprout simulate`: one regimen, any number of virtual patients, any output; memory does not grow with the patients."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from resprout.app.imported_commands import follow_file, span_hours
from resprout.app.options import (
    GENOTYPES,
    POPULATIONS,
    PRECISIONS,
    read_choice,
    read_days,
    read_ids,
    read_outputs,
    read_pairs,
)
from resprout.app.output_files import (
    PAGE_SUFFIXES,
    RUN_SUFFIXES,
    TABLE_SUFFIXES,
    check_target,
    refuse,
    save_page,
    save_rows,
    save_run,
)
from resprout.dosing.regimen import Regimen
from resprout.errors import Fault, InputError

if TYPE_CHECKING:
    from resprout.language import Model
    from resprout.simulation import Numerics, People
    from resprout.simulation.request import Request
    from resprout.simulation.stream import Summary

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
MOST_IN_MEMORY = 20_000
"""Patients up to which a run can be held whole, as a report or a NetCDF file needs it."""


@dataclass(frozen=True)
class Wanted:
    """Files that are to be written."""

    out: Path | None
    table: Path | None
    report: Path | None

    @property
    def whole(self) -> bool:
        """Whether one of them needs the run in memory."""
        return self.report is not None or (self.out is not None and self.out.suffix.lower() == ".nc")

    def written(self) -> list[Path]:
        """Those asked for."""
        return [path for path in (self.out, self.table, self.report) if path is not None]

    def faults(self, patients: int) -> list[Fault]:
        """What is wrong with their names, or with so many patients in them."""
        faults = check_target("--out", self.out, RUN_SUFFIXES)
        faults += check_target("--table", self.table, TABLE_SUFFIXES)
        faults += check_target("--report", self.report, PAGE_SUFFIXES)
        if self.whole and patients > MOST_IN_MEMORY:
            found = f"{patients:,} patients are too many for a report or a NetCDF file."
            expected = f"Expected at most {MOST_IN_MEMORY:,}."
            faults.append(Fault(found, "--patients", expected, "Write them with `--out run.zarr`."))
        return faults


def simulate(
    regimen: Annotated[str, REGIMEN] = "",
    patients: Annotated[int, typer.Option(min=1, help="How many virtual patients.")] = 1000,
    days: Annotated[float | None, typer.Option(help="How long to follow them; 14 if left out.")] = None,
    hours: Annotated[float | None, typer.Option(help="How long, in hours.")] = None,
    until: Annotated[float | None, typer.Option(help="How long, in a model file's own unit of time.")] = None,
    outputs: Annotated[
        str | None, typer.Option(help="Outputs to keep, joined by commas; the usual ones if left out.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Patient k is the same person in any draw with this seed.")] = 1,
    population: Annotated[str, typer.Option(help="mdd, bipolar or healthy.")] = "mdd",
    genotype: Annotated[str | None, typer.Option(help="BDNF rs6265 of everybody: val/val, val/met or met/met.")] = None,
    entry: Annotated[str | None, typer.Option(help='Entry criteria; "HDRS17>=18" if left out for mdd.')] = None,
    block: Annotated[list[str] | None, typer.Option(help="Block a step, NAME=SHARE from 0 to 1; repeatable.")] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", help="Set a constant, NAME=VALUE; repeatable.")] = None,
    model: Annotated[
        Path | None, typer.Option("--model", help="A model of one's own: folder, SBML or Antimony file.")
    ] = None,
    drug: Annotated[list[Path] | None, typer.Option("--drug", help="A file with a further drug; repeatable.")] = None,
    patient_ids: Annotated[
        str | None, typer.Option(help="Only these patients of the draw, such as 0,17,400-420.")
    ] = None,
    tolerance: Annotated[float | None, typer.Option(help="Relative tolerance of a step.")] = None,
    precision: Annotated[str, typer.Option(help="Of what is written: float32 or float64.")] = "float32",
    allow_failures: Annotated[float, typer.Option(min=0, max=1, help="Share of patients that may fail.")] = 0.01,
    point: Annotated[
        bool,
        typer.Option("--point", help="All share the point estimate; otherwise people draw what the data leave open."),
    ] = False,
    errors: Annotated[bool, typer.Option("--errors", help="Estimate each patient's numerical error.")] = False,
    threads: Annotated[int | None, typer.Option(min=1, help="Cores to use; all if left out.")] = None,
    cluster: Annotated[str | None, typer.Option(help="Dask workers: local:4 or tcp://HOST:PORT.")] = None,
    restart: Annotated[bool, typer.Option("--restart", help="Throw away what a stopped run has left.")] = False,
    out: Annotated[Path | None, typer.Option(help="Write the whole run: .zarr (any size) or .nc.")] = None,
    table: Annotated[Path | None, typer.Option(help="Write the long table: .csv or .parquet.")] = None,
    report: Annotated[Path | None, typer.Option(help="Write a report that opens offline: .html.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Give virtual patients a regimen and follow them from dose to score.

    With `--model FILE` an SBML or Antimony model is followed from its initial values; it takes no regimen.

    A run into .zarr that was stopped goes on where it was when the same command is given again.

    Example: `resprout simulate "ketamine 0.5 mg/kg iv over 40 min" --patients 1000 --days 14 --table t.csv`
    """
    faults: list[Fault] = []
    asked = read_outputs(outputs, faults)
    blocks = read_pairs("--block", block or [], "mTORC1=0.9", faults)
    overrides = read_pairs("--set", set_ or [], "glial_uptake=0.7", faults)
    chosen = read_choice("--population", population, POPULATIONS, faults)
    gene = read_choice("--genotype", genotype, GENOTYPES, faults)
    kind = read_choice("--precision", precision, PRECISIONS, faults)
    ids = read_ids(patient_ids, faults)
    if model is not None and model.is_file():
        refuse(faults)
        others = {"regimen": regimen, "--population": population != "mdd", "--patients": patients not in (1, 1000)}
        others |= {
            "--genotype": genotype,
            "--entry": entry,
            "--block": block,
            "--patient-ids": patient_ids,
            "--drug": drug,
        }
        others |= {"--errors": errors, "--point": point, "--cluster": cluster, "--restart": restart, "--report": report}
        told = {name: bool(was_given) for name, was_given in others.items()}
        follow_file(model, asked, overrides, (days, hours, until), tolerance, (out, table), told, as_json)
        return
    length = span_hours(days, hours, None, faults)
    if until is not None:
        faults.append(Fault("the unit of a file is meant.", "--until", "Expected `--model FILE`.", "Use `--hours`."))
    days = read_days((length or 0) / 24, faults)
    wanted = Wanted(out, table, report)
    faults += wanted.faults(patients)

    from resprout.language import load_model
    from resprout.simulation import Numerics, People

    loaded = load_model(model, drug or [])
    people = People(patients, seed, chosen or "mdd", entry, gene, point)
    kept = (kind or "float32") if out is not None and not wanted.whole else "float64"
    numerics = Numerics(tolerance, threads, kept, allow_failures)
    done = Done(regimen, days if not faults else 1.0, asked, blocks, overrides)
    request = _request(loaded, done, people, numerics, (model, drug or []), faults)
    if errors:
        ids = ids or list(range(min(patients, MOST_IN_MEMORY)))
    if ids is not None or wanted.whole:
        found = _hold(request, loaded, ids, wanted, errors)
    else:
        found = _stream(request, loaded, wanted, cluster, restart)
    _show(found, request, loaded, asked, wanted, as_json)


@dataclass(frozen=True)
class Done:
    """What the options say is given, observed, blocked and changed."""

    regimen: str
    days: float
    outputs: list[str] | None
    blocks: dict[str, float]
    overrides: dict[str, float]


def _request(
    loaded: Model,
    done: Done,
    people: People,
    numerics: Numerics,
    source: tuple[Path | None, list[Path]],
    faults: list[Fault],
) -> Request:
    """The request that the options state.

    faults   found in the options so far; those of the request are added
    raises   InputError with all of them
    """
    from resprout.simulation.request import make_request
    from resprout.simulation.scenario import Scenario, read_scenario
    from resprout.simulation.settings import Output

    scenario, request = Scenario(Regimen("", ()), (), ()), None
    try:
        scenario = read_scenario(loaded, done.regimen, done.days, Output(done.outputs), done.blocks, done.overrides)
    except InputError as error:
        faults += error.faults
    try:
        request = make_request(loaded, scenario, people, numerics, source)
    except InputError as error:
        faults += error.faults
    refuse(faults)
    assert request is not None
    return request


def _stream(
    request: Request,
    loaded: Model,
    wanted: Wanted,
    cluster: str | None,
    restart: bool,
) -> Summary:
    """Run in bounded memory, into a file if one is wanted."""
    from resprout.app.terminal import progress_bar
    from resprout.simulation.stream import run_stream
    from resprout.simulation.workers import open_pool

    store = None
    if wanted.out is not None:
        from resprout.simulation.store import open_store

        store = open_store(wanted.out, request, loaded, restart=restart)
    with open_pool(cluster, request.numerics.threads) as pool, progress_bar(request.patients, "patients") as progress:
        found = run_stream(
            request,
            pool,
            keep=store.keep if store else None,
            kept=store.kept() if store else None,
            progress=progress,
        )
    if store is not None:
        store.finish(found.digest)
    _keep_table(found, request, wanted.table)
    return found


def _hold(
    request: Request,
    loaded: Model,
    ids: list[int] | None,
    wanted: Wanted,
    errors: bool,
) -> Summary:
    """Run with all patients in memory: chosen ones, or as a report or NetCDF needs them."""
    from resprout.app.terminal import status_spinner
    from resprout.simulation.selected_patients import run_chosen

    with status_spinner(f"Following {len(ids) if ids is not None else request.patients:,} patients"):
        run, found = run_chosen(request, loaded, ids, errors=errors)
    with status_spinner("Writing"):
        if wanted.out is not None and wanted.out.suffix.lower() == ".nc":
            save_run(run, wanted.out)
        elif wanted.out is not None:
            raise InputError(Fault("chosen patients cannot be written as Zarr.", "--out", "", "Use a name in `.nc`."))
        if wanted.report is not None:
            from resprout.app.report import run_page

            save_page(run_page(run, loaded, request.scenario.regimen.text), wanted.report)
        _keep_table(found, request, wanted.table)
    return found


def _keep_table(found: Summary, request: Request, target: Path | None) -> None:
    if target is not None:
        from resprout.simulation.summaries import COLUMNS

        save_rows(found.tally.rows(request.scenario.regimen.text), COLUMNS, target)


def _show(
    found: Summary, request: Request, loaded: Model, asked: list[str] | None, wanted: Wanted, as_json: bool
) -> None:
    """Print the summary of a run, and where its files are."""
    from resprout.app.summary_tables import summary_cells, tally_summary
    from resprout.app.terminal import print_json, stdout_console, table
    from resprout.people.draws import draws_words

    tally = found.tally
    names = asked or [name for name in SHOWN if name in tally.outputs] or list(tally.outputs)
    rows = tally_summary(tally, loaded, names)
    if as_json:
        facts: dict[str, Any] = {
            "regimen": request.scenario.regimen.text,
            "patients": tally.n + tally.failed,
            "failed": tally.failed,
        }
        told = {"rows": rows, "digest": found.digest, "provenance": {"model_digest": loaded.digest, **request.told()}}
        print_json({**facts, **told, "files": [str(path) for path in wanted.written()]})
        return
    console = stdout_console()
    if rows:
        columns, cells = summary_cells(rows)
        title = f"{request.scenario.regimen.text}: mean of {tally.n:,} virtual patients, {draws_words(loaded, request.people.point)}"
        console.print(table(columns, cells, title=title, right=columns[2:]))
    if tally.failed:
        console.print(f"{tally.failed:,} patients could not be solved and are left out.")
    if found.error is not None:
        console.print(f"numerical error: at most {found.error:.1e} of an output's largest value, in any patient.")
    for path in wanted.written():
        console.print(f"wrote {path}")
