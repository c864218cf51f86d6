"""The scoreboard tab: published interventions and facts beside what the model gives, worked out once, in the background."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from html import escape
from typing import Any

from resprout.app.evidence_commands import format_reading, hypothesis_facts, intervention_facts
from resprout.app.html_page import Raw, html_table, with_note
from resprout.app.scoreboard_tables import (
    COVERED,
    COVERED_SAID,
    PASSES,
    SKILL_SAID,
    SKILLS,
    coverage_rows,
    format_range,
    pass_cells,
    say,
    scored_parts,
    signed,
    skill_cells,
)
from resprout.app.serve.evidence_dialog import code_buttons
from resprout.calibrate.hypotheses import score_hypotheses
from resprout.calibrate.interventions import run_interventions
from resprout.calibrate.scoreboard_entry import ScoreboardEntry, recorded_entries
from resprout.calibrate.scoreboard_totals import scoreboard_facts
from resprout.figures.palette import STAGE_COLOUR
from resprout.figures.spoken_units import format_unit, with_spoken_times
from resprout.language import STAGES
from resprout.language.records import Model

YES = Raw('<span class="yes" aria-label="yes">●</span>')
NO = Raw('<span class="no" aria-label="no">○</span>')
log = logging.getLogger("resprout.page")


class Scoreboard:
    """Tables that appear one by one as they are worked out; everybody reads the same."""

    def __init__(self, model: Model) -> None:
        """Prepare; nothing is worked out before somebody asks.

        model   the model that the page shows
        """
        self._model = model
        self._tables: dict[str, str] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def html(self) -> tuple[str, bool]:
        """What there is so far, and whether that is all."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="scoreboard", daemon=True)
                self._thread.start()
        tables = dict(self._tables)
        whole = len(tables) == len(TABLES)
        waiting = "" if whole else '<p class="none">Working out the next table; the first time it takes a minute.</p>'
        return "".join(tables.values()) + waiting, whole

    def _work(self) -> None:
        for name, make in TABLES.items():
            try:
                self._tables[name] = make(self._model)
            except Exception:
                log.exception("a table of the scoreboard failed")
                self._tables[name] = card(name.capitalize(), "", "<p>This table could not be worked out.</p>")


def card(title: str, lead: str, body: str) -> str:
    """One table with its heading; `body` is HTML."""
    said = f"<p>{escape(lead)}</p>" if lead else ""
    return f'<section class="card"><h3>{escape(title)}</h3>{said}{body}</section>'


def interventions_card(model: Model) -> str:
    """Every published intervention in the model; misses open, with their reasons, the others folded."""
    results = run_interventions(model)
    facts = intervention_facts(results)
    reasons = [row["reason"] for row in facts["rows"]]
    columns = ["", "intervention", "beside", "measured", "observed", "model", "found in the model", "source"]
    rows: dict[bool, list[list[Any]]] = {True: [], False: []}
    for result, reason in zip(results, reasons, strict=True):
        row = result.row
        named = with_note(row["intervention"], "" if result.agrees else reason)
        cells = [row["drug"] or "–", row["readout"], row["expected"], result.predicted, format_reading(result.worst)]
        told = Raw(f"{code_buttons(row['id'])} {escape(row['source'])}")
        rows[result.agrees].append([YES if result.agrees else NO, named, *cells, told])
    share = facts["agree_read"] / max(facts["total_read"], 1)
    lead = (
        f"Blocks, knock-outs and added drugs of published experiments, repeated in the model: {facts['agree']} of "
        f"{facts['total']} come out as observed ({facts['agree_read']} of {facts['total_read']}, {share:.0%}, of those read in "
        "their source)."
    )
    misses = folded(
        "Not as observed", f"{len(rows[False])}, with reasons", html_table(columns, rows[False]), opened=True
    )
    hits = folded("As observed", f"{len(rows[True])}", html_table(columns, rows[True]))
    return card("Interventions", lead, misses + hits)


def folded(title: str, said: str, body: str, *, opened: bool = False, colour: str = "") -> str:
    """A part that opens at a click; `body` is HTML."""
    swatch = f'<span class="swatch" style="background:{colour}"></span>' if colour else ""
    opening = "<details open>" if opened else "<details>"
    return f"{opening}<summary>{swatch}{escape(title)}<small>{escape(said)}</small></summary>{body}</details>"


