"""External simulators: the same equations as SBML, run by libRoadRunner and COPASI, beside the engine's answer."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

import numpy as np

from resprout.errors import Fault, InputError
from resprout.exchange.patient_export import as_changes
from resprout.exchange.sbml_writer import write_sbml
from resprout.language.records import Model
from resprout.solve.events import Events, Floats


def whole_text(model: Model, events: Events) -> str:
    """SBML of the whole model with these doses, but for those of hour 0: programs differ in whether such an event happens."""
    later = events.time_h > 0
    names = tuple(name for name, kept in zip(events.name, later, strict=True) if kept)
    return write_sbml(model, changes=as_changes(model, Events(events.time_h[later], names, events.value[later])))


def whole_values(
    model: Model, constants: Mapping[str, float], start: Floats, events: Events | None = None
) -> dict[str, float]:
    """What makes the whole model one patient's: constants, and every state [state] to begin with.

    events   of the patient, of which those of hour 0 are part of the beginning
    """
    values = {**constants, **{state.name: float(value) for state, value in zip(model.states, start, strict=True)}}
    states = {state.name for state in model.states}
    for hour, name, value in zip(*_doses(events), strict=True):
        if hour <= 0:
            values[name] = value + (values[name] if name in states else 0.0)
    return values


def _doses(events: Events | None) -> tuple[list[float], list[str], list[float]]:
    if events is None:
        return [], [], []
    return events.time_h.tolist(), list(events.name), events.value[:, 0].tolist()


class RoadRunner:
    """libRoadRunner with one SBML text loaded; patients differ by the values of its parameters and states.

    seconds   of the processor that the last patient's integration took, without setting it up
    """

    seconds = 0.0

    def __init__(self, text: str, outputs: Sequence[str]) -> None:
        try:
            import roadrunner
        except ImportError as missing:
            raise InputError(
                Fault("libRoadRunner is not installed.", remedy="Install it with `pip install libroadrunner`.")
            ) from missing
        roadrunner.Logger.setLevel(roadrunner.Logger.LOG_ERROR)
        self.program = roadrunner.RoadRunner(text)
        self.present = set(self.program.model.getGlobalParameterIds())
        self.program.timeCourseSelections = list(outputs)

    def solve(self, values: Mapping[str, float], time_h: Sequence[float], *, tolerance: float) -> Floats:
        """One patient.

        values     of parameters and states; those that the text has not are passed over
        tolerance  relative; the absolute one is a hundredth of it
        returns    [time, output]
        """
        program = self.program
        program.resetToOrigin()
        for name, value in values.items():
            if name in self.present:
                program.model[name] = float(value)
        program.integrator.relative_tolerance = tolerance
        program.integrator.absolute_tolerance = tolerance * 1e-2
        program.integrator.maximum_num_steps = 100_000
        begun = time.process_time()
        found = program.simulate(times=[float(hour) for hour in time_h])
        self.seconds = time.process_time() - begun
        return np.array(found)

    def close(self) -> None:
        """Nothing is left behind."""


class Copasi:
    """COPASI with one SBML text loaded; otherwise as RoadRunner."""

    seconds = 0.0

    def __init__(self, text: str, outputs: Sequence[str]) -> None:
        try:
            import basico
        except ImportError as missing:
            raise InputError(
                Fault("COPASI is not installed.", remedy="Install it with `pip install copasi-basico`.")
            ) from missing
        self.basico, self.outputs = basico, tuple(outputs)
        self.data = basico.load_model_from_string(text)
        self.present = set(basico.get_parameters(model=self.data).index)

    def solve(self, values: Mapping[str, float], time_h: Sequence[float], *, tolerance: float) -> Floats:
        """One patient; arguments and result as for RoadRunner."""
        basico = self.basico
        for name, value in values.items():
            if name in self.present:
                basico.set_parameters(name, exact=True, initial_value=float(value), model=self.data)
        begun = time.process_time()
        found = basico.run_time_course(
            values=[float(hour) for hour in time_h],
            start_time=float(time_h[0]),
            duration=float(time_h[-1] - time_h[0]),
            use_initial_values=True,
            r_tol=tolerance,
            a_tol=tolerance * 1e-2,
            max_steps=1_000_000,
            model=self.data,
            update_model=False,
        )
        self.seconds = time.process_time() - begun
        return found[[f"Values[{name}]" if f"Values[{name}]" in found else name for name in self.outputs]].to_numpy()

    def close(self) -> None:
        """Give the memory back."""
        self.basico.remove_datamodel(self.data)
