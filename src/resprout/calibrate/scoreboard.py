"""The scoreboard: every usable published row beside the model's own number, with a result; laboratory, interventions, trials."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

import pandas as pd

from resprout.calibrate.data_tables import check_data, data_rows
from resprout.calibrate.experiments import JOIN, OR, split
from resprout.calibrate.interventions import SEEN, InterventionResult, run_interventions
from resprout.calibrate.measurements import Measurement, read_measurements
from resprout.calibrate.predicted_measurements import predict_measurements
from resprout.calibrate.residuals import is_fitted
from resprout.errors import Fault, InputError, refuse_others
from resprout.language import STAGES, given_or_shipped
from resprout.language.bounds import REPLICATES, SEED
from resprout.language.data_schemas import RecordedMark
from resprout.language.drug_instances import with_drugs_named
from resprout.language.given_values import names_of, plain_of, whole_of
from resprout.language.readouts import read_readouts
from resprout.language.records import Model
from resprout.language.schemas import SeedRow
from resprout.trial.published_numbers import COUNTED
from resprout.trial.trial import published_of

LABORATORY, INTERVENTION, TRIAL = "laboratory", "intervention", "trial"
GROUPS = {
    LABORATORY: "levels, receptors, glutamate, signals, spines and behaviour, each in one typical person or animal",
    INTERVENTION: "blocks, knock-outs and added drugs",
    TRIAL: "published trials, repeated on virtual patients",
}
COLUMNS = RecordedMark.columns()
SEED_ROWS = get_args(SeedRow)
BOUNDS = {"": "", "upper": "<= ", "lower": ">= "}


@dataclass(frozen=True)
class ScoreboardEntry:
    """One published row beside the model.

    observed, predicted   a number in `unit`, or words     lower, upper   of the laboratory: what counts as agreement with
                          the prediction; of a trial: its 95 % prediction interval, which must hold what was observed
    z                     distance in sd of the observation, NaN where it has none
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


@dataclass(frozen=True)
class TrialPlan:
    """How a shipped trial enters the scoreboard: its row of the review, replicates, and whether it is quick."""

    trial: str
    seed_row: str
    replicates: int
    quick: bool


def read_trials() -> tuple[TrialPlan, ...]:
    """The shipped trials of the scoreboard, in the table's order."""
    return tuple(
        TrialPlan(row["trial"], row["seed_row"], int(row["replicates"]), row["quick"] == "true")
        for row in data_rows("trials")
    )


def read_reasons() -> dict[str, str]:
    """Why a row is missed, by its id."""
    return {row["id"]: row["reason"] for row in data_rows("misses")}


def laboratory_entries(model: Model) -> list[ScoreboardEntry]:
    """A entry for every published measurement."""
    rows = read_measurements(model)
    predicted = predict_measurements(model, rows)[0]
    return [_laboratory_entry(row, float(value)) for row, value in zip(rows, predicted, strict=True)]


def intervention_entries(model: Model) -> list[ScoreboardEntry]:
    """A entry for every published intervention that was read in its source or in a page that cites it."""
    return [
        _intervention_entry(model, result)
        for result in run_interventions(model)
        if result.row["verification"] in COUNTED
    ]


def trial_entries(model: Model, plan: TrialPlan, replicates: int | None = None, seed: int = 1) -> list[ScoreboardEntry]:
    """A entry for every published number of one trial that counts."""
    reasons = read_reasons()
    rows = published_of(plan.trial, model, replicates or plan.replicates, seed)
    return [_trial_entry(plan, row, reasons) for row in rows if row["inside"] is not None]


def validate(
    model: Model | None = None, trials: Sequence[str] | None = None, replicates: int | None = None, seed: int = 1
) -> pd.DataFrame:
    """Compare a model with every published result that can be used.

    model       None for the shipped one
    trials      names of trials to simulate; None for all, which takes minutes, () for none
    replicates  of each trial; None for those of the scoreboard
    seed        of patients and raters
    returns     a row for each published result: observed, predicted, lower, upper, pass, used_in_fit, reason and origin
    raises      InputError for trials that are not on the scoreboard; ModelError with every fault of the package's tables
    """
    names = None if trials is None else names_of(trials)
    refuse_others(
        ("trials", trials, trials is None or names is not None, 'a list of names, such as `["berman2000"]`'),
        (
            "replicates",
            replicates,
            replicates is None or REPLICATES.allows(whole_of(replicates)),
            "a whole number from 1",
        ),
        ("seed", seed, SEED.allows(whole_of(seed)), "a whole number from 0"),
    )
    replicates, seed = plain_of(replicates), plain_of(seed)
    chosen = given_or_shipped(model)
    if model is None:
        check_data(chosen)
    entries = [*laboratory_entries(chosen), *intervention_entries(chosen)]
    for plan in chosen_trials(names):
        entries += trial_entries(chosen, plan, replicates, seed)
    return pd.DataFrame(scoreboard_facts(entries)["rows"], columns=list(COLUMNS))


def chosen_trials(names: Sequence[str] | None) -> tuple[TrialPlan, ...]:
    """The trials of the scoreboard with these names; all for None.

    raises   InputError for names that are not on the scoreboard
    """
    plans = read_trials()
    known = [plan.trial for plan in plans]
    unknown = [name for name in names or () if name not in known]
    if unknown:
        raise InputError(
            *(
                Fault(f"`{name}` is no trial of the scoreboard.", "", f"Expected {', '.join(known)}.")
                for name in unknown
            )
        )
    return tuple(plan for plan in plans if names is None or plan.trial in names)


