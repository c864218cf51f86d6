"""Formulas of SED-ML in MathML -> arrays [run, time]; `max`, `min`, `sum` and `product` go over the times."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from xml.etree import ElementTree as tree

import libsbml
import numpy as np
from numpy.typing import NDArray

from resprout.compile.evaluate import evaluate
from resprout.compile.graph import Graph
from resprout.compile.operations import USUAL
from resprout.compile.read import formula_node
from resprout.errors import Fault, ModelError
from resprout.exchange.combine_archive import plain_name
from resprout.exchange.formula_trees import Tree, names_in, parts_of

Floats = NDArray[np.float64]
MATHML = "http://www.w3.org/1998/Math/MathML"
OVER_TIMES: dict[str, Callable[..., Floats]] = {"max": np.max, "min": np.min, "sum": np.sum, "product": np.prod}
_PREFIX = "over_times_"


class SedmlFormula:
    """A formula that is read once and computed for arrays of its names.

    names   that it reads
    """

    def __init__(self, mathematics: tree.Element, where: str) -> None:
        """Read the element `math`.

        where    it stands, for messages
        raises   ModelError for what is no formula
        """
        self.where = where
        self._tree = libsbml.readMathMLFromString(_for_libsbml(mathematics))
        if self._tree is None:
            raise ModelError(Fault("the formula cannot be read.", where, "Expected MathML."))
        for part in parts_of(self._tree):
            if part.getType() == libsbml.AST_FUNCTION and part.getName().removeprefix(_PREFIX) not in OVER_TIMES:
                expected = f"Expected {', '.join(OVER_TIMES)}, or the functions of SBML."
                raise ModelError(Fault(f"the formula calls `{part.getName()}`.", where, expected))
        self.names = frozenset(names_in(self._tree))

    def __call__(self, given: Mapping[str, Floats]) -> Floats:
        """[run, time]   The value; of one time where it goes over times.

        given    name -> [run, time], of shapes that broadcast
        """
        whole, known = self._tree.deepCopy(), dict(given)
        # parts follow what holds them, so that inner ones are replaced first
        for number, part in enumerate(reversed(list(parts_of(whole)))):
            if part.getType() != libsbml.AST_FUNCTION:
                continue
            over = OVER_TIMES[part.getName().removeprefix(_PREFIX)]
            name = f"{_PREFIX}{number}"
            known[name] = over(_value(part.getChild(0), known), axis=1, keepdims=True)
            while part.getNumChildren():
                part.removeChild(0)
            part.setType(libsbml.AST_NAME)
            part.setName(name)
        return _value(whole, known)


def _value(formula: Tree, given: Mapping[str, Floats]) -> Floats:
    names = sorted(names_in(formula))
    arrays = np.broadcast_arrays(np.zeros((1, 1)), *(given[name] for name in names))[1:]
    graph = Graph((), ())
    node = formula_node(graph, formula, graph.name, USUAL)
    found = evaluate(graph, [node], dict(zip(names, arrays, strict=True)))[0]
    shape = arrays[0].shape if arrays else (1, 1)
    return np.broadcast_to(np.asarray(found, dtype=float), shape)


def _for_libsbml(mathematics: tree.Element) -> str:
    """The element as text, with the functions of SED-ML as functions by name."""
    own = copy.deepcopy(mathematics)
    for part in own.iter():
        address = part.get("definitionURL", "")
        if plain_name(part) == "csymbol" and ("sed-ml" in address or "sedml" in address):
            name = address.replace("#", ":").rpartition(":")[2]
            part.tag, part.text = f"{{{MATHML}}}ci", f"{_PREFIX}{name}"
            part.attrib.clear()
    tree.register_namespace("", MATHML)
    return tree.tostring(own, encoding="unicode")
