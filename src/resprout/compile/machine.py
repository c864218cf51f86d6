"""LLVM text -> machine code in memory, for this processor; and the equations that it is written from."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable

import llvmlite.binding as llvm
import numpy as np

from resprout.compile.model_system import read_system
from resprout.compile.prune import prune
from resprout.compile.system import System
from resprout.errors import Fault, InputError
from resprout.language.records import EquationModel

WIDTH = "RESPROUT_WIDTH"
"""Variable that asks for a narrower vector than the processor has: 2, 4 or 8 doubles."""
LARGE_TEXT = 4_000_000
"""Characters of LLVM text from which on instructions are chosen and ordered with less care, in two thirds of the time; measured, such code runs as fast."""


def host() -> tuple[str, str, int]:
    """The processor, its features and the width to use.

    raises   InputError if RESPROUT_WIDTH asks for a width that there is not
    """
    return _host(os.environ.get(WIDTH, ""))


@functools.lru_cache(maxsize=32)
def _host(wanted: str) -> tuple[str, str, int]:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    features = llvm.get_host_cpu_features()
    if features.get("avx512f"):
        width = 8
    elif features.get("avx"):
        width = 4
    else:
        width = 2
    if wanted:
        if wanted not in ("2", "4", "8"):
            expected = "Expected 2, 4 or 8 doubles per vector."
            raise InputError(Fault(f"`{wanted}` is no width.", WIDTH, expected, f"Set it so, or `unset {WIDTH}`."))
        width = int(wanted)
    chosen = features.flatten() + (",-prefer-256-bit" if width == 8 else "")
    return llvm.get_host_cpu_name(), chosen, width


def host_width() -> int:
    """Patients per vector on this machine: 8 with AVX-512, 4 with AVX, else 2."""
    return host()[2]


def _target(care: int = 3) -> llvm.TargetMachine:
    processor, features, _ = host()
    return llvm.Target.from_default_triple().create_target_machine(cpu=processor, features=features, opt=care, jit=True)


def object_code(text: str) -> bytes:
    """Optimised machine code of LLVM text, for this processor."""
    machine = _target(1 if len(text) > LARGE_TEXT else 3)
    module = llvm.parse_assembly(text)
    module.triple = llvm.get_default_triple()
    module.data_layout = str(machine.target_data)
    module.verify()
    options = llvm.create_pipeline_tuning_options(speed_level=2)
    # the loops are there to keep the code small
    options.loop_unrolling = False
    passes = llvm.create_pass_builder(machine, options)
    passes.getModulePassManager().run(module, passes)
    return machine.emit_object(module)


def load_code(code: bytes, functions: Iterable[str]) -> tuple[llvm.ExecutionEngine, dict[str, int]]:
    """Put machine code into memory: the engine that owns it, and the address of each function that it has."""
    backing = llvm.parse_assembly("")
    engine = llvm.create_mcjit_compiler(backing, _target())
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    found = {name: engine.get_function_address(name) for name in functions}
    return engine, {name: address for name, address in found.items() if address}


def aligned_rows(count: int, width: int) -> np.ndarray:
    """An array [row, lane] whose rows start at multiples of 64 bytes, as vector loads demand."""
    memory = np.zeros(count * width + 8)
    shift = ((64 - (memory.ctypes.data % 64)) // 8) % 8
    return memory[shift : shift + count * width].reshape(count, width)


_READ: dict[str, System] = {}


def forget_equations() -> None:
    """Drop the equations held in memory."""
    _READ.clear()


def pruned(model: EquationModel, outputs: tuple[str, ...], perturbed: frozenset[str]) -> System:
    """The equations that matter for these outputs where only `perturbed` states and inputs are changed."""
    start = {state.name: state.start for state in model.states}
    inactive = [name for name in model.inputs if model.constants[name].value == 0]
    if model.digest not in _READ:
        _READ.clear()
        _READ[model.digest] = read_system(model)
    return prune(_READ[model.digest], outputs, perturbed, start, inactive)
