"""Predictions repeated at posterior draws of the constants: a prediction in, its 90 % intervals and shares over draws out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike

from resprout.language.records import Model
from resprout.people.draws import draws_of

Found = TypeVar("Found")
LEVEL = 0.9
"""Of the intervals over draws: they hold parameter uncertainty alone, not how people or studies differ."""


def at_draws(
    model: Model, predict: Callable[[Model], Found], count: int, progress: Callable[[str], object] = str
) -> list[Found]:
    """A prediction at several of the model's posterior draws, evenly spread over them.

    predict    takes a model and gives what is predicted
    count      how many draws; all of them if the model has fewer
    progress   is told in a few words how far it has come
    returns    what was predicted at each draw; nothing where the model has no draws or none is asked for
    """
    draws = draws_of(model)
    chosen = np.unique(np.linspace(0, max(len(draws) - 1, 0), min(count, len(draws))).round().astype(int)).tolist()
    found = []
    for number, index in enumerate(chosen, start=1):
        progress(f"draw {number} of {len(chosen)}")
        found.append(predict(model.with_parameters(draws[index])))
    return found


def interval_over_draws(values: Sequence[ArrayLike]) -> tuple[float, float]:
    """The 90 % interval of a number over draws; not a number where there are none.

    values   [draw], those that are no numbers are left out
    """
    known = np.asarray(values, dtype=float)
    known = known[np.isfinite(known)]
    if not known.size:
        return float("nan"), float("nan")
    lower, upper = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(lower), float(upper)


def intervals_sentence(draws: int) -> str:
    """What the intervals hold, in a sentence."""
    return (
        f"Intervals are 90 % over {draws} posterior draws of the constants: parameter uncertainty of one typical person, without "
        "how people and studies differ."
    )
