"""Tables of observed people for an imported model: doses into its states, observations of its outputs, by the rules of `rs.read_data`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resprout.errors import Fault, InputError, first_faults, nearest
from resprout.language.records import ImportedModel
from resprout.patients.dose_history import DoseReader, Stretch
from resprout.patients.event_rows import EventRow, number_in
from resprout.patients.person_covariates import read_covariates
from resprout.patients.read_data import Files, rows_by_person

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class ModelPerson:
    """One observed person of an imported model.

    name       as the table has it
    doses      hour, state and amount, in order of time; hours since the first record or dose
    time_h     [observation]  h
    outputs    [observation]     names of the model
    values     [observation]     in the unit of the output
    constants  by name: the person's own value, where a covariate of the table is a constant of the model
    """

    name: str
    doses: tuple[tuple[float, str, float], ...]
    time_h: Numbers
    outputs: tuple[str, ...]
    values: Numbers
    constants: Mapping[str, float]


def read_imported_people(files: Files, mapping: str | Path, model: ImportedModel) -> tuple[ModelPerson, ...]:
    """Read a table of people whom an imported model describes.

    files     as in `rs.read_data`
    mapping   YAML file as in `rs.read_data`; `drug` names the state that doses enter, `endpoint` the output that is observed
    model     what `rs.import_model` gave
    returns   people in the table's order
    raises    InputError with every fault, each with file, row, person and column
    """
    faults: list[Fault] = []
    left: dict[str, list[int]] = {}
    told, grouped, names = rows_by_person(files, mapping, faults, left)
    reader = DoseReader.of_states([state.name for state in model.states], told, faults)
    people = []
    for rows in grouped:
        covariates, weights, taken = read_covariates(rows, told, faults, left)
        if len(taken) > 1:
            said = f"comedication is {taken[1][1]}, and was {taken[0][1]} before."
            faults.append(rows[0].fault(said, "Expected the same in all rows of a person.", at="comedication"))
        stretches = reader.stretches(rows, weights)
        if len(stretches) > 1:
            remedy = "Give each occasion a patient of its own."
            faults.append(rows[0].fault("the patient has resets (EVID 3 or 4).", "Expected none.", remedy, at="evid"))
        people.append(_person(rows, stretches[0], covariates, model, told, faults))
    if faults:
        raise InputError(*first_faults(faults, ", ".join(names)))
    return tuple(people)


def _person(  # many arguments: rows with what was made of them, and where faults go
    rows: Sequence[EventRow],
    stretch: Stretch,
    covariates: Mapping[str, Any],
    model: ImportedModel,
    told: Any,
    faults: list[Fault],
) -> ModelPerson:
    """One person from their rows."""
    origin = min([stretch.origin, *(dose.times_h[0] for dose in stretch.doses)])
    doses = [(time - origin, dose.drug, dose.amount_mg) for dose in stretch.doses for time in dose.times_h]
    if any(dose.duration_h for dose in stretch.doses):
        said = "an infusion, and the imported model has no input for one."
        faults.append(rows[0].fault(said, "Expected doses at once.", "Leave RATE and DUR out.", at="rate"))
    seen = []
    for row, _ in stretch.observed:
        if row.numbers.get("mdv") or "value" not in row.words:
            continue
        name = _output(row, told, model, faults)
        value = number_in(row.words["value"], row.names["value"], row.place("value"), told.decimal, faults)
        if name is not None and value is not None:
            seen.append((row.time_h - origin, name, value))
    seen.sort(key=lambda each: each[0])
    own = {
        name: float(value) for name, value in covariates.items() if name in model.constants and isinstance(value, float)
    }
    times, values = (np.array([each[place] for each in seen]) for place in (0, 2))
    return ModelPerson(rows[0].patient, tuple(sorted(doses)), times, tuple(each[1] for each in seen), values, own)


def _output(row: EventRow, told: Any, model: ImportedModel, faults: list[Fault]) -> str | None:
    """The output of the model that a row observes."""
    stated, known = row.words.get("endpoint", ""), told.endpoint
    name = known.get(stated, stated) if isinstance(known, dict) else stated or known or ""
    if name in model.equations:
        return str(name)
    remedy = nearest(name, model.equations) or "State `endpoint: NAME` in the mapping file."
    said = f"`{name}` is no output of the imported model." if name else "the value names no output."
    faults.append(row.fault(said, "Expected a state or an assigned quantity.", remedy, at="endpoint"))
    return None
