"""Points of a fit shared among processes of this machine or the workers of a cluster: a function and its work in, results in order out."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from resprout.language import shipped_folder
from resprout.language.records import Model
from resprout.simulation.workers import open_pool, process_pool

Share = Callable[[Callable[[Any], Any], Sequence[Any]], list[Any]]


def by_own_processes(
    function: Callable[[Any], Any], work: Sequence[Any], *, each: Callable[[Any], None] = lambda _: None
) -> list[Any]:
    """Call a function for every piece of work, in processes that are started for it; a single piece in this one.

    function   importable by name
    work       one argument for each call
    each       is given each result as it comes, in this process
    returns    results in the order of the work
    """
    found: list[Any] = []
    with contextlib.nullcontext() if len(work) == 1 else process_pool() as pool:
        for result in map(function, work) if pool is None else pool.map(function, work):
            found.append(result)
            each(result)
    return found


@contextlib.contextmanager
def shared_among(cluster: str | None) -> Iterator[Share]:
    """Lend workers that stay for as long as the block lasts, so that each loads the model and its code once.

    cluster   None for a process for every core; `local:4` or `tcp://HOST:PORT` for Dask
    returns   what calls a function for every piece of work, as `by_own_processes` does
    raises    InputError if the cluster's name is not understood, is not there, or Dask is not installed
    """
    if cluster is None:
        with process_pool() as processes:
            yield lambda function, work: list(processes.map(function, work))
        return
    with open_pool(cluster) as pool:

        def share(function: Callable[[Any], Any], work: Sequence[Any]) -> list[Any]:
            sent = [pool.submit(function, each) for each in work]
            return [each.result() for each in sent]

        yield share


def folder_elsewhere(model: Model) -> str | None:
    """The folder from which a worker loads a model; None for the shipped one, which has another place on another machine."""
    return None if Path(model.folder) == shipped_folder() else str(model.folder)
