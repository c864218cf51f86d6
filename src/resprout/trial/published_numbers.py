"""Published numbers beside their predictions: a protocol's `published` rows and an outcome in, a table of both out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resprout.statistics.prediction_interval import prediction_interval
from resprout.trial.design import Protocol, Published
from resprout.trial.reported_statistics import statistic
from resprout.trial.trial_outcome import Outcome

PUBLISHED_COLUMNS = [
    "trial",
    "evidence",
    "arm",
    "endpoint",
    "time_h",
    "statistic",
    "published",
    "bound",
    "predicted",
    "lower",
    "upper",
    "inside",
    "verification",
    "note",
    "replicates",
    "estimable",
]
COUNTED = ("read", "secondary")  # numbers not verified at source are shown, never counted
ROUNDING = 0.005  # a share printed as a whole percentage


Predicted = Callable[[Published, NDArray[np.float64]], NDArray[np.float64]]


def published_rows(
    protocol: Protocol, outcome: Outcome, middle: float = 0.95, observe: Predicted | None = None
) -> list[dict[str, Any]]:
    """Compare every published number of a protocol with its prediction interval over replicates.

    protocol  design of the trial
    outcome   ratings and dropout of every replicate
    middle    scalar  1  level of the prediction interval
    observe   takes a row and its counterparts [replicate], gives what would have been published; None for the same
    returns   rows with PUBLISHED_COLUMNS; `predicted` is the median over the `estimable` ones of the `replicates`, `inside`
              says whether the interval contains the number (or, where it is only a bound, reaches it), None for numbers not
              verified at source and for those that are estimable in no replicate
    """
    return [_row(protocol, outcome, row, middle, observe) for row in protocol.published]


def inside_share(rows: list[dict[str, Any]]) -> tuple[int, int]:
    """Coverage of the prediction intervals.

    rows     as `published_rows` gives them
    returns  number of read and secondary values inside their interval, and number of such values
    """
    counted = [row for row in rows if row["verification"] in COUNTED]
    return sum(bool(row["inside"]) for row in counted), len(counted)


def published_statistic(protocol: Protocol, outcome: Outcome, row: Published) -> NDArray[np.float64]:
    """The counterpart of a published number in every replicate.

    protocol  design of the trial
    outcome   ratings and dropout of every replicate
    row       the published number
    returns   [replicate]
    """
    seen = outcome if row.people is None else outcome.first_people(row.people)
    return statistic(protocol, seen, row.statistic, row.arm, row.endpoint, row.time)


def _row(
    protocol: Protocol, outcome: Outcome, row: Published, middle: float, observe: Predicted | None
) -> dict[str, Any]:
    found = published_statistic(protocol, outcome, row)
    if observe is not None:
        found = observe(row, found)
    # an infinite day means that nobody relapsed; it counts as late, not as missing
    known = found[~np.isnan(found)]
    lower, upper = prediction_interval(known, middle)
    reaches = {
        "": lower - ROUNDING <= row.value <= upper + ROUNDING,
        "upper": lower <= row.value,
        "lower": upper >= row.value,
    }[row.bound]
    values = (
        protocol.name,
        row.evidence,
        row.arm,
        row.endpoint,
        np.nan if row.time is None else row.time,
        row.statistic,
        row.value,
        row.bound,
        float(np.median(known)) if known.size else np.nan,
        float(lower),
        float(upper),
        bool(reaches) if row.verification in COUNTED and known.size else None,
        row.verification,
        row.note,
        len(found),
        int(known.size),
    )
    return dict(zip(PUBLISHED_COLUMNS, values, strict=True))
