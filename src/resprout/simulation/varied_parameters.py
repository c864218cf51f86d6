"""Between-patient variability of an imported model: `k=lognormal(cv=0.3), V=normal(10, 2), corr(k, V)=0.4` -> values of each patient.

Every name has a stream of random numbers of its own, from which a patient's number takes one: a patient's values depend on seed,
name and number alone. Correlations are those of the standard normal numbers that stand behind the values (a Gaussian copula).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from resprout.errors import Fault, InputError, nearest
from resprout.people.streams import normals

Numbers = NDArray[np.float64]
EXAMPLE = "Expected for instance `k=lognormal(cv=0.3), V=normal(10, 2), corr(k, V)=0.4`."
FORMS = {
    "lognormal": "lognormal(cv=0.3), lognormal(logsd=0.3), or a mean (with cv) or median (with logsd) before it",
    "normal": "normal(10, 2), normal(sd=2) or normal(cv=0.2)",
    "uniform": "uniform(1, 2)",
    "loguniform": "loguniform(1, 100)",
}
WORDS = {"lognormal": ("cv", "logsd"), "normal": ("sd", "cv"), "uniform": (), "loguniform": ()}
LIMITS = ("min", "max")
NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_SPREAD = re.compile(r"([A-Za-z_]\w*)\s*[=~]\s*([A-Za-z]\w*)\s*\(([^()]*)\)")
_CORRELATION = re.compile(rf"corr\s*\(\s*([A-Za-z_]\w*)\s*,\s*([A-Za-z_]\w*)\s*\)\s*=\s*({NUMBER})")
_ITEM = re.compile(r",(?![^()]*\))")
LEAST_SHARE = 1e-6
"""Share of a distribution that has to lie between its limits."""


@dataclass(frozen=True)
class Spread:
    """How one quantity varies.

    name     of a constant or initial value        kind    of the distribution, as in FORMS
    given    its numbers without a name            words   its numbers by name: cv, sd or logsd, min, max
    """

    name: str
    kind: str
    given: tuple[float, ...]
    words: Mapping[str, float]

    def needs_centre(self) -> bool:
        """Whether it lies around the value that the model has."""
        return self.kind in ("lognormal", "normal") and not self.given

    def scale(self, centre: float) -> tuple[float, float, bool]:
        """Middle and standard deviation of the normal distribution behind it, and whether it is one of logarithms.

        centre    value of the model, which is the mean, or with `logsd` the median
        """
        middle = self.given[0] if self.given else centre
        if self.kind == "normal":
            own = (
                self.given[1] if len(self.given) > 1 else self.words.get("sd", self.words.get("cv", 0.0) * abs(middle))
            )
            return middle, own, False
        if "logsd" in self.words:
            return math.log(middle), self.words["logsd"], True
        variance = math.log1p(self.words["cv"] ** 2)
        return math.log(middle) - variance / 2, math.sqrt(variance), True

    def values(self, eta: Numbers, centre: float) -> Numbers:
        """[patient] in the unit of the quantity.

        eta       [patient] standard normal
        centre    as in `scale`
        """
        if self.kind == "uniform":
            low, high = self.given
            return np.asarray(low + (high - low) * ndtr(eta))
        if self.kind == "loguniform":
            low, high = (math.log(end) for end in self.given)
            return np.asarray(np.exp(low + (high - low) * ndtr(eta)))
        middle, own, logarithms = self.scale(centre)
        if own == 0:
            return np.full(len(eta), math.exp(middle) if logarithms else middle)
        lowest, highest = self._limits(middle, own, logarithms)
        if math.isfinite(lowest) or math.isfinite(highest):
            eta = ndtri(ndtr(lowest) + (ndtr(highest) - ndtr(lowest)) * ndtr(eta))
        plain = middle + own * eta
        found = np.exp(plain) if logarithms else plain
        # the last digit may lie beyond
        return np.clip(found, self.words.get("min", -np.inf), self.words.get("max", np.inf))

    def share_within(self, centre: float) -> float:
        """The share of the distribution that lies between its limits."""
        if self.kind not in ("lognormal", "normal") or not {*self.words} & {*LIMITS}:
            return 1.0
        middle, own, logarithms = self.scale(centre)
        if own == 0:
            value = math.exp(middle) if logarithms else middle
            return float(self.words.get("min", -math.inf) <= value <= self.words.get("max", math.inf))
        lowest, highest = self._limits(middle, own, logarithms)
        return float(ndtr(highest) - ndtr(lowest))

    def _limits(self, middle: float, own: float, logarithms: bool) -> tuple[float, float]:
        """The limits as standard normal numbers."""
        found = []
        for word, none in (("min", -math.inf), ("max", math.inf)):
            limit = self.words.get(word, none)
            if logarithms:
                limit = math.log(limit) if limit > 0 else -math.inf
            found.append((limit - middle) / own)
        return found[0], found[1]


@dataclass(frozen=True)
class Variation:
    """How patients differ.

    text           as it was written
    spreads        of the quantities that vary, each once
    correlations   (one name, another, correlation)
    """

    text: str
    spreads: tuple[Spread, ...]
    correlations: tuple[tuple[str, str, float], ...]

    def factor(self) -> Numbers:
        """[spread, spread] the lower Cholesky factor of the correlations.

        raises   np.linalg.LinAlgError if they contradict each other
        """
        names = [spread.name for spread in self.spreads]
        matrix = np.eye(len(names))
        for one, other, value in self.correlations:
            row, column = names.index(one), names.index(other)
            matrix[row, column] = matrix[column, row] = value
        return np.linalg.cholesky(matrix).astype(np.float64)

    def draw(self, seed: int, patient: NDArray[np.int64], centre: Mapping[str, float]) -> dict[str, Numbers]:
        """Values of some patients, by name: [patient].

        seed      of the population
        patient   [patient] numbers in the population, from 0
        centre    value of the model by name
        """
        plain = [normals(seed, f"variation of {spread.name}", patient) for spread in self.spreads]
        found = {}
        for row, (weights, spread) in enumerate(zip(self.factor(), self.spreads, strict=True)):
            # term by term: a product of matrices rounds by how many patients there are
            eta = weights[0] * plain[0]
            for column in range(1, row + 1):
                eta = eta + weights[column] * plain[column]
            found[spread.name] = spread.values(eta, centre.get(spread.name, math.nan))
        return found


def read_variation(text: str, where: str = "") -> Variation:
    """Read how patients differ.

    text      distributions and correlations, joined by commas
    where     option, for messages
    raises    InputError with every fault that needs no model to be seen
    """
    faults: list[Fault] = []
    spreads: list[Spread] = []
    correlations: list[tuple[str, str, float]] = []
    for item in (part.strip() for part in _ITEM.split(text)):
        if match := _CORRELATION.fullmatch(item):
            correlations.append((match[1], match[2], float(match[3])))
        elif match := _SPREAD.fullmatch(item):
            spread = _spread(match, where, faults)
            spreads += [spread] if spread is not None else []
        elif item:
            faults.append(Fault(f"`{item}` says nothing of how patients differ.", where, EXAMPLE))
        else:
            faults.append(Fault("nothing stands between two commas, or before the first.", where, EXAMPLE))
    drawn = re.findall(r"([A-Za-z_]\w*)\s*[=~]\s*[A-Za-z]\w*\s*\(", text)
    faults += _name_faults(drawn, correlations, where)
    found = Variation(text.strip(), tuple(spreads), tuple(correlations))
    if not faults:
        try:
            found.factor()
        except np.linalg.LinAlgError:
            told = "the correlations contradict each other."
            faults.append(Fault(told, where, "Together they must form a positive definite matrix.", "Weaken one."))
    if faults:
        raise InputError(*faults)
    return found


def _name_faults(drawn: Sequence[str], correlations: Sequence[tuple[str, str, float]], where: str) -> list[Fault]:
    """What is wrong with names and sizes of correlations, whatever the model is."""
    faults = [
        Fault(f"`{name}` is drawn twice.", where, "Expected each name once.")
        for name in dict.fromkeys(drawn)
        if drawn.count(name) > 1
    ]
    pairs = [frozenset(pair[:2]) for pair in correlations]
    for (one, other, value), pair in zip(correlations, pairs, strict=True):
        spoken = f"corr({one}, {other})"
        for name in dict.fromkeys((one, other)):
            if name not in drawn:
                faults.append(Fault(f"`{spoken}`: `{name}` does not vary.", where, "Expected a distribution of it."))
        if one == other or pairs.count(pair) > 1:
            found = f"`{spoken}` is " + ("of one quantity." if one == other else "given twice.")
            faults.append(Fault(found, where, "Expected each pair of names once."))
        if not -1 < value < 1:
            faults.append(Fault(f"`{spoken}` is {value:g}.", where, "Expected a number between -1 and 1."))
    return faults


def _spread(match: re.Match[str], where: str, faults: list[Fault]) -> Spread | None:
    """One distribution, or None and its faults."""
    name, kind, inner = match[1], match[2].lower(), match[3]
    spoken, before = match[0], len(faults)
    if kind not in FORMS:
        known = f"Expected one of {', '.join(FORMS)}."
        faults.append(Fault(f"`{match[2]}` is no distribution.", where, known, nearest(kind, FORMS)))
        return None
    given, words = [], {}
    for part in (each.strip() for each in inner.split(",") if each.strip()):
        word, mark, value = (each.strip() for each in part.rpartition("="))
        if not re.fullmatch(NUMBER, value) or not math.isfinite(float(value)):
            faults.append(Fault(f"`{spoken}`: `{value}` is no finite number.", where, f"Expected {FORMS[kind]}."))
        elif not mark:
            given.append(float(value))
        elif word not in (*WORDS[kind], *(LIMITS if WORDS[kind] else ())) or word in words:
            told = "stands twice" if word in words else f"means nothing in `{kind}`"
            faults.append(Fault(f"`{spoken}`: `{word}` {told}.", where, f"Expected {FORMS[kind]}."))
        else:
            words[word] = float(value)
    if len(faults) == before:
        faults += [Fault(f"`{spoken}`: {told}.", where, expected) for told, expected in _senseless(kind, given, words)]
    return Spread(name, kind, tuple(given), words) if len(faults) == before else None


def _senseless(kind: str, given: Sequence[float], words: Mapping[str, float]) -> list[tuple[str, str]]:
    """What is wrong with the numbers of a distribution: what was found, and what was expected."""
    form, found = f"Expected {FORMS[kind]}.", []
    sizes = [word for word in WORDS[kind] if word in words]
    if kind in ("uniform", "loguniform"):
        if len(given) != 2:
            return [(f"{len(given)} numbers are given", form)]
        if given[0] >= given[1]:
            found.append((f"{given[0]:g} is not below {given[1]:g}", form))
        if kind == "loguniform" and min(given) <= 0:
            found.append((f"{min(given):g} is not above 0", "A logarithm needs numbers above 0."))
        return found
    counts = {(0, 1), (1, 1)} | ({(2, 0)} if kind == "normal" else set())
    if (len(given), len(sizes)) not in counts:
        return [(f"its size is not clear from {len(given)} numbers and {len(sizes)} names", form)]
    own = words[sizes[0]] if sizes else given[1]
    if own < 0:
        found.append((f"its size is {own:g}", "Expected at least 0."))
    if kind == "lognormal" and given and given[0] <= 0:
        found.append((f"its centre is {given[0]:g}", "A lognormal distribution lies above 0."))
    low, high = words.get("min", -math.inf), words.get("max", math.inf)
    if low >= high:
        found.append((f"`min` is {low:g} and `max` is {high:g}", "Expected `min` below `max`."))
    return found


def centre_faults(variation: Variation, centre: Mapping[str, float], where: str = "") -> list[Fault]:
    """Faults of distributions around values of the model.

    centre    value of the model by name
    """
    faults = []
    for spread in variation.spreads:
        value = centre[spread.name]
        if spread.needs_centre():
            if not math.isfinite(value):
                found = f"`{spread.name}` has no value in the file to vary around."
                faults.append(Fault(found, where, f"Expected {FORMS[spread.kind]} with a value."))
                continue
            if spread.kind == "lognormal" and value <= 0:
                found = f"`{spread.name}` is {value:g} in the model."
                faults.append(Fault(found, where, "A lognormal distribution lies above 0.", "Use `normal`."))
                continue
        share = spread.share_within(value)
        if share < LEAST_SHARE:
            found = f"of the distribution of `{spread.name}`, {share:.1g} lies between `min` and `max`."
            faults.append(Fault(found, where, f"Expected at least {LEAST_SHARE:g}."))
    return faults
