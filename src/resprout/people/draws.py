"""Parameter uncertainty: posterior draws of the model's constants, also of people and ratings, from its table `draws`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from resprout.language.records import Model
from resprout.people.streams import uniforms

Numbers = NDArray[np.float64]


def draws_of(model: Model) -> tuple[dict[str, float], ...]:
    """Posterior draws, each by name of constant; empty where a model has none."""
    columns = _columns(model)
    return tuple(dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True))


def _columns(model: Model) -> dict[str, list[float]]:
    """Posterior draws by constant: [draw]; empty where a model has none."""
    return {row["name"]: [float(text) for text in row["values"].split()] for row in model.tables.get("draws", ())}


def with_draws(model: Model, draws: Sequence[Mapping[str, float]]) -> Model:
    """The same model with other draws, which have the same names."""
    names = draws[0] if draws else ()
    rows = tuple({"name": name, "values": " ".join(repr(float(draw[name])) for draw in draws)} for name in names)
    return replace(model, tables={**model.tables, "draws": rows})


def draws_words(model: Model, point: bool) -> str:
    """Which constants a result stands on, in a few words."""
    many = len(draws_of(model))
    return "at the point estimate" if point or not many else f"at {many} posterior draws"


def drawn_parameters(model: Model, seed: int, person: NDArray[np.int64]) -> dict[str, Numbers]:
    """Give every person a posterior draw of their own: by constant, [person]; empty where the model has none.

    Which draw a person has depends on seed and person alone. A summary over people then holds both how they differ and
    what is not known about all of them.
    """
    columns = _columns(model)
    if not columns:
        return {}
    many = len(next(iter(columns.values())))
    chosen = (uniforms(seed, "draw of the uncertain", person) * many).astype(np.int64)
    return {name: np.array(values)[chosen] for name, values in columns.items()}
