"""A SED-ML document -> its outputs: models are changed, tasks are solved by the engine, generators are computed of what was found."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import libsbml
import numpy as np
from numpy.typing import NDArray

from resprout.errors import Fault, InputError, ModelError, ResproutError, SolveError, first_faults, refuse_others
from resprout.exchange.combine_archive import Experiments, open_experiments
from resprout.exchange.file_limits import check_sbml_text
from resprout.exchange.imported_model import import_text
from resprout.exchange.sbml_flattening import as_amount
from resprout.exchange.sedml_formulas import SedmlFormula
from resprout.exchange.sedml_reading import MOST_RUNS, read_sedml
from resprout.exchange.sedml_records import SedmlDocument, SedmlOutput, Task, Variable
from resprout.exchange.sedml_targets import change_attribute, quantity_at
from resprout.language.records import ImportedModel
from resprout.simulation.cohort_simulation import LARGEST_RESULT_GB
from resprout.solve import Events, run_patients

if TYPE_CHECKING:
    import xarray as xr

Floats = NDArray[np.float64]


def run_sedml(file: str | Path, *, tolerance: float | None = None, threads: int | None = None) -> dict[str, xr.Dataset]:
    """Run a COMBINE archive or a SED-ML file.

    file        path of an archive (.omex) or a document (.sedml)
    tolerance   relative tolerance of a step; None for the usual one, whatever the file says
    threads     cores to use; None for all
    returns     by id of each report and plot: its columns [repeat, point], with the values that repeated tasks set; the
                attribute `notes` says what could not be made sure of
    raises      ModelError with everything that is not supported, InputError, SolveError
    """
    refuse_others(("file", file, isinstance(file, str | Path), "the path of a COMBINE archive or a SED-ML file"))
    return {name: found for name, found, _ in run_experiments(file, tolerance, threads)}


def run_experiments(
    file: str | Path, tolerance: float | None, threads: int | None
) -> list[tuple[str, xr.Dataset, tuple[ImportedModel, ...]]]:
    """The same, with the models behind each output."""
    opened = open_experiments(file)
    found = []
    for place in opened.documents:
        where = place if place == opened.file else f"{opened.file}: {place}"
        runner = Runner(opened, place, read_sedml(opened.read(place), where), tolerance, threads)
        runner.prepare()
        for output in runner.document.outputs:
            name = output.name if len(opened.documents) == 1 else f"{place}:{output.name}"
            found.append((name, runner.output(output), tuple(runner.models.values())))
    return found


@dataclass(frozen=True)
class Run:
    """What a task found.

    time     [point] in the unit of the model        values   name of the model -> [repeat, point]
    changed  quantity that is set -> [repeat]        notes    what could not be made sure of
    """

    time: Floats
    values: Mapping[str, Floats]
    changed: Mapping[str, Floats]
    notes: tuple[str, ...]


@dataclass
class Runner:
    """Runs one document.

    place        of the document among the files        tolerance, threads   of the engine
    sources      model -> the SBML that is run           models               model -> what is run
    variables    variable of a generator -> (task, name of the model, compartment, power of its size by which it is multiplied)
    """

    opened: Experiments
    place: str
    document: SedmlDocument
    tolerance: float | None
    threads: int | None
    sources: dict[str, libsbml.SBMLDocument] = field(default_factory=dict)
    models: dict[str, ImportedModel] = field(default_factory=dict)
    variables: dict[tuple[str, str], tuple[str, str, str, int]] = field(default_factory=dict)
    formulas: dict[str, SedmlFormula] = field(default_factory=dict)
    settings: dict[str, tuple[int, dict[str, Floats]]] = field(default_factory=dict)
    runs: dict[str, Run] = field(default_factory=dict)

    def prepare(self) -> None:
        """Read the models and resolve every name.

        raises   ModelError with every fault
        """
        faults: list[Fault] = []
        wanted = dict.fromkeys(name for output in self.document.outputs for _, name in output.columns)
        generators = [self.document.generators[name] for name in wanted]
        tasks = dict.fromkeys(variable.task for generator in generators for variable in generator.variables)
        for task in tasks:
            with _collected(faults):
                self._model(self._levels(task)[-1].model)
        if faults:
            raise ModelError(*first_faults(faults, self.place))
        for task in tasks:
            with _collected(faults):
                self._settings(task)
        for generator in generators:
            where = f"{self.document.place}: {generator.name}"
            for variable in generator.variables:
                with _collected(faults):
                    self._resolve(generator.name, variable, where)
            with _collected(faults):
                self._read_formula(generator.name, where)
        if faults:
            raise ModelError(*first_faults(faults, self.place))

    def output(self, output: SedmlOutput) -> xr.Dataset:
        """The columns of a report or a plot."""
        import xarray as xr

        found = [(label, name, *self._generate(name)) for label, name in output.columns]
        repeats = max(value.shape[0] for _, _, value, _ in found)
        lengths = list(dict.fromkeys(value.shape[1] for _, _, value, _ in found))
        columns: dict[str, Any] = {}
        for label, name, value, _ in found:
            # columns of other lengths, such as a largest value, get an axis of their own
            place = lengths.index(value.shape[1])
            axes = "repeat", f"point_{place + 1}" if place else "point"
            own = label if label not in columns else f"{label} ({name})"
            columns[own] = (axes, np.broadcast_to(value, (repeats, value.shape[1])), {"generator": name})
        runs = [self._run(task) for _, _, _, tasks in found for task in tasks]
        told = {"title": output.title, "file": self.opened.file}
        told |= {"notes": "; ".join(dict.fromkeys(note for run in runs for note in run.notes))}
        told |= {"model_digests": ", ".join(dict.fromkeys(model.digest for model in self.models.values()))}
        changed = {name: values for run in runs for name, values in run.changed.items() if name not in columns}
        coordinates = {name: ("repeat", values) for name, values in changed.items() if len(values) == repeats}
        return xr.Dataset(columns, coords=coordinates, attrs=told)

    def _levels(self, name: str) -> list[Task]:
        """A task and those within it, the innermost last."""
        levels = [self.document.tasks[name]]
        while levels[-1].inner:
            levels.append(self.document.tasks[levels[-1].inner])
        return levels

    def _model(self, name: str) -> ImportedModel:
        if name not in self.models:
            document, place = self._source(name)
            self.sources[name] = document
            self.models[name] = import_text(libsbml.writeSBMLToString(document), f"{self.opened.file}/{place}")
        return self.models[name]

    def _source(self, name: str) -> tuple[libsbml.SBMLDocument, str]:
        """The changed SBML of a model, and where its file is."""
        model, where = self.document.models[name], f"{self.document.place}: {name}"
        if model.source.startswith("#"):
            document, place = self._source(model.source[1:])
        else:
            place = self.opened.beside(self.place, model.source)
            text = self.opened.read(place)
            check_sbml_text(text, place)
            document = libsbml.readSBMLFromString(text)
            if document.getModel() is None:
                import_text(text, place)
        faults: list[Fault] = []
        for change in model.changes:
            with _collected(faults):
                change_attribute(document, change.target, change.value, where)
        if faults:
            raise ModelError(*faults)
        return document, place

    def _settings(self, name: str) -> tuple[int, dict[str, Floats]]:
        """How often a task is run, and [repeat] of every quantity that it sets."""
        if name in self.settings:
            return self.settings[name]
        levels = self._levels(name)
        counts = [len(next(iter(level.ranges.values()))) if level.ranges else 1 for level in levels]
        total = math.prod(counts)
        if total > MOST_RUNS:
            found = f"the task asks for {total:,} runs."
            raise ModelError(Fault(found, f"{self.document.place}: {name}", f"Expected at most {MOST_RUNS:,}."))
        document, changed = self.sources[levels[-1].model], {}
        given: dict[str, Floats] = {}
        for level, task in enumerate(levels):
            # a task within sees the ranges of those around it, and its own of the same name before theirs
            index = np.arange(total) // math.prod(counts[level + 1 :]) % counts[level]
            given |= {key: np.array(values)[index][:, None] for key, values in task.ranges.items()}
            where = f"{self.document.place}: {task.name}"
            for change in task.changes:
                quantity = quantity_at(document, change.target, where)
                formula = SedmlFormula(change.mathematics, where)
                _refuse_unknown(formula, given, where)
                changed[quantity] = np.broadcast_to(formula(given)[:, 0], total).copy()
        self.settings[name] = total, changed
        return self.settings[name]

    def _resolve(self, generator: str, variable: Variable, where: str) -> None:
        """Find what a variable reads."""
        if not variable.target:
            self.variables[generator, variable.name] = (variable.task, "", "", 0)
            return
        model = self._levels(variable.task)[-1].model
        document, known = self.sources[model], self.models[model]
        name = quantity_at(document, variable.target, where)
        if name not in known.equations and name not in known.constants:
            raise ModelError(Fault(f"`{name}` has no value in the model.", where, "Expected a quantity."))
        species, home, power = document.getModel().getSpecies(name), "", 0
        if species is not None and variable.amount is not None:
            counted = as_amount(document.getModel(), species)
            home, power = species.getCompartment(), int(variable.amount) - int(counted)
        self.variables[generator, variable.name] = (variable.task, name, home if power else "", power)

    def _read_formula(self, name: str, where: str) -> None:
        generator = self.document.generators[name]
        formula = SedmlFormula(generator.mathematics, where)
        _refuse_unknown(formula, [*generator.parameters, *(each.name for each in generator.variables)], where)
        self.formulas[name] = formula

    def _run(self, name: str) -> Run:
        """Solve a task, once."""
        if name in self.runs:
            return self.runs[name]
        base = self._levels(name)[-1]
        model, simulation = self.models[base.model], self.document.simulations[base.simulation]
        where = f"{self.document.place}: {name}"
        if simulation.initial != 0 and model.clock:
            found = f"the simulation begins at {simulation.initial:g}, and the model reads the time."
            raise ModelError(Fault(found, where, "Expected `initialTime` 0."))
        read = [each for each in self.variables.values() if each[0] == name]
        names = tuple(dict.fromkeys(n for _, quantity, home, _ in read for n in (quantity, home) if n))
        runs, changed = self._settings(name)
        size = runs * (simulation.steps + 1) * (len(names) + len(model.states)) * 8 / 1e9
        if size > LARGEST_RESULT_GB:
            found = f"the task needs {size:.0f} GB."
            raise InputError(
                Fault(found, where, f"Expected at most {LARGEST_RESULT_GB:g}.", "Ask for fewer points or runs.")
            )
        time = np.linspace(simulation.first, simulation.last, simulation.steps + 1)
        values: dict[str, Floats] = {}
        notes: tuple[str, ...] = ()
        if names:
            how = {"tolerance": self.tolerance, "threads": self.threads}
            found_in = run_patients(model, changed, Events.none(), time - simulation.initial, names, **how)  # type: ignore[arg-type]
            for lost in np.flatnonzero(found_in.status).tolist()[:1]:
                raise SolveError(Fault(f"the model cannot be solved: {found_in.message(lost)}.", where))
            values = {key: np.broadcast_to(found_in.output(key), (runs, len(time))) for key in names}
            notes = found_in.notes
        self.runs[name] = Run(time, values, changed, notes)
        return self.runs[name]

    def _generate(self, name: str) -> tuple[Floats, list[str]]:
        """[repeat, point] of a generator, and the tasks that it reads."""
        generator, where = self.document.generators[name], f"{self.document.place}: {name}"
        given = {key: np.full((1, 1), value) for key, value in generator.parameters.items()}
        for variable in generator.variables:
            task, quantity, home, power = self.variables[name, variable.name]
            run = self._run(task)
            value = run.values[quantity] if quantity else run.time[None, :]
            given[variable.name] = value * run.values[home] ** power if home else value
        try:
            return self.formulas[name](given), list(dict.fromkeys(v.task for v in generator.variables))
        except ValueError:
            sizes = ", ".join(f"`{key}` has {value.shape[1]}" for key, value in given.items())
            found = f"the data generator joins runs of different lengths: {sizes} points."
            raise ModelError(Fault(found, where, "Expected equal numbers.")) from None


@contextlib.contextmanager
def _collected(faults: list[Fault]) -> Iterator[None]:
    """Add the faults of what is done within, once each."""
    try:
        yield
    except ResproutError as error:
        faults += [fault for fault in error.faults if fault not in faults]


def _refuse_unknown(formula: SedmlFormula, known: Sequence[str] | Mapping[str, Any], where: str) -> None:
    unknown = sorted(formula.names - set(known))
    if unknown:
        found = f"the formula reads {', '.join(f'`{name}`' for name in unknown)}."
        raise ModelError(Fault(found, where, f"Expected {', '.join(known) or 'numbers'}."))
