"""Numba functions of the driver: compiled without reference counts, kept in resprout's own cache."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numba
from numba.extending import typeof_impl

from resprout import cache

NUMBA: Any = numba


def _folder() -> str | None:
    """Where compiled functions of this very source are kept; None if nothing can be kept."""
    folder = cache.cache_folder() / "numba" / cache.source_digest("compile", "solve")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return str(folder) if os.access(folder, os.W_OK) else None


FOLDER = _folder()


def compiled(*, inner: bool = False, **options: Any) -> Any:
    """Compile a function that allocates nothing; an `inner` one can be called by compiled functions only.

    Counting references atomically at every use of an array cost a fifth of the run, so it is switched off. A folder per
    source keeps an upgrade from meeting what an older version has left.
    """

    def wrap(function: Callable[..., Any]) -> Any:
        before = NUMBA.config.CACHE_DIR
        NUMBA.config.CACHE_DIR = FOLDER or ""
        try:
            bare = {"no_cpython_wrapper": inner, "no_cfunc_wrapper": True}
            return NUMBA.njit(nogil=True, cache=FOLDER is not None, _nrt=False, **bare, **options)(function)
        finally:
            NUMBA.config.CACHE_DIR = before

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
