"""Codes of evidence, such as MP051, IV062 or F01: what was measured, the number, how it was seen, and what rests on it."""

from __future__ import annotations

import functools
import re
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resprout.errors import Fault, InputError

if TYPE_CHECKING:
    from rich.console import Console

    from resprout.language import Model

Facts = dict[str, Any]
CODE = re.compile(r"[A-Z]{1,2}\d{2,4}[a-z]?")
VERIFIED = {
    "read": "read in its source",
    "secondary": "read in a page that cites the source",
    "digitised": "read off a figure of the source",
    "recall": "not verified at source",
}
DIRECTIONS = {"+": "a rise", "-": "a fall", "0": "no change"}


@functools.lru_cache(maxsize=1)
def shipped_evidence() -> dict[str, dict[str, str]]:
    """Published facts that the package cites, by code."""
    text = (resources.files("resprout") / "app" / "evidence.tsv").read_text(encoding="utf-8")
    head, *lines = [line.split("\t") for line in text.splitlines() if not line.startswith("#")]
    return {line[0]: dict(zip(head, line, strict=True)) for line in lines}


@functools.lru_cache(maxsize=1)
def further_sources() -> dict[str, dict[str, str]]:
    """Sources of published facts that neither the model nor its trials cite."""
    from resprout.language.bibliography import read_sources

    faults: list[Fault] = []
    return read_sources(Path(str(resources.files("resprout"))) / "app" / "evidence_sources.bib", faults)


def is_code(name: str) -> bool:
    """Whether a name has the form of a code."""
    return CODE.fullmatch(name) is not None


def about_code(model: Model, code: str) -> Facts:
    """Everything that stands behind a code.

    model    whose constants, interventions and facts are looked through
    code     such as MP051
    returns  the published fact, citations, and what rests on it
    raises   InputError for a code that nothing bears
    """
    row = shipped_evidence().get(code) or shipped_evidence().get(code.rstrip("abcdefghijklmnopqrstuvwxyz"))
    parts: Facts = {
        "published": row,
        "intervention": _row(model, "interventions", code),
        "fact": _row(model, "facts", code),
        "constants": _constants(model, code),
        "facts": [each["id"] for each in model.tables.get("facts", ()) if code in each["evidence"].split()],
        "measurements": _measurements(code),
        "trials": _trials(model, code),
    }
    if not any(parts.values()):
        found = f"no evidence has the code `{code}`."
        raise InputError(Fault(found, "", "", "`resprout describe NAME` shows the codes behind a constant."))
    return {"code": code, **parts, "sources": _citations(model, parts)}


def _row(model: Model, table: str, code: str) -> dict[str, str] | None:
    return next((dict(row) for row in model.tables.get(table, ()) if row["id"] == code), None)


def _constants(model: Model, code: str) -> list[Facts]:
    return [
        {"name": each.name, "value": each.value, "unit": each.unit, "grade": each.grade, "source": each.source}
        for each in model.constants.values()
        if code in each.evidence.split()
    ]


def _measurements(code: str) -> list[dict[str, str]]:
    """Rows of the calibration that take numbers from a code; a letter after it tells several apart."""
    from resprout.calibrate.data_tables import data_rows

    return [dict(row) for row in data_rows("measurements") if code in (row["id"], row["id"][:-1])]


def _trials(model: Model, code: str) -> list[Facts]:
    """Published results of trials with a code."""
    from resprout.trial.protocol import read_protocol, shipped_protocols

    rows = []
    for name in shipped_protocols():
        protocol = read_protocol(name, model)[0]
        for each in protocol.published:
            if each.evidence == code:
                rows.append({"trial": name, "source": protocol.source, **each.model_dump()})
    return rows


