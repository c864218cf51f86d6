"""Checks of a trial design that need the model or more than one field: the design in, every fault with its place out."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from resprout.dosing.dose_events import check_routes
from resprout.dosing.regimen import Regimen, parse_regimen
from resprout.errors import Fault, InputError, nearest
from resprout.language.drug_instances import library_drugs
from resprout.language.rating_scales import Scale, mood_rated
from resprout.language.records import Model
from resprout.people.entry import ancestry_faults, body_faults, entry_scales, nobody_of_age
from resprout.trial.design import EntryCriteria, Protocol
from resprout.trial.phase_checks import check_phases
from resprout.trial.reported_statistics import STATISTICS
from resprout.trial.sequences import joined

Place = tuple[str | int, ...]
Note = Callable[..., None]


def check_design(
    protocol: Protocol, model: Model, place: Callable[[Place], str]
) -> tuple[dict[str, Regimen], list[Fault]]:
    """Check a design.

    protocol  design of the trial
    model     whose drugs and outputs it may name
    place     path of a field -> file and line
    returns   the regimen of each phase and arm, with the background joined to what comes first, and every fault
    """
    faults: list[Fault] = []

    def note(path: Place, found: str, expected: str = "", remedy: str = "") -> None:
        faults.append(Fault(found, place(path), expected, remedy))

    regimens = _regimens(protocol, model, place, faults, note)
    _check_arms(protocol, note)
    _check_endpoints(protocol, model, note)
    _check_entry(protocol, model, note)
    _check_analysis(protocol, model.scales, note)
    _check_published(protocol, model.scales, note)
    if protocol.design == "crossover":
        _check_crossover(protocol, regimens, note)
    check_phases(protocol, regimens, model, note)
    return regimens, faults


def _regimens(
    protocol: Protocol, model: Model, place: Callable[[Place], str], faults: list[Fault], note: Note
) -> dict[str, Regimen]:
    """Read the regimen of each phase and arm, and join the background to that of the first phase, else of each arm."""
    known = library_drugs(model)
    background: list[Regimen] = []
    if protocol.background:
        try:
            background = [parse_regimen(protocol.background, known, place(("background",)))]
        except InputError as error:
            faults += error.faults
    regimens: dict[str, Regimen] = {}
    for kind, index, part in protocol.placed_parts:
        where = place((kind, index, "regimen"))
        beside = background if not protocol.phases or (kind, index) == ("phases", 0) else []
        try:
            regimen = parse_regimen(part.regimen, known, where)
            if beside and regimen.doses:
                words = f"{regimen.text} + {protocol.background}"
                parse_regimen(words, known, where)
            whole = joined([regimen, *beside])
            check_routes(model, whole)
        except InputError as error:
            faults += [Fault(fault.found, where, fault.expected, fault.remedy) for fault in error.faults]
            continue
        if part.name in regimens:
            both = "two arms are" if kind == "arms" and not protocol.phases else "two parts of the trial are"
            note((kind, index, "name"), f"{both} called `{part.name}`.", "Expected a name each.")
        regimens[part.name] = whole
    return regimens


def _check_arms(protocol: Protocol, note: Note) -> None:
    """Check sizes and the control arm."""
    needed = "first" if protocol.design == "crossover" else "size"
    other = "size" if needed == "first" else "first"
    for index, arm in enumerate(protocol.arms):
        if getattr(arm, needed) is None:
            found = f"arm `{arm.name}` has no `{needed}`."
            note(("arms", index), found, f"A {protocol.design} trial needs it.", f"Add `{needed}: 10`.")
        if getattr(arm, other) is not None:
            found = f"arm `{arm.name}` has a `{other}`."
            note(("arms", index, other), found, f"A {protocol.design} trial has none.", f"Use `{needed}` instead.")
    controls = [arm.name for arm in protocol.arms if arm.control]
    if len(controls) > 1:
        note(("arms",), f"{len(controls)} arms are controls.", "Expected one at most.", "Keep the one to compare with.")
    if controls and len(protocol.arms) == 1 and protocol.control != "wait_list":
        note(("arms",), "the only arm is a control.", "Expected an arm to compare with it.")
    if protocol.setting.sites is not None and protocol.setting.sites > protocol.people:
        found = f"{protocol.setting.sites} sites for {protocol.people} people."
        note(
            ("setting", "sites"),
            found,
            "Expected at least one person a site.",
            "Give the number of sites that recruited.",
        )
    if protocol.setting.hospital and protocol.population == "healthy":
        found = "healthy people are in hospital in a crisis."
        note(("setting", "hospital"), found, "Expected people who are ill.", "Leave `hospital` out.")
    if protocol.people < 2:
        note(("arms",), f"{protocol.people} people in all.", "Expected at least two.")


def _check_endpoints(protocol: Protocol, model: Model, note: Note) -> None:
    """Check names and order of visits."""
    known = [*model.scales, *model.equations]
    seen: set[str] = set()
    for index, endpoint in enumerate(protocol.endpoints):
        if endpoint.name not in known:
            remedy = nearest(endpoint.name, known, "resprout describe")
            note(("endpoints", index, "name"), f"`{endpoint.name}` is no output of the model.", "", remedy)
        if endpoint.name in seen:
            note(("endpoints", index, "name"), f"`{endpoint.name}` is rated twice.", "Expected each endpoint once.")
        seen.add(endpoint.name)
        if any(later <= earlier for earlier, later in zip(endpoint.visits, endpoint.visits[1:], strict=False)):
            note(("endpoints", index, "visits"), "the visits are not in order of time.", "Expected each once.")
    for name, points in protocol.events.items():
        if name not in seen:
            note(("events", name), f"`{name}` is not among the endpoints.", "", nearest(name, seen))
        elif name in model.scales and not model.scales[name].lowest <= points < model.scales[name].highest:
            expected = f"Expected from {model.scales[name].lowest:g} to below {model.scales[name].highest:g}."
            note(("events", name), f"an event above {name} of {points:g}.", expected)


def _check_entry(protocol: Protocol, model: Model, note: Note) -> None:
    """Check entry criteria and cut-offs of remission."""
    scales = model.scales
    totals = entry_scales(model)
    entry = protocol.entry
    for kind in ("minimum", "maximum"):
        for scale, points in getattr(entry, kind).items():
            if scale not in totals:
                remedy = nearest(scale, totals)
                note(("entry", kind, scale), f"`{scale}` rates no depression.", "", remedy)
            elif points > scales[scale].highest:
                found = f"{scale} of {points:g} cannot be."
                note(("entry", kind, scale), found, f"Expected at most {scales[scale].highest:g}.")
    for kind, scale, points in _cut_offs(protocol):
        if not mood_rated(scales, scale):
            found, known = f"`{scale}` rates no depression.", [name for name in scales if mood_rated(scales, name)]
            note((kind, scale), found, "", nearest(scale, known))
        elif not scales[scale].lowest <= points < scales[scale].highest:
            expected = f"Expected from {scales[scale].lowest:g} to below {scales[scale].highest:g}."
            note((kind, scale), f"a {kind} at {scale} of {points:g}.", expected)
    for scale in set(entry.minimum) & set(entry.maximum):
        if entry.minimum[scale] > entry.maximum[scale]:
            note(("entry", "maximum", scale), f"the most {scale} is below the least.", "Expected it above.")
    if entry.age[0] >= entry.age[1]:
        note(("entry", "age"), "the ages are not in order.", "Expected the lower one first.")
    for fault in nobody_of_age(entry.age, model) if entry.age[0] < entry.age[1] else ():
        note(("entry", "age"), fault.found, fault.expected)
    _check_people(entry, model, note)


def _cut_offs(protocol: Protocol) -> list[tuple[str, str, float]]:
    """Every cut-off of remission and of response: its field, scale and points."""
    given = {"remission": protocol.remission, "response": protocol.response}
    return [(kind, scale, points) for kind, each in given.items() for scale, points in each.items()]


def _check_people(entry: EntryCriteria, model: Model, note: Note) -> None:
    """Check body and ancestry of those who may enter."""
    for fault in [*body_faults(entry.weight, entry.BMI), *ancestry_faults(entry.ancestry)]:
        note(("entry", fault.field), fault.found, fault.expected, fault.remedy)


def _check_analysis(protocol: Protocol, scales: Mapping[str, Scale], note: Note) -> None:
    """Check that the design can bear the analyses, and that primary endpoint, relapse and rescue name real visits."""
    rated = {endpoint.name: endpoint.visits for endpoint in protocol.endpoints}
    mood = [name for name in rated if mood_rated(scales, name)]
    crossover = protocol.design == "crossover"
    for name in protocol.analysis:
        if name == "rm_anova" and not crossover:
            note(("analysis",), "`rm_anova` compares treatments within people.", "Expected a crossover.", "Try `mmrm`.")
        if name in ("mmrm", "ancova") and (crossover or len(protocol.arms) < 2):
            found = f"`{name}` compares groups of people."
            note(("analysis",), found, "Expected parallel arms, at least two.", "Try `rm_anova` or `responder`.")
        if name == "relapse" and protocol.relapse is None:
            note(("analysis",), "`relapse` is asked for and not defined.", "", "Add `relapse: {start: 24 h}`.")
        if name in ("responder", "relapse", "mmrm", "ancova", "genotype") and not mood:
            known = ", ".join(each for each, scale in scales.items() if scale.is_total)
            note(("analysis",), f"`{name}` needs a scale of depression.", f"Known: {known}.")
    primary = protocol.primary
    if primary is not None and primary.endpoint not in rated:
        remedy = nearest(primary.endpoint, rated)
        note(("primary", "endpoint"), f"`{primary.endpoint}` is not among the endpoints.", "", remedy)
    elif primary is not None and not _among(primary.time, rated[primary.endpoint][1:]):
        expected = "Expected one of its visits after baseline."
        note(("primary", "time"), f"`{primary.endpoint}` is not rated at {primary.time:g} h.", expected)
    if protocol.relapse is not None and mood and not _among(protocol.relapse.start, rated[mood[0]]):
        found = f"`{mood[0]}` is not rated at {protocol.relapse.start:g} h."
        note(("relapse", "start"), found, "Expected one of its visits.")
    if protocol.rescue is not None and protocol.rescue.after > protocol.last_visit:
        note(("rescue", "after"), "rescue starts after the last visit.", f"Expected up to {protocol.last_visit:g} h.")


def _check_published(protocol: Protocol, scales: Mapping[str, Scale], note: Note) -> None:
    """Check that published numbers name arms, endpoints, statistics and visits of this trial."""
    rated = {endpoint.name: endpoint.visits for endpoint in protocol.endpoints}
    arms = [arm.name for arm in protocol.arms]
    for index, row in enumerate(protocol.published):
        if row.arm and row.arm not in arms:
            note(("published", index, "arm"), f"`{row.arm}` is no arm here.", "", nearest(row.arm, arms))
        if row.endpoint not in rated:
            remedy = nearest(row.endpoint, rated)
            note(("published", index, "endpoint"), f"`{row.endpoint}` is not among the endpoints.", "", remedy)
        elif row.time is not None and not _among(row.time, rated[row.endpoint]):
            found = f"`{row.endpoint}` is not rated at {row.time:g} h."
            note(("published", index, "time"), found, "Expected one of its visits.")
        if row.statistic not in STATISTICS:
            remedy = nearest(row.statistic, STATISTICS)
            note(("published", index, "statistic"), f"`{row.statistic}` is no statistic here.", "", remedy)
        elif STATISTICS[row.statistic].needs_time and row.time is None:
            note(("published", index), f"`{row.statistic}` needs a time.", "Expected `time:`, for instance `24 h`.")
        elif STATISTICS[row.statistic].needs_arm and not row.arm:
            note(("published", index), f"`{row.statistic}` needs an arm.", f"Expected one of {', '.join(arms)}.")
        elif row.statistic == "interaction_p" and protocol.design != "crossover":
            found = "`interaction_p` compares treatments within people."
            note(("published", index, "statistic"), found, "Expected a crossover.", "Try `interaction_F`.")
        elif row.statistic == "share_above" and row.endpoint not in protocol.events:
            found = f"`{row.endpoint}` has no cut-off of events."
            note(("published", index, "statistic"), found, "", f"Add `events: {{{row.endpoint}: 10}}`.")
        elif row.statistic.startswith("remission") and not _has_cut_off(scales, row.endpoint):
            found = f"`{row.endpoint}` has no cut-off of remission."
            note(("published", index, "statistic"), found, "Expected a scale of depression.")
        elif STATISTICS[row.statistic].needs_control and protocol.control_arm is None:
            note(
                ("published", index),
                f"`{row.statistic}` needs a control.",
                "Mark an arm by `control: true`.",
            )


def _has_cut_off(scales: Mapping[str, Scale], endpoint: str) -> bool:
    return endpoint in scales and scales[endpoint].remission is not None


def _check_crossover(protocol: Protocol, regimens: dict[str, Regimen], note: Note) -> None:
    """Check that the periods of a crossover follow each other."""
    if len(protocol.arms) < 2:
        note(("arms",), "a crossover with one arm.", "Expected at least two.", "Or make it `design: parallel`.")
    last = max([protocol.last_visit, *(max(regimen.times_h) for regimen in regimens.values())])
    if protocol.washout is None:
        note(
            (),
            "the field `washout` is missing.",
            "A crossover needs the time between test days.",
            "Add `washout: 7 d`.",
        )
    elif protocol.washout < last:
        found = "the next period starts before the last visit of the one before."
        note(("washout",), found, f"Expected a washout of at least {last:g} h.")


def _among(hour: float, visits: tuple[float, ...]) -> bool:
    """Whether an hour is one of the visits; times in minutes and hours differ by rounding only."""
    return any(abs(hour - visit) < 1e-6 for visit in visits)
