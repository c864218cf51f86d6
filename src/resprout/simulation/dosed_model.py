"""Doses into states of an imported model -> the model with rates of infusion, and changes at given times in each patient.

A bolus adds its amount to a state; where the state is a concentration, the amount over the size of its compartment. An infusion is a
state of its own that doses alone change, the rate at which its target rises.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from resprout.dosing.species_doses import UNITS, Quantity, SpeciesDose
from resprout.errors import Fault, InputError, nearest
from resprout.language.records import DoseTarget, Equation, ImportedModel
from resprout.solve import Events
from resprout.solve.initial_values import begin

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class DosedModel:
    """A model and what is given to its patients.

    model     with a state for the rate of each infusion
    doses     as they were read
    notes     what was taken for granted
    """

    model: ImportedModel
    doses: tuple[SpeciesDose, ...] = ()
    notes: tuple[str, ...] = ()

    def events(self, constants: Mapping[str, ArrayLike], patients: int, span: float) -> Events | tuple[Events, ...]:
        """The changes that doses make, in the model's own unit of time: those of all patients, or where lags differ of each.

        constants   name -> scalar or [patient]: constants and initial values that are set
        span        end of the run; what would change later is left out
        """
        if not self.doses:
            return Events.none()
        begun = begin(self.model, constants)
        known: dict[str, Any] = {**self.model.nominal, **begun.constants}
        lags = [_value(dose.lag_h, known) for dose in self.doses]
        if all(np.size(lag) == 1 for lag in lags):
            return self._events(known, span)
        own = [{name: _of(value, patient) for name, value in known.items()} for patient in range(patients)]
        return tuple(self._events(each, span) for each in own)

    def _events(self, known: Mapping[str, Any], span: float) -> Events:
        """The changes of patients who have one lag."""
        hours = self.model.hours_per_unit
        changes: list[tuple[float, str, Floats]] = []
        rates: dict[str, list[tuple[float, float, Floats]]] = {}
        for dose in self.doses:
            target = self.model.dose_targets[dose.target]
            amount = np.atleast_1d(_amount(dose, target, known) * _value(dose.fraction, known))
            amount = amount / known[target.size] if target.size else amount
            lag = float(np.ravel(_value(dose.lag_h, known))[0]) / (hours if not isinstance(dose.lag_h, str) else 1.0)
            for time in (hour / hours + lag for hour in dose.times_h):
                if dose.duration_h:
                    length = dose.duration_h / hours
                    rates.setdefault(target.state, []).append((time, time + length, amount / length))
                else:
                    changes.append((time, target.state, amount))
        for state, given in rates.items():
            changes += [(time, infusion_name(self.model, state), step) for time, step in _steps(given)]
        within = sorted((change for change in changes if change[0] < span), key=lambda change: change[0])
        patients = max((len(value) for _, _, value in within), default=1)
        values = [np.broadcast_to(value, patients) for _, _, value in within]
        times, names = np.array([time for time, _, _ in within], dtype=float), tuple(name for _, name, _ in within)
        return Events(times, names, np.array(values, dtype=float).reshape(len(within), patients))


def dosed(model: ImportedModel, doses: Sequence[SpeciesDose], where: str = "", span: float = np.inf) -> DosedModel:
    """A model with what is given to it.

    doses    as `read_doses` gives them
    where    option, for messages
    span     h   length of the run, which doses may outlast
    raises   InputError for targets and parameters that the model has not, and units that do not fit
    """
    faults: list[Fault] = []
    notes: list[str] = []
    for dose in doses:
        _check(model, dose, where, faults, notes)
        late = int(np.count_nonzero(np.array(dose.times_h) >= span))
        if late:
            notes.append(f"{late} of {len(dose.times_h)} doses of `{dose.text}` come at the end of the run or after it")
    if faults:
        raise InputError(*faults)
    infused = dict.fromkeys(model.dose_targets[dose.target].state for dose in doses if dose.duration_h)
    return DosedModel(_with_infusions(model, tuple(infused)), tuple(doses), tuple(dict.fromkeys(notes)))


def infusion_name(model: ImportedModel, state: str) -> str:
    """What the rate of infusion into a state is called: as no other quantity of the file."""
    name, read = f"{state}_infusion", model.equations
    while name in model.constants or (name in read and read[name].meaning != _meaning(state)):
        name += "_"
    return name


def _meaning(state: str) -> str:
    return f"rate of infusion into {state}"


def _check(model: ImportedModel, dose: SpeciesDose, where: str, faults: list[Fault], notes: list[str]) -> None:
    """What does not fit the model, and what has to be taken for granted."""
    target = model.dose_targets.get(dose.target)
    listing = f"resprout check {model.file}"
    if target is None:
        known = dose.target in model.constants or dose.target in model.equations
        found = f"`{dose.target}` is not changed by rates" if known else f"`{dose.target}` is not in the model"
        expected = "Expected a species or another quantity with a rate of change."
        faults.append(Fault(f"{found}.", where, expected, nearest(dose.target, model.dose_targets, listing)))
    elif dose.unit and not target.kind:
        of = f"`{target.unit}`, which is no mass or amount" if target.unit else "no unit"
        notes.append(f"`{dose.target}` has {of} in the file: {dose.amount:g} {dose.unit} counts as {dose.amount:g}")
    elif dose.unit and UNITS[dose.unit][0] != target.kind:
        found = f"`{dose.text}`: the file counts `{dose.target}` in {target.unit} ({target.kind}s)."
        faults.append(Fault(found, where, f"Expected an amount in {target.kind}s.", "Convert it by the molar mass."))
    for name in dose.parameters:
        if name not in model.constants:
            found = f"`{dose.text}`: `{name}` is no constant of the model."
            faults.append(Fault(found, where, "", nearest(name, model.constants, listing)))


def _amount(dose: SpeciesDose, target: DoseTarget, known: Mapping[str, Any]) -> Floats:
    """What is given, in the unit of the target."""
    amount = _value(dose.amount, known)
    return amount * (UNITS[dose.unit][1] / target.scale) if dose.unit and target.kind else amount


def _value(quantity: Quantity, known: Mapping[str, Any]) -> Floats:
    return np.asarray(known[quantity] if isinstance(quantity, str) else quantity, dtype=float)


def _of(value: ArrayLike, patient: int) -> ArrayLike:
    return value if np.size(value) == 1 else np.asarray(value)[patient]


def _steps(given: Sequence[tuple[float, float, Floats]]) -> list[tuple[float, Floats]]:
    """Changes of a rate of infusion: (time, [patient]), which end at zero to the last digit.

    given   of each infusion: beginning, end and rate [patient]
    """
    now = np.zeros(max(len(rate) for _, _, rate in given))
    steps = []
    for time in np.unique([end for beginning, last, _ in given for end in (beginning, last)]).tolist():
        level = np.zeros(len(now))
        for beginning, last, rate in given:
            level = level + rate if beginning <= time < last else level
        step = level - now
        steps.append((time, step))
        now = now + step
    return steps


@functools.lru_cache(maxsize=16)
def _with_infusions(model: ImportedModel, states: tuple[str, ...]) -> ImportedModel:
    """The model with a further state for the rate of infusion into each of some states, and with rates that read them."""
    if not states:
        return model
    import libsbml

    document = libsbml.readSBMLFromString(model.sbml)
    rules = document.getModel()
    equations = {equation.name: equation for equation in model.states}
    assigned = {equation.name: equation for equation in model.assigned}
    for state in states:
        name = infusion_name(model, state)
        parameter, rule = rules.createParameter(), rules.createRateRule()
        parameter.setId(name)
        parameter.setConstant(False)
        parameter.setValue(0.0)
        rule.setVariable(name)
        rule.setMath(libsbml.parseL3Formula("0"))
        # where the file asks for the rate of change, that is a quantity of its own, which the state reads
        rate, told = rules.getRateRule(state), equations[state]
        of_its_own = model.equations.get(rate.getMath().getName() or "")
        if of_its_own is not None and of_its_own.meaning == f"rate of change of {state}":
            rate, told = rules.getAssignmentRule(of_its_own.name), of_its_own
        total, part = libsbml.ASTNode(libsbml.AST_PLUS), libsbml.ASTNode(libsbml.AST_NAME)
        part.setName(name)
        total.addChild(rate.getMath().deepCopy())
        total.addChild(part)
        rate.setMath(total)
        text, reads = libsbml.formulaToL3String(total), tuple(dict.fromkeys((*told.reads, name)))
        (assigned if told.kind == "assigned" else equations)[told.name] = replace(told, text=text, reads=reads)
        told = equations[state]
        unit = f"{told.unit}/time" if told.unit else ""
        equations[name] = Equation(
            name=name, kind="state", text="0", unit=unit, stage=0, meaning=_meaning(state), file=told.file, line=0
        )
    sbml = str(libsbml.writeSBMLToString(document))
    digest = hashlib.sha256(sbml.encode()).hexdigest()[:16]
    changed: dict[str, Any] = {"states": tuple(equations.values()), "assigned": tuple(assigned.values())}
    return replace(model, **changed, sbml=sbml, digest=digest)
