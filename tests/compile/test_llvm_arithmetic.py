"""exp and ln as they are written into vector code, against the C library's, at every width."""

import ctypes
import math

import llvmlite.ir as ir
import numpy as np
import pytest

from resprout.compile.llvm_arithmetic import LlvmArithmetic
from resprout.compile.machine import load_code, object_codes
from resprout.solve.driver_arrays import aligned_rows

WIDTHS = (1, 2, 4, 8)


def compiled(name: str, width: int):
    """A function of the vector code as one of arrays, and what keeps it alive."""
    module = ir.Module(name)
    over = LlvmArithmetic(module, width)
    r = over.function("f", ("given", "written"))
    over.store(getattr(over, name)(over.load(r.given)), r.written)
    over.builder.ret_void()
    engine, address = load_code(object_codes([str(module)]), ("f",))
    code = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)(address["f"])

    def function(values: np.ndarray) -> np.ndarray:
        memory, result = aligned_rows(1, width), aligned_rows(1, width)
        found = []
        for first in range(0, len(values), width):
            memory[0] = values[first : first + width]
            code(memory.ctypes.data, result.ctypes.data)
            found.append(result[0].copy())
        return np.concatenate(found)

    return function, engine


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(("reach", "allowed"), [(1.0, 3e-15), (30.0, 5e-15), (700.0, 5e-14)])
def test_exp_is_right_to_fourteen_digits_and_thirteen_at_the_edges(width, reach, allowed):
    function, engine = compiled("exp", width)
    values = np.random.default_rng(1).uniform(-reach, reach, 4000)
    truth = np.array([math.exp(value) for value in values])
    assert np.abs(function(values) / truth - 1).max() < allowed
    assert engine


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("reach", [1e-6, 0.1, 5.0, 700.0])
def test_ln_is_right_to_the_last_places_also_close_to_one(width, reach):
    function, engine = compiled("log", width)
    values = np.exp(np.random.default_rng(2).uniform(-reach, reach, 4000))
    truth = np.array([math.log(value) for value in values])
    assert np.abs(function(values) - truth).max() < 4e-16 * max(1.0, reach)
    near = np.abs(truth) > 1e-9
    assert np.abs(function(values)[near] / truth[near] - 1).max() < 2e-15
    assert engine


@pytest.mark.parametrize("width", WIDTHS)
def test_beyond_the_edges_exp_and_ln_stay_at_the_edge(width):
    exp, first = compiled("exp", width)
    log, second = compiled("log", width)
    edge = exp(np.array([-np.inf, -1e9, 0.0, 0.0, 1e9, np.inf, 0.0, 0.0]))
    assert edge[[0, 1, 4, 5]] == pytest.approx(np.exp([-700.0, -700.0, 700.0, 700.0]), rel=1e-13)
    assert (edge[[2, 3, 6, 7]] == 1.0).all()
    assert log(np.array([0.0, -1.0, 1e-320, 1.0] * 2))[:4] == pytest.approx([math.log(2.0**-1022)] * 3 + [0.0])
    assert first and second


@pytest.mark.parametrize("width", (2, 4, 8))
def test_lanes_that_hold_are_told_as_the_bits_of_a_whole_number(width):
    module = ir.Module("bits")
    over = LlvmArithmetic(module, width)
    r = over.function("f", ("given", "written"))
    over.store_bits(over.less(over.load(r.given), over.number(0.0)), r.written)
    over.builder.ret_void()
    engine, address = load_code(object_codes([str(module)]), ("f",))
    code = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)(address["f"])
    memory, bits = aligned_rows(1, width), np.zeros(1)
    for number in range(2**width):
        memory[0] = [-1.0 if number >> lane & 1 else 1.0 for lane in range(width)]
        code(memory.ctypes.data, bits.ctypes.data)
        assert bits[0] == number
    assert engine
