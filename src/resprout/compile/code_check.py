"""Machine code of this machine beside NumPy, before any model is solved with it: some versions of LLVM compute wrongly without a word."""

from __future__ import annotations

import ctypes
import functools
from typing import Any

import llvmlite
import llvmlite.ir as ir
import numpy as np
from numpy.typing import NDArray

from resprout.compile.llvm_arithmetic import LlvmArithmetic
from resprout.compile.machine import aligned_rows, host, load_code, object_codes
from resprout.compile.numpy_arithmetic import NumpyArithmetic
from resprout.errors import Fault, SolveError

OPERATIONS = ("exp", "log", "sqrt", "divide")
ARGUMENTS = np.concatenate([np.linspace(-20.0, 20.0, 40), np.geomspace(1e-300, 1e300, 24)])
TOLERANCE = 1e-12
"""Relative; the polynomials of machine code are right to 13 digits."""


def check_machine_code() -> None:
    """Compare what machine code and NumPy compute; once in a process for each width.

    raises   SolveError if they differ
    """
    wrong = _wrong(*host())
    if not wrong:
        return
    found = f"The machine code that llvmlite {llvmlite.__version__} makes for this processor computes {', '.join(wrong)} wrongly."
    remedy = 'Install a newer one: pip install --upgrade "numba" "llvmlite".'
    raise SolveError(Fault(found, "", "Expected what NumPy computes, to 12 digits.", remedy))


@functools.lru_cache(maxsize=8)
def _wrong(processor: str, features: str, width: int) -> tuple[str, ...]:
    """Operations that machine code computes otherwise than NumPy."""
    found, expected = _by_machine(width), _by_numpy()
    rows = zip(OPERATIONS, found, expected, strict=True)
    return tuple(name for name, own, right in rows if not np.allclose(own, right, rtol=TOLERANCE, atol=0.0))


def _by_numpy() -> NDArray[np.float64]:
    over: Any = NumpyArithmetic()
    positive = np.abs(ARGUMENTS)
    given = {"exp": ARGUMENTS, "log": positive, "sqrt": positive}
    values = [getattr(over, name)(given[name]) for name in OPERATIONS[:-1]]
    return np.stack([*values, over.divide(over.number(3.0), ARGUMENTS)])


def _by_machine(width: int) -> NDArray[np.float64]:
    """The operations [operation, argument] by code made and loaded as a model's is."""
    module = ir.Module("check")
    over = LlvmArithmetic(module, width)
    arrays = over.function("check", ("given", "written"))
    value = over.load(arrays.given)
    positive = over.absolute(value)
    results = (over.exp(value), over.log(positive), over.sqrt(positive), over.divide(over.number(3.0), value))
    for row, result in enumerate(results):
        over.store(result, arrays.written, row)
    over.builder.ret_void()
    engine, address = load_code(object_codes([str(module)]), ("check",))
    code = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)(address["check"])
    memory, result, found = aligned_rows(1, width), aligned_rows(len(OPERATIONS), width), []
    for first in range(0, len(ARGUMENTS), width):
        memory[:] = ARGUMENTS[first : first + width]
        code(memory.ctypes.data, result.ctypes.data)
        found.append(result.copy())
    del engine
    return np.concatenate(found, axis=1)
