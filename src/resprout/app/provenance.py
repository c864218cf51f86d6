"""Provenance of results: what was run with what, the same block in JSON, beside CSV and within Parquet."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resprout.installation import installed_version

if TYPE_CHECKING:
    from resprout.language import Model
    from resprout.language.records import ImportedModel

CSVW = "http://www.w3.org/ns/csvw"
PARQUET_KEY = b"resprout"
USUAL_LONGEST_NAME = 255


def provenance(model: Model | ImportedModel, command: str, /, **facts: Any) -> dict[str, Any]:
    """What a result stands on, as data.

    model     that ran              command   such as `trial berman2000`
    facts     seed, replicates, constants and whatever else decides the result; those that are None are left out
    """
    told = {name: value for name, value in facts.items() if value is not None}
    return {"resprout_version": installed_version(), "model_digest": model.digest, "command": command, **told}


def metadata_path(table: Path) -> Path:
    """Where the metadata of a table of comma-separated values lie: beside t.csv in t.csv-metadata.json.

    Both names are those where the W3C has programs look; the second, of any table of its folder, serves where the first is too
    long for the disk.
    """
    own = table.with_name(f"{table.name}-metadata.json")
    return own if len(os.fsencode(own.name)) <= _longest_name(table.parent) else table.with_name("csv-metadata.json")


def _longest_name(folder: Path) -> int:
    """Bytes of the longest name that a folder takes."""
    try:
        return os.pathconf(folder, "PC_NAME_MAX")
    except (OSError, ValueError, AttributeError):
        return USUAL_LONGEST_NAME


def metadata_text(table: Path, told: Mapping[str, Any]) -> str:
    """The metadata of a table of comma-separated values in the W3C's vocabulary, with the provenance as a note."""
    from resprout.app.terminal import plain

    return json.dumps({"@context": CSVW, "url": table.name, "notes": [plain(dict(told))]}, indent=2) + "\n"


def parquet_note(told: Mapping[str, Any]) -> dict[bytes, bytes]:
    """The provenance as metadata of a Parquet file."""
    from resprout.app.terminal import plain

    return {PARQUET_KEY: json.dumps(plain(dict(told))).encode()}
