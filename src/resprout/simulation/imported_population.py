"""Patients of an imported model: a table of parameters or their distributions in; a request that blocks, workers and files take.

A patient's parameters depend on seed and number alone, the tolerances on the patient, and how short steps have to be on the first
patients of the population, who are run before all others: the bits are the same however the patients are split.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from resprout.dosing.species_doses import SpeciesDose
from resprout.errors import Fault, InputError, nearest
from resprout.language.bounds import SEED, STREAMED_PEOPLE
from resprout.language.given_values import mapping_of, numbers_of, whole_of
from resprout.language.rating_scales import Scale
from resprout.language.records import ImportedModel
from resprout.simulation.dosed_model import DosedModel
from resprout.simulation.settings import Numerics
from resprout.simulation.stream import CHUNK, LARGEST_BLOCK, Part
from resprout.simulation.varied_parameters import Variation, centre_faults, read_variation
from resprout.solve.batch import Trajectories
from resprout.solve.initial_values import CHECKED_PATIENTS, IMPORTED_TOLERANCE, begin
from resprout.solve.run import DEFAULT_METHOD

Numbers = NDArray[np.float64]
BLOCK_BYTES, CHUNK_BYTES, SMALLEST_BLOCK = 64e6, 128e6, 64
"""What the values of a block and of a chunk may take, and patients that a block has at least."""
LABELS = ("patient", "id", "ID")
"""Columns of a table that name its rows."""


@dataclass(frozen=True)
class ImportedPatients:
    """Who the patients are.

    count      how many                     seed    of the population
    variation  how they differ, or None     table   [patient] values by name, beside; empty if there is none
    """

    count: int
    seed: int = 1
    variation: Variation | None = None
    table: Mapping[str, Numbers] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of what differs between patients."""
        drawn = self.variation.spreads if self.variation is not None else ()
        return (*self.table, *(spread.name for spread in drawn))

    def parameters(self, number: NDArray[np.int64], centre: Mapping[str, float]) -> dict[str, Numbers]:
        """[patient] of each parameter that differs, of patients by number.

        centre    value of the model by name, around which some are drawn
        """
        found = {name: values[number] for name, values in self.table.items()}
        return found if self.variation is None else found | self.variation.draw(self.seed, number, centre)

    def told(self) -> dict[str, Any]:
        """Who they are as plain values."""
        told: dict[str, Any] = {"count": self.count, "seed": self.seed}
        told["variation"] = self.variation.text if self.variation is not None else ""
        digest = hashlib.sha256()
        for name, values in self.table.items():
            digest.update(name.encode() + np.ascontiguousarray(values).tobytes())
        return told | {"table": digest.hexdigest()[:16] if self.table else ""}


