"""The workers of a Dask cluster: found and checked before any work is done, and missed when they are lost."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass
from threading import Thread
from typing import Any

from resprout.errors import Fault, InputError, ResourceError, package_fault
from resprout.interruption import kept_from_children
from resprout.simulation.run_environment import Environment, differences, environment
from resprout.system_errors import COMPUTATION_BROKE_OFF

PROCESSES_A_CORE = 8
ANSWER_S = 10
"""How long a scheduler may take to answer, and to have a worker."""
LOST_S = 30
"""How long there may be no worker at all during a run."""

EXPECTED = "Expected `local:4` or `tcp://HOST:PORT`."


@contextlib.contextmanager
def dask_workers(cluster: str) -> Iterator[tuple[int, Callable[..., Any]]]:
    """Lend the workers of a cluster: how many there are, and what sends them a call.

    cluster   `local:4`, `tcp://HOST:PORT` or `tls://HOST:PORT`
    raises    InputError for a name of no cluster, or one that does not answer or computes by other versions
    """
    processes = _checked_name(cluster)
    try:
        from distributed import Client, LocalCluster
    except ImportError as missing:
        raise InputError(package_fault("distributed", "cluster", "--cluster")) from missing
    for name in list(logging.root.manager.loggerDict):
        if name.startswith("distributed"):  # a lost connection is told once, by the error
            logging.getLogger(name).setLevel(logging.CRITICAL)
    with contextlib.ExitStack() as stack:
        if processes:
            # the tracker of semaphores would speak of those that Ctrl+C leaves
            os.environ.setdefault("PYTHONWARNINGS", "ignore::UserWarning:multiprocessing.resource_tracker")
            quiet = {"dashboard_address": None, "silence_logs": logging.CRITICAL}
            with kept_from_children():
                here = _asked(lambda: LocalCluster(n_workers=processes, threads_per_worker=1, **quiet))
            client = stack.enter_context(Client(stack.enter_context(here.result())))
        else:
            client = stack.enter_context(_connected(Client, cluster))
            _check_versions(client, cluster)
        with _scheduler_needed(cluster):
            workers = max(len(client.scheduler_info(n_workers=-1)["workers"]), 1)
            yield (
                workers,
                lambda work, *given: _Sent(client, client.submit(work, *given, pure=False, retries=3), cluster),
            )


def _checked_name(cluster: str) -> int:
    """How many processes of this machine a name asks for; 0 for a scheduler elsewhere.

    raises   InputError for a name of no cluster
    """
    local = re.fullmatch(r"local:(\d{1,6})", cluster)
    if local:
        most = PROCESSES_A_CORE * (os.cpu_count() or 1)
        if 1 <= int(local[1]) <= most:
            return int(local[1])
        expected = f"Expected from 1 to {most} processes on this machine."
        raise InputError(Fault(f"`{cluster}` asks for {int(local[1])} processes.", "--cluster", expected))
    address = re.fullmatch(r"(tcp|tls)://(?:[\w.\-]+|\[[0-9a-fA-F:.]+\]):(\d{1,5})", cluster)
    if address is None or not 1 <= int(address[2]) <= 65535:
        raise InputError(Fault(f"`{cluster}` is no cluster.", "--cluster", EXPECTED))
    return 0


def _connected(client: Callable[..., Any], cluster: str) -> Any:
    """A connection to a scheduler that has a worker.

    raises   InputError if there is none
    """
    try:
        # a program that is no scheduler may accept a connection and never answer
        found = _asked(lambda: client(cluster, timeout=f"{ANSWER_S}s")).result(timeout=ANSWER_S + 2)
    except Exception as trouble:  # whatever answers at an address, it is no scheduler
        if cluster.startswith("tls") and isinstance(trouble, TypeError | ValueError | RuntimeError):
            told = Fault(
                f"`{cluster}` needs certificates, and none are configured.",
                "--cluster",
                "Expected `distributed.comm.tls` in the configuration of Dask.",
                "Set it, or use `tcp://HOST:PORT`.",
            )
        else:
            told = Fault(f"no scheduler answers at `{cluster}`.", "--cluster", "", "Start one with `dask scheduler`.")
        raise InputError(told) from trouble
    try:
        found.wait_for_workers(1, timeout=ANSWER_S)
    except Exception as trouble:
        found.close()
        remedy = f"Start one with `dask worker {cluster}`."
        raise InputError(Fault(f"the scheduler at `{cluster}` has no worker.", "--cluster", "", remedy)) from trouble
    return found


def _asked(ask: Callable[[], Any]) -> Future[Any]:
    """What a call will give that is made in a thread of its own, which does not outlast the program."""
    found: Future[Any] = Future()

    def asking() -> None:
        try:
            found.set_result(ask())
        except Exception as error:
            found.set_exception(error)

    Thread(target=asking, daemon=True).start()
    return found


def _check_versions(client: Any, cluster: str) -> None:
    """Refuse workers whose results could differ from those computed here by a bit.

    raises   InputError that says which versions differ
    """
    here = environment()
    try:
        there: dict[str, Environment] = client.run(environment)
    except Exception as trouble:
        found = f"the workers at `{cluster}` cannot run resprout ({type(trouble).__name__}: {trouble})."
        remedy = "Install the same version of resprout on every worker."
        raise InputError(Fault(found, "--cluster", "", remedy)) from trouble
    faults = [
        Fault(f"worker {name} computes by {told}.", "--cluster", "Expected the same versions everywhere.")
        for name, other in sorted(there.items())
        if (told := differences(other, here))
    ]
    if faults:
        raise InputError(*faults)


@contextlib.contextmanager
def _scheduler_needed(cluster: str) -> Iterator[None]:
    """Say that a scheduler or its workers are lost.

    raises   ResourceError in place of what Dask raises
    """
    from distributed import KilledWorker
    from distributed.comm import CommClosedError

    try:
        yield
    except KilledWorker as lost:
        found = f"the workers at `{cluster}` were lost again and again over one block."
        expected = "Usually their memory is used up."
        remedy = "Use fewer workers a machine, or fewer outputs; the same command goes on with what was written."
        raise ResourceError(Fault(found, "--cluster", expected, remedy), exit_code=COMPUTATION_BROKE_OFF) from lost
    except (CancelledError, CommClosedError, TimeoutError) as lost:
        raise lost_scheduler(cluster) from lost


def lost_scheduler(cluster: str) -> ResourceError:
    """The scheduler, or the last worker, has gone."""
    found = f"the scheduler at `{cluster}` or its last worker was lost."
    remedy = "Start them again, and give the same command: with `--out` it goes on with what was written."
    return ResourceError(Fault(found, "--cluster", "", remedy), exit_code=COMPUTATION_BROKE_OFF)


@dataclass(frozen=True)
class _Sent:
    """A call that was sent to a cluster."""

    client: Any
    future: Any
    cluster: str

    def result(self) -> Any:
        """Wait for it, as long as there is anybody who could do it.

        raises   ResourceError if there is not
        """
        without = 0.0
        while True:
            began = time.monotonic()
            try:
                return self.future.result(timeout=2)
            except TimeoutError:
                if self.future.status != "pending":
                    raise
            without = 0.0 if self.client.scheduler_info(n_workers=1)["workers"] else without + time.monotonic() - began
            if without > LOST_S:
                raise lost_scheduler(self.cluster)
