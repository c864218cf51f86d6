"""Derived things kept on disk behind checksums, and files written so that another process sees all of one or nothing."""

from __future__ import annotations

import functools
import hashlib
import os
import tempfile
from pathlib import Path

from resprout.interruption import removed_unless_renamed

HEAD = b"resprout, sha256 "
"""What a kept file begins with, before the checksum of the rest and a line end."""


def cache_folder() -> Path | None:
    """Where derived code is kept: RESPROUT_CACHE if set, else the user's cache folder; None for a user who has none."""
    chosen = os.environ.get("RESPROUT_CACHE")
    if chosen:
        return Path(chosen)
    shared = os.environ.get("XDG_CACHE_HOME", "")
    try:
        # the standard for such folders takes an empty or a relative path as none
        return (Path(shared) if os.path.isabs(shared) else Path.home() / ".cache") / "resprout"
    except RuntimeError:  # a user without a name, as in a container, has no home either
        return None


@functools.lru_cache(maxsize=32)
def source_digest(*packages: str) -> str:
    """A digest of the Python source of parts of resprout, so that what an older version derived is never taken."""
    digest = hashlib.sha256()
    for package in packages:
        paths = sorted((Path(__file__).parent / package).glob("*.py"))
        if not paths:
            raise ValueError(f"resprout has no part `{package}`.")
        for path in paths:
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def stored(kind: str, key: str) -> bytes | None:
    """What is kept under a key; None if there is nothing, or something else than what was written."""
    folder = cache_folder()
    if folder is None:
        return None
    try:
        head, _, content = (folder / kind / key).read_bytes().partition(b"\n")
    except (OSError, ValueError):
        return None
    return content if head == HEAD + _checksum(content) else None


def store(kind: str, key: str, content: bytes) -> None:
    """Keep something under a key; a cache that cannot be written costs time, nothing else."""
    folder = cache_folder()
    if folder is None:
        return
    try:
        write_whole(folder / kind / key, HEAD + _checksum(content) + b"\n" + content)
    except (OSError, ValueError):
        return


def _checksum(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest().encode()


def write_whole(path: Path, content: bytes) -> None:
    """Write a file under a temporary name and rename it.

    raises   OSError, with nothing left behind
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".resprout-")
    with removed_unless_renamed(Path(name)):
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(name, 0o666 & ~_umask())
        os.replace(name, path)


def replace_folder(draft: Path, target: Path) -> None:
    """Give a folder the name of another, which this program wrote before and which is then removed.

    raises   OSError, with the other folder as it was
    """
    aside = Path(tempfile.mkdtemp(dir=target.parent, prefix=".resprout-"))
    with removed_unless_renamed(aside):
        os.rename(target, aside / "before")
        try:
            os.rename(draft, target)
        except BaseException:
            os.rename(aside / "before", target)
            raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
