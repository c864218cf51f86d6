"""The records of a checked model: what every quantity is called, what it is measured in, and where it comes from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from resprout.errors import Fault, InputError, nearest, need_package
from resprout.language.bounds import OF_CONSTANTS, WORDS, in_words, is_between, is_within
from resprout.language.notebook_view import fact_sheet, few
from resprout.language.rating_scales import Scale, scales_of

OUTSIDE = ("people", "rating")  # roles of constants that recruitment and raters read
STAGES = ("dose", "receptor", "circuit", "signal", "spine", "score")


@dataclass(frozen=True)
class Constant:
    """A constant of the model: one row of `parameters.tsv`, `people.tsv` or `ratings.tsv`, or one number of another table.

    name      the one name of the quantity          value    in `unit`
    stage     1 to 6; 0 for people and ratings       role     constant, input (changed by doses and blocks), cause or default;
                                                              people or rating, which no equation reads
    spread    how people differ, e.g. "cv 0.20"; empty for no spread
    shared    name of the eta it shares with other constants; empty for its own
    source    keys of `sources.bib`, separated by spaces; empty only if assumed
    grade     measured, fitted, assumed or defined   evidence ids of the published facts behind it
    bounds    any, nonnegative, positive, multiple or share (0 to 1); empty for any
    lower, upper   bounds of a drug's constant, in `unit`; None for none
    """

    name: str
    value: float
    unit: str
    stage: int
    role: str
    spread: str
    shared: str
    source: str
    grade: str
    evidence: str
    meaning: str
    file: str
    line: int
    bounds: str = ""
    lower: float | None = None
    upper: float | None = None

    @property
    def in_chain(self) -> bool:
        """Whether it belongs to the chain from dose to score, not to recruitment or rating."""
        return self.role not in OUTSIDE

    def allows(self, value: float) -> bool:
        """Whether it may take a value."""
        own = OF_CONSTANTS.get(self.name) if self.bounds else None
        within = own is None or own.allows(value)
        return within and is_within(value, self.bounds) and is_between(value, self.lower, self.upper)

    @property
    def allowed(self) -> str:
        """The values that it may take, in words."""
        if self.bounds and self.name in OF_CONSTANTS:
            return OF_CONSTANTS[self.name].in_words
        named = WORDS[self.bounds] if self.bounds else in_words(self.lower, self.upper)
        return f"{named} {self.unit}" if self.unit != "dimensionless" else named


@dataclass(frozen=True)
class Equation:
    """A state (`name' = text`) or an assigned quantity (`name := text`).

    kind      state or assigned      unit    of the quantity itself, not of its rate
    reads     names its text uses    start   a first guess of the steady state (states only)
    """

    name: str
    kind: str
    text: str
    unit: str
    stage: int
    meaning: str
    file: str
    line: int
    reads: tuple[str, ...] = ()
    start: float = 0.0


@dataclass(frozen=True, eq=False, repr=False)
class EquationModel:
    """Ordinary differential equations that the engine solves, wherever they come from.

    name        title of the model              constants   by name: value, unit, grade and source
    states      equations of change             assigned    equations of what follows from states and constants at every moment
    digest      identifies it
    """

    name: str
    constants: dict[str, Constant]
    states: tuple[Equation, ...]
    assigned: tuple[Equation, ...]
    digest: str

    def __repr__(self) -> str:
        """One line in place of every equation and constant."""
        counts = f"{len(self.states)} states, {len(self.assigned)} assigned quantities, {len(self.constants)} constants"
        return f"<{type(self).__name__} {self.name!r}: {counts}, digest {self.digest}>"

    def _repr_html_(self) -> str:
        """What a notebook shows: counts, the first names and the digest."""
        told = {
            "states": few(equation.name for equation in self.states),
            "assigned quantities": few(equation.name for equation in self.assigned),
            "constants": few(self.constants),
            "grades": ", ".join(f"{count} {grade}" for grade, count in self._grades().items()),
            "digest": self.digest,
        }
        return fact_sheet(f"{type(self).__name__} {self.name}", told)

    def _grades(self) -> Counter[str]:
        """How many constants bear each grade."""
        return Counter(constant.grade for constant in self.constants.values() if constant.grade)

    @cached_property
    def equations(self) -> dict[str, Equation]:
        """Every state and assigned quantity by name."""
        return {equation.name: equation for equation in (*self.states, *self.assigned)}

    @cached_property
    def inputs(self) -> tuple[str, ...]:
        """Names of the constants that doses and blocks change in time."""
        return tuple(name for name, constant in self.constants.items() if constant.role == "input")

    @cached_property
    def nominal(self) -> dict[str, float]:
        """The shipped value of every constant."""
        return {name: constant.value for name, constant in self.constants.items()}

    def unit(self, name: str) -> str:
        """Unit of any quantity, by name."""
        return self.constants[name].unit if name in self.constants else self.equations[name].unit


@dataclass(frozen=True, eq=False, repr=False)
class Model(EquationModel):
    """The checked chain from dose to score, as a model folder states it; patients start at their steady state.

    name        title of the model                  constants   by name: value, unit, grade and source
    states      equations of change                 assigned    equations of what follows from states and constants at every moment
    digest      identifies it
    folder      where it is from
    tables      other rows of the model folder (drugs, targets, correlations, sources), by table name
    drugs       drugs beside the ketamine family that it holds, each under its own name; `with_drugs` adds them
    structure   digest of the folder alone, where drugs of a user's file or instances were added; else empty
    functions   text of functions.ant: functions that equations call
    units       text of units.ant: definitions of the units
    """

    folder: str = ""
    tables: dict[str, tuple[dict[str, str], ...]] = field(default_factory=dict)
    drugs: tuple[str, ...] = ()
    structure: str = ""
    functions: str = ""
    units: str = ""

    @cached_property
    def sbml(self) -> str:
        """The whole model as SBML Level 3 text; needs the extra `exchange`."""
        need_package("libsbml", "exchange")
        need_package("antimony", "exchange")
        from resprout.language.assemble import model_sbml

        return model_sbml(self)

    @cached_property
    def scales(self) -> Mapping[str, Scale]:
        """The rating scales of scales.tsv by name."""
        return scales_of(self.tables.get("scales", ()))

    def with_parameters(self, values: Mapping[str, float]) -> Model:
        """The same model with other values of some constants; what has been set is no longer drawn.

        values   by name of a constant, also of people, ratings and items, in its unit
        returns  a model of its own, which shares the compiled kernels
        raises   InputError with every name that the model has not
        """
        faults = [
            Fault(
                f"`{name}` is no constant of the model.", remedy=nearest(str(name), self.constants, "resprout describe")
            )
            for name in values
            if name not in self.constants
        ]
        if faults:
            raise InputError(*faults)
        changed = {name: replace(self.constants[name], value=float(value)) for name, value in values.items()}
        tables = dict(self.tables)
        if "draws" in tables:
            tables["draws"] = tuple(row for row in tables["draws"] if row["name"] not in values)
        return replace(self, constants={**self.constants, **changed}, tables=tables)


@dataclass(frozen=True)
class DoseTarget:
    """What a dose into a quantity of an imported model changes.

    state   that it is added to       size    compartment by whose size the amount is divided; empty if the state counts amounts
    unit    of amount, as the file names it; empty if it does not
    kind    what that measures: `kilogram`, `mole`, or empty where it is neither
    scale   its size in kilograms or moles
    """

    state: str
    size: str
    unit: str = ""
    kind: str = ""
    scale: float = 1.0


@dataclass(frozen=True, eq=False, repr=False)
class ImportedModel(EquationModel):
    """A model read from an SBML or Antimony file: no stages, drugs or people; it starts at its initial values.

    name        title of the model                  constants   by name: value, unit, grade and source
    states      equations of change                 assigned    equations of what follows from states and constants at every moment
    digest           identifies it
    sbml             the whole model as SBML Level 3 text, flattened
    original         the SBML that was read, or that Antimony made of what was read
    file             where it is from
    time_unit        as the file declares it; empty if it does not, and then one unit counts as an hour
    time_note        the unit of time in words, and what stands for it where none is declared
    hours_per_unit   h   in one unit of its time
    clock            the state that counts time; empty if nothing reads time
    event_count      how many events it holds
    dose_targets     by name: what a dose into it changes
    """

    sbml: str = ""
    original: str = ""
    file: str = ""
    time_unit: str = ""
    time_note: str = ""
    hours_per_unit: float = 1.0
    clock: str = ""
    event_count: int = 0
    dose_targets: Mapping[str, DoseTarget] = field(default_factory=dict)
