"""`resprout sensitivity`: global sensitivity of an output at a time to the constants of the model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from resprout.app.caveats import Caveat, caveat_facts, caveats_for, print_caveats, shown_by_regimens
from resprout.app.options import (
    AsJson,
    FigureFile,
    NamedConstants,
    PictureSize,
    TableFile,
    only_named,
    read_choice,
    read_pairs,
    with_population,
)
from resprout.app.output_files import TABLE_SUFFIXES, check_figure_target, check_target, refuse, save_figure, save_table
from resprout.app.provenance import provenance
from resprout.app.sensitivity_tables import index_rows, sensitivity_facts, show_sensitivity
from resprout.app.simulate_options import Dose, ModelPath
from resprout.errors import Fault, InputError, need_package

if TYPE_CHECKING:
    from resprout.calibrate.experiments import Arm
    from resprout.calibrate.sensitivity_indices import Sampling, Sensitivity, Target
    from resprout.language.records import Model
    from resprout.people.named_population import NamedPopulation

Files = tuple[Path | None, Path | None, str | None, bool, int]
METHODS = ("sobol", "morris")
DEFAULT = ("HDRS17@24h", "HDRS17@7d")
MOST_SAMPLES = 65_536


Targets = Annotated[
    list[str] | None,
    typer.Argument(metavar="OUTPUT@TIME", help="Such as HDRS17@24h; HDRS17@24h and HDRS17@7d if left out."),
]
Ranges = Annotated[
    str | None,
    typer.Option(
        "--vary",
        help='Of a model file: what varies, "k=lognormal(cv=0.3), V=uniform(1, 2)"; all constants if left out.',
    ),
]
Set = Annotated[
    list[str] | None, typer.Option("--set", help="Of a model file: set a constant, NAME=VALUE; repeatable.")
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
    model: ModelPath = None,
    vary: Ranges = None,
    dose: Dose = None,
    set_: Set = None,
    population: NamedConstants = None,
    out: FigureFile = None,
    table: TableFile = None,
    size: PictureSize = None,
    as_json: AsJson = False,
) -> None:
    """Global sensitivity analysis: share the variance of an output among the constants, each varied over its range.

    Example: `resprout sensitivity HDRS17@24h HDRS17@7d --out sensitivity.html`

    Of a model file: `resprout sensitivity S2@10 --model model.xml --vary "k1=lognormal(cv=0.3), k2=uniform(0, 1)"`
    """
    faults = [*check_figure_target("--out", out, size), *check_target("--table", table, TABLE_SUFFIXES)]
    chosen = read_choice("--method", method, METHODS, faults)
    faults += sample_faults(samples)
    of_file = model is not None and model.is_file()
    faults += _of_the_other(
        {"--given": given, "--person": person != "patient", "--population": population}
        if of_file
        else {"--vary": vary, "--dose": dose, "--set": set_},
        of_file=of_file,
    )
    named = only_named(population, faults, "`--person` says who is treated")
    files = (out, table, size, as_json, top)
    if model is not None and of_file:
        wanted_sampling = (samples, keep, chosen == "sobol", seed)
        sensitivity_of_file(model, (targets or [], vary, dose, set_), wanted_sampling, files, faults)
        return
    refuse(faults)
    sensitivity_of_chain(model, named, (targets or [], person, given), (samples, keep, chosen == "sobol", seed), files)


def sensitivity_of_chain(
    source: Path | None,
    named: NamedPopulation | None,
    asked: tuple[list[str], str, str | None],
    sampling: tuple[int, int | None, bool, int],
    files: Files,
) -> None:
    """The analysis of the chain of mechanisms.

    source     folder of a model, or None            named   population whose constants hold, or None
    asked      outputs at times, person and what is given, as typed
    sampling   base sample, constants kept, whether Sobol follows, and seed
    files      as in `show_or_save`
    """
    need_package("SALib", "calibrate")
    from resprout.calibrate.experiments import Arm
    from resprout.calibrate.global_sensitivity import read_target
    from resprout.calibrate.sensitivity_indices import Sampling
    from resprout.language import load_model

    targets, person, given = asked
    loaded, own = with_population(load_model(source), named)
    wanted = tuple(dict.fromkeys(read_target(text, loaded) for text in targets or DEFAULT))
    arm = Arm(person, standard_dose(loaded, person) if given is None else given)
    samples, keep, sobol, seed = sampling
    how = Sampling(samples, keep=keep, sobol=sobol, seed=seed)
    found = analysed(loaded, arm, wanted, how)
    facts = {"person": person, "given": arm.done, "targets": [each.text for each in wanted], **vars(how)}
    show_or_save(found, wanted, provenance(loaded, "sensitivity", **facts, **own), files)


def show_or_save(found: Sensitivity, targets: tuple[Target, ...], told: dict[str, Any], files: Files) -> None:
    """Write the figure and the table that are wanted, and print the indices.

    told    provenance      files   figure, table, width of the figure, whether JSON is printed, constants to print
    """
    import pandas as pd

    out, table, size, as_json, top = files
    save_figure_of(found, targets, top, out, size)
    if table is not None:
        save_table(pd.DataFrame(index_rows(found, targets)), table, told)
    show_or_print(found, targets, top, told if as_json else None, [path for path in (out, table) if path is not None])


def _of_the_other(given: dict[str, Any], *, of_file: bool) -> list[Fault]:
    """Options that mean something only for the other form of model."""
    said = (
        "It means nothing in a model without drugs and people." if of_file else "It means something for a model file."
    )
    remedy = "Use `--vary`, `--dose` and `--set`." if of_file else "Say which, `--model FILE`, or leave it out."
    return [Fault(f"`{name}` is given.", name, said, remedy) for name, was_given in given.items() if was_given]


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

    with progress_bar(runs_of(sampling, len(find_factors(model, arm, targets))), "runs") as progress:
        return analyse_sensitivity(model, arm, targets, sampling, progress=progress)


def runs_of(sampling: Sampling, count: int) -> int:
    """How many runs an analysis of some constants takes."""
    runs = sampling.trajectories * (count + 1)
    return runs + (sampling.samples * (min(sampling.keep or count, count) + 2) if sampling.sobol else 0)


def sensitivity_of_file(
    source: Path,
    asked: tuple[list[str], str | None, list[str] | None, list[str] | None],
    sampling: tuple[int, int | None, bool, int],
    files: Files,
    faults: list[Fault],
) -> None:
    """The same of a model file.

    asked      outputs at times, ranges, doses and values, as typed
    sampling   base sample, constants kept, whether Sobol follows, and seed
    files      as in `show_or_save`
    faults     of the options so far
    """
    from resprout.app.imported_commands import read_doses_of, read_variation_of

    targets, vary, dose, pairs = asked
    variation, doses = read_variation_of(vary, faults), read_doses_of(dose, faults)
    overrides = read_pairs("--set", pairs or [], "k=0.7", faults)
    if not targets:
        faults.append(Fault("no output is named.", "OUTPUT@TIME", "Expected for instance `S2@10` or `S2@24h`."))
    refuse(faults)
    need_package("SALib", "calibrate")
    from resprout.app.terminal import progress_bar
    from resprout.calibrate.imported_sensitivity import analyse_imported, imported_factors, read_imported_target
    from resprout.calibrate.sensitivity_indices import Sampling
    from resprout.exchange.imported_model import import_model

    model = import_model(source)
    wanted = tuple(dict.fromkeys(read_imported_target(text, model) for text in targets))
    factors = imported_factors(model, variation, overrides)
    samples, keep, sobol, seed = sampling
    how = Sampling(samples, keep=keep, sobol=sobol, seed=seed)
    with progress_bar(runs_of(how, len(factors)), "runs") as progress:
        settings = {"doses": doses, "overrides": overrides, "progress": progress}
        found = analyse_imported(model, wanted, factors, how, **settings)  # type: ignore[arg-type]
    facts = {"file": model.file, "vary": vary or "", "doses": found.given, "set": overrides}
    facts |= {"targets": [each.text for each in wanted], **vars(how)}
    show_or_save(found, wanted, provenance(model, "sensitivity", **facts), files)


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
    return (
        caveats_for(shown_by_regimens([target.output for target in targets], [found.given], last))
        if found.person
        else []
    )


def save_figure_of(
    found: Sensitivity, targets: tuple[Target, ...], top: int, out: Path | None, size: str | None
) -> None:
    """Write the figure, of its width in print, if it is wanted."""
    if out is not None:
        from resprout.figures.sensitivity_figure import sensitivity_figure

        save_figure(sensitivity_figure(found, targets, top), out, size)
