"""How fast, at which error, beside whom: one set of patients, every tool at the loosest tolerance that meets the same error."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resprout.crosscheck.compiled_simulators import Amici, Diffrax, Diffsol
from resprout.crosscheck.external_simulators import Copasi, RoadRunner, whole_text, whole_values
from resprout.crosscheck.reduced_model import ReducedModel, reduce_model
from resprout.dosing.dose_events import regimen_events
from resprout.dosing.regimen import parse_regimen
from resprout.errors import InputError
from resprout.language import load_model
from resprout.language.drug_instances import with_drugs
from resprout.language.records import Model
from resprout.people.cohort import recruit
from resprout.simulation.observation_times import output_hours
from resprout.solve import METHODS, Events, build_kernel, forget_kernels, run_patients, steady_states
from resprout.solve.reference import solve_patients
from resprout.solve.run import perturbed_names

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
COMPARED, TIMED = 8, 2048
Floats = NDArray[np.float64]
EXTERNAL_SIMULATORS: dict[str, Callable[[ReducedModel], Any]] = {
    "libRoadRunner": lambda reduced: RoadRunner(reduced.text, reduced.outputs),
    "COPASI": lambda reduced: Copasi(reduced.text, reduced.outputs),
    "AMICI": Amici,
    "diffrax": Diffrax,
    "pydiffsol": Diffsol,
}
WHOLE: dict[str, Callable[..., Any]] = {"libRoadRunner": RoadRunner, "COPASI": Copasi}


@dataclass(frozen=True)
class Speed:
    """One tool, timed.

    ratio_to_libroadrunner   of patients per second on one core, at equal or smaller error, all on the same equations
    max_relative_error       against the reference solver: largest difference of any output over its largest value, in any patient
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
class BenchmarkCohort:
    """The patients that every tool solves, and the reference solutions.

    constants   by name, [patient]        events   doses of the regimen
    hours       of the outputs            truth    [compared patient, hour, output]
    """

    model: Model
    constants: dict[str, Floats]
    events: Events
    hours: Floats
    truth: Floats
    outputs: tuple[str, ...] = OUTPUTS

    def one(self, patient: int) -> dict[str, float]:
        """Constants of one patient."""
        return {name: float(value[patient]) for name, value in self.constants.items()}

    def first(self, many: int) -> tuple[dict[str, Floats], Events]:
        """Constants and doses of the first patients."""
        few = {name: value[:many] for name, value in self.constants.items()}
        return few, Events(self.events.time_h, self.events.name, self.events.value[:, :many])

    def error(self, patient: int, found: Floats) -> float:
        """Largest difference from the reference solver of any output, over that output's largest value."""
        truth = self.truth[patient]
        return float((np.abs(found - truth).max(axis=0) / np.maximum(np.abs(truth).max(axis=0), 1e-9)).max())


def benchmark_cohort(
    seed: int = 1, regimen: str = REGIMEN, days: float = DAYS, *, compared: int = COMPARED, timed: int = TIMED
) -> BenchmarkCohort:
    """Recruit patients and let the reference solver solve the first of them.

    seed       of the patients
    regimen    doses of one drug or several
    days       d   how long they are followed
    compared   patients that are compared with the reference      timed   patients that are timed here
    returns    what every tool solves
    raises     InputError for a regimen that cannot be read or given
    """
    plan = parse_regimen(regimen)
    model = with_drugs(load_model(), plan.drugs)
    people = recruit(timed, seed=seed, model=model)
    events = regimen_events(plan, {**model.nominal, **people.constants})
    hours = np.unique(output_hours(plan.times_h, days * 24))
    # at the hour of a later dose some programs give the value before it and others that after it
    hours = hours[~np.isin(hours, events.time_h[events.time_h > 0])]
    levels = [f"{drug}_{where}" for drug in plan.drugs for where in ("venous", "plasma")]
    outputs = (next((name for name in levels if name in model.equations), OUTPUTS[0]), *OUTPUTS[1:])
    cohort = BenchmarkCohort(model, people.constants, events, hours, np.empty(0), outputs)
    few, doses = cohort.first(compared)
    truth, _ = solve_patients(model, few, doses, list(hours), outputs, compared, tolerance=1e-8)
    return replace(cohort, truth=truth)


def bench(  # many arguments: what is timed, by keyword
    target: float = 1e-4,
    *,
    seed: int = 1,
    regimen: str = REGIMEN,
    days: float = DAYS,
    whole: bool = True,
    programs: Sequence[str] = tuple(EXTERNAL_SIMULATORS),
) -> list[dict[str, Any]]:
    """Time resprout beside the tools that are installed.

    target    error that every tool has to meet with its own tolerance
    seed      of the patients
    regimen   doses of one drug or several
    days      d   how long patients are followed
    whole     whether programs that can are timed on all states as well
    programs  keys of EXTERNAL_SIMULATORS
    returns   a row a tool, resprout first; tools that are not installed are left out
    raises    InputError for a regimen that cannot be read or given
    """
    cohort = benchmark_cohort(seed, regimen, days)
    found = [_time_resprout(cohort, target)]
    reduced = reduce_model(cohort.model, cohort.events, cohort.outputs)
    for name in programs:
        tool = EXTERNAL_SIMULATORS[name]
        try:
            found.append(_time_external(cohort, reduced, name, tool, target, whole=whole))
        except InputError:
            continue
    simulator = next((row.patients_per_second_per_core for row in found if row.tool == "libRoadRunner"), None)
    ratio = {row.tool: row.patients_per_second_per_core / simulator if simulator else None for row in found}
    return [{**asdict(row), "ratio_to_libroadrunner": ratio[row.tool]} for row in found]


