"""The drug levels of observed people as a PEtab problem with the extension `population`: every person an experiment, doses as periods."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from resprout.exchange.imported_export import sbml_of_antimony
from resprout.exchange.level_model import LOGIT, WEIGHT, LevelModel, written
from resprout.exchange.level_records import FACTORS, LevelRecords, Row
from resprout.exchange.petab_texts import HEADERS, Tables, problem_texts
from resprout.exchange.population_records import LOG_NORMAL, LOGIT_NORMAL

BEFORE_H = 1e-6
"""How long before a dose at its own hour something is observed that precedes it: a period of PEtab begins before it is measured."""
FAR = 100.0
"""Bounds of a typical value lie this factor from it; of an odds too."""
SPREAD_BOUNDS, ERROR_BOUNDS, FACTOR = (0.001, 3.0), (0.01, 2.0), "_factor"
FUNCTIONS = {"exp": "exp", "ln": "ln", "sqrt": "sqrt"}


def level_problem(records: LevelRecords, level_sd: float) -> tuple[dict[str, str], tuple[str, ...]]:
    """A PEtab problem of version 2.

    records    with the formulas of the levels
    level_sd   standard deviation of the logarithm of a measured level, where its estimate begins
    returns    text of every file by name, and what the problem does not carry; amounts in mg, hours, ng/mL
    """
    model, left = records.model, list(records.left_out)
    infused = sorted({records.compartments[row["CMT"] - 1] for row in records.rows if row.get("RATE")})
    tables: Tables = {name: [] for name in HEADERS}
    _add_people(tables, records, left)
    _add_parameters(tables, model, level_sd)
    _add_spreads(tables, model)
    tables["groups"] = [
        (f"person_{number}", f"person_{number}", 1)
        for number in sorted({int(c[1][7:]) for c in tables["measurements"]})
    ]
    measured = {cells[1] for cells in tables["measurements"]}
    tables["experiments"] = [cells for cells in tables["experiments"] if cells[0] in measured]
    return problem_texts(tables, sbml_of_antimony(levels_antimony(model, infused))), tuple(left)


def levels_antimony(model: LevelModel, infused: Sequence[str]) -> str:
    """The formulas of the levels in Antimony: a constant that a covariate changes has a factor, an infused state an input.

    model   of the levels          infused   states that doses enter at a rate
    """
    scaled = [name for name in FACTORS if name in model.constants]

    def text(tree: Any) -> str:
        return written(tree, lambda name: f"{name}*{name}{FACTOR}" if name in scaled else name, "^", FUNCTIONS)

    lines = ["model levels"]
    lines += [f"  {name} = {value!r};" for name, value in model.constants.items()]
    lines += [f"  {name}{FACTOR} = 1;" for name in scaled]
    lines += [f"  {name}_input = 0;" for name in infused]
    for name, tree in {**model.fixed, **model.moving}.items():
        lines.append(f"  {name} := {text(tree)};")
    for name, tree in model.states.items():
        entering = f" + {name}_input" if name in infused else ""
        lines += [f"  {name} = 0;", f"  {name}' = {text(tree)}{entering};"]
    return "\n".join([*lines, "end"])


def _add_people(tables: Tables, records: LevelRecords, left: list[str]) -> None:
    """Experiments, conditions and measurements of every person."""
    below = 0
    for number in sorted({int(row["ID"]) for row in records.rows}):
        own, name = [row for row in records.rows if row["ID"] == number], f"person_{number}"
        targets = {
            WEIGHT: own[0].get("WT"),
            **{f"{constant}{FACTOR}": own[0].get(FACTORS[constant]) for constant in FACTORS},
        }
        known = {
            n: v for n, v in targets.items() if v is not None and n.removesuffix(FACTOR) in records.model.constants
        }
        periods = _periods(own, records)
        periods[0.0] = {**{target: repr(float(value)) for target, value in known.items()}, **periods.get(0.0, {})}
        for place, (time, changes) in enumerate(sorted(periods.items())):
            condition = f"{name}_{place}" if changes else ""
            # at the beginning of an experiment a formula must not read states, which are empty then
            own_changes = [
                (target, value if place else value.removeprefix(f"{target} + ")) for target, value in changes.items()
            ]
            tables["conditions"] += [(condition, *change) for change in own_changes]
            tables["experiments"].append((name, repr(time), condition))
        for row, before in _observed(own, records):
            if row.get("BLQ") or not row["DV"] > 0:
                below += 1
                continue
            time = max(row["TIME"] - (BEFORE_H if before else 0.0), 0.0)
            endpoint = records.endpoints[row["DVID"]]
            tables["measurements"].append((f"measured_{endpoint}", name, repr(time), repr(float(row["DV"]))))
    if below:
        left.append(
            f"{below} {'level' if below == 1 else 'levels'} below the limit of quantification: PEtab has no form for them"
        )


def _periods(rows: Iterable[Row], records: LevelRecords) -> dict[float, dict[str, str]]:
    """By time: what changes then, target -> formula. Infusions add up; a reset empties every state."""
    periods: dict[float, dict[str, str]] = {}
    rates: dict[float, dict[str, float]] = {}
    for row in rows:
        time = float(row["TIME"])
        if row["EVID"] == 3:
            periods.setdefault(time, {}).update(dict.fromkeys(records.compartments, "0"))
        elif row["EVID"] == 1:
            state = records.compartments[row["CMT"] - 1]
            if row["RATE"]:
                for moment, sign in ((time, 1), (time + row["AMT"] / row["RATE"], -1)):
                    own = rates.setdefault(moment, {})
                    own[state] = own.get(state, 0.0) + sign * row["RATE"]
            else:
                changes = periods.setdefault(time, {})
                changes[state] = f"{changes.get(state, state)} + {float(row['AMT'])!r}"
    running: dict[str, float] = {}
    for moment in sorted(rates):
        for state, change in rates[moment].items():
            running[state] = running.get(state, 0.0) + change
            # what is left of rates that have been added and taken away again
            running[state] = 0.0 if math.isclose(running[state], 0.0, abs_tol=1e-9 * abs(change)) else running[state]
            periods.setdefault(moment, {})[f"{state}_input"] = repr(running[state])
    return periods


def _observed(rows: Sequence[Row], records: LevelRecords) -> Iterable[tuple[Row, bool]]:
    """Levels, and whether each precedes a dose at its own hour."""
    for place, row in enumerate(rows):
        if row["EVID"] == 0 and records.endpoints[row["DVID"]] in records.model.outputs:
            yield row, any(later["EVID"] == 1 and later["TIME"] == row["TIME"] for later in rows[place + 1 :])


def _add_parameters(tables: Tables, model: LevelModel, level_sd: float) -> None:
    """Typical values of what people differ in, and the errors of levels."""
    kinds = {name: kind for effect in model.effects for name, kind, _ in effect.members}
    for name, kind in kinds.items():
        value = model.constants[name]
        lower, upper = value / FAR, value * FAR
        if kind == LOGIT:
            odds = value / (1 - value)
            lower, upper = (each / (1 + each) for each in (odds / FAR, odds * FAR))
        tables["parameters"].append((name, repr(lower), repr(upper), repr(value), "true"))
    for endpoint in dict.fromkeys(cells[0] for cells in tables["measurements"]):
        error = f"sd_{endpoint.removeprefix('measured_')}"
        tables["parameters"].append((error, *map(repr, ERROR_BOUNDS), repr(level_sd), "true"))
        tables["observables"].append((endpoint, endpoint.removeprefix("measured_"), error, LOG_NORMAL))


def _add_spreads(tables: Tables, model: LevelModel) -> None:
    """How people differ: a spread for each random effect, of which the further members have a multiple; correlations as they are."""
    for effect in model.effects:
        first, spread = effect.members[0][2], f"omega_{effect.name}"
        lower, upper = min(SPREAD_BOUNDS[0], first / FAR), max(SPREAD_BOUNDS[1], first)
        tables["parameters"].append((spread, repr(lower), repr(upper), repr(first), "true"))
        for name, kind, size in effect.members:
            own = spread if size == first else f"{size / first!r}*{spread}"
            tables["distributions"].append(
                (name, LOGIT_NORMAL if kind == LOGIT else LOG_NORMAL, own, f"eta_{effect.name}")
            )
    names = [f"eta_{effect.name}" for effect in model.effects]
    for row, column in np.argwhere(np.tril(model.correlation, -1)).tolist():
        tables["correlations"].append((names[row], names[column], repr(float(model.correlation[row, column]))))
