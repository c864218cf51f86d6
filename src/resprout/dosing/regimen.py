"""Regimens: a line such as `ketamine 0.5 mg/kg iv over 40 min; every 3 d x 6` in, doses or all its faults out."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable

from resprout.dosing.dose_records import KETAMINES, TIMED_ROUTES, Dose, Regimen, amount_bounds, regimen_faults
from resprout.errors import Fault, InputError, nearest
from resprout.language.bounds import DOSES, INFUSION_H, SCHEDULE_H

__all__ = ["KETAMINES", "Dose", "Regimen", "parse_duration", "parse_regimen"]
SYNONYMS = {
    "ketamine": "ketamine",
    "racemic ketamine": "ketamine",
    "rs-ketamine": "ketamine",
    "s-ketamine": "S_ketamine",
    "esketamine": "S_ketamine",
    "r-ketamine": "R_ketamine",
    "arketamine": "R_ketamine",
    "saline": "saline",
    "control saline": "saline",
    "placebo": "saline",
}
MASS_MG = {"g": 1000.0, "mg": 1.0, "ug": 0.001, "mcg": 0.001, "µg": 0.001, "μg": 0.001}
AMOUNTS = {unit + per: (size, bool(per)) for unit, size in MASS_MG.items() for per in ("", "/kg")}
AMOUNTS |= {"%": (1.0, False)}  # of the air breathed, for a gas
TIMES_H = {"s": 1 / 3600, "sec": 1 / 3600, "min": 1 / 60, "h": 1.0, "hour": 1.0, "hours": 1.0, "d": 24.0, "day": 24.0}
TIMES_H |= {"days": 24.0, "minutes": 1 / 60, "seconds": 1 / 3600, "w": 168.0, "week": 168.0, "weeks": 168.0}
ROUTES = {"iv": "iv", "i.v.": "iv", "intravenous": "iv", "im": "im", "i.m.": "im", "intramuscular": "im"}
ROUTES |= {"sc": "sc", "s.c.": "sc", "subcutaneous": "sc", "nasal": "nasal", "intranasal": "nasal"}
ROUTES |= {"oral": "oral", "po": "oral", "p.o.": "oral", "sublingual": "sublingual", "sl": "sublingual"}
ROUTES |= {"ip": "ip", "i.p.": "ip", "intraperitoneal": "ip", "inhaled": "inhaled"}
ROUTES |= {"local": "local", "icv": "local", "i.c.v.": "local", "intracortical": "local"}
WORDS = {"over", "bolus", "at", "every", "x"}
EXAMPLE = "Expected for instance `ketamine 0.5 mg/kg iv over 40 min; every 3 d x 6`."
ADD_A_DRUG = "`resprout describe drugs` lists the library; `--drug FILE` adds a drug (docs/guides/add-a-drug.md)."
LIKE_ENOUGH = 0.7
"""Similarity from which a word is taken for a misspelt drug."""
NUMBER = re.compile(r"([+-]?(?:\d[\d.]*|\.\d+)(?:e[+-]?\d+)?|[+-]?(?:nan|inf(?:inity)?)(?![a-z]))(.*)", re.IGNORECASE)


def parse_regimen(text: str, library: Iterable[str] = (), where: str = "") -> Regimen:
    """Read a regimen.

    text         one or more doses joined by ` + `
    library      drugs of the model outside the ketamine family
    where        file and line of the text, for messages
    raises       InputError with every fault found
    """
    if not isinstance(text, str) or not text.strip():
        raise InputError(Fault("the regimen is empty.", where, EXAMPLE))
    names = SYNONYMS | {name.lower().replace("_", "-"): name for name in library}
    faults: list[Fault] = []
    doses = [_Part(part, names, where, faults).dose() for part in re.split(r"\s\+\s", text.strip())]
    given = tuple(dose for dose in doses if dose is not None)
    regimen = Regimen(text.strip(), given)
    faults = faults or regimen_faults(regimen, where)
    if faults:
        raise InputError(*faults)
    return regimen


def parse_duration(text: str) -> float | None:
    """Read a time such as `80 min` or `7 d`; hours, or None if it is none."""
    match = NUMBER.fullmatch("".join(text.split()))
    if match is None or match[2].lower() not in TIMES_H:
        return None
    try:
        hours = float(match[1]) * TIMES_H[match[2].lower()]
    except ValueError:
        return None
    return hours if math.isfinite(hours) else None


class _Part:
    """One dose of the text, read word by word; what is wrong goes to `faults`."""

    def __init__(self, text: str, names: dict[str, str], where: str, faults: list[Fault]) -> None:
        self.text, self.names, self.where, self.faults = text, names, where, faults
        head, mark, tail = text.partition(";")
        self.gas = False
        self.reading = "drug"  # or amount, route, duration, start, times: the field of a fault
        self.words, self.tail = self.without_commas(head.split()), self.without_commas(tail.split())
        self.has_tail = bool(mark) or self.split_at_every()
        self.whole = tuple(self.words)

    def fault(self, found: str, expected: str = "", remedy: str = "") -> None:
        """Note one fault of this dose."""
        self.faults.append(Fault(found, self.where, expected, remedy, self.reading))

    def without_commas(self, words: list[str]) -> list[str]:
        """The words without commas at their ends, which are one fault; one before `every` is that of a mark left out."""
        bare = [word.rstrip(",") for word in words]
        after = [*(word.lower() for word in words), ""][1:]
        if any(word.endswith(",") and following != "every" for word, following in zip(words, after, strict=True)):
            written = " ".join(word for word in bare if word)
            self.fault("`,` means nothing in a regimen.", EXAMPLE, f"Try `{written}`.")
        return [word for word in bare if word]

    def split_at_every(self) -> bool:
        """Take `every` and what follows from the words where the mark before it was left out, which is one fault."""
        at = next((number for number, word in enumerate(self.words) if word.lower() == "every"), None)
        if at is None:
            return False
        self.words, self.tail = self.words[:at], self.words[at:]
        self.reading = "times"
        found = "`every` stands without `;` before it."
        self.fault(found, EXAMPLE, f"Try `{' '.join(self.words)}; {' '.join(self.tail)}`.")
        return True

    def second_dose(self, words: list[str]) -> bool:
        """Note a dose that follows another without a mark between them; whether there is one."""
        ends = (at for at, word in enumerate(words) if NUMBER.fullmatch(word))
        name = " ".join(words[: next(ends, 0)])
        if name.lower().replace("_", "-") not in self.names:
            return False
        written = " ".join(words)
        self.fault(f"`{written}` follows another dose.", "Expected doses joined by ` + `.", f"Try `... + {written}`.")
        return True

    def unknown(self, word: str) -> None:
        """Note words that mean nothing, one fault up to the next word that is known."""
        if self.second_dose([word, *self.words]):
            self.words.clear()
            return
        while self.words and self.words[0].lower() not in {*ROUTES, *WORDS}:
            self.words.pop(0)
        if word.lower() == "x":
            self.fault("`x` repeats a dose, and no interval is said.", EXAMPLE)
            return
        self.fault(f"`{word}` means nothing in a regimen.", EXAMPLE, nearest(word, {*ROUTES, *WORDS}))

    def dose(self) -> Dose | None:
        """Read drug, amount, route, duration, start and repeats; None for saline or for a faulty dose."""
        before = len(self.faults)
        drug = self.drug()
        amount = self.amount(optional=drug == "saline")
        route, duration, start = self.manner()
        self.reading = "route"
        if route is None and drug != "saline":
            self.fault(f"`{self.text.strip()}` names no route.", f"Expected one of {_list(ROUTES.values())}.")
        self.reading = "duration"
        if duration is not None and route not in (*TIMED_ROUTES, None):
            expected = "Expected `iv over ...`, or `oral over ...` for extended release."
            self.fault(f"`over` belongs to an infusion, not to the {route} route.", expected)
        if duration is None and route == "inhaled":
            self.fault("a gas is breathed for a time.", "Expected `inhaled over ...`.")
        if amount is not None:
            self.check_amount(amount, route)
        times = self.repeats(start)
        if len(self.faults) > before or drug in (None, "saline") or amount is None or route is None:
            return None
        return Dose(str(drug), amount[0], amount[1], route, duration or 0.0, times)

    def drug(self) -> str | None:
        """Take the words up to the first number, unit, route or keyword as the drug's name."""
        name = []
        while self.words and not self._starts_dose(self.words[0]):
            name.append(self.words.pop(0))
        spoken = " ".join(name)
        plain = spoken.lower().replace("_", "-").replace("(", "").replace(")", "")
        known = self.names.get(plain) or self.names.get(plain.replace(" ", "-"))
        if known is None:
            found = f"`{spoken}` is no drug here." if spoken else f"`{self.text.strip()}` names no drug."
            alike = difflib.get_close_matches(spoken.lower(), self.names, n=1, cutoff=LIKE_ENOUGH)
            remedy = nearest(spoken, self.names, "resprout describe drugs") if alike or not spoken else ADD_A_DRUG
            self.fault(found, "", remedy)
        return known

    def amount(self, optional: bool) -> tuple[float, bool] | None:
        """Take the amount: mg and whether per kg."""
        self.reading = "amount"
        self.put_before_route()
        if not self.words or not NUMBER.fullmatch(self.words[0]):
            if self.words and self.words[0].lower() in AMOUNTS:
                self.words.pop(0)
            if not optional:
                self.fault(f"`{self.text.strip()}` has no amount.", EXAMPLE)
            return None
        value, unit, spoken = self._quantity(self.words, AMOUNTS, "an amount")
        if value is None or unit is None:
            return None
        size, per_kg = AMOUNTS[unit]
        if value <= 0:
            self.fault(f"the amount `{spoken}` is not above 0.", EXAMPLE)
        self.gas = unit == "%"
        return value * size, per_kg

    def put_before_route(self) -> None:
        """Move an amount that stands behind its route to where it belongs, which is one fault."""
        route, spoken = self.words[:1], NUMBER.fullmatch(self.words[1]) if len(self.words) > 1 else None
        if spoken is None or route[0].lower() not in ROUTES:
            return
        end = 2 if spoken[2] else 3
        name = self.whole[: len(self.whole) - len(self.words)]
        self.words = [*self.words[1:end], *route, *self.words[end:]]
        self.fault(f"`{route[0]}` stands before the amount.", EXAMPLE, f"Try `{' '.join([*name, *self.words])}`.")

    def check_amount(self, amount: tuple[float, bool], route: str | None) -> None:
        """Note an amount that is beyond belief, or in the wrong kind of unit."""
        self.reading = "amount"
        value, per_kg = amount
        amounts = amount_bounds("inhaled" if self.gas else route, per_kg)
        if self.gas != (route == "inhaled"):
            self.fault("`%` belongs to a gas that is inhaled, and a gas needs it.", "Expected `50 % inhaled over 1 h`.")
        elif value > amounts.highest:
            limit = f"{amounts.highest:g} {amounts.unit}"
            self.fault(f"the amount in `{self.text.strip()}` is absurdly large.", f"Expected at most {limit}.")
        elif route == "ip" and not per_kg:
            self.fault("doses into the belly of a rodent go by weight.", "Expected an amount per kg.")
        elif route == "local" and per_kg:
            self.fault("a local infusion does not go by weight.", "Expected an amount such as `1 ug local`.")

    def manner(self) -> tuple[str | None, float | None, float]:
        """Take route, infusion time (h, None if not said) and start (h)."""
        route, duration, bolus, start = None, None, False, 0.0
        while self.words:
            spoken = self.words.pop(0)
            word = spoken.lower()
            self.reading = {"over": "duration", "bolus": "duration", "at": "start"}.get(word, "route")
            if word in ROUTES:
                if route is not None:
                    self.fault(f"two routes in `{self.text.strip()}`.", "Expected one; join doses by ` + `.")
                route = ROUTES[word]
            elif word == "over":
                duration = self.time("an infusion", INFUSION_H.highest, self.words)
            elif word == "at":
                start = self.time("a start", SCHEDULE_H.highest, self.words, zero=True) or 0.0
            elif word == "bolus":
                bolus = True
            else:
                self.unknown(spoken)
        if bolus and duration is not None:
            self.fault("a bolus is given at once, not `over` a time.", "Expected `iv bolus` or `iv over ...`.")
        return route, duration, start

    def repeats(self, start: float) -> tuple[float, ...]:
        """Take `every <time> x <count>` and give the hours of all doses."""
        words, self.reading = self.tail, "times"
        if not self.has_tail:
            return (start,)
        if not words or words.pop(0).lower() != "every":
            self.fault(f"the repeats of `{self.text.strip()}` are not clear.", "Expected `; every 3 d x 6`.")
            return (start,)
        spoken = " ".join(["every", *words])
        interval = self.time("an interval", SCHEDULE_H.highest, words)
        following = re.match(r"[x×]\s*\d+\s+(?!times\b)", " ".join(words).lower())
        if following:
            after = " ".join(words)[following.end() :].split()
            words = words[: len(words) - len(after)] if self.second_dose(after) else words
        match = re.fullmatch(r"[x×]\s*(\d{1,9})(?:\s+times)?", " ".join(words).lower())
        if match is None or not DOSES.allows(int(match[1])):
            found = f"`{' '.join(words)}` is no number of doses." if words else f"`{spoken}` says no number of doses."
            self.fault(found, f"Expected `x` and a whole number {DOSES.in_words}.")
            return (start,)
        last = start + (interval or 0.0) * (int(match[1]) - 1)
        if last > SCHEDULE_H.highest:
            self.fault("the last dose is too late.", f"Expected it within {SCHEDULE_H.highest / 24:g} d.")
        return tuple(start + (interval or 0.0) * number for number in range(int(match[1])))

    def time(self, what: str, greatest_h: float, words: list[str], *, zero: bool = False) -> float | None:
        """Take a number and a unit of time; hours."""
        value, unit, spoken = self._quantity(words, TIMES_H, what)
        if value is None or unit is None:
            return None
        hours = value * TIMES_H[unit]
        if hours < 0 or (hours == 0 and not zero) or hours > greatest_h:
            self.fault(f"`{spoken}` is no sensible time for {what}.", f"Expected up to {greatest_h / 24:g} d.")
        return hours

    def _quantity(self, words: list[str], units: Iterable[str], what: str) -> tuple[float | None, str | None, str]:
        """Take a number and its unit, joined or apart; None for what is missing or wrong."""
        match = NUMBER.fullmatch(words[0]) if words else None
        if match is None:
            self.fault(f"{what} needs a number, found `{words[0] if words else 'nothing'}`.", EXAMPLE)
            return None, None, ""
        words.pop(0)
        unit = match[2] or (words.pop(0) if words and words[0].lower() not in {*ROUTES, *WORDS} else "")
        spoken = f"{match[1]} {unit}".strip()
        try:
            value = float(match[1])
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            self.fault(f"`{spoken}` is no finite number.", EXAMPLE)
            return None, None, spoken
        if unit.lower() not in units:
            found = f"`{unit}` is no unit for {what}." if unit else f"`{spoken}` has no unit."
            self.fault(found, f"Expected one of {_list(units)}.", nearest(unit, units) if unit else "")
            return value, None, spoken
        return value, unit.lower(), spoken

    @staticmethod
    def _starts_dose(word: str) -> bool:
        return bool(NUMBER.fullmatch(word)) or word.lower() in {*AMOUNTS, *ROUTES, *WORDS}


def _list(names: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(names))
