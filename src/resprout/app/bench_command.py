"""`resprout bench`: how fast this machine is, beside the other programs that run the same model, at the same error."""

from __future__ import annotations

from typing import Annotated

import typer


def bench(
    error: Annotated[
        float, typer.Option(min=1e-8, max=1e-1, help="Error that every program has to meet with its own tolerance.")
    ] = 1e-4,
    seed: Annotated[int, typer.Option(min=0, help="Of the patients.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print the rows as JSON.")] = False,
) -> None:
    """Time the shipped model here, beside libRoadRunner, COPASI, AMICI and diffrax where they are installed.

    All get the same equations: those on which the outputs depend, without the drugs that nobody is given.
    Every program solves the same patients; each may use the loosest of its own tolerances at which no output of any
    patient differs from the slow reference solution by more than `--error` of that output's largest value.

    Example: `resprout bench --json`
    """
    from resprout.app.terminal import number, print_json, screen, table, waiting
    from resprout.crosscheck.benchmark import bench as measure

    with waiting("Timing (a minute or two)"):
        rows = measure(error, seed=seed)
    if as_json:
        print_json(rows)
        return
    columns = [
        "program",
        "patients/s on one core",
        "beside libRoadRunner",
        "largest error",
        "tolerance",
        "model ready in",
        "on the whole model",
    ]
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
    console = screen()
    console.print(
        table(
            columns,
            cells,
            title=f"One dose, two weeks, eight outputs, {rows[0]['states']} states; error at most {error:g}",
            right=columns[1:],
        )
    )
    if len(rows) < 3:
        console.print(
            "Not every external simulator is installed here; `pip install libroadrunner copasi-basico` brings both."
        )
