"""`resprout simulate`: one regimen, any number of virtual patients, any output; memory does not grow with the patients."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resprout.app import simulate_options as options
from resprout.app.imported_commands import follow_file, span_hours
from resprout.app.imported_people import read_patients
from resprout.app.options import (
    GENOTYPES,
    POPULATIONS,
    PRECISIONS,
    population_file,
    read_choice,
    read_days,
    read_ids,
    read_named_population,
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
from resprout.app.sedml_command import EXPERIMENTS, follow_experiments, is_experiment
from resprout.app.streamed_run import stream_run
from resprout.app.target_checks import check_distinct
from resprout.dosing.regimen import Regimen
from resprout.errors import Fault, InputError

if TYPE_CHECKING:
    from resprout.language import Model
    from resprout.simulation import Numerics, People
    from resprout.simulation.request import Request
    from resprout.simulation.stream import Summary

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
MODEL_SUFFIXES = (".xml", ".sbml", ".ant")
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
        faults += check_distinct([("--out", self.out), ("--table", self.table), ("--report", self.report)])
        if self.whole and patients > MOST_IN_MEMORY:
            found = f"{patients:,} patients are too many for a report or a NetCDF file."
            expected = f"Expected at most {MOST_IN_MEMORY:,}."
            faults.append(Fault(found, "--patients", expected, "Write them with `--out run.zarr`."))
        return faults


@dataclass(frozen=True)
class Done:
    """What the options say is observed, blocked and changed."""

    outputs: list[str] | None
    blocks: dict[str, float]
    overrides: dict[str, float]


def simulate(  # many arguments: each is an option of the command
    regimen: options.Regimen = "",
    patients: options.Patients = None,
    days: options.Days = None,
    hours: options.Hours = None,
    until: options.Until = None,
    outputs: options.Outputs = None,
    seed: options.DrawSeed = 1,
    population: options.Population = "mdd",
    genotype: options.Genotype = None,
    entry: options.Entry = None,
    block: options.Block = None,
    set_: options.Set = None,
    model: options.ModelPath = None,
    drug: options.Drug = None,
    dose: options.Dose = None,
    vary: options.Vary = None,
    patient_ids: options.PatientIds = None,
    tolerance: options.Tolerance = None,
    precision: options.Precision = "float32",
    allow_failures: options.AllowFailures = 0.01,
    point: options.PointEstimate = False,
    errors: options.Errors = False,
    threads: options.Threads = None,
    cluster: options.Cluster = None,
    restart: options.Restart = False,
    out: options.Out = None,
    table: options.Table = None,
    report: options.Report = None,
    as_json: options.AsJson = False,
) -> None:
    """Give virtual patients a regimen and follow them from dose to score.

    An SBML or Antimony file, as `--model FILE` or in place of the regimen, is followed from its initial values; a COMBINE archive
    (.omex) or a SED-ML file (.sedml) is run as it says.

    An interrupted run into .zarr resumes when the same command is given again.

    Example: `resprout simulate "ketamine 0.5 mg/kg iv over 40 min" --patients 1000 --days 14 --table t.csv`
    """
    _run(locals())


def _run(asked: dict[str, Any]) -> None:
    """Run what the options state, by their names."""
    faults: list[Fault] = []
    file = Path(asked["regimen"])
    if asked["model"] is None and file.suffix.lower() in (*MODEL_SUFFIXES, *EXPERIMENTS) and file.is_file():
        asked |= {"model": file, "regimen": ""}
    given = options.Given(**{**asked, "patients": read_patients(asked["patients"], faults)})
    done = _done(given, faults)
    if given.model is not None and given.model.is_file() and is_experiment(given.model):
        refuse(faults)
        follow_experiments(given, given.model, (done.outputs, done.overrides))
    elif given.model is not None and given.model.is_file():
        refuse(faults)
        follow_file(given, given.model, (done.outputs, done.overrides))
    else:
        _simulate_chain(given, done, faults)


def _done(given: options.Given, faults: list[Fault]) -> Done:
    """What the options say is observed, blocked and changed."""
    asked = read_outputs(given.outputs, faults)
    blocks = read_pairs("--block", given.block or [], "mTORC1=0.9", faults)
    return Done(asked, blocks, read_pairs("--set", given.set_ or [], "glial_uptake=0.7", faults))


def _simulate_chain(given: options.Given, done: Done, faults: list[Fault]) -> None:
    """Recruit people, give them the regimen, write and show what is asked for."""
    chosen, named = read_named_population(given.population, faults)
    gene = read_choice("--genotype", given.genotype, GENOTYPES, faults)
    kind = read_choice("--precision", given.precision, PRECISIONS, faults)
    ids = read_ids(given.patient_ids, faults)
    length = span_hours(given.days, given.hours, None, faults)
    if given.until is not None:
        faults.append(Fault("the unit of a file is meant.", "--until", "Expected `--model FILE`.", "Use `--hours`."))
    days = read_days((length or 0) / 24, faults)
    wanted = Wanted(given.out, given.table, given.report)
    count = _count(given, faults)
    faults += wanted.faults(count)

    from resprout.language import load_model
    from resprout.simulation import Numerics, People

    loaded = load_model(given.model, given.drug or [])
    loaded = loaded if named is None else named.applied(loaded)
    people = People(count, given.seed, chosen or "mdd", given.entry, gene, given.point)
    kept = (kind or "float32") if given.out is not None and not wanted.whole else "float64"
    numerics = Numerics(given.tolerance, given.threads, kept, given.allow_failures)
    faults += _of_streams_only(given, wanted, ids is not None or given.errors)
    request = _request(loaded, given, (days if not faults else 1.0, done), people, numerics, faults)
    if given.errors:
        ids = ids or list(range(min(count, MOST_IN_MEMORY)))
    if ids is not None or wanted.whole:
        found = _hold(request, loaded, ids, wanted, given.errors)
    else:
        found = stream_run(request, loaded, wanted.out, given.cluster, restart=given.restart)
        _keep_table(found, request, wanted.table, loaded)
    _show(found, request, loaded, done.outputs, wanted, given.as_json)


def _count(given: options.Given, faults: list[Fault]) -> int:
    """How many patients are recruited; a table of patients, or how they differ, belongs to a model file."""
    expected = "Expected `--model FILE`, an SBML or Antimony file."
    if isinstance(given.patients, Path):
        faults.append(Fault("a table of patients is for models from a file.", "--patients", expected))
    if given.vary is not None:
        found = "patients of this model differ as its own tables say."
        faults.append(Fault(found, "--vary", expected, "`--population` chooses among populations."))
    if given.dose:
        faults.append(Fault("doses of this model are a regimen.", "--dose", expected, "Put them before the options."))
    return given.patients if isinstance(given.patients, int) else 1000


def _of_streams_only(given: options.Given, wanted: Wanted, chosen: bool) -> list[Fault]:
    """Faults of options that a run held in memory has no use for."""
    faults = []
    if chosen and wanted.out is not None and wanted.out.suffix.lower() == ".zarr":
        faults.append(Fault("chosen patients cannot be written as Zarr.", "--out", "", "Use a name in `.nc`."))
    if given.cluster is not None and (chosen or wanted.whole):
        found = "chosen patients, reports and NetCDF files are computed in this process."
        faults.append(Fault(found, "--cluster", "", "Leave `--cluster` out, or write `--out run.zarr`."))
    return faults


def _request(
    loaded: Model,
    given: options.Given,
    observed: tuple[float, Done],
    people: People,
    numerics: Numerics,
    faults: list[Fault],
) -> Request:
    """The request that the options state.

    observed for how many days, and what is observed, blocked and changed
    faults   found in the options so far; those of the request are added
    raises   InputError with all of them
    """
    from resprout.simulation.request import make_request
    from resprout.simulation.scenario import Scenario, read_scenario
    from resprout.simulation.settings import Output

    days, done = observed
    scenario, request = Scenario(Regimen("", ()), (), ()), None
    try:
        scenario = read_scenario(loaded, given.regimen, days, Output(done.outputs), done.blocks, done.overrides)
    except InputError as error:
        faults += error.faults
    try:
        shipped = given.population.lower() in POPULATIONS
        file = None if shipped else population_file(given.population)
        request = make_request(loaded, scenario, people, numerics, (given.model, given.drug or []), file)
    except InputError as error:
        faults += error.faults
    refuse(faults)
    assert request is not None
    return request


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
        if wanted.out is not None:
            save_run(run, wanted.out)
        if wanted.report is not None:
            from resprout.app.report import run_page

            save_page(run_page(run, loaded, request.scenario.regimen.text), wanted.report)
        _keep_table(found, request, wanted.table, loaded)
    return found


def _keep_table(found: Summary, request: Request, target: Path | None, loaded: Model) -> None:
    if target is not None:
        from resprout.simulation.summaries import COLUMNS

        save_rows(found.tally.rows(request.scenario.regimen.text), COLUMNS, target, _provenance(request, loaded))


def _provenance(request: Request, loaded: Model) -> dict[str, Any]:
    """What the run stands on."""
    from resprout.app.provenance import provenance

    return provenance(loaded, "simulate", **request.told())


def _show(
    found: Summary, request: Request, loaded: Model, asked: list[str] | None, wanted: Wanted, as_json: bool
) -> None:
    """Print the summary of a run with the limits that touch it, and where its files are."""
    from resprout.app.caveats import caveat_facts, caveats_for, print_caveats, shown_by_run
    from resprout.app.summary_tables import enantiomer_sentence, summary_cells, tally_summary
    from resprout.app.terminal import print_json, print_wrapped, stdout_console, table
    from resprout.people.draws import draws_words

    tally = found.tally
    names = asked or [name for name in SHOWN if name in tally.outputs] or list(tally.outputs)
    rows = tally_summary(tally, loaded, names)
    scenario = request.scenario
    limits = caveats_for(shown_by_run(names, scenario.regimen.text, scenario.hours[-1], request.people.population))
    if as_json:
        facts: dict[str, Any] = {
            "regimen": request.scenario.regimen.text,
            "patients": tally.n + tally.failed,
            "failed": tally.failed,
        }
        told = {"rows": rows, "digest": found.digest, "provenance": _provenance(request, loaded)}
        told["caveats"] = caveat_facts(limits)
        print_json({**facts, **told, "files": [str(path) for path in wanted.written()]})
        return
    console = stdout_console()
    if rows:
        columns, cells = summary_cells(rows)
        title = f"{request.scenario.regimen.text}: mean of {tally.n:,} virtual patients, {draws_words(loaded, request.people.point)}"
        console.print(table(columns, cells, title=title, right=columns[2:]))
    if note := enantiomer_sentence(names, request.scenario.regimen.ketamine):
        print_wrapped(console, note)
    if tally.failed:
        console.print(f"{tally.failed:,} patients could not be solved and are left out.")
    if found.error is not None:
        console.print(f"numerical error: at most {found.error:.1e} of an output's largest value, in any patient.")
    print_caveats(console, limits if rows else [])
    for path in wanted.written():
        console.print(f"wrote {path}")
