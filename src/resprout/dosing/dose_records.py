"""Doses and regimens as records, and what lies outside its bounds in them, wherever they come from."""

from __future__ import annotations

import itertools
import re
import sys
from dataclasses import dataclass

from resprout.errors import Fault
from resprout.language.bounds import DOSE_GAS, DOSE_IP, DOSE_MG, DOSE_MG_PER_KG, DOSES, INFUSION_H, SCHEDULE_H, Range

KETAMINES = ("ketamine", "S_ketamine", "R_ketamine")
TIMED_ROUTES = ("iv", "inhaled", "oral")
"""Routes by which a dose may be given over a time."""
ENANTIOMER_NAMES = {"S_ketamine": "esketamine", "R_ketamine": "arketamine"}
ROUNDING = 8 * sys.float_info.epsilon
"""By which share two sums of the same times may differ, from the first dose on."""


@dataclass(frozen=True)
class Dose:
    """One drug given by one route, once or repeatedly.

    drug         the model's name
    amount_mg    mg, or mg per kg of body weight if `per_kg`; % of the air if inhaled
    route        iv, im, sc, nasal, oral, sublingual, inhaled; for laboratory work ip and local (into the brain)
    duration_h   of an infusion, of breathing a gas or of release from an extended-release tablet; 0 for anything else
    times_h      starts, from 0
    """

    drug: str
    amount_mg: float
    per_kg: bool
    route: str
    duration_h: float
    times_h: tuple[float, ...]


@dataclass(frozen=True)
class Regimen:
    """All doses of one arm; none for saline. `text` is what the user wrote."""

    text: str
    doses: tuple[Dose, ...]

    @property
    def drugs(self) -> tuple[str, ...]:
        """Drugs outside the ketamine family, in order of mention."""
        return tuple(dict.fromkeys(dose.drug for dose in self.doses if dose.drug not in KETAMINES))

    @property
    def ketamine(self) -> str:
        """What outputs such as `ketamine_venous` hold: ketamine, or the only enantiomer that is given; empty if neither is."""
        family = {dose.drug for dose in self.doses if dose.drug in KETAMINES}
        return drug_words(*family) if len(family) == 1 else "ketamine" if family else ""

    def told(self) -> dict[str, str]:
        """What was given, in words, for the provenance of a result."""
        return {"regimen": self.text, "ketamine_given": self.ketamine}

    @property
    def times_h(self) -> tuple[float, ...]:
        """Every hour at which something is given; 0 for saline."""
        return tuple(sorted({time for dose in self.doses for time in dose.times_h})) or (0.0,)


def drug_words(drug: str) -> str:
    """The name of a drug as people write it, from the model's name."""
    return ENANTIOMER_NAMES.get(drug, drug.replace("_", "-"))


def named_ketamine(text: str, ketamine: str) -> str:
    """A label or meaning that says `ketamine`, for a regimen.

    text      of the label; norketamine and other words that contain it stay
    ketamine  as `Regimen.ketamine`; empty leaves the label as it is
    returns   the label
    """
    return re.sub(r"(?<!\w)ketamine\b", ketamine, text) if ketamine else text


def amount_bounds(route: str | None, per_kg: bool) -> Range:
    """What a dose by a route may be; without a route that of most routes."""
    if route == "inhaled":
        return DOSE_GAS
    if per_kg:
        return DOSE_IP if route == "ip" else DOSE_MG_PER_KG
    return DOSE_MG


def regimen_faults(regimen: Regimen, where: str = "") -> list[Fault]:
    """What lies outside its bounds in a regimen, wherever its doses come from.

    where    place or option, for messages
    """
    faults: list[Fault] = []
    for dose in regimen.doses:
        name = drug_words(dose.drug)
        amounts = amount_bounds(dose.route, dose.per_kg)
        faults += amounts.faults(f"the dose of {name}", dose.amount_mg, where, "amount")
        if dose.duration_h != 0 and dose.route not in TIMED_ROUTES:
            found = f"the {dose.route} dose of {name} is given over {dose.duration_h:g} h."
            expected = f"Expected no duration: only {', '.join(TIMED_ROUTES)} doses are given over a time."
            faults.append(Fault(found, where, expected, "Set `duration_h` to 0.", "duration"))
        elif dose.duration_h != 0 or dose.route == "inhaled":
            faults += INFUSION_H.faults(f"the time over which {name} is given", dose.duration_h, where, "duration")
        outside = [
            fault for hour in dose.times_h for fault in SCHEDULE_H.faults("the hour of a dose", hour, where, "start")
        ]
        faults += outside[:1] or _close_faults(dose, where)
    given = sum(len(dose.times_h) for dose in regimen.doses)
    if regimen.doses:
        faults += DOSES.faults("the number of doses", given, where, "times")
    return faults or _conflicts(regimen.doses, where)


def _close_faults(dose: Dose, where: str) -> list[Fault]:
    """Doses or ends of an infusion that the clock of a run cannot tell apart at their hour."""
    hours = sorted(dose.times_h)
    gaps = [(later - earlier, later) for earlier, later in itertools.pairwise(hours)]
    if dose.duration_h:
        gaps += [(dose.duration_h, hours[-1] + dose.duration_h)]
    for gap, hour in gaps:
        if 0 < gap <= same_moment_h(hour):
            found = f"{gap * 3600:.3g} s cannot be told apart {hour / 24:g} d after the first dose."
            expected = f"Expected at least {same_moment_h(hour) * 3600:.1g} s."
            return [Fault(found, where, expected, "Give it at once, as a bolus.", "duration")]
    return []


def same_moment_h(hour: float) -> float:
    """h   How far two hours may differ by rounding alone."""
    return ROUNDING * max(abs(hour), 1e-9)


def _conflicts(doses: tuple[Dose, ...], where: str) -> list[Fault]:
    """Name the doses that the model cannot give in one run."""
    faults = []
    name, routes = Regimen("", doses).ketamine, {dose.route for dose in doses if dose.drug in KETAMINES}
    depots = sorted(routes & {"nasal", "sublingual", "im", "sc", "ip"})
    mucosal = sorted(routes & {"nasal", "sublingual"})
    if len(depots) > 1:
        found = f"{' and '.join(depots)} {name} in one run."
        faults.append(Fault(found, where, "Expected one depot route a run.", field="route"))
    elif "oral" in routes and mucosal:
        found = f"oral and {mucosal[0]} {name} in one run."
        expected = "Both reach the gut, at different rates: expected one of them a run."
        faults.append(Fault(found, where, expected, field="route"))
    for dose in doses:
        if dose.drug not in KETAMINES and dose.route in ("nasal", "sublingual"):
            found = f"{drug_words(dose.drug)} cannot be given by the {dose.route} route here."
            faults.append(Fault(found, where, "Expected iv, im, sc or oral.", field="route"))
        if dose.drug in KETAMINES and dose.route in ("local", "inhaled"):
            found = f"{drug_words(dose.drug)} cannot be given by the {dose.route} route here."
            faults.append(Fault(found, where, "Expected iv, im, sc, nasal, sublingual, oral or ip.", field="route"))
    return faults
