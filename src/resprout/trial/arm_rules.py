"""Rules of the arms of a design: the protocol in; the rules of an arm with the visits and side effects that they look at out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from resprout.dosing.dose_events import check_routes
from resprout.dosing.regimen import parse_regimen
from resprout.errors import Fault, InputError
from resprout.language.drug_instances import library_drugs
from resprout.language.rating_scales import mood_rated
from resprout.language.records import Model
from resprout.trial.design import Arm, Protocol
from resprout.trial.phases import lead_in_visits
from resprout.trial.sequences import Sequence
from resprout.trial.treatment_rules import Rule, read_rule, step_faults

Note = Callable[..., None]


@dataclass(frozen=True)
class ArmRules:
    """Rules of an arm that has been checked.

    rules       in order: at a visit the first one that applies decides
    steps       multiples of the first dose, ascending; empty where no rule moves the dose
    endpoint    scale that the rules follow
    visits      [visit]  h   of the arm, at which it is rated
    visits_in   the same by phase and arm, each from its own start
    at_visit    scales read at visits and before doses        after_dose   scales read after doses
    baselines   scales with whose first rating a rule compares
    """

    rules: tuple[Rule, ...]
    steps: tuple[float, ...]
    endpoint: str
    visits: tuple[float, ...]
    visits_in: Mapping[str, tuple[float, ...]]
    at_visit: tuple[str, ...]
    after_dose: tuple[str, ...]
    baselines: tuple[str, ...]

    @property
    def side_effects(self) -> tuple[str, ...]:
        """Every scale that is read for the rules."""
        return tuple(dict.fromkeys((*self.at_visit, *self.after_dose)))


def followed_scale(protocol: Protocol, model: Model) -> str:
    """The scale that rules follow: the primary endpoint if it rates depression, else the first endpoint that does, else the first.

    protocol  design of the trial
    model     whose scales
    returns   its name
    """
    rated = [each.name for each in protocol.endpoints if mood_rated(model.scales, each.name)]
    primary = protocol.primary.endpoint if protocol.primary else ""
    return primary if primary in rated else (*rated, protocol.endpoints[0].name)[0]


def rules_of(protocol: Protocol, group: Sequence, model: Model) -> ArmRules | None:
    """The rules of the arm that a group of people is allocated to.

    protocol  design of the trial, which has been checked
    group     phases and arms in order
    model     whose drugs and scales the rules name
    returns   None where the arm has none
    """
    arm = next((each for each in protocol.arms if each.name == group.arms[-1]), None)
    if arm is None or not arm.rules:
        return None
    endpoint = followed_scale(protocol, model)
    rules = _checked_rules(arm, model, endpoint)
    compared = [each for rule in rules for each in rule.conditions if each.sign and each.name in model.scales]
    others = [each for each in compared if each.name != endpoint]
    visits = protocol.visits_of(endpoint)
    return ArmRules(
        rules,
        arm.steps,
        endpoint,
        visits,
        {phase.name: lead_in_visits(protocol, phase) for phase in protocol.phases} | {arm.name: visits},
        tuple(dict.fromkeys(each.name for each in others if not each.after_dose)),
        tuple(dict.fromkeys(each.name for each in others if each.after_dose)),
        tuple(dict.fromkeys(each.name for each in others if each.of_baseline)),
    )


def has_rules(protocol: Protocol) -> bool:
    """Whether an arm of a design has rules.

    protocol  design of the trial
    returns   true where one has
    """
    return any(arm.rules for arm in protocol.arms)


def _checked_rules(arm: Arm, model: Model, endpoint: str) -> tuple[Rule, ...]:
    """The rules of an arm that has been checked."""
    return tuple(rule for text in arm.rules if (rule := read_rule(text, model, endpoint, "", [])) is not None)


def refuse_without_rules(protocol: Protocol) -> None:
    """Refuse a ledger of a trial in which nothing is decided by rules.

    protocol  design of the trial
    raises    InputError
    """
    if not has_rules(protocol):
        found = f"no arm of `{protocol.name}` has rules, whose decisions a ledger records."
        raise InputError(Fault(found, "", "Expected `rules` of an arm.", field="ledger"))


def drugs_of_changes(protocol: Protocol, model: Model) -> set[str]:
    """Drugs that changes by response and rules may give.

    protocol  design of the trial, which has been checked
    model     whose drugs they name
    returns   names of drugs
    """
    known = library_drugs(model)
    regimens = [parse_regimen(text, known) for part in protocol.parts for rule in part.adjust for text in rule.regimens]
    for arm in protocol.arms:
        read = _checked_rules(arm, model, followed_scale(protocol, model))
        regimens += [rule.regimen for rule in read if rule.regimen is not None]
    return {dose.drug for regimen in regimens for dose in regimen.doses}


def check_rules(protocol: Protocol, number: int, arm: Arm, model: Model, note: Note) -> None:
    """Check the rules of one arm.

    protocol  design of the trial
    number    of the arm
    arm       with rules and steps
    model     whose drugs and scales they may name
    note      takes path, what was found, what was expected and a remedy
    """
    if not arm.rules:
        if arm.steps:
            note(("arms", number, "steps"), "steps without rules.", "", "Leave `steps` out, or write `rules`.")
        return
    path = ("arms", number, "rules")
    if protocol.design == "crossover":
        note(path, "rules in a crossover.", "Expected parallel arms.", "Make it `design: parallel`.")
    if arm.adjust:
        note(path, f"`{arm.name}` has `rules` and `adjust`.", "Expected one of them.", "Write the changes as rules.")
    endpoint, read = followed_scale(protocol, model), list[Rule]()
    for row, text in enumerate(arm.rules):
        faults: list[Fault] = []
        rule = read_rule(text, model, endpoint, "", faults)
        for fault in faults:
            note((*path, row), fault.found, fault.expected, fault.remedy)
        if rule is None:
            continue
        read.append(rule)
        if rule.regimen is not None:
            try:
                check_routes(model, rule.regimen)
            except InputError as error:
                for fault in error.faults:
                    note((*path, row), fault.found, fault.expected, fault.remedy)
        rated = [each.name for each in protocol.endpoints]
        for name in (each for each in rule.needs_baseline if each and each not in rated):
            found = f"`{rule.text}` compares with the first {name}, which nobody rates."
            note((*path, row), found, "Expected it among the endpoints.")
    for fault in step_faults(read, arm.steps, "", all_read=len(read) == len(arm.rules)):
        note(("arms", number, "steps"), fault.found, fault.expected, fault.remedy)
