"""How much of a long computation a thread has done within a block, told as it goes.

As a limit of time, it belongs to the thread and is handed through no call: no number depends on it.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator

_OF_THREAD = threading.local()


@contextlib.contextmanager
def counted(tell: Callable[[int], None]) -> Iterator[None]:
    """Have what is done within a block counted.

    tell   is given the count so far, after each addition
    """
    before = getattr(_OF_THREAD, "count", None)
    done = 0

    def add(many: int) -> None:
        nonlocal done
        done += many
        tell(done)

    _OF_THREAD.count = add
    try:
        yield
    finally:
        _OF_THREAD.count = before


def count_done(many: int) -> None:
    """Add to the count of the thread, if it has one.

    many   people followed, or whatever the block counts
    """
    add: Callable[[int], None] | None = getattr(_OF_THREAD, "count", None)
    if add is not None:
        add(many)
