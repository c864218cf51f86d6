"""One process at a time writes a run: a lock beside it that the system releases when its process ends, however that happens."""

from __future__ import annotations

import contextlib
import errno
import os
import platform
import time
from collections.abc import Iterator
from pathlib import Path

from resprout.errors import Fault, InputError
from resprout.interruption import removed_unless_renamed

MARK = "resprout, process "
UNSUPPORTED = (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS)
"""What a file system says that has no locks: then nobody is kept out."""


@contextlib.contextmanager
def locked(target: Path) -> Iterator[None]:
    """Keep other processes from a run as long as the block lasts; a lock of a process that has ended is taken over.

    target   the run
    raises   InputError that names the process which is at work on it
    """
    path = target.with_name(f".{target.name}.lock")
    handle = _taken(path, target)
    try:
        with removed_unless_renamed(path):
            os.ftruncate(handle, 0)
            told = f"{MARK}{os.getpid()} on {platform.node()} since {time.strftime('%Y-%m-%d %H:%M:%S')}\n"
            os.pwrite(handle, told.encode(errors="replace"), 0)
            yield
    finally:
        os.close(handle)


def _taken(path: Path, target: Path) -> int:
    """An open lock file that this process holds."""
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666)
        try:
            _lock(handle, target)
            told = os.pread(handle, 200, 0)
            if told and not told.startswith(MARK.encode()):
                found = f"`{path.name}` is in the way, and resprout did not write it."
                raise InputError(Fault(found, "--out", "", "Move it, or choose another name."))
            # the process that held it may have removed the file meanwhile
            if _is_at(handle, path):
                return handle
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)


def _is_at(handle: int, path: Path) -> bool:
    """Whether an open file is still the one that has this name."""
    try:
        return os.path.samestat(os.fstat(handle), os.lstat(path))
    except FileNotFoundError:
        return False


def _lock(handle: int, target: Path) -> None:
    try:
        import fcntl
    except ImportError:  # a system without such locks
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        told = os.pread(handle, 200, 0).decode(errors="replace").strip().removeprefix("resprout, ") or "another process"
        found = f"{told} is writing `{target.name}`."
        remedy = "Wait until it has ended, or choose another name."
        raise InputError(Fault(found, "--out", "", remedy)) from None
    except OSError as error:
        if error.errno not in UNSUPPORTED:
            raise
