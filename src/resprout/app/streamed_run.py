"""A request -> its summary, and a stored run if one is wanted: patients are followed in bounded memory, with progress on the screen."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from resprout.language.records import EquationModel
    from resprout.simulation.stream import Part, Streamed, Summary


def stream_run(
    request: Streamed,
    model: EquationModel,
    out: Path | None,
    cluster: str | None,
    *,
    restart: bool,
    watch: Callable[[Part], None] | None = None,
) -> Summary:
    """Run in bounded memory, into a file if one is wanted.

    model     of the request                   out     folder in Zarr, or None
    cluster   as in `open_pool`                watch   takes every part of the run
    restart   throw away what a stopped run has left
    """
    from resprout.app.terminal import progress_bar
    from resprout.simulation.stream import run_stream
    from resprout.simulation.workers import open_pool

    with ExitStack() as stack:
        # before the draft, so that a cluster that is not there leaves none
        pool = stack.enter_context(open_pool(cluster, request.numerics.threads))
        store = None
        if out is not None:
            from resprout.simulation.store import open_store

            tell = partial(typer.echo, err=True)
            store = stack.enter_context(open_store(out, request, model, restart=restart, tell=tell))
        with progress_bar(request.patients, "patients") as progress:
            keep, kept = (store.keep, store.kept()) if store else (None, None)
            found = run_stream(request, pool, keep=keep, kept=kept, watch=watch, progress=progress)
        if store is not None:
            store.finish(found.digest)
    return found
