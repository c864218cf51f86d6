"""Laboratory rows of the scoreboard: published measurements in, each beside the model and beside a model in which no drug acts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from resprout.calibrate.experiments import JOIN, SETTING, Arm, split
from resprout.calibrate.measurements import Measurement, read_measurements
from resprout.calibrate.predicted_measurements import predict_measurements
from resprout.calibrate.proper_scores import PredictiveScore, normal_mixture_samples, score_samples
from resprout.calibrate.scoreboard_entry import DIRECTION, LABORATORY, NUMBER, ScoreboardEntry, read_reasons, scores_of
from resprout.language.records import Model
from resprout.people.draws import draws_of

Numbers = NDArray[np.float64]
FROZEN = {"severity_time": 1e9}  # h: mood does not move within a lifetime
MOST_DRAWS = 40  # that hold a spread well enough; every measurement is computed at each
MOOD_STAGE, DOSE_STAGE = 6, 1
LEAST_RATIO = 1e-3  # a smaller one is scored as this


def laboratory_entries(model: Model) -> list[ScoreboardEntry]:
    """An entry for every published measurement, in the order of the table.

    The prediction is that of the posterior draws, with the measurement's own error around each. No drug works: at stage 6
    mood is frozen, at stages 2 to 5 drugs are not given; of a level in blood there is no such null.
    """
    rows = read_measurements(model)
    point = predict_measurements(model, rows)[0]
    draws = shared_draws(model)
    predicted = predict_measurements(model, rows, draws) if draws else point[None]
    null = null_predictions(model, rows, draws)
    reasons = read_reasons()
    return [
        _entry(row, float(point[place]), predicted[:, place], null[:, place], reasons) for place, row in enumerate(rows)
    ]


def shared_draws(model: Model) -> dict[str, Numbers]:
    """Posterior draws of the constants that reach the laboratory, MOST_DRAWS at most: by name, [draw]."""
    every = draws_of(model)[:MOST_DRAWS]
    names = [name for name in (every[0] if every else ()) if model.constants[name].in_chain]
    return {name: np.array([draw[name] for draw in every]) for name in names}


def null_predictions(model: Model, rows: Sequence[Measurement], draws: dict[str, Numbers]) -> Numbers:
    """What would be measured if no drug worked: [draw, row]; NaN for levels, and where no drug is given or mood is not read."""
    count = len(next(iter(draws.values()))) if draws else 1
    found = np.full((count, len(rows)), math.nan)
    mood = [place for place, row in enumerate(rows) if row.stage == MOOD_STAGE and _gives_a_drug(row)]
    other = [place for place, row in enumerate(rows) if DOSE_STAGE < row.stage < MOOD_STAGE and _gives_a_drug(row)]
    if mood:
        frozen = {**draws, **{name: np.full(count, value) for name, value in FROZEN.items()}}
        found[:, mood] = predict_measurements(model, [rows[place] for place in mood], frozen)
    if other:
        found[:, other] = predict_measurements(model, [_without_drugs(rows[place]) for place in other], draws or None)
    return found


def _gives_a_drug(row: Measurement) -> bool:
    return any(_doses(arm) for arm in (row.arm, row.reference) if arm is not None)


def _doses(arm: Arm) -> list[str]:
    return [part for part in split(arm.done, JOIN) if SETTING.fullmatch(part) is None]


def _without_drugs(row: Measurement) -> Measurement:
    """The same measurement where no drug is given."""
    return replace(row, arm=_undosed(row.arm), reference=None if row.reference is None else _undosed(row.reference))


def _undosed(arm: Arm) -> Arm:
    return Arm(arm.person, JOIN.join(part for part in split(arm.done, JOIN) if part not in _doses(arm)))


def _entry(
    row: Measurement, point: float, predicted: Numbers, null: Numbers, reasons: dict[str, str]
) -> ScoreboardEntry:
    passed = row.passes(point)
    what = " / ".join(f"{each.output} {each.kind} {_hours(each.start_h, each.stop_h)}" for each in row.readouts)
    # a measurement that no drug moves, and one of a level, are the same under the null
    known = null[np.isfinite(null)]
    without = float(np.median(known)) if known.size else point
    return ScoreboardEntry(
        id=row.id,
        group=LABORATORY,
        stage=row.stage,
        seed_row=row.seed_row,
        what=f"{what}, {row.compare or 'value'}; {row.arm.person}: {row.arm.done or 'untreated'}",
        observed=row.observed_text if math.isnan(row.observed) else row.observed,
        predicted=point,
        lower=row.lower,
        upper=row.upper,
        unit=row.unit,
        z=row.z(point),
        passed=passed,
        used_in_fit=row.used_in_fit,
        verification=row.verification,
        source=row.source,
        reason="" if passed else reasons.get(row.id, ""),
        kind=NUMBER if row.rule == "within" else DIRECTION,
        passed_null=row.passes(without) if row.stage == MOOD_STAGE else passed,
        scores=_scores(row, predicted, null),
    )


def _scores(row: Measurement, predicted: Numbers, null: Numbers) -> dict[str, float]:
    """Proper scores of a number; ratios are scored as logarithms, so that a factor counts alike wherever it is."""
    if row.rule != "within":
        return {}
    with_error: dict[str, PredictiveScore | None] = {}
    ratio = row.compare == "ratio"
    observed, spread = (math.log(row.observed), row.sd / row.observed) if ratio else (row.observed, row.sd)
    for suffix, found in (("", predicted), ("_null", null)):
        centres = np.log(np.maximum(found, LEAST_RATIO)) if ratio else found
        samples = normal_mixture_samples(centres, spread)
        with_error[suffix] = score_samples(observed, samples) if samples.size else None
    return scores_of(with_error, _scale(row))


def _scale(row: Measurement) -> float:
    """What the CRPS of a row is divided by before rows are added, so that relative errors are: a level by what was observed."""
    if row.unit == "percent":
        return 100.0
    if row.compare in ("ratio", "share") or row.unit == "dimensionless":
        return 1.0
    return abs(row.observed) or 1.0


def _hours(start: float, stop: float) -> str:
    return f"{start:.3g} h" if start == stop else f"{start:.3g}-{stop:.3g} h"
