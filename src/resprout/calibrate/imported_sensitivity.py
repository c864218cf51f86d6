"""Global sensitivity of an imported model: ranges of its constants and initial values in, Morris and Sobol indices out."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from resprout.calibrate.sensitivity_indices import (
    Sampling,
    Sensitivity,
    Target,
    indices_of,
    places,
    refuse_lost,
    target_of,
)
from resprout.dosing.species_doses import SpeciesDose
from resprout.errors import Fault, InputError
from resprout.language.records import ImportedModel
from resprout.simulation.dosed_model import dosed
from resprout.simulation.imported_population import centre_of, make_imported_request, patients_of
from resprout.simulation.imported_simulation import held_part
from resprout.simulation.settings import Numerics
from resprout.simulation.varied_parameters import Spread, Variation

Numbers = NDArray[np.float64]
RANGE = 0.3
"""Coefficient of variation of every constant where no ranges are given."""
LANES = 16_384


@dataclass(frozen=True)
class ImportedFactor:
    """A constant or initial value that is varied.

    spread   how, over its central 95 %        centre   value of the model
    own      whether that was asked for
    """

    spread: Spread
    centre: float
    own: bool
    stage: int = 0
    grade: str = ""

    @property
    def name(self) -> str:
        """Name of the quantity."""
        return self.spread.name

    @property
    def range(self) -> str:
        """The range in words."""
        given = [f"{number:g}" for number in self.spread.given]
        return f"{self.spread.kind} {', '.join([*given, *(f'{word} {size:g}' for word, size in self.spread.words.items())])}"


def read_imported_target(text: str, model: ImportedModel) -> Target:
    """Read `x@24h`, or `x@3` in the model's own unit of time.

    raises   InputError
    """
    known = [name for name in model.equations if name != model.clock]
    unit = (model.time_unit or "h", model.hours_per_unit)
    return target_of(text, lambda _: known, f"resprout check {model.file}", unit)


def imported_factors(
    model: ImportedModel, variation: Variation | None, overrides: Mapping[str, float]
) -> list[ImportedFactor]:
    """What is varied, and around which value.

    variation   the ranges; None for every constant that has a value other than 0, with a coefficient of variation of RANGE
    overrides   values that are set, by name
    raises      InputError for correlations, for ranges of what is no parameter, and where nothing is left to vary
    """
    if variation is None:
        values = {name: each.value for name, each in model.constants.items()} | dict(overrides)
        spreads = [
            Spread(name, "lognormal" if value > 0 else "normal", (), {"cv": RANGE})
            for name, value in values.items()
            if name in model.constants and name not in overrides and math.isfinite(value) and value != 0
        ]
        if not spreads:
            found = "no constant of the model has a value other than 0."
            raise InputError(Fault(found, "--vary", "Expected at least one.", "Say what varies with `--vary`."))
        return [ImportedFactor(each, values[each.name], own=False) for each in spreads]
    if variation.correlations:
        found = "the ranges are correlated."
        expected = "Shares of variance are defined for quantities that vary independently."
        raise InputError(Fault(found, "--vary", expected, "Leave `corr(...)` out."))
    people = patients_of(model, 2, variation, 1, overrides)
    centre = centre_of(model, overrides, people)
    return [ImportedFactor(each, centre[each.name], own=True) for each in variation.spreads]


def analyse_imported(  # many arguments: the model, what is asked, and by keyword how
    model: ImportedModel,
    targets: Sequence[Target],
    factors: Sequence[ImportedFactor],
    sampling: Sampling,
    *,
    doses: Sequence[SpeciesDose] = (),
    overrides: Mapping[str, float] | None = None,
    numerics: Numerics | None = None,
    progress: Callable[[int], None] = lambda done: None,
) -> Sensitivity:
    """Morris screening of what varies, then Sobol indices.

    model      whose constants are varied            targets    outputs at hours
    factors    as `imported_factors` gives them      sampling   how the ranges are sampled
    doses      that everybody is given               overrides  values that are set, by name
    numerics   tolerance and threads                 progress   called with the number of runs done
    raises     InputError for unknown names, SolveError if more than one run in twenty fails
    """
    settings = (tuple(doses), dict(overrides or {}), numerics or Numerics())
    solve = _ImportedSolver(model, tuple(targets), settings, progress)
    return indices_of(solve, factors, sampling, "", " + ".join(dose.text for dose in doses))


class _ImportedSolver:
    """Solves samples as patients of the model, and counts."""

    def __init__(
        self,
        model: ImportedModel,
        targets: tuple[Target, ...],
        settings: tuple[tuple[SpeciesDose, ...], dict[str, float], Numerics],
        progress: Callable[[int], None],
    ) -> None:
        self.model, self.targets, self.progress = model, targets, progress
        self.doses, self.overrides, self.numerics = settings
        self.hours = np.unique([0.0, *(target.time_h for target in targets)])
        self.outputs = tuple(sorted({target.output for target in targets}))
        self.runs = self.lost = 0
        self.seen: Numbers = np.empty((0, len(targets)))

    def __call__(self, factors: Sequence[ImportedFactor], unit: Numbers) -> Numbers:
        """Every target of every sample: [sample, target], NaN where it could not be solved."""
        etas = places(unit)
        values = {each.name: each.spread.values(etas[:, column], each.centre) for column, each in enumerate(factors)}
        given = dosed(self.model, self.doses, "--dose", float(self.hours[-1]))
        found = np.empty((len(unit), len(self.targets)))
        for first in range(0, len(unit), LANES):
            rows = slice(first, min(first + LANES, len(unit)))
            people = patients_of(
                self.model, {name: each[rows] for name, each in values.items()}, None, 1, self.overrides
            )
            request = make_imported_request(given, self.hours, self.outputs, self.overrides, people, self.numerics)
            part = held_part(request)
            for column, target in enumerate(self.targets):
                hour, output = np.searchsorted(self.hours, target.time_h), self.outputs.index(target.output)
                found[rows, column] = np.where(part.status == 0, part.value[:, hour, output], np.nan)
            self.runs += len(part)
            self.progress(self.runs)
        found[~np.isfinite(found)] = np.nan
        self.lost += refuse_lost(found)
        self.seen = found
        return found
