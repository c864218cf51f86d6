"""What the page of a model file is asked: its form in, curves of each output with bands, the command that gives the same, or every fault out."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from resprout.app.options import read_pairs
from resprout.app.serve.export_formats import rows_csv
from resprout.app.serve.plot_data import Picture, axis, look, nice_range, value_axis, words
from resprout.dosing.species_doses import SpeciesDose, read_doses
from resprout.errors import Fault, InputError, ResproutError, nearest
from resprout.figures.palette import CONTROL_COLOUR, STAGE_COLOUR, faint
from resprout.language.records import ImportedModel
from resprout.simulation import simulate_imported
from resprout.simulation.imported_simulation import changing_outputs, outputs_by_name

LONGEST_TEXT, MOST_PATIENTS, MOST_OUTPUTS, HEIGHT = 2000, 2000, 8, 240
DRAWN_AT_FIRST, MOST_FOLLOWED = 4, 100  # states that are followed to choose them
COLOUR = STAGE_COLOUR["circuit"]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Asked:
    """What the form says.

    until      end of the run, in the model's own unit of time
    outputs    that are drawn                values    of constants and beginnings that differ from the file
    doses      what is given                 vary      how patients differ; empty for one run
    patients   how many of them
    """

    until: float
    outputs: tuple[str, ...]
    values: Mapping[str, float]
    doses: tuple[SpeciesDose, ...] = ()
    vary: str = ""
    patients: int = 200


@dataclass(frozen=True)
class OutputTrajectory:
    """One output over time.

    middle   [time] of the run, or the median of patients
    band     lower and upper end of the central 90 %, [time] each; None of one run
    before   [time] with the file's own values; None where nothing was changed
    """

    name: str
    unit: str
    time: Floats
    middle: Floats
    band: tuple[Floats, Floats] | None
    before: Floats | None


def read_form(model: ImportedModel, form: Mapping[str, Any]) -> Asked:
    """Read what was typed.

    form     until, outputs, set, dose, vary (text), patients, and values by name
    raises   InputError with every fault, each with the field that it is about
    """
    faults: list[Fault] = []
    text = {name: _text(form, name, faults) for name in ("outputs", "set", "dose", "vary")}
    until = _number(form, "until", faults)
    if until is not None and not 0 < until < float("inf"):
        faults.append(Fault(f"the end of the run is {until:g}.", "", "Expected a time above 0.", field="until"))
    patients = _number(form, "patients", faults)
    if patients is not None and not (1 <= patients <= MOST_PATIENTS and patients == int(patients)):
        expected = f"Expected a whole number from 1 to {MOST_PATIENTS:,}; `resprout simulate` takes more."
        faults.append(Fault(f"{patients:g} patients are asked for.", "", expected, field="patients"))
    outputs = tuple(dict.fromkeys(name.strip() for name in text["outputs"].split(",") if name.strip()))
    for name in (each for each in outputs if each not in model.equations):
        remedy = nearest(name, model.equations) or "The list below has all of them."
        faults.append(Fault(f"`{name[:40]}` is no output of the model.", "", "", remedy, field="outputs"))
    if not 1 <= len(outputs) <= MOST_OUTPUTS:
        expected = f"Expected 1 to {MOST_OUTPUTS}."
        faults.append(Fault(f"{len(outputs)} outputs are asked for.", "", expected, field="outputs"))
    moved = _fields(model, form.get("values"), faults)
    pairs: list[Fault] = []
    parts = [part.strip() for part in text["set"].replace("\n", ",").split(",") if part.strip()]
    moved |= read_pairs("set", parts, "k=0.7", pairs)
    faults += [Fault(each.found, "", each.expected, each.remedy, field="set") for each in pairs]
    doses: tuple[SpeciesDose, ...] = ()
    try:
        doses = read_doses([line.strip() for line in text["dose"].splitlines() if line.strip()])
    except InputError as error:
        faults += [Fault(each.found, "", each.expected, each.remedy, field="dose") for each in error.faults]
    if faults:
        raise InputError(*faults)
    return Asked(float(until or 0), outputs, moved, doses, text["vary"].strip(), int(patients or 1))


def _text(form: Mapping[str, Any], name: str, faults: list[Fault]) -> str:
    given = form.get(name) or ""
    if not isinstance(given, str) or len(given) > LONGEST_TEXT:
        faults.append(Fault("the text is too long.", "", f"Expected up to {LONGEST_TEXT:,} characters.", field=name))
        return ""
    return given


def _number(form: Mapping[str, Any], name: str, faults: list[Fault]) -> float | None:
    given = form.get(name)
    try:
        return float(given)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        faults.append(Fault("this is no number.", "", "Expected a number.", field=name))
        return None


def _fields(model: ImportedModel, given: Any, faults: list[Fault]) -> dict[str, float]:
    """Values of fields that differ from the file's own."""
    found = {}
    for name, value in (given or {}).items() if isinstance(given, Mapping) else ():
        if name not in model.nominal:
            continue
        read = _number({name: value}, name, faults)
        if read is not None and read != model.nominal[name]:
            found[name] = read
    return found