def scoreboard_facts(entries: Sequence[ScoreboardEntry]) -> dict[str, Any]:
    """The scoreboard as plain data: rows, totals, and totals by group, stage, row of the review and use."""
    rows = [dict(zip(COLUMNS, _cells(entry), strict=True)) for entry in entries]
    return {
        "rows": rows,
        **_count(entries),
        "by_use": {
            "used_in_fit": _count([entry for entry in entries if entry.used_in_fit]),
            "not_used_in_fit": _count([entry for entry in entries if not entry.used_in_fit]),
        },
        "by_group": {group: _count([entry for entry in entries if entry.group == group]) for group in GROUPS},
        "by_stage": {
            f"{number} {stage}": _count([entry for entry in entries if entry.stage == number])
            for number, stage in enumerate(STAGES, 1)
        },
        "by_seed_row": {row: _count([entry for entry in entries if entry.seed_row == row]) for row in SEED_ROWS},
    }


def recorded_entries() -> list[ScoreboardEntry]:
    """The scoreboard as it was last written down with the package, with the reasons of today."""
    reasons, words = read_reasons(), ("id", "group", "seed_row", "what", "unit", "verification", "source")
    return [
        ScoreboardEntry(
            **{name: row[name] for name in words},
            reason="" if row["pass"] == "true" else reasons.get(row["id"], row["reason"]),
            stage=int(row["stage"]),
            observed=_number_or_words(row["observed"]),
            predicted=_number_or_words(row["predicted"]),
            lower=_number(row["lower"]),
            upper=_number(row["upper"]),
            z=_number(row["z"]),
            passed=row["pass"] == "true",
            used_in_fit=row["used_in_fit"] == "true",
        )
        for row in data_rows("scoreboard")
    ]


def recorded_text(entries: Iterable[ScoreboardEntry]) -> str:
    """The scoreboard as the file that `recorded_entries` reads."""
    lines = ["# What came out and what did not, when `make scoreboard` last wrote this file.", "\t".join(COLUMNS)]
    lines += ["\t".join(_written(cell) for cell in _cells(entry)) for entry in entries]
    return "\n".join(lines) + "\n"


def _laboratory_entry(row: Measurement, predicted: float) -> ScoreboardEntry:
    passed = row.passes(predicted)
    observed = row.observed_text if math.isnan(row.observed) else row.observed
    what = " / ".join(f"{each.output} {each.kind} {_hours(each.start_h, each.stop_h)}" for each in row.readouts)
    done = row.arm.done or "untreated"
    return ScoreboardEntry(
        id=row.id,
        group=LABORATORY,
        stage=row.stage,
        seed_row=row.seed_row,
        what=f"{what}, {row.compare or 'value'}; {row.arm.person}: {done}",
        observed=observed,
        predicted=predicted,
        lower=row.lower,
        upper=row.upper,
        unit=row.unit,
        z=row.z(predicted),
        passed=passed,
        used_in_fit=row.used_in_fit,
        verification=row.verification,
        source=row.source,
        reason="" if passed else read_reasons().get(row.id, ""),
    )


def _intervention_entry(model: Model, result: InterventionResult) -> ScoreboardEntry:
    row = result.row
    outputs = [measure.output for measure in read_readouts(row["measure"], where=row["id"])] if row["measure"] else []
    known = with_drugs_named(model, outputs).equations
    stages = [known[name].stage for name in outputs if name in known]
    beside = f" beside {row['drug']}" if row["drug"] else ""
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
        reason=read_reasons().get(row["id"], result.reason) if not result.agrees else "",
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


def _trial_entry(plan: TrialPlan, row: Mapping[str, Any], reasons: Mapping[str, str]) -> ScoreboardEntry:
    hour = "" if math.isnan(row["time_h"]) else f" at {row['time_h']:g} h"
    arm = f"{row['arm']}, " if row["arm"] else ""
    name = f"{row['evidence']} {row['trial']} {row['statistic']}"
    passed = bool(row["inside"])
    return ScoreboardEntry(
        id=name,
        group=TRIAL,
        stage=6,
        seed_row=plan.seed_row,
        what=f"{row['trial']}, {arm}{row['endpoint']} {row['statistic']}{hour}",
        observed=f"{BOUNDS[row['bound']]}{row['published']:g}" if row["bound"] else row["published"],
        predicted=row["predicted"],
        lower=row["lower"],
        upper=row["upper"],
        unit="",
        z=math.nan,
        passed=passed,
        used_in_fit=is_fitted(row["trial"], row["statistic"], row["verification"]),
        verification=row["verification"],
        source=row["trial"],
        reason="" if passed else reasons.get(name, ""),
    )


def _count(entries: Sequence[ScoreboardEntry]) -> dict[str, int]:
    return {"passed": sum(entry.passed for entry in entries), "total": len(entries)}


def _cells(entry: ScoreboardEntry) -> list[Any]:
    return [getattr(entry, "passed" if name == "pass" else name) for name in COLUMNS]


def _written(cell: Any) -> str:
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float):
        return "" if math.isnan(cell) else f"{cell:.4g}"
    return str(cell)


def _hours(start: float, stop: float) -> str:
    return f"{start:.3g} h" if start == stop else f"{start:.3g}-{stop:.3g} h"


def _number(text: str) -> float:
    return float(text) if text else math.nan


def _number_or_words(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text
