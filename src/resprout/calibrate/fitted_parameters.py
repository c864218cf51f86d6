"""What a fit may move: rows of data/fitted.tsv in; quantities with a scale and a prior, and how a draw of them is put into the model, out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from resprout.calibrate.measurements import data_folder
from resprout.errors import Fault, ModelError, nearest
from resprout.language.records import Model
from resprout.language.tables import read_number, read_table

Numbers = NDArray[np.float64]
PARTS = ("dose", "circuit", "mood")
SCALES = {"log": (np.log, np.exp), "logit": (logit, expit)}
HOLDS = ("constant", "people", "rating")


@dataclass(frozen=True)
class Quantity:
    """One number that a fit may move.

    holds      constant: a constant of the model; people, rating: a constant of those tables
    scale      log or logit: where it may take any value and its prior is normal
    prior      most likely value before the data, in its own unit      prior_sd   on that scale
    part       the stage of the fit that moves it: dose, circuit or mood
    """

    name: str
    holds: str
    scale: str
    prior: float
    prior_sd: float
    part: str

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
    path = data_folder() / "fitted.tsv"
    known: dict[str, list[str]] = {kind: [] for kind in HOLDS}
    for name, constant in model.constants.items():
        known["constant" if constant.in_chain else constant.role].append(name)
    faults: list[Fault] = []
    found = []
    for number, row in read_table(path, faults):
        where = f"{path.name}:{number}"
        if row["holds"] not in HOLDS or row["scale"] not in SCALES or row["part"] not in PARTS:
            faults.append(Fault(f"`{row['name']}` holds, scale or part is not known.", where))
            continue
        if row["name"] not in known[row["holds"]]:
            remedy = nearest(row["name"], known[row["holds"]])
            faults.append(Fault(f"`{row['name']}` is no {row['holds']} here.", where, "", remedy))
            continue
        prior, prior_sd = (read_number(row[column], where, faults) for column in ("prior", "prior_sd"))
        found.append(Quantity(row["name"], row["holds"], row["scale"], prior, prior_sd, row["part"]))
    if faults:
        raise ModelError(*faults)
    return tuple(found)


def values_of(quantities: Sequence[Quantity], free: Numbers) -> dict[str, float]:
    """A point of the fit as values by name; free [quantity]."""
    return {each.name: float(each.value(number)) for each, number in zip(quantities, free, strict=True)}
