"""A finished run in Zarr, checked bit by bit against the checksums that were written with it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from resprout.errors import Fault, InputError, need_package
from resprout.simulation.run_layout import FORMAT, described, holds_more, is_sealed, not_ours, read_chunk
from resprout.system_errors import at_place

AGAIN = "Compute the run again, under another name or over this one."


@dataclass(frozen=True)
class CheckedRun:
    """What a run holds that is as it was written.

    patients      how many                  chunks   in how many chunks
    digest        of every bit of the results, as `resprout simulate` printed it
    environment   versions and vector width it was computed with
    others        something in its folder that resprout did not write; empty if there is nothing
    """

    patients: int
    chunks: int
    digest: str
    environment: dict[str, str]
    others: str


def check_run(folder: Path, progress: Callable[[int], None] | None = None) -> CheckedRun:
    """Read a run from end to end, and compare it with its checksums.

    folder     of the run
    progress   told how many patients are checked, after every chunk
    raises     InputError with a fault for each chunk that is not as it was written, and for a run that is none, or not finished
    """
    need_package("zarr", "store")
    import zarr

    with at_place(folder, "RUN"):
        told = _description(folder)
        try:
            group: Any = zarr.open_group(folder, mode="r", use_consolidated=False)
            size, patients = group["candidate"].chunks[0], group["candidate"].shape[0]
        except (ValueError, KeyError, TypeError, FileNotFoundError) as error:
            raise InputError(Fault(f"`{folder}` cannot be read as Zarr ({error}).", "RUN", "", AGAIN)) from error
        faults, digest = _read_all(group, told, range(-(-patients // size)), (size, patients), progress)
    if not told["complete"]:
        done = f"{faults[0].field} of {patients:,}" if faults else f"{patients:,} of {patients:,}"
        remedy = "Give the command that began it once more: it goes on."
        raise InputError(Fault(f"`{folder}` is not finished: {done} patients are there.", "RUN", "", remedy))
    if faults:
        raise InputError(*faults)
    if digest != told["digest"]:
        found = f"`{folder}` has the digest {digest}, and says {told['digest']}."
        raise InputError(Fault(found, "RUN", "", AGAIN))
    return CheckedRun(patients, -(-patients // size), digest, told["environment"], not_ours(folder))


def _description(folder: Path) -> dict[str, Any]:
    """What a run says of itself.

    raises   InputError if it is no run, or this is not what was written
    """
    told = described(folder)
    if not told:
        remedy = "`resprout simulate ... --out run.zarr` writes one."
        raise InputError(Fault(f"`{folder}` is no run.", "RUN", "Expected a folder that resprout wrote.", remedy))
    if told.get("format") != FORMAT:
        found = f"`{folder}` was written by version {told.get('resprout_version', 'unknown')}, in another form."
        raise InputError(Fault(found, "RUN", "It holds no checksums.", AGAIN))
    if not is_sealed(folder):
        found = f"what `{folder}` says of itself is not what was written: attributes, shapes, units or hours."
        raise InputError(Fault(found, "RUN", "", AGAIN))
    return told


def _read_all(
    group: Any,
    told: dict[str, Any],
    numbers: range,
    extent: tuple[int, int],
    progress: Callable[[int], None] | None,
) -> tuple[list[Fault], str]:
    """Faults of all chunks, and the digest of those that are as they were written.

    extent   patients of a chunk, and of the run
    """
    faults, whole = [], hashlib.sha256()
    size, patients = extent
    for number in numbers:
        first, last = number * size, min((number + 1) * size, patients)
        part, _ = read_chunk(group, told, number)
        if part is None:
            found = f"patients {first:,} to {last - 1:,} are not as they were written."
            faults.append(Fault(found, "RUN", "", AGAIN, f"{first:,}"))
            if not told["complete"] and not holds_more(group, number):
                break
        else:
            whole.update(part.digest().encode())
        if progress is not None:
            progress(last)
    return faults, whole.hexdigest()[:16]
