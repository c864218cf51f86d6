"""LLVM text -> machine code in memory, for this processor; and the equations that it is written from."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable, Sequence

import llvmlite.binding as llvm
import numpy as np

from resprout.compile.model_system import read_system
from resprout.compile.object_code import made_code, target_machine
from resprout.compile.prune import prune
from resprout.compile.system import System
from resprout.errors import Fault, InputError
from resprout.language.records import EquationModel

WIDTH = "RESPROUT_WIDTH"
"""Variable that asks for a narrower vector than the processor has: 2, 4 or 8 doubles."""


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


def object_codes(texts: Sequence[str]) -> list[bytes]:
    """Optimised machine code of modules of LLVM text, for this processor; large models have two, compiled at the same time."""
    processor, features, _ = host()
    return made_code(texts, processor, features)


def load_code(codes: Iterable[bytes], functions: Iterable[str]) -> tuple[llvm.ExecutionEngine, dict[str, int]]:
    """Put machine code into memory: the engine that owns it, and the address of each function that it has."""
    processor, features, _ = host()
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), target_machine(processor, features))
    for code in codes:
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
