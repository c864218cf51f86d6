"""What the driver and the search for steady states share: calls of kernels, and patients put into lanes."""

from __future__ import annotations

from typing import Any

import llvmlite.ir as ir
from numba import types
from numba.extending import intrinsic, overload

from resprout.solve.compiled import part


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


call_address: Any = intrinsic(_call)


def call(kernel: Any) -> None:
    """Call a kernel: a function of no argument in Python, machine code bound to its arrays where the caller is compiled."""
    kernel()


@overload(call)
def _call_bound(kernel):
    return lambda kernel: call_address(kernel.address, kernel.pointers)


@part
def prime(patients, constants):
    """Give every lane the constants that all patients share, once: `admit` writes the others."""
    for row in range(patients.nominal.shape[0]):
        for lane in range(constants.shape[1]):
            constants[row, lane] = patients.nominal[row]


@part
def admit(lane, patient, patients, constants):
    """Put a patient's own constants into a primed lane."""
    for index in range(patients.varied_row.shape[0]):
        constants[patients.varied_row[index], lane] = patients.varied[patient, index]


@part
def place(lane, patient, patients, state):
    """Put a patient's starting state into a lane."""
    source = patient if patients.start.shape[0] > 1 else 0
    for row in range(state.shape[0]):
        state[row, lane] = patients.start[source, row]
