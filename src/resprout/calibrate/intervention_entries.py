"""Interventions of the scoreboard: published words in, each beside the model's word; and how far the words agree beyond chance."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from resprout.calibrate.data_tables import data_rows
from resprout.calibrate.experiments import JOIN, OR, split
from resprout.calibrate.interventions import SEEN, InterventionResult, run_interventions
from resprout.calibrate.laboratory_entries import FROZEN
from resprout.calibrate.scoreboard_entry import INTERVENTION, WORD, ScoreboardEntry, read_reasons
from resprout.language.drug_instances import with_drugs_named
from resprout.language.readouts import read_readouts
from resprout.language.records import Model
from resprout.trial.published_numbers import COUNTED

ABOLISH, ATTENUATE, PRESERVE = "abolish", "attenuate", "preserve"
SHARES = (ABOLISH, ATTENUATE, PRESERVE)
REDUCE = "reduce"


@dataclass(frozen=True)
class Agreement:
    """How far published and predicted words agree.

    confusion          (published, predicted) -> rows, of the words of SHARES; a published `reduce` is either of the first two
    accuracy           share of rows whose word is reproduced      balanced_accuracy   mean of that share over published words
    kappa              Cohen's, over SHARES: agreement beyond chance
    majority_*         the same of always saying the commonest published word
    """

    rows: int
    confusion: Mapping[tuple[str, str], int]
    accuracy: float
    balanced_accuracy: float
    kappa: float
    majority_word: str
    majority_accuracy: float
    majority_balanced_accuracy: float


def intervention_entries(model: Model) -> list[ScoreboardEntry]:
    """An entry for every published intervention that was read in its source or in a page that cites it."""
    reasons = read_reasons()
    by_construction = {row["id"]: row["reason"] for row in data_rows("by_construction")}
    frozen = run_interventions(model, FROZEN)
    return [
        _entry(model, result, null, reasons, by_construction)
        for result, null in zip(run_interventions(model), frozen, strict=True)
        if result.row["verification"] in COUNTED
    ]


def agreement(entries: Sequence[ScoreboardEntry]) -> Agreement:
    """How far the words of counted interventions agree.

    entries   of the scoreboard; others than counted interventions are passed over
    returns   the agreement; NaN where there is none

    Source: Cohen J. A coefficient of agreement for nominal scales. Educ Psychol Meas 1960;20:37-46.
    """
    rows = [entry for entry in entries if entry.group == INTERVENTION and entry.counted]
    confusion: Counter[tuple[str, str]] = Counter()
    for entry in rows:
        seen, said = str(entry.observed), str(entry.predicted)
        if seen in (*SHARES, REDUCE) and said in SHARES:
            published = (said if said != PRESERVE else ATTENUATE) if seen == REDUCE else seen
            confusion[published, said] += 1
    words = Counter(str(entry.observed) for entry in rows)
    if not words:
        return Agreement(0, {}, math.nan, math.nan, math.nan, "", math.nan, math.nan)
    right = Counter(str(entry.observed) for entry in rows if entry.passed)
    common, often = words.most_common(1)[0]
    # a published `reduce` is reproduced by the word `abolish` as well
    by_majority = often + (words[REDUCE] if common == ABOLISH else 0)
    return Agreement(
        rows=len(rows),
        confusion=dict(confusion),
        accuracy=sum(right.values()) / len(rows),
        balanced_accuracy=sum(right[word] / count for word, count in words.items()) / len(words),
        kappa=_kappa(confusion),
        majority_word=common,
        majority_accuracy=by_majority / len(rows),
        majority_balanced_accuracy=(1 + (common == ABOLISH and REDUCE in words)) / len(words),
    )


def _kappa(confusion: Mapping[tuple[str, str], int]) -> float:
    total = sum(confusion.values())
    if not total:
        return math.nan
    agreed = sum(confusion.get((word, word), 0) for word in SHARES) / total
    chance = 0.0
    for word in SHARES:
        published = sum(count for (seen, _), count in confusion.items() if seen == word)
        predicted = sum(count for (_, said), count in confusion.items() if said == word)
        chance += published * predicted / total**2
    return (agreed - chance) / (1 - chance) if chance < 1 else math.nan


def _entry(
    model: Model,
    result: InterventionResult,
    null: InterventionResult,
    reasons: Mapping[str, str],
    by_construction: Mapping[str, str],
) -> ScoreboardEntry:
    row = result.row
    outputs = [measure.output for measure in read_readouts(row["measure"], where=row["id"])] if row["measure"] else []
    known = with_drugs_named(model, outputs).equations
    stages = [known[name].stage for name in outputs if name in known]
    beside = f" beside {row['drug']}" if row["drug"] else ""
    represented = bool(row["person"])
    return ScoreboardEntry(
        id=row["id"],
        group=INTERVENTION,
        stage=max(stages, default=6),
        seed_row=seed_row_of(row),
        what=f"{row['intervention']}{beside}: {row['readout']}",
        observed=row["expected"],
        predicted=result.predicted,
        lower=math.nan,
        upper=math.nan,
        unit="",
        z=math.nan,
        passed=result.agrees,
        used_in_fit=row["verification"] == SEEN,
        verification=row["verification"],
        source=row["source"],
        reason=reasons.get(row["id"], result.reason) if not result.agrees else by_construction.get(row["id"], ""),
        kind=WORD,
        # a row that the model cannot represent stays counted, as a miss
        counted=row["id"] not in by_construction and (bool(row["manipulation"]) or not represented),
        passed_null=null.agrees,
    )


def seed_row_of(row: Mapping[str, str]) -> str:
    """The row of the review that an intervention speaks for."""
    done = [
        part for cell in (row["given"], row["manipulation"]) for way in split(cell, OR) for part in split(way, JOIN)
    ]
    if any(part.startswith("BDNF_release_factor") for part in done):
        return "S8" if row["person"] == "patient" else "S7"
    if any(part.startswith("ketamine ") for part in split(row["given"], OR)):
        return "S6"
    if any(part.startswith(("glial_uptake", "dihydrokainate", "firing_block")) for part in done):
        return "S5"
    return "S6" if done and all("=" in part for part in done) else "S9"
