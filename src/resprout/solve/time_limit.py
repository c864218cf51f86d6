"""A limit to the time of everything that a thread computes within a block, looked at between chunks of patients.

It belongs to the thread and is handed through no call: it ends a computation or does not, and no number depends on it.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, wait

from resprout.errors import Fault, SolveError

_OF_THREAD = threading.local()


def _end() -> tuple[float, float] | None:
    """When the thread's time is used up, and how many seconds it had; None if it has no limit."""
    found: tuple[float, float] | None = getattr(_OF_THREAD, "end", None)
    return found


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Have what is computed within a block end with a sentence once its time is used up.

    seconds   s   from now on
    raises    SolveError
    """
    before = _end()
    _OF_THREAD.end = (time.monotonic() + seconds, seconds)
    try:
        yield
    finally:
        _OF_THREAD.end = before


def check_time() -> None:
    """Go on if there is time left, or if none is set.

    raises    SolveError
    """
    end = _end()
    if end is not None and time.monotonic() > end[0]:
        raise _used_up(end[1])


def await_all(futures: list[Future[None]]) -> None:
    """Wait for what has been begun, and no longer than there is time.

    raises    SolveError, and whatever one of them raises
    """
    end = _end()
    left = None if end is None else max(end[0] - time.monotonic(), 0.0)
    for done in futures if end is None else wait(futures, timeout=left).done:
        done.result()
    if end is not None and not all(future.done() for future in futures):
        raise _used_up(end[1])


def _used_up(seconds: float) -> SolveError:
    found = f"this takes longer than the {seconds:g} s that there are for it."
    return SolveError(Fault(found, "", "", "Ask for fewer people, visits or doses, or use the command line."))
