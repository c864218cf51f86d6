"""An imported model: where its patients begin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from resprout.compile.evaluate import evaluate
from resprout.language.records import ImportedModel
from resprout.solve.events import Floats

IMPORTED_TOLERANCE = 3e-9
"""Tighter than the shipped model's: nobody has yet looked at how this model's errors add up."""
CHECKED_PATIENTS = 8
"""Patients of an imported model on whom it is checked whether steps have to be shorter."""


@dataclass(frozen=True)
class Beginning:
    """Patients at the beginning.

    constants   name -> scalar or [patient]: what was set, and what follows from it
    start       [patient or 1, state] in the model's order
    """

    constants: dict[str, ArrayLike]
    start: Floats


def begin(model: ImportedModel, given: Mapping[str, ArrayLike]) -> Beginning:
    """Work out the beginnings that depend on other quantities.

    given     name -> scalar or [patient], of constants and of states; it goes before what the file says
    """
    from resprout.compile.read import read_start

    plain = {name: constant.value for name, constant in model.constants.items()}
    plain |= {state.name: state.start for state in model.states}
    values = {**plain, **{name: np.asarray(value, dtype=float) for name, value in given.items()}}
    graph, nodes = read_start(model, frozenset(given))
    found = dict(zip(nodes, evaluate(graph, list(nodes.values()), values), strict=True))
    states = np.broadcast_arrays(*(np.atleast_1d(np.asarray(found[s.name], dtype=float)) for s in model.states))
    constants = {name: found[name] for name in model.constants if name in given or np.isnan(plain[name])}
    constants |= {name: found[name] for name in model.constants if np.ndim(found[name]) > 0}
    return Beginning(constants, np.ascontiguousarray(np.stack(states, axis=-1)))
