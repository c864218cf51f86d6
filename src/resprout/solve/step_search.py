"""Where within the step just attempted a condition of a lane first changes, found in compiled code.

Bounds of the dense output over a part of the step go through interval arithmetic, so that no condition changes there and back
again unseen, however long the step is.
"""

from __future__ import annotations

import numpy as np

from resprout.solve.compiled import part
from resprout.solve.lanes import call

PIECES, LEVELS, COARSE, HALVINGS = 4, 12, 4, 60
"""Into how many a part is cut, how often, how often where bounds say nothing, and halvings of the last."""
MOST_PARTS, LEAST_SURE = 1000, 1e-3
"""Parts of a step that are looked at before it is cut short, if this share of it is sure."""
ROUNDING = float(np.finfo(float).eps)
NEAR = np.array([*range(-3, 17), 24, 32, 48, 64], dtype=np.float64)
"""Units in the last place of an hour around it, in which a condition is looked at: rounding of its sides moves its change."""


@part
def hour_at(lane, fraction, lanes):
    """Hour at a fraction of the step."""
    return lanes.later[lane] if fraction >= 1.0 else lanes.now[lane] + fraction * lanes.step[lane]


@part
def fraction_at(lane, hour, lanes):
    """The fraction at which an hour within the step is reached."""
    return min(max((hour - lanes.now[lane]) / lanes.step[lane], 0.0), 1.0)


@part
def look_within(lane, fraction, hour, lanes, watch):
    """The sides of a lane at a fraction of its step, into `side`."""
    watch.lanes.place[lane], watch.lanes.hour[lane] = fraction, hour
    call(watch.kernels.sides_within)


@part
def bound_within(lane, low, high, lanes, watch):
    """Set a part of the step whose bounds are asked for next."""
    own = watch.lanes
    own.place[lane], own.place_end[lane] = low, high
    own.hour[lane], own.hour_end[lane] = hour_at(lane, low, lanes), hour_at(lane, high, lanes)


@part
def is_watched(row, lane, every, watch):
    """Whether a condition is looked for: what was equal at the beginning of the step has not passed through equality.

    every   whether those are too whose hours are known beforehand
    """
    if watch.model.known[row] and not every:
        return False
    return not (watch.model.equal[row] and watch.lanes.own[row, lane] == 0.0)


@part
def is_quiet(lane, every, watch):
    """Whether no condition changes over the part of the step whose bounds have been found."""
    own = watch.lanes
    for row in range(own.own.shape[0]):
        held = own.own[row, lane]
        if (own.side[row, lane] != held or own.side_end[row, lane] != held) and is_watched(row, lane, every, watch):
            return False
    return True


@part
def has_changed(lane, every, watch):
    """Whether a condition is no longer on its side, where the sides have just been found."""
    own, found = watch.lanes, False
    for row in range(own.own.shape[0]):
        found = found or (own.side[row, lane] != own.own[row, lane] and is_watched(row, lane, every, watch))
    return found


@part
def _changed_at(lane, fraction, every, lanes, watch):
    look_within(lane, fraction, hour_at(lane, fraction, lanes), lanes, watch)
    return has_changed(lane, every, watch)


@part
def foreseen(lane, lanes, watch):
    """The first hour near the one that was foreseen at which a condition known beforehand has changed; infinite if none has.

    writes   cut_side: all sides then
    """
    own, model, hour = watch.lanes, watch.model, watch.lanes.crossing[lane]
    unit = np.nextafter(abs(hour), np.inf) - abs(hour)
    for index in range(NEAR.shape[0]):
        near = hour + NEAR[index] * unit
        if not (lanes.now[lane] < near <= lanes.later[lane]):
            continue
        look_within(lane, fraction_at(lane, near, lanes), near, lanes, watch)
        for row in range(own.own.shape[0]):
            watched = model.known[row] and not (model.equal[row] and own.own[row, lane] == 0.0)
            if watched and own.side[row, lane] != own.own[row, lane]:
                _keep_sides(lane, own)
                return near
    return np.inf


@part
def _keep_sides(lane, own):
    for row in range(own.own.shape[0]):
        own.cut_side[row, lane] = own.side[row, lane]


@part
def first_change(lane, end, every, lanes, watch):
    """The first fraction, up to `end`, at which a condition is no longer on its side; above 1 if there is none.

    every     whether conditions are looked for too whose hours are known beforehand
    returns   below 0 where looking takes too long: minus the fraction up to which nothing has changed
    writes    cut_side: all sides there

    Parts are looked at from left to right, each in quarters until no condition changes in it or it has no length to speak of.
    """
    own = watch.lanes
    own.low[0], own.high[0], own.depth[0] = 0.0, end, 0
    cells, looked, deepest, sure = 1, 0, LEVELS, 0.0
    while cells > 0:
        cells -= 1
        low, high, depth = own.low[cells], own.high[cells], own.depth[cells]
        bound_within(lane, low, high, lanes, watch)
        call(watch.kernels.bounds_within)
        if is_quiet(lane, every, watch):
            sure = high if deepest == LEVELS else sure
            continue
        looked += 1
        if looked == MOST_PARTS:
            if sure > LEAST_SURE * end:
                return -sure
            # where bounds say nothing, coarse parts are looked at where they end
            deepest = COARSE
        if depth < deepest:
            for piece in range(PIECES):
                # the leftmost on top
                later = PIECES - 1 - piece
                own.low[cells] = low + (high - low) * later / PIECES
                own.high[cells] = high if piece == 0 else low + (high - low) * (later + 1) / PIECES
                own.depth[cells] = depth + 1
                cells += 1
        elif _changed_at(lane, high, every, lanes, watch):
            return _bisected(lane, low, high, every, lanes, watch)
        elif deepest == LEVELS:
            sure = high
    return 2.0


@part
def _bisected(lane, left, right, every, lanes, watch):
    """The first fraction at which a condition has changed, between one at which none has and one at which one has."""
    # nearer than hours can be told apart, events whose intervals shrink to nothing would happen without end
    nearest = 4.0 * ROUNDING * abs(lanes.now[lane]) / lanes.step[lane]
    for _ in range(HALVINGS):
        middle = 0.5 * (left + right)
        if not left < middle < right or right - left <= max(ROUNDING * right, nearest):
            break
        if _changed_at(lane, middle, every, lanes, watch):
            right = middle
        else:
            left = middle
    _changed_at(lane, right, every, lanes, watch)
    _keep_sides(lane, watch.lanes)
    return right
