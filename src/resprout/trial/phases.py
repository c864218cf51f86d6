"""Phases of a trial: a protocol in, each phase as a small design of its own, and who goes on after it, out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from resprout.dosing.regimen import Regimen
from resprout.language.records import Model
from resprout.trial.blinded_treatment import BlindedTreatment, blinded_treatment
from resprout.trial.design import Adjustment, Arm, Criterion, Endpoint, Phase, Protocol

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Stage:
    """A phase, or the part of the trial that has the arms, as expectation and raters see it.

    design   control, blinding, arms and endpoints of this part alone; times count from its start
    blinded  when its treatment is given
    """

    design: Protocol
    blinded: BlindedTreatment

    def visits_of(self, endpoint: str) -> tuple[float, ...]:
        """Hours of the visits at which people are rated on a scale; of all its visits where the scale is not among them."""
        own = [each.visits for each in self.design.endpoints if each.name == endpoint]
        return own[0] if own else tuple(sorted(self._all_visits))

    @property
    def attended_h(self) -> tuple[float, ...]:
        """When people come, to be rated or for treatment: h from the start of this part, ascending."""
        return tuple(sorted(self._all_visits | set(self.blinded.attended_h)))

    @property
    def _all_visits(self) -> set[float]:
        return {time for each in self.design.endpoints for time in each.visits}


def stages(protocol: Protocol, regimens: Mapping[str, Regimen], model: Model) -> dict[str, Stage]:
    """What each phase and each arm belongs to.

    protocol  design of the trial
    regimens  by phase and arm
    model     whose drugs the background names
    returns   by name of phase and arm; all arms share one
    """
    # after the first phase the background is nothing new, and no regimen has its doses
    later = protocol.model_copy(update={"background": ""}) if protocol.phases else protocol
    last = Stage(protocol, blinded_treatment(later, regimens, model))
    found = {arm.name: last for arm in protocol.arms}
    for phase in protocol.phases:
        design = _phase_design(protocol if phase is protocol.phases[0] else later, phase)
        found[phase.name] = Stage(design, blinded_treatment(design, regimens, model))
    return found


def goes_on(protocol: Protocol, rated: Mapping[tuple[str, str], Numbers]) -> NDArray[np.bool_]:
    """Who meets every criterion of every phase.

    protocol  design of the trial, with at least one phase
    rated     by phase and endpoint: [patient, visit] points, at the visits of `lead_in_endpoints`
    returns   [patient]
    """
    first = protocol.phases[0].name
    people = len(next(iter(rated.values())))
    met = np.ones(people, dtype=bool)
    for phase in protocol.phases:
        for rule in phase.go_on:
            visits = lead_in_visits(protocol, phase)
            at = [int(np.abs(np.array(visits) - hour).argmin()) for hour in rule.at]
            seen, before = rated[phase.name, rule.endpoint][:, at], rated[first, rule.endpoint][:, :1]
            met &= _meets(rule, seen, before)
    return met


def _meets(rule: Criterion, seen: Numbers, before: Numbers) -> NDArray[np.bool_]:
    """Who meets one criterion: ratings [patient, visit] at its visits, and before the first phase [patient, 1]."""
    good = meets(rule, seen, before)
    enough = rule.visits if rule.visits is not None else seen.shape[1]
    return np.asarray((good.sum(axis=1) >= enough) == rule.met)


def lead_in_visits(protocol: Protocol, phase: Phase) -> tuple[float, ...]:
    """Hours of the visits of a phase from its start: those stated, those of its criteria, and the first of all.

    protocol  design of the trial
    phase     one of its phases
    returns   ascending hours
    """
    stated = {*phase.visits, *(hour for rule in phase.go_on for hour in rule.at), *(rule.at for rule in phase.adjust)}
    return tuple(sorted(stated | ({0.0} if phase is protocol.phases[0] else set())))


def lead_in_endpoints(protocol: Protocol, phase: Phase) -> tuple[Endpoint, ...]:
    """The scales on which people are rated in a phase: those that a criterion or a change of regimen of any phase names.

    protocol  design of the trial
    phase     one of its phases
    returns   scales with the visits of the phase; none without a visit
    """
    visits = lead_in_visits(protocol, phase)
    rated = _named_scales(protocol) or (lead_in_scale(protocol),)
    return tuple(Endpoint.model_construct(name=name, visits=visits) for name in rated if visits)


def lead_in_scale(protocol: Protocol) -> str:
    """The scale by which people leave during phases: the primary one if phases name it, else the first that they name.

    protocol  design of the trial
    returns   its name; where phases name none and people leave by symptoms the primary endpoint, else the first endpoint
    """
    named = _named_scales(protocol)
    primary = protocol.primary.endpoint if protocol.primary else ""
    if not named and primary and any(protocol.dropout_in(phase).by_symptoms for phase in protocol.phases):
        return primary
    return primary if primary in named else (*named, protocol.endpoints[0].name)[0]


def _named_scales(protocol: Protocol) -> tuple[str, ...]:
    """The scales that criteria and changes of regimen of phases name, each once."""
    criteria = [rule.endpoint for phase in protocol.phases for rule in phase.go_on]
    changes = [rule.endpoint for phase in protocol.phases for rule in phase.adjust]
    return tuple(dict.fromkeys([*criteria, *changes]))


def meets(rule: Criterion | Adjustment, seen: Numbers, before: Numbers) -> NDArray[np.bool_]:
    """Where a rating has the fall and the points that a rule asks for.

    rule     criterion of going on, or rule of a change of regimen
    seen     [patient, visit]  points  ratings at its visits; NaN where missed
    before   [patient, visit]  points  first rating of the trial on the scale
    returns  [patient, visit]  bool    False where missed
    """
    good = np.isfinite(seen)
    if rule.fall is not None:
        good &= seen <= (1 - rule.fall) * before
    if rule.at_most is not None:
        good &= seen <= rule.at_most
    if rule.at_least is not None:
        good &= seen >= rule.at_least
    return good


def _phase_design(protocol: Protocol, phase: Phase) -> Protocol:
    """A phase as a design with one arm, which is no control."""
    return protocol.model_copy(
        update={
            "control": phase.control,
            "blinding": phase.blinding,
            "arms": (Arm(name=phase.name, regimen=phase.regimen),),
            "endpoints": lead_in_endpoints(protocol, phase),
            "phases": (),
        }
    )
