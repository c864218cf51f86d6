"""Totals of the scoreboard: entries in; passes, skill, coverage and sharpness by group out, the model beside its baselines."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from resprout.calibrate.intervention_entries import agreement
from resprout.calibrate.proper_scores import LEVELS, skill
from resprout.calibrate.scoreboard_entry import (
    BASELINE,
    CONTROL_ARM,
    DIFFERENCE,
    DRUG_ARM,
    GROUPS,
    KINDS,
    REPEATED,
    SEED_ROWS,
    SIGNIFICANT_VISIT,
    SINGLE,
    TRIAL,
    ScoreboardEntry,
    entry_cells,
)
from resprout.language import STAGES

MEANING = (
    "Skill is 1 - CRPS / CRPS of the baseline on the same rows: 0 means that the model predicts no better than the baseline, "
    "below 0 that it predicts worse."
)


def scoreboard_facts(entries: Sequence[ScoreboardEntry]) -> dict[str, Any]:
    """The scoreboard as plain data.

    entries   of the scoreboard
    returns   rows; totals over counted rows (`passed`, `total`, `passed_null` ...), and the same by group, kind, stage, row of
              the review, use in the fit, comparison and dosing; agreement of interventions; rows that are not counted
    """
    counted = [entry for entry in entries if entry.counted]
    trials = [entry for entry in counted if entry.group == TRIAL]

    def by(
        names: Sequence[str], of: Callable[[ScoreboardEntry], str], among: Sequence[ScoreboardEntry]
    ) -> dict[str, Any]:
        return {name: totals([entry for entry in among if of(entry) == name]) for name in names}

    stages = [f"{number} {stage}" for number, stage in enumerate(STAGES, 1)]
    return {
        "rows": [entry_cells(entry) for entry in entries],
        **totals(counted),
        "by_group": by(list(GROUPS), lambda entry: entry.group, counted),
        "by_kind": by([kind for kind in KINDS if kind != SIGNIFICANT_VISIT], lambda entry: entry.kind, counted),
        "by_stage": by(stages, lambda entry: stages[entry.stage - 1], counted),
        "by_seed_row": by(SEED_ROWS, lambda entry: entry.seed_row, counted),
        "by_use": by(["used_in_fit", "not_used_in_fit"], _use, counted),
        "trials_by_use": by(["used_in_fit", "not_used_in_fit"], _use, trials),
        "trials_by_comparison": by(
            [DRUG_ARM, CONTROL_ARM, DIFFERENCE, BASELINE], lambda entry: entry.comparison, trials
        ),
        "trials_by_dosing": by([SINGLE, REPEATED], lambda entry: entry.dosing, trials),
        "interventions": _agreement_facts(entries),
        "not_counted": [entry.id for entry in entries if not entry.counted],
        "meaning": MEANING,
    }


def totals(entries: Sequence[ScoreboardEntry]) -> dict[str, Any]:
    """Totals of some entries.

    entries   of the scoreboard
    returns   passed, total, passed_null; of rows with a number: how many, mean scaled CRPS and skill against each baseline
              on the rows that it predicts, mean gain in log score, coverage, and median interval width of model and
              meta-analysis. NaN where there is nothing to add up
    """
    numbers = [entry for entry in entries if not math.isnan(entry.score("crps"))]
    found: dict[str, Any] = {
        "passed": sum(entry.passed for entry in entries),
        "total": len(entries),
        "passed_null": sum(entry.passed_null for entry in entries),
        "numbers": len(numbers),
        "crps": _mean([entry.scaled("crps") for entry in numbers]),
    }
    for suffix in ("_null", "_inert", "_mbma", "_no_heterogeneity"):
        compared = [entry for entry in numbers if not math.isnan(entry.score(f"crps{suffix}"))]
        own = [entry.scaled("crps") for entry in compared]
        other = [entry.scaled(f"crps{suffix}") for entry in compared]
        name = {"_null": "skill"}.get(suffix, f"skill{suffix}")
        gain = [entry.score(f"log_score{suffix}") - entry.score("log_score") for entry in compared]
        found[f"numbers{suffix}"] = len(compared)
        found[f"crps{suffix}"] = _mean(other)
        found[name] = skill(own, other)
        found[f"log_score_gain{suffix}"] = _mean(gain)
    for level in LEVELS:
        found[f"covered_{level}"] = _mean([entry.score(f"covered_{level}") for entry in numbers])
    for suffix in ("_mbma", "_no_heterogeneity"):
        found[f"covered_90{suffix}"] = _mean([entry.score(f"covered_90{suffix}") for entry in numbers])
    for suffix in ("", "_mbma", "_no_heterogeneity"):
        found[f"width{suffix}"] = _median([entry.scaled(f"width{suffix}") for entry in numbers])
    return found


def skill_error(entries: Sequence[ScoreboardEntry], suffix: str = "_null") -> float:
    """Standard error of a skill, by leaving out one source at a time.

    entries   of the scoreboard
    suffix    of the baseline
    returns   the jackknife's standard error over sources; NaN for fewer than two

    Source: Efron B, Stein C. The jackknife estimate of variance. Ann Stat 1981;9:586-596.
    """
    rows = [entry for entry in entries if not math.isnan(entry.score(f"crps{suffix}") + entry.score("crps"))]
    sources = sorted({entry.source for entry in rows})
    if len(sources) < 2:
        return math.nan
    left = []
    for source in sources:
        kept = [entry for entry in rows if entry.source != source]
        left.append(skill([entry.scaled("crps") for entry in kept], [entry.scaled(f"crps{suffix}") for entry in kept]))
    return float(np.sqrt((len(left) - 1) * np.var(left)))


def _use(entry: ScoreboardEntry) -> str:
    return "used_in_fit" if entry.used_in_fit else "not_used_in_fit"


def _agreement_facts(entries: Sequence[ScoreboardEntry]) -> dict[str, Any]:
    found = asdict(agreement(entries))
    found["confusion"] = [
        {"published": seen, "predicted": said, "rows": count} for (seen, said), count in found["confusion"].items()
    ]
    return found


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if not math.isnan(value)]
    return float(np.mean(known)) if known else math.nan


def _median(values: Sequence[float]) -> float:
    known = [value for value in values if not math.isnan(value)]
    return float(np.median(known)) if known else math.nan
