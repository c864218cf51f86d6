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

    from resprout.patients.dataset import Dataset
    from resprout.trial import Trial
    from resprout.trial.design import Protocol

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
    return shown_by_regimens(outputs, [regimen], hours, {population} & {"bipolar"})


def shown_by_regimens(
    outputs: Iterable[str], regimens: Iterable[str], hours: float, conditions: Iterable[str] = ()
) -> Shown:
    """What stands beside each other of several regimens.

    outputs      names, also with a time behind them        regimens     as they were written
    hours        h   last hour                              conditions   further ones that are met
    """
    drugs, met = _given(regimens)
    met |= {"after_a_week"} if hours >= WEEK_H else set()
    return Shown(frozenset(outputs), frozenset(drugs), frozenset(met.union(conditions)))


def shown_by_trial(trial: Trial) -> Shown:
    """What a trial shows."""
    protocol, age = trial.protocol, trial.cohort.columns["age"]
    met = {"elderly": bool((age >= ELDERLY).mean() > 0.5), "adolescents": bool((age < ADULT).any())}
    people = protocol.people / max(len(protocol.arms), 1)
    return shown_by_design(protocol, people, [name for name, is_met in met.items() if is_met])


def shown_by_design(protocol: Protocol, people: float, conditions: Iterable[str] = ()) -> Shown:
    """What designs of a protocol show.

    people       patients per arm, of the smallest design
    conditions   further ones that are met
    """
    met = {
        "control_arm": protocol.control_arm is not None,
        "small_trial": people < SMALL_ARM,
        "relapse": protocol.relapse is not None or "relapse" in protocol.analysis,
        "bipolar": protocol.who == "bipolar",
    }
    endpoints = [endpoint.name for endpoint in protocol.endpoints]
    also = [*conditions, *(name for name, is_met in met.items() if is_met)]
    return shown_by_regimens(endpoints, [part.regimen for part in protocol.parts], protocol.last_visit, also)


def shown_by_people(data: Dataset, endpoints: Iterable[str], plans: Iterable[str] = (), hours: float = 0.0) -> Shown:
    """What the posteriors of observed people show.

    endpoints   of the observations or forecasts        plans   regimens to come, as they were written
    hours       h   last hour of the plans
    """
    occasions = [each for person in data.people for each in person.occasions]
    given = [
        " ".join(["every" if len(each.doses) > 1 else "once", *(dose.drug for dose in each.doses)])
        for each in occasions
        if each.doses
    ]
    ages = [float(person.covariates["age"]) for person in data.people if "age" in person.covariates]
    met = {"posterior", *({data.setting.population} & {"bipolar"})} | (
        {"adolescents"} if min(ages, default=ADULT) < ADULT else set()
    )
    last = max([hours, *(each.last_h for each in occasions)])
    return shown_by_regimens(endpoints, [*given, *plans], last, met)


META_ANALYSIS = Shown(frozenset(), frozenset({"scopolamine"}), frozenset({"meta_analysis"}))
"""What a meta-analysis of the published trials shows."""


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
