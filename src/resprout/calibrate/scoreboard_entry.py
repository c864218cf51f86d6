"""One row of the scoreboard, and the scoreboard as the file that ships with the package."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, get_args

from resprout.calibrate.data_tables import data_rows
from resprout.calibrate.proper_scores import LEVELS, PredictiveScore
from resprout.language.data_schemas import Comparison, Dosing, RecordedMark, RowKind
from resprout.language.schemas import SeedRow

LABORATORY, INTERVENTION, TRIAL = "laboratory", "intervention", "trial"
GROUPS = {
    LABORATORY: "levels, receptors, glutamate, signals, spines and behaviour, each in one typical person or animal",
    INTERVENTION: "blocks, knock-outs and added drugs",
    TRIAL: "published trials, repeated on virtual patients",
}
NUMBER, DIRECTION, BOUND, WORD, SIGNIFICANT_VISIT = get_args(RowKind)
KINDS = {
    NUMBER: "a number, which the interval of the prediction must hold",
    DIRECTION: "a direction only: above or below a bound",
    BOUND: "a limit, such as p <= 0.05, that the median of the prediction must meet",
    WORD: "whether an intervention abolishes, attenuates, preserves or enhances an effect",
    SIGNIFICANT_VISIT: "the first or last significant visit, which depends on the number of people: shown, not counted",
}
DRUG_ARM, CONTROL_ARM, DIFFERENCE, BASELINE = (each for each in get_args(Comparison) if each)
SINGLE, REPEATED = (each for each in get_args(Dosing) if each)
COLUMNS = RecordedMark.columns()
SEED_ROWS = get_args(SeedRow)
SUFFIXES = ("", "_null", "_inert", "_mbma", "_no_heterogeneity")
"""Of columns of scores: the model, no drug changes mood, no drug does anything, meta-analysis, no between-study heterogeneity."""
SCORES = (
    *(f"crps{suffix}" for suffix in SUFFIXES),
    *(f"log_score{suffix}" for suffix in SUFFIXES),
    "skill",
    "skill_inert",
    "skill_mbma",
    *(f"covered_{level}" for level in LEVELS),
    "covered_90_mbma",
    "covered_90_no_heterogeneity",
    "width",
    "width_mbma",
    "width_no_heterogeneity",
    "crps_scale",
)


@dataclass(frozen=True)
class ScoreboardEntry:
    """One published row beside the model.

    observed, predicted   a number in `unit`, or words     lower, upper   of the laboratory: what counts as agreement with
                          the prediction; of a trial: its 95 % prediction interval, which must hold what was observed
    z                     distance in sd of the observation, NaN where it has none
    kind                  a key of KINDS                   counted        whether it is part of the totals
    comparison, dosing    of a trial: what the number is of, and whether the treatment had been given once or repeatedly
    passed_null           whether the row would pass if no drug changed mood
    scores                by name of SCORES: proper scores of the prediction and of its baselines, NaN where there is none
    """

    id: str
    group: str
    stage: int
    seed_row: str
    what: str
    observed: float | str
    predicted: float | str
    lower: float
    upper: float
    unit: str
    z: float
    passed: bool
    used_in_fit: bool
    verification: str
    source: str
    reason: str = ""
    kind: str = NUMBER
    counted: bool = True
    comparison: str = ""
    dosing: str = ""
    passed_null: bool = False
    scores: Mapping[str, float] = field(default_factory=dict)

    def score(self, name: str) -> float:
        """One of SCORES; NaN where the row has none."""
        return self.scores.get(name, math.nan)

    def scaled(self, name: str) -> float:
        """A CRPS or a width in units that can be added over rows."""
        return self.score(name) / self.score("crps_scale")


def scores_of(by_suffix: Mapping[str, PredictiveScore | None], scale: float) -> dict[str, float]:
    """Scores of one row.

    by_suffix  for suffixes of SUFFIXES: the score of that prediction
    scale      what its CRPS is divided by before rows are added
    returns    by name of SCORES
    """
    found: dict[str, float] = {"crps_scale": scale}
    for suffix, score in by_suffix.items():
        if score is None:
            continue
        found[f"crps{suffix}"] = score.crps
        found[f"log_score{suffix}"] = score.log_score
        if suffix in ("", "_mbma", "_no_heterogeneity"):
            found[f"width{suffix}"] = score.width
            found[f"covered_90{suffix}"] = float(score.covered[90])
        if not suffix:
            found |= {f"covered_{level}": float(score.covered[level]) for level in LEVELS}
    for name, suffix in (("skill", "_null"), ("skill_inert", "_inert"), ("skill_mbma", "_mbma")):
        other = found.get(f"crps{suffix}", math.nan)
        found[name] = 1 - found.get("crps", math.nan) / other if other > 0 else math.nan
    return {name: found.get(name, math.nan) for name in SCORES}


def read_reasons() -> dict[str, str]:
    """Why a row is missed, by its id."""
    return {row["id"]: row["reason"] for row in data_rows("misses")}


def recorded_entries() -> list[ScoreboardEntry]:
    """The scoreboard as it was last written down with the package, with the reasons of today."""
    reasons = read_reasons()
    return [
        ScoreboardEntry(
            id=row["id"],
            group=row["group"],
            stage=int(row["stage"]),
            seed_row=row["seed_row"],
            what=row["what"],
            observed=_number_or_words(row["observed"]),
            predicted=_number_or_words(row["predicted"]),
            lower=_number(row["lower"]),
            upper=_number(row["upper"]),
            unit=row["unit"],
            z=_number(row["z"]),
            passed=row["pass"] == "true",
            used_in_fit=row["used_in_fit"] == "true",
            verification=row["verification"],
            source=row["source"],
            reason="" if row["pass"] == "true" else reasons.get(row["id"], row["reason"]),
            kind=row["kind"],
            counted=row["counted"] == "true",
            comparison=row["comparison"],
            dosing=row["dosing"],
            passed_null=row["passed_null"] == "true",
            scores={name: _number(row[name]) for name in SCORES},
        )
        for row in data_rows("scoreboard")
    ]


def recorded_text(entries: Iterable[ScoreboardEntry]) -> str:
    """The scoreboard as the file that `recorded_entries` reads."""
    lines = ["# What came out and what did not, when `make scoreboard` last wrote this file.", "\t".join(COLUMNS)]
    lines += ["\t".join(_written(cell) for cell in entry_cells(entry).values()) for entry in entries]
    return "\n".join(lines) + "\n"


def entry_cells(entry: ScoreboardEntry) -> dict[str, Any]:
    """Every column of one entry as plain data; a share that can only be 0 or 1 is a truth, None where there is none."""
    found: dict[str, Any] = {}
    for name in COLUMNS:
        if name in SCORES:
            value = entry.score(name)
            covers = name.startswith("covered")
            found[name] = (None if math.isnan(value) else bool(value)) if covers else value
        else:
            found[name] = getattr(entry, "passed" if name == "pass" else name)
    return found


def _written(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float):
        return "" if math.isnan(cell) else f"{cell:.4g}"
    return str(cell)


def _number(text: str) -> float:
    return {"true": 1.0, "false": 0.0}.get(text, float(text) if text not in ("", "true", "false") else math.nan)


def _number_or_words(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text
