"""`resprout bench`: speed on this machine beside the external simulators that are installed, at equal error."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from resprout.app.options import AsJson
from resprout.app.output_files import refuse
from resprout.app.simulate_options import Dose
from resprout.errors import Fault

COLUMNS = [
    "program",
    "patients/s on one core",
    "beside libRoadRunner",
    "largest error",
    "tolerance",
    "model ready in",
    "on the whole model",
]


def bench(  # many arguments: what is timed, and how
    regimen: Annotated[
        str | None,
        typer.Argument(
            help="Doses that every patient gets; one infusion of ketamine if left out.",
            show_default=False,
        ),
    ] = None,
    days: Annotated[
        float | None, typer.Option(min=0.1, max=400.0, help="How long patients are followed; 14 days if left out.")
    ] = None,
    error: Annotated[
        float, typer.Option(min=1e-8, max=1e-1, help="Error that every program has to meet with its own tolerance.")
    ] = 1e-4,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the patients.")] = 1,
    model: Annotated[
        Path | None,
        typer.Option("--model", help="SBML or Antimony file, of which copies that differ are timed instead."),
    ] = None,
    until: Annotated[
        float | None, typer.Option(help="Of a model file: how long, in its own unit of time; 100 if left out.")
    ] = None,
    copies: Annotated[
        int | None, typer.Option(min=1, help="Of a model file: how many copies; 1000 if left out.")
    ] = None,
    dose: Dose = None,
    as_json: AsJson = False,
) -> None:
    """Time the shipped model on this machine, beside libRoadRunner, COPASI, AMICI, diffrax and pydiffsol where they are installed.

    All solve the same equations: those on which the outputs depend, without the drugs that are not given.
    Every program solves the same patients at the loosest of its own tolerances at which no output of any patient
    differs from the reference solution by more than `--error` of that output's largest value.

    Example: `resprout bench "esketamine 84 mg nasal; every 84 h x 8" --days 28`

    Of a model file: `resprout bench --model model.xml --until 100` times copies that differ in their first five parameters (and get `--dose`).
    """
    if model is not None:
        refuse(_senseless({"REGIMEN": regimen, "--days": days}, " with a model file", "Leave it out."))
        bench_file(model, until, copies, (error, seed), dose, as_json=as_json)
        return
    of_files = {"--until": until, "--copies": copies, "--dose": dose}
    refuse(_senseless(of_files, ", and no model file", "Add `--model FILE`."))
    _bench_shipped(regimen, days, (error, seed), as_json=as_json)


def _bench_shipped(regimen: str | None, days: float | None, how: tuple[float, int], *, as_json: bool) -> None:
    """Time the shipped model; `how` is the error that every program has to meet, and the seed."""
    from resprout.app.terminal import print_json, status_spinner
    from resprout.crosscheck.benchmark import DAYS, REGIMEN
    from resprout.crosscheck.benchmark import bench as measure

    given, length = regimen or REGIMEN, days or DAYS
    with status_spinner("Timing (a minute or two)"):
        rows = measure(how[0], seed=how[1], regimen=given, days=length)
    if as_json:
        print_json(rows)
    else:
        show_speeds(rows, how[0], f"{given}, {length:g} days")


def _senseless(given: dict[str, Any], why: str, remedy: str) -> list[Fault]:
    """A fault for each argument or option that is given and means nothing here."""
    return [Fault(f"`{name}` is given{why}.", name, "", remedy) for name in given if given[name]]


def bench_file(  # many arguments: options of one command
    source: Path,
    until: float | None,
    copies: int | None,
    how: tuple[float, int],
    dose: list[str] | None = None,
    *,
    as_json: bool,
) -> None:
    """Time copies of an imported model.

    source   of the model                           until   in its own unit of time; None for 100
    copies   how many; None for the default         how     error that both programs have to meet, and seed
    dose     what every copy is given
    """
    from resprout.app.imported_commands import load_any, read_doses_of
    from resprout.app.terminal import print_json, status_spinner
    from resprout.language.records import ImportedModel

    loaded = load_any(source)
    faults: list[Fault] = []
    doses = read_doses_of(dose, faults)
    if not isinstance(loaded, ImportedModel):
        found = f"`{source}` is no SBML or Antimony file."
        faults.append(Fault(found, "--model", "", "Leave `--model` out to time the shipped model."))
    if until is not None and not 0 < until < float("inf"):
        faults.append(Fault(f"`--until` is {until:g}.", "--until", "Expected a finite time above 0."))
    refuse(faults)
    assert isinstance(loaded, ImportedModel)
    from resprout.crosscheck.varied_copies import COPIES, bench_copies

    with status_spinner("Timing copies of the model"):
        length, many = until or 100.0, copies or COPIES
        rows = bench_copies(loaded, length, target=how[0], copies=many, seed=how[1], doses=doses)
    if as_json:
        print_json(rows)
    else:
        show_copies(rows, loaded.name, how[0])


def show_copies(rows: list[dict[str, Any]], name: str, error: float) -> None:
    """Print one row for each program, resprout first."""
    from resprout.app.terminal import number, stdout_console, table

    columns = ["program", "copies/s on one core", "beside libRoadRunner", "largest error", "tolerance"]
    cells = [
        [
            row["tool"],
            number(row["patients_per_second_per_core"], 4),
            f"{row['ratio_to_libroadrunner']:.3g}x",
            f"{row['max_relative_error']:.1e}",
            f"{row['tolerance']:.0e}",
        ]
        for row in rows
    ]
    title = f"{name}: {rows[0]['states']} states, {rows[0]['events']} events; error at most {error:g}"
    stdout_console().print(table(columns, cells, title=title, right=columns[1:]))


def show_speeds(rows: list[dict[str, Any]], error: float, given: str) -> None:
    """Print one row for each program, resprout first.

    rows    what `crosscheck.benchmark.bench` gave        error   that every program had to meet
    given   doses and length of the run
    """
    from resprout.app.terminal import number, stdout_console, table

    cells = [
        [
            row["tool"],
            number(row["patients_per_second_per_core"], 4),
            "–" if row["ratio_to_libroadrunner"] is None else f"{row['ratio_to_libroadrunner']:.3g}x",
            f"{row['max_relative_error']:.1e}",
            f"{row['tolerance']:.0e}",
            f"{row['model_build_s']:.1f} s",
            number(row["whole_model_patients_per_second_per_core"], 4),
        ]
        for row in rows
    ]
    console = stdout_console()
    title = f"{given}: eight outputs, {rows[0]['states']} states; error at most {error:g}"
    console.print(table(COLUMNS, cells, title=title, right=COLUMNS[1:]))
    if len(rows) < 3:
        console.print("Some external simulators are missing: `pip install libroadrunner copasi-basico`.")
