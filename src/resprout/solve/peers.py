"""Other programs as judges: the exported SBML of each patient, run by libRoadRunner, beside the engine's answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from resprout.errors import Fault, InputError
from resprout.language.export import Change, write_sbml
from resprout.language.records import Model
from resprout.solve.events import Events, Floats
from resprout.solve.run import rest_states


def as_changes(model: Model, events: Events, patient: int = 0) -> list[Change]:
    """Events of one patient in the form the SBML export takes."""
    states = {state.name for state in model.states}
    column = patient if events.value.shape[1] > 1 else 0
    return [
        Change(float(hour), name, float(value[column]), name in states)
        for hour, name, value in zip(events.time_h, events.name, events.value, strict=True)
    ]


def export_patient(model: Model, constants: Mapping[str, float], events: Events, patient: int = 0) -> str:
    """SBML of one patient: constants, resting state and doses as events."""
    found, _ = rest_states(model, constants)
    start = {state.name: float(value) for state, value in zip(model.states, found[0], strict=True)}
    return write_sbml(model, constants=constants, start=start, changes=as_changes(model, events, patient))


class RoadRunner:
    """libRoadRunner with one model and one list of events loaded; patients differ by constants and start."""

    def __init__(self, model: Model, events: Events, outputs: Sequence[str]) -> None:
        try:
            import roadrunner
        except ImportError as missing:
            raise InputError(
                Fault("libRoadRunner is not installed.", remedy="Install it with `pip install libroadrunner`.")
            ) from missing
        roadrunner.Logger.setLevel(roadrunner.Logger.LOG_ERROR)
        self.model, self.outputs = model, tuple(outputs)
        self.known = set(model.constants)
        self.program = roadrunner.RoadRunner(write_sbml(model, changes=as_changes(model, events)))
        self.present = set(self.program.model.getGlobalParameterIds())
        self.program.timeCourseSelections = list(outputs)

    def solve(
        self, constants: Mapping[str, float], start: Floats, time_h: Sequence[float], *, tolerance: float
    ) -> Floats:
        """One patient.

        start      [state]   where to begin
        tolerance  relative; the absolute one is a hundredth of it
        returns    [time, output]
        """
        program = self.program
        program.resetToOrigin()
        for name, value in constants.items():
            if name in self.present:
                program.model[name] = float(value)
        for state, value in zip(self.model.states, start, strict=True):
            program.model[state.name] = float(value)
        program.integrator.relative_tolerance = tolerance
        program.integrator.absolute_tolerance = tolerance * 1e-2
        program.integrator.maximum_num_steps = 100_000
        return np.array(program.simulate(times=[float(hour) for hour in time_h]))
