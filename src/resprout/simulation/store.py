"""A run on disk: Zarr, written chunk by chunk beside its final name, so that a killed run goes on where it stopped."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from resprout.cache import replace_folder
from resprout.errors import Fault, InputError, ResourceError, need_package
from resprout.interruption import removed_unless_renamed, told_if_stopped
from resprout.language.records import EquationModel
from resprout.simulation.run_environment import differences, environment
from resprout.simulation.run_layout import (
    CHECKSUMS,
    FORMAT,
    bytes_needed,
    checksum,
    described,
    forget_chunks,
    holds_more,
    is_sealed,
    lay_out,
    not_ours,
    read_chunk,
    seal,
)
from resprout.simulation.run_lock import locked
from resprout.simulation.stream import CHUNK, Part, Streamed
from resprout.system_errors import at_place

LATE_WRITES_S = 0.1
"""How long threads of Zarr may go on writing into a folder after another has failed."""

Tell = Callable[[str], None]


def say_nothing(_: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class Store:
    """A run being written.

    target   the name it will have          draft   where it is until it is whole
    group    the Zarr group                 request what it is a run of
    tell     is told what was found of an earlier run
    """

    target: Path
    draft: Path
    group: Any
    request: Streamed
    tell: Tell = say_nothing

    @property
    def chunk(self) -> int:
        """Patients that are written together."""
        return self.request.chunk or CHUNK

    def keep(self, first: int, part: Part) -> None:
        """Write one chunk, then its checksum, which says that it is written."""
        rows, number = slice(first, first + len(part)), first // self.chunk
        with self._at_place():
            for column, name in enumerate(self.request.outputs):
                self.group[name][rows] = part.value[:, :, column]
            for name in ("candidate", "status", "steps"):
                self.group[name][rows] = getattr(part, name)
            self.group[CHECKSUMS][number] = checksum(self.request.key, number, part)

    def kept(self) -> Iterator[Part]:
        """Chunks that an earlier run has left as it wrote them, up to the first that is not there or not so."""
        told = described(self.draft)
        count = self.group[CHECKSUMS].shape[0]
        for number in range(count):
            part, written = read_chunk(self.group, told, number)
            if part is None:
                self._tell_of(number, written or holds_more(self.group, number))
                with self._at_place():
                    forget_chunks(self.draft, told, number)
                return
            yield part

    def _tell_of(self, number: int, damaged: bool) -> None:
        done = number * self.chunk
        if damaged:
            self.tell(
                f"`{self.draft.name}` is damaged after {done:,} patients: those after them are computed once more."
            )
        elif number:
            self.tell(f"{done:,} patients are there from an earlier run, and are kept.")

    def finish(self, digest: str) -> None:
        """Mark the run as whole and give it its name."""
        with self._at_place():
            seal(self.draft, complete=True, digest=digest)
            _refuse_other_things(self.target, "is there and is no run")
            if self.target.exists():
                replace_folder(self.draft, self.target)
            else:
                os.rename(self.draft, self.target)

    def _at_place(self) -> contextlib.AbstractContextManager[None]:
        done = f"What is done is in `{self.draft.name}`: the same command goes on with it."
        return at_place(self.target, "--out", done)


@contextlib.contextmanager
def open_store(
    target: Path, request: Streamed, model: EquationModel, *, restart: bool = False, tell: Tell = say_nothing
) -> Iterator[Store]:
    """Open a run for writing, or go on with one that was stopped, as long as the block lasts.

    target    its name; a link is followed
    request   what is run                         model   of the request
    restart   throw away what a stopped run has left
    tell      is told what was found of an earlier run
    raises    InputError if another process is at work, or if another request's unfinished run, or something that is no run,
              is in the way; ResourceError if the disk does not allow it
    """
    need_package("zarr", "store")
    import zarr

    real = Path(os.path.realpath(target))
    draft = real.with_name(f"{real.name}.part")
    with contextlib.ExitStack() as stack:
        with at_place(target, "--out"):
            stack.enter_context(locked(real))
            _refuse_other_things(real, "is there and is no run")
            _refuse_other_things(draft, "is there and is no unfinished run")
            if draft.exists() and restart:
                shutil.rmtree(draft)
            if draft.exists():
                _refuse_another_run(draft, request)
            else:
                _refuse_a_small_disk(target, real.parent, request)
                _make_draft(draft, request, model)
            group = zarr.open_group(draft, mode="r+", use_consolidated=False)
        stack.enter_context(told_if_stopped(f"What is done is in `{draft.name}`: the same command goes on with it."))
        yield Store(real, draft, group, request, tell)


def _refuse_other_things(place: Path, what: str) -> None:
    """Refuse a place where there is anything that resprout did not write.

    raises   InputError
    """
    if not os.path.lexists(place):
        return
    other = not_ours(place)
    if other:
        held = f" (it holds `{other}`)" if other != "." else ""
        raise InputError(Fault(f"`{place.name}` {what}{held}.", "--out", "", "Move it, or choose another name."))


def _refuse_another_run(draft: Path, request: Streamed) -> None:
    """Refuse to go on with a run whose numbers would be others, or whose description is not as it was written.

    raises   InputError
    """
    told, restart = described(draft), "Use --restart, or another name."
    if told.get("format") != FORMAT or not is_sealed(draft):
        found = f"the description of `{draft.name}` is damaged, or of another version."
        raise InputError(Fault(found, "--out", "Expected it as this version writes it.", restart))
    if told["key"] != request.key:
        found = f"`{draft.name}` holds an unfinished run of another request."
        raise InputError(Fault(found, "--out", "Expected the same request, to go on with it.", restart))
    other = differences(told["environment"], environment())
    if other:
        found = f"`{draft.name}` was begun with {other}."
        raise InputError(Fault(found, "--out", "Expected the same versions, to go on with it.", restart))


def _refuse_a_small_disk(target: Path, folder: Path, request: Streamed) -> None:
    """Refuse a run for which there is no room.

    raises   ResourceError
    """
    needed, free = bytes_needed(request, request.chunk or CHUNK), shutil.disk_usage(folder).free
    if needed > free:
        found = f"`{target}`: the run takes {needed / 1e6:,.3g} MB, and the disk has {free / 1e6:,.3g} MB left."
        remedy = "Free some space, choose another folder, or fewer patients or `--outputs`."
        raise ResourceError(Fault(found, "--out", "", remedy))


def _make_draft(draft: Path, request: Streamed, model: EquationModel) -> None:
    """Make an empty run, which takes its name when all that it says of itself is written."""
    import zarr

    aside = Path(tempfile.mkdtemp(dir=draft.parent, prefix=".resprout-"))
    with removed_unless_renamed(aside):
        try:
            lay_out(zarr.open_group(aside / "run", mode="w", zarr_format=3), request, model, request.chunk or CHUNK)
        except Exception:
            time.sleep(LATE_WRITES_S)  # else they would write what has been removed
            raise
        seal(aside / "run")
        os.rename(aside / "run", draft)
