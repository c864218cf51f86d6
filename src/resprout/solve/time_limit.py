"""A limit to the time of everything that is computed within a block, looked at between chunks of patients."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from concurrent.futures import Future, wait
from contextvars import ContextVar

from resprout.errors import Fault, SolveError

_END: ContextVar[tuple[float, float] | None] = ContextVar("end of the computation", default=None)


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Have what is computed within a block end with a sentence once its time is used up.

    seconds   s   from now on
    raises    SolveError
    """
    token = _END.set((time.monotonic() + seconds, seconds))
    try:
        yield
    finally:
        _END.reset(token)


def check_time() -> None:
    """Go on if there is time left, or if none is set.

    raises    SolveError
    """
    end = _END.get()
    if end is not None and time.monotonic() > end[0]:
        raise _used_up(end[1])


def await_all(futures: list[Future[None]]) -> None:
    """Wait for what has been begun, and no longer than there is time.

    raises    SolveError, and whatever one of them raises
    """
    end = _END.get()
    left = None if end is None else max(end[0] - time.monotonic(), 0.0)
    for done in futures if end is None else wait(futures, timeout=left).done:
        done.result()
    if end is not None and not all(future.done() for future in futures):
        raise _used_up(end[1])


def _used_up(seconds: float) -> SolveError:
    found = f"this takes longer than the {seconds:g} s that there are for it."
    return SolveError(Fault(found, "", "", "Ask for fewer people, visits or doses, or use the command line."))
