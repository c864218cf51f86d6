"""Numba functions of the driver: compiled without reference counts, kept in resprout's own cache."""

from __future__ import annotations

import hashlib
import pickle
import platform
from collections.abc import Callable
from typing import Any

import llvmlite
import numba
from numba.core.caching import NullCache
from numba.core.compiler import CompileResult
from numba.core.serialize import dumps
from numba.extending import typeof_impl

from resprout import cache

NUMBA: Any = numba


class CheckedCache(NullCache):
    """What Numba calls to keep compiled functions: its own files have no checksum, and one cut short ends the process."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.name = f"{function.__module__}.{function.__qualname__}"

    def load_overload(self, sig: Any, target_context: Any) -> CompileResult | None:
        """The compiled function for these types; None if it is not kept, or not as it was written."""
        target_context.refresh()
        content = cache.stored("numba", self._key(sig, target_context.codegen()))
        return CompileResult._rebuild(target_context, *pickle.loads(content)) if content is not None else None

    def save_overload(self, sig: Any, cres: Any) -> None:
        """Keep a compiled function, unless it holds addresses of this process."""
        if not cres.library.has_dynamic_globals:
            cache.store("numba", self._key(sig, cres.codegen), dumps(cres._reduce()))

    def _key(self, sig: Any, codegen: Any) -> str:
        versions = (numba.__version__, llvmlite.__version__, platform.python_version())
        source = cache.source_digest("compile", "solve", "people")
        told = (self.name, str(sig), *map(str, codegen.magic_tuple()), *versions, source)
        return hashlib.sha256("\n".join(told).encode()).hexdigest()[:32]


def compiled(*, inner: bool = False, **options: Any) -> Any:
    """Compile a function that allocates nothing; an `inner` one can be called by compiled functions only.

    Counting references atomically at every use of an array cost a fifth of the run, so it is switched off.
    """

    def wrap(function: Callable[..., Any]) -> Any:
        bare = {"no_cpython_wrapper": inner, "no_cfunc_wrapper": True}
        dispatcher = NUMBA.njit(nogil=True, _nrt=False, **bare, **options)(function)
        dispatcher._cache = CheckedCache(function)
        return dispatcher

    return wrap


class part:
    """A function that stays plain Python for callers in Python and is compiled into callers that are compiled."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function, self.dispatcher = function, compiled(inner=True)(function)

    def __call__(self, *arguments: Any) -> Any:
        """Run it in Python."""
        return self.function(*arguments)


@typeof_impl.register(part)
def _type_of_part(known: part, _: Any) -> Any:
    return NUMBA.types.Dispatcher(known.dispatcher)
