"""Trial rows of the scoreboard: published numbers beside the model, its null models and the meta-analysis, with proper scores."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from resprout.calibrate.data_tables import data_rows
from resprout.calibrate.proper_scores import PredictiveScore
from resprout.calibrate.published_scores import SIGNIFICANT_VISITS, score_published, score_scale
from resprout.calibrate.residuals import is_fitted
from resprout.calibrate.scoreboard_entry import (
    BASELINE,
    BOUND,
    CONTROL_ARM,
    DIFFERENCE,
    DRUG_ARM,
    NUMBER,
    REPEATED,
    SIGNIFICANT_VISIT,
    SINGLE,
    TRIAL,
    ScoreboardEntry,
    read_reasons,
    scores_of,
)
from resprout.calibrate.trial_predictions import (
    META_ANALYSIS,
    NO_HETEROGENEITY,
    Numbers,
    PredictedNumber,
    Series,
    predict_trials,
)
from resprout.language.records import Model
from resprout.statistics.prediction_interval import prediction_interval
from resprout.trial.blinded_treatment import blinded_treatment
from resprout.trial.null_models import AS_MODELLED, DRUGS_INERT, MOOD_FROZEN
from resprout.trial.protocol import read_protocol

SUFFIX_OF = {
    AS_MODELLED: "",
    MOOD_FROZEN: "_null",
    DRUGS_INERT: "_inert",
    META_ANALYSIS: "_mbma",
    NO_HETEROGENEITY: "_no_heterogeneity",
}
OF_DIFFERENCE = (
    *(
        "difference",
        "difference_sd",
        "response_difference",
        "relative_response",
        "odds_ratio",
        "hazard_ratio",
        "cohen_d",
        "early_drug_share",
    ),
    *("difference_p", "interaction_p", *SIGNIFICANT_VISITS),
)
SAID = {"": "", "upper": "<= ", "lower": ">= "}


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


def trial_entries(
    model: Model,
    plans: Sequence[TrialPlan],
    replicates: int | None = None,
    seed: int = 1,
    **options: Any,
) -> list[ScoreboardEntry]:
    """An entry for every published number that counts, of some trials.

    model       of every patient
    plans       trials
    replicates  of each trial; None for those of its plan
    seed        of patients and raters
    options     `progress` and `meta_analysis` of `predict_trials`
    returns     entries, trial by trial
    """
    series = [Series(plan.trial, replicates or plan.replicates) for plan in plans]
    reasons = read_reasons()
    found = []
    for plan, numbers in zip(plans, predict_trials(model, series, seed, **options), strict=True):
        repeated = _repeated_from(model, plan.trial)
        found += [_entry(model, plan, number, repeated, reasons) for number in numbers]
    return [entry for entry in found if entry is not None]


def _entry(
    model: Model, plan: TrialPlan, number: PredictedNumber, repeated_h: float, reasons: Mapping[str, str]
) -> ScoreboardEntry | None:
    """One published number; None where the model's virtual trials could not estimate it."""
    row = number.row
    own = number.samples[AS_MODELLED]
    known = own[~np.isnan(own)]
    if not known.size:
        return None
    scores = {SUFFIX_OF[name]: score_published(number.row, samples) for name, samples in number.samples.items()}
    kind = SIGNIFICANT_VISIT if row.statistic in SIGNIFICANT_VISITS else BOUND if row.bound else NUMBER
    hour = "" if row.time is None else f" at {row.time:g} h"
    arm = f"{row.arm}, " if row.arm else ""
    name = f"{row.evidence} {plan.trial} {row.statistic}"
    passed = _passes(number, own, scores[""])
    comparison = comparison_of(number)
    lower, upper = prediction_interval(known, 0.95)
    return ScoreboardEntry(
        id=name,
        group=TRIAL,
        stage=6,
        seed_row=plan.seed_row,
        what=f"{plan.trial}, {arm}{row.endpoint} {row.statistic}{hour}",
        observed=f"{SAID[row.bound]}{row.value:g}" if row.bound else row.value,
        predicted=float(np.median(known)),
        lower=lower,
        upper=upper,
        unit="",
        z=math.nan,
        passed=passed,
        used_in_fit=is_fitted(plan.trial, row.statistic, row.verification),
        verification=row.verification,
        source=plan.trial,
        reason="" if passed else reasons.get(name, ""),
        kind=kind,
        counted=kind != SIGNIFICANT_VISIT,
        comparison=comparison,
        dosing="" if comparison == BASELINE else REPEATED if _hour(number) > repeated_h else SINGLE,
        passed_null=_passes(number, number.samples[MOOD_FROZEN], scores["_null"]),
        scores=scores_of(scores, score_scale(model, row)) if kind == NUMBER else {},
    )


def comparison_of(number: PredictedNumber) -> str:
    """What a published number is of: baseline, an arm on drug or control, or their difference."""
    row = number.row
    visits = number.protocol.visits_of(row.endpoint)
    if row.statistic == "noncarrier_share" or (row.time is not None and row.time <= visits[0]):
        return BASELINE
    if row.statistic in OF_DIFFERENCE:
        return DIFFERENCE
    controls = {arm.name for arm in number.protocol.arms if arm.control}
    return CONTROL_ARM if number.arm in controls or number.protocol.control == "wait_list" else DRUG_ARM


def _hour(number: PredictedNumber) -> float:
    visits = number.protocol.visits_of(number.row.endpoint)
    return visits[-1] if number.row.time is None else number.row.time


def _repeated_from(model: Model, trial: str) -> float:
    """Hour from which the blinded treatment of a trial has been given more than once; infinite where it is given once."""
    protocol, regimens = read_protocol(trial, model)
    times = blinded_treatment(protocol, regimens, model).occasions_h
    return times[1] if len(times) > 1 else math.inf


def _passes(number: PredictedNumber, samples: Numbers, score: PredictiveScore | None) -> bool:
    """A bound by the median of the prediction; a number by the 95 % interval."""
    known = samples[~np.isnan(samples)]
    if number.row.bound and known.size:
        middle = float(np.median(known))
        return middle <= number.row.value if number.row.bound == "upper" else middle >= number.row.value
    return score is not None and score.covered[95]
