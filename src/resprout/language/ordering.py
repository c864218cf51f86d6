"""Equations -> the names that each reads, and an order in which assigned quantities can be computed."""

from __future__ import annotations

import re
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter

from resprout.errors import Fault, nearest
from resprout.language.records import Constant, Equation

_WORD = re.compile(r"[A-Za-z_]\w*")
KNOWN_FUNCTIONS = frozenset({"exp", "ln", "sqrt"})


def with_reads(
    equations: list[Equation], constants: dict[str, Constant], functions: set[str], faults: list[Fault]
) -> list[Equation]:
    """Equations with the names they read; a name that is defined nowhere is a fault."""
    known = {equation.name for equation in equations} | set(constants)
    complete = []
    for equation in equations:
        words = dict.fromkeys(_WORD.findall(re.sub(r"\b\d+\.?\d*[eE][-+]?\d+", "", equation.text)))
        for word in words:
            if word not in known and word not in functions and word not in KNOWN_FUNCTIONS:
                faults.append(
                    Fault(
                        f"`{equation.name}` reads `{word}`, which is defined nowhere.",
                        f"{equation.file}:{equation.line}",
                        remedy=nearest(word, known),
                    )
                )
        complete.append(replace(equation, reads=tuple(word for word in words if word in known)))
    return complete


def sort_assigned(equations: list[Equation], faults: list[Fault]) -> list[Equation]:
    """States, then assigned quantities in an order in which they can be computed."""
    assigned = {equation.name: equation for equation in equations if equation.kind == "assigned"}
    sorter = TopologicalSorter(
        {name: [r for r in equation.reads if r in assigned] for name, equation in assigned.items()}
    )
    try:
        order = list(sorter.static_order())
    except CycleError as loop:
        names = loop.args[1]
        first = assigned[names[0]]
        faults.append(Fault(f"these quantities define each other: {' <- '.join(names)}.", f"{first.file}:{first.line}"))
        order = list(assigned)
    states = [equation for equation in equations if equation.kind == "state"]
    return [*states, *(assigned[name] for name in order)]