def _citations(model: Model, parts: Facts) -> list[str]:
    """Full citations of the sources of a code, the one where its number was read first."""
    from resprout.language.bibliography import citation
    from resprout.trial.citations import every_source

    rows = [parts["published"], parts["intervention"], parts["fact"], *parts["measurements"]]
    rows += parts["trials"] + ([] if parts["published"] else parts["constants"])
    keys = dict.fromkeys(key for row in rows if row for key in row["source"].split())
    known = further_sources() | every_source(model)
    return [f"[{key}] {citation(known[key])}" if key in known else key for key in keys]


def show_code(console: Console, facts: Facts) -> None:
    """Print what stands behind a code, one fact a line."""
    from rich.text import Text

    from resprout.app.terminal import print_wrapped

    console.print(Text(facts["code"], style="bold"))
    for label, text in [*published_lines(facts), *use_lines(facts)]:
        print_wrapped(console, text, label=Text(f"  {label:<13}", style="dim"), indent=15)


def published_lines(facts: Facts) -> list[tuple[str, str]]:
    """What was published: measured, in whom, the number, how it was seen, citation."""
    lines: list[tuple[str, str]] = []
    row = facts["published"]
    if row:
        value = DIRECTIONS.get(row["value"], row["value"]) if row["unit"] in ("", "direction") else row["value"]
        value = f"{value} {row['unit'].replace('direction', '')}".strip()
        more = [row["spread"], f"n {row['n']}" if row["n"] else ""]
        seen = ": ".join(part for part in (VERIFIED[row["verification"]], row["locator"]) if part)
        lines += [("measured", row["measured"]), ("in", row["subject"])]
        lines += [("value", ", ".join(part for part in (value or "a direction only", *more) if part)), ("seen", seen)]
        lines += [("note", row["note"])] if row["note"] else []
    elif not any(facts[part] for part in ("trials", "intervention", "fact", "measurements")):
        lines.append(("value", "not quoted here; see the constants and their source"))
    return lines + [("source", text) for text in facts["sources"]]


def use_lines(facts: Facts) -> list[tuple[str, str]]:
    """What rests on it: constants with their grades, interventions, facts, measurements and trials."""
    from resprout.app.terminal import number

    lines: list[tuple[str, str]] = []
    for table, what in (("intervention", "intervention"), ("fact", "fact")):
        row = facts[table]
        if row:
            said = f"{row[what]}: {row['expected']}" + (f" ({VERIFIED[row['verification']]})" if what != "fact" else "")
            lines.append((what, said))
            lines += [("evidence", text) for text in quoted(row.get("evidence", ""))]
    for row in facts["constants"]:
        lines.append(("constant", f"{row['name']} = {number(row['value'], 5)} {row['unit']} ({row['grade']})"))
    if facts["facts"]:
        lines.append(("facts", ", ".join(facts["facts"])))
    for row in facts["measurements"]:
        lines.append(("compared", f"{row['id']}: {row['measure']}, {observed(row)} {row['unit']}"))
    for row in facts["trials"]:
        lines.append(("trial", trial_words(row)))
    return lines


def quoted(codes: str) -> list[str]:
    """Each code of a text with what was measured."""
    rows = shipped_evidence()
    return [f"{code}  {rows[code]['measured']}" if code in rows else code for code in codes.split()]


def observed(row: dict[str, str]) -> str:
    """The published number of a measurement, or the bound of a direction."""
    if row["rule"] in ("above", "below"):
        return f"{row['rule']} {row['lower'] if row['rule'] == 'above' else row['upper']}"
    return f"{row['observed']} ({row['lower']} to {row['upper']})"


def trial_words(row: Facts) -> str:
    """A published result of a trial in words."""
    from resprout.figures.spoken_units import format_time

    at = "" if row["time"] is None else f" at {format_time(row['time'])}"
    sign = {"": "", "upper": "≤ ", "lower": "≥ "}[row["bound"]]
    arm = row["arm"] or "all arms"
    return f"{row['trial']}: {row['statistic']} of {row['endpoint']}, {arm}{at}: {sign}{row['value']:g} ({VERIFIED[row['verification']]})"
