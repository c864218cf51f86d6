"""A model and its outputs -> machine code of the solver's functions, kept on disk so that the next process need not make it again."""

from __future__ import annotations

import ctypes
import functools
import hashlib
import itertools
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import llvmlite
import llvmlite.binding as llvm
import numpy as np

from resprout import cache
from resprout.compile.code_check import check_machine_code
from resprout.compile.machine import forget_equations, host, load_code, object_codes, pruned
from resprout.language.records import EquationModel
from resprout.solve.driver_arrays import Layout
from resprout.solve.kernels import ARGUMENTS, write_kernels
from resprout.solve.tableau import RODAS4, Tableau


class Bound(NamedTuple):
    """Machine code with the addresses of its arrays, as compiled functions call it."""

    address: Any
    pointers: tuple[Any, ...]


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

    def bound(self, name: str, arrays: Mapping[str, np.ndarray]) -> Bound:
        """A function for callers that are compiled.

        arrays   by their names in `driver_arrays.py`, of which it takes what it needs
        """
        pointers = tuple(np.int64(arrays[argument].ctypes.data) for argument in ARGUMENTS[name])
        return Bound(np.int64(self.address[name]), pointers)

    def interpreted(self, name: str, arrays: Mapping[str, np.ndarray]) -> Callable[[], Any]:
        """A function for callers in Python; arguments as for `bound`."""
        pointers = self.bound(name, arrays).pointers
        code = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * len(pointers))(self.address[name])
        return functools.partial(code, *(int(pointer) for pointer in pointers))


_LOADED: dict[str, Kernel] = {}
_MAKING = threading.Lock()


def forget_kernels() -> None:
    """Drop the kernels held in memory, and the equations they are made from; those on disk stay."""
    _LOADED.clear()
    forget_equations()


def build_kernel(
    model: EquationModel,
    outputs: tuple[str, ...],
    perturbed: frozenset[str],
    tableau: Tableau = RODAS4,
    *,
    cached: bool = True,
) -> Kernel:
    """The machine code of a model for these outputs: from memory, from disk, or made now (about a second).

    model       the checked model
    outputs     names of states, assigned quantities or constants to be observed
    perturbed   states and inputs that doses, blocks or patients change; the rest stays at its steady state
    tableau     of the method
    cached      take code that was made before; otherwise make it anew, as a benchmark needs
    """
    processor, features, width = host()
    parts = [
        model.digest,
        *outputs,
        "|",
        *sorted(perturbed),
        "|",
        tableau.name,
        processor,
        features,
        str(width),
        llvmlite.__version__,
        cache.source_digest("compile", "solve"),
    ]
    key = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]
    # threads that want the same code at once would each make it, in turn
    with _MAKING:
        if key not in _LOADED:
            codes, layout = _cached_code(key if cached else "", model, outputs, perturbed, tableau, width)
            engine, address = load_code(codes, ARGUMENTS)
            _LOADED[key] = Kernel(layout, width, address, tableau, engine)
        return _LOADED[key]


def _cached_code(
    key: str, model: EquationModel, outputs: tuple[str, ...], perturbed: frozenset[str], tableau: Tableau, width: int
) -> tuple[list[bytes], Layout]:
    head, _, kept = ((cache.stored("kernels", key) if key else None) or b"").partition(b"\n")
    try:
        fields: dict[str, Any] = json.loads(head)
        sizes = fields.pop("sizes")
        whole: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in fields.items()}
        ends = list(itertools.accumulate(sizes))
        return [kept[end - size : end] for size, end in zip(sizes, ends, strict=True)], Layout(**whole)
    except (ValueError, TypeError, KeyError, AttributeError):
        pass
    check_machine_code()
    texts, layout = write_kernels(pruned(model, outputs, perturbed), outputs, tableau, width)
    codes = object_codes(texts)
    if key:
        told = {**asdict(layout), "sizes": [len(code) for code in codes]}
        cache.store("kernels", key, b"\n".join([json.dumps(told).encode(), b"".join(codes)]))
    return codes, layout
