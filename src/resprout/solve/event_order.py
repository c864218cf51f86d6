"""What happens at one moment of one patient: which events are triggered, which of those that are due happens first, and what it does.

SBML Level 3 Version 2 Core, section 4.11.3: of the events of one moment that with the largest priority happens first, and which
of several with the same priority is a matter of chance. The numbers drawn depend on the patient and on how many were drawn before.
"""

from __future__ import annotations

import numpy as np

from resprout.solve.compiled import part
from resprout.solve.driver_arrays import EVENTS_WITHOUT_END, TOO_MANY_EVENTS
from resprout.solve.event_arrays import MOST_WAITING
from resprout.solve.lanes import call

MOST_CHAINED, MOST_EVENTS = 1000, 1_000_000
"""Events of one moment, and of one run, after which a patient is given up."""
SAME_HOUR = 4 * np.finfo(float).eps
"""Hours that differ by less, relative to themselves, differ by rounding."""
STREAM = np.uint64(4041)
"""Key of the random numbers that choose among events of equal priority."""


@part
def let_happen(lane, passed, task, watch):
    """Let events happen one after the other, until none is due; says whether any did.

    passed   whether the last step has passed through equalities, which hold for this moment only (array `passed`)
    """
    own, now = watch.lanes, task.lanes.now[lane]
    for done in range(MOST_CHAINED):
        _evaluate(lane, passed and done == 0, watch)
        for event in range(own.held.shape[0]):
            truth = own.truth[event, lane] != 0.0
            if truth and own.held[event, lane] == 0.0:
                _trigger(lane, event, now, task, watch)
            own.held[event, lane] = 1.0 if truth else 0.0
        _call_off(lane, watch)
        first = _first_due(lane, now, task.lanes.patient[lane], watch)
        if first < 0:
            if passed and done == 0:
                # what held for this moment only has ended
                _evaluate(lane, False, watch)
                for event in range(own.held.shape[0]):
                    own.held[event, lane] = 1.0 if own.truth[event, lane] != 0.0 else 0.0
            return done > 0
        _happen(lane, first, task.lanes, watch)
        own.happened[lane] += 1
        if own.happened[lane] >= MOST_EVENTS:
            task.lanes.status[lane] = TOO_MANY_EVENTS
            return True
        call(watch.kernels.sides_at)
        for row in range(own.own.shape[0]):
            own.own[row, lane] = own.side[row, lane]
    task.lanes.status[lane] = EVENTS_WITHOUT_END
    return True


@part
def _evaluate(lane, passed, watch):
    """Which triggers hold, and what each event would do now."""
    own = watch.lanes
    for row in range(own.own.shape[0]):
        value = own.own[row, lane]
        if watch.model.equal[row]:
            value = 1.0 if value == 0.0 or (passed and own.passed[row, lane] != 0.0) else 0.0
        own.value_held[row, lane] = value
    call(watch.kernels.event_values)


@part
def _trigger(lane, event, now, task, watch):
    own, place = watch.lanes, watch.lanes.waiting[lane]
    if place >= MOST_WAITING:
        task.lanes.status[lane] = TOO_MANY_EVENTS
        return
    own.wait_hour[place, lane] = hour_of_output(now + own.delay[event, lane], task.plan.time_h)
    own.wait_index[place, lane], own.wait_order[place, lane] = event, own.triggered[lane]
    if watch.model.at_trigger[event]:
        first = watch.model.first[event]
        for change in range(first, watch.model.first[event + 1]):
            own.wait_value[place, change - first, lane] = own.value[change, lane]
    own.triggered[lane] += 1
    own.waiting[lane] += 1


@part
def hour_of_output(hour, time_h):
    """An hour, or that of an output from which it differs by rounding alone.

    time_h   [time] of outputs
    """
    place = np.searchsorted(time_h, hour)
    for near in range(max(place - 1, 0), min(place + 1, time_h.shape[0])):
        if abs(time_h[near] - hour) <= SAME_HOUR * abs(hour):
            return time_h[near]
    return hour


