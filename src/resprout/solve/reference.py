"""The slow readable twin: one patient at a time by SciPy, from the same SBML but through SymPy, as an oracle for the engine."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import libsbml
import numpy as np
import sympy
from scipy.integrate import solve_ivp
from scipy.optimize import root

from resprout.errors import Fault, SolveError
from resprout.language.records import ImportedModel, Model
from resprout.solve.events import Events, Floats, timetable

RELATIVE, ABSOLUTE_SHARE = 1e-10, 1e-2


@dataclass(frozen=True)
class Equations:
    """A model as plain Python source.

    states, assigned   names, in the model's order
    source             of `rates(states)` and `values(states)`, which read constants as global names
    """

    states: tuple[str, ...]
    constants: tuple[str, ...]
    assigned: tuple[str, ...]
    source: str

    def bind(self, constants: Mapping[str, float]) -> Bound:
        """The equations with one patient's constants."""
        scope: dict[str, Any] = {"math": math, **constants}
        exec(self.source, scope)
        return Bound(scope, scope["rates"], scope["values"])


@dataclass(frozen=True)
class Bound:
    """Equations of one patient; a constant is changed by setting it in `scope`.

    rates    states [state] -> d/dt [state]       values   states -> every assigned quantity, in the model's order
    """

    scope: dict[str, Any]
    rates: Callable[[Floats], list[float]]
    values: Callable[[Floats], list[float]]

    def slope(self, _: float, state: Floats) -> list[float]:
        """The rates as SciPy wants them."""
        return self.rates(state)


@functools.lru_cache(maxsize=4)
def read_equations(model: Model | ImportedModel) -> Equations:
    """Translate the rules of a model into Python source."""
    document = libsbml.readSBMLFromString(model.sbml)
    document.expandFunctionDefinitions()
    rules = document.getModel()
    states = tuple(state.name for state in model.states)
    constants = tuple(model.constants)
    assigned = tuple(equation.name for equation in model.assigned)
    symbols = {name: sympy.Symbol(name) for name in (*states, *constants, *assigned)}
    text = {name: sympy.pycode(_symbolic(rules.getRule(name).getMath(), symbols)) for name in (*assigned, *states)}
    lines = [f"    {', '.join(states)}, = states", *(f"    {name} = {text[name]}" for name in assigned)]
    source = ["def rates(states):", *lines, f"    return [{', '.join(text[name] for name in states)}]"]
    source += ["def values(states):", *lines, f"    return [{', '.join(assigned)}]"]
    return Equations(states, constants, assigned, "\n".join(source))


def _symbolic(tree: libsbml.ASTNode, symbols: dict[str, sympy.Symbol]) -> sympy.Expr:
    # by class, as compile/read.py explains
    of = libsbml.ASTNode
    if of.isNumber(tree):
        return sympy.Float(of.getValue(tree), 17) if of.isReal(tree) else sympy.Integer(int(of.getValue(tree)))
    if of.getType(tree) == libsbml.AST_NAME:
        return symbols[of.getName(tree)]
    inner = [_symbolic(of.getChild(tree, index), symbols) for index in range(of.getNumChildren(tree))]
    operation = {
        libsbml.AST_PLUS: lambda: sympy.Add(*inner),
        libsbml.AST_TIMES: lambda: sympy.Mul(*inner),
        libsbml.AST_MINUS: lambda: -inner[0] if len(inner) == 1 else inner[0] - inner[1],
        libsbml.AST_DIVIDE: lambda: inner[0] / inner[1],
        libsbml.AST_POWER: lambda: inner[0] ** inner[1],
        libsbml.AST_FUNCTION_POWER: lambda: inner[0] ** inner[1],
        libsbml.AST_FUNCTION_EXP: lambda: sympy.exp(inner[0]),
        libsbml.AST_FUNCTION_LN: lambda: sympy.log(inner[0]),
        libsbml.AST_FUNCTION_ROOT: lambda: sympy.sqrt(inner[-1]),
    }
    return operation[of.getType(tree)]()


def solve_one(
    model: Model | ImportedModel,
    constants: Mapping[str, float],
    events: Events,
    time_h: Sequence[float],
    outputs: Sequence[str],
    patient: int = 0,
    *,
    tolerance: float = RELATIVE,
) -> Floats:
    """Solve one patient slowly and tightly.

    constants   name -> value of this patient
    events      as for the engine; `patient` chooses the column of its values
    time_h      [time]   h   at the hour of an event, just before it
    tolerance   relative, of SciPy's steps
    returns     [time, output]
    raises      SolveError if SciPy finds no resting state
    """
    equations = read_equations(model)
    bound = equations.bind({**model.nominal, **constants})
    state = find_rest(model, constants)
    plan = timetable(model, events, equations.states, equations.constants)
    times = np.asarray(time_h, dtype=float)
    found = np.empty((len(times), len(outputs)))
    now, done = min(0.0, float(times[0]), *plan.time_h[:1]), 0
    stops = [(float(hour), moment) for moment, hour in enumerate(plan.time_h) if hour < times[-1]] + [
        (float(times[-1]), -1)
    ]
    for stop, moment in stops:
        due = [index for index in range(done, len(times)) if times[index] <= stop]
        done += len(due)
        if stop > now:
            solved = solve_ivp(
                bound.slope,
                (now, stop),
                state,
                method="LSODA",
                t_eval=np.unique([*times[due], stop]),
                rtol=tolerance,
                atol=tolerance * ABSOLUTE_SHARE,
            )
            states = solved.y.T[np.searchsorted(solved.t, times[due])]
            state, now = solved.y[:, -1], stop
        else:
            states = np.repeat(state[None], len(due), axis=0)
        for index, row in zip(due, states, strict=True):
            found[index] = _observed(equations, bound, row, outputs)
        for change in range(plan.first[moment], plan.first[moment + 1]) if moment >= 0 else ():
            amount = plan.value[change, patient if plan.value.shape[1] > 1 else 0]
            row = plan.row[change]
            if row >= 0:
                state = state.copy()
                state[row] += amount
            else:
                bound.scope[equations.constants[-1 - row]] = float(amount)
    return found


def _observed(equations: Equations, bound: Bound, state: Floats, outputs: Sequence[str]) -> list[float]:
    known = dict(zip(equations.states, state, strict=True))
    known |= dict(zip(equations.assigned, bound.values(state), strict=True))
    return [known[name] if name in known else bound.scope[name] for name in outputs]


def find_rest(model: Model | ImportedModel, constants: Mapping[str, float]) -> Floats:
    """Resting state of one patient: a long settling, then SciPy's root finder.

    returns   [state]
    raises    SolveError if the rates do not vanish
    """
    equations = read_equations(model)
    bound = equations.bind({**model.nominal, **constants})
    guess = np.array([state.start for state in model.states])
    settled = solve_ivp(bound.slope, (0, 5e3), guess, method="LSODA", rtol=1e-8, atol=1e-10)
    found = root(bound.rates, settled.y[:, -1], method="hybr", tol=1e-14)
    if np.abs(np.array(bound.rates(found.x))).max() > 1e-6:
        raise SolveError(
            Fault(
                "the twin found no resting state for this patient.",
                remedy="Look at the constants that differ from the shipped values.",
            )
        )
    return found.x
