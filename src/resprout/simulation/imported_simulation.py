"""An imported model followed in time: constants and initial values in, a labelled Dataset out, as for the shipped model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from resprout.errors import Fault, InputError, refuse_others
from resprout.language.given_values import mapping_of, names_of, number_of, numbers_of
from resprout.language.records import ImportedModel
from resprout.simulation.cohort_simulation import refuse_failures
from resprout.simulation.labelled_results import NAME_IN_MODEL, labelled, variable_name
from resprout.simulation.settings import Numerics
from resprout.solve import Events, check_names, run_patients
from resprout.solve.initial_values import IMPORTED_TOLERANCE

if TYPE_CHECKING:
    import xarray as xr

MOMENTS = 201


def changing_outputs(model: ImportedModel) -> list[str]:
    """Everything that changes in time, but for the clock."""
    return [name for name in model.equations if name != model.clock]


def simulate_imported(
    model: ImportedModel,
    hours: float,
    *,
    outputs: Sequence[str] | None = None,
    overrides: Mapping[str, ArrayLike] | None = None,
    times_h: Sequence[float] = (),
    numerics: Numerics | None = None,
) -> xr.Dataset:
    """Follow an imported model from its initial values.

    hours       h   how long; a file that declares no unit of time counts in hours
    outputs     names; None for all that changes
    model       what `rs.import_model` gave
    overrides   value of a constant or initial value: a number, or [patient] to run several
    times_h     h   further moments
    numerics    tolerance, threads and allowed failures; None for the defaults
    returns     outputs [patient, time_h], status and steps; `time` is the file's own unit where it declares one; the attribute
                `notes` says which outputs are no numbers and what could not be made sure of, and is empty where all is well
    raises      InputError with every fault; SolveError if more fail than allowed
    """
    numerics = numerics or Numerics()
    moments = _moments(hours, times_h)
    names, changed = _asked(model, outputs, overrides)
    _refuse(model, changed, names, numerics.faults())
    time = moments / model.hours_per_unit
    found = run_patients(
        model, changed, Events.none(), time, names, tolerance=numerics.tolerance, threads=numerics.threads
    )
    refuse_failures(found.status, numerics.allowed_failures, spared=0, reasons=found.reasons)
    told = {"model": model.name, "file": model.file, "tolerance": numerics.tolerance or IMPORTED_TOLERANCE}
    told |= {"time_unit": model.time_note}
    told |= {"overrides": ", ".join(f"{name}={_short(value)}" for name, value in changed.items())}
    told |= {"notes": "; ".join([*found.notes, *_renamed(model, names)])}
    run = labelled(model, found, moments.tolist(), names, told)
    run["time_h"].attrs["long_name"] = "time since the beginning"
    if model.time_unit:
        run = run.assign_coords(time=("time_h", time, {"units": model.time_unit}))
    return run


def outputs_by_name(run: xr.Dataset) -> dict[str, xr.DataArray]:
    """The outputs of a run under the names that the file has for them.

    run      what `simulate_imported` gave
    """
    found = {str(name): run[name] for name in run.data_vars if name not in ("status", "steps")}
    return {str(values.attrs.get(NAME_IN_MODEL, name)): values for name, values in found.items()}


def _renamed(model: ImportedModel, names: Sequence[str]) -> list[str]:
    return [
        f"`{name}` of the file is `{variable_name(name, model)}` in the data set, which has a `{name}` of its own"
        for name in names
        if variable_name(name, model) != name
    ]


def _moments(hours: float, times_h: Sequence[float]) -> NDArray[np.float64]:
    """[time] h   Hours of the run: evenly over all of it, and the further ones.

    raises   InputError for what are no hours
    """
    span, further = number_of(hours), numbers_of(times_h)
    refuse_others(
        ("hours", hours, span is not None and 0 < span < np.inf, "a finite time above 0"),
        ("times_h", times_h, further is not None and all(0 <= hour < np.inf for hour in further), "hours from 0 on"),
    )
    return np.unique([*np.linspace(0, span or 0.0, MOMENTS), *(further or ())])


def _asked(
    model: ImportedModel, outputs: Sequence[str] | None, overrides: Mapping[str, ArrayLike] | None
) -> tuple[list[str], dict[str, ArrayLike]]:
    """The outputs, once each, and the values by constant.

    raises   InputError for what are no names or no values
    """
    names = changing_outputs(model) if outputs is None else names_of(outputs)
    given = {} if overrides is None else mapping_of(overrides)
    refuse_others(
        ("outputs", outputs, names is not None, 'a list of names, such as `["x"]`'),
        ("overrides", overrides, given is not None, "values by constant"),
    )
    return list(dict.fromkeys(names or ())), given or {}


def _refuse(model: ImportedModel, changed: Mapping[str, ArrayLike], names: list[str], faults: list[Fault]) -> None:
    """Refuse what has been found, with every name that the model has not."""
    if not names:
        faults.append(Fault("no output is asked for.", "", "Expected at least one."))
    try:
        check_names(model, changed, names)
    except InputError as error:
        faults += error.faults
    if faults:
        raise InputError(*faults)


def _short(value: ArrayLike) -> str:
    array = np.asarray(value, dtype=float)
    return f"{float(array):g}" if array.ndim == 0 else f"[{array.size} values]"
