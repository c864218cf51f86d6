"""People under a history of doses -> what is expected of levels and ratings at each hour, as in a trial of the same control."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from resprout.dosing.dose_records import Regimen
from resprout.language.rating_scales import mood_rated
from resprout.language.records import Model
from resprout.patients.dataset import Occasion, Setting
from resprout.people.cohort import Cohort
from resprout.people.covariates import COMEDICATION_INPUTS
from resprout.people.recall import all_recalled_hours, recalled_hours, recalled_mean
from resprout.simulation.cohort_simulation import run_cohort
from resprout.simulation.scenario import Scenario
from resprout.simulation.settings import Numerics
from resprout.solve import Events
from resprout.trial.blinded_treatment import PROCEDURES, SHORTEST_INFUSION_H, BlindedTreatment
from resprout.trial.conduct import EUPHORIA, SEVERITY
from resprout.trial.design import Arm, Endpoint, EntryCriteria, Protocol
from resprout.trial.design import Setting as TrialSetting
from resprout.trial.phases import Stage
from resprout.trial.sequences import Sequence as Allocation
from resprout.trial.symptoms_left import hours_followed, symptoms_left

Numbers = NDArray[np.float64]
GIVEN = "given"
AFTER_A_DOSE_H = 1e-6
"""How long after a dose at its own hour something is observed that follows it."""
LOOSE = 1e-3
"""Tolerance of the solution: scores are within 0.05 points of HDRS17 and levels within 0.1 %, far below the errors of both."""


@dataclass(frozen=True)
class History:
    """What is done to a person on one occasion, and when they are seen.

    regimen     all doses         placebo_h   h   when saline or placebo was given
    visits      by endpoint: hours at which it is observed, ascending
    setting     how people were treated                       resistant   whether an antidepressant has failed
    between_h   h   at which values are asked for, and nobody is seen; empty where these are the visits
    comedication   h and name: what was taken from when on, the first at 0; empty where it is that of the people throughout
    """

    regimen: Regimen
    placebo_h: tuple[float, ...]
    visits: Mapping[str, tuple[float, ...]]
    setting: Setting
    resistant: bool = False
    between_h: tuple[float, ...] = ()
    comedication: tuple[tuple[float, str], ...] = ()


@dataclass(frozen=True)
class Solved:
    """Outputs of the model for some people.

    hours    [hour]                 h    ascending
    values   by output: [person, hour]   in the output's unit
    """

    hours: Numbers
    values: Mapping[str, Numbers]

    def at(self, name: str, hours: Numbers) -> Numbers:
        """An output at some of the hours: [person, hour]."""
        return self.values[name][:, np.searchsorted(self.hours, np.round(hours, 9))]


def history_of(occasion: Occasion, setting: Setting, *, resistant: bool) -> History:
    """What was done on an occasion, and when it was observed.

    occasion    of one person
    setting     how people were treated
    resistant   whether an antidepressant has failed
    returns     the history
    """
    visits: dict[str, set[float]] = {}
    for each in occasion.observations:
        visits.setdefault(each.endpoint, set()).add(seen_at(each.time_h, after_dose=each.after_dose))
    hours = {name: tuple(sorted(times)) for name, times in visits.items()}
    return History(occasion.regimen, occasion.placebo_h, hours, setting, resistant, (), occasion.comedication)


def seen_at(time_h: float, *, after_dose: bool) -> float:
    """The hour of an observation; just after the dose where it follows one at the same hour."""
    return round(time_h + (AFTER_A_DOSE_H if after_dose else 0.0), 9)


def solve_history(model: Model, people: Cohort, history: History, threads: int | None = None) -> Solved:
    """Solve the model for people under a history.

    model     the chain              people    [person]
    history   doses and visits       threads   None for all cores
    returns   every output that levels and ratings of the history need
    raises    SolveError if more people fail than allowed
    """
    blinded, visits = _treatment(history), history.visits
    last = max([0.0, *history.between_h, *(time for times in visits.values() for time in times)])
    followed = hours_followed(blinded, GIVEN, last) if blinded.given_h[GIVEN][0] < last else set()
    asked = [*history.between_h, *(time for times in visits.values() for time in times)]
    rated = [(name, history.between_h or times) for name, times in visits.items()]
    covered = all_recalled_hours(rated, min([0.0, *asked]), model.nominal)
    hours = np.unique(np.round([0.0, *followed, *asked, *covered], 9))
    plain = [name for name in visits if not mood_rated(model.scales, name)]
    outputs = list(dict.fromkeys([SEVERITY, EUPHORIA, *plain]))
    taken = [(hour, _inputs(name, model)) for hour, name in history.comedication]
    scenario = Scenario(history.regimen, tuple(hours.tolist()), tuple(outputs), overrides=taken[0][1] if taken else {})
    run = run_cohort(model, people, scenario, Numerics(tolerance=LOOSE, threads=threads), _changes(taken[1:]))
    return Solved(hours, {name: run.value[:, :, column] for column, name in enumerate(outputs)})


def _inputs(comedication: str, model: Model) -> dict[str, float]:
    """Inputs that comedication sets, 0 for those that it leaves alone."""
    sizes = {name: (drug, model.nominal[size]) for drug, (name, size) in COMEDICATION_INPUTS.items()}
    return {name: size * (drug == comedication) for name, (drug, size) in sizes.items()}


def _changes(taken: Sequence[tuple[float, Mapping[str, float]]]) -> Events:
    """Later comedication as changes of the inputs that it sets."""
    changes = [(hour, name, value) for hour, inputs in taken for name, value in inputs.items()]
    if not changes:
        return Events.none()
    value = np.array([[each] for _, _, each in changes])
    return Events(np.array([hour for hour, _, _ in changes]), tuple(name for _, name, _ in changes), value)


def expected_values(model: Model, people: Cohort, history: History, solved: Solved) -> dict[str, Numbers]:
    """What is expected of every endpoint at its visits.

    model     whose people and ratings are used
    people    [person]   with the placebo propensity, recovery and stress of each
    history   doses and visits
    solved    outputs of the same people
    returns   by endpoint: [person, visit], or hour between visits where such are asked for; of scales of depression points of HDRS17,
              before within-subject variability, of a self-rating in the mean of the days that it asks about
    """
    found, left = {}, None
    blinded = _treatment(history)
    for name, times in history.visits.items():
        at = np.array(history.between_h or times)
        if not mood_rated(model.scales, name):
            found[name] = solved.at(name, at)
            continue
        left = _share_left(model, people, history, blinded, solved) if left is None else left
        place = np.searchsorted(solved.hours, recalled_hours(name, at, solved.hours[0], model.nominal))
        found[name] = recalled_mean(solved.values[SEVERITY][:, place] * left[:, place])
    return found


def _share_left(model: Model, people: Cohort, history: History, blinded: BlindedTreatment, solved: Solved) -> Numbers:
    """Share of symptoms that expectation, recovery and new episodes leave: [person, hour]."""
    rated = {hour for name, times in history.visits.items() if mood_rated(model.scales, name) for hour in times}
    protocol = _protocol(history, blinded, tuple(sorted(rated)))
    parts = {GIVEN: Stage(protocol, blinded)}
    group = Allocation((GIVEN,), (0.0,), np.arange(len(people)))
    severity, euphoria = solved.values[SEVERITY], solved.values[EUPHORIA]
    return symptoms_left(protocol, parts, people, group, solved.hours, severity, euphoria, model.nominal).share


def _treatment(history: History) -> BlindedTreatment:
    """When the person came for treatment, which renews expectation."""
    doses = history.regimen.doses
    procedures = [dose for dose in doses if dose.route != "oral"]
    chosen = procedures or list(doses)
    given = tuple(sorted({*(time for dose in chosen for time in dose.times_h), *history.placebo_h})) or (0.0,)
    first = min(chosen, key=lambda dose: dose.times_h[0]) if chosen else None
    procedure = "infusion"
    if first is not None:
        short = first.route == "iv" and first.duration_h < SHORTEST_INFUSION_H
        procedure = "injection" if short else PROCEDURES.get(first.route, "injection")
    pills = bool(doses) and not procedures and not history.placebo_h
    return BlindedTreatment(given, pills, {GIVEN: given}, procedure, None)


def _protocol(history: History, blinded: BlindedTreatment, rated_h: tuple[float, ...]) -> Protocol:
    """The history as the design of a trial with one arm; who is given nothing expects nothing."""
    untreated = not history.regimen.doses and not history.placebo_h
    setting = history.setting
    return Protocol.model_construct(
        name="observed",
        title="observed",
        design="parallel",
        control="wait_list" if untreated else setting.control,
        setting=TrialSetting(sites=setting.sites),
        population="healthy" if setting.population == "healthy" else "mdd",
        diagnosis="bipolar" if setting.population == "bipolar" else "mdd",
        entry=EntryCriteria.model_construct(screening=0.0, resistant=history.resistant),
        arms=(Arm(name=GIVEN, regimen="", size=1, control=untreated),),
        endpoints=(Endpoint.model_construct(name=SEVERITY, visits=rated_h),),
    )


def later(history: History, regimen: Regimen, visits: Mapping[str, tuple[float, ...]]) -> History:
    """The same history with other doses and visits."""
    return replace(history, regimen=regimen, visits=visits)
