"""What a SED-ML document asks for, as records: models with their changes, time simulations, tasks, repeated tasks, generators and outputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.etree import ElementTree as tree


@dataclass(frozen=True)
class AttributeChange:
    """An attribute of a model that is changed before it is read.

    target   XPath of the attribute        value   as the document has it
    """

    target: str
    value: str


@dataclass(frozen=True)
class SedmlModel:
    """A model: a file, or another model of the document (`#name`), with changes.

    source   as the document has it
    """

    name: str
    source: str
    changes: tuple[AttributeChange, ...]


@dataclass(frozen=True)
class TimeCourse:
    """Equally spaced times of outputs, in the unit of the model.

    initial        time at which the model begins        first, last   time of outputs
    steps          between the first and the last output
    """

    initial: float
    first: float
    last: float
    steps: int


@dataclass(frozen=True)
class SetValue:
    """A quantity that a repeated task sets before each run.

    target   XPath of the quantity         mathematics   the element `math`, which reads ranges by name
    """

    target: str
    mathematics: tree.Element


@dataclass(frozen=True)
class Task:
    """One run, or one for each value of a range.

    model, simulation   by name; those of the innermost task where it is repeated
    ranges              name -> values, side by side                     changes   that are set from them
    inner               the task that is repeated; empty for a single run
    """

    name: str
    model: str = ""
    simulation: str = ""
    inner: str = ""
    ranges: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    changes: tuple[SetValue, ...] = ()


@dataclass(frozen=True)
class Variable:
    """What a generator reads of a task.

    target   XPath of a quantity; empty for the time        amount   whether the amount of a species is meant; None if nothing is said
    """

    name: str
    task: str
    target: str
    amount: bool | None = None


@dataclass(frozen=True)
class Generator:
    """A quantity computed of variables.

    parameters   name -> number      mathematics   the element `math`
    """

    name: str
    title: str
    variables: tuple[Variable, ...]
    parameters: Mapping[str, float]
    mathematics: tree.Element


@dataclass(frozen=True)
class SedmlOutput:
    """A report, or what a plot shows.

    columns   (label, generator)
    """

    name: str
    title: str
    columns: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class SedmlDocument:
    """A whole document, each by its name."""

    place: str
    models: Mapping[str, SedmlModel]
    simulations: Mapping[str, TimeCourse]
    tasks: Mapping[str, Task]
    generators: Mapping[str, Generator]
    outputs: tuple[SedmlOutput, ...]
