"""Derived things kept on disk: where, under which key, and written so that another process sees all of a file or nothing."""

from __future__ import annotations

import functools
import hashlib
import os
import tempfile
from pathlib import Path


def cache_folder() -> Path:
    """Where derived code is kept: RESPROUT_CACHE if set, else the user's cache folder."""
    chosen = os.environ.get("RESPROUT_CACHE")
    if chosen:
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "resprout"


@functools.lru_cache(maxsize=8)
def source_digest(*packages: str) -> str:
    """A digest of the Python source of parts of resprout, so that what an older version derived is never taken."""
    digest = hashlib.sha256()
    for package in packages:
        for path in sorted((Path(__file__).parent / package).glob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def stored(kind: str, key: str) -> bytes | None:
    """What is kept under a key, or None."""
    try:
        return (cache_folder() / kind / key).read_bytes()
    except OSError:
        return None


def store(kind: str, key: str, content: bytes) -> None:
    """Keep something under a key; a cache that cannot be written costs time, nothing else."""
    try:
        write_whole(cache_folder() / kind / key, content)
    except OSError:
        return


def write_whole(path: Path, content: bytes) -> None:
    """Write a file under a temporary name and rename it.

    raises   OSError, with nothing left behind
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(name, 0o666 & ~_umask())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
