"""How fast, at which error, beside whom: one set of patients, every tool at the loosest tolerance that meets the same error."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resprout.compile import METHODS, build_kernel, forget_kernels
from resprout.crosscheck.compiled_simulators import Amici, Diffrax
from resprout.crosscheck.external_simulators import Copasi, RoadRunner, whole_text, whole_values
from resprout.crosscheck.reduced_model import Lean, make_lean
from resprout.dosing.dose_events import regimen_events
from resprout.dosing.regimen import parse_regimen
from resprout.errors import InputError
from resprout.language import load_model
from resprout.language.records import Model
from resprout.people.cohort import recruit
from resprout.simulation.observation_times import output_hours
from resprout.solve import Events, rest_states, run_patients
from resprout.solve.reference import solve_one
from resprout.solve.run import moved_names

REGIMEN = "ketamine 0.5 mg/kg iv over 40 min"
OUTPUTS = (
    "ketamine_venous",
    "PV_NMDA_block",
    "glutamate_release",
    "p_mTOR",
    "spine_density",
    "HDRS17",
    "VAS_high",
    "MADRS",
)
DAYS = 14.0
TOLERANCES = tuple(float(f"{10 ** (-3 - step / 12):.1e}") for step in range(60))
TIGHTER = 3
JUDGED, TIMED = 8, 2048
Floats = NDArray[np.float64]
PEERS: dict[str, Callable[[Lean], Any]] = {
    "libRoadRunner": lambda lean: RoadRunner(lean.text, lean.outputs),
    "COPASI": lambda lean: Copasi(lean.text, lean.outputs),
    "AMICI": Amici,
    "diffrax": Diffrax,
}
WHOLE: dict[str, Callable[..., Any]] = {"libRoadRunner": RoadRunner, "COPASI": Copasi}


@dataclass(frozen=True)
class Speed:
    """One tool, timed.

    ratio_to_libroadrunner   of patients per second on one core, at equal or smaller error, all on the same equations
    max_relative_error       against the twin: largest difference of any output over its largest value, in any patient
    model_build_s            from a checked model to the first patient; tolerance is the tool's own
    states                   that every tool solves: those on which the outputs depend
    whole_model_...          the tool's speed on all states, at the same error, which is what it would do unasked
    """

    tool: str
    patients_per_second_per_core: float
    ratio_to_libroadrunner: float | None
    max_relative_error: float
    model_build_s: float
    tolerance: float
    states: int
    whole_model_patients_per_second_per_core: float | None = None


@dataclass(frozen=True)
class Ward:
    """The patients that every tool solves, and the twin's answers."""

    model: Model
    constants: dict[str, Floats]
    events: Events
    hours: Floats
    truth: Floats

    def one(self, patient: int) -> dict[str, float]:
        """Constants of one patient."""
        return {name: float(value[patient]) for name, value in self.constants.items()}

    def error(self, patient: int, found: Floats) -> float:
        """Largest difference from the twin of any output, over that output's largest value."""
        truth = self.truth[patient]
        return float((np.abs(found - truth).max(axis=0) / np.maximum(np.abs(truth).max(axis=0), 1e-9)).max())


def open_ward(seed: int = 1, *, judged: int = JUDGED, timed: int = TIMED) -> Ward:
    """Recruit patients and let the twin solve the first of them."""
    model = load_model()
    people = recruit(timed, seed=seed, model=model)
    plan = parse_regimen(REGIMEN)
    events = regimen_events(plan, {**model.nominal, **people.constants})
    hours = output_hours(plan.times_h, DAYS * 24)
    ward = Ward(model, people.constants, events, hours, np.empty(0))
    truth = np.stack(
        [
            solve_one(model, ward.one(patient), events, list(hours), OUTPUTS, patient, tolerance=1e-8)
            for patient in range(judged)
        ]
    )
    return Ward(model, people.constants, events, hours, truth)


def bench(target: float = 1e-4, *, seed: int = 1) -> list[dict[str, Any]]:
    """Time resprout beside the tools that are installed.

    target    error that every tool has to meet with its own tolerance
    returns   a row a tool, resprout first; tools that are not installed are left out
    """
    ward = open_ward(seed)
    found = [_time_resprout(ward, target)]
    lean = make_lean(ward.model, ward.events, OUTPUTS)
    for name, tool in PEERS.items():
        try:
            found.append(_time_peer(ward, lean, name, tool, target))
        except InputError:
            continue
    peer = next((row.patients_per_second_per_core for row in found if row.tool == "libRoadRunner"), None)
    ratio = {row.tool: row.patients_per_second_per_core / peer if peer else None for row in found}
    return [{**asdict(row), "ratio_to_libroadrunner": ratio[row.tool]} for row in found]


