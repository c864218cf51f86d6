"""SED-ML text -> what it asks for, as records; what is not supported is refused by name, all at once.

The XML is read directly: libSEDML brings a second libSBML, after which the first one's formulas can no longer be read in the same
process.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.etree import ElementTree as tree

import numpy as np

from resprout.errors import Fault, ModelError, first_faults
from resprout.exchange.combine_archive import check_xml, plain_name
from resprout.exchange.sedml_records import (
    AttributeChange,
    Generator,
    SedmlDocument,
    SedmlModel,
    SedmlOutput,
    SetValue,
    Task,
    TimeCourse,
    Variable,
)

MOST_POINTS, MOST_RUNS = 1_000_000, 10_000  # times of a simulation, runs of a repeated task
# of initial value problems of ordinary differential equations; the numbers of KiSAO, whose methods differ in error only
DETERMINISTIC = {
    19,
    30,
    31,
    32,
    33,
    64,
    71,
    86,
    87,
    88,
    89,
    92,
    93,
    94,
    279,
    280,
    281,
    283,
    288,
    293,
    301,
    304,
    321,
    433,
    434,
    435,
}
DETERMINISTIC |= {436, 496, 560, 694}
TIMES = ("urn:sedml:symbol:time", "KISAO:0000832")
AMOUNTS = {"": None, "KISAO:0000836": True, "KISAO:0000838": False, "KISAO:0000639": None, "KISAO:0000832": None}
"""Terms of what is meant by a target, and whether it is the amount of a species."""
LIMITS = "docs/guides/exchange.md lists what is supported."
OUTPUTS = {"report": ("dataSet", ("dataReference",)), "plot2D": ("curve", ("xDataReference", "yDataReference"))}
OUTPUTS["plot3D"] = ("surface", ("xDataReference", "yDataReference", "zDataReference"))


@dataclass
class _Reader:
    """Collects what is found, and what is wrong with it.

    place   of the document, for messages
    """

    place: str
    faults: list[Fault] = field(default_factory=list)

    def refuse(self, found: str, element: tree.Element, expected: str = "", remedy: str = LIMITS) -> None:
        """Add a fault of an element."""
        name = element.get("id") or element.get("target") or plain_name(element)
        self.faults.append(Fault(found, f"{self.place}: {name:.120}", expected, remedy))

    def number(self, element: tree.Element, attribute: str) -> float:
        """A finite number of an attribute; a fault if it is none."""
        try:
            value = float(element.get(attribute, ""))
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            said = (
                f"`{attribute}` is `{element.get(attribute)}`."
                if element.get(attribute)
                else f"`{attribute}` is missing."
            )
            self.refuse(said, element, "Expected a finite number.", "")
        return value

    def steps(self, element: tree.Element, most: int) -> int:
        """How many equal steps there are; files before Version 4 call them points."""
        attribute = "numberOfSteps" if element.get("numberOfSteps") else "numberOfPoints"
        value = self.number(element, attribute)
        if math.isfinite(value) and not (value == int(value) and 1 <= value <= most):
            self.refuse(f"`{attribute}` is {value:g}.", element, f"Expected a whole number from 1 to {most:,}.", "")
        return int(value) if math.isfinite(value) and 1 <= value <= most else 1


def read_sedml(text: str, place: str) -> SedmlDocument:
    """What a SED-ML document asks for.

    text     of the file
    place    of it, for messages
    raises   ModelError with everything that is not supported or not there
    """
    root = check_xml(text, place)
    if plain_name(root) != "sedML":
        raise ModelError(Fault(f"the file holds `{plain_name(root)}`.", place, "Expected SED-ML."))
    reader = _Reader(place)
    models = {e.get("id", ""): _model(reader, e) for e in _listed(root, "listOfModels")}
    simulations = {e.get("id", ""): _time_course(reader, e) for e in _listed(root, "listOfSimulations")}
    tasks = {e.get("id", ""): _task(reader, e) for e in _listed(root, "listOfTasks")}
    generators = {e.get("id", ""): _generator(reader, e) for e in _listed(root, "listOfDataGenerators")}
    outputs = tuple(_output(reader, e, generators) for e in _listed(root, "listOfOutputs"))
    for element in _listed(root, "listOfDataDescriptions"):
        reader.refuse("data from a file are described, which are not read.", element)
    if not outputs and not reader.faults:
        reader.refuse("the document asks for no output.", root, "Expected a report or a plot.", "")
    document = SedmlDocument(place, models, simulations, tasks, generators, outputs)
    _check_references(reader, document)
    if reader.faults:
        raise ModelError(*first_faults(reader.faults, place))
    return document


def _children(element: tree.Element, name: str) -> Iterator[tree.Element]:
    return (child for child in element if plain_name(child) == name)


def _listed(element: tree.Element, name: str) -> Iterator[tree.Element]:
    """The elements of a list within an element."""
    return (
        child
        for group in _children(element, name)
        for child in group
        if plain_name(child) not in ("notes", "annotation")
    )


def _model(reader: _Reader, element: tree.Element) -> SedmlModel:
    language = element.get("language", "")
    if language and "sbml" not in language.lower():
        reader.refuse(f"the model is written in `{language}`.", element, "Expected SBML.")
    changes = []
    for change in _listed(element, "listOfChanges"):
        if plain_name(change) == "changeAttribute":
            changes.append(AttributeChange(change.get("target", ""), change.get("newValue", "")))
        else:
            reader.refuse(f"the model is changed by `{plain_name(change)}`.", change, "Expected changeAttribute.")
    return SedmlModel(element.get("id", ""), element.get("source", ""), tuple(changes))


def _time_course(reader: _Reader, element: tree.Element) -> TimeCourse:
    kind = plain_name(element)
    for algorithm in _children(element, "algorithm"):
        term = algorithm.get("kisaoID", "")
        digits = term.rpartition(":")[2]
        if not (digits.isdigit() and int(digits) in DETERMINISTIC):
            said = f"`{term}`" + (f" ({algorithm.get('name')})" if algorithm.get("name") else "")
            reader.refuse(
                f"the algorithm is {said}.", element, "Expected one that solves ordinary differential equations."
            )
    if kind == "oneStep":
        step = reader.number(element, "step")
        return TimeCourse(0.0, 0.0, step, 1)
    if kind != "uniformTimeCourse":
        reader.refuse(f"the simulation is a `{kind}`.", element, "Expected uniformTimeCourse or oneStep.")
        return TimeCourse(0.0, 0.0, 1.0, 1)
    initial, first, last = (reader.number(element, f"{name}Time") for name in ("initial", "outputStart", "outputEnd"))
    steps = reader.steps(element, MOST_POINTS)
    if initial > first or first > last or last == initial:
        found = f"the simulation begins at {initial:g} and its outputs go from {first:g} to {last:g}."
        reader.refuse(found, element, "Expected ascending times.", "")
    return TimeCourse(initial, first, last, steps)


def _task(reader: _Reader, element: tree.Element) -> Task:
    name, kind = element.get("id", ""), plain_name(element)
    if kind == "task":
        return Task(name, element.get("modelReference", ""), element.get("simulationReference", ""))
    if kind != "repeatedTask":
        reader.refuse(f"the task is a `{kind}`.", element, "Expected task or repeatedTask.")
        return Task(name)
    ranges = _ranges(reader, element)
    changes = []
    for change in _listed(element, "listOfChanges"):
        mathematics = next(_children(change, "math"), None)
        if plain_name(change) != "setValue" or mathematics is None or list(_listed(change, "listOfVariables")):
            reader.refuse("the change reads the model.", change, "Expected setValue of a range.")
            continue
        changes.append(SetValue(change.get("target", ""), mathematics))
    inner = list(_listed(element, "listOfSubTasks"))
    if len(inner) != 1 or list(_listed(inner[0], "listOfChanges")):
        reader.refuse(
            f"the repeated task has {len(inner)} tasks within, or one with changes.", element, "Expected one task."
        )
    count = len(next(iter(ranges.values()), ()))
    if element.get("resetModel", "false") not in ("true", "1") and count > 1:
        found = "a run begins where the one before ended (`resetModel` is false)."
        reader.refuse(found, element, "Expected runs that begin anew.")
    inner_name = inner[0].get("task", "") if inner else ""
    return Task(name, inner=inner_name, ranges=ranges, changes=tuple(changes))


def _ranges(reader: _Reader, element: tree.Element) -> dict[str, tuple[float, ...]]:
    """The values of each range of a repeated task, as many as the one that counts has."""
    found: dict[str, tuple[float, ...]] = {}
    for each in _listed(element, "listOfRanges"):
        kind, name = plain_name(each), each.get("id", "")
        if kind == "vectorRange":
            try:
                found[name] = tuple(float(value.text or "") for value in _children(each, "value"))
            except ValueError:
                reader.refuse("a value of the range is no number.", each)
        elif kind == "uniformRange":
            start, end, steps = reader.number(each, "start"), reader.number(each, "end"), reader.steps(each, MOST_RUNS)
            if each.get("type", "linear") == "log" and min(start, end) <= 0:
                reader.refuse("a logarithmic range begins or ends at 0 or below.", each)
            elif each.get("type", "linear") == "log":
                found[name] = tuple(np.geomspace(start, end, steps + 1).tolist())
            else:
                found[name] = tuple(np.linspace(start, end, steps + 1).tolist())
        else:
            reader.refuse(f"the range is a `{kind}`.", each, "Expected vectorRange or uniformRange.")
    counting = found.get(element.get("range", ""))
    if counting is None:
        reader.refuse(f"the range `{element.get('range', '')}` is not there.", element, "", "")
        return found
    if not 0 < len(counting) <= MOST_RUNS or any(len(values) < len(counting) for values in found.values()):
        expected = f"Expected 1 to {MOST_RUNS:,}, and as many in each range as in `{element.get('range')}`."
        reader.refuse("the ranges have no values, too many, or too few.", element, expected, "")
    return {name: values[: len(counting)] for name, values in found.items()}


def _generator(reader: _Reader, element: tree.Element) -> Generator:
    variables = []
    for each in _listed(element, "listOfVariables"):
        symbol, target, term = each.get("symbol", ""), each.get("target", ""), each.get("term", "")
        if symbol and symbol not in TIMES:
            reader.refuse(f"the variable is `{symbol}`.", each, "Expected the time or a target.")
        if term not in AMOUNTS:
            reader.refuse(f"the variable asks for `{term}`.", each, "Expected an amount, a concentration or a flux.")
        if not each.get("taskReference"):
            reader.refuse("the variable names no task.", each, "Expected one.")
        if not symbol and not target:
            reader.refuse("the variable has no target.", each, "Expected one.", "")
        own = "" if symbol else target
        variables.append(Variable(each.get("id", ""), each.get("taskReference", ""), own, AMOUNTS.get(term)))
    parameters = {each.get("id", ""): reader.number(each, "value") for each in _listed(element, "listOfParameters")}
    mathematics = next(_children(element, "math"), None)
    if mathematics is None:
        reader.refuse("the data generator has no formula.", element, "", "")
        mathematics = tree.Element("math")
    title = element.get("name", "") or element.get("id", "")
    return Generator(element.get("id", ""), title, tuple(variables), parameters, mathematics)


def _output(reader: _Reader, element: tree.Element, generators: dict[str, Generator]) -> SedmlOutput:
    kind = plain_name(element)
    columns: dict[tuple[str, str], None] = {}
    if kind not in OUTPUTS:
        reader.refuse(f"the output is a `{kind}`.", element, f"Expected {', '.join(OUTPUTS)}.")
    part, references = OUTPUTS.get(kind, ("", ()))
    for each in element.iter():
        name = plain_name(each)
        if name == part:
            for reference in references:
                wanted = each.get(reference, "")
                title = generators[wanted].title if wanted in generators else wanted
                columns[each.get("label") or title if kind == "report" else title, wanted] = None
        elif "DataReference" in "".join(each.attrib) and name != part:
            reader.refuse(f"the output shows a `{name}`.", each, f"Expected {part}.")
    return SedmlOutput(element.get("id", ""), element.get("name", "") or element.get("id", ""), tuple(columns))


def _check_references(reader: _Reader, document: SedmlDocument) -> None:
    """Add a fault for every name that is not there."""
    tasks, models, outputs = document.tasks.values(), document.models.values(), document.outputs
    wanted: list[tuple[str, str, tuple[str, ...], str]] = []
    wanted += [(task.name, task.model, tuple(document.models), "model") for task in tasks if not task.inner]
    wanted += [
        (task.name, task.simulation, tuple(document.simulations), "simulation") for task in tasks if not task.inner
    ]
    wanted += [(task.name, task.inner, tuple(document.tasks), "task") for task in tasks if task.inner]
    wanted += [(o.name, name, tuple(document.generators), "data generator") for o in outputs for _, name in o.columns]
    for generator in document.generators.values():
        wanted += [(generator.name, each.task, tuple(document.tasks), "task") for each in generator.variables]
    for model in models:
        if model.source.startswith("#"):
            wanted.append((model.name, model.source[1:], tuple(document.models), "model"))
    for name, reference, known, what in dict.fromkeys(wanted):
        if reference not in known:
            found = f"`{name}` names the {what} `{reference}`, which is not there."
            reader.faults.append(Fault(found, f"{reader.place}: {name}"))
    for task in document.tasks.values():
        _check_chain(reader, task.name, {t.name: t.inner for t in document.tasks.values()})
    for model in document.models.values():
        _check_chain(
            reader,
            model.name,
            {m.name: m.source[1:] if m.source.startswith("#") else "" for m in document.models.values()},
        )


def _check_chain(reader: _Reader, name: str, following: dict[str, str]) -> None:
    """Add a fault where something is made of itself."""
    at, seen = following.get(name, ""), {name}
    while at in following and at not in seen:
        seen.add(at)
        at = following[at]
    if at == name:
        reader.faults.append(Fault(f"`{name}` is made of itself.", f"{reader.place}: {name}"))
