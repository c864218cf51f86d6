"""The clock of a trial: regimens and background in, when the blinded treatment begins and is renewed out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from resprout.dosing.regimen import Dose, Regimen, parse_regimen
from resprout.language.drug_instances import library_drugs
from resprout.language.records import Model
from resprout.trial.design import Protocol

SHORTEST_INFUSION_H = 0.2  # shorter ones are injections
PROCEDURES = {"iv": "infusion", "nasal": "spray", "oral": "tablet", "sublingual": "tablet", "inhaled": "inhalation"}


@dataclass(frozen=True)
class BlindedTreatment:
    """What patients are given without knowing which arm they are in; hours since the start of a period.

    occasions_h   treatments of all arms, ascending; each renews expectation     pills  whether all of them are oral
    given_h       by arm: its own treatments, ascending; those of all arms where it has none
    procedure     how the first drug of the arms is given: infusion, injection, spray, inhalation or tablet
    background_h  first dose of a new background that everybody knows of, beside the blinded treatment; None without any
    """

    occasions_h: tuple[float, ...]
    pills: bool
    given_h: Mapping[str, tuple[float, ...]]
    procedure: str
    background_h: float | None

    @property
    def first_h(self) -> dict[str, float]:
        """By arm: its first treatment."""
        return {arm: given[0] for arm, given in self.given_h.items()}

    @property
    def attended_h(self) -> tuple[float, ...]:
        """When people come for treatment: not for tablets."""
        return () if self.pills else self.occasions_h


def blinded_treatment(protocol: Protocol, regimens: Mapping[str, Regimen], model: Model) -> BlindedTreatment:
    """When the blinded treatment is given: what the arms give beside the background, which everybody knows of.

    protocol  design of the trial
    regimens  by arm, with the background treatment joined to it
    model     whose drugs the background names
    returns   its times. Oral doses count only where no other route is used; the background counts only where no arm gives
              anything else, and without any dose the start of the period does
    """
    background = parse_regimen(protocol.background, library_drugs(model)).doses if protocol.background else ()
    regimens = {arm.name: regimens[arm.name] for arm in protocol.arms}
    own = {arm: without(regimen.doses, background) for arm, regimen in regimens.items()}
    given = own if any(own.values()) else {arm: regimen.doses for arm, regimen in regimens.items()}
    doses = [dose for each in given.values() for dose in each]
    procedures = [dose for dose in doses if dose.route != "oral"]
    chosen = procedures or doses
    occasions = tuple(sorted({time for dose in chosen for time in dose.times_h})) or (0.0,)
    times = {
        arm: tuple(sorted({time for dose in each if dose in chosen for time in dose.times_h})) or occasions
        for arm, each in given.items()
    }
    hoped_for = background if given is own and protocol.setting.background == "new" else ()
    known = min((time for dose in hoped_for for time in dose.times_h), default=None)
    return BlindedTreatment(occasions, bool(doses) and not procedures, times, _procedure(chosen), known)


def _procedure(doses: list[Dose]) -> str:
    """How the first of some doses is given; an infusion where there is none."""
    if not doses:
        return "infusion"
    first = min(doses, key=lambda dose: dose.times_h[0])
    if first.route == "iv" and first.duration_h < SHORTEST_INFUSION_H:
        return "injection"
    return PROCEDURES.get(first.route, "injection")


def without(doses: tuple[Dose, ...], background: tuple[Dose, ...]) -> tuple[Dose, ...]:
    """The doses less one of each of the background.

    doses       of a regimen
    background  doses that may be among them
    returns     the others, in order
    """
    left = list(doses)
    for dose in background:
        if dose in left:
            left.reverse()
            left.remove(dose)
            left.reverse()
    return tuple(left)
