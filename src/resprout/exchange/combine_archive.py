"""A COMBINE archive or a SED-ML file -> its texts: read within limits, in memory, nothing is unpacked onto the disk."""

from __future__ import annotations

import posixpath
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as tree

from resprout.errors import Fault, InputError, ModelError, first_faults
from resprout.exchange.file_limits import check_sbml_text
from resprout.exchange.model_text import decoded, read_text

ARCHIVES = (".omex", ".sedx")
MOST_FILES, LARGEST_FILE = 10_000, 100_000_000  # entries; bytes of what is read of each
FORMAT = "combine.specifications/sed-ml"
"""What the format of a SED-ML file holds in a manifest."""
EXPECTED = "Expected a COMBINE archive (.omex) or a SED-ML file (.sedml)."


@dataclass(frozen=True)
class Experiments:
    """Where the texts of an experiment are.

    file       that was opened, for messages      documents   SED-ML files within it, by place
    read       place of a file -> its text
    """

    file: str
    documents: tuple[str, ...]
    read: Callable[[str], str]

    def beside(self, document: str, source: str) -> str:
        """The place of a file that a document names.

        raises   ModelError for an address in the network or a place outside the archive
        """
        if ":" in source or source.startswith(("/", "\\")):
            found = f"the model `{source:.80}` lies elsewhere, and nothing is fetched."
            remedy = "Put the SBML file beside the SED-ML file and name it there."
            raise ModelError(Fault(found, f"{self.file}: {document}", "Expected a file beside the document.", remedy))
        return posixpath.normpath(posixpath.join(posixpath.dirname(document), source.replace("\\", "/")))


def open_experiments(file: str | Path) -> Experiments:
    """Open an archive or a single document.

    raises   ModelError where it cannot be read, with every fault
    """
    path = Path(file)
    if path.suffix.lower() in ARCHIVES:
        return _opened_archive(path)
    folder = path.parent

    def read(place: str) -> str:
        return read_text(folder / place, xml=True)

    return Experiments(path.name, (path.name,), read)


def check_xml(text: str, name: str) -> tree.Element:
    """XML within limits of depth and size and without a document type, as a tree.

    raises   ModelError with the line
    """
    check_sbml_text(text, name, "an XML file")
    # entities are defined in a document type, which has just been refused
    return tree.fromstring(text.encode())


def plain_name(element: tree.Element) -> str:
    """The name of an element without its namespace."""
    return element.tag.rpartition("}")[2]


def _opened_archive(path: Path) -> Experiments:
    try:
        archive = zipfile.ZipFile(path)
    except FileNotFoundError:
        raise InputError(Fault(f"there is no file `{path}`.", "", EXPECTED)) from None
    except (OSError, zipfile.BadZipFile) as trouble:
        raise ModelError(Fault(f"the archive cannot be read: {trouble}.", path.name, EXPECTED)) from None
    with archive:
        places = {posixpath.normpath(entry.filename): entry for entry in archive.infolist() if not entry.is_dir()}
        # a name that leads out of the archive names nothing in it
        entries = {place: entry for place, entry in places.items() if not place.startswith(("..", "/"))}
        if len(entries) > MOST_FILES:
            raise ModelError(Fault(f"the archive holds more than {MOST_FILES:,} files.", path.name))
        texts: dict[str, str] = {}

        def read(place: str) -> str:
            if place not in texts:
                texts[place] = _member(path, entries, place)
            return texts[place]

        return Experiments(path.name, _documents(path.name, entries, read), read)


def _member(path: Path, entries: dict[str, zipfile.ZipInfo], place: str) -> str:
    """The text of one file of an archive, of which no more is unpacked than the limit."""
    where = f"{path.name}: {place}"
    if place not in entries:
        outside = place.startswith(("..", "/"))
        found = "a file outside the archive is named." if outside else "the file is named and not in the archive."
        raise ModelError(Fault(found, where, "", f"The archive holds {', '.join(sorted(entries)[:8])}."))
    try:
        with zipfile.ZipFile(path) as archive, archive.open(entries[place]) as opened:
            content = opened.read(LARGEST_FILE + 1)
    except (OSError, RuntimeError, NotImplementedError, zipfile.BadZipFile, EOFError) as trouble:
        raise ModelError(Fault(f"the file cannot be unpacked: {trouble}.", where, EXPECTED)) from None
    if len(content) > LARGEST_FILE:
        found = f"the file is larger than {LARGEST_FILE / 1e6:g} MB when it is unpacked."
        raise ModelError(Fault(found, where, "", "A model of this size is not solved here."))
    return decoded(content, where, xml=True)


def _documents(name: str, entries: dict[str, zipfile.ZipInfo], read: Callable[[str], str]) -> tuple[str, ...]:
    """The SED-ML files of an archive: those that the manifest calls master, or all."""
    if "manifest.xml" not in entries:
        raise ModelError(Fault("the archive holds no `manifest.xml`.", name, EXPECTED))
    root = check_xml(read("manifest.xml"), f"{name}: manifest.xml")
    listed = [entry for entry in root.iter() if plain_name(entry) == "content" and FORMAT in entry.get("format", "")]
    masters = [entry for entry in listed if entry.get("master") in ("true", "1")] or listed
    places = [posixpath.normpath(entry.get("location", "")) for entry in masters]
    if not places:
        found = "the archive holds no SED-ML file, so that nothing says what is to be run."
        remedy = "Take the model out of the archive and run `resprout simulate MODEL.xml`."
        raise ModelError(Fault(found, name, "", remedy))
    missing = [place for place in places if place not in entries]
    if missing:
        faults = [
            Fault("the file is named in the manifest and not in the archive.", f"{name}: {place}") for place in missing
        ]
        raise ModelError(*first_faults(faults, name))
    return tuple(places)
