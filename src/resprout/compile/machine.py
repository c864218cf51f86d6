"""LLVM text -> machine code in memory, kept on disk so that the next process need not make it again."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import threading
from dataclasses import asdict, dataclass
from typing import Any

import llvmlite
import llvmlite.binding as llvm

from resprout import cache
from resprout.compile.equations import read_system
from resprout.compile.kernels import Layout, write_kernels
from resprout.compile.prune import prune
from resprout.compile.system import System
from resprout.compile.tableau import RODAS4, Tableau
from resprout.language.records import EquationModel

FUNCTIONS = ("prepare", "relax", "step", "stride", "keep", "observe")


@dataclass(frozen=True, eq=False)
class Kernel:
    """Loaded machine code of one model for one list of outputs.

    address   of each function        width   patients per vector
    engine    keeps the code alive    tableau the method it was made for
    """

    layout: Layout
    width: int
    address: dict[str, int]
    tableau: Tableau
    engine: llvm.ExecutionEngine


WIDTH = "RESPROUT_WIDTH"
"""Variable that asks for a narrower vector than the processor has: 2, 4 or 8 doubles."""


def _prepare_llvm() -> tuple[str, str, int]:
    """The processor, its features and the width to use."""
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
    if wanted.isdecimal() and int(wanted) in (2, 4, 8):
        width = int(wanted)
    chosen = features.flatten() + (",-prefer-256-bit" if width == 8 else "")
    return llvm.get_host_cpu_name(), chosen, width


def host_width() -> int:
    """Patients per vector on this machine: 8 with AVX-512, 4 with AVX, else 2."""
    return _prepare_llvm()[2]


def _target() -> llvm.TargetMachine:
    processor, features, _ = _prepare_llvm()
    return llvm.Target.from_default_triple().create_target_machine(cpu=processor, features=features, opt=3, jit=True)


def object_code(text: str) -> bytes:
    """Optimised machine code of LLVM text, for this processor."""
    machine = _target()
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


def load_code(code: bytes, functions: tuple[str, ...] = FUNCTIONS) -> tuple[llvm.ExecutionEngine, dict[str, int]]:
    """Put machine code into memory: the engine that owns it, and the address of each function."""
    backing = llvm.parse_assembly("")
    engine = llvm.create_mcjit_compiler(backing, _target())
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    return engine, {name: engine.get_function_address(name) for name in functions}


_LOADED: dict[str, Kernel] = {}
_READ: dict[str, System] = {}
_MAKING = threading.Lock()


def forget_kernels() -> None:
    """Drop the kernels held in memory, and the equations they are made from; those on disk stay."""
    _LOADED.clear()
    _READ.clear()


def build_kernel(
    model: EquationModel,
    outputs: tuple[str, ...],
    moved: frozenset[str],
    tableau: Tableau = RODAS4,
    *,
    cached: bool = True,
) -> Kernel:
    """The machine code of a model for these outputs: from memory, from disk, or made now (about a second).

    model     the checked model
    outputs   names of states, assigned quantities or constants to be observed
    moved     states and inputs that doses, blocks or patients change; the rest stays at rest
    cached    take code that was made before; otherwise make it anew, as a benchmark needs
    """
    processor, features, width = _prepare_llvm()
    parts = [
        model.digest,
        *outputs,
        "|",
        *sorted(moved),
        "|",
        tableau.name,
        processor,
        features,
        str(width),
        llvmlite.__version__,
        cache.source_digest("compile"),
    ]
    key = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]
    # threads that want the same code at once would each make it, in turn
    with _MAKING:
        if key not in _LOADED:
            code, layout = _cached_code(key if cached else "", model, outputs, moved, tableau, width)
            engine, address = load_code(code)
            _LOADED[key] = Kernel(layout, width, address, tableau, engine)
        return _LOADED[key]


def pruned(model: EquationModel, outputs: tuple[str, ...], moved: frozenset[str]) -> System:
    """The equations that matter for these outputs where only `moved` states and inputs are changed."""
    start = {state.name: state.start for state in model.states}
    idle = [name for name in model.inputs if model.constants[name].value == 0]
    if model.digest not in _READ:
        _READ.clear()
        _READ[model.digest] = read_system(model)
    return prune(_READ[model.digest], outputs, moved, start, idle)


def _cached_code(
    key: str, model: EquationModel, outputs: tuple[str, ...], moved: frozenset[str], tableau: Tableau, width: int
) -> tuple[bytes, Layout]:
    head, _, code = ((cache.stored("kernels", key) if key else None) or b"").partition(b"\n")
    try:
        fields: dict[str, Any] = json.loads(head)
        whole: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in fields.items()}
        return code, Layout(**whole)
    except (ValueError, TypeError):
        pass
    text, layout = write_kernels(pruned(model, outputs, moved), outputs, tableau, width)
    code = object_code(text)
    if not key:
        return code, layout
    cache.store("kernels", key, json.dumps(asdict(layout)).encode() + b"\n" + code)
    return code, layout
