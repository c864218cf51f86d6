"""Conditions and events of imported models: the driver asks after every step what changed within it, and what follows from that.

A step is taken with every condition of the rates held. Where a condition changes inside it, the step is cut short at the first
change, the condition is set anew, and events whose triggers have begun to hold happen in their order (`event_order.py`). Which event
happens when: SBML Level 3 Version 2 Core, section 4.11. Every lane watches its own patient, in compiled code.
"""

from __future__ import annotations

import numpy as np

from resprout.solve.compiled import part
from resprout.solve.driver_arrays import RUNNING, SWITCHES_WITHOUT_END
from resprout.solve.event_order import let_happen
from resprout.solve.lanes import call
from resprout.solve.step_search import bound_within, first_change, foreseen, fraction_at, hour_at, is_quiet
from resprout.solve.step_size import MOST_STEPS

MOST_SWITCHES, SHORTEST_SHARE = 500, 1e-8
"""A patient who gets no further than this share of the run in as many changes of conditions is given up."""


@part
def _goes_on(lane, task, watch):
    """Whether a lane's step has been accepted."""
    return task.lanes.patient[lane] >= 0 and watch.error[lane] <= 1.0


@part
def enter_events(lane, task, watch):
    """Let everything happen that happens at the beginning of a lane's new patient."""
    lanes, own, run, patient = task.lanes, watch.lanes, watch.run, task.lanes.patient[lane]
    for row in range(own.given.shape[0]):
        own.given[row, lane] = run.constants[patient, row]
    own.column[lane] = own.triggered[lane] = own.switches[lane] = own.drawn[lane] = own.happened[lane] = 0
    own.waiting[lane], own.since[lane], own.crossing[lane] = 0, lanes.now[lane], np.inf
    for row in range(own.held.shape[0]):
        own.held[row, lane] = 1.0 if run.held[patient, row] else 0.0
    _take_sides(lane, watch)
    let_happen(lane, False, task, watch)
    _settle_events(lane, task, watch)
    for row in range(lanes.state.shape[0]):
        lanes.peak[row, lane] = abs(lanes.state[row, lane])
        lanes.new[row, lane] = lanes.state[row, lane]


@part
def take_changes(task, watch):
    """Let happen what follows from a dose: every lane whose state is not as it was left."""
    lanes, own = task.lanes, watch.lanes
    for lane in range(lanes.patient.shape[0]):
        if lanes.patient[lane] < 0 or lanes.status[lane] != RUNNING:
            continue
        moved = False
        for row in range(lanes.state.shape[0]):
            moved = moved or lanes.state[row, lane] != own.left[row, lane]
        if moved:
            _take_sides(lane, watch)
            let_happen(lane, False, task, watch)
            _settle_events(lane, task, watch)
            for row in range(lanes.state.shape[0]):
                lanes.peak[row, lane] = max(lanes.peak[row, lane], abs(lanes.state[row, lane]))


@part
def _take_sides(lane, watch):
    call(watch.kernels.sides_at)
    for row in range(watch.lanes.own.shape[0]):
        watch.lanes.own[row, lane] = watch.lanes.side[row, lane]


@part
def _settle_events(lane, task, watch):
    """Tell the rates which conditions hold, look ahead, and note the triggers and where the lane is left."""
    lanes, own = task.lanes, watch.lanes
    _set_inputs(lane, lanes, watch)
    _foresee(lane, lanes, watch)
    for row in range(own.held.shape[0]):
        watch.run.held[lanes.patient[lane], row] = own.held[row, lane] != 0.0
    for row in range(lanes.state.shape[0]):
        own.left[row, lane] = lanes.state[row, lane]


@part
def _set_inputs(lane, lanes, watch):
    """Tell the rates which conditions hold from now on."""
    for row in range(watch.lanes.own.shape[0]):
        place, side = watch.model.input_row[row], watch.lanes.own[row, lane]
        if place >= 0:
            if watch.model.equal[row]:
                side = 1.0 if side == 0.0 else 0.0
            lanes.constants[place, lane] = side


