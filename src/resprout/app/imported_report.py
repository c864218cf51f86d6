"""The report of an imported model: what was run in, one HTML page out, with figure, table, equations and what the run stands on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from resprout.app.html_page import Section, drawn, html_list, html_table, page, paragraphs
from resprout.app.imported_description import equation_rows
from resprout.app.output_files import save_page
from resprout.app.terminal import number
from resprout.figures.imported_figure import MOST_PANELS, imported_figure

if TYPE_CHECKING:
    from resprout.language.records import ImportedModel

Numbers = NDArray[np.float64]
MOMENTS = 6


def write_imported_report(  # many arguments: the model, and by keyword what was run
    path: Path,
    model: ImportedModel,
    outputs: Sequence[str],
    *,
    time: Numbers,
    middle: Numbers,
    limits: tuple[Numbers, Numbers] | None = None,
    lead: str,
    notes: Sequence[str],
    facts: Mapping[str, Any],
) -> None:
    """Write the report of a run as one self-contained page.

    path     .html file to write           model    that ran
    outputs  names                         time     [time] in the model's own unit
    middle   [time, output] mean, or the one trajectory
    limits   [time, output] 5 and 95 % quantiles of patients; None for one trajectory
    lead     what was run, in a sentence   notes    what is to be said of the run
    facts    provenance
    """
    named = [(name, model.unit(name)) for name in outputs]
    unit = model.time_unit or f"h ({model.time_note})"
    body = drawn(imported_figure(time, unit, named, middle, limits)) + _said(len(named), limits is not None)
    sections = [
        Section("outputs", "Outputs over time", body),
        Section("values", "Values", _values(named, time, middle, limits)),
        *([Section("notes", "Notes", html_list([f"{note}." for note in notes]))] if notes else []),
        Section("equations", "Model", _equations(model)),
        Section("provenance", "Provenance", _facts(facts)),
    ]
    save_page(page(model.name, lead, sections, f"Made by resprout. Model {model.digest}, from {model.file}."), path)


def _said(outputs: int, of_patients: bool) -> str:
    """What lines and bands are, and which outputs have no panel."""
    first = "Lines are means of patients, bands their 5 to 95 % quantiles." if of_patients else ""
    rest = (
        f"The first {MOST_PANELS} of {outputs} outputs are drawn; the table has all." if outputs > MOST_PANELS else ""
    )
    return paragraphs(first, rest)


def _values(
    named: Sequence[tuple[str, str]], time: Numbers, middle: Numbers, limits: tuple[Numbers, Numbers] | None
) -> str:
    """A table of all outputs at a few moments."""
    chosen = np.unique(np.linspace(0, len(time) - 1, MOMENTS).round().astype(int))
    moments = [f"{time[row]:.4g}" for row in chosen]
    lines = [("mean", middle), ("5 %", limits[0]), ("95 %", limits[1])] if limits is not None else [("", middle)]
    rows = [
        [
            name if not place else "",
            unit if not place else "",
            word,
            *(number(float(each[row, at]), 4) for row in chosen),
        ]
        for at, (name, unit) in enumerate(named)
        for place, (word, each) in enumerate(lines)
    ]
    return html_table(["output", "unit", "", *moments], rows, right=moments)


def _equations(model: ImportedModel) -> str:
    """Every state, rule and constant."""
    events = f"It has {model.event_count} events." if model.event_count else ""
    return html_table(["kind", "name", "is", "unit"], equation_rows(model)) + paragraphs(events)


def _facts(facts: Mapping[str, Any]) -> str:
    """Provenance as a table of names and values."""
    flat: list[tuple[str, Any]] = []
    for name, value in facts.items():
        inner = value.items() if isinstance(value, Mapping) else [("", value)]
        flat += [(f"{name}: {key}" if key else name, each) for key, each in inner]
    shown = [
        (name, ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)) for name, value in flat
    ]
    return html_table(["what", "value"], [(name.replace("_", " "), text) for name, text in shown if text])
