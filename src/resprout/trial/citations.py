"""Sources of model and trials together: keys in, full citations out."""

from __future__ import annotations

import functools
from importlib import resources
from pathlib import Path

from resprout.errors import Fault
from resprout.language.bibliography import citation, read_sources
from resprout.language.records import Model

Entries = dict[str, dict[str, str]]


@functools.lru_cache(maxsize=1)
def shipped_sources() -> Entries:
    """What the shipped trials rest on beside the model's sources, by key; those are in the model's tables."""
    faults: list[Fault] = []
    return read_sources(Path(str(resources.files("resprout"))) / "trial" / "sources.bib", faults)


def every_source(model: Model) -> Entries:
    """Sources of a model and of all that ships beside it.

    model    whose sources are added to those of the package
    returns  entries by key
    """
    return shipped_sources() | {entry["key"]: dict(entry) for entry in model.tables.get("sources", ())}


def citations(model: Model, keys: str) -> list[str]:
    """Full citations of the keys of a `source`.

    model    whose sources are used with those of the package
    keys     keys of sources, separated by blanks
    returns  one text per key; a key without an entry stands for itself
    """
    sources = every_source(model)
    return [f"[{key}] {citation(sources[key])}" if key in sources else key for key in keys.split()]
