"""Random streams: a seed, a purpose and a person's number in; one draw out, always the same."""

from __future__ import annotations

import functools
import hashlib

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from resprout.people.philox import philox_words


def uniforms(seed: int, purpose: str, person: NDArray[np.int64]) -> NDArray[np.float64]:
    """Draw one number between 0 and 1 for each person; neither end is ever reached.

    seed      scalar    -  of the whole run
    purpose   text      -  what the number is for; each purpose has a stream of its own
    person    [person]  -  numbers of the people, from 0, in any order
    returns   [person]  1  depends on seed, purpose and the person's number alone
    """
    person = np.asarray(person, dtype=np.int64)
    if person.size == 0:
        return np.empty(0)
    word = np.empty(person.size, dtype=np.uint64)
    philox_words(*_key(seed, purpose), np.ascontiguousarray(person), word)
    return ((word >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53


def normals(seed: int, purpose: str, person: NDArray[np.int64]) -> NDArray[np.float64]:
    """Draw one standard normal number for each person; axes and promise as in `uniforms`."""
    return ndtri(uniforms(seed, purpose, person))


@functools.lru_cache(maxsize=4096)
def _key(seed: int, purpose: str) -> NDArray[np.uint64]:
    """Make the 128-bit key of a stream; a hash, so that near seeds and like purposes share nothing."""
    digest = hashlib.blake2b(f"{int(seed)}|{purpose}".encode(), digest_size=16).digest()
    return np.frombuffer(digest, dtype=np.uint64)