@part
def _foresee(lane, lanes, watch):
    """Note the first hour at which a condition changes, of those that are lines in time, if nothing else happens."""
    own, model, now, first = watch.lanes, watch.model, lanes.now[lane], np.inf
    call(watch.kernels.foresee)
    for row in range(own.own.shape[0]):
        slope, side, gap = own.slope[row, lane], own.own[row, lane], own.gap[row, lane]
        if not model.known[row] or slope == 0.0:
            continue
        if model.floor[row]:
            # a floor changes where its argument reaches the next whole number, or leaves this one downwards
            gap -= side + (1.0 if slope > 0 else 0.0)
        elif model.equal[row]:
            if slope * side >= 0.0:
                continue
        elif (slope < 0) == (side == 1.0):
            continue
        hour = now - gap / slope
        if np.isfinite(hour):
            # what is about to change, as `time > 3` at 3, does so right after
            first = min(first, max(hour, np.nextafter(now, np.inf)))
    own.crossing[lane] = first


@part
def shorten_steps(task, watch):
    """Cut every accepted step short where a condition changes or an event is due."""
    lanes, own = task.lanes, watch.lanes
    for lane in range(lanes.patient.shape[0]):
        if _goes_on(lane, task, watch):
            bound_within(lane, 0.0, fraction_at(lane, _due(lane, own), lanes), lanes, watch)
    call(watch.kernels.bounds_within)
    for lane in range(lanes.patient.shape[0]):
        if _goes_on(lane, task, watch):
            own.quiet[lane], own.cut[lane] = is_quiet(lane, False, watch), 0
    for lane in range(lanes.patient.shape[0]):
        if not _goes_on(lane, task, watch):
            continue
        for row in range(lanes.state.shape[0]):
            own.peak[row, lane] = lanes.peak[row, lane]
        fraction = 1.0
        if own.quiet[lane] == 0 or own.crossing[lane] <= lanes.later[lane] or _due(lane, own) < lanes.later[lane]:
            fraction = _cut(lane, task, watch)
        own.place[lane], own.hour[lane] = fraction, lanes.later[lane]
    # the very points at which the sides were looked at: rounding of others would undo the changes
    call(watch.kernels.point_within)


@part
def _due(lane, own):
    """Hour of the first event that waits."""
    hour = np.inf
    for item in range(own.waiting[lane]):
        hour = min(hour, own.wait_hour[item, lane])
    return hour


@part
def _cut(lane, task, watch):
    """End a step at the first change of a condition within it, or at an event that is due before; returns the fraction."""
    lanes, own = task.lanes, watch.lanes
    hour, every, known = _due(lane, own), False, False
    if own.crossing[lane] <= lanes.later[lane]:
        near = foreseen(lane, lanes, watch)
        # where rounding hides what was foreseen, it is looked for like the others
        every = near == np.inf
        known = near <= hour and not every
        hour = near if known else hour
    own.cut[lane] = known
    fraction = fraction_at(lane, hour, lanes)
    if every or own.quiet[lane] == 0:
        found = first_change(lane, fraction, every, lanes, watch)
        if abs(found) <= 1.0 and (not known or abs(found) < fraction):
            # where looking took too long, the step ends where nothing has changed yet
            own.cut[lane], fraction = found > 0.0, abs(found)
            hour = hour_at(lane, fraction, lanes)
    if hour >= lanes.later[lane]:
        return 1.0
    lanes.later[lane] = max(hour, lanes.now[lane])
    _set_bit(lanes.ended, lane, lanes.steps[lane] >= MOST_STEPS)
    _set_bit(lanes.waiting, lane, lanes.due[lane] <= lanes.later[lane])
    return fraction


