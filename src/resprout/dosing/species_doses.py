"""Doses of an imported model: `drug: 100 mg bolus; every 24 h x 7` in, what is given when or all its faults out."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from resprout.dosing.regimen import TIMES_H
from resprout.errors import Fault, InputError, nearest
from resprout.language.bounds import DOSES, SCHEDULE_H

EXAMPLE = "Expected for instance `drug: 100 mg bolus; every 24 h x 7` or `drug: 5 over 2 h at 1 h, lag 0.5 h, F 0.8`."
MASSES = {"kg": 1.0, "g": 1e-3, "mg": 1e-6, "ug": 1e-9, "mcg": 1e-9, "µg": 1e-9, "μg": 1e-9, "ng": 1e-12}
MOLES = {"mol": 1.0, "mmol": 1e-3, "umol": 1e-6, "µmol": 1e-6, "μmol": 1e-6, "nmol": 1e-9, "pmol": 1e-12}
UNITS = {unit: ("kilogram", size) for unit, size in MASSES.items()} | {
    unit: ("mole", size) for unit, size in MOLES.items()
}
"""Units of amount: what they measure, and their size in kilograms or moles."""
NAME = re.compile(r"[A-Za-z_]\w*")
NUMBER = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(.*)")
WORDS = ("bolus", "infusion", "over", "at", "lag", "F", "bioavailability", "every", "x")
Quantity = float | str
"""A number, or the name of a parameter of the model."""


@dataclass(frozen=True)
class SpeciesDose:
    """One dose, or the same dose several times.

    text     as it was written                   target    what it is given into, a state of the model
    amount   in `unit`; or a parameter's name, in the unit of the target
    unit     one of UNITS; empty for that of the target
    duration_h   h   of an infusion; 0 for a bolus
    times_h      h   of each, before the lag
    lag_h        h   or a parameter's name, in the model's unit of time
    fraction         that is taken up (bioavailability)
    """

    text: str
    target: str
    amount: Quantity
    unit: str
    duration_h: float
    times_h: tuple[float, ...]
    lag_h: Quantity = 0.0
    fraction: Quantity = 1.0

    @property
    def parameters(self) -> tuple[str, ...]:
        """Parameters of the model that it names."""
        return tuple(each for each in (self.amount, self.lag_h, self.fraction) if isinstance(each, str))


def read_doses(texts: Sequence[str], where: str = "") -> tuple[SpeciesDose, ...]:
    """Read doses.

    texts    each a dose, which may be repeated
    where    option, for messages
    raises   InputError with every fault of all of them
    """
    faults: list[Fault] = []
    doses = [_Reader(text, where, faults).dose() for text in texts]
    if faults:
        raise InputError(*faults)
    return tuple(dose for dose in doses if dose is not None)


class _Reader:
    """One dose of the text, read word by word; what is wrong goes to `faults`."""

    def __init__(self, text: str, where: str, faults: list[Fault]) -> None:
        self.text, self.where, self.faults = text.strip(), where, faults
        target, self.mark, rest = self.text.partition(":")
        self.target = target.strip()
        head, self.again, tail = rest.partition(";")
        spaced = [re.sub(r"[,=]", " ", part).replace("×", " x ").split() for part in (head, tail)]
        self.words, self.tail = spaced

    def fault(self, found: str, expected: str = EXAMPLE, remedy: str = "") -> None:
        """Note one fault of this dose."""
        self.faults.append(Fault(f"`{self.text}`: {found}", self.where, expected, remedy))

    def dose(self) -> SpeciesDose | None:
        """Read target, amount, manner and repeats; None for a faulty dose."""
        before = len(self.faults)
        if not self.mark or not NAME.fullmatch(self.target):
            self.fault("what the dose is given into is not said, with `:` behind it.")
            return None
        amount, unit = self.amount()
        manner = self.manner()
        times = self.repeats(float(manner.get("at", 0.0)))
        if len(self.faults) > before:
            return None
        lag, fraction = manner.get("lag", 0.0), manner.get("F", 1.0)
        return SpeciesDose(self.text, self.target, amount, unit, float(manner.get("over", 0.0)), times, lag, fraction)

    def amount(self) -> tuple[Quantity, str]:
        """Take the amount and its unit."""
        if not self.words or self.words[0] in WORDS:
            self.fault("there is no amount.")
            return math.nan, ""
        word = self.words.pop(0)
        match = NUMBER.fullmatch(word)
        if match is None:
            if not NAME.fullmatch(word):
                self.fault(f"`{word}` is neither a number nor a name.")
            return word, ""
        value = float(match[1])
        if not (math.isfinite(value) and value > 0):
            self.fault(f"the amount is {value:g}.", "Expected a finite number above 0.")
        unit = match[2] or (self.words.pop(0) if self.words and self.words[0] not in WORDS else "")
        if unit and unit not in UNITS:
            self.fault(f"`{unit}` is no unit of amount.", f"Expected one of {', '.join(UNITS)}.", nearest(unit, UNITS))
        return value, unit

    def manner(self) -> dict[str, Quantity]:
        """Take what follows the amount: bolus or `over` a time, `at`, `lag` and `F`, each at most once."""
        found: dict[str, Quantity] = {}
        bolus = infusion = False
        while self.words:
            word = self.words.pop(0)
            key = "F" if word.lower() in ("f", "bioavailability") else word
            if word in ("bolus", "infusion"):
                bolus, infusion = bolus or word == "bolus", infusion or word == "infusion"
            elif key in found:
                self.fault(f"`{word}` is said twice.")
                self.words = self.words[1:]
            elif key in ("over", "at"):
                found[key] = self.time(word, self.words, least=0.0, above=key == "over")
            elif key == "lag":
                named = bool(self.words) and NAME.fullmatch(self.words[0]) is not None
                found[key] = self.words.pop(0) if named else self.time(word, self.words, least=0.0)
            elif key == "F":
                found[key] = self.fraction()
            else:
                self.fault(f"`{word}` means nothing here.", EXAMPLE, nearest(word, WORDS))
        if bolus and "over" in found:
            self.fault("a bolus is given at once, not `over` a time.", "Expected one of them.")
        if infusion and "over" not in found:
            self.fault("an infusion takes a time.", "Expected `infusion over 2 h`.")
        return found

    def fraction(self) -> Quantity:
        """Take a bioavailability: a number or a name."""
        word = self.words.pop(0) if self.words else ""
        if NAME.fullmatch(word) and word not in WORDS:
            return word
        match = NUMBER.fullmatch(word)
        if match is None or match[2] or not 0 < float(match[1]) < math.inf:
            self.fault(f"the bioavailability is `{word}`.", "Expected a number above 0, or a parameter's name.")
            return 1.0
        return float(match[1])

    def repeats(self, start: float) -> tuple[float, ...]:
        """Take `every <time> x <count>` and give the hours of all."""
        if not self.again:
            return (start,)
        words = self.tail
        if not words or words.pop(0) != "every":
            self.fault("what follows `;` is not clear.", "Expected `; every 24 h x 7`.")
            return (start,)
        interval = self.time("every", words, least=0.0, above=True)
        match = re.fullmatch(r"x\s*(\d{1,9})", " ".join(words))
        if match is None or not DOSES.allows(int(match[1])):
            self.fault(f"`{' '.join(words)}` is no number of doses.", f"Expected `x` and a number {DOSES.in_words}.")
            return (start,)
        times = tuple(start + interval * number for number in range(int(match[1])))
        if times[-1] > SCHEDULE_H.highest:
            self.fault("the last dose is too late.", f"Expected it within {SCHEDULE_H.highest / 24:g} d.")
        return times

    def time(self, what: str, words: list[str], *, least: float, above: bool = False) -> float:
        """Take a number and a unit of time; hours."""
        match = NUMBER.fullmatch(words[0]) if words else None
        if match is None:
            self.fault(f"`{what}` needs a time, found `{words[0] if words else 'nothing'}`.")
            return least
        words.pop(0)
        unit = match[2] or (words.pop(0) if words and words[0] not in WORDS else "")
        if unit not in TIMES_H:
            said = f"`{unit}` is no unit of time" if unit else f"`{match[1]}` has no unit of time"
            self.fault(f"{said}.", f"Expected one of {', '.join(TIMES_H)}.")
            return least
        hours = float(match[1]) * TIMES_H[unit]
        if not least <= hours <= SCHEDULE_H.highest or (above and hours == least):
            expected = f"Expected {'above' if above else 'from'} 0, up to {SCHEDULE_H.highest / 24:g} d."
            self.fault(f"`{what} {match[1]} {unit}` is no time that is taken.", expected)
        return hours
