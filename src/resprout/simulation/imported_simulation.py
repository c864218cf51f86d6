"""An imported model followed in time: constants and initial values in, a labelled Dataset out, as for the shipped model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from resprout.dosing.species_doses import SpeciesDose, read_doses
from resprout.errors import Fault, InputError, refuse_others
from resprout.language.given_values import mapping_of, names_of, number_of, numbers_of
from resprout.language.records import ImportedModel
from resprout.simulation.cohort_simulation import LARGEST_RESULT_GB, refuse_failures
from resprout.simulation.dosed_model import DosedModel, dosed
from resprout.simulation.imported_population import (
    ImportedPatients,
    ImportedRequest,
    RunNotes,
    make_imported_request,
    patients_of,
)
from resprout.simulation.labelled_results import NAME_IN_MODEL, labelled, variable_name
from resprout.simulation.settings import Numerics
from resprout.simulation.stream import Part, chunks
from resprout.simulation.workers import open_pool
from resprout.solve import check_names
from resprout.solve.initial_values import IMPORTED_TOLERANCE
from resprout.solve.run import DEFAULT_METHOD

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

MOMENTS = 201


def changing_outputs(model: ImportedModel) -> list[str]:
    """Everything that changes in time, but for the clock."""
    return [name for name in model.equations if name != model.clock]


def simulate_imported(  # many arguments: what is followed, and by keyword in whom and how
    model: ImportedModel,
    hours: float,
    *,
    outputs: Sequence[str] | None = None,
    overrides: Mapping[str, ArrayLike] | None = None,
    times_h: Sequence[float] = (),
    numerics: Numerics | None = None,
    patients: int | Mapping[str, ArrayLike] | pd.DataFrame | None = None,
    vary: str | None = None,
    seed: int = 1,
    doses: str | Sequence[str] | Sequence[SpeciesDose] = (),
) -> xr.Dataset:
    """Follow an imported model from its initial values, once, for values side by side, or in patients who differ.

    hours       h   how long; a file that declares no unit of time counts in hours
    outputs     names; None for all that changes
    model       what `rs.import_model` gave
    overrides   value of a constant or initial value: a number, or [patient] to run several
    times_h     h   further moments
    numerics    tolerance, threads and allowed failures; None for the defaults
    patients    how many are drawn (1000 if None), or a table of their parameters: a DataFrame, or columns by name
    vary        how they differ, such as `k=lognormal(cv=0.3), V=normal(10, 2), corr(k, V)=0.4`
    seed        of the draw; patient k is the same in any larger sample with this seed
    doses       what everybody is given, such as `drug: 100 mg bolus; every 24 h x 7`
    returns     outputs [patient, time_h], status and steps, with patients also the parameters in which they differ; `time` is the
                file's own unit where it declares one; the attribute `notes` says which outputs are no numbers and what could not
                be made sure of, and is empty where all is well
    raises      InputError with every fault; SolveError if more fail than allowed
    """
    numerics = numerics or Numerics()
    moments = _moments(hours, times_h)
    names, changed = _asked(model, outputs, overrides)
    _refuse(model, changed, names, numerics.faults())
    given = dosed(model, read_given(doses), "", float(moments[-1]))
    if patients is not None or vary is not None:
        people = patients_of(model, patients, vary, seed, changed)
        run = run_held(make_imported_request(given, moments, tuple(names), changed, people, numerics))
    else:
        run = run_once(given, moments, names, changed, numerics)
    return with_own_time(run, model)


def read_given(doses: object) -> tuple[SpeciesDose, ...]:
    """Doses of a call, as text or as they were read.

    raises   InputError with every fault
    """
    if isinstance(doses, tuple) and all(isinstance(dose, SpeciesDose) for dose in doses):
        return doses
    texts = (doses,) if isinstance(doses, str) else names_of(doses)
    refuse_others(("doses", doses, texts is not None, "text such as `drug: 100 mg bolus; every 24 h x 7`, or a list"))
    return read_doses(texts or ())


def run_once(
    given: DosedModel,
    moments: NDArray[np.float64],
    names: list[str],
    changed: Mapping[str, ArrayLike],
    numerics: Numerics,
) -> xr.Dataset:
    """Run a model with its doses, once or for values side by side; arguments and errors as in `simulate_imported`."""
    model, time = given.model, moments / given.model.hours_per_unit
    count = max((np.size(value) for value in changed.values()), default=1)
    events = given.events(changed, count, float(time[-1]))
    tolerance = numerics.tolerance or IMPORTED_TOLERANCE
    # libSBML comes with the extra `exchange`
    from resprout.solve.imported_run import run_imported

    found = run_imported(model, changed, events, time, tuple(names), tolerance, numerics.threads, DEFAULT_METHOD)
    refuse_failures(found.status, numerics.allowed_failures, spared=0, reasons=found.reasons)
    notes = [*given.notes, *found.notes]
    told = provenance(model, names, changed, numerics, notes) | _given_told(given.doses)
    return labelled(model, found, moments.tolist(), names, told)


def _given_told(doses: Sequence[SpeciesDose]) -> dict[str, Any]:
    return {"doses": " + ".join(dose.text for dose in doses)} if doses else {}


def imported_request(
    model: ImportedModel,
    hours: float,
    outputs: Sequence[str] | None,
    overrides: Mapping[str, ArrayLike],
    people: ImportedPatients,
    numerics: Numerics,
    doses: Sequence[SpeciesDose] = (),
) -> ImportedRequest:
    """A checked request for patients of an imported model; arguments and errors as in `simulate_imported`."""
    moments = _moments(hours, ())
    names, changed = _asked(model, outputs, overrides)
    _refuse(model, changed, names, numerics.faults())
    given = dosed(model, doses, "--dose", float(moments[-1]))
    return make_imported_request(given, moments, tuple(names), changed, people, numerics)


def run_held(request: ImportedRequest) -> xr.Dataset:
    """The patients of a request, held in memory.

    returns   outputs [patient, time_h], status and steps, and the parameters in which the patients differ
    raises    SolveError if more fail than allowed; InputError if the result is too large
    """
    return held_run(request, held_part(request))


def held_part(request: ImportedRequest) -> Part:
    """Every patient of a request, solved and held in memory.

    raises    InputError if the result is too large
    """
    refuse_large(request)
    with open_pool(None, request.numerics.threads) as pool:
        return Part.joined(list(chunks(request, pool)))


def held_run(request: ImportedRequest, part: Part) -> xr.Dataset:
    """Solved patients of a request as a labelled data set; arguments and errors as in `run_held`."""
    refuse_failures(part.status, request.numerics.allowed_failures)
    notes = RunNotes(request.outputs, request.hours)
    notes.take(part)
    told = provenance(request.model, request.outputs, request.overrides, request.numerics, notes.sentences())
    people = request.people.told()
    told |= {"seed": people["seed"], "variation": people["variation"], "run_digest": part.digest()[:16]}
    told |= _given_told(request.doses)
    run = labelled(request.model, part, request.hours, request.outputs, told).assign_coords(patient=part.candidate)
    for name, values in request.people.parameters(part.candidate, request.centre).items():
        variable = variable_name(name, request.model)
        if variable not in run:
            labels = {"units": request.model.unit(name), "long_name": f"{name} of the patient"}
            run[variable] = ("patient", values, labels)
    return run


def refuse_large(request: ImportedRequest) -> None:
    """Refuse a result that is too large to be held in memory.

    raises   InputError
    """
    patients, hours, outputs = request.patients, len(request.hours), len(request.outputs)
    size = patients * hours * outputs * 8 / 1e9
    if size > LARGEST_RESULT_GB:
        found = f"{patients:,} patients with {outputs} outputs at {hours} times need {size:.0f} GB."
        remedy = "Ask for fewer outputs, or write a run with `resprout simulate ... --out run.zarr`."
        raise InputError(Fault(found, "", f"Expected at most {LARGEST_RESULT_GB:g}.", remedy))


def provenance(
    model: ImportedModel,
    names: Sequence[str],
    overrides: Mapping[str, ArrayLike],
    numerics: Numerics,
    notes: Sequence[str],
) -> dict[str, Any]:
    """What was run with what, in words."""
    told: dict[str, Any] = {"model": model.name, "file": model.file}
    told |= {"tolerance": numerics.tolerance or IMPORTED_TOLERANCE, "time_unit": model.time_note}
    told |= {"overrides": ", ".join(f"{name}={_short(value)}" for name, value in overrides.items())}
    return told | {"notes": "; ".join([*notes, *_renamed(model, names)])}


def with_own_time(run: xr.Dataset, model: ImportedModel) -> xr.Dataset:
    """The same run with the time of a file that has a unit of its own."""
    run["time_h"].attrs["long_name"] = "time since the beginning"
    if model.time_unit:
        time = run["time_h"].values / model.hours_per_unit
        run = run.assign_coords(time=("time_h", time, {"units": model.time_unit}))
    return run


def outputs_by_name(run: xr.Dataset) -> dict[str, xr.DataArray]:
    """The outputs of a run under the names that the file has for them.

    run      what `simulate_imported` gave
    """
    found = {str(name): run[name] for name in run.data_vars if "time_h" in run[name].dims}
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
