"""A request -> patients in order, a chunk at a time: candidates are drawn, screened and solved by blocks, so memory stays bounded."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from resprout.errors import Fault, InputError
from resprout.language.rating_scales import Scale
from resprout.people.cohort import FEWEST_SHARE, Cohort
from resprout.people.overrides import split_overrides
from resprout.people.screening import screen
from resprout.simulation.cohort_simulation import refuse_failures, run_cohort
from resprout.simulation.request import Request
from resprout.simulation.settings import Numerics
from resprout.simulation.summaries import Tally
from resprout.simulation.workers import Pool

CHUNK = 10_000
"""Patients that are kept, digested and tallied together."""

SMALLEST_BLOCK, LARGEST_BLOCK = 256, 16_384
Progress = Callable[[int], None]


@dataclass(frozen=True)
class Part:
    """Some patients, solved.

    candidate   [patient]                 numbers in the population, ascending
    value       [patient, time, output]   in the request's precision
    status, steps   [patient]
    notes       what could not be made sure of
    """

    candidate: NDArray[np.int64]
    value: NDArray[np.floating]
    status: NDArray[np.int64]
    steps: NDArray[np.int64]
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.candidate)

    def rows(self, keep: slice | NDArray[np.bool_] | NDArray[np.int64]) -> Part:
        """Some of the patients."""
        return Part(self.candidate[keep], self.value[keep], self.status[keep], self.steps[keep], self.notes)

    @staticmethod
    def joined(parts: list[Part]) -> Part:
        """Parts one after another."""
        if len(parts) == 1:
            return parts[0]
        names = ("candidate", "value", "status", "steps")
        joined = {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
        notes = tuple(dict.fromkeys(note for part in parts for note in part.notes))
        return Part(joined["candidate"], joined["value"], joined["status"], joined["steps"], notes)

    def digest(self) -> str:
        """A digest of every bit of the results."""
        digest = hashlib.sha256()
        for array in (self.candidate, self.status, self.value):
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()


class Streamed(Protocol):
    """What is streamed: a request of the shipped model's form, or the patients of an imported model.

    key               a digest of everything that determines the numbers
    patients          how many                     hours     [time] h observation times
    outputs           names of what is observed    scales    rating scales by name
    block, chunk      patients that are solved together, and kept together; None for those of the shipped model
    """

    @property
    def key(self) -> str: ...
    @property
    def patients(self) -> int: ...
    @property
    def hours(self) -> tuple[float, ...]: ...
    @property
    def outputs(self) -> tuple[str, ...]: ...
    @property
    def numerics(self) -> Numerics: ...
    @property
    def scales(self) -> Mapping[str, Scale]: ...
    @property
    def block(self) -> int | None: ...
    @property
    def chunk(self) -> int | None: ...

    def told(self) -> dict[str, Any]:
        """The request as plain values."""
        ...


def solve_block(request: Streamed, first: int, last: int) -> Part:
    """Draw, screen and solve the candidates of one block; runs on any worker."""
    if isinstance(request, Request):
        return solve_candidates(request, np.arange(first, last))
    from resprout.simulation.imported_population import ImportedRequest, solve_numbers

    assert isinstance(request, ImportedRequest)
    return solve_numbers(request, np.arange(first, min(last, request.patients)))


def chunk_of(request: Streamed) -> int:
    """Patients that are kept, digested and tallied together."""
    return request.chunk or CHUNK


def solve_candidates(request: Request, person: NDArray[np.int64]) -> Part:
    """Draw, screen and solve these candidates; those who may not enter are left out."""
    model, overrides = split_overrides(request.source.load(), request.scenario.overrides)
    constants, covariates = screen(model, request.recruitment, person)
    cohort = Cohort(constants, covariates, request.people.seed, request.people.population, len(person))
    precision = request.numerics.precision
    if len(cohort) == 0:
        empty = np.zeros(0, np.int64)
        return Part(empty, np.zeros((0, len(request.hours), len(request.outputs)), precision), empty, empty)
    scenario = replace(request.scenario, overrides=overrides)
    solved = run_cohort(model, cohort, scenario, replace(request.numerics, threads=1, allowed_failures=1.0))
    return Part(cohort.candidate, solved.value.astype(precision), solved.status, solved.steps)


def block_size(patients: int) -> int:
    """Candidates per block: enough for several blocks a worker, few enough to stay small."""
    return int(np.clip(patients // 4, SMALLEST_BLOCK, LARGEST_BLOCK))


def chunks(request: Streamed, pool: Pool, *, done: int = 0, after: int = -1) -> Iterator[Part]:
    """Chunks of as many patients as are kept together, in order, the last one shorter.

    done      patients that are there already, a multiple of these
    after     the last of their candidate numbers
    raises    InputError if hardly any candidate meets the entry criteria
    """
    waiting: list[Part] = []
    here, size = 0, chunk_of(request)
    for part in _blocks(request, pool, request.patients - done, after):
        waiting.append(part)
        here += len(part)
        while here >= size or (here and done + here >= request.patients):
            whole = Part.joined(waiting).rows(slice(0, request.patients - done))
            yield whole.rows(slice(0, size))
            sent = min(size, len(whole))
            done += sent
            waiting, here = [whole.rows(slice(sent, None))], len(whole) - sent
            if done >= request.patients:
                return


def _blocks(request: Streamed, pool: Pool, wanted: int, after: int) -> Iterator[Part]:
    """Blocks in order, computed ahead of need but never all at once."""
    size = request.block or block_size(request.patients)
    next_first = (after + 1) // size * size
    running: deque = deque()
    entered = looked = 0
    while True:
        share = max(entered / looked, 0.05) if looked else 0.5
        ahead = len(running) * size * share
        while len(running) < 2 * pool.workers and (entered + ahead < wanted or not running):
            running.append(pool.submit(solve_block, request, next_first, next_first + size))
            next_first += size
            ahead += size * share
        part = running.popleft().result()
        looked += size
        part = part.rows(part.candidate > after)
        entered += len(part)
        yield part
        if looked >= 5000 and entered < FEWEST_SHARE * looked:
            found = f"only {entered} of {looked} candidates meet the entry criteria."
            raise InputError(Fault(found, "", f"Expected at least {FEWEST_SHARE:.1%}.", "Loosen the criteria."))


@dataclass(frozen=True)
class Summary:
    """What a stream found.

    digest   of every bit of the results: the same however the work was split
    error    largest numerical error of any patient, if it was asked for
    """

    tally: Tally
    digest: str
    error: float | None = None


def run_stream(
    request: Streamed,
    pool: Pool,
    *,
    keep: Callable[[int, Part], None] | None = None,
    kept: Iterator[Part] | None = None,
    watch: Callable[[Part], None] | None = None,
    progress: Progress | None = None,
) -> Summary:
    """Run a request from end to end in bounded memory.

    keep       takes (number of the first patient, chunk) of each new chunk, for a file
    kept       chunks that an earlier run has left, in order; they are tallied, not solved again
    watch      takes every chunk, new or kept
    progress   told how many patients are done, after every chunk
    raises     SolveError if more patients fail than allowed, as soon as that is certain
    """
    tally = Tally(request.outputs, np.array(request.hours), request.scales)
    allowed = request.numerics.allowed_failures
    whole = hashlib.sha256()
    done, after = 0, -1
    status: list[NDArray[np.int64]] = []

    def take(part: Part) -> None:
        nonlocal done, after
        tally.add(part.value, part.status)
        if watch is not None:
            watch(part)
        whole.update(part.digest().encode())
        status.append(part.status)
        done, after = done + len(part), int(part.candidate[-1])
        if tally.failed > max(allowed * request.patients, 1):
            refuse_failures(np.concatenate(status), allowed)
        if progress is not None:
            progress(done)

    for part in kept or ():
        take(part)
    if done < request.patients:
        for part in chunks(request, pool, done=done, after=after):
            if keep is not None:
                keep(done, part)
            take(part)
    return Summary(tally, whole.hexdigest()[:16])
