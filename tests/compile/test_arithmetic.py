"""Both arithmetics do the same: every operation by NumPy beside the same operation as machine code."""

from __future__ import annotations

import ctypes
import math

import llvmlite.ir as ir
import numpy as np
import pytest

from resprout.compile.llvm_arithmetic import LlvmArithmetic
from resprout.compile.machine import host_width, load_code, object_codes
from resprout.compile.numpy_arithmetic import NumpyArithmetic
from resprout.solve.driver_arrays import aligned_rows

EDGES = [0.0, -0.0, 1.0, -1.0, 2.5, -7.25, 1e300, -1e300, 1e-320, np.inf, -np.inf, np.nan, 3.0, 701.0, -701.0, 0.3]
PAIRS = np.array([(left, right) for left in EDGES for right in EDGES]).T
BOTH_OPERATIONS = {
    "add": lambda over, x, y: over.add(x, y),
    "subtract": lambda over, x, y: over.subtract(x, y),
    "multiply": lambda over, x, y: over.multiply(x, y),
    "divide": lambda over, x, y: over.divide(x, y),
    "minimum": lambda over, x, y: over.minimum(x, y),
    "maximum": lambda over, x, y: over.maximum(x, y),
    "absolute": lambda over, x, y: over.absolute(x),
    "sqrt": lambda over, x, y: over.sqrt(x),
    "exp": lambda over, x, y: over.exp(x),
    "log": lambda over, x, y: over.log(over.minimum(x, over.number(1e300))),
    "atan": lambda over, x, y: over.call("atan", [x]),
    "sign of a product": lambda over, x, y: over.sign_of_product([x, y, x]),
    "less": lambda over, x, y: over.choose(over.less(x, y), x, over.number(9.0)),
    "at most": lambda over, x, y: over.choose(over.at_most(x, y), x, over.number(9.0)),
    "equal": lambda over, x, y: over.choose(over.equal(x, y), x, over.number(9.0)),
    "both": lambda over, x, y: over.choose(over.both(over.less(x, y), over.less(y, over.number(2.0))), x, y),
    "either": lambda over, x, y: over.choose(over.either(over.less(x, y), over.less(y, over.number(2.0))), x, y),
    "negated": lambda over, x, y: over.choose(over.negated(over.less(x, y)), x, y),
}


def by_machine(body, width: int, given: np.ndarray) -> np.ndarray:
    """`body(over, x, y)` of values [2, value]."""
    module = ir.Module("operation")
    over = LlvmArithmetic(module, width)
    r = over.function("f", ("given", "written"))
    over.store(body(over, over.load(r.given, 0), over.load(r.given, 1)), r.written)
    over.builder.ret_void()
    engine, address = load_code(object_codes([str(module)]), ("f",))
    code = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)(address["f"])
    memory, result, found = aligned_rows(2, width), aligned_rows(1, width), []
    for first in range(0, given.shape[1], width):
        memory[:] = given[:, first : first + width]
        code(memory.ctypes.data, result.ctypes.data)
        found.append(result[0].copy())
    assert engine
    return np.concatenate(found)


@pytest.mark.parametrize("name", BOTH_OPERATIONS)
def test_an_operation_gives_the_same_numbers_by_numpy_and_by_machine_code(name):
    body = BOTH_OPERATIONS[name]
    with np.errstate(all="ignore"):
        expected = np.broadcast_to(body(NumpyArithmetic(), *PAIRS), PAIRS.shape[1])
    # exp and ln are polynomials in machine code, right to 14 digits, exp to 13 at the edges
    np.testing.assert_allclose(by_machine(body, host_width(), PAIRS), expected, rtol=1e-13)


@pytest.mark.parametrize("together", [1, 2, 3, 4])
@pytest.mark.parametrize("count", [0, 1, 4, 7])
def test_rows_are_visited_once_each_in_order_and_what_is_carried_is_handed_on(count, together):
    def body(over, x, y):
        # 2 carried + row's share, so that order matters
        def visit(rows, carried):
            for _ in rows:
                carried = over.add(over.multiply(carried, y), x)
            return carried

        return over.each_row(count, together, visit, over.number(1.0))

    given = np.stack([np.arange(1.0, 9.0), np.full(8, 2.0)])
    expected = 2.0**count + given[0] * (2.0**count - 1)
    assert by_machine(body, 8, given).tolist() == expected.tolist()
    assert np.broadcast_to(body(NumpyArithmetic(), *given), 8).tolist() == expected.tolist()


def test_rows_of_numpy_are_values_not_views():
    over, memory = NumpyArithmetic(), np.zeros((2, 3))
    value = over.load(memory, 1)
    over.store(over.number(math.pi), memory, 1)
    assert value.tolist() == [0.0, 0.0, 0.0]
    assert memory[1].tolist() == [math.pi] * 3
