"""A run on disk: Zarr, written chunk by chunk beside its final name, so that a killed run goes on where it stopped."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from resprout.cache import write_whole
from resprout.errors import Fault, InputError, need_package
from resprout.language.drug_instances import with_drugs_named
from resprout.language.records import STAGES, Model
from resprout.simulation.labelled_results import resprout_version, scale_labels
from resprout.simulation.request import Request
from resprout.simulation.stream import CHUNK, Part

PROGRESS = "progress.json"
FORMAT = 1


@dataclass(frozen=True)
class Store:
    """A run being written.

    target   the name it will have          draft   where it is until it is whole
    group    the Zarr group                 request what it is a run of
    """

    target: Path
    draft: Path
    group: Any
    request: Request

    def keep(self, first: int, part: Part) -> None:
        """Write one chunk, then say that it is written."""
        rows = slice(first, first + len(part))
        for column, name in enumerate(self.request.outputs):
            self.group[name][rows] = part.value[:, :, column]
        for name in ("candidate", "status", "steps"):
            self.group[name][rows] = getattr(part, name)
        _write_progress(self.draft, {"key": self.request.key, "patients": first + len(part)})

    def kept(self) -> Iterator[Part]:
        """Chunks that are there already."""
        patients = _read_progress(self.draft).get("patients", 0)
        for first in range(0, patients, CHUNK):
            rows = slice(first, min(first + CHUNK, patients))
            value = np.stack([self.group[name][rows] for name in self.request.outputs], axis=2)
            yield Part(self.group["candidate"][rows], value, self.group["status"][rows], self.group["steps"][rows])

    def finish(self, digest: str) -> None:
        """Mark the run as whole and give it its name."""
        self.group.attrs.update({"complete": True, "digest": digest})
        (self.draft / PROGRESS).unlink(missing_ok=True)
        if self.target.exists():
            shutil.rmtree(self.target)
        self.draft.rename(self.target)


def open_store(target: Path, request: Request, model: Model, *, restart: bool = False) -> Store:
    """Open a run for writing, or go on with one that was stopped.

    restart   throw away what a stopped run has left
    raises    InputError if another request's unfinished run, or something that is no run, is in the way
    """
    need_package("zarr", "store")
    import zarr

    draft = target.with_name(f"{target.name}.part")
    if target.exists() and not (target / "zarr.json").exists():
        raise InputError(Fault(f"`{target}` is there and is no run.", "--out", "", "Choose another name."))
    left = _read_progress(draft)
    if draft.exists() and (restart or not left):
        shutil.rmtree(draft)
    elif left and left.get("key") != request.key:
        found = f"`{draft.name}` holds an unfinished run of another request."
        raise InputError(
            Fault(found, "--out", "Expected the same request, to go on with it.", "Use --restart, or another name.")
        )
    if draft.exists():
        return Store(target, draft, zarr.open_group(draft, mode="r+"), request)
    group = zarr.open_group(draft, mode="w", zarr_format=3)
    _lay_out(group, request, model)
    _write_progress(draft, {"key": request.key, "patients": 0})
    return Store(target, draft, group, request)


OF_A_PATIENT = {
    "candidate": "number in the population, which keys the random streams",
    "status": "0 if solved",
    "steps": "steps of the solver",
}


def _lay_out(group: Any, request: Request, model: Model) -> None:
    told = request.told()
    group.attrs.update(
        {
            "title": "resprout run",
            "complete": False,
            "format": FORMAT,
            "resprout_version": resprout_version(),
            "model_digest": model.digest,
            "request": json.dumps(told, sort_keys=True),
            "precision": f"{request.numerics.precision}; computed in float64",
            "note": "A hypothesis-testing simulation, not medical advice.",
        }
    )
    chain = with_drugs_named(model, request.outputs)
    for name in request.outputs:
        quantity = chain.equations[name] if name in chain.equations else chain.constants[name]
        array = group.create_array(
            name,
            shape=(request.patients, len(request.hours)),
            chunks=(CHUNK, len(request.hours)),
            dtype=request.numerics.precision,
            dimension_names=("patient", "time_h"),
            fill_value=float("nan"),
            compressors=None,
        )
        stage = STAGES[quantity.stage - 1] if quantity.stage else ""
        labels = {"units": quantity.unit, "long_name": quantity.meaning, "stage": stage}
        array.attrs.update(labels | scale_labels(model, name))
    for name, meaning in OF_A_PATIENT.items():
        array = group.create_array(
            name, shape=(request.patients,), chunks=(CHUNK,), dtype="int64", dimension_names=("patient",), fill_value=0
        )
        array.attrs["long_name"] = meaning
    hours = group.create_array(
        "time_h",
        shape=(len(request.hours),),
        chunks=(len(request.hours),),
        dtype="float64",
        dimension_names=("time_h",),
    )
    hours[:] = np.array(request.hours)
    hours.attrs.update({"units": "h", "long_name": "time after the first dose"})


def _write_progress(draft: Path, told: dict[str, Any]) -> None:
    write_whole(draft / PROGRESS, json.dumps(told).encode())


def _read_progress(draft: Path) -> dict[str, Any]:
    try:
        return json.loads((draft / PROGRESS).read_text())
    except (OSError, ValueError):
        return {}
