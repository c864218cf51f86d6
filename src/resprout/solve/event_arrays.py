"""The records of conditions and events that the driver watches, each array by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from resprout.compile import graph as g
from resprout.compile.machine import aligned_rows
from resprout.compile.system import System
from resprout.solve.crossing_hours import is_straight, slopes_of, still_states
from resprout.solve.driver_arrays import Lanes, Workspace
from resprout.solve.event_code import EVENT_ARGUMENTS, EventCode

if TYPE_CHECKING:  # read by libSBML, which a plain installation does without
    from resprout.compile.read import ImportedEquations

MOST_WAITING = 1000
"""Events of one patient that may wait for their delay at once."""
MOST_CELLS = 64
"""Parts of a step that wait to be looked at: three more for each level."""


class EventKernels(NamedTuple):
    """Machine code, bound to its arrays: `event_code.py` says what each does."""

    sides_at: Any
    sides_within: Any
    point_within: Any
    bounds_within: Any
    foresee: Any
    event_values: Any


class EventModel(NamedTuple):
    """What is known of conditions, states and events.

    equal, floor, known, in_rates      [condition] its kind, whether its hours are known beforehand, whether rates read it
    input_row                          [condition] row of its input among the kernel's constants, or -1
    read, still                        [state] whether any rate reads it, whether only events change it
    straight                           whether all states move along lines between events
    clock                              row of the state that counts time, or -1
    persistent, at_trigger, prioritised   [event]
    first                              [event + 1] where its changes begin
    change_state                       [change] row of the state
    """

    equal: np.ndarray
    floor: np.ndarray
    known: np.ndarray
    in_rates: np.ndarray
    input_row: np.ndarray
    read: np.ndarray
    still: np.ndarray
    straight: bool
    clock: int
    persistent: np.ndarray
    at_trigger: np.ndarray
    prioritised: np.ndarray
    first: np.ndarray
    change_state: np.ndarray


class EventRun(NamedTuple):
    """What a run is.

    constants    [patient, constant] in the order of the plain system
    span         how long it is, in the model's own unit of time      first_step   the longest step after a change
    open_end     whether events of the last moment are left to a run that follows
    held         [patient, event] whether each trigger holds: at the beginning of each patient, and from its end on
    numbers      [patient] in the population, which key the lots of events of equal priority
    """

    constants: np.ndarray
    span: float
    first_step: float
    open_end: bool
    held: np.ndarray
    numbers: np.ndarray


class EventLanes(NamedTuple):
    """What one thread's lanes hold of events: arrays [row, lane], one row is [lane].

    given                    constants of the plain system, of the lane's patient
    place, place_end, hour, hour_end   fractions of a step and their hours, at which it is looked at
    side, side_end           [condition] there; side_end beside side as the smallest and the largest over a part of the step
    own, fresh, cut_side     [condition] at the beginning of the step, at its end, and where it was cut
    passed                   [condition] 1 where an equality has been passed through
    gap, slope, value_held   [condition] how far its sides are apart, how fast that changes, and its value
    truth, delay, priority   [event]           value, size   [change] what events would do now
    held                     [event, lane] 1 where its trigger holds
    point, left, before      [state] end of the step, cut or not; where the lane was left; and before events happened
    peak                     [state] largest size before the step
    low, high, depth         [cell] parts of a step that wait to be looked at, and how often each was cut
    crossing, since          [lane] hour at which the first condition changes that is known beforehand; from which switches count
    quiet, cut, column, triggered, switches, drawn, happened   [lane] whole numbers
    waiting                  [lane] how many events wait
    wait_hour, wait_index, wait_order   [waiting, lane]       wait_value   [waiting, change of an event, lane]
    """

    given: np.ndarray
    place: np.ndarray
    place_end: np.ndarray
    hour: np.ndarray
    hour_end: np.ndarray
    side: np.ndarray
    side_end: np.ndarray
    own: np.ndarray
    fresh: np.ndarray
    cut_side: np.ndarray
    passed: np.ndarray
    gap: np.ndarray
    slope: np.ndarray
    value_held: np.ndarray
    truth: np.ndarray
    delay: np.ndarray
    priority: np.ndarray
    value: np.ndarray
    size: np.ndarray
    held: np.ndarray
    point: np.ndarray
    left: np.ndarray
    before: np.ndarray
    peak: np.ndarray
    low: np.ndarray
    high: np.ndarray
    depth: np.ndarray
    crossing: np.ndarray
    since: np.ndarray
    quiet: np.ndarray
    cut: np.ndarray
    column: np.ndarray
    triggered: np.ndarray
    switches: np.ndarray
    drawn: np.ndarray
    happened: np.ndarray
    waiting: np.ndarray
    wait_hour: np.ndarray
    wait_index: np.ndarray
    wait_order: np.ndarray
    wait_value: np.ndarray


class Watch(NamedTuple):
    """All that the driver needs to watch conditions and events.

    error   [lane] squared error of the step attempted
    """

    kernels: EventKernels
    model: EventModel
    run: EventRun
    lanes: EventLanes
    error: np.ndarray


def event_model(equations: ImportedEquations, clock: int, inputs: dict[str, int]) -> EventModel:
    """What is known of a model's conditions and events.

    inputs   row of each constant of the kernel
    """
    plain, conditions, events = equations.plain, equations.hybrid.conditions, equations.events
    changes = [len(event.changes) for event in events]
    states = {name: row for row, name in enumerate(plain.states)}
    return EventModel(
        np.array([c.kind == g.EQUAL for c in conditions], dtype=bool),
        np.array([c.kind == g.CALL for c in conditions], dtype=bool),
        np.array([slope is not None for slope in slopes_of(plain, conditions)], dtype=bool),
        np.array([c.in_rates for c in conditions], dtype=bool),
        np.array([inputs.get(c.input, -1) for c in conditions], dtype=np.int64),
        _read_by(equations.hybrid.system),
        still_states(plain),
        is_straight(equations.hybrid.system),
        clock,
        np.array([event.persistent for event in events], dtype=bool),
        np.array([event.at_trigger for event in events], dtype=bool),
        np.array([event.priority is not None for event in events], dtype=bool),
        np.cumsum([0, *changes]).astype(np.int64),
        np.array([states[change.state] for event in events for change in event.changes], dtype=np.int64),
    )


def _read_by(system: System) -> np.ndarray:
    """[state] Whether any rate reads it."""
    bits = 0
    for rate in system.rate:
        bits |= system.graph.reads[rate]
    return np.array([bool(bits >> index & 1) for index in range(len(system.states))], dtype=bool)


def open_watch(code: EventCode, model: EventModel, run: EventRun, lanes: Lanes, work: Workspace) -> Watch:
    """Memory of one thread's lanes, and the machine code bound to it."""
    states, width = lanes.state.shape
    conditions, events, changes = len(model.equal), len(model.persistent), len(model.change_state)
    rows = {"given": run.constants.shape[1]}
    rows |= dict.fromkeys(("place", "place_end", "hour", "hour_end"), 1)
    rows |= dict.fromkeys(
        ("side", "side_end", "own", "fresh", "cut_side", "passed", "gap", "slope", "value_held"), conditions
    )
    rows |= dict.fromkeys(("truth", "delay", "priority", "held"), events)
    rows |= dict.fromkeys(("value", "size"), changes) | dict.fromkeys(("point", "left", "before", "peak"), states)
    arrays = {name: aligned_rows(count, width) for name, count in rows.items()}
    arrays |= {name: arrays[name][0] for name in ("place", "place_end", "hour", "hour_end")}
    arrays |= {name: np.zeros(MOST_CELLS) for name in ("low", "high")}
    arrays |= {"depth": np.zeros(MOST_CELLS, np.int64)}
    arrays |= {name: np.zeros(width) for name in ("crossing", "since")}
    whole = ("quiet", "cut", "column", "triggered", "switches", "drawn", "happened", "waiting")
    arrays |= {name: np.zeros(width, np.int64) for name in whole}
    waiting = MOST_WAITING if events else 1
    arrays["wait_hour"] = np.zeros((waiting, width))
    arrays |= {name: np.zeros((waiting, width), np.int64) for name in ("wait_index", "wait_order")}
    largest = int(np.diff(model.first).max(initial=1))
    arrays["wait_value"] = np.zeros((waiting if model.at_trigger.any() else 1, max(largest, 1), width))
    own = EventLanes(**arrays)
    every = {**lanes._asdict(), **own._asdict()}
    return Watch(EventKernels(*(code.bound(name, every) for name in EVENT_ARGUMENTS)), model, run, own, work.error)
