"""Between-subject variability: distributions of the constants and random effects (etas) in, constants of every person out."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from resprout.errors import Fault, ModelError, nearest
from resprout.language.records import Constant, Model
from resprout.people.studies import many_etas

Numbers = NDArray[np.float64]


def log_normal(eta: Numbers, cv: float | Numbers) -> Numbers:
    """A log-normal multiplier of mean 1.

    eta      [person]  1  standard normal
    cv       scalar or [person]  1  coefficient of variation
    returns  [person]  1
    """
    sd = np.sqrt(np.log1p(cv * cv))
    return np.asarray(np.exp(sd * eta - sd * sd / 2))


def odds_times(share: float | Numbers, multiplier: Numbers) -> Numbers:
    """A share whose odds are multiplied; 0 and 1 stay what they are.

    share       scalar or [person]  1  share whose odds are multiplied
    multiplier  [person]            1  of the odds
    returns     [person]            1  0 to 1
    """
    return np.asarray(share * multiplier / (1 - share + share * multiplier))


REVERSAL_POTENTIAL_MV = -80.0  # potentials are spread by their distance from here, so that none changes sign
SPREADS: dict[str, Callable[[float | Numbers, float, Numbers], Numbers]] = {
    "cv": lambda value, size, eta: value * log_normal(eta, size),
    "logsd": lambda value, size, eta: value * np.exp(size * eta),
    "logit": lambda value, size, eta: odds_times(value, np.exp(size * eta)),
    "odds": lambda value, size, eta: odds_times(value, log_normal(eta, size)),
    "margin": lambda value, size, eta: 1 + (value - 1) * log_normal(eta, size),
    "distance": lambda value, size, eta: (
        REVERSAL_POTENTIAL_MV + (value - REVERSAL_POTENTIAL_MV) * log_normal(eta, size)
    ),
}


def spread_of(constant: Constant) -> tuple[str, float] | None:
    """Read a spread word, for instance "cv 0.2" as ("cv", 0.2); None where people do not differ."""
    if not constant.spread.strip():
        return None
    word, _, size = constant.spread.strip().partition(" ")
    try:
        if word in SPREADS and 0 <= float(size) < 10:
            return word, float(size)
    except ValueError:
        pass
    fault = Fault(
        f"the spread of `{constant.name}` reads `{constant.spread}`.",
        f"{constant.file}:{constant.line}",
        "Expected one of " + ", ".join(SPREADS) + " and a size from 0 to 10, for instance `cv 0.2`.",
    )
    raise ModelError(fault)


def eta_name(constant: Constant) -> str:
    """The name of the eta that moves this constant: its own, or one shared with others."""
    return constant.shared.strip() or constant.name


@functools.lru_cache(maxsize=128)
def _spread_constants(model: Model) -> tuple[tuple[Constant, str, float, str], ...]:
    """Constants in which people differ: each with its spread word, its size, and the eta that moves it."""
    found = [(constant, spread_of(constant)) for constant in model.constants.values()]
    return tuple((constant, *spread, eta_name(constant)) for constant, spread in found if spread)


def draw_etas(model: Model, seed: int, person: NDArray[np.int64], correlation: float | Numbers) -> dict[str, Numbers]:
    """Draw every eta of the model, correlated as `correlations.tsv` says.

    seed, person, correlation    as in `studies.etas`
    returns         by eta: [person], standard normal
    """
    names = sorted({name for *_, name in _spread_constants(model)})
    found = many_etas(seed, [f"spread of {name}" for name in names], person, correlation)
    drawn = dict(zip(names, found.values(), strict=True))
    for group, factor in _correlated_groups(model):
        mixed = factor @ np.stack([drawn[name] for name in group])
        drawn.update(zip(group, mixed, strict=True))
    return drawn


def spread_constants(
    model: Model, etas: Mapping[str, Numbers], middle: Mapping[str, Numbers] | None = None
) -> dict[str, Numbers]:
    """Give every person's value of each constant in which people differ.

    etas   by eta: [person]        returns   by constant: [person], in the constant's unit
    middle     by constant: [person] what the person's value spreads around; the shipped value where it names none
    """
    around = middle or {}
    return {
        constant.name: SPREADS[word](around.get(constant.name, constant.value), size, etas[eta])
        for constant, word, size, eta in _spread_constants(model)
        if constant.value != 0
    }


@functools.lru_cache(maxsize=128)
def _correlated_groups(model: Model) -> list[tuple[list[str], Numbers]]:
    """Group the etas that correlate, each group with the lower factor that makes the correlation."""
    names = {name for *_, name in _spread_constants(model)}
    pairs, faults = {}, []
    owner = {name: eta_name(constant) for name, constant in model.constants.items()}
    for line, row in enumerate(model.tables.get("correlations", ()), start=2):
        first, second = (owner.get(row[side], row[side]) for side in ("first", "second"))
        for name in (first, second):
            if name not in names:
                where = f"correlations.tsv:{line}"
                faults.append(Fault(f"`{name}` is no random effect of the model.", where, remedy=nearest(name, names)))
        pairs[first, second] = float(row["correlation"])
    if faults:
        raise ModelError(*faults)
    return [(group, _factor(group, pairs)) for group in _connected(pairs)]


def eta_correlations(model: Model) -> tuple[list[str], Numbers]:
    """Names of all etas, and their correlations.

    model    whose etas
    returns  names in alphabetical order, and [eta, eta]
    """
    names = sorted({name for *_, name in _spread_constants(model)})
    table = np.eye(len(names))
    for group, factor in _correlated_groups(model):
        rows = [names.index(name) for name in group]
        table[np.ix_(rows, rows)] = factor @ factor.T
    return names, table


def _connected(pairs: Iterable[tuple[str, str]]) -> list[list[str]]:
    """Collect names joined by pairs, directly or through others; each group in alphabetical order."""
    groups: list[set[str]] = []
    for pair in pairs:
        joined = set(pair).union(*(group for group in groups if group & set(pair)))
        groups = [group for group in groups if not group & joined] + [joined]
    return [sorted(group) for group in groups]


def _factor(group: list[str], pairs: Mapping[tuple[str, str], float]) -> Numbers:
    """The Cholesky factor of a group's correlations; pairs not listed are uncorrelated."""
    matrix = np.eye(len(group))
    for (first, second), correlation in pairs.items():
        if first in group:
            row, column = group.index(first), group.index(second)
            matrix[row, column] = matrix[column, row] = correlation
    try:
        return np.linalg.cholesky(matrix).astype(np.float64)
    except np.linalg.LinAlgError:
        fault = Fault(
            f"the correlations between {', '.join(group)} contradict each other.",
            "correlations.tsv",
            "Together they must form a positive definite matrix.",
            "Weaken one, or state the missing pairs.",
        )
        raise ModelError(fault) from None
