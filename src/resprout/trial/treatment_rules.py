"""Rules of a plan or an arm: a line such as `if MADRS at visit > 0.75 x baseline then dose up` in; a rule, or every fault of the line, out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from resprout.dosing.dose_records import Regimen
from resprout.dosing.regimen import parse_regimen
from resprout.errors import Fault, InputError, nearest
from resprout.language.drug_instances import library_drugs
from resprout.language.rating_scales import mood_rated
from resprout.language.records import Model

WORDS = ("remission", "response", "relapse")
COUNTS = ("doses", "due", "day")
STOP, UP, DOWN, HOLD, GIVE = "stop", "dose up", "dose down", "hold", "give"
MOST_RULES = 12
EXAMPLE = "Expected for instance `if MADRS at visit > 0.75 x baseline then dose up`."
ACTIONS = "Expected stop, dose up, dose down or give REGIMEN."
WHEN = "Expected remission, response or relapse (also with `no` before it), or a comparison such as `SBP after dose > 160`."
COMPARED = re.compile(
    r"(?P<name>\w+)(?:\s+(?P<when>at visit|before dose|after dose))?\s*(?P<sign>>=|<=|>|<|≥|≤)\s*(?P<limit>[-+.\w]+?)"
    r"(?P<share>\s*(?:x|\*|×)\s*baseline)?"
)
LIMITED = re.compile(r",\s*at most (?P<most>\d+) times?$|,\s*(?P<once>once)$")


@dataclass(frozen=True)
class Condition:
    """One condition of a rule.

    name        of WORDS, of COUNTS, or a rating scale
    sign        >, >=, < or <=; empty for one of WORDS
    limit       what is compared with, in points, mmHg or 1; or a share of the baseline
    of_baseline whether `limit` is a share of the rating before the first dose
    after_dose  whether the highest reading within 90 minutes of the last dose counts; otherwise that at the visit
    negated     whether the word must not hold
    """

    name: str
    sign: str = ""
    limit: float = 0.0
    of_baseline: bool = False
    after_dose: bool = False
    negated: bool = False


@dataclass(frozen=True)
class Rule:
    """One rule of a plan or an arm.

    text        as written            conditions   all of which must hold
    action      STOP, UP, DOWN, HOLD or GIVE      regimen   that GIVE gives from then on
    most        how often it may apply; None for any number
    """

    text: str
    conditions: tuple[Condition, ...]
    action: str
    regimen: Regimen | None = None
    most: int | None = None

    @property
    def needs_baseline(self) -> tuple[str, ...]:
        """Scales whose rating before the first dose must be known; empty text stands for the scale that is followed."""
        names = [each.name for each in self.conditions if each.of_baseline]
        return (*names, *("" for each in self.conditions if each.name in ("response", "relapse")))


def read_rule(text: str, model: Model, endpoint: str, where: str, faults: list[Fault]) -> Rule | None:
    """Read a rule; what is wrong with it is added to `faults`.

    text      `if CONDITION and CONDITION then ACTION, at most N times`, or `hold while CONDITION`
    model     whose drugs and scales it may name
    endpoint  scale of depression that the rules follow
    where     file and line
    faults    of the whole file
    returns   the rule; None where it has a fault
    """
    told, before = " ".join(text.split()), len(faults)
    body, most = told, None
    if (limited := LIMITED.search(body)) is not None:
        body, most = body[: limited.start()], int(limited["most"] or 1)
    if most == 0:
        faults.append(Fault(f"`{told}` never applies.", where, "Expected at most 1 time, or more."))
    match = re.fullmatch(r"if (?P<when>.+?) then (?P<action>.+)|hold while (?P<held>.+)", body)
    if match is None:
        also = "Or `hold while SBP > 160`."
        faults.append(Fault(f"`{told}` is no rule.", where, EXAMPLE, also))
        return None
    conditions = [
        _condition(part, model, endpoint, where, faults)
        for part in re.split(r"\s+and\s+", match["when"] or match["held"])
    ]
    action, regimen = (HOLD, None) if match["held"] else _action(match["action"], model, where, faults)
    if len(faults) > before:
        return None
    return Rule(told, tuple(each for each in conditions if each), action, regimen, most)


def step_faults(rules: Sequence[Rule], steps: Sequence[float], where: str, *, all_read: bool) -> list[Fault]:
    """What is wrong with the steps along which rules move the dose.

    rules     that could be read
    steps     multiples of the first dose
    where     file and line
    all_read  whether no rule had a fault
    returns   faults
    """
    moves = [rule.text for rule in rules if rule.action in (UP, DOWN)]
    if moves and (1.0 not in steps or list(steps) != sorted(set(steps))):
        found = f"`{moves[0]}` has no steps to move along." if not steps else f"the steps are {tuple(steps)}."
        expected = "Expected multiples of the first dose, ascending and with 1, such as `steps: [1, 1.5, 2]`."
        return [Fault(found, where, expected)]
    if steps and not moves and all_read:
        return [Fault("no rule moves the dose along the steps.", where, "", "Leave `steps` out, or write one.")]
    return []


def _action(text: str, model: Model, where: str, faults: list[Fault]) -> tuple[str, Regimen | None]:
    """What a rule does, and the regimen that it gives."""
    if text in (STOP, UP, DOWN):
        return text, None
    first, _, rest = text.partition(" ")
    if first == GIVE and rest:
        try:
            return GIVE, parse_regimen(rest, library_drugs(model), where)
        except InputError as error:
            faults += error.faults
            return GIVE, None
    also = "A dose is held by `hold while CONDITION`." if first == HOLD else ""
    faults.append(Fault(f"`{text}` is nothing that a rule does.", where, ACTIONS, also))
    return "", None


def _condition(text: str, model: Model, endpoint: str, where: str, faults: list[Fault]) -> Condition | None:
    """One condition; None where it has a fault."""
    negated = text.startswith("no ")
    if (word := text.removeprefix("no ")) in WORDS:
        if word == "remission" and endpoint in model.scales and model.scales[endpoint].remission is None:
            faults.append(
                Fault(f"{endpoint} has no cut-off of remission.", where, "Expected another scale or condition.")
            )
        return Condition(word, negated=negated)
    match = COMPARED.fullmatch(text)
    if match is None:
        faults.append(Fault(f"`{text}` is no condition.", where, WHEN, _near(word, (*WORDS, *COUNTS))))
        return None
    name, after = match["name"], match["when"] == "after dose"
    sign = {"≥": ">=", "≤": "<="}.get(match["sign"], match["sign"])
    before = len(faults)
    _name_faults(name, match, model, endpoint, where, faults)
    limit = _number(match["limit"])
    if limit is None:
        faults.append(
            Fault(f"`{match['limit']}` in `{text}` is no number.", where, "Expected for instance `0.75 x baseline`.")
        )
    if len(faults) > before or limit is None:
        return None
    return Condition(name, sign, limit, match["share"] is not None, after)


def _name_faults(  # many arguments: a part of the line, what it may name, and where faults go
    name: str, match: re.Match[str], model: Model, endpoint: str, where: str, faults: list[Fault]
) -> None:
    """What is wrong with the name of a quantity and with when it is looked at."""
    if name in COUNTS:
        if match["when"] or match["share"]:
            faults.append(Fault(f"`{match[0]}`: {name} is a number.", where, f"Expected for instance `{name} >= 6`."))
        return
    observed = [each for each in model.scales if each in model.equations and not mood_rated(model.scales, each)]
    if name in model.scales and mood_rated(model.scales, name) and name != endpoint:
        faults.append(
            Fault(f"`{name}` is not the scale that the rules follow.", where, f"Expected {endpoint}, that of the file.")
        )
    elif name != endpoint and name not in observed:
        known = (endpoint, *observed, *COUNTS, *WORDS)
        faults.append(
            Fault(
                f"`{name}` is nothing that a rule looks at.", where, f"Expected {', '.join(known)}.", _near(name, known)
            )
        )
    elif name == endpoint and match["when"] == "after dose":
        faults.append(Fault(f"{name} is rated at visits, not after a dose.", where, f"Expected `{name} at visit`."))


def _near(name: str, known: tuple[str, ...]) -> str:
    """The nearest name, if one is near."""
    found = nearest(name, known)
    return found if found.startswith("Did") else ""


def _number(text: str) -> float | None:
    """A finite number, or None."""
    return float(text) if re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)", text) else None
