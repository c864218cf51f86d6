"""The files of a run in Zarr: which there are, what they say of the run, and a seal over what they say."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resprout.cache import write_whole
from resprout.dosing.dose_records import named_ketamine
from resprout.installation import installed_version
from resprout.language.drug_instances import with_drugs_named
from resprout.language.records import STAGES, EquationModel, Model
from resprout.simulation.labelled_results import scale_labels
from resprout.simulation.request import Request
from resprout.simulation.run_environment import environment
from resprout.simulation.stream import Part, Streamed

FORMAT = 2
TITLE = "resprout run"
OF_A_PATIENT = {
    "candidate": "number in the population, which keys the random streams",
    "status": "0 if solved",
    "steps": "steps of the solver",
}
HOURS = "time_h"
GROUP, CHECKSUMS = "checksums", "checksums/sha256"
DESCRIPTION = "zarr.json"
CHUNK_FILE = re.compile(r"c/(\d+)(?:/0)?(?:\.[0-9a-f]+\.partial)?")
"""A chunk of an array, also one that was being written when the process ended."""


def lay_out(group: Any, request: Streamed, model: EquationModel, chunk: int) -> None:
    """Write the arrays of a run, empty, with what they mean.

    group   a new Zarr group      chunk   patients that are written and checked together
    """
    told, chunk = request.told(), min(chunk, request.patients)
    group.attrs.update(
        {
            "title": TITLE,
            "complete": False,
            "format": FORMAT,
            "key": request.key,
            "environment": environment(),
            "resprout_version": installed_version(),
            "model_digest": model.digest,
            "request": json.dumps(told, sort_keys=True),
            "precision": f"{request.numerics.precision}; computed in float64",
            "note": "A hypothesis-testing simulation, not medical advice.",
        }
    )
    _lay_out_outputs(group, request, model, chunk)
    for name, meaning in OF_A_PATIENT.items():
        array = group.create_array(
            name, shape=(request.patients,), chunks=(chunk,), dtype="int64", dimension_names=("patient",), fill_value=0
        )
        array.attrs["long_name"] = meaning
    count = len(request.hours)
    hours = group.create_array(HOURS, shape=(count,), chunks=(count,), dtype="float64", dimension_names=(HOURS,))
    hours[:] = np.array(request.hours)
    origin = "time after the first dose" if isinstance(request, Request) else "time since the beginning"
    hours.attrs.update({"units": "h", "long_name": origin})
    chunks = -(-request.patients // chunk)
    sums = group.create_group(GROUP).create_array(
        "sha256", shape=(chunks, 32), chunks=(1, 32), dtype="uint8", fill_value=0, compressors=None
    )
    sums.attrs["long_name"] = "SHA-256 of each chunk of patients"


def _lay_out_outputs(group: Any, request: Streamed, model: EquationModel, chunk: int) -> None:
    chain = with_drugs_named(model, request.outputs) if isinstance(model, Model) else model
    ketamine = request.scenario.regimen.ketamine if isinstance(request, Request) else ""
    for name in request.outputs:
        quantity = chain.equations[name] if name in chain.equations else chain.constants[name]
        array = group.create_array(
            name,
            shape=(request.patients, len(request.hours)),
            chunks=(chunk, len(request.hours)),
            dtype=request.numerics.precision,
            dimension_names=("patient", HOURS),
            fill_value=float("nan"),
            compressors=None,
        )
        stage = STAGES[quantity.stage - 1] if quantity.stage else ""
        meaning = named_ketamine(quantity.meaning, ketamine)
        labels = {"units": quantity.unit, "long_name": meaning, "stage": stage}
        array.attrs.update(labels | scale_labels(model, name))


def bytes_needed(request: Streamed, chunk: int) -> int:
    """How much a run takes on the disk, about: its last chunk takes as much as the others."""
    width = np.dtype(request.numerics.precision).itemsize
    chunk = min(chunk, request.patients)
    return -(-request.patients // chunk) * chunk * (len(request.outputs) * len(request.hours) * width + 8)


def described(folder: Path) -> dict[str, Any]:
    """The attributes of a run; empty if a folder is none of ours, or cannot be read."""
    try:
        told = json.loads((folder / DESCRIPTION).read_bytes())["attributes"]
        return told if told["title"] == TITLE and outputs_of(told) else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def outputs_of(told: dict[str, Any]) -> tuple[str, ...]:
    """Names of the outputs of a run, from its attributes."""
    return tuple(json.loads(told["request"])["scenario"]["outputs"])


def not_ours(folder: Path) -> str:
    """The first thing in a folder that is no part of a run as resprout writes it; empty if there is none."""
    told = described(folder)
    if not told or folder.is_symlink():
        return "."
    arrays = {*outputs_of(told), *OF_A_PATIENT, HOURS, CHECKSUMS}
    for path in sorted(folder.rglob("*")):
        below = path.relative_to(folder).as_posix()
        # a link is none of ours, wherever it is
        if path.is_symlink() or not _is_ours(below, arrays):
            return below
    return ""


def _is_ours(path: str, arrays: set[str]) -> bool:
    if path in (DESCRIPTION, f"{GROUP}/{DESCRIPTION}", GROUP):
        return True
    array = next((name for name in arrays if path == name or path.startswith(f"{name}/")), "")
    rest = path.removeprefix(f"{array}/")
    return bool(array) and (path == array or rest in (DESCRIPTION, "c") or bool(CHUNK_FILE.fullmatch(rest)))


def _seal_of(folder: Path, root: dict[str, Any]) -> str:
    """A digest of all that a run says of itself: attributes, shapes and types of its arrays, and the hours.

    root     what its root holds, which other programs may add a summary to
    raises   OSError, ValueError or KeyError if a part of it cannot be read
    """
    own = {name: part for name, part in root.items() if name != "consolidated_metadata"}
    own["attributes"] = {name: value for name, value in root["attributes"].items() if name != "seal"}
    told = [own]
    for name in (*outputs_of(own["attributes"]), *OF_A_PATIENT, HOURS, GROUP, CHECKSUMS):
        told.append(json.loads((folder / name / DESCRIPTION).read_bytes()))
    digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode())
    digest.update((folder / HOURS / "c" / "0").read_bytes())
    return digest.hexdigest()


def is_sealed(folder: Path) -> bool:
    """Whether what a run says of itself is what was written."""
    try:
        root = json.loads((folder / DESCRIPTION).read_bytes())
        return bool(_seal_of(folder, root) == root["attributes"]["seal"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def seal(folder: Path, **more: Any) -> None:
    """Add attributes to a run, and seal it."""
    root = json.loads((folder / DESCRIPTION).read_bytes())
    root["attributes"] |= more
    root["attributes"]["seal"] = _seal_of(folder, root)
    write_whole(folder / DESCRIPTION, json.dumps(root, indent=2).encode())


def checksum(key: str, number: int, part: Part) -> NDArray[np.uint8]:
    """[32] SHA-256 of a chunk: of every bit, of its number, and of the request that it belongs to."""
    digest = hashlib.sha256(f"{key} {number}".encode())
    for array in (part.candidate, part.status, part.steps, part.value):
        digest.update(np.ascontiguousarray(array).tobytes())
    return np.frombuffer(digest.digest(), np.uint8)


def read_chunk(group: Any, told: dict[str, Any], number: int) -> tuple[Part | None, bool]:
    """A chunk of patients if it is as it was written, and whether anything was ever written there.

    group   of the run      told   its attributes
    """
    try:
        size, patients = group["candidate"].chunks[0], group["candidate"].shape[0]
        rows = slice(number * size, min((number + 1) * size, patients))
        kept = group[CHECKSUMS][number]
        if not kept.any():
            return None, False
        value = np.stack([group[name][rows] for name in outputs_of(told)], axis=2)
        part = Part(group["candidate"][rows], value, group["status"][rows], group["steps"][rows])
        return (part if np.array_equal(kept, checksum(told["key"], number, part)) else None), True
    except MemoryError:
        raise
    except Exception:  # whatever the library of the format says of damaged files, in many words
        return None, True


def holds_more(group: Any, number: int) -> bool:
    """Whether any chunk from one on was ever written whole."""
    try:
        return bool(group[CHECKSUMS][number:].any())
    except MemoryError:
        raise
    except Exception:  # as in `read_chunk`
        return True


def forget_chunks(folder: Path, told: dict[str, Any], first: int) -> None:
    """Remove the files of all chunks from one on."""
    for name in (*outputs_of(told), *OF_A_PATIENT, CHECKSUMS):
        array = folder / name
        for path in list((array / "c").rglob("*")) if array.is_dir() else []:
            number = CHUNK_FILE.fullmatch(path.relative_to(array).as_posix())
            if number and int(number[1]) >= first and not path.is_dir():
                path.unlink()
