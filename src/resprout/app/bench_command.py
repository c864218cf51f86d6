"""`resprout bench`: speed on this machine beside the external simulators that are installed, at equal error."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from resprout.app.options import AsJson

COLUMNS = [
    "program",
    "patients/s on one core",
    "beside libRoadRunner",
    "largest error",
    "tolerance",
    "model ready in",
    "on the whole model",
]


def bench(
    error: Annotated[
        float, typer.Option(min=1e-8, max=1e-1, help="Error that every program has to meet with its own tolerance.")
    ] = 1e-4,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the patients.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Time the shipped model on this machine, beside libRoadRunner, COPASI, AMICI and diffrax where they are installed.

    All solve the same equations: those on which the outputs depend, without the drugs that are not given.
    Every program solves the same patients at the loosest of its own tolerances at which no output of any patient
    differs from the reference solution by more than `--error` of that output's largest value.

    Example: `resprout bench --json`
    """
    from resprout.app.terminal import print_json, status_spinner
    from resprout.crosscheck.benchmark import bench as measure

    with status_spinner("Timing (a minute or two)"):
        rows = measure(error, seed=seed)
    if as_json:
        print_json(rows)
    else:
        show_speeds(rows, error)


def show_speeds(rows: list[dict[str, Any]], error: float) -> None:
    """Print one row for each program, resprout first."""
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
    title = f"One dose, two weeks, eight outputs, {rows[0]['states']} states; error at most {error:g}"
    console.print(table(COLUMNS, cells, title=title, right=COLUMNS[1:]))
    if len(rows) < 3:
        console.print("Some external simulators are missing: `pip install libroadrunner copasi-basico`.")
