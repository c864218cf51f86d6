"""sources.bib -> citations by key: takes BibTeX entries, gives what `describe` prints."""

from __future__ import annotations

import re
from pathlib import Path

from resprout.errors import Fault

_ENTRY = re.compile(r"@(\w+)\s*\{\s*([^,\s]+)\s*,")
_FIELD = re.compile(r"(\w+)\s*=\s*(?:\{((?:[^{}]|\{[^{}]*\})*)\}|\"([^\"]*)\")")


def read_sources(path: Path, faults: list[Fault]) -> dict[str, dict[str, str]]:
    """Fields of every entry by citation key; `line` is where the entry starts."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as trouble:
        faults.append(Fault(f"cannot read the sources: {trouble}.", path.name, "A BibTeX file was expected."))
        return {}
    entries: dict[str, dict[str, str]] = {}
    starts = list(_ENTRY.finditer(text))
    for start, following in zip(starts, [*starts[1:], None], strict=True):
        key, line = start.group(2), text.count("\n", 0, start.start()) + 1
        if key in entries:
            faults.append(Fault(f"source `{key}` is given twice.", f"{path.name}:{line}"))
            continue
        body = text[start.end() : following.start() if following else len(text)]
        fields = {name.lower(): " ".join((braced or quoted).split()) for name, braced, quoted in _FIELD.findall(body)}
        entries[key] = {"kind": start.group(1).lower(), "line": str(line), **fields}
    return entries


def citation(entry: dict[str, str]) -> str:
    """One line of text for one entry: authors, year, title, place, identifier."""
    place = " ".join(
        part for part in (entry.get("journal", ""), entry.get("volume", ""), entry.get("pages", "")) if part
    )
    parts = [entry.get("author", ""), f"({entry['year']})" if "year" in entry else "", entry.get("title", ""), place]
    parts += [f"doi:{entry['doi']}" if entry.get("doi") else entry.get("url", ""), entry.get("note", "")]
    return ". ".join(part.strip(" .").replace("{", "").replace("}", "") for part in parts if part)
