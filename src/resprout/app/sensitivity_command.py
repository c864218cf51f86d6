"""`resprout sensitivity`: global sensitivity of an output at a time to the constants of the model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from resprout.app.caveats import Caveat, caveat_facts, caveats_for, print_caveats, shown_by_regimens
from resprout.app.options import (
    AsJson,
    FigureFile,
    ModelFolder,
    NamedConstants,
    PictureSize,
    TableFile,
    only_named,
    read_choice,
    with_population,
)
from resprout.app.output_files import TABLE_SUFFIXES, check_figure_target, check_target, refuse, save_figure, save_table
from resprout.app.provenance import provenance
from resprout.errors import Fault, InputError, need_package

if TYPE_CHECKING:
    from rich.console import Console

    from resprout.calibrate.experiments import Arm
    from resprout.calibrate.global_sensitivity import Sampling, Sensitivity, Target
    from resprout.language.records import Model

METHODS = ("sobol", "morris")
DEFAULT = ("HDRS17@24h", "HDRS17@7d")
MOST_SAMPLES = 65_536


Targets = Annotated[
    list[str] | None,
    typer.Argument(metavar="OUTPUT@TIME", help="Such as HDRS17@24h; HDRS17@24h and HDRS17@7d if left out."),
]
Given = Annotated[str | None, typer.Option(help="What is given; the person's standard dose of ketamine if left out.")]
Kept = Annotated[int | None, typer.Option(min=2, help="Constants kept for Sobol after the screening; all if left out.")]


def sensitivity(  # many arguments: each is an option of the command
    targets: Targets = None,
    given: Given = None,
    person: Annotated[str, typer.Option(help="patient, healthy, rodent or `stressed rodent`.")] = "patient",
    method: Annotated[str, typer.Option(help="sobol, after a Morris screening, or morris alone.")] = "sobol",
    samples: Annotated[int, typer.Option(min=16, help="Base sample of Sobol, a power of two.")] = 1024,
    keep: Kept = None,
    top: Annotated[int, typer.Option(min=1, help="Constants to print for each output.")] = 15,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the samples.")] = 1,
    model: ModelFolder = None,
    population: NamedConstants = None,
    out: FigureFile = None,
    table: TableFile = None,
    size: PictureSize = None,
    as_json: AsJson = False,
) -> None:
    """Global sensitivity analysis: share the variance of an output among the constants, each varied over its range.

    Example: `resprout sensitivity HDRS17@24h HDRS17@7d --out sensitivity.html`
    """
    faults = [*check_figure_target("--out", out, size), *check_target("--table", table, TABLE_SUFFIXES)]
    chosen = read_choice("--method", method, METHODS, faults)
    faults += sample_faults(samples)
    named = only_named(population, faults, "`--person` says who is treated")
    refuse(faults)
    need_package("SALib", "calibrate")
    import pandas as pd

    from resprout.calibrate.experiments import Arm
    from resprout.calibrate.global_sensitivity import Sampling, read_target
    from resprout.language import load_model

    loaded, own = with_population(load_model(model), named)
    wanted = tuple(dict.fromkeys(read_target(text, loaded) for text in targets or DEFAULT))
    arm = Arm(person, standard_dose(loaded, person) if given is None else given)
    sampling = Sampling(samples, keep=keep, sobol=chosen == "sobol", seed=seed)
    found = analysed(loaded, arm, wanted, sampling)
    facts = {"person": person, "given": arm.done, "targets": [each.text for each in wanted], **vars(sampling)}
    told = provenance(loaded, "sensitivity", **facts, **own)
    save_figure_of(found, wanted, top, out, size)
    if table is not None:
        save_table(pd.DataFrame(index_rows(found, wanted)), table, told)
    files = [path for path in (out, table) if path is not None]
    show_or_print(found, wanted, top, told if as_json else None, files)


def sample_faults(samples: int) -> list[Fault]:
    """What is wrong with a sample size."""
    if not samples & (samples - 1) and samples <= MOST_SAMPLES:
        return []
    near = min(MOST_SAMPLES, 1 << (samples.bit_length() - 1))
    expected = f"Expected a power of two, at most {MOST_SAMPLES}."
    return [Fault(f"{samples} samples.", "--samples", expected, f"Try `--samples {near}`.")]


def standard_dose(model: Model, person: str) -> str:
    """The standard dose of ketamine of a person of the model.

    raises   InputError for an unknown person
    """
    from resprout.calibrate.experiments import read_persons
    from resprout.errors import nearest

    persons = read_persons(model)
    if person not in persons:
        raise InputError(Fault(f"`{person}` is not a person of the model.", "--person", "", nearest(person, persons)))
    return persons[person].standard


def analysed(model: Model, arm: Arm, targets: tuple[Target, ...], sampling: Sampling) -> Sensitivity:
    """Run the analysis behind a progress bar."""
    from resprout.app.terminal import progress_bar
    from resprout.calibrate.global_sensitivity import analyse_sensitivity, find_factors

    count = len(find_factors(model, arm, targets))
    runs = sampling.trajectories * (count + 1)
    runs += sampling.samples * (min(sampling.keep or count, count) + 2) if sampling.sobol else 0
    with progress_bar(runs, "runs") as progress:
        return analyse_sensitivity(model, arm, targets, sampling, progress=progress)


def show_or_print(
    found: Sensitivity, targets: tuple[Target, ...], top: int, told: dict[str, Any] | None, files: list[Path]
) -> None:
    """Print the indices as tables with the files written, or as JSON where their provenance is given."""
    from resprout.app.terminal import print_json, stdout_console

    if told is not None:
        limits = caveat_facts(limits_of(found, targets))
        print_json({**sensitivity_facts(found, targets), "caveats": limits, "provenance": told})
        return
    show_sensitivity(stdout_console(), found, targets, top)
    print_caveats(stdout_console(), limits_of(found, targets))
    for path in files:
        typer.echo(f"wrote {path}")


def limits_of(found: Sensitivity, targets: tuple[Target, ...]) -> list[Caveat]:
    """The known limits that touch the outputs that were analysed."""
    last = max(target.time_h for target in targets)
    return caveats_for(shown_by_regimens([target.output for target in targets], [found.arm.done], last))


def save_figure_of(
    found: Sensitivity, targets: tuple[Target, ...], top: int, out: Path | None, size: str | None
) -> None:
    """Write the figure, of its width in print, if it is wanted."""
    if out is not None:
        from resprout.figures.sensitivity_figure import sensitivity_figure

        save_figure(sensitivity_figure(found, targets, top), out, size)


NUMBERS = ("mu_star", "sigma", "first", "first_lower", "first_upper", "total", "total_lower", "total_upper")


def index_rows(found: Sensitivity, targets: tuple[Target, ...]) -> list[dict[str, Any]]:
    """Every index as a flat record, the largest of each output first."""
    return [
        {
            "output": target.output,
            "time_h": target.time_h,
            "constant": index.factor.name,
            "stage": index.factor.constant.stage,
            "grade": index.factor.constant.grade,
            "range": f"{index.factor.word} {index.factor.size:g}",
            "range_from": "spread" if index.factor.own else "grade",
            **{name: getattr(index, name) for name in NUMBERS},
        }
        for target in targets
        for index in found.of(target)
    ]


def sensitivity_facts(found: Sensitivity, targets: tuple[Target, ...]) -> dict[str, Any]:
    """All of it as plain data."""
    spread = [
        {"output": target.output, "time_h": target.time_h, "mean": mean, "sd": deviation}
        for target, (mean, deviation) in zip(targets, found.spread, strict=True)
    ]
    return {
        "person": found.arm.person,
        "given": found.arm.done,
        "samples": found.samples,
        "runs": found.runs,
        "lost": found.lost,
        "spread": spread,
        "rows": index_rows(found, targets),
    }


def show_sensitivity(console: Console, found: Sensitivity, targets: tuple[Target, ...], top: int) -> None:
    """Print the largest indices of each output."""
    from resprout.app.terminal import number, print_wrapped, table
    from resprout.language import STAGES

    columns = [
        "constant",
        "stage",
        "grade",
        "range",
        "effect",
        "alone",
        "95 % interval",
        "with others",
        "95 % interval ",
    ]
    for target, (mean, deviation) in zip(targets, found.spread, strict=True):
        rows = [
            [
                index.factor.name,
                f"{index.factor.constant.stage} {STAGES[index.factor.constant.stage - 1]}",
                index.factor.constant.grade,
                f"{index.factor.word} {index.factor.size:g}{'' if index.factor.own else ', from its grade'}",
                number(index.mu_star),
                number(index.first, 2),
                say_interval(index.first_lower, index.first_upper),
                number(index.total, 2),
                say_interval(index.total_lower, index.total_upper),
            ]
            for index in found.of(target)[:top]
        ]
        title = f"{target.text}: mean {number(mean)}, SD {number(deviation)} over the ranges of all constants"
        console.print(table(columns, rows, title=title, right=columns[4:]))
    others = "Effect is the mean size of a step through the range (Morris), alone and with others are shares of variance (Sobol)."
    lost = f" {found.lost} could not be solved and count nowhere." if found.lost else ""
    print_wrapped(console, f"{found.runs:,} people solved.{lost} {others}")


def say_interval(lower: float, upper: float) -> str:
    """An interval in two digits; a dash if there is none."""
    return "–" if lower != lower else f"{lower:.2f} to {upper:.2f}"
