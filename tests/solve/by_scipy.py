"""The shipped model by SciPy, from its SBML through plain Python: shares no line with the engine or its reference solver."""

from __future__ import annotations

import functools
import math

import libsbml
import numpy as np
from scipy.integrate import solve_ivp
from scipy.optimize import root

from resprout.language.records import Model
from resprout.solve import Events


@functools.lru_cache(maxsize=4)
def _equations(model: Model) -> str:
    """Python source of `rates(states)` and `values(states)`, which read constants as global names."""
    document = libsbml.readSBMLFromString(model.sbml)
    document.expandFunctionDefinitions()
    rules = document.getModel()
    states, assigned = ([item.name for item in group] for group in (model.states, model.assigned))

    plain = libsbml.L3ParserSettings()
    plain.setParseUnits(False)

    def text(name: str) -> str:
        return libsbml.formulaToL3StringWithSettings(rules.getRule(name).getMath(), plain).replace("^", "**")

    lines = [f"    {', '.join(states)}, = states", *(f"    {name} = {text(name)}" for name in assigned)]
    source = ["def rates(_, states):", *lines, f"    return [{', '.join(text(name) for name in states)}]"]
    source += ["def values(states):", *lines, f"    return [{', '.join(assigned)}]"]
    return "\n".join(source)


def _scope(model: Model, constants: dict[str, float]) -> dict:
    scope = {"exp": math.exp, "ln": math.log, "sqrt": math.sqrt, **model.nominal, **constants}
    exec(_equations(model), scope)
    return scope


def steady_state_by_scipy(model: Model, constants: dict[str, float]) -> np.ndarray:
    """[state] of one patient: a long integration, then SciPy's root finder."""
    rates = _scope(model, constants)["rates"]
    guess = [state.start for state in model.states]
    settled = solve_ivp(rates, (0, 5e5), guess, method="LSODA", rtol=1e-8, atol=1e-10)
    found = root(lambda state: rates(0.0, state), settled.y[:, -1], method="hybr", tol=1e-14)
    assert np.abs(rates(0.0, found.x)).max() < 1e-6
    return found.x


def by_scipy(
    model: Model, constants: dict[str, float], events: Events, time_h: np.ndarray, outputs: list[str], tolerance: float
) -> np.ndarray:
    """[time, output] of one patient by LSODA from the steady state; at the hour of an event, just before it."""
    scope, names = _scope(model, constants), [state.name for state in model.states]
    state, now, rows = steady_state_by_scipy(model, constants), 0.0, []
    for stop in np.unique([*events.time_h[events.time_h < time_h[-1]], time_h[-1]]):
        due = time_h[len(rows) :][time_h[len(rows) :] <= stop]
        if stop > now:
            hours = np.unique([*due, stop])
            given = {"method": "LSODA", "t_eval": hours, "rtol": tolerance, "atol": tolerance * 1e-2}
            solved = solve_ivp(scope["rates"], (now, stop), state, **given)
            rows += list(solved.y.T[np.searchsorted(hours, due)])
            state, now = solved.y[:, -1], stop
        else:
            rows += [state] * len(due)
        for index in np.flatnonzero(events.time_h == stop):
            name, amount = events.name[index], float(events.value[index, 0])
            if name in names:
                state = state + amount * (np.array(names) == name)
            else:
                scope[name] = amount
    found = []
    for row in rows:
        assigned = zip((item.name for item in model.assigned), scope["values"](row), strict=True)
        known = {**scope, **dict(zip(names, row, strict=True)), **dict(assigned)}
        found.append([known[name] for name in outputs])
    return np.array(found)
