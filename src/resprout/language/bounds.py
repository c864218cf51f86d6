"""Where a number may lie: a constant by the word of its table's column `bounds`, and what people ask for by a Range, for every door."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from resprout.errors import Fault
from resprout.language.given_values import number_of, whole_of

Bounds = Literal["any", "nonnegative", "positive", "share", "multiple"]
WORDS = {
    "any": "any finite number",
    "nonnegative": "at least 0",
    "positive": "above 0",
    "share": "from 0 to 1",
    "multiple": "at least 0, a multiple of the concentration of half effect",
}


def is_within(value: float, bounds: str) -> bool:
    """Whether a value may be taken; no word means any."""
    return {
        "nonnegative": value >= 0,
        "multiple": value >= 0,
        "positive": value > 0,
        "share": 0 <= value <= 1,
    }.get(bounds, True)


def is_between(value: float, lower: float | None, upper: float | None) -> bool:
    """Whether a value is neither below the one bound nor above the other; None or NaN bounds nothing."""
    return not ((lower is not None and value < lower) or (upper is not None and value > upper))


def in_words(lower: float | None, upper: float | None) -> str:
    """Two bounds, as messages say them."""
    low, high = (bound is not None and math.isfinite(bound) for bound in (lower, upper))
    if low and high:
        return f"from {lower:g} to {upper:g}"
    return f"at least {lower:g}" if low else f"at most {upper:g}" if high else WORDS["any"]


def number_or_nan(text: str) -> float:
    """The number in a cell; NaN where there is none."""
    try:
        return float(text)
    except ValueError:
        return math.nan


@dataclass(frozen=True)
class Range:
    """Where a quantity may lie that a regimen, an option, a protocol, a call or a form states.

    lowest, highest   in `unit`; `lowest` itself is refused if `above`
    whole             whole numbers only
    """

    lowest: float
    highest: float
    unit: str = ""
    whole: bool = False
    above: bool = False

    def allows(self, value: float | None) -> bool:
        """Whether a number lies within; None and NaN do not."""
        if value is None or not self.lowest <= value <= self.highest:
            return False
        return not (self.above and value == self.lowest) and not (self.whole and value != int(value))

    @property
    def in_words(self) -> str:
        """The bounds, as messages say them."""
        low, high = (f"{bound:,.10g}" if bound >= 10_000 else f"{bound:g}" for bound in (self.lowest, self.highest))
        unit = f" {self.unit}" if self.unit else ""
        return f"above {low}, at most {high}{unit}" if self.above else f"from {low} to {high}{unit}"

    def faults(self, name: str, value: object, where: str = "", field: str = "") -> list[Fault]:
        """A fault if a value is no number within.

        name    of the quantity, in the message      value   as given
        where   place or option of the value         field   the input at fault
        """
        given = whole_of(value) if self.whole else number_of(value)
        if self.allows(given):
            return []
        said = f"{given:g}" if isinstance(given, float) else f"{value!r:.60}"
        kind = "a whole number" if self.whole else "a number"
        return [Fault(f"{name} is {said}.", where, f"Expected {kind} {self.in_words}.", field=field)]


DOSE_MG_PER_KG = Range(0, 20, "mg/kg", above=True)  # beyond these doses a typing error is likely
DOSE_MG = Range(0, 2000, "mg", above=True)
DOSE_IP = Range(0, 500, "mg/kg", above=True)  # in rodents
DOSE_GAS = Range(0, 80, "%", above=True)  # of the air; the rest is oxygen
INFUSION_H = Range(0, 168, "h", above=True)
SCHEDULE_H = Range(0, 9600, "h")  # from the first dose to the last, and to the last visit
DAYS = Range(0, 400, "days", above=True)
DOSES = Range(1, 1000, whole=True)  # of one drug by one route, and of a regimen
AGE = Range(0, 120, "years")
WEIGHT_KG = Range(0.01, 400, "kg")  # from a mouse on
BMI_RANGE = Range(5, 150, "kg/m2")
OF_CONSTANTS = dict.fromkeys(
    ("body_weight", "weight_minimum", "weight_maximum", "adolescent_weight_minimum"), WEIGHT_KG
)
"""Bounds of constants of the shipped tables that are narrower than the word in their row."""
PEOPLE = Range(1, 10_000_000, whole=True)
STREAMED_PEOPLE = Range(1, 100_000_000, whole=True)  # of a run in bounded memory
ARM_SIZE = Range(1, 100_000, whole=True)
REPLICATES = Range(1, 100_000, whole=True)
GRID_CELLS = Range(1, 200, whole=True)
SEED = Range(0, 2**63 - 1, whole=True)  # what a stored run can hold
