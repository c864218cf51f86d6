"""A model, doses and outputs -> the same pruned system that the engine solves, as SBML, Python and DiffSL for other programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import libsbml
import numpy as np

from resprout.compile.machine import pruned
from resprout.compile.statements import DIFFSL, PYTHON, SBML, Statements, invariant_values, statements
from resprout.exchange.sbml_writer import timed_event
from resprout.language.records import Model
from resprout.solve.events import Events, Floats


@dataclass(frozen=True)
class ReducedModel:
    """A system with nothing in it that the outputs do not need, and its doses; the sizes of doses are constants.

    text      SBML             plain     the same as statements of Python      diffsl    and of DiffSL
    states    that are left    inputs    that doses change        size   name of each dose's size
    """

    model: Model
    events: Events
    outputs: tuple[str, ...]
    states: tuple[str, ...]
    constants: tuple[str, ...]
    inputs: tuple[str, ...]
    plain: Statements
    diffsl: Statements
    text: str

    def values(self, constants: Mapping[str, float], start: Floats, patient: int) -> dict[str, float]:
        """Every number that makes the system one patient's: constants, what follows from them, start and doses.

        start   [state of the whole model]
        """
        known = {name: float(constants.get(name, self.model.constants[name].value)) for name in self.constants}
        known |= {name: float(value) for name, value in invariant_values(self.plain.invariant, known).items()}
        rest = {state.name: float(value) for state, value in zip(self.model.states, start, strict=True)}
        known |= {name: rest[name] for name in self.states}
        own = self.events.of(patient)
        for row, (hour, name) in enumerate(zip(own.time_h, own.name, strict=True)):
            known[f"size_{row}"] = size = float(own.value[row, 0])
            if hour <= 0 and name in known:
                known[name] = size + (known[name] if name in self.states else 0.0)
        return known


def reduce_model(model: Model, events: Events, outputs: Sequence[str]) -> ReducedModel:
    """Prune as the engine does and write what is left for other programs."""
    system = pruned(model, tuple(outputs), frozenset(events.name))
    text = _sbml(statements(system, outputs, SBML), system.constants, events)
    plain, diffsl = statements(system, outputs, PYTHON), statements(system, outputs, DIFFSL)
    names = system.states, system.constants, system.inputs
    return ReducedModel(model, events, tuple(outputs), *names, plain, diffsl, text)


def _sbml(told: Statements, constants: Sequence[str], events: Events) -> str:
    document = libsbml.SBMLDocument(3, 2)
    inner = document.createModel()
    inner.setId("reduced")
    read = set(constants) | set(told.rate)
    for name in (*constants, *told.invariant, *(f"size_{row}" for row in range(len(events.name)))):
        _parameter(inner, name, constant=name not in events.name)
    for name in (*told.rate, *told.shared, *told.output):
        if inner.getParameter(name) is None:
            _parameter(inner, name, constant=False)
    for name, formula in told.rate.items():
        rule = inner.createRateRule()
        rule.setVariable(name)
        rule.setMath(libsbml.parseL3Formula(formula))
    for name, formula in {**told.shared, **told.output}.items():
        if name not in read:
            rule = inner.createAssignmentRule()
            rule.setVariable(name)
            rule.setMath(libsbml.parseL3Formula(formula))
    # what happens at hour 0 is part of the start, because programs differ in when such an event fires
    for number, hour in enumerate(np.unique(events.time_h[events.time_h > 0])):
        _event(inner, number, float(hour), np.flatnonzero(events.time_h == hour).tolist(), events, read)
    return str(libsbml.writeSBMLToString(document))


def _parameter(inner: libsbml.Model, name: str, *, constant: bool) -> None:
    parameter = inner.createParameter()
    parameter.setId(name)
    parameter.setConstant(constant)
    parameter.setValue(0.0)


def _event(inner: libsbml.Model, number: int, hour: float, rows: list[int], events: Events, read: set[str]) -> None:
    event = timed_event(inner, number, f"time >= {hour!r}")
    states = {rule.getVariable() for rule in inner.getListOfRules() if rule.isRate()}
    for row in rows:
        name = events.name[row]
        if name in read:
            assignment = event.createEventAssignment()
            assignment.setVariable(name)
            assignment.setMath(libsbml.parseL3Formula(f"{name} + size_{row}" if name in states else f"size_{row}"))