def trajectories(model: ImportedModel, asked: Asked) -> tuple[list[OutputTrajectory], str]:
    """Solve what is asked; the trajectories, and what is to be known of them.

    raises   InputError and SolveError as `simulate_imported`
    """
    run, as_in_file = _run(model, asked), replace(asked, values={}, doses=(), vary="")
    before = outputs_by_name(_run(model, as_in_file)) if asked != as_in_file else {}
    found = []
    for name, values in outputs_by_name(run).items():
        patients = values.values
        band = None
        with np.errstate(all="ignore"):
            if len(patients) > 1:
                low, high = np.nanpercentile(patients, (5, 95), axis=0)
                band = low, high
            middle = np.nanmedian(patients, axis=0) if len(patients) > 1 else patients[0]
        own = before[name].values[0] if name in before else None
        found.append(OutputTrajectory(name, str(values.attrs["units"]), _times(run), middle, band, own))
    return found, str(run.attrs.get("notes", ""))


def _times(run: xr.Dataset) -> Floats:
    return np.asarray(run["time"].values if "time" in run.coords else run["time_h"].values, dtype=float)


def _run(model: ImportedModel, asked: Asked) -> xr.Dataset:
    more: dict[str, Any] = {"patients": asked.patients, "vary": asked.vary} if asked.vary else {}
    hours = asked.until * model.hours_per_unit
    return simulate_imported(model, hours, outputs=asked.outputs, overrides=asked.values, doses=asked.doses, **more)


def picture(trajectory: OutputTrajectory, time_unit: str) -> Picture:
    """One output over time: the curve, the band of patients, and in grey what the file's own values give."""
    traces: list[Picture] = []
    if trajectory.band is not None:
        low, high = (values.tolist() for values in trajectory.band)
        x = trajectory.time.tolist()
        traces.append({"type": "scatter", "mode": "lines", "x": [*x, *x[::-1]], "y": [*high, *low[::-1]], "fill": "toself",
                       "fillcolor": faint(COLOUR, 0.16), "line": {"width": 0}, "hoverinfo": "skip"})  # fmt: skip
    if trajectory.before is not None:
        traces.append(_line(trajectory.time, trajectory.before, CONTROL_COLOUR, "as in the file", dash="dash"))
    traces.append(_line(trajectory.time, trajectory.middle, COLOUR, "now"))
    drawn = [
        trajectory.middle,
        *([trajectory.before] if trajectory.before is not None else []),
        *(trajectory.band or ()),
    ]
    finite = np.concatenate([values[np.isfinite(values)] for values in drawn])
    span = nice_range(float(finite.min()), float(finite.max())) if finite.size else [0.0, 1.0]
    if finite.size and finite.min() == finite.max():
        room = abs(finite.min()) or 1.0
        span = [float(finite.min() - room), float(finite.min() + room)]
    return {
        "data": traces,
        "layout": look(
            HEIGHT,
            (70, 14, 10, 44),
            xaxis=axis(title=words(f"time, {time_unit}"), nticks=7),
            yaxis=value_axis(title=words(trajectory.unit), range=span, exponentformat="power", automargin=True),
        ),
    }


def _line(x: Floats, y: Floats, colour: str, name: str, **look_of: str) -> Picture:
    hover = "%{x:.4g}: %{y:.5g}<extra>" + name + "</extra>"
    line = {"color": colour, "width": 2, **look_of}
    return {"type": "scatter", "mode": "lines", "x": x.tolist(), "y": y.tolist(), "line": line, "name": name, "hovertemplate": hover}  # fmt: skip


def command_line(model: ImportedModel, asked: Asked) -> str:
    """The command that gives the same numbers."""
    parts = ["resprout simulate", "--model", model.file or "model.xml", "--until", f"{asked.until:g}"]
    parts += ["--outputs", ",".join(asked.outputs)]
    for name, value in asked.values.items():
        parts += ["--set", f"{name}={value!r}"]
    for dose in asked.doses:
        parts += ["--dose", dose.text]
    if asked.vary:
        parts += ["--vary", asked.vary, "--patients", str(asked.patients)]
    return " ".join([parts[0], *(shlex.quote(part) for part in parts[1:])])


def table_csv(found: Sequence[OutputTrajectory], time_unit: str) -> str:
    """The curves as a long table."""
    rows = []
    for trajectory in found:
        low, high = trajectory.band if trajectory.band is not None else (trajectory.middle, trajectory.middle)
        for moment in np.stack([trajectory.time, trajectory.middle, low, high], axis=1).tolist():
            rows.append((trajectory.name, trajectory.unit, *moment))
    return rows_csv(["output", "unit", f"time ({time_unit})", "median", "lower 5 %", "upper 95 %"], rows)


def first_outputs(model: ImportedModel, until: float) -> list[str]:
    """What is drawn at first: the states that change most, relative to their largest size; in a large model the first ones.

    until   how long they are followed, in the model's own unit of time
    """
    names = [state.name for state in model.states if state.name != model.clock] or changing_outputs(model)
    if not DRAWN_AT_FIRST < len(names) <= MOST_FOLLOWED:
        return names[:DRAWN_AT_FIRST]
    try:
        run = outputs_by_name(simulate_imported(model, until * model.hours_per_unit, outputs=names))
    except ResproutError:
        return names[:DRAWN_AT_FIRST]
    changes = {}
    for name, values in run.items():
        trajectory = values.values[0][np.isfinite(values.values[0])]
        size = np.abs(trajectory).max(initial=0.0)
        changes[name] = float(np.ptp(trajectory) / size) if size > 0 else 0.0
    most = sorted(names, key=lambda name: -round(changes[name], 2))[:DRAWN_AT_FIRST]
    return [name for name in names if name in most]
