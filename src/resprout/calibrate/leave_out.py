"""Each published trial predicted by a fit that never saw it: a fit in; published numbers beside those predictions out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from resprout.calibrate.fit import Fit, Progress
from resprout.calibrate.posterior import sample
from resprout.language.records import Model
from resprout.people.draws import with_draws
from resprout.trial.design import LARGE_TRIAL
from resprout.trial.protocol import read_protocol
from resprout.trial.published import published_rows
from resprout.trial.series import run_series

MIDDLE = 0.9
DRAWS, STEPS = 40, 3000
REPETITIONS, REPETITIONS_LARGE = 120, 10


def leave_trials_out(
    model: Model,
    fit: Fit,
    others: Sequence[Mapping[str, float]],
    trials: Sequence[str],
    *,
    seed: int = 1,
    told: Progress,
) -> list[dict[str, Any]]:
    """Predict every trial without its own numbers.

    fit       of the part `mood`; its slopes carry the refit, the engine the prediction
    others    draws of the other parts, which no trial informs
    returns   rows as `published_rows`, with the middle 90 % of predictions as lower and upper
    """
    rows = []
    for trial in trials:
        told(f"without {trial}")
        seen = [not name.startswith(f"{trial}.") for name in fit.rows]
        draws = sample(fit, seed=seed, steps=STEPS, rows=seen).draws(DRAWS, seed)
        blind = with_draws(model, [{**other, **draw} for other, draw in zip(others, draws, strict=False)])
        design, regimens = read_protocol(trial, blind)
        count = REPETITIONS if design.people < LARGE_TRIAL else REPETITIONS_LARGE
        rows += published_rows(design, run_series(design, regimens, blind, count, seed)[1], MIDDLE)
    return rows
