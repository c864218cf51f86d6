"""`resprout simulate FILE.omex`: a COMBINE archive or a SED-ML file is run, its reports and plots are shown as tables."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from resprout.app.output_files import TABLE_SUFFIXES, check_target, refuse, save_rows
from resprout.app.simulate_options import Given
from resprout.errors import Fault

if TYPE_CHECKING:
    import xarray as xr

EXPERIMENTS = (".omex", ".sedx", ".sedml")
SHOWN, MOST_REPEATS = 6, 6
"""Points of a column that fit on a screen, and repeats that are shown."""
COLUMNS = ("output", "column", "repeat", "point", "value")


def follow_experiments(given: Given, file: Path, done: tuple[list[str] | None, dict[str, float]]) -> None:
    """Run what a file asks for, write the table if one is wanted, and show the outputs.

    given   on the command line      done   outputs and values of constants that were asked for, which the file decides
    """
    faults = [
        Fault(
            f"`{name}` is given.",
            name,
            "The file says what is run.",
            "Only --tolerance, --threads, --table and --json are taken.",
        )
        for name, was_given in {
            **given.of_the_chain(),
            **_decided(given),
            "--outputs": done[0],
            "--set": done[1],
        }.items()
        if was_given
    ]
    faults += check_target("--table", given.table, TABLE_SUFFIXES)
    refuse(faults)
    from resprout.app.provenance import provenance
    from resprout.app.terminal import status_spinner
    from resprout.exchange.sedml_run import run_experiments

    with status_spinner(f"Running {file.name}"):
        found = run_experiments(file, given.tolerance, given.threads)
    first = found[0][2][0]
    digests = [model.digest for model in dict.fromkeys(model for _, _, models in found for model in models)]
    told = provenance(first, "simulate", file=file.name, model_digests=digests, tolerance=given.tolerance)
    outputs = [(name, run) for name, run, _ in found]
    if given.table is not None:
        save_rows([row for name, run in outputs for row in _rows(name, run)], COLUMNS, given.table, told)
    _show(outputs, given, told)


def is_experiment(file: Path) -> bool:
    """Whether a file is a COMBINE archive or a SED-ML document, the latter also by what stands in it."""
    if file.suffix.lower() in EXPERIMENTS:
        return True
    with file.open("rb") as opened:
        return file.suffix.lower() == ".xml" and b"<sedML" in opened.read(2000)


def _decided(given: Given) -> dict[str, Any]:
    """Options that the file decides, and whether each was given."""
    named: dict[str, Any] = {
        "--patients": given.patients,
        "--days": given.days,
        "--hours": given.hours,
        "--until": given.until,
    }
    named |= {"--dose": given.dose, "--vary": given.vary, "--patient-ids": given.patient_ids, "--out": given.out}
    return {**named, "--cluster": given.cluster, "--restart": given.restart, "--errors": given.errors}


def _rows(name: str, run: xr.Dataset) -> list[tuple[Any, ...]]:
    """Every value of an output."""
    return [
        (name, str(label), repeat, point, float(value))
        for label, column in run.data_vars.items()
        for repeat, values in enumerate(column.values)
        for point, value in enumerate(values)
    ]


def _show(outputs: list[tuple[str, xr.Dataset]], given: Given, told: dict[str, Any]) -> None:
    """Print the outputs at a few points, or as JSON."""
    from resprout.app.terminal import number, print_json, print_wrapped, stdout_console, table

    files = [given.table] if given.table is not None else []
    if given.as_json:
        facts = [
            {
                "output": name,
                "title": run.attrs["title"],
                "set": {str(key): values.values for key, values in run.coords.items()},
                "columns": {str(label): column.values for label, column in run.data_vars.items()},
                "notes": run.attrs["notes"],
            }
            for name, run in outputs
        ]
        print_json({"outputs": facts, "provenance": told, "files": [str(path) for path in files]})
        return
    console = stdout_console()
    for name, run in outputs:
        repeats = run.sizes["repeat"]
        headers = [f"point {round(share * (run.sizes['point'] - 1) / (SHOWN - 1))}" for share in range(SHOWN)]
        cells = []
        for label, column in run.data_vars.items():
            size = column.sizes[column.dims[1]]
            chosen = [round(share * (size - 1) / (SHOWN - 1)) for share in range(SHOWN)] if size > 1 else [0]
            for repeat in range(min(repeats, MOST_REPEATS)):
                mark = [", ".join(f"{key}={number(float(values[repeat]), 4)}" for key, values in run.coords.items())]
                values = [number(float(column[repeat, index]), 5) for index in chosen]
                cells.append([str(label), *(mark if repeats > 1 else []), *values, *[""] * (SHOWN - len(values))])
        columns = ["column", *(["set"] if repeats > 1 else []), *headers]
        console.print(table(columns, cells, title=f"{name}: {run.attrs['title']}", right=headers))
        if repeats > MOST_REPEATS:
            print_wrapped(console, f"{repeats - MOST_REPEATS:,} further repeats are in `--table` and `--json`.")
        if run.attrs["notes"]:
            print_wrapped(console, f"Note: {run.attrs['notes']}.")
    for path in files:
        console.print(f"wrote {path}")
