"""Published measurements of the laboratory: rows of data/measurements.tsv in, each as an arm of an experiment and what is read from it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from resprout.calibrate.data_tables import data_folder, vocabularies
from resprout.calibrate.experiments import Arm
from resprout.errors import Fault, ModelError, nearest
from resprout.language.data_schemas import MeasurementRow
from resprout.language.drug_instances import with_drugs_named
from resprout.language.readouts import Readout, read_readouts
from resprout.language.records import Model
from resprout.language.rows import Placed, name_faults, read_rows


@dataclass(frozen=True)
class Measurement:
    """One published number, or the bound that a published direction sets, and how the model is asked for it.

    arm        who is studied and what is done           reference   the other arm of a ratio, difference or share
    readouts   one readout, or two of which the first is divided by the second
    compare    "" value; change from baseline; percent of baseline, baseline = 0; ratio or difference of arm and reference;
               share: the arm's change from baseline over the reference's
    observed   in `unit`, NaN where only a direction is published      sd   of the published number, or of a bound's edge
    lower, upper   what counts as agreement, infinite on the open side of a bound
    spread     where sd, lower and upper come from       used_in_fit   whether the calibration may look at it
    """

    id: str
    stage: int
    seed_row: str
    source: str
    verification: str
    arm: Arm
    reference: Arm | None
    readouts: tuple[Readout, ...]
    compare: str
    unit: str
    rule: str
    observed: float
    lower: float
    upper: float
    sd: float
    used_in_fit: bool
    spread: str
    note: str

    def passes(self, predicted: float) -> bool:
        """Whether a prediction agrees; one that is no number does not."""
        return self.lower <= predicted <= self.upper

    def z(self, predicted: float) -> float:
        """How many sd a prediction lies from the number, or beyond the bound; 0 on the right side of a bound."""
        if self.rule == "within":
            return (predicted - self.observed) / self.sd
        beyond = predicted - (self.lower if self.rule == "above" else self.upper)
        return min(beyond, 0.0) / self.sd if self.rule == "above" else max(beyond, 0.0) / self.sd

    @property
    def observed_text(self) -> str:
        """What was published, in a few words."""
        if not math.isnan(self.observed):
            return f"{self.observed:g}"
        return f"{'>' if self.rule == 'above' else '<'} {self.lower if self.rule == 'above' else self.upper:g}"


def standardised_residuals(rows: Sequence[Measurement], predicted: NDArray[np.float64]) -> NDArray[np.float64]:
    """How many sd each prediction lies from its row: predicted [draw, row]; [draw, row]."""
    return np.array([[row.z(float(value)) for row, value in zip(rows, line, strict=True)] for line in predicted])


def read_measurements(model: Model, path: Path | None = None) -> tuple[Measurement, ...]:
    """Every measurement of the package's table, or of a table of the same form.

    raises   ModelError with every fault of the table
    """
    faults: list[Fault] = []
    rows = read_rows(path or data_folder() / "measurements.tsv", MeasurementRow, faults)
    faults += name_faults(MeasurementRow, rows, vocabularies(model))
    found = [_measurement(model, placed, faults) for placed in rows]
    if faults:
        raise ModelError(*faults)
    return tuple(measurement for measurement in found if measurement is not None)


def read_arm(text: str, person: str) -> Arm:
    """An arm of the form `what is done`, or `person: what is done`."""
    who, colon, done = text.partition(":")
    return Arm(who.strip(), done.strip()) if colon else Arm(person, text.strip())


def _measurement(model: Model, placed: Placed[MeasurementRow], faults: list[Fault]) -> Measurement | None:
    """One row of the table; None if it has faults."""
    cells, row = placed.cells, placed.row
    if row is None:
        return None
    readouts = read_readouts(cells["measure"], " / ", placed.where)
    if not 1 <= len(readouts) <= 2:
        expected = "Expected one, or two joined by ` / `."
        faults.append(Fault(f"{len(readouts)} readouts.", placed.where, expected, field="measure"))
    chain = with_drugs_named(model, [readout.output for readout in readouts])
    known = {*chain.equations, *chain.constants}
    wrong = [readout.output for readout in readouts if readout.output not in known]
    faults += [Fault(f"`{name}` is no output.", placed.where, "", nearest(name, known), "measure") for name in wrong]
    nan = math.nan
    return Measurement(
        id=row.id,
        stage=int(row.stage),
        seed_row=row.seed_row,
        source=row.source,
        verification=row.verification,
        arm=Arm(row.person).with_also(row.given).with_also(row.manipulation),
        reference=read_arm(row.reference, row.person) if row.reference else None,
        readouts=readouts,
        compare=row.compare,
        unit=row.unit,
        rule=row.rule,
        observed=nan if row.observed is None else row.observed,
        lower=-math.inf if row.rule == "below" else nan if row.lower is None else row.lower,
        upper=math.inf if row.rule == "above" else nan if row.upper is None else row.upper,
        sd=row.sd,
        used_in_fit=row.used_in_fit == "true",
        spread=row.spread,
        note=row.note,
    )
