"""A PEtab problem as it is evaluated, whichever version its files have: parameters, observables, experiments, measurements, model."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from resprout.exchange.population_records import PopulationModel
from resprout.language.records import ImportedModel

if TYPE_CHECKING:
    import pandas as pd

LIN, LOG, LOG10 = "lin", "log", "log10"
NORMAL, LAPLACE = "normal", "laplace"


@dataclass(frozen=True)
class PetabParameter:
    """A row of the parameter table.

    name       its PEtab id              nominal    nominal value; not a number if there is none
    lower      lower bound               upper      upper bound
    estimated  whether it is             scale      lin, log or log10: the scale on which it is searched
    prior      distribution of libpetab, on the linear scale; None if every value within the bounds counts the same
    start      distribution from which starting points are drawn; None for uniform on the scale
    """

    name: str
    nominal: float
    lower: float
    upper: float
    estimated: bool
    scale: str = LIN
    prior: Any = None
    start: Any = None


@dataclass(frozen=True)
class PetabObservable:
    """A row of the observable table.

    name          its PEtab id                      formula   SymPy expression        noise   SymPy expression of the noise
    distribution  normal or laplace                 scale     lin, log or log10: the scale on which the noise is added
    placeholders  symbols that a measurement gives values, first those of the formula, then those of the noise
    """

    name: str
    formula: Any
    noise: Any
    distribution: str = NORMAL
    scale: str = LIN
    placeholders: tuple[str, ...] = ()


@dataclass(frozen=True)
class PetabMeasurement:
    """A row of a measurement table.

    observable  id of an observable         experiment   id of an experiment
    time        in the model's unit of time; infinite at steady state
    value       what was measured           overrides    SymPy expressions, one for each placeholder of the observable
    """

    observable: str
    experiment: str
    time: float
    value: float
    overrides: tuple[Any, ...] = ()


@dataclass(frozen=True)
class PetabPeriod:
    """A part of an experiment.

    time      when it begins, minus infinity for pre-equilibration
    changes   what changes then: name of a quantity of the model, SymPy expression of its new value
    """

    time: float
    changes: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True)
class PetabExperiment:
    """Periods in order of time."""

    name: str
    periods: tuple[PetabPeriod, ...]


@dataclass(frozen=True, eq=False)
class PetabProblem:
    """A PEtab problem that has been read and checked.

    file          of the problem                          version        1 or 2
    model         the model, imported                     parameters     of the parameter table
    observables   of the observable table                 experiments    those that have been measured
    measurements  in the order of the table               table          the measurement table as it was read
    notes         what was noticed and is no fault     population   the extension `population`; None where it is not used
    """

    file: str
    version: int
    model: ImportedModel
    parameters: tuple[PetabParameter, ...]
    observables: tuple[PetabObservable, ...]
    experiments: tuple[PetabExperiment, ...]
    measurements: tuple[PetabMeasurement, ...]
    table: pd.DataFrame
    notes: tuple[str, ...] = ()
    population: PopulationModel | None = None

    @cached_property
    def estimated(self) -> tuple[PetabParameter, ...]:
        """Parameters that are estimated."""
        return tuple(parameter for parameter in self.parameters if parameter.estimated)

    @cached_property
    def nominal(self) -> dict[str, float]:
        """The nominal value of every parameter."""
        return {parameter.name: parameter.nominal for parameter in self.parameters}
