"""Ctrl+C ends the program within a second, whatever its threads and worker processes compute, and leaves no half-written file."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

INTERRUPTED = 130
GRACE_S = 0.6
"""How long the main thread may take to end by itself, which removes what is unfinished and tells the workers."""

_DRAFTS: set[Path] = set()
_SAID = threading.Lock()
_TOLD: list[str] = []


@contextlib.contextmanager
def removed_unless_renamed(draft: Path) -> Iterator[None]:
    """Remove a draft at the end of a block, also where the process is ended within it; what was renamed is not there any more.

    draft   a file or a folder that only this process writes to
    """
    _DRAFTS.add(draft)
    try:
        yield
    finally:
        _remove(draft)
        _DRAFTS.discard(draft)


@contextlib.contextmanager
def told_if_stopped(sentence: str) -> Iterator[None]:
    """Have a sentence said where the program is stopped within a block."""
    _TOLD.append(sentence)
    try:
        yield
    except Exception:
        _TOLD.remove(sentence)
        raise
    _TOLD.remove(sentence)


@contextlib.contextmanager
def kept_from_children() -> Iterator[None]:
    """Leave Ctrl+C to this process: threads and processes started within the block do not hear it, and are ended by this one."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _remove(draft: Path) -> None:
    with contextlib.suppress(OSError):
        if draft.is_dir() and not draft.is_symlink():
            shutil.rmtree(draft, ignore_errors=True)
        else:
            draft.unlink(missing_ok=True)


def end_within_a_second() -> None:
    """Watch for Ctrl+C from now on: compiled code does not look at signals, and a pool waits for what it has begun."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    try:
        signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    except ValueError:  # in another thread than the main one
        return
    threading.Thread(target=_watch, args=(reading,), name="interruption", daemon=True).start()


def _watch(reading: int) -> None:
    while os.read(reading, 1) != bytes([signal.SIGINT]):
        pass
    time.sleep(GRACE_S)
    end_at_once()


def end_at_once() -> None:
    """End this process and those that it started."""
    for draft in list(_DRAFTS):
        _remove(draft)
    say_stopped()
    for process in multiprocessing.active_children():
        process.kill()
    os._exit(INTERRUPTED)


def say_stopped() -> None:
    """Say once that the program was stopped."""
    if not _SAID.acquire(blocking=False):
        return
    with contextlib.suppress(OSError, ValueError):
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
        print(" ".join(["Stopped.", *(_TOLD or ["Nothing half-written was left."])]), file=sys.stderr, flush=True)
