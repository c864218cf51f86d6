"""Errors of the surroundings -> what was found, where, and what to do next: disk, memory, permissions, processes, network."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor
from pathlib import Path

from resprout.errors import Fault, ResourceError, ResproutError

COMPUTATION_BROKE_OFF = 3
FULL_BYTES = 65536
PACKAGE = Path(__file__).parent
REPORT_HINT = "Run it again with RESPROUT_DEBUG=1 to see the details, and send them with the command to the developers."
"""What to do about a fault of resprout itself."""

KNOWN: dict[int, tuple[str, str]] = {
    errno.ENOSPC: ("no space is left on the disk.", "Free some space, or choose another folder."),
    errno.EDQUOT: ("the quota of disk space is used up.", "Free some space, or choose another folder."),
    errno.EFBIG: ("the file grows beyond what is allowed here.", "Look at `ulimit -f`, or choose another folder."),
    errno.EROFS: ("the file system is read-only.", "Choose another folder."),
    errno.EACCES: ("permission is denied.", "Change the permissions, or choose another place."),
    errno.EPERM: ("the operation is not permitted.", "Change the permissions, or choose another place."),
    errno.ENAMETOOLONG: ("the name is too long.", "Choose a shorter name."),
    errno.EISDIR: ("it is a folder, where a file is meant.", "Choose another name."),
    errno.ENOTDIR: ("a part of this path is a file, where a folder is meant.", "Choose another folder."),
    errno.ENOENT: ("there is no such file or folder.", "Check the name, and that nothing has removed it meanwhile."),
    errno.EEXIST: ("it is there already.", "Choose another name."),
    errno.ENOTEMPTY: ("the folder is not empty.", "Choose another name."),
    errno.ELOOP: ("its links lead in a circle.", "Choose another name."),
    errno.EBUSY: ("it is in use by another program.", "End that program, or choose another name."),
    errno.EIO: ("the device reports an error in reading or writing.", "Check the disk, or choose another."),
    errno.ESTALE: ("the network file system has lost it.", "Mount it again, or choose a local folder."),
    errno.EMFILE: ("too many files are open.", "Raise the limit that `ulimit -n` shows."),
    errno.ENFILE: ("too many files are open on this machine.", "End other programs."),
    errno.EAGAIN: (
        "no further process or thread can be started.",
        "Use fewer `--threads`, or raise the limit that `ulimit -u` shows.",
    ),
    errno.ENOMEM: ("the memory is used up.", "Compute fewer patients, outputs or hours at once."),
    errno.ECONNREFUSED: ("nothing answers at this address.", "Check the address."),
    errno.ECONNRESET: ("the connection was broken off by the other side.", "Check that the other program still runs."),
    errno.ETIMEDOUT: ("no answer came in time.", "Check the address and the network."),
}
"""By error number: what was found, and what to do next."""

MEMORY = Fault(
    "the memory of this machine is used up.",
    "",
    "",
    "Compute fewer patients, outputs or hours at once; `--out run.zarr` holds a run of any size.",
)
WORKER_ENDED = Fault(
    "a worker process was ended from outside.",
    "",
    "Usually the memory of the machine is used up.",
    "Close other programs, and give the command again.",
)


def fault_of(error: OSError, where: str = "", named: str = "", expected: str = "") -> Fault:
    """One error of the operating system in our three parts.

    where   option or command that the file belongs to
    named   the file as the user knows it; empty takes the name that the error holds
    expected   a sentence for the middle of the message
    """
    name = named or next((os.fspath(n) for n in (error.filename, error.filename2) if isinstance(n, str)), "")
    found, remedy = KNOWN.get(error.errno or 0, (f"{_reason(error)}.", ""))
    if name and error.errno == errno.ENOENT and PACKAGE in Path(name).parents:
        remedy = "The installation is incomplete: install resprout again."
    return Fault(f"`{name}`: {found}" if name else found[0].upper() + found[1:], where, expected, remedy)


def resource_error(error: BaseException, where: str = "", named: str = "", expected: str = "") -> ResourceError | None:
    """What the surroundings did not allow, or None if an error is not of that kind.

    where, named, expected   as in `fault_of`
    """
    if isinstance(error, ResourceError):
        return error
    if isinstance(error, BaseExceptionGroup):
        found = (resource_error(each, where, named, expected) for each in error.exceptions)
        return next((each for each in found if each is not None), None)
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM):
        return ResourceError(_with_reason(MEMORY, error), exit_code=COMPUTATION_BROKE_OFF)
    if isinstance(error, BrokenExecutor):
        return ResourceError(WORKER_ENDED, exit_code=COMPUTATION_BROKE_OFF)
    if isinstance(error, RuntimeError) and "can't start new thread" in str(error):
        return ResourceError(fault_of(OSError(errno.EAGAIN, "")), exit_code=COMPUTATION_BROKE_OFF)
    if isinstance(error, FileNotFoundError) and not named and error.filename is None and not _has_a_folder():
        gone = "The current folder is no longer there."
        return ResourceError(Fault(gone, where, "", "Change to another folder (`cd`)."))
    if isinstance(error, OSError) and (error.errno is not None or named):
        return ResourceError(fault_of(error, where, named, expected))
    cause = error.__cause__
    return resource_error(cause, where, named, expected) if cause is not None else None


def library_error(error: BaseException) -> ResourceError | None:
    """What to say where a library cannot be loaded; None if an error is none of a library."""
    if not isinstance(error, ImportError) or (error.name or "resprout").startswith("resprout"):
        return None
    said = str(error).strip().partition("\n")[0].rstrip(".")
    remedy = "Install resprout again, as docs/install.md shows; where memory is limited, raise the limit."
    return ResourceError(Fault(f"The library `{error.name}` cannot be loaded: {said}.", "", "", remedy))


@contextlib.contextmanager
def at_place(named: str | os.PathLike[str], where: str = "", expected: str = "") -> Iterator[None]:
    """Say which file or folder it was about when the surroundings do not allow what a block does.

    raises   ResourceError in place of OSError, MemoryError and their kind
    """
    try:
        yield
    except BrokenPipeError:
        raise
    except Exception as error:
        known = resource_error(error, where, os.fspath(named), expected)
        if known is None and not isinstance(error, ResproutError) and _is_full(named):
            # libraries that write files by themselves say this in many words
            known = ResourceError(fault_of(OSError(errno.ENOSPC, ""), where, os.fspath(named), expected))
        if known is None or known is error:
            raise
        raise known from error


def _has_a_folder() -> bool:
    try:
        os.getcwd()
    except FileNotFoundError:
        return False
    return True


def _is_full(place: str | os.PathLike[str]) -> bool:
    """Whether the disk of a file has hardly any room left."""
    try:
        return shutil.disk_usage(os.path.dirname(os.path.realpath(place))).free < FULL_BYTES
    except OSError:
        return False


def _reason(error: OSError) -> str:
    said = (error.strerror or str(error) or type(error).__name__).strip().splitlines()[0].rstrip(".")
    return said[:1].lower() + said[1:]


def _with_reason(fault: Fault, error: BaseException) -> Fault:
    said = str(error).strip().splitlines()
    shown = f"{said[0].rstrip('.')}." if said and isinstance(error, MemoryError) else ""
    return Fault(fault.found[0].upper() + fault.found[1:], fault.where, shown, fault.remedy)