def engine_error(cohort: BenchmarkCohort, tolerance: float, method: str) -> float:
    """Largest error of the engine over the compared patients."""
    compared = len(cohort.truth)
    few, events = cohort.first(compared)
    value = run_patients(
        cohort.model, few, events, cohort.hours, cohort.outputs, tolerance=tolerance, method=method
    ).value
    return max(cohort.error(patient, value[patient]) for patient in range(compared))


def engine_seconds(cohort: BenchmarkCohort, tolerance: float, method: str, *, repeats: int = 3) -> float:
    """Processor seconds per patient on one core, steady state included; the best of some repeats."""
    taken = []
    for _ in range(repeats):
        begun = time.process_time()
        run_patients(
            cohort.model,
            cohort.constants,
            cohort.events,
            cohort.hours,
            cohort.outputs,
            tolerance=tolerance,
            threads=1,
            method=method,
        )
        taken.append(time.process_time() - begun)
    return min(taken) / len(next(iter(cohort.constants.values())))


def _time_resprout(cohort: BenchmarkCohort, target: float, method: str = "Rodas4") -> Speed:
    engine_error(cohort, 1e-3, method)
    begun = time.process_time()
    moved = perturbed_names(cohort.model, cohort.events, cohort.constants)
    forget_kernels()
    kernel = build_kernel(cohort.model, cohort.outputs, moved, METHODS[method], cached=False)
    build = time.process_time() - begun
    tolerance, error = loosest(lambda tolerance: engine_error(cohort, tolerance, method), target)
    seconds = engine_seconds(cohort, tolerance, method)
    return Speed("resprout", 1 / seconds, None, error, build, tolerance, len(kernel.layout.states))


def _time_external(
    cohort: BenchmarkCohort,
    reduced: ReducedModel,
    name: str,
    tool: Callable[[ReducedModel], Any],
    target: float,
    *,
    whole: bool,
) -> Speed:
    begun = sum(os.times()[:4])
    simulator = tool(reduced)
    # with the children's time, because some call a compiler
    build = sum(os.times()[:4]) - begun
    start = _starts(cohort)
    values = [reduced.values(cohort.one(patient), start[patient], patient) for patient in range(len(cohort.truth))]
    seconds, tolerance, reached = _time_solver(cohort, values, [simulator] * len(values), target)
    simulator.close()
    unasked = _time_whole(cohort, WHOLE[name], target) if whole and name in WHOLE else None
    return Speed(name, 1 / seconds, None, reached, build, tolerance, len(reduced.states), unasked)


def _time_whole(cohort: BenchmarkCohort, tool: Callable[..., Any], target: float) -> float:
    """Patients per second of a tool on the whole model."""
    # the dose is the same for all in a loaded whole model, so each patient's own dose is a model of its own
    patients = range(len(cohort.truth))
    simulators = [tool(whole_text(cohort.model, cohort.events.of(patient)), cohort.outputs) for patient in patients]
    start = _starts(cohort)
    values = [whole_values(cohort.model, cohort.one(patient), start[patient]) for patient in patients]
    seconds, _, _ = _time_solver(cohort, values, simulators, target)
    for simulator in simulators:
        simulator.close()
    return 1 / seconds


def _starts(cohort: BenchmarkCohort) -> Floats:
    return steady_states(cohort.model, cohort.first(len(cohort.truth))[0])[0]


def _time_solver(
    cohort: BenchmarkCohort, values: list[dict[str, float]], simulators: list[Any], target: float
) -> tuple[float, float, float]:
    """Seconds per patient at the loosest tolerance that meets the target, that tolerance, and its error."""
    seconds: list[float] = []

    def error(tolerance: float, repeats: int = 1) -> float:
        seconds.clear()
        worst = 0.0
        for patient, simulator in enumerate(simulators):
            taken = []
            for _ in range(repeats):
                value = simulator.solve(values[patient], cohort.hours, tolerance=tolerance)
                taken.append(simulator.seconds)
            seconds.append(min(taken))
            worst = max(worst, cohort.error(patient, value))
        return worst

    tolerance, reached = loosest(error, target)
    error(tolerance, repeats=3)
    return float(np.mean(seconds)), tolerance, reached


def loosest(
    error: Callable[[float], float], target: float, tolerances: Sequence[float] = TOLERANCES
) -> tuple[float, float]:
    """The loosest tolerance that meets the target together with the TIGHTER next ones, and its error.

    One that meets it while a tighter one does not has been lucky with the few patients that reference it. Where none does: the tightest.
    """
    met: list[tuple[float, float]] = []
    reached = np.inf
    for tolerance in tolerances:
        reached = error(tolerance)
        met = [*met, (tolerance, reached)] if reached <= target else []
        if len(met) > TIGHTER:
            break
    return met[0] if met else (tolerances[-1], reached)
