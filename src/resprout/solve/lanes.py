"""What the driver and the search for rest share: patients as arrays, room by lane, and calls of machine code."""

from __future__ import annotations

from typing import Any, NamedTuple

import llvmlite.ir as ir
import numpy as np
from numba import types
from numba.extending import intrinsic

from resprout.solve.compiled import compiled

SOLVED, STEP_TOO_SMALL, TOO_MANY_STEPS, NO_REST, LANDED, GOES_ON = 0, 1, 2, 3, 4, 5


def _call(typing, address, pointers):
    """Call machine code at an address with a tuple of pointers to double."""

    def generate(context, builder, signature, arguments):
        count = signature.args[1].count
        pointer = ir.DoubleType().as_pointer()
        code = builder.inttoptr(arguments[0], ir.FunctionType(ir.VoidType(), [pointer] * count).as_pointer())
        given = [builder.inttoptr(builder.extract_value(arguments[1], index), pointer) for index in range(count)]
        builder.call(code, given)
        return context.get_dummy_value()

    return types.void(types.int64, types.UniTuple(types.int64, pointers.count)), generate


call: Any = intrinsic(_call)


def aligned_rows(count: int, width: int) -> np.ndarray:
    """An array [row, lane] whose rows start at multiples of 64 bytes, as vector loads demand."""
    memory = np.zeros(count * width + 8)
    shift = ((64 - (memory.ctypes.data % 64)) // 8) % 8
    return memory[shift : shift + count * width].reshape(count, width)


@compiled(inner=True)
def at(array):
    return types.int64(array.ctypes.data)


class Patients(NamedTuple):
    """Constants and starting states.

    nominal [constant]; varied_row [varied]; varied [patient, varied]; start [patient or 1, state]
    """

    nominal: np.ndarray
    varied_row: np.ndarray
    varied: np.ndarray
    start: np.ndarray


@compiled(inner=True)
def prime(patients, constants):
    """Give every lane the constants that all patients share, once: `admit` writes the others."""
    for row in range(patients.nominal.shape[0]):
        for lane in range(constants.shape[1]):
            constants[row, lane] = patients.nominal[row]


@compiled(inner=True)
def admit(lane, patient, patients, constants):
    """Put a patient's own constants into a primed lane."""
    for index in range(patients.varied_row.shape[0]):
        constants[patients.varied_row[index], lane] = patients.varied[patient, index]


@compiled(inner=True)
def place(lane, patient, patients, state):
    """Put a patient's starting state into a lane."""
    source = patient if patients.start.shape[0] > 1 else 0
    for row in range(state.shape[0]):
        state[row, lane] = patients.start[source, row]
