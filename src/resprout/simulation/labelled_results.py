"""Arrays that the engine gives -> an xarray Dataset with names, units and provenance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from resprout.dosing.dose_records import named_ketamine
from resprout.installation import installed_version
from resprout.language.drug_instances import with_drugs_named
from resprout.language.records import STAGES, EquationModel, ImportedModel, Model

if TYPE_CHECKING:
    import xarray as xr

RATES_MOOD = "depression"


class Solved(Protocol):
    """What is labelled: value [patient, time, output], status and steps [patient]."""

    @property
    def value(self) -> NDArray[np.floating]: ...
    @property
    def status(self) -> NDArray[np.int64]: ...
    @property
    def steps(self) -> NDArray[np.int64]: ...


OWN_NAMES = ("patient", "time_h", "status", "steps", "time")
"""Names of a Dataset that are not outputs: its dimensions, what the solver says, and the time of a file with a unit of its own."""
NAME_IN_MODEL = "name_in_model"


def labelled(
    model: EquationModel, solved: Solved, hours: Sequence[float], outputs: Sequence[str], provenance: Mapping[str, Any]
) -> xr.Dataset:
    """Name and label what the engine gives.

    hours        [time]   h    observation times
    outputs      [output]      names; one that is also a name of the Dataset's own gets an underscore behind it there
    provenance   what was run with what; the attributes of the Dataset. `ketamine_given` is what the regimen gives of ketamine
                 and its enantiomers, which the meanings name
    """
    import xarray as xr

    if isinstance(model, Model):
        model = with_drugs_named(model, outputs)
    variables = {}
    for column, name in enumerate(outputs):
        quantity = model.equations[name] if name in model.equations else model.constants[name]
        labels: dict[str, Any] = {
            "units": quantity.unit,
            "long_name": named_ketamine(quantity.meaning, str(provenance.get("ketamine_given", ""))),
        }
        labels |= {"stage": STAGES[quantity.stage - 1]} if quantity.stage else {}
        labels |= scale_labels(model, name)
        variable = variable_name(name, model)
        labels |= {NAME_IN_MODEL: name} if variable != name else {}
        variables[variable] = (("patient", "time_h"), solved.value[:, :, column], labels)
    coordinates = {
        "patient": np.arange(len(solved.status)),
        "time_h": ("time_h", np.array(hours), {"units": "h", "long_name": "time after the first dose"}),
    }
    attributes = {"resprout_version": installed_version(), "model_digest": model.digest, **provenance}
    made = xr.Dataset(variables, coords=coordinates, attrs=attributes)
    made["status"] = ("patient", solved.status, {"long_name": "0 if solved"})
    made["steps"] = ("patient", solved.steps, {"long_name": "steps of the solver"})
    return made


def variable_name(name: str, model: EquationModel) -> str:
    """What an output is called in a Dataset: its own name, or that and an underscore where the name is one of the Dataset's own."""
    taken = OWN_NAMES if isinstance(model, ImportedModel) and model.time_unit else OWN_NAMES[:-1]
    if name not in taken:
        return name
    while name in taken or name in model.equations or name in model.constants:
        name += "_"
    return name


def scale_labels(model: EquationModel, name: str) -> dict[str, Any]:
    """What `long_table` must know of an output that is a scale of depression.

    model    whose scales they are
    name     of the output
    returns  `rates`, and `remission` where the scale has a cut-off, in its points; empty for any other output
    """
    scale = model.scales.get(name) if isinstance(model, Model) else None
    if scale is None or not scale.mood:
        return {}
    return {"rates": RATES_MOOD} | ({} if scale.remission is None else {"remission": scale.remission})


def spelled(values: Mapping[str, float | NDArray[np.float64]]) -> str:
    """Values by name in one line; of one for each patient, the lowest and the highest."""
    return ", ".join(
        f"{name}={value:g}"
        if isinstance(value, float | int)
        else f"{name}={value.min():g} to {value.max():g} by patient"
        for name, value in values.items()
    )
