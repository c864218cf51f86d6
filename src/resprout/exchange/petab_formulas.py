"""PEtab formulas: SymPy expressions -> functions of arrays."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

TIME = "time"


class Formula:
    """A SymPy expression that is evaluated for many values of its symbols at once.

    names   of its symbols
    """

    def __init__(self, expression: Any) -> None:
        """Make a function of an expression, as libpetab reads it."""
        import sympy

        symbols = sorted(expression.free_symbols, key=str)
        self.names = tuple(str(symbol) for symbol in symbols)
        own = {"Min": _min, "Max": _max, **_INVERSES}
        # in these libpetab and SymPy have functions that NumPy has not
        plain = expression.replace(sympy.Min, sympy.Function("Min")).replace(sympy.Max, sympy.Function("Max"))
        for name in _INVERSES:
            plain = plain.replace(getattr(sympy, name), sympy.Function(name))
        self._function = sympy.lambdify(symbols, plain, modules=[own, "numpy"])

    def __call__(self, values: Mapping[str, ArrayLike]) -> Floats:
        """The value, with the axes of the symbols' values; not a number outside its domain.

        values   by name, of shapes that broadcast
        """
        with np.errstate(all="ignore"):
            # `and` and `or` stack their arguments
            found = self._function(*np.broadcast_arrays(*(np.asarray(values[n], dtype=float) for n in self.names)))
        return np.asarray(found, dtype=float)


@functools.lru_cache(maxsize=4096)
def formula_of(expression: Any) -> Formula:
    """The function of an expression, made once."""
    return Formula(expression)


def _min(left: ArrayLike, right: ArrayLike) -> Any:
    return np.minimum(left, right)


def _max(left: ArrayLike, right: ArrayLike) -> Any:
    return np.maximum(left, right)


def _acot(value: ArrayLike) -> Any:
    # the branch of SymPy, between -pi/2 and pi/2
    return np.arctan(1 / np.asarray(value, dtype=float))


_INVERSES: dict[str, Any] = {
    "sec": lambda x: 1 / np.cos(x),
    "csc": lambda x: 1 / np.sin(x),
    "cot": lambda x: 1 / np.tan(x),
    "sech": lambda x: 1 / np.cosh(x),
    "csch": lambda x: 1 / np.sinh(x),
    "coth": lambda x: 1 / np.tanh(x),
    "acot": _acot,
    "asec": lambda x: np.arccos(1 / np.asarray(x, dtype=float)),
    "acsc": lambda x: np.arcsin(1 / np.asarray(x, dtype=float)),
    "asech": lambda x: np.arccosh(1 / np.asarray(x, dtype=float)),
    "acsch": lambda x: np.arcsinh(1 / np.asarray(x, dtype=float)),
    "acoth": lambda x: np.arctanh(1 / np.asarray(x, dtype=float)),
}