@dataclass(frozen=True)
class ImportedRequest:
    """A checked request for patients of an imported model.

    hours      [time] h of observation                overrides   scalar values of constants and beginnings
    centre     value of the model by varied name      pieces      into how many each run is cut, so that no step passes over anything
    notes      what could not be made sure of
    doses      that everybody is given
    """

    model: ImportedModel
    hours: tuple[float, ...]
    outputs: tuple[str, ...]
    overrides: Mapping[str, float]
    people: ImportedPatients
    numerics: Numerics
    centre: Mapping[str, float]
    pieces: int = 1
    notes: tuple[str, ...] = ()
    doses: tuple[SpeciesDose, ...] = ()
    scales: ClassVar[Mapping[str, Scale]] = {}

    @property
    def patients(self) -> int:
        """How many patients."""
        return self.people.count

    @property
    def key(self) -> str:
        """A digest of everything that determines the numbers."""
        told = self.told()
        del told["numerics"]["threads"], told["model"]["file"]
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]

    @property
    def block(self) -> int:
        """Patients that are solved together: their values stay small in memory."""
        width = 8 * len(self.hours) * max(len(self.outputs), len(self.model.states))
        fits = int(np.clip(BLOCK_BYTES // width, SMALLEST_BLOCK, LARGEST_BLOCK))
        return int(np.clip(self.patients // 4, SMALLEST_BLOCK, fits))

    @property
    def chunk(self) -> int:
        """Patients that are kept together, for the same reason."""
        return int(np.clip(CHUNK_BYTES // (8 * len(self.hours) * len(self.outputs)), SMALLEST_BLOCK, CHUNK))

    def told(self) -> dict[str, Any]:
        """The request as plain values, for a file or a screen."""
        scenario: dict[str, Any] = {"outputs": self.outputs, "hours": self.hours, "overrides": dict(self.overrides)}
        scenario["doses"] = [dose.text for dose in self.doses]
        model = {"name": self.model.name, "file": self.model.file, "digest": self.model.digest}
        model["hours_per_unit"] = repr(self.model.hours_per_unit)
        people = self.people.told()
        return {"scenario": scenario, "model": model, "people": people, "numerics": asdict(self.numerics)}


def patients_of(
    model: ImportedModel, patients: object, vary: object, seed: object, overrides: Mapping[str, ArrayLike]
) -> ImportedPatients:
    """Who the patients of a call are.

    patients   how many, or a table: a DataFrame, or columns by name, a row a patient; None for 1000
    vary       text or what `read_variation` gave; None if a table says all
    seed       of the draw
    overrides  values that are set for all
    raises     InputError with every fault
    """
    faults = SEED.faults("the seed", seed, "", "seed")
    variation = vary if isinstance(vary, Variation) else None
    if isinstance(vary, str):
        try:
            variation = read_variation(vary)
        except InputError as error:
            faults += error.faults
    elif vary is not None and variation is None:
        faults.append(Fault(f"`vary` is {vary!r:.60}.", "", "Expected text such as `k=lognormal(cv=0.3)`."))
    columns = _columns(patients)
    count: object = 1000 if patients is None else patients
    table: dict[str, Numbers] = {}
    if columns is not None:
        table = _table(columns, faults)
        count = max((len(values) for values in table.values()), default=1)
    elif vary is None and not faults:
        found = "nothing says how the patients differ."
        remedy = "Give their distributions (`vary`), or a table of their parameters."
        faults.append(Fault(found, "", "", remedy, field="vary"))
    faults += STREAMED_PEOPLE.faults("the number of patients", count, "", "patients")
    faults += _name_faults(model, variation, table, overrides)
    if faults:
        raise InputError(*faults)
    return ImportedPatients(whole_of(count) or 1, whole_of(seed) or 0, variation, table)


def _columns(patients: object) -> dict[Any, Any] | None:
    """The columns of a table, if it is one: a mapping or a DataFrame."""
    if getattr(patients, "ndim", 0) == 2 and hasattr(patients, "columns"):
        return {name: patients[name] for name in patients.columns}  # type: ignore[index]
    return mapping_of(patients)


def _table(columns: Mapping[Any, Any], faults: list[Fault]) -> dict[str, Numbers]:
    """Parameters by column, but for those that name the rows."""
    found = {}
    for name, column in columns.items():
        if name in LABELS:
            continue
        values = numbers_of(column)
        if not isinstance(name, str) or values is None:
            told = f"the column `{name}` of the patients' table holds something that is no number."
            faults.append(Fault(told, "", "Expected numbers by name of a parameter.", field="patients"))
            continue
        found[name] = np.array(values, dtype=float)
        for row in np.flatnonzero(~np.isfinite(found[name]))[:3].tolist():
            told = f"`{name}` of the table's row {row + 1} is no finite number."
            faults.append(Fault(told, "", "Expected a number for each patient.", field="patients"))
    sizes = {len(values) for values in found.values()}
    if len(sizes) > 1 or (not found and not faults) or sizes == {0}:
        told = "columns of different lengths" if len(sizes) > 1 else "no rows" if found else "no parameters"
        faults.append(Fault(f"the table of patients holds {told}.", "", "Expected a row a patient.", field="patients"))
    return found


def _name_faults(
    model: ImportedModel, variation: Variation | None, table: Mapping[str, Numbers], overrides: Mapping[str, ArrayLike]
) -> list[Fault]:
    """What is wrong with the names of what varies."""
    drawn = [spread.name for spread in variation.spreads] if variation is not None else []
    known = [*model.constants, *(state.name for state in model.states if state.name != model.clock)]
    faults = []
    for name in dict.fromkeys((*table, *drawn)):
        if name not in known:
            computed = name in model.equations and name != model.clock
            found = f"`{name}` is computed by the model" if computed else f"`{name}` is no parameter of the model"
            remedy = nearest(name, known, f"resprout check {model.file}")
            faults.append(Fault(f"{found}.", "", "Expected a constant or an initial value.", remedy, field=name))
        if name in table and name in drawn:
            faults.append(Fault(f"`{name}` is drawn and in the table.", "", "Expected one of them.", field=name))
        if np.ndim(overrides.get(name, 0.0)) > 0 or (name in table and name in overrides):
            faults.append(Fault(f"`{name}` varies and is set.", "", "Expected one of them.", field=name))
    for spread in variation.spreads if variation is not None else ():
        if spread.name in overrides and not spread.needs_centre():
            found = f"`{spread.name}` is set, and drawn around a value of its own."
            faults.append(Fault(found, "", "Expected one of them.", field=spread.name))
    for name, value in overrides.items():
        if np.ndim(value) > 0:
            found = f"`{name}` is set to {np.size(value)} values."
            faults.append(Fault(found, "", "Expected one, or a column in a table of patients.", field=str(name)))
    return faults


def make_imported_request(
    given: DosedModel,
    hours: Numbers,
    outputs: tuple[str, ...],
    overrides: Mapping[str, ArrayLike],
    people: ImportedPatients,
    numerics: Numerics,
) -> ImportedRequest:
    """A request whose first patients have been run, to see how short steps have to be.

    given    the model, and the doses that everybody is given

    raises   InputError for distributions around values of the model that are none
    """
    scalars = {name: float(np.asarray(value)) for name, value in overrides.items()}
    centre = centre_of(given.model, scalars, people)
    plain = tuple(float(hour) for hour in hours)
    request = ImportedRequest(given.model, plain, outputs, scalars, people, numerics, centre, doses=given.doses)
    first = np.arange(CHECKED_PATIENTS if people.variation is not None and not people.table else people.count)
    found = solve_trajectories(request, first[:CHECKED_PATIENTS], checked=True)
    return replace(request, pieces=found.pieces, notes=(*given.notes, *found.unsure))


def centre_of(model: ImportedModel, overrides: Mapping[str, float], people: ImportedPatients) -> dict[str, float]:
    """Value of the model, as it is set, by drawn name.

    overrides   values that are set, by name
    raises      InputError for distributions around values of the model that are none
    """
    if people.variation is None:
        return {}
    begun = begin(model, overrides)
    values: dict[str, Any] = {**model.nominal, **begun.constants}
    values |= {state.name: begun.start[0, row] for row, state in enumerate(model.states)}
    centre = {spread.name: float(np.ravel(values[spread.name])[0]) for spread in people.variation.spreads}
    faults = centre_faults(people.variation, centre)
    if faults:
        raise InputError(*faults)
    return centre


def solve_numbers(request: ImportedRequest, number: NDArray[np.int64]) -> Part:
    """Solve patients by their numbers; runs on any worker."""
    found = solve_trajectories(request, number, checked=False)
    value = found.value.astype(request.numerics.precision)
    return Part(number, value, found.status, found.steps, found.unsure)


def solve_trajectories(request: ImportedRequest, number: NDArray[np.int64], *, checked: bool) -> Trajectories:
    """Solve patients by their numbers.

    checked   whether it is found from them how short steps have to be
    """
    model = _same(_Identity(request.model.digest, request.model.hours_per_unit, request.model))
    constants: dict[str, ArrayLike] = {**request.overrides, **request.people.parameters(number, request.centre)}
    times = np.array(request.hours) / model.hours_per_unit
    # libSBML comes with the extra `exchange`
    from resprout.solve.imported_run import RunPart, run_imported

    part = RunPart(checked=checked, pieces=request.pieces, numbers=number)
    tolerance = request.numerics.tolerance or IMPORTED_TOLERANCE
    events = DosedModel(model, request.doses).events(constants, len(number), float(times[-1]))
    return run_imported(model, constants, events, times, request.outputs, tolerance, 1, DEFAULT_METHOD, part)


@dataclass(frozen=True)
class _Identity:
    """What tells models apart, so that a worker compiles one once, however often it is sent."""

    digest: str
    hours_per_unit: float
    model: ImportedModel = field(compare=False)


@functools.lru_cache(maxsize=8)
def _same(identity: _Identity) -> ImportedModel:
    return identity.model


@dataclass
class RunNotes:
    """What is to be said of the numbers of a run, from its parts.

    outputs, hours   of the run
    said             what could not be made sure of
    lost             output -> (how many values are no finite numbers, patient and hour of the first, whether it is not a number)
    values           how many each output has
    """

    outputs: tuple[str, ...]
    hours: tuple[float, ...]
    said: dict[str, None] = field(default_factory=dict)
    lost: dict[str, tuple[int, int, float, bool]] = field(default_factory=dict)
    values: int = 0

    def take(self, part: Part) -> None:
        """Look at a part of the run."""
        self.said |= dict.fromkeys(part.notes)
        solved = part.status == 0
        self.values += int(solved.sum()) * len(self.hours)
        broken = ~np.isfinite(part.value) & solved[:, None, None]
        for column in np.flatnonzero(broken.any(axis=(0, 1))).tolist():
            row, moment = np.argwhere(broken[:, :, column])[0].tolist()
            first = int(part.candidate[row]), self.hours[moment], bool(np.isnan(part.value[row, moment, column]))
            count, *before = self.lost.get(self.outputs[column], (0, *first))
            count += int(broken[:, :, column].sum())
            self.lost[self.outputs[column]] = (count, *before)  # type: ignore[assignment]

    def sentences(self) -> list[str]:
        """All that is to be said."""
        found = list(self.said)
        for name, (count, patient, hour, nothing) in self.lost.items():
            what = "not a number (0/0, or a function outside its domain)" if nothing else "infinite"
            where = f"at {count:,} of {self.values:,} times, first in patient {patient} at {hour:g} h"
            found.append(f"`{name}` is {what} {where}")
        return found