@part
def _remove(lane, place, watch):
    """Put the last event that waits into the place of another; which place one has does not matter."""
    own = watch.lanes
    own.waiting[lane] -= 1
    last = own.waiting[lane]
    if place < last:
        own.wait_hour[place, lane] = own.wait_hour[last, lane]
        own.wait_index[place, lane] = own.wait_index[last, lane]
        own.wait_order[place, lane] = own.wait_order[last, lane]
        for row in range(own.wait_value.shape[1] if last < own.wait_value.shape[0] else 0):
            own.wait_value[place, row, lane] = own.wait_value[last, row, lane]


@part
def _call_off(lane, watch):
    """Drop events that wait and whose triggers have ceased to hold, but for persistent ones."""
    own = watch.lanes
    for place in range(own.waiting[lane] - 1, -1, -1):
        event = own.wait_index[place, lane]
        if not watch.model.persistent[event] and own.held[event, lane] == 0.0:
            _remove(lane, place, watch)


@part
def _first_due(lane, now, patient, watch):
    """The place of the event that happens now, or -1."""
    own, largest, known, equal = watch.lanes, -np.inf, False, 0
    for place in range(own.waiting[lane]):
        event = own.wait_index[place, lane]
        if own.wait_hour[place, lane] <= now and watch.model.prioritised[event]:
            priority = own.priority[event, lane]
            if not known or priority > largest:
                largest, equal = priority, 0
            known = True
            equal += 1 if priority == largest else 0
    rank = 0
    if known and equal > 1:
        rank = lot(watch.run.numbers[patient], own.drawn[lane], equal)
        own.drawn[lane] += 1
    return _of_rank(lane, now, rank, known, largest, watch)


@part
def _of_rank(lane, now, rank, known, largest, watch):
    """The place of an event of the largest priority, or of those without, counted as the file has them and as they were triggered."""
    own, chosen, least, least_order = watch.lanes, -1, -1, -1
    for _ in range(rank + 1):
        chosen = -1
        for place in range(own.waiting[lane]):
            event, order = own.wait_index[place, lane], own.wait_order[place, lane]
            if own.wait_hour[place, lane] > now or watch.model.prioritised[event] != known:
                continue
            if known and own.priority[event, lane] != largest:
                continue
            after = event > least or (event == least and order > least_order)
            if after and (chosen < 0 or _before(place, chosen, lane, own)):
                chosen = place
        if chosen >= 0:
            least, least_order = own.wait_index[chosen, lane], own.wait_order[chosen, lane]
    return chosen


@part
def _before(place, other, lane, own):
    mine, its = own.wait_index[place, lane], own.wait_index[other, lane]
    return mine < its or (mine == its and own.wait_order[place, lane] < own.wait_order[other, lane])


@part
def lot(number, drawn, count):
    """A number below `count` by chance: Steele, Lea and Flood, OOPSLA 2014, Fast splittable pseudorandom number generators.

    number   of the patient        drawn   how many were drawn before
    """
    key = np.uint64(number) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(drawn)
    bits = key * np.uint64(0xD1342543DE82EF95) + STREAM * np.uint64(0x9E3779B97F4A7C15)
    for _ in range(2):
        bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        bits = bits ^ (bits >> np.uint64(31))
    return np.int64(np.float64(bits >> np.uint64(11)) * 2.0**-53 * count)


@part
def _happen(lane, place, lanes, watch):
    """Assign what an event assigns, and let it wait no longer."""
    own, model = watch.lanes, watch.model
    event = own.wait_index[place, lane]
    first = model.first[event]
    for change in range(first, model.first[event + 1]):
        value = own.wait_value[place, change - first, lane] if model.at_trigger[event] else own.value[change, lane]
        lanes.state[model.change_state[change], lane] = value * own.size[change, lane]
    _remove(lane, place, watch)