def hypotheses_card(model: Model) -> str:
    """Which published facts each hypothesis explains alone."""
    facts = hypothesis_facts(score_hypotheses(model))
    names = list(facts["hypotheses"])
    rows: list[list[Any]] = [
        [row["fact"], *(YES if name in row["explained_by"] else NO for name in names), row["source"]]
        for row in facts["facts"]
    ]
    rows.append(["all", *(f"{facts['explained'][name]} of {facts['total']}" for name in names), ""])
    claims = "".join(
        f"<li><strong>{escape(name)}</strong>: {escape(claim)}</li>" for name, claim in facts["hypotheses"].items()
    )
    lead = (
        "The same published facts asked of each account of how ketamine works, every other part of the model unchanged."
    )
    return card("Rival hypotheses", lead, f"<ul>{claims}</ul>" + html_table(["published fact", *names, "source"], rows))


def validation_card(model: Model) -> str:
    """Every published row beside the model's own number, as it was last written down: a summary, then stage by stage."""
    entries = recorded_entries()
    facts = scoreboard_facts(entries)
    unseen = facts["by_use"]["not_used_in_fit"]
    lead = (
        f"Every published row beside the model's own number: {facts['passed']} of {facts['total']} agree, and "
        f"{facts['passed_null']} would if no drug changed mood; of rows that the fit has not seen, {unseen['passed']} of "
        f"{unseen['total']} ({unseen['passed_null']})."
    )
    groups = [[name, *pass_cells(part)] for name, part in facts["by_group"].items()]
    skills = [[name, *skill_cells(part)] for name, part in scored_parts(facts).items()]
    body = html_table(PASSES, [*groups, ["all", *pass_cells(facts)]])
    body += folded(
        "Skill", "against null models and a meta-analysis", said(SKILL_SAID) + html_table(SKILLS, skills), opened=True
    )
    body += folded(
        "Coverage", "of prediction intervals", said(COVERED_SAID) + html_table(COVERED, coverage_rows(facts))
    )
    return card("Published numbers", lead, body + "".join(stage_rows(name, entries) for name in STAGES))


def said(sentence: str) -> str:
    """A paragraph."""
    return f"<p>{escape(sentence)}</p>"


def stage_rows(stage: str, entries: Sequence[ScoreboardEntry]) -> str:
    """The published rows of one stage, folded under a bar of how many agree; those not counted come last."""
    place = STAGES.index(stage) + 1
    own = sorted(
        (entry for entry in entries if entry.stage == place),
        key=lambda each: (not each.counted, each.passed, each.used_in_fit, each.group),
    )
    counted = [entry for entry in own if entry.counted]
    agree, colour = sum(entry.passed for entry in counted), STAGE_COLOUR[stage]
    columns = ["", "what", "observed", "model", "agrees within", "skill", "fit"]
    table = html_table(columns, [published_cells(entry) for entry in own])
    width = 100 * agree / max(len(counted), 1)
    bar = f'<span class="track"><span class="bar" style="width:{width:.0f}%;background:{colour}"></span></span>'
    agreeing = f"{agree} of {len(counted)} agree"
    return folded(f"{place} {stage.capitalize()}", agreeing, table, colour=colour).replace(
        "</summary>", f"{bar}</summary>", 1
    )


def published_cells(entry: ScoreboardEntry) -> list[Any]:
    """One published row: what was measured and where it stands, both numbers with their unit, and the range of agreement."""
    unit = format_unit(entry.unit).replace("hour", "h").replace("percent", "%")
    numbers = [
        say(each) if isinstance(each, str) else f"{say(each)} {unit}".strip()
        for each in (entry.observed, entry.predicted)
    ]
    note = "; ".join(part for part in (f"{entry.id.split()[0]}, {entry.source}", entry.reason) if part)
    named = with_note(with_spoken_times(entry.what).replace(", value;", ";"), note)
    return [
        YES if entry.passed else NO,
        named,
        *numbers,
        format_range(entry),
        signed(entry.score("skill")),
        "not counted" if not entry.counted else "seen" if entry.used_in_fit else "not seen",
    ]


TABLES: dict[str, Callable[[Model], str]] = {
    "validation": validation_card,
    "interventions": interventions_card,
    "hypotheses": hypotheses_card,
}
