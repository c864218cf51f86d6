"""Caveats beside results: what is shown, of whom and under which doses in; the known limits that touch it out."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from importlib import resources
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

    from resprout.trial import Trial

WEEK_H = 168.0
SMALL_ARM = 20  # people
WITHOUT_DRUG = ("saline", "placebo", "control")  # how a regimen without a dose begins
ELDERLY, ADULT = 65.0, 18.0  # years
HEADING = "Known limits of these numbers (docs/limits.md):"


@dataclass(frozen=True)
class Caveat:
    """One known limit.

    id, limit    its name; the paragraph of docs/limits.md      stage      of the chain
    outputs      names or beginnings that it touches, any if empty
    drugs        that must be given, any if empty               conditions that must all be met
    sentence     what is said
    """

    id: str
    limit: str
    stage: str
    outputs: tuple[str, ...]
    drugs: tuple[str, ...]
    conditions: tuple[str, ...]
    sentence: str


@dataclass(frozen=True)
class Shown:
    """What is shown: outputs, drugs given, and conditions that the rules of caveats name."""

    outputs: frozenset[str]
    drugs: frozenset[str] = frozenset()
    conditions: frozenset[str] = field(default_factory=frozenset)


@functools.lru_cache(maxsize=1)
def every_caveat() -> tuple[Caveat, ...]:
    """The rules of caveats.tsv, in its order."""
    text = (resources.files("resprout") / "app" / "caveats.tsv").read_text(encoding="utf-8")
    _, *lines = [line.split("\t") for line in text.splitlines() if not line.startswith("#")]
    return tuple(
        Caveat(name, limit, stage, tuple(outputs.split()), tuple(drugs.split()), tuple(conditions.split()), sentence)
        for name, limit, stage, outputs, drugs, conditions, sentence in lines
    )


def caveats_for(shown: Shown) -> list[Caveat]:
    """The known limits that touch what is shown, in the order of the table."""
    return [each for each in every_caveat() if _touches(each, shown)]


def _touches(caveat: Caveat, shown: Shown) -> bool:
    seen = any(fnmatchcase(name, pattern) for name in shown.outputs for pattern in caveat.outputs)
    given = not caveat.drugs or not shown.drugs.isdisjoint(caveat.drugs)
    return (seen or not caveat.outputs) and given and shown.conditions.issuperset(caveat.conditions)


def shown_by_run(outputs: Iterable[str], regimen: str, hours: float, population: str = "") -> Shown:
    """What a run shows.

    regimen      as it was written
    hours        h   last hour
    population   mdd, bipolar or healthy
    """
    drugs, conditions = _given([regimen])
    conditions |= {population} if population == "bipolar" else set()
    conditions |= {"after_a_week"} if hours >= WEEK_H else set()
    return Shown(frozenset(outputs), frozenset(drugs), frozenset(conditions))


def shown_by_trial(trial: Trial) -> Shown:
    """What a trial shows."""
    protocol = trial.protocol
    age = trial.cohort.columns["age"]
    met = {
        "control_arm": protocol.control_arm is not None,
        "small_trial": protocol.people / max(len(protocol.arms), 1) < SMALL_ARM,
        "relapse": protocol.relapse is not None or "relapse" in protocol.analysis,
        "bipolar": protocol.who == "bipolar",
        "elderly": bool((age >= ELDERLY).mean() > 0.5),
        "adolescents": bool((age < ADULT).any()),
        "after_a_week": protocol.last_visit >= WEEK_H,
    }
    drugs, conditions = _given([part.regimen for part in protocol.parts])
    conditions |= {name for name, is_met in met.items() if is_met}
    endpoints = frozenset(endpoint.name for endpoint in protocol.endpoints)
    return Shown(endpoints, frozenset(drugs), frozenset(conditions))


def _given(regimens: Iterable[str]) -> tuple[set[str], set[str]]:
    """Drugs that rules name, and whether doses are repeated, as the texts say: reports may be of models with other drugs."""
    texts = [text for text in regimens if not text.lower().startswith(WITHOUT_DRUG)]
    drugs = {drug for each in every_caveat() for drug in each.drugs for text in texts if drug in text}
    if any("every" in text.split() for text in texts):
        return drugs, {"repeated_doses"}
    return drugs, {"single_dose"} if texts else set()


def caveat_facts(caveats: Iterable[Caveat]) -> list[dict[str, Any]]:
    """Caveats as plain data."""
    return [{"id": each.id, "limit": each.limit, "sentence": each.sentence} for each in caveats]


def print_caveats(console: Console, caveats: Iterable[Caveat]) -> None:
    """Print the known limits of what stands above; nothing where there is none."""
    from resprout.app.terminal import print_wrapped

    every = list(caveats)
    if every:
        console.print(f"[dim]{HEADING}[/]")
    for each in every:
        print_wrapped(console, each.sentence, label="- ", indent=2)
