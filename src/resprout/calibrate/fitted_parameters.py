"""What a fit may move: rows of data/fitted.tsv in; quantities with a scale and a prior, and how a draw of them is put into the model, out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from resprout.calibrate.data_tables import data_folder, fitted_faults, vocabularies
from resprout.errors import Fault, ModelError
from resprout.language.data_schemas import FittedRow
from resprout.language.records import Model
from resprout.language.rows import name_faults, read_rows

Numbers = NDArray[np.float64]
SCALES = {"log": (np.log, np.exp), "logit": (logit, expit)}


@dataclass(frozen=True)
class Quantity:
    """One number that a fit may move.

    holds      constant: a constant of the model; people, rating: a constant of those tables
    scale      log or logit: where it may take any value and its prior is normal
    prior      most likely value before the data, in its own unit      prior_sd   on that scale
    """

    name: str
    holds: str
    scale: str
    prior: float
    prior_sd: float

    def free(self, value: float | Numbers) -> Numbers:
        """A value in its own unit as a number without bounds, in prior sd from the prior."""
        onto = SCALES[self.scale][0]
        return np.asarray((onto(value) - onto(self.prior)) / self.prior_sd)

    def value(self, free: float | Numbers) -> Numbers:
        """The value in its own unit."""
        onto, back = SCALES[self.scale]
        return np.asarray(back(onto(self.prior) + self.prior_sd * np.asarray(free)))

    def shipped(self, model: Model) -> float:
        """The value that the package ships."""
        return model.constants[self.name].value

    def unit(self, model: Model) -> str:
        """The unit of the value."""
        return model.constants[self.name].unit


def read_quantities(model: Model) -> tuple[Quantity, ...]:
    """Everything a fit may move, in the table's order.

    raises   ModelError with every fault of the table
    """
    faults: list[Fault] = []
    rows = read_rows(data_folder() / "fitted.tsv", FittedRow, faults)
    faults += [*name_faults(FittedRow, rows, vocabularies(model)), *fitted_faults(model, rows)]
    if faults:
        raise ModelError(*faults)
    good = [placed.row for placed in rows if placed.row is not None]
    return tuple(Quantity(row.name, row.holds, row.scale, row.prior, row.prior_sd) for row in good)


def values_of(quantities: Sequence[Quantity], free: Numbers) -> dict[str, float]:
    """A point of the fit as values by name; free [quantity]."""
    return {each.name: float(each.value(number)) for each, number in zip(quantities, free, strict=True)}
