"""Experiments of a PEtab problem -> their trajectories: periods one after the other, many experiments and parameter vectors side by side.

Experiments whose periods begin at the same times are run together. A lane is one experiment with one vector of parameters. At the
beginning of a period the changes of its conditions are evaluated on the state before them and applied together; concentrations
stay as they are where the size of their compartment changes, as PEtab defines it. Events of the model follow.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from resprout.compile.evaluate import evaluate
from resprout.compile.read import read_imported
from resprout.exchange.petab_formulas import TIME, formula_of
from resprout.exchange.petab_model import BEGINNING, held_as_amounts
from resprout.exchange.petab_records import PetabExperiment
from resprout.language.records import ImportedModel
from resprout.solve import Events
from resprout.solve.batch import Trajectories
from resprout.solve.driver_arrays import SOLVED
from resprout.solve.imported_run import RunPart, run_imported
from resprout.solve.initial_values import begin
from resprout.solve.run import DEFAULT_METHOD

Floats = NDArray[np.float64]
Values = dict[str, Floats]

TOLERANCE = 1e-8
"""Relative tolerance of a step."""
DECADES, LATER_DECADES = (4, 5, 6), (7, 8, 9)
"""Powers of ten of the longest time of the problem at which a steady state is looked for; the second if the first do not agree."""
STEADY = 1e-6
"""Largest change of a state between two of them, over its largest size."""


@dataclass(frozen=True)
class ExperimentGroup:
    """How a group of experiments is run.

    experiments   whose periods begin at the same times and whose first period sets the same quantities
    times         of measurements, all of them together, finite and ascending
    at_infinity   whether any is measured at steady state
    """

    experiments: tuple[PetabExperiment, ...]
    times: Floats
    at_infinity: bool


@dataclass
class Lanes:
    """Where the lanes are.

    vectors   parameter vectors of each experiment           values    [lane] of every constant and state
    lost      [lane] why a lane has failed; empty if not     held      [lane, event] whether each trigger holds
    """

    vectors: int
    values: Values
    lost: NDArray[np.object_]
    held: NDArray[np.bool_] | None = None

    def of(self, experiment: int) -> slice:
        """The lanes of one experiment."""
        return slice(experiment * self.vectors, (experiment + 1) * self.vectors)


@dataclass(frozen=True)
class Trace:
    """Quantities of one experiment.

    time     [time] of measurements, infinite at steady state      lost   [vector] why it failed; empty if not
    values   name -> [vector, time]
    """

    time: Floats
    values: Mapping[str, Floats]
    lost: NDArray[np.object_]


def lanes_of(parameters: Mapping[str, Floats], own: Mapping[str, Mapping[str, Floats]]) -> int:
    """How many vectors of parameters there are, in a table of them and in what single experiments have instead."""
    return max((len(values) for each in (parameters, *own.values()) for values in each.values()), default=1)


@dataclass
class Engine:
    """Runs the groups of one model.

    outputs   names that are wanted           span      longest time of the problem
    parameters  name -> [vector] of the parameter table
    own       by experiment: name -> [vector] of parameters and constants that have other values there
    tolerance relative one of a step          checked   whether runs are checked with shorter steps
    """

    model: ImportedModel
    outputs: tuple[str, ...]
    span: float
    parameters: Mapping[str, Floats]
    tolerance: float = TOLERANCE
    checked: bool = False
    threads: int | None = None
    own: Mapping[str, Mapping[str, Floats]] = field(default_factory=dict)
    states: tuple[str, ...] = field(init=False)
    asked: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Ask for every state, since the next period goes on from there."""
        self.states = tuple(state.name for state in self.model.states)
        assigned = {equation.name for equation in self.model.assigned}
        self.asked = (*self.states, *(name for name in self.outputs if name in assigned))

    def traces(self, group: ExperimentGroup) -> list[Trace]:
        """Follow the experiments of a group through their periods."""
        vectors = lanes_of(self.parameters, self.own)
        lanes = self._begin(group, vectors)
        periods = group.experiments[0].periods
        pieces: list[tuple[Floats, Values]] = []
        for number, period in enumerate(periods):
            if number:
                self._change(lanes, group, number)
            following = periods[number + 1].time if number + 1 < len(periods) else math.inf
            if math.isinf(period.time):
                self._settle(lanes, 0.0)
                continue
            pieces.append(self._follow(lanes, group, period.time, following))
        if group.at_infinity:
            last = max(periods[-1].time, float(group.times.max(initial=-math.inf)))
            self._settle(lanes, last if math.isfinite(last) else 0.0)
            pieces.append((np.array([math.inf]), self._here(lanes, math.inf)))
        return [self._trace(lanes, pieces, index) for index in range(len(group.experiments))]

    def _trace(self, lanes: Lanes, pieces: Sequence[tuple[Floats, Values]], experiment: int) -> Trace:
        own = lanes.of(experiment)
        time = np.concatenate([part for part, _ in pieces])
        values = {name: np.concatenate([each[name][own] for _, each in pieces], axis=1) for name in self.outputs}
        return Trace(time, values, lanes.lost[own])

    def _begin(self, group: ExperimentGroup, vectors: int) -> Lanes:
        """Every lane at its initial values, with the changes of the first period in place."""
        count = len(group.experiments)
        table = {name: np.tile(values, count) for name, values in self.parameters.items()}
        lanes = Lanes(vectors, {}, np.full(count * vectors, "", dtype=object))
        given = {name: values for name, values in table.items() if self._is_plain(name)}
        first = group.experiments[0].periods[0]
        for target, _ in first.changes:
            given[target] = np.empty(count * vectors)
        self._place_own(given, group, lanes)
        for index, experiment in enumerate(group.experiments):
            known = {**self._parameters_of(experiment), TIME: np.zeros(vectors)}
            for target, expression in experiment.periods[0].changes:
                given[target][lanes.of(index)] = formula_of(expression)(known)
        amounts = {name: given.pop(name) for name in list(given) if name in held_as_amounts(self.model)}
        lanes.values = self._begun(given, count * vectors)
        if amounts:
            for name, values in amounts.items():
                state, size = held_as_amounts(self.model)[name]
                given[state] = values * self._evaluated(lanes.values, [size])[size]
            lanes.values = self._begun(given, count * vectors)
        return lanes

    def _parameters_of(self, experiment: PetabExperiment) -> Mapping[str, Floats]:
        """Name -> [vector] of what formulas of an experiment read."""
        return {**self.parameters, **self.own.get(experiment.name, {})}

    def _place_own(self, given: Values, group: ExperimentGroup, lanes: Lanes) -> None:
        """Put values of a single experiment over those of all."""
        targets = {target for target, _ in group.experiments[0].periods[0].changes}
        for index, experiment in enumerate(group.experiments):
            for name, values in self.own.get(experiment.name, {}).items():
                if self._is_plain(name) and name not in targets:
                    if name not in given:
                        given[name] = np.full(len(lanes.lost), float(self.model.nominal[name]))
                    given[name][lanes.of(index)] = values

    def _is_plain(self, name: str) -> bool:
        return name in self.model.constants or name in self.states

    def _begun(self, given: Mapping[str, Floats], lanes: int) -> Values:
        begun = begin(self.model, given)
        every = {**self.model.nominal, **begun.constants}
        values = {name: np.array(np.broadcast_to(np.asarray(v, dtype=float), lanes)) for name, v in every.items()}
        for row, name in enumerate(self.states):
            values[name] = np.array(np.broadcast_to(begun.start[:, row], lanes))
        return values

    def _evaluated(self, values: Values, names: Iterable[str]) -> Values:
        """[lane] of any quantity, from constants and states."""
        system, wanted = read_imported(self.model).plain, list(names)
        lanes = len(next(iter(values.values())))
        found = evaluate(system.graph, [system.node(name) for name in wanted], values)
        return {
            n: np.array(np.broadcast_to(np.asarray(v, dtype=float), lanes)) for n, v in zip(wanted, found, strict=True)
        }

    def _change(self, lanes: Lanes, group: ExperimentGroup, number: int) -> None:
        """Apply the changes of a period of every experiment, all of them evaluated before the first is applied."""
        held, before = held_as_amounts(self.model), lanes.values
        concentrations = self._evaluated(before, held) if held else {}
        new = {name: values.copy() for name, values in before.items()}
        for index, experiment in enumerate(group.experiments):
            own, period = lanes.of(index), experiment.periods[number]
            read = {name for _, expression in period.changes for name in formula_of(expression).names}
            of_model = {name for name in read if name in before or name in self.model.equations}
            known: dict[str, Floats] = {name: values[own] for name, values in self._evaluated(before, of_model).items()}
            known = {**self._parameters_of(experiment), **known, TIME: np.full(lanes.vectors, period.time)}
            for target, expression in period.changes:
                changed = concentrations if target in concentrations else new
                changed[target][own] = formula_of(expression)(known)
        lanes.values = new
        for name, values in concentrations.items():
            state, size = held[name]
            new[state] = values * self._evaluated(new, [size])[size]

    def _follow(self, lanes: Lanes, group: ExperimentGroup, start: float, end: float) -> tuple[Floats, Values]:
        """Run one period; its measurements, [lane, time] of every output."""
        wanted = group.times[(group.times >= start) & (group.times < end)]
        last = end if math.isfinite(end) else float(wanted.max(initial=start))
        times = np.unique([*wanted, start, last])
        found = self._run(lanes, times, start, open_end=math.isfinite(end))
        columns = np.searchsorted(times, wanted)
        values = self._columns(lanes, found, columns, wanted)
        self._go_on(lanes, found)
        return wanted, values

    def _run(self, lanes: Lanes, times: Floats, start: float, *, open_end: bool) -> Trajectories:
        if BEGINNING in lanes.values:
            lanes.values[BEGINNING] = np.full(len(lanes.lost), start)
        if self.model.clock:
            lanes.values[self.model.clock] = np.zeros(len(lanes.lost))
        self._replace_lost(lanes)
        # what is the same in every lane is handed over once
        plain = {
            n: v[:1].reshape(()) if (v == v[0]).all() and n not in self.states else v for n, v in lanes.values.items()
        }
        part = RunPart(lanes.held, open_end, self.checked)
        how = (self.tolerance, self.threads, DEFAULT_METHOD, part)
        found = run_imported(self.model, plain, Events.none(), times - start, self.asked, *how)
        for lane in np.flatnonzero(found.status != SOLVED).tolist():
            if not lanes.lost[lane]:
                lanes.lost[lane] = found.message(lane)
        lanes.held = found.held
        return found

    def _replace_lost(self, lanes: Lanes) -> None:
        """Give lanes that cannot go on the numbers of one that can; their results stay no numbers."""
        table = np.stack(list(lanes.values.values()))
        broken = ~np.isfinite(table).all(axis=0)
        lanes.lost[broken & (lanes.lost == "")] = "a quantity has no finite value at the beginning of a period"
        if broken.any() and not broken.all():
            healthy = int(np.flatnonzero(~broken)[0])
            for values in lanes.values.values():
                values[broken] = values[healthy]
        elif broken.all():
            for values in lanes.values.values():
                values[broken] = np.where(np.isfinite(values[broken]), values[broken], 0.0)

    def _columns(self, lanes: Lanes, found: Trajectories, columns: NDArray[np.int64], time: Floats) -> Values:
        """[lane, time] of every output, from states and assigned quantities that were followed, and constants of the period."""
        values: Values = {}
        for name in self.outputs:
            if name in self.asked:
                values[name] = found.output(name)[:, columns]
            else:
                values[name] = np.repeat(lanes.values[name][:, None], len(time), axis=1)
        return values

    def _here(self, lanes: Lanes, time: float) -> Values:
        return {name: values[:, None] for name, values in self._evaluated(lanes.values, self.outputs).items()}

    def _go_on(self, lanes: Lanes, found: Trajectories, column: int = -1) -> None:
        for name in self.states:
            lanes.values[name] = np.array(found.output(name)[:, column])

    def _settle(self, lanes: Lanes, start: float) -> None:
        """Follow every lane to its steady state."""
        held, values = lanes.held, {name: each.copy() for name, each in lanes.values.items()}
        for decades in (DECADES, LATER_DECADES):
            lanes.held, lanes.values = held, {name: each.copy() for name, each in values.items()}
            times = start + np.array([0.0, *(self.span * 10.0**power for power in decades)])
            found = self._run(lanes, times, start, open_end=False)
            moving = self._moving(found)
            if not moving.any():
                break
        for lane in np.flatnonzero(moving & (lanes.lost == "")).tolist():
            lanes.lost[lane] = "no steady state was reached"
        self._go_on(lanes, found)
        for name in self.states:
            lanes.values[name][moving] = np.nan

    def _moving(self, found: Trajectories) -> NDArray[np.bool_]:
        """[lane] whether any state still changes between the last times of a run."""
        rows = [found.outputs.index(name) for name in self.states if name != self.model.clock]
        late = found.value[:, 1:, rows]
        size = np.abs(found.value[:, :, rows]).max(axis=1, keepdims=True)
        with np.errstate(invalid="ignore"):
            moving: NDArray[np.bool_] = (np.abs(np.diff(late, axis=1)) > STEADY * size).any(axis=(1, 2))
        return moving
