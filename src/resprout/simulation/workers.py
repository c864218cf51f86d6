"""Who does the work: threads of this process, processes of this machine, or the workers of a Dask cluster."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from types import ModuleType
from typing import Any, Protocol

from resprout.interruption import kept_from_children


class Future(Protocol):
    """Something whose result can be waited for."""

    def result(self) -> Any:
        """Wait for it."""
        ...


@dataclass(frozen=True)
class Pool:
    """Workers, and how to give them something to do."""

    workers: int
    submit: Callable[..., Future]


@contextlib.contextmanager
def open_pool(cluster: str | None = None, threads: int | None = None) -> Iterator[Pool]:
    """Lend workers for as long as the block lasts.

    cluster   None for threads of this process; `local:4` for four processes here; `tcp://HOST:PORT` for a running one
    threads   of this process; None for every core
    raises    InputError if the cluster's name is not understood, is not there, or Dask is not installed
    """
    if cluster is None:
        workers = threads or os.cpu_count() or 1
        with _ended_without_waiting(ThreadPoolExecutor(workers)) as executor:
            yield Pool(workers, executor.submit)
        return
    from resprout.simulation.dask_cluster import dask_workers

    with dask_workers(cluster) as (workers, submit):
        yield Pool(workers, submit)


@contextlib.contextmanager
def process_pool() -> Iterator[Executor]:
    """Lend a process for every core; Ctrl+C is for the process that lends, which then ends them.

    What they are given must be importable by name from this package: a script that calls it is not run again in each of them, so that it
    needs no `if __name__ == "__main__"`.

    raises   BrokenExecutor where one of them is ended from outside
    """
    count = os.cpu_count() or 1
    executor = ProcessPoolExecutor(count, get_context("spawn"), initializer=end_with_parent)
    with _ended_without_waiting(executor):
        with kept_from_children(), _script_hidden():
            for _ in range(count):  # each call starts a process, as long as none is idle
                executor.submit(int)
        yield executor


def end_with_parent() -> None:
    """End this process when the one that lends it is killed: it would wait for ever, since each process keeps the queue of the others open."""
    threading.Thread(target=_wait_for_the_end_of_parent, daemon=True).start()


def _wait_for_the_end_of_parent() -> None:
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


@contextlib.contextmanager
def _script_hidden() -> Iterator[None]:
    """Start processes as if no script were running here: each would import it, and run all that it does."""
    script = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = script


@contextlib.contextmanager
def _ended_without_waiting(executor: Executor) -> Iterator[Executor]:
    """Wait for what was begun at an ordinary end only: an error or Ctrl+C is told at once."""
    try:
        yield executor
    except BaseException:
        executor.shutdown(wait=False, cancel_futures=True)
        raise
    executor.shutdown()
