"""Who does the work: threads of this process, or the workers of a Dask cluster; both hand back futures."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

from resprout.errors import Fault, InputError


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
        with ThreadPoolExecutor(workers) as executor:
            yield Pool(workers, executor.submit)
        return
    with _dask_client(cluster) as client:
        workers = max(len(client.scheduler_info(n_workers=-1)["workers"]), 1)
        yield Pool(workers, lambda work, *given: client.submit(work, *given, pure=False, retries=3))


@contextlib.contextmanager
def _dask_client(cluster: str) -> Iterator[Any]:
    local = re.fullmatch(r"local:(\d{1,3})", cluster)
    if local is None and not re.fullmatch(r"(tcp|tls)://[\w.\-\[\]:]+:\d+", cluster):
        raise InputError(Fault(f"`{cluster}` is no cluster.", "--cluster", "Expected `local:4` or `tcp://HOST:PORT`."))
    try:
        from distributed import Client, LocalCluster
    except ImportError as missing:
        remedy = 'Install it with `pip install "resprout[cluster]"`.'
        raise InputError(Fault("Dask is not installed.", "--cluster", "", remedy)) from missing
    if local is not None:
        here = LocalCluster(n_workers=int(local[1]), threads_per_worker=1, dashboard_address=None, silence_logs=50)
        with here, Client(here) as client:
            yield client
        return
    try:
        client = Client(cluster, timeout="10s")
    except OSError as trouble:
        found = f"no scheduler answers at `{cluster}`."
        raise InputError(Fault(found, "--cluster", "", "Start one with `dask scheduler`.")) from trouble
    with client:
        yield client
