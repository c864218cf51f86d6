"""`resprout simulate --model FILE` and `resprout check FILE`: an imported model, followed and described."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resprout.app.output_files import RUN_SUFFIXES, TABLE_SUFFIXES, check_target, refuse, save_rows, save_run
from resprout.errors import Fault, InputError
from resprout.language.records import ImportedModel, Model

if TYPE_CHECKING:
    import xarray as xr


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


def follow_file(  # many arguments: each is an option of `simulate`
    source: Path,
    outputs: list[str] | None,
    overrides: Mapping[str, float],
    span: tuple[float | None, float | None, float | None],
    tolerance: float | None,
    files: tuple[Path | None, Path | None],
    others: Mapping[str, bool],
    as_json: bool,
) -> None:
    """Simulate an imported model once and show it.

    span     of --days, --hours, --until     files    of --out and --table
    others   options of the shipped model, and whether each was given
    """
    from resprout.exchange.imported_model import import_model
    from resprout.simulation import Numerics, simulate_imported

    faults = [
        Fault(f"`{name}` is given.", name, "It means nothing in a model without drugs and people.", GUIDE)
        for name, was_given in others.items()
        if was_given
    ]
    hours = span_hours(*span, faults)
    out, table = files
    faults += check_target("--out", out, (RUN_SUFFIXES[0],)) + check_target("--table", table, TABLE_SUFFIXES)
    refuse(faults)
    loaded = import_model(source)
    length = hours if hours is not None else float(span[2] or 0) * loaded.hours_per_unit
    run = simulate_imported(loaded, length, outputs=outputs, overrides=overrides, numerics=Numerics(tolerance))
    if out is not None:
        save_run(run, out)
    if table is not None:
        save_trajectory_table(run, loaded, table)
    show_run(run, loaded, [path for path in files if path is not None], as_json)


def save_trajectory_table(run: xr.Dataset, model: ImportedModel, target: Path) -> None:
    """Write the run as a long table, in hours."""
    from resprout.simulation.imported_simulation import outputs_by_name
    from resprout.simulation.summaries import COLUMNS

    nan = float("nan")
    rows = [
        (model.name, name, float(hour), "mean", float(value), nan, nan, 1)
        for name, found in outputs_by_name(run).items()
        for hour, value in zip(run["time_h"].values, found.values[0], strict=True)
    ]
    save_rows(rows, COLUMNS, target)


def show_run(run: xr.Dataset, model: ImportedModel, files: list[Path], as_json: bool) -> None:
    """Print the outputs at a few moments, and where the files are."""
    from resprout.app.terminal import number, print_json, stdout_console, table
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
        print_json({**told, "files": [str(path) for path in files]})
        return
    moments = [f"{own[index]:.4g}" for index in chosen]
    cells = [
        [name, found.attrs["units"], *(number(float(found[0, i]), 5) for i in chosen)]
        for name, found in outputs.items()
    ]
    title = f"{model.name}: time in {model.time_note if model.time_unit else f'h ({model.time_note})'}"
    console = stdout_console()
    console.print(table(["output", "unit", *moments], cells, title=title, right=moments))
    if run.attrs["notes"]:
        console.print(f"Note: {run.attrs['notes']}.")
    for path in files:
        console.print(f"wrote {path}")


def show_file(model: ImportedModel, as_json: bool) -> None:
    """Print what an imported model holds."""
    from resprout.app.terminal import number, print_json, stdout_console, table

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
    rows = [["state", e.name, f"d/dt = {e.text}", e.unit] for e in model.states if e.name != model.clock]
    rows += [["assigned", e.name, f"= {e.text}", e.unit] for e in model.assigned]
    rows += [
        ["constant", c.name, "computed at the beginning" if c.value != c.value else number(c.value, 6), c.unit]
        for c in model.constants.values()
    ]
    console = stdout_console()
    console.print(table(["kind", "name", "is", "unit"], rows, title=model.name))
    console.print(f"{model.file}: all of it is supported. Time: {model.time_note}. Events: {model.event_count}.")
