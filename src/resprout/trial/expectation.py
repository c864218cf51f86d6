"""Expectation: what patients believe and have felt in; the share of symptoms that expectation removes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from resprout.people.spreads import odds_times

Numbers = NDArray[np.float64]
Parameters = Mapping[str, float]
FELT_WITHIN_H = 1.5  # after a dose by a route other than oral: who has felt nothing by then takes note of it


def belief(  # many arguments: what is believed and felt, and what was felt before
    at_start: Numbers,
    euphoria: Numbers,
    since_h: Numbers,
    parameters: Parameters,
    *,
    effects_expected: bool,
    felt_before: Numbers | None = None,
) -> Numbers:
    """How sure patients are of being given something that works, while euphoria may unblind them.

    at_start          [patient]        1       belief at the first blinded treatment, 0 to 1
    euphoria          [patient, time]  points  VAS_high
    since_h           [time]           h       since the patient's own first blinded treatment, ascending
    parameters        by constant of the model; `unblinding_VAS_high` and `belief_lost` are used
    effects_expected  whether patients look for an effect within FELT_WITHIN_H, and lose belief where there is none
    felt_before       [patient]        points  highest VAS_high in earlier phases; None for none
    returns           [patient, time]  1       0 to 1

    Belief rises when euphoria is felt, after any dose, and not before; it keeps what the strongest one has told. Who feels
    nothing although the drug was felt in an earlier phase loses more belief, as much as euphoria tells.
    """
    half = parameters["unblinding_VAS_high"]
    felt = np.maximum.accumulate(np.where(since_h > 0, np.maximum(euphoria, 0.0), 0.0), axis=1)
    told = felt / (felt + half)
    lost = np.full(len(at_start), parameters["belief_lost"] if effects_expected else 0.0)
    if felt_before is not None:
        known = np.maximum(felt_before, 0.0)
        lost = 1 - (1 - lost) * (1 - known / (known + half))
    kept = np.where(since_h >= FELT_WITHIN_H - 1e-9, 1 - lost[:, None], 1.0)
    return np.asarray(told + (1 - told) * at_start[:, None] * kept)


def conviction(
    relief: Numbers, hours: Numbers, occasions_h: Sequence[float], parameters: Parameters, *, pills: bool
) -> Numbers:
    """How much of the effect of a belief is alive: all of it at a treatment, later as much as patients feel relieved.

    relief       [patient, time]    1  share of the symptoms before treatment that the drug has removed, 0 to 1
    hours        [time]             h  ascending, on the clock of `occasions_h`
    occasions_h  [occasion]         h  treatments, ascending; nothing is alive before the first
    parameters   by constant of the model; `placebo_fade` and `expectation_extinction` are used
    pills        oral drugs are expected to take weeks: those who feel nothing yet lose no belief
    returns      [patient, time]    1  0 to 1; at the hour of a treatment, as it was before it

    Between treatments it moves towards the relief with time constant `placebo_fade`: dY/dt = (relief - Y) / fade, exact for
    relief that is linear between the hours. A treatment moves it towards 1, after k treatments by
    (1 - extinction (1 - highest relief since the first of them))^k of the distance.
    """
    given = np.asarray(occasions_h, dtype=float)
    alive = np.zeros(relief.shape)
    state, highest, before, many = np.zeros(len(relief)), np.zeros(len(relief)), relief[:, 0], 0
    clock = min(hours[0], given[0])
    for hour in np.union1d(hours, given):
        now = _between(relief, hours, hour)
        state = _relaxed(state, before, now, (hour - clock) / parameters["placebo_fade"]) if many else state
        highest = np.maximum(highest, now) if many else highest
        alive[:, hours == hour] = state[:, None]
        if hour in given:
            unmoved = 0.0 if pills else parameters["expectation_extinction"] * (1 - highest)
            state = state + (1 - state) * (1 - unmoved) ** many
            many += 1
        before, clock = now, hour
    return alive


def _between(values: Numbers, hours: Numbers, hour: float) -> Numbers:
    """Values [patient, time] at an hour, linear between the hours and level beyond them."""
    after = int(np.clip(np.searchsorted(hours, hour), 1, max(len(hours) - 1, 1)))
    if len(hours) == 1:
        return values[:, 0]
    share = np.clip((hour - hours[after - 1]) / (hours[after] - hours[after - 1]), 0.0, 1.0)
    return np.asarray(values[:, after - 1] * (1 - share) + values[:, after] * share)


def _relaxed(state: Numbers, first: Numbers, last: Numbers, span: float) -> Numbers:
    """The state after `span` time constants on the way to a target that moves linearly from `first` to `last`."""
    if span <= 0:
        return state
    gone = -np.expm1(-span)
    return np.asarray(state * (1 - gone) + first * gone + (last - first) * (1 - gone / span))


def onset(since_h: Numbers, parameters: Parameters, *, pills: bool) -> Numbers:
    """Share of the effect of expectation that has developed.

    since_h     [time]  h  since the first treatment; none before it
    parameters  by constant of the model; `placebo_onset` and `placebo_onset_pill` are used
    pills       oral drugs are expected to take weeks, procedures hours
    returns     [time]  1  0 to 1
    """
    constant = parameters["placebo_onset_pill" if pills else "placebo_onset"]
    return np.asarray(-np.expm1(-np.maximum(since_h, 0.0) / constant))


def placebo_share(propensity: Numbers, parameters: Parameters) -> Numbers:
    """Share of symptoms that each patient loses by full expectation; below 1 for everybody.

    propensity  [patient]  1  placebo propensity, median 1, which multiplies the odds
    parameters  by constant of the model; `placebo_depth` is used
    returns     [patient]  1  0 to 1
    """
    return odds_times(parameters["placebo_depth"], propensity)


def expectation_left(
    removes: Numbers, expected: Numbers, relief: Numbers, parameters: Parameters, developed: Numbers | float = 1.0
) -> Numbers:
    """Share of symptoms that expectation leaves.

    removes     [patient]        1  share that the patient loses by full expectation
    expected    [patient, time]  1  expectation: belief, times what of it is alive, and what visits add
    relief      [patient, time]  1  share of symptoms that the drug has removed
    parameters  by constant of the model; `expectation_overlap` is used
    developed   [time]           1  share of its effect that has developed, as `onset` gives it
    returns     [patient, time]  1  share still present, times what the drug leaves

    With an overlap of 0 expectation leaves (1 - removes)^expected of what the drug leaves once its effect has developed, so that some people
    lose most of their symptoms and many few, as in control arms; until then the share that it removes is that times `developed`. With an overlap
    of 1 it removes nothing from those whom the drug has relieved of everything, and correspondingly less from others.
    """
    strength = expected * (1 - parameters["expectation_overlap"] * relief)
    return np.asarray(1 - developed * (1 - np.power(1 - removes[:, None], strength)))


def clinical_course(recovery: Numbers, hours: Numbers, parameters: Parameters) -> Numbers:
    """Share of symptoms that remains in the clinical course without treatment.

    recovery    [patient]        1  speed of recovery of the patient, mean 1
    hours       [time]           h  since screening
    parameters  by constant of the model; `recovery_time` is used
    returns     [patient, time]  1  0 to 1
    """
    return np.exp(-recovery[:, None] * np.maximum(hours, 0.0) / parameters["recovery_time"])


def attention(hours: Numbers, attended_h: Numbers, parameters: Parameters) -> Numbers:
    """Expectation that visits have added and that is still alive.

    hours       [time]   h  ascending
    attended_h  [visit]  h  when people come, ascending
    parameters  by constant of the model; those whose names begin with `visit_`, `expectation_points` and `background_fade` are used
    returns     [time]   1  as a share of full expectation; 0 up to the first visit

    The effect of a visit develops with time constant `visit_memory` until the next one, is smaller the later it is, and fades with
    `background_fade`, as expectation does that nothing renews.
    """

    def of_visit(hour: Numbers, since_h: Numbers) -> Numbers:
        late = np.maximum(hour - attended_h[0] - parameters["visit_reference"], 0.0) / parameters["visit_decline"]
        return np.asarray(-np.expm1(-since_h / parameters["visit_memory"]) * np.exp(-late))

    gaps = np.diff(attended_h)
    before = np.zeros(attended_h.size)
    for visit, each in enumerate(of_visit(attended_h[1:], gaps)):
        before[visit + 1] = before[visit] * np.exp(-gaps[visit] / parameters["background_fade"]) + each
    last = np.searchsorted(attended_h, hours, side="right") - 1
    since = np.where(last < 0, 0.0, hours - attended_h[np.maximum(last, 0)])
    alive = before[np.maximum(last, 0)] * np.exp(-since / parameters["background_fade"]) + of_visit(hours, since)
    return np.asarray(alive * parameters["visit_effect"] / parameters["expectation_points"])
