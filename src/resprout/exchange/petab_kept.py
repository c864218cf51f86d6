"""What a fit of a PEtab problem has computed, kept on disk: a fit that was killed goes on from there, to the same estimates."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resprout import cache
from resprout.exchange.petab_records import PetabProblem

Floats = NDArray[np.float64]
CODE = ("exchange", "solve", "compile", "language")


class KeptFit:
    """The evaluations and ended starts of one fit, under a digest of the problem's files, the code, and what was asked for."""

    def __init__(self, problem: PetabProblem, starts: int, seed: int) -> None:
        """Find the place of a fit.

        problem   that is fitted         starts   how many         seed   of the starting points
        """
        told = [problem_digest(problem), *(cache.source_digest(layer) for layer in CODE), str(starts), str(seed)]
        self.kind = f"petab/{hashlib.sha256('|'.join(told).encode()).hexdigest()[:32]}"
        self.part = "beginning"

    def numbers(self, name: str, points: Floats) -> Floats | None:
        """[point, column] what was computed at some points [point, parameter] in the part under way; None if nothing was."""
        found = cache.stored(f"{self.kind}/{self.part}", _key(name, points))
        return None if found is None else np.frombuffer(found).reshape(len(points), -1).copy()

    def keep(self, name: str, points: Floats, found: Floats) -> None:
        """Keep what was computed at some points: [point, column]."""
        cache.store(f"{self.kind}/{self.part}", _key(name, points), np.ascontiguousarray(found, dtype=float).tobytes())

    def ended(self, start: int) -> dict[str, Any] | None:
        """How a start ended, with its last point; None if it has not."""
        found = cache.stored(f"{self.kind}/ended", str(start))
        told: dict[str, Any] | None = None if found is None else json.loads(found)
        return told

    def end(self, start: int, told: dict[str, Any]) -> None:
        """Keep how a start ended, and drop the evaluations that led there."""
        cache.store(f"{self.kind}/ended", str(start), json.dumps(told).encode())
        folder = cache.cache_folder()
        if folder is not None:
            shutil.rmtree(folder / self.kind / self.part, ignore_errors=True)


def problem_digest(problem: PetabProblem) -> str:
    """A digest of a problem as it was read, whatever its files are called."""
    parts = (problem.parameters, problem.observables, problem.experiments, problem.measurements, problem.population)
    return hashlib.sha256(f"{problem.model.sbml}|{_words(parts)}".encode()).hexdigest()


def _words(value: Any) -> str:
    """A record in words, with every digit of its numbers."""
    if dataclasses.is_dataclass(value):
        return f"{type(value).__name__}({_words([getattr(value, each.name) for each in dataclasses.fields(value)])})"
    if isinstance(value, Mapping):
        return _words(sorted(value.items()))
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_words, value))}]"
    if hasattr(value, "free_symbols"):
        import sympy

        return str(sympy.srepr(value))
    # distributions of libpetab hold their numbers as attributes
    return repr(sorted(vars(value).items())) if hasattr(value, "pdf") else repr(value)


def _key(name: str, points: Floats) -> str:
    return f"{name}-{hashlib.sha256(np.ascontiguousarray(points).tobytes()).hexdigest()[:32]}"