@part
def apply_events(task, watch):
    """Go on from where steps were cut, set conditions anew, and let everything happen whose trigger has begun to hold."""
    lanes, own, run = task.lanes, watch.lanes, watch.run
    for lane in range(lanes.patient.shape[0]):
        if _goes_on(lane, task, watch):
            for row in range(lanes.state.shape[0]):
                lanes.state[row, lane] = own.point[row, lane]
    call(watch.kernels.sides_at)
    for row in range(own.own.shape[0]):
        for lane in range(lanes.patient.shape[0]):
            own.fresh[row, lane] = own.cut_side[row, lane] if own.cut[lane] else own.side[row, lane]
    for lane in range(lanes.patient.shape[0]):
        if _goes_on(lane, task, watch):
            if lanes.status[lane] == RUNNING and not (run.open_end and lanes.now[lane] >= run.span):
                _go_on(lane, task, watch)
            _write_outputs(lane, task, watch)
            for row in range(lanes.state.shape[0]):
                state = lanes.state[row, lane]
                own.left[row, lane] = state
                lanes.peak[row, lane] = max(own.peak[row, lane], abs(state))
        if lanes.patient[lane] >= 0 and lanes.status[lane] != RUNNING:
            _set_bit(lanes.ended, lane, True)


@part
def _go_on(lane, task, watch):
    lanes, own, model = task.lanes, watch.lanes, watch.model
    conditions, changed, passed, switched = own.own.shape[0], False, False, False
    for row in range(conditions):
        before, after = own.own[row, lane], own.fresh[row, lane]
        differs = before != after
        # an equality that the step has passed through holds for this moment only
        through = differs and model.equal[row] and before != 0.0
        own.passed[row, lane] = 1.0 if through else 0.0
        passed, changed = passed or through, changed or differs
        switched = switched or (differs and model.in_rates[row])
        own.own[row, lane] = after
    if changed:
        _count_switch(lane, task, watch)
    for row in range(lanes.state.shape[0]):
        own.before[row, lane] = lanes.state[row, lane]
    happened = False
    if changed or conditions == 0 or _due(lane, own) <= lanes.now[lane]:
        happened = let_happen(lane, passed, task, watch)
        for row in range(own.held.shape[0]):
            watch.run.held[lanes.patient[lane], row] = own.held[row, lane] != 0.0
    if happened:
        # the limit is of the steps between two events
        task.found.steps[lanes.patient[lane]] += int(lanes.steps[lane])
        lanes.steps[lane] = 0.0
    if changed or happened:
        _set_inputs(lane, lanes, watch)
        moved = switched
        for row in range(lanes.state.shape[0]):
            moved = moved or (model.read[row] and lanes.state[row, lane] != own.before[row, lane])
        # what no rate reads leaves the solution as smooth as it was, and straight lines are followed in steps of any length
        if moved and not model.straight:
            lanes.proposed[lane] = min(lanes.proposed[lane], watch.run.first_step)
    if changed or happened or own.crossing[lane] <= lanes.now[lane]:
        _foresee(lane, lanes, watch)


@part
def _count_switch(lane, task, watch):
    own, now = watch.lanes, task.lanes.now[lane]
    own.switches[lane] += 1
    if own.switches[lane] % MOST_SWITCHES == 0:
        if now - own.since[lane] < SHORTEST_SHARE * watch.run.span:
            task.lanes.status[lane] = SWITCHES_WITHOUT_END
        own.since[lane] = now


@part
def _write_outputs(lane, task, watch):
    """Outputs of the last step: what only events change exactly as it was, and at the hour reached the values after events."""
    lanes, own, time_h, outputs = task.lanes, watch.lanes, task.plan.time_h, task.found.outputs
    patient = lanes.patient[lane]
    for column in range(own.column[lane], lanes.column[lane]):
        reached = time_h[column] == lanes.now[lane]
        for row in range(lanes.state.shape[0]):
            if reached:
                outputs[patient, row, column] = lanes.state[row, lane]
            elif watch.model.still[row]:
                outputs[patient, row, column] = own.point[row, lane]
    own.column[lane] = lanes.column[lane]


@part
def _set_bit(bits, lane, held):
    """Say of one lane whether something holds, in lanes told as the bits of a whole number."""
    whole = int(bits[0]) & ~(1 << lane)
    bits[0] = float(whole | ((1 << lane) if held else 0))
