"""What is uncertain: draws of constants and of facts about people and ratings, from the model's table `draws`, put in place of the point estimate."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resprout.language.records import Model
from resprout.people.population import replaced_facts
from resprout.people.streams import uniforms

Numbers = NDArray[np.float64]


def draws_of(model: Model) -> tuple[dict[str, float], ...]:
    """Draws from what the data leave open, each by name of constant or fact; empty where a model has none."""
    found: dict[str, dict[str, float]] = {}
    for row in model.tables.get("draws", ()):
        found.setdefault(row["draw"], {})[row["name"]] = float(row["value"])
    return tuple(found.values())


def with_draws(model: Model, draws: Sequence[Mapping[str, float]]) -> Model:
    """The same model with other draws."""
    rows = tuple(
        {"draw": str(number), "name": name, "value": repr(float(value))}
        for number, draw in enumerate(draws, start=1)
        for name, value in draw.items()
    )
    return replace(model, tables={**model.tables, "draws": rows})


def draws_words(model: Model, point: bool) -> str:
    """Which constants a result stands on, in a few words."""
    many = len(draws_of(model))
    return "at the point estimate" if point or not many else f"at {many} draws of what the data leave open"


def with_constants(model: Model, values: Mapping[str, float]) -> Model:
    """The same model with other values of some constants; its compiled kernels serve both."""
    changed = {name: replace(model.constants[name], value=float(value)) for name, value in values.items()}
    return replace(model, constants={**model.constants, **changed})


@contextlib.contextmanager
def held(model: Model, values: Mapping[str, float]) -> Iterator[Model]:
    """The model with these values, and facts about people and ratings replaced, for as long as the block lasts."""
    own = {name: value for name, value in values.items() if name in model.constants}
    with replaced_facts({name: value for name, value in values.items() if name not in own}):
        yield with_constants(model, own)


@contextlib.contextmanager
def drawn_for(
    model: Model, seed: int, person: NDArray[np.int64], uncertain: bool = True
) -> Iterator[dict[str, Numbers]]:
    """Give every person a draw of their own: by drawn constant, [person]; facts are replaced while the block lasts.

    uncertain   whether to; otherwise nothing is drawn

    Which draw a person has depends on seed and person alone. A summary over people then holds both how they differ and
    what is not known about all of them.
    """
    draws = draws_of(model) if uncertain else ()
    if not draws:
        yield {}
        return
    chosen = (uniforms(seed, "draw of the uncertain", person) * len(draws)).astype(np.int64)
    each = {name: np.array([draw[name] for draw in draws])[chosen] for name in draws[0]}
    own = {name: value for name, value in each.items() if name in model.constants}
    facts: Any = {name: value for name, value in each.items() if name not in own}
    with replaced_facts(facts):
        yield own
