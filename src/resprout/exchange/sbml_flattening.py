"""An SBML document -> parameters, rate rules and assignment rules only: compartments, species, reactions and local parameters become plain quantities.

A species is a state in the unit in which its symbol counts, amount or concentration. Where its compartment changes size the
state is the amount, and the symbol is that amount over the size. A reaction's name is its rate.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import libsbml

from resprout.exchange.algebraic_rules import solved_rules
from resprout.exchange.formula_trees import Tree, combined, named, number, parts_of
from resprout.exchange.function_calls import write_out_functions
from resprout.exchange.rates_of_change import Rates


@dataclass
class Flat:
    """Every quantity of a model by name.

    rate, assigned   what a state's rate and an assigned quantity are computed from
    start            value at the beginning: a number, or a formula over other quantities' beginnings; None if the file has none
    element          what the quantity was in the file
    events           (event, its assignments as (name, formula))
    held             concentration that is held as an amount -> (the state that is its amount, its compartment)
    told             what a quantity is that is not in the file, for people
    """

    rate: dict[str, Tree] = field(default_factory=dict)
    assigned: dict[str, Tree] = field(default_factory=dict)
    constants: list[str] = field(default_factory=list)
    start: dict[str, Tree | float | None] = field(default_factory=dict)
    element: dict[str, libsbml.SBase] = field(default_factory=dict)
    events: list[tuple[libsbml.Event, list[tuple[str, Tree]]]] = field(default_factory=list)
    held: dict[str, tuple[str, str]] = field(default_factory=dict)
    told: dict[str, str] = field(default_factory=dict)
    clock: str = ""


def flatten(document: libsbml.SBMLDocument, file: str) -> Flat:
    """Flatten a document that is sound, of Level 3 Version 2, and holds nothing unsupported.

    The document is changed: functions are written out, local parameters get names of their own.

    file     name of it, for messages
    raises   ModelError for algebraic rules and rates that cannot be computed
    """
    properties = libsbml.ConversionProperties()
    properties.addOption("promoteLocalParameters", True)
    document.convert(properties)
    model = document.getModel()
    write_out_functions(model)
    flat = Flat()
    flat.clock = _unused("elapsed_time", model)
    flat.told[flat.clock] = "time since the beginning"
    _symbols(model, flat)
    for rule in model.getListOfRules():
        if rule.isSetMath() and not rule.isAlgebraic():
            (flat.rate if rule.isRate() else flat.assigned)[rule.getVariable()] = rule.getMath().deepCopy()
    for reaction in model.getListOfReactions():
        name = reaction.getId()
        flat.element[name], flat.assigned[name] = reaction, reaction.getKineticLaw().getMath().deepCopy()
    flat.assigned |= solved_rules(model, {*flat.rate, *flat.assigned}, flat.assigned, file)
    _species_rates(model, flat)
    _events(model, flat)
    _rates(model, flat, file)
    _clock(flat)
    flat.constants += [name for name in flat.start if name not in flat.rate and name not in flat.assigned]
    for name in flat.assigned:
        flat.start.pop(name, None)
    return flat


def _unused(name: str, model: libsbml.Model) -> str:
    while model.getElementBySId(name) is not None:
        name += "_"
    return name


def _symbols(model: libsbml.Model, flat: Flat) -> None:
    """Every name that stands for a value, with its beginning."""
    for compartment in model.getListOfCompartments():
        value = compartment.getSize() if compartment.isSetSize() else 1.0
        flat.element[compartment.getId()], flat.start[compartment.getId()] = compartment, value
    for parameter in model.getListOfParameters():
        value = parameter.getValue() if parameter.isSetValue() else None
        flat.element[parameter.getId()], flat.start[parameter.getId()] = parameter, value
    for species in model.getListOfSpecies():
        flat.element[species.getId()], flat.start[species.getId()] = species, _species_start(model, species)
    for reaction in model.getListOfReactions():
        for taken in (*reaction.getListOfReactants(), *reaction.getListOfProducts()):
            if taken.isSetIdAttribute():
                name = taken.getIdAttribute()
                value = taken.getStoichiometry() if taken.isSetStoichiometry() else None
                flat.element[name], flat.start[name] = taken, value
    for given in model.getListOfInitialAssignments():
        if given.isSetMath():
            flat.start[given.getSymbol()] = given.getMath().deepCopy()


def as_amount(model: libsbml.Model, species: libsbml.Species) -> bool:
    """Whether the symbol of a species counts its amount, not its concentration."""
    compartment = model.getCompartment(species.getCompartment())
    flat = compartment is not None and compartment.isSetSpatialDimensions() and compartment.getSpatialDimensions() == 0
    return bool(species.getHasOnlySubstanceUnits() or flat)


def _species_start(model: libsbml.Model, species: libsbml.Species) -> Tree | float | None:
    amount, size = as_amount(model, species), named(species.getCompartment())
    if species.isSetInitialAmount():
        value = species.getInitialAmount()
        return value if amount else combined(libsbml.AST_DIVIDE, number(value), size)
    if species.isSetInitialConcentration():
        value = species.getInitialConcentration()
        return combined(libsbml.AST_TIMES, number(value), size) if amount else value
    return None


def _species_rates(model: libsbml.Model, flat: Flat) -> None:
    changed = _event_targets(model)
    moving = {*flat.rate, *flat.assigned, *changed}
    flow = _flows(model)
    for species in model.getListOfSpecies():
        name, home = species.getId(), species.getCompartment()
        if name in flat.rate and home in changed and not as_amount(model, species):
            # an event that changes the size leaves the amount as it is
            rate = combined(libsbml.AST_TIMES, flat.rate.pop(name), named(home))
            if home in flat.rate:
                by_size = combined(libsbml.AST_TIMES, named(name), flat.rate[home])
                rate = combined(libsbml.AST_PLUS, rate, by_size)
            _hold_amount(model, flat, name, home, rate, name in changed)
        if name in flat.rate or name in flat.assigned:
            continue
        moved = flow.get(name)
        if as_amount(model, species):
            if moved is not None or name in changed:
                flat.rate[name] = moved or number(0)
        elif home in moving:
            _hold_amount(model, flat, name, home, moved, name in changed)
        elif moved is not None:
            flat.rate[name] = combined(libsbml.AST_DIVIDE, moved, named(home))
        elif name in changed:
            flat.rate[name] = number(0)
    for name in changed:
        if name not in flat.rate and name not in flat.assigned:
            flat.rate[name] = number(0)


def _hold_amount(model: libsbml.Model, flat: Flat, name: str, home: str, moved: Tree | None, changed: bool) -> None:
    """A concentration in a compartment that changes size: the amount is what stays."""
    amount, start = _unused(f"{name}_amount", model), flat.start[name]
    begin = number(start) if isinstance(start, float) else start
    flat.element[amount] = flat.element[name]
    flat.start[amount] = None if begin is None else combined(libsbml.AST_TIMES, begin, named(home))
    flat.assigned[name] = combined(libsbml.AST_DIVIDE, named(amount), named(home))
    flat.held[name] = (amount, home)
    if moved is not None or changed:
        flat.rate[amount] = moved or number(0)


def _flows(model: libsbml.Model) -> dict[str, Tree]:
    """Amount per time that reactions bring each species."""
    flows: dict[str, Tree] = {}
    for reaction in model.getListOfReactions():
        sides: Iterable[tuple[Any, float]] = (
            (reaction.getListOfReactants(), -1.0),
            (reaction.getListOfProducts(), 1.0),
        )
        for taken, sign in ((taken, sign) for side, sign in sides for taken in side):
            species = model.getSpecies(taken.getSpecies())
            if species.getBoundaryCondition() or species.getConstant():
                continue
            term = named(reaction.getId())
            if taken.isSetIdAttribute():
                term = combined(libsbml.AST_TIMES, named(taken.getIdAttribute()), term)
            elif taken.getStoichiometry() != 1:
                term = combined(libsbml.AST_TIMES, number(taken.getStoichiometry()), term)
            factor = species.getConversionFactor() or model.getConversionFactor()
            if factor:
                term = combined(libsbml.AST_TIMES, term, named(factor))
            before = flows.get(species.getId())
            if before is None:
                flows[species.getId()] = term if sign > 0 else combined(libsbml.AST_MINUS, term)
            else:
                kind = libsbml.AST_PLUS if sign > 0 else libsbml.AST_MINUS
                flows[species.getId()] = combined(kind, before, term)
    return flows


def _with_trigger(model: libsbml.Model) -> list[libsbml.Event]:
    """The events of a model but for those without trigger, which never happen."""
    return [event for event in model.getListOfEvents() if event.isSetTrigger() and event.getTrigger().isSetMath()]


def _event_targets(model: libsbml.Model) -> list[str]:
    names = (change.getVariable() for event in _with_trigger(model) for change in event.getListOfEventAssignments())
    return list(dict.fromkeys(names))


def _events(model: libsbml.Model, flat: Flat) -> None:
    for event in _with_trigger(model):
        # a concentration held as an amount keeps its own name: what happens to the amount depends on the size at that moment
        changes = [
            (c.getVariable(), c.getMath().deepCopy()) for c in event.getListOfEventAssignments() if c.isSetMath()
        ]
        flat.events.append((event, changes))


def _others(flat: Flat) -> list[Tree]:
    """Every formula but those of rates and assigned quantities."""
    begun = [tree for tree in flat.start.values() if isinstance(tree, libsbml.ASTNode)]
    changed = [tree for _, changes in flat.events for _, tree in changes]
    parts = [part for event, _ in flat.events for part in (event.getTrigger(), event.getDelay(), event.getPriority())]
    return [*begun, *changed, *(part.getMath() for part in parts if part is not None and part.isSetMath())]


def _rates(model: libsbml.Model, flat: Flat, file: str) -> None:
    """The rates of change that formulas ask for become quantities."""
    elements = model.getListOfAllElements()
    taken = {elements.get(index).getIdAttribute() for index in range(elements.getSize())} | {*flat.rate, flat.clock}
    rates = Rates(flat.rate, flat.assigned, flat.held, taken, file)
    rates.name_all(_others(flat))
    flat.told |= rates.told


def _clock(flat: Flat) -> None:
    """Time becomes a state of rate one wherever it is read, so that rates depend on states alone."""
    trees = [*flat.rate.values(), *flat.assigned.values(), *_others(flat)]
    # every tree is to be renamed, so no early end
    read = [_rename_time(tree, flat.clock) for tree in trees]
    if any(read) or not flat.rate:
        flat.rate[flat.clock], flat.start[flat.clock] = number(1), 0.0


def _rename_time(tree: Tree, clock: str) -> bool:
    found = False
    for part in parts_of(tree):
        if part.getType() == libsbml.AST_NAME_TIME:
            part.setType(libsbml.AST_NAME)
            part.setName(clock)
            found = True
    return found
