"""`resprout simulate --model FILE` and `resprout check FILE`: an imported model, followed and described."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resprout.app.options import PRECISIONS, read_choice, read_ids
from resprout.app.output_files import (
    PAGE_SUFFIXES,
    RUN_SUFFIXES,
    TABLE_SUFFIXES,
    check_target,
    refuse,
    save_rows,
    save_run,
)
from resprout.app.simulate_options import Given
from resprout.errors import Fault, InputError
from resprout.language.records import ImportedModel, Model

if TYPE_CHECKING:
    import xarray as xr

    from resprout.dosing.species_doses import SpeciesDose
    from resprout.simulation.varied_parameters import Variation


GUIDE = "docs/guides/exchange.md shows how such a model is run."
SHOWN = 6
"""Moments that fit on a screen."""


def chain_model(source: Path | None) -> Model:
    """The shipped model or one of its form.

    raises   InputError for a model of another form, which has no stages, drugs or people
    """
    loaded = load_any(source)
    if isinstance(loaded, Model):
        return loaded
    found = f"`{source}` holds a model without stages, drugs and people."
    raise InputError(Fault(found, "", "A model folder was expected.", f"Try `resprout check {source}`."))


def load_any(source: Path | None) -> Model | ImportedModel:
    """The model in a folder or a file; None for the shipped one."""
    from resprout.language import load_model

    if source is None or not source.is_file():
        return load_model(source)
    from resprout.exchange.imported_model import import_model

    return import_model(source)


def span_hours(days: float | None, hours: float | None, until: float | None, faults: list[Fault]) -> float | None:
    """Hours to follow from --days or --hours, None if --until is to be used; more than one of them is a fault."""
    given = [name for name, value in (("--days", days), ("--hours", hours), ("--until", until)) if value is not None]
    if len(given) > 1:
        faults.append(Fault(f"{' and '.join(given)} are given.", given[1], "Expected one of them."))
    if until is not None:
        return None
    return hours if hours is not None else 24 * (days if days is not None else 14.0)


def follow_file(given: Given, source: Path, done: tuple[list[str] | None, dict[str, float]]) -> None:
    """Simulate an imported model and show it: once, or in patients who differ.

    given   on the command line      done   the outputs that are asked for, and values that are set
    """
    from resprout.exchange.imported_model import import_model
    from resprout.simulation import Numerics, simulate_imported
    from resprout.simulation.imported_errors import errors_of, finer_tolerance, values_of, with_error

    outputs, overrides = done
    faults = _not_of_files(given)
    hours = span_hours(given.days, given.hours, given.until, faults)
    varied = given.vary is not None or isinstance(given.patients, Path)
    ids = read_ids(given.patient_ids, faults)
    faults += _options_of_patients(given) if not varied else []
    faults += check_target("--out", given.out, RUN_SUFFIXES if varied else (RUN_SUFFIXES[0],))
    faults += check_target("--table", given.table, TABLE_SUFFIXES)
    faults += check_target("--report", given.report, PAGE_SUFFIXES)
    kind = read_choice("--precision", given.precision, PRECISIONS, faults)
    variation, doses = read_variation_of(given.vary, faults), read_doses_of(given.dose, faults)
    refuse(faults)
    loaded = import_model(source)
    length = hours if hours is not None else float(given.until or 0) * loaded.hours_per_unit
    if varied:
        _follow_people(given, loaded, (length, variation, kind, ids), (*done, doses))
        return
    numerics = Numerics(given.tolerance, given.threads)
    run = simulate_imported(loaded, length, outputs=outputs, overrides=overrides, numerics=numerics, doses=doses)
    if given.errors:
        finer = replace(numerics, tolerance=finer_tolerance(given.tolerance))
        precise = simulate_imported(loaded, length, outputs=outputs, overrides=overrides, numerics=finer, doses=doses)
        with_error(run, errors_of(values_of(run), values_of(precise)))
    if given.out is not None:
        save_run(run, given.out)
    if given.table is not None:
        save_trajectory_table(run, loaded, given.table)
    if given.report is not None:
        _report(run, loaded, given.report)
    written = [path for path in (given.out, given.table, given.report) if path is not None]
    show_run(run, loaded, written, given.as_json)


def _follow_people(
    given: Given,
    model: ImportedModel,
    read: tuple[float, Variation | None, str | None, list[int] | None],
    done: tuple[list[str] | None, dict[str, float], tuple[SpeciesDose, ...]],
) -> None:
    """Simulate patients who differ.

    read    hours, how patients differ, precision and numbers of chosen patients
    done    outputs that are asked for, values that are set, and doses
    """
    from resprout.app.imported_people import PeopleOptions, follow_people, read_patient_table
    from resprout.simulation import Numerics
    from resprout.simulation.imported_population import patients_of
    from resprout.simulation.imported_simulation import imported_request

    (hours, variation, kind, ids), (outputs, overrides, doses) = read, done
    stored = given.out is not None and given.out.suffix.lower() == ".zarr"
    precision = (kind or "float32") if stored else "float64"
    numerics = Numerics(given.tolerance, given.threads, precision, given.allow_failures)
    wanted = read_patient_table(given.patients) if isinstance(given.patients, Path) else given.patients
    people = patients_of(model, wanted, variation, given.seed, overrides)
    request = imported_request(model, hours, outputs, overrides, people, numerics, doses)
    files = (given.out, given.table, given.cluster)
    follow_people(request, PeopleOptions(ids, *files, given.restart, given.as_json, given.errors, given.report))


def read_variation_of(text: str | None, faults: list[Fault]) -> Variation | None:
    """How patients differ, or None where nothing is said or its faults are added."""
    from resprout.simulation.varied_parameters import read_variation

    try:
        return None if text is None else read_variation(text, "--vary")
    except InputError as error:
        faults += error.faults
        return None


def read_doses_of(texts: list[str] | None, faults: list[Fault]) -> tuple[SpeciesDose, ...]:
    """What is given; faults are added."""
    from resprout.dosing.species_doses import read_doses

    try:
        return read_doses(texts or (), "--dose")
    except InputError as error:
        faults += error.faults
        return ()


def _not_of_files(given: Given) -> list[Fault]:
    """Faults of options that mean nothing for an imported model."""
    return [
        Fault(f"`{name}` is given.", name, "It means nothing in a model without drugs and people.", GUIDE)
        for name, was_given in given.of_the_chain().items()
        if was_given
    ]


def _options_of_patients(given: Given) -> list[Fault]:
    """Faults of options that mean something only where patients differ."""
    several = given.patients is not None and given.patients != 1
    named = {"--patients": several, "--patient-ids": given.patient_ids, "--cluster": given.cluster}
    remedy = 'Say how, such as `--vary "k=lognormal(cv=0.3)"`, or give their table, `--patients FILE.csv`.'
    return [
        Fault(f"`{name}` is given, and nothing says how patients differ.", name, "", remedy)
        for name, was_given in {**named, "--restart": given.restart}.items()
        if was_given
    ]


def _report(run: xr.Dataset, model: ImportedModel, target: Path) -> None:
    """Write the report of one run."""
    import numpy as np

    from resprout.app.imported_report import write_imported_report
    from resprout.app.provenance import provenance
    from resprout.simulation.imported_simulation import outputs_by_name

    found = outputs_by_name(run)
    time = (run["time"] if "time" in run.coords else run["time_h"]).to_numpy()
    told = {name: value for name, value in run.attrs.items() if name not in ("notes", "model_digest")}
    write_imported_report(
        target,
        model,
        list(found),
        time=time,
        middle=np.stack([each.to_numpy()[0] for each in found.values()], axis=1),
        lead="One run from the initial values of the model.",
        notes=[run.attrs["notes"]] if run.attrs["notes"] else [],
        facts=provenance(model, "simulate", **told),
    )


def save_trajectory_table(run: xr.Dataset, model: ImportedModel, target: Path) -> None:
    """Write the run as a long table, in hours."""
    from resprout.simulation.imported_simulation import outputs_by_name
    from resprout.simulation.summaries import COLUMNS

    nan, hours = float("nan"), run["time_h"].values.tolist()
    rows = [
        (model.name, name, hour, "mean", value, nan, nan, 1)
        for name, found in outputs_by_name(run).items()
        for hour, value in zip(hours, found.values[0].tolist(), strict=True)
    ]
    save_rows(rows, COLUMNS, target)


def show_run(run: xr.Dataset, model: ImportedModel, files: list[Path], as_json: bool) -> None:
    """Print the outputs at a few moments, and where the files are."""
    from resprout.app.terminal import number, print_json, stdout_console, table
    from resprout.simulation.imported_errors import error_sentence
    from resprout.simulation.imported_simulation import outputs_by_name

    outputs = outputs_by_name(run)
    own = run["time"].values if "time" in run.coords else run["time_h"].values
    chosen = [round(share * (len(own) - 1) / (SHOWN - 1)) for share in range(SHOWN)]
    unit = model.time_unit or "h"
    if as_json:
        rows = [
            {"endpoint": name, "unit": found.attrs["units"], "values": found.values[0]}
            for name, found in outputs.items()
        ]
        told: dict[str, Any] = {"model": model.name, "digest": model.digest, "time_unit": unit, "time": own}
        told |= {"rows": rows, "steps": int(run["steps"][0]), "notes": run.attrs["notes"]}
        told |= {"error": float(run["error"][0])} if "error" in run else {}
        print_json({**told, "files": [str(path) for path in files]})
        return
    moments = [f"{own[index]:.4g}" for index in chosen]
    cells = [
        [name, found.attrs["units"], *(number(value, 5) for value in found.values[0][chosen].tolist())]
        for name, found in outputs.items()
    ]
    title = f"{model.name}: time in {model.time_note if model.time_unit else f'h ({model.time_note})'}"
    console = stdout_console()
    console.print(table(["output", "unit", *moments], cells, title=title, right=moments))
    if "error" in run:
        console.print(error_sentence(float(run["error"][0])))
    if run.attrs["notes"]:
        console.print(f"Note: {run.attrs['notes']}.")
    for path in files:
        console.print(f"wrote {path}")


def show_file(model: ImportedModel, as_json: bool) -> None:
    """Print what an imported model holds."""
    from resprout.app.imported_description import equation_rows
    from resprout.app.terminal import print_json, stdout_console, table

    facts: dict[str, Any] = {
        "file": model.file,
        "model": model.name,
        "digest": model.digest,
        "time_unit": model.time_unit or None,
        "time_note": model.time_note,
        "states": [equation.name for equation in model.states if equation.name != model.clock],
        "assigned": [equation.name for equation in model.assigned],
        "constants": list(model.constants),
        "events": model.event_count,
    }
    if as_json:
        print_json(facts)
        return
    console = stdout_console()
    console.print(table(["kind", "name", "is", "unit"], equation_rows(model), title=model.name))
    console.print(f"{model.file}: all of it is supported. Time: {model.time_note}. Events: {model.event_count}.")
