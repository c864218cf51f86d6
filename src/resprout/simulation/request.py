"""What determines a run, as one record that can be sent to a worker, written beside the result and compared with it later."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from resprout.errors import Fault, InputError
from resprout.language.records import Model
from resprout.people.covariates import genotype_named
from resprout.people.entry import Entry, default_entry, read_entry
from resprout.people.screening import Recruitment
from resprout.simulation.cohort_simulation import check_course, output_hours
from resprout.solve import DEFAULT_TOLERANCE

MOST_PATIENTS = 100_000_000


@dataclass(frozen=True)
class Request:
    """A checked request: the same request gives the same bits, however it is split.

    folder      of the model; None for the shipped one        digest   of the model
    hours       [time] h        outputs   names               patients, seed, population   whom
    entry       minimum by scale and ages                     genotype given to everybody, or ""
    blocks      share by input                                overrides   value by constant
    tolerance   relative, of each step                        precision   float32 or float64, of what is kept
    point       whether all share the point estimate instead of draws of what the data leave open
    drugs       files of further drugs
    """

    folder: str | None
    digest: str
    regimen: str
    hours: tuple[float, ...]
    outputs: tuple[str, ...]
    patients: int
    seed: int
    population: str
    entry: Entry
    genotype: str
    blocks: Mapping[str, float] = field(default_factory=dict)
    overrides: Mapping[str, float] = field(default_factory=dict)
    tolerance: float = DEFAULT_TOLERANCE
    precision: str = "float64"
    point: bool = False
    drugs: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """A digest of everything that determines the numbers."""
        told = asdict(replace(self, folder=None, drugs=()))
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]

    @property
    def recruitment(self) -> Recruitment:
        """Whom it looks for."""
        return Recruitment(self.entry, self.seed, self.population, self.genotype or None, uncertain=not self.point)

    def told(self) -> dict[str, Any]:
        """The request as plain values, for a file or a screen."""
        return asdict(self)


def make_request(
    model: Model,
    regimen: str,
    *,
    patients: int,
    days: float,
    outputs: Sequence[str] | None = None,
    seed: int = 1,
    population: str = "mdd",
    entry: str | Entry | None = None,
    genotype: str | None = None,
    blocks: Mapping[str, float] | None = None,
    overrides: Mapping[str, float] | None = None,
    tolerance: float | None = None,
    precision: str = "float64",
    folder: Path | None = None,
    point: bool = False,
    drugs: Sequence[Path] = (),
) -> Request:
    """Check a request before anything is computed.

    raises    InputError with every fault found
    """
    faults: list[Fault] = []
    if not 1 <= patients <= MOST_PATIENTS:
        faults.append(Fault(f"{patients} patients.", "--patients", f"Expected from 1 to {MOST_PATIENTS:,}."))
    chosen: list[str] = []
    plan = criteria = None
    gene = ""
    try:
        chosen, plan = check_course(model, regimen, days, outputs, blocks, overrides)
    except InputError as error:
        faults += error.faults
    try:
        criteria = read_entry(entry) if isinstance(entry, str) else entry or default_entry(population, model)
        gene = genotype_named(genotype) if genotype else ""
    except InputError as error:
        faults += error.faults
    if faults or plan is None or criteria is None:
        raise InputError(*faults)
    return Request(
        str(folder) if folder is not None else None,
        model.digest,
        plan.text,
        tuple(float(hour) for hour in output_hours(plan.times_h, days * 24)),
        tuple(chosen),
        int(patients),
        int(seed),
        population,
        criteria,
        gene,
        dict(blocks or {}),
        dict(overrides or {}),
        tolerance or DEFAULT_TOLERANCE,
        precision,
        point,
        tuple(str(file.resolve()) for file in drugs),
    )
