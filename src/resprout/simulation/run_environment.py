"""What the bits of a run depend on beside its request: versions of code and libraries, and the width of a vector."""

from __future__ import annotations

from importlib.metadata import version

from resprout import cache
from resprout.compile import host_width
from resprout.installation import installed_version

Environment = dict[str, str]
LIBRARIES = ("numpy", "scipy", "numba", "llvmlite")
SOURCES = ("language", "compile", "solve", "people", "dosing", "simulation")


def environment() -> Environment:
    """Versions and width of this process, by name."""
    libraries = {name: version(name) for name in LIBRARIES}
    return {
        "resprout": installed_version(),
        "source": cache.source_digest(*SOURCES),
        **libraries,
        "vector width": str(host_width()),
    }


def differences(there: Environment, here: Environment) -> str:
    """What differs between two environments, in words; empty if nothing does."""
    names = [name for name in {**here, **there} if there.get(name) != here.get(name)]
    return ", ".join(f"{name} {there.get(name, 'unknown')} (here {here.get(name, 'unknown')})" for name in names)
