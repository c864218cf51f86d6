"""`resprout simulate --model FILE --vary ...`: patients of an imported model, drawn or from a table, streamed or held."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resprout.app.output_files import save_rows, save_run
from resprout.app.provenance import provenance
from resprout.errors import Fault, InputError, first_faults

if TYPE_CHECKING:
    from resprout.simulation.imported_population import ImportedRequest, RunNotes
    from resprout.simulation.stream import Summary

TABLES = (".csv", ".tsv", ".txt", ".dat", ".parquet", ".xpt")
SHOWN = 5
"""Moments that fit on a screen."""
MOST_HELD = 20_000
"""Patients up to which a run can be held whole, as a NetCDF file needs it."""


def read_patients(text: str | None, faults: list[Fault]) -> int | Path | None:
    """How many patients, or the file of a table of them; None if nothing is said.

    text    of the option       faults   what is wrong is added here
    """
    if text is None or Path(text).suffix.lower() in TABLES:
        return None if text is None else Path(text)
    try:
        count = int(text)
    except ValueError:
        remedy = f"A model file also takes a table, whose name ends in {', '.join(TABLES)}."
        faults.append(Fault("`--patients` is not what it should be.", "", "Expected a whole number.", remedy))
        return None
    if count < 1:
        remedy = "`resprout simulate --help` shows how it is used."
        faults.append(Fault("`--patients` is too small.", "", "Expected 1 or more.", remedy))
        return None
    return count


def read_patient_table(path: Path) -> dict[str, list[float]]:
    """Parameters of patients from a table, a row a patient.

    path     .csv, .tsv, .parquet or .xpt
    returns  numbers by column; columns that name the rows are left out
    raises   InputError with every cell that is no number
    """
    from resprout.patients.table_cells import read_cells
    from resprout.simulation.imported_population import LABELS

    cells, faults = read_cells(path), []
    columns: dict[str, list[float]] = {name: [] for name in cells.header if name not in LABELS}
    for row, line in zip(cells.rows, cells.lines, strict=True):
        for name, text in zip(cells.header, row, strict=True):
            if name not in columns:
                continue
            try:
                value = float(text)
            except ValueError:
                value = math.nan
            if not math.isfinite(value):
                said = f"`{text}` is no finite number for `{name}`." if text else f"`{name}` is empty."
                faults.append(Fault(said, f"{cells.file}:{line}", "Expected a number for each patient."))
            columns[name].append(value)
    if faults:
        raise InputError(*first_faults(faults, cells.file))
    return columns


@dataclass(frozen=True)
class PeopleOptions:
    """Options on patients of an imported model.

    ids   numbers of the patients that are wanted; None for all
    out, table   files to write, or None
    errors       whether the numerical error of each is estimated
    report       page to write, or None
    """

    ids: list[int] | None
    out: Path | None
    table: Path | None
    cluster: str | None
    restart: bool
    as_json: bool
    errors: bool = False
    report: Path | None = None

    @property
    def held(self) -> bool:
        """Whether the run has to be held whole."""
        return self.ids is not None or self.errors or (self.out is not None and self.out.suffix.lower() == ".nc")

    def faults(self, patients: int) -> list[Fault]:
        """Options that do not go together."""
        faults = []
        if (self.ids is not None or self.errors) and self.out is not None and self.out.suffix.lower() == ".zarr":
            faults.append(
                Fault("chosen patients, and errors, cannot be written as Zarr.", "--out", "", "Use a name in `.nc`.")
            )
        if self.cluster is not None and self.held:
            found = "chosen patients, errors and NetCDF files are computed in this process."
            faults.append(Fault(found, "--cluster", "", "Leave `--cluster` out, or write `--out run.zarr`."))
        if self.held and self.ids is None and patients > MOST_HELD:
            found = f"{patients:,} patients are too many for a NetCDF file or an estimate of errors."
            remedy = "Write them with `--out run.zarr`, or choose some with `--patient-ids`."
            faults.append(Fault(found, "--patients", f"Expected at most {MOST_HELD:,}.", remedy))
        outside = [number for number in self.ids or () if number >= patients]
        if outside:
            found = f"patient {outside[0]} is not in a draw of {patients:,}."
            faults.append(Fault(found, "--patient-ids", f"Expected numbers from 0 to {patients - 1}."))
        return faults


def follow_people(request: ImportedRequest, options: PeopleOptions) -> None:
    """Run the patients of a request, write what is asked for and show a summary."""
    from resprout.app.streamed_run import stream_run
    from resprout.simulation.imported_population import RunNotes
    from resprout.simulation.summaries import COLUMNS

    faults = options.faults(request.patients)
    if faults:
        raise InputError(*faults)
    notes = RunNotes(request.outputs, request.hours, dict.fromkeys(request.notes))
    if options.held:
        found = _held(request, options, notes)
    else:
        way = {"restart": options.restart, "watch": notes.take}
        found = stream_run(request, request.model, options.out, options.cluster, **way)  # type: ignore[arg-type]
    if options.table is not None:
        save_rows(found.tally.rows(request.model.name), COLUMNS, options.table, _provenance(request))
    if options.report is not None and found.tally.n:
        _report(found, request, notes.sentences(), options.report)
    _show(found, request, notes.sentences(), options)


def _report(found: Summary, request: ImportedRequest, notes: list[str], target: Path) -> None:
    """Write the report of the patients."""
    from resprout.app.imported_report import write_imported_report

    tally, quantiles = found.tally, found.tally.quantiles()
    failed = f" {tally.failed:,} could not be solved and are left out." if tally.failed else ""
    write_imported_report(
        target,
        request.model,
        request.outputs,
        time=tally.hours / request.model.hours_per_unit,
        middle=tally.mean,
        limits=(quantiles[0], quantiles[2]),
        lead=f"{tally.n:,} patients who differ.{failed}",
        notes=notes,
        facts=_provenance(request),
    )


def _provenance(request: ImportedRequest) -> dict[str, Any]:
    """What the run stands on."""
    return provenance(request.model, "simulate", **request.told())


def _held(request: ImportedRequest, options: PeopleOptions, notes: RunNotes) -> Summary:
    """Run with all patients in memory: chosen ones, or as a NetCDF file needs them."""
    import numpy as np

    from resprout.app.terminal import status_spinner
    from resprout.simulation.imported_errors import errors_in, with_error
    from resprout.simulation.imported_population import solve_numbers
    from resprout.simulation.imported_simulation import held_part, held_run, with_own_time
    from resprout.simulation.stream import Summary
    from resprout.simulation.summaries import Tally

    with status_spinner("Following the patients"):
        if options.ids is not None:
            part = solve_numbers(request, np.array(options.ids, dtype=np.int64))
        else:
            part = held_part(request)
    run = held_run(request, part)
    notes.take(part)
    tally = Tally(request.outputs, np.array(request.hours), {})
    tally.add(part.value, part.status)
    error = errors_in(request, part) if options.errors else None
    if error is not None:
        with_error(run, error)
    if options.out is not None:
        save_run(with_own_time(run, request.model), options.out)
    return Summary(tally, part.digest()[:16], None if error is None else float(error.max()))


def _show(found: Summary, request: ImportedRequest, notes: list[str], options: PeopleOptions) -> None:
    """Print mean and quantiles of the outputs at a few moments, what is to be said of them, and where the files are."""
    from resprout.app.terminal import number, print_json, print_wrapped, stdout_console, table
    from resprout.simulation.imported_errors import error_sentence

    tally, model = found.tally, request.model
    files = [path for path in (options.out, options.table, options.report) if path is not None]
    own = tally.hours / model.hours_per_unit
    quantiles = tally.quantiles() if tally.n else None
    if options.as_json:
        told: dict[str, Any] = {"model": model.name, "patients": tally.n + tally.failed, "failed": tally.failed}
        rows: list[dict[str, Any]] = []
        for column, name in enumerate(request.outputs if quantiles is not None else ()):
            assert quantiles is not None
            low, middle, high = (quantiles[index, :, column] for index in range(3))
            row = {"endpoint": name, "unit": model.unit(name), "mean": tally.mean[:, column]}
            rows.append({**row, "quantile_5": low, "quantile_50": middle, "quantile_95": high})
        told |= {"time_unit": model.time_unit or "h", "time": own, "rows": rows, "digest": found.digest}
        told |= {"error": found.error} if found.error is not None else {}
        told |= {"provenance": _provenance(request), "notes": notes, "files": [str(path) for path in files]}
        print_json(told)
        return
    console = stdout_console()
    if quantiles is not None:
        chosen = [round(share * (len(own) - 1) / (SHOWN - 1)) for share in range(SHOWN)]
        moments = [f"{own[index]:.4g}" for index in chosen]
        cells = []
        for column, name in enumerate(request.outputs):
            lines = {"mean": tally.mean[:, column], "5 %": quantiles[0, :, column], "95 %": quantiles[2, :, column]}
            for place, (word, values) in enumerate(lines.items()):
                first = [name, model.unit(name)] if place == 0 else ["", ""]
                cells.append([*first, word, *(number(float(values[index]), 4) for index in chosen)])
        unit = model.time_note if model.time_unit else f"h ({model.time_note})"
        title = f"{model.name}: {tally.n:,} patients, time in {unit}"
        console.print(table(["output", "unit", "", *moments], cells, title=title, right=moments))
    if tally.failed:
        console.print(f"{tally.failed:,} patients could not be solved and are left out.")
    if found.error is not None:
        console.print(error_sentence(found.error))
    for note in notes:
        print_wrapped(console, f"Note: {note}.")
    for path in files:
        console.print(f"wrote {path}")
