"""Checks of phases before allocation, changes by response, rules and cut-offs of relapse: a design in, every fault with its place noted."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from resprout.dosing.dose_events import check_routes
from resprout.dosing.regimen import Regimen, parse_regimen
from resprout.errors import InputError, nearest
from resprout.language.bounds import SCHEDULE_H
from resprout.language.drug_instances import library_drugs
from resprout.language.rating_scales import Scale, mood_rated
from resprout.language.records import Model
from resprout.trial.arm_rules import check_rules
from resprout.trial.design import Adjustment, Arm, Criterion, Phase, Protocol
from resprout.trial.phases import lead_in_scale

Note = Callable[..., None]


def check_phases(protocol: Protocol, regimens: Mapping[str, Regimen], model: Model, note: Note) -> None:
    """Check phases, who goes on after them, changes of treatment by response, and cut-offs of relapse.

    protocol  design of the trial
    regimens  by phase and arm, as far as they could be read
    model     whose drugs and scales it may name
    note      takes path, what was found, what was expected and a remedy
    """
    scales = model.scales
    _check_relapse(protocol, scales, note)
    _check_dropout(protocol, scales, note)
    for kind, index, part in protocol.placed_parts:
        for number, change in enumerate(part.adjust):
            _check_adjustment(protocol, part, (kind, index, "adjust", number), change, model, note)
    for index, arm in enumerate(protocol.arms):
        check_rules(protocol, index, arm, model, note)
    if not protocol.phases:
        return
    if protocol.design == "crossover":
        note(("phases",), "phases before a crossover.", "Expected parallel arms.", "Make it `design: parallel`.")
    for index, phase in enumerate(protocol.phases):
        _check_phase(protocol, index, phase, scales, note)
        late = [time for dose in regimens.get(phase.name, Regimen("", ())).doses for time in dose.times_h]
        own = [time for time in late if time >= phase.length] if index or not protocol.background else []
        if own:
            found = f"`{phase.name}` gives a dose at {own[0]:g} h, when it has ended."
            note(("phases", index, "regimen"), found, f"Expected doses before {phase.length:g} h.", "")
    end = max([protocol.last_visit, *(time for arm in protocol.arms for time in _times(regimens, arm.name))])
    if not SCHEDULE_H.allows(protocol.lead_in + end):
        found = f"phases and arms last {protocol.lead_in + end:g} h together."
        note(("phases",), found, f"Expected {SCHEDULE_H.in_words}.", "Use shorter phases or fewer visits.")


def _times(regimens: Mapping[str, Regimen], name: str) -> list[float]:
    """Hours of all doses of an arm."""
    return [time for dose in regimens[name].doses for time in dose.times_h] if name in regimens else []


def _check_phase(protocol: Protocol, index: int, phase: Phase, scales: Mapping[str, Scale], note: Note) -> None:
    """Check length and visits of one phase, and its criteria."""
    if phase.length <= 0:
        note(("phases", index, "length"), "a phase of 0 h.", "Expected a time above 0, for instance `28 d`.")
    if any(hour > phase.length for hour in phase.visits):
        found = f"`{phase.name}` has a visit at {max(phase.visits):g} h."
        note(("phases", index, "visits"), found, f"Expected visits up to its end at {phase.length:g} h.")
    if any(later <= earlier for earlier, later in zip(phase.visits, phase.visits[1:], strict=False)):
        note(("phases", index, "visits"), "the visits are not in order of time.", "Expected each once.")
    for number, rule in enumerate(phase.go_on):
        _check_criterion(phase, ("phases", index, "go_on", number), rule, scales, note)


def _check_criterion(
    phase: Phase, path: tuple[str | int, ...], rule: Criterion, scales: Mapping[str, Scale], note: Note
) -> None:
    """Check one criterion of going on."""
    if not mood_rated(scales, rule.endpoint):
        known = [name for name in scales if mood_rated(scales, name)]
        found = f"`{rule.endpoint}` rates no depression."
        note((*path, "endpoint"), found, f"Known: {', '.join(known)}.", nearest(rule.endpoint, known))
    elif rule.at_most is not None and rule.at_most >= scales[rule.endpoint].highest:
        found = f"everybody has {rule.endpoint} of at most {rule.at_most:g}."
        note((*path, "at_most"), found, f"Expected less than {scales[rule.endpoint].highest:g}.")
    _check_asked(path, rule, "criterion", note)
    if any(hour > phase.length for hour in rule.at):
        found = f"a criterion at {max(rule.at):g} h, after `{phase.name}` has ended."
        note((*path, "at"), found, f"Expected up to {phase.length:g} h.")
    if any(later <= earlier for earlier, later in zip(rule.at, rule.at[1:], strict=False)):
        note((*path, "at"), "the visits are not in order of time.", "Expected each once.")
    if rule.visits is not None and rule.visits > len(rule.at):
        found = f"{rule.visits} visits of {len(rule.at)}."
        note((*path, "visits"), found, f"Expected at most {len(rule.at)}.")


def _check_asked(path: tuple[str | int, ...], rule: Criterion | Adjustment, kind: str, note: Note) -> None:
    """Check that a rule asks for something, and for nothing that contradicts itself."""
    if rule.fall is None and rule.at_most is None and rule.at_least is None:
        note(path, f"the {kind} asks for nothing.", "Expected `fall`, `at_most` or `at_least`.", "Add `fall: 0.5`.")
    elif rule.at_most is not None and rule.at_least is not None and rule.at_least > rule.at_most:
        found = f"at least {rule.at_least:g} and at most {rule.at_most:g} points."
        note((*path, "at_least"), found, "Expected `at_least` below `at_most`.")


def _check_adjustment(
    protocol: Protocol, part: Phase | Arm, path: tuple[str | int, ...], rule: Adjustment, model: Model, note: Note
) -> None:
    """Check one change of treatment by response."""
    rated = {each.name: each.visits for each in protocol.endpoints if mood_rated(model.scales, each.name)}
    if protocol.design == "crossover":
        note(path, "a change by response in a crossover.", "Expected parallel arms.", "Make it `design: parallel`.")
    elif isinstance(part, Phase):
        if not mood_rated(model.scales, rule.endpoint):
            note((*path, "endpoint"), f"`{rule.endpoint}` rates no depression.", "", nearest(rule.endpoint, rated))
        if not rule.at < part.length:
            found = f"a change at {rule.at:g} h, when `{part.name}` has ended."
            note((*path, "at"), found, f"Expected before {part.length:g} h.")
    elif rule.endpoint not in rated:
        found = f"`{rule.endpoint}` is no endpoint that rates depression."
        note((*path, "endpoint"), found, "", nearest(rule.endpoint, rated))
    elif not any(abs(rule.at - visit) < 1e-6 for visit in rated[rule.endpoint][1:]):
        found = f"`{rule.endpoint}` is not rated at {rule.at:g} h."
        note((*path, "at"), found, "Expected one of its visits after baseline.")
    _check_asked(path, rule, "rule", note)
    for text in rule.regimens:
        try:
            check_routes(model, parse_regimen(text, library_drugs(model)))
        except InputError as error:
            for fault in error.faults:
                note((*path, "regimen"), fault.found, fault.expected, fault.remedy)


def _check_dropout(protocol: Protocol, scales: Mapping[str, Scale], note: Note) -> None:
    """Check that whoever leaves by symptoms is rated for them, and where dropout in phases is stated."""
    expected, remedy = "Expected a scale of depression among the endpoints.", "Use `completely_at_random`."
    if not any(mood_rated(scales, each.name) for each in protocol.endpoints):
        if protocol.dropout.by_symptoms:
            note(("dropout",), "people leave by symptoms that nobody rates.", expected, remedy)
        if protocol.rescue is not None:
            note(("rescue",), "rescue treatment by symptoms that nobody rates.", expected, "Leave `rescue` out.")
    if protocol.dropout.in_phases and not protocol.phases:
        note(("dropout", "in_phases"), "`in_phases` in a trial without phases.", "Expected `phases`.", "Leave it out.")
    rated = mood_rated(scales, lead_in_scale(protocol))
    for index, phase in enumerate(protocol.phases):
        path = ("phases", index, "dropout") if phase.dropout is not None else ("dropout",)
        if protocol.dropout_in(phase).by_symptoms and not rated:
            found = f"people leave `{phase.name}` by symptoms that nobody rates there."
            note(path, found, "Expected a scale of depression as primary endpoint.", remedy)
        if phase.dropout is not None and phase.dropout.in_phases:
            found = f"`in_phases` in the dropout of `{phase.name}`."
            note((*path, "in_phases"), found, "Expected it in the `dropout` of the trial.", "Leave it out.")


def _check_relapse(protocol: Protocol, scales: Mapping[str, Scale], note: Note) -> None:
    """Check cut-offs of relapse."""
    if protocol.relapse is None:
        return
    rated = [each.name for each in protocol.endpoints if mood_rated(scales, each.name)]
    for scale, points in protocol.relapse.at_least.items():
        if scale not in rated:
            remedy = nearest(scale, rated)
            note(("relapse", "at_least", scale), f"`{scale}` is no endpoint that rates depression.", "", remedy)
        elif not scales[scale].lowest < points <= scales[scale].highest:
            expected = f"Expected above {scales[scale].lowest:g}, at most {scales[scale].highest:g}."
            note(("relapse", "at_least", scale), f"a relapse at {scale} of {points:g}.", expected)
    if protocol.phases:
        for scale in rated:
            if scale not in protocol.relapse.at_least:
                expected = "After phases the baseline is that of people who are well; expected a cut-off for it."
                note(("relapse",), f"relapse on `{scale}` has no cut-off.", expected, "Add `at_least: {MADRS: 22}`.")
