"""What a call may say of people, of outputs and of numerics: frozen records, checked once, the same bounds for every caller."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from resprout.errors import Fault, InputError
from resprout.language.given_values import names_of, number_of, numbers_of, plain_of, whole_of
from resprout.language.records import Model
from resprout.people.covariates import genotype_named
from resprout.people.entry import Entry, default_entry, read_entry, refuse_senseless
from resprout.people.screening import Recruitment
from resprout.solve import DEFAULT_TOLERANCE

TIGHTEST, LOOSEST = 1e-12, 1e-2
PRECISIONS = ("float32", "float64")
ALLOWED_FAILURES = 0.01


@dataclass(frozen=True)
class People:
    """Whom to recruit.

    count       how many patients                    seed     of the draw; patient k is the same in any larger draw
    population  mdd, bipolar or healthy
    entry       criteria, also as text such as "HDRS17>=18"; None asks the depressed for a true HDRS17 of 18
    genotype    rs6265 genotype given to everybody; None draws it
    point       all share the point estimate; otherwise each patient has a posterior draw of the parameters
    """

    count: int = 1
    seed: int = 1
    population: str = "mdd"
    entry: Entry | str | None = None
    genotype: str | None = None
    point: bool = False

    def __post_init__(self) -> None:
        _make_plain(self)

    def checked(self, model: Model) -> People:
        """The same with criteria and genotype read.

        model    gives the criteria where none are stated
        raises   InputError with every fault
        """
        faults: list[Fault] = []
        entry = self.entry if isinstance(self.entry, Entry) else None
        genotype = self.genotype
        try:
            entry = read_entry(self.entry, model) if isinstance(self.entry, str) else entry
            genotype = genotype_named(genotype) if genotype is not None else None
        except InputError as error:
            faults += error.faults
        try:
            refuse_senseless(self.count, self.seed, self.population, entry, model)
        except InputError as error:
            faults += error.faults
        if faults:
            raise InputError(*faults)
        return replace(self, entry=entry or default_entry(self.population, model), genotype=genotype)

    @property
    def recruitment(self) -> Recruitment:
        """Whom a study looks for; of checked people only."""
        assert isinstance(self.entry, Entry)
        return Recruitment(self.entry, self.seed, self.population, self.genotype, uncertain=not self.point)


@dataclass(frozen=True)
class Output:
    """What is observed.

    names     of model quantities; None for the main ones of every stage
    times_h   [time]   h   further observation times, also after the last day; those of `observation_times` are always there
    """

    names: Sequence[str] | None = None
    times_h: Sequence[float] = ()

    def __post_init__(self) -> None:
        names, times_h = names_of(self.names), numbers_of(self.times_h)
        object.__setattr__(self, "names", self.names if names is None else names)
        object.__setattr__(self, "times_h", self.times_h if times_h is None else times_h)


@dataclass(frozen=True)
class Numerics:
    """How a scenario is solved.

    tolerance          relative tolerance of a step, 1e-12 to 1e-2; None for the default
    threads            cores to use; None for all
    precision          of the values that are kept: float32 or float64; everything is computed in float64
    allowed_failures   share of patients that may fail to solve, 0 to 1; those that do are NaN and never averaged in
    """

    tolerance: float | None = None
    threads: int | None = None
    precision: str = "float64"
    allowed_failures: float = ALLOWED_FAILURES

    def __post_init__(self) -> None:
        _make_plain(self)

    @property
    def step_tolerance(self) -> float:
        """The relative tolerance that is used."""
        return self.tolerance if self.tolerance is not None else DEFAULT_TOLERANCE

    def faults(self) -> list[Fault]:
        """What lies outside its bounds."""
        found = []
        tolerance, failures = number_of(self.tolerance), number_of(self.allowed_failures)
        if self.tolerance is not None and (tolerance is None or not TIGHTEST <= tolerance <= LOOSEST):
            expected = f"Expected a number from {TIGHTEST:g} to {LOOSEST:g}."
            found.append(Fault(f"`tolerance` is {self.tolerance!r}.", "", expected, field="tolerance"))
        if self.threads is not None and (whole_of(self.threads) or 0) < 1:
            expected = "Expected a whole number from 1."
            found.append(Fault(f"`threads` is {self.threads!r}.", "", expected, field="threads"))
        if self.precision not in PRECISIONS:
            expected = f"Expected {' or '.join(PRECISIONS)}."
            found.append(Fault(f"`precision` is {self.precision!r}.", "", expected, field="precision"))
        if failures is None or not 0 <= failures <= 1:
            expected = "Expected a share from 0 to 1."
            told = f"`allowed_failures` is {self.allowed_failures!r}."
            found.append(Fault(told, "", expected, field="allowed_failures"))
        return found


def _make_plain(record: Any) -> None:
    """Give a record Python's own values where it was given NumPy's."""
    for each in fields(record):
        object.__setattr__(record, each.name, plain_of(getattr(record, each.name)))