def engine_error(ward: Ward, tolerance: float, method: str) -> float:
    """Largest error of the engine over the judged patients."""
    judged = len(ward.truth)
    few = {name: value[:judged] for name, value in ward.constants.items()}
    events = Events(ward.events.time_h, ward.events.name, ward.events.value[:, :judged])
    value = run_patients(ward.model, few, events, ward.hours, OUTPUTS, tolerance=tolerance, method=method).value
    return max(ward.error(patient, value[patient]) for patient in range(judged))


def engine_seconds(ward: Ward, tolerance: float, method: str, *, repeats: int = 3) -> float:
    """Processor seconds per patient on one core, resting state included; the best of some repeats."""
    taken = []
    for _ in range(repeats):
        begun = time.process_time()
        run_patients(
            ward.model, ward.constants, ward.events, ward.hours, OUTPUTS, tolerance=tolerance, threads=1, method=method
        )
        taken.append(time.process_time() - begun)
    return min(taken) / len(next(iter(ward.constants.values())))


def _time_resprout(ward: Ward, target: float, method: str = "Rodas4") -> Speed:
    engine_error(ward, 1e-3, method)
    begun = time.process_time()
    moved = moved_names(ward.model, ward.events, ward.constants)
    forget_kernels()
    kernel = build_kernel(ward.model, OUTPUTS, moved, METHODS[method], cached=False)
    build = time.process_time() - begun
    tolerance, error = loosest(lambda tolerance: engine_error(ward, tolerance, method), target)
    seconds = engine_seconds(ward, tolerance, method)
    return Speed("resprout", 1 / seconds, None, error, build, tolerance, len(kernel.layout.states))


def _time_peer(ward: Ward, lean: Lean, name: str, tool: Callable[[Lean], Any], target: float) -> Speed:
    begun = sum(os.times()[:4])
    peer = tool(lean)
    # with the children's time, because some call a compiler
    build = sum(os.times()[:4]) - begun
    start = _starts(ward)
    values = [lean.values(ward.one(patient), start[patient], patient) for patient in range(len(ward.truth))]
    seconds, tolerance, reached = _time_solver(ward, values, [peer] * len(values), target)
    peer.close()
    whole = _time_whole(ward, WHOLE[name], target) if name in WHOLE else None
    return Speed(name, 1 / seconds, None, reached, build, tolerance, len(lean.states), whole)


def _time_whole(ward: Ward, tool: Callable[..., Any], target: float) -> float:
    """Patients per second of a tool on the whole model."""
    # the dose is the same for all in a loaded whole model, so each patient's own dose is a model of its own
    patients = range(len(ward.truth))
    peers = [tool(whole_text(ward.model, ward.events.of(patient)), OUTPUTS) for patient in patients]
    start = _starts(ward)
    values = [whole_values(ward.model, ward.one(patient), start[patient]) for patient in patients]
    seconds, _, _ = _time_solver(ward, values, peers, target)
    for peer in peers:
        peer.close()
    return 1 / seconds


def _starts(ward: Ward) -> Floats:
    judged = len(ward.truth)
    return rest_states(ward.model, {key: value[:judged] for key, value in ward.constants.items()})[0]


def _time_solver(
    ward: Ward, values: list[dict[str, float]], peers: list[Any], target: float
) -> tuple[float, float, float]:
    """Seconds per patient at the loosest tolerance that meets the target, that tolerance, and its error."""
    seconds: list[float] = []

    def error(tolerance: float, repeats: int = 1) -> float:
        seconds.clear()
        worst = 0.0
        for patient, peer in enumerate(peers):
            taken = []
            for _ in range(repeats):
                value = peer.solve(values[patient], ward.hours, tolerance=tolerance)
                taken.append(peer.seconds)
            seconds.append(min(taken))
            worst = max(worst, ward.error(patient, value))
        return worst

    tolerance, reached = loosest(error, target)
    error(tolerance, repeats=3)
    return float(np.mean(seconds)), tolerance, reached


def loosest(
    error: Callable[[float], float], target: float, tolerances: Sequence[float] = TOLERANCES
) -> tuple[float, float]:
    """The loosest tolerance that meets the target together with the TIGHTER next ones, and its error.

    One that meets it while a tighter one does not has been lucky with the few patients that judge it. Where none does: the tightest.
    """
    met: list[tuple[float, float]] = []
    reached = np.inf
    for tolerance in tolerances:
        reached = error(tolerance)
        met = [*met, (tolerance, reached)] if reached <= target else []
        if len(met) > TIGHTER:
            break
    return met[0] if met else (tolerances[-1], reached)
