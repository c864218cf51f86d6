"""The scoreboard tab: published interventions and facts beside what the model gives, worked out once, in the background."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from html import escape
from typing import Any

from resprout.app.page import Raw, html_table
from resprout.app.truth import hypothesis_facts, intervention_facts, reading_words
from resprout.app.validate import say, say_range
from resprout.calibrate.hypotheses import score_hypotheses
from resprout.calibrate.interventions import run_interventions
from resprout.calibrate.scoreboard import recorded_marks, scoreboard_facts
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
    """Every published intervention in the model."""
    verdicts = run_interventions(model)
    facts = intervention_facts(verdicts)
    rows = [
        [
            YES if verdict.right else NO,
            verdict.row["intervention"],
            verdict.row["agent"] or "–",
            verdict.row["readout"],
            verdict.row["expected"],
            verdict.predicted,
            reading_words(verdict.worst),
            verdict.row["source"],
        ]
        for verdict in sorted(verdicts, key=lambda each: each.right)
    ]
    columns = ["", "intervention", "beside", "measured", "observed", "model", "found in the model", "source"]
    share = facts["right_read"] / max(facts["total_read"], 1)
    lead = (
        f"Blocks, knock-outs and added drugs of published experiments, repeated in the model: {facts['right']} of "
        f"{facts['total']} come out as observed ({facts['right_read']} of {facts['total_read']}, {share:.0%}, of those read in "
        "their source). Misses stand first."
    )
    misses = "".join(
        f"<li><strong>{escape(row['intervention'])}</strong>: {escape(row['reason'])}</li>"
        for row in facts["rows"]
        if not row["right"]
    )
    reasons = f"<details><summary>Why the misses miss</summary><ul>{misses}</ul></details>" if misses else ""
    return card("Interventions", lead, html_table(columns, rows) + reasons)


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
    """Every published row beside the model's own number, as it was last written down; misses first."""
    marks = recorded_marks()
    facts = scoreboard_facts(marks)
    rows = [
        [
            YES if mark.passed else NO,
            mark.id.split()[0],
            f"{mark.stage} {STAGES[mark.stage - 1]}",
            mark.what,
            say(mark.observed),
            say(mark.predicted),
            say_range(mark),
            "seen" if mark.used_in_fit else "not seen",
            mark.reason,
        ]
        for mark in sorted(marks, key=lambda each: (each.passed, each.used_in_fit, each.stage))
    ]
    unseen = facts["by_use"]["not_used_in_fit"]
    lead = (
        f"Every published row beside the model's own number: {facts['passed']} of {facts['total']} agree; of rows that the fit "
        f"has not seen, {unseen['passed']} of {unseen['total']}. Misses stand first, with their reasons."
    )
    columns = ["", "row", "stage", "what", "observed", "model", "range", "by the fit", "why it misses"]
    return card("Published numbers", lead, html_table(columns, rows))


TABLES: dict[str, Callable[[Model], str]] = {
    "validation": validation_card,
    "interventions": interventions_card,
    "hypotheses": hypotheses_card,
}
