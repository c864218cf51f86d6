"""Numbers against other ways to get them: the engine beside the reference solver, libRoadRunner and COPASI, output by output."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resprout.crosscheck.external_simulators import Copasi, RoadRunner, whole_text, whole_values
from resprout.dosing.dose_events import prepare_doses
from resprout.dosing.regimen import parse_regimen
from resprout.errors import InputError
from resprout.language import given_or_shipped
from resprout.language.drug_instances import library_drugs
from resprout.language.records import Model
from resprout.people.cohort import recruit
from resprout.simulation.observation_times import output_hours
from resprout.simulation.scenario import main_outputs
from resprout.solve import Events, run_patients, steady_states
from resprout.solve.reference import solve_one

EXTERNAL_TOLERANCE = 1e-9
ERROR_LIMIT = 1e-4
Floats = NDArray[np.float64]


def compare_numerics(
    regimen: str = "ketamine 0.5 mg/kg iv over 40 min",
    *,
    patients: int = 6,
    seed: int = 1,
    days: float = 14.0,
    outputs: Sequence[str] | None = None,
    tolerance: float | None = None,
    model: Model | None = None,
) -> list[dict[str, Any]]:
    """Largest relative error of each output, over a random sample of patients, against each reference that is installed.

    returns   a row an output: output, reference_solver, libRoadRunner, COPASI (None where not installed); each the largest
              difference at any hour, over the output's largest value in that patient
    """
    model = given_or_shipped(model)
    people = recruit(patients, seed=seed, model=model)
    plan = parse_regimen(regimen, library_drugs(model))
    hours = output_hours(plan.times_h, days * 24)
    model, constants, events = prepare_doses(model, plan, people.constants)
    names = list(outputs or main_outputs(model))
    found = run_patients(model, constants, events, hours, names, tolerance=tolerance).value
    start, _ = steady_states(model, constants)
    # at the hour of a dose the engine tells what is just before it, other programs one or the other
    compared = ~np.isin(hours, events.time_h)
    rows: dict[str, Floats | None] = {}
    for reference, solve in _references(model, names, hours).items():
        worst = np.zeros(len(names))
        try:
            for patient in range(patients):
                own = {name: float(np.broadcast_to(value, patients)[patient]) for name, value in constants.items()}
                truth = solve(own, start[patient], events.of(patient))[compared]
                peak = np.maximum(np.abs(truth).max(axis=0), 1e-9)
                worst = np.maximum(worst, np.abs(found[patient][compared] - truth).max(axis=0) / peak)
            rows[reference] = worst
        except InputError:
            rows[reference] = None
    return [
        {
            "output": name,
            **{reference: None if worst is None else float(worst[column]) for reference, worst in rows.items()},
        }
        for column, name in enumerate(names)
    ]


def _references(model: Model, names: list[str], hours: Floats) -> dict[str, Callable[..., Floats]]:
    def reference_solver(own: dict[str, float], _: Floats, events: Events) -> Floats:
        return solve_one(model, own, events, list(hours), names)

    def by(tool: Any, own: dict[str, float], start: Floats, events: Events) -> Floats:
        program = tool(whole_text(model, events), names)
        try:
            return program.solve(whole_values(model, own, start, events), list(hours), tolerance=EXTERNAL_TOLERANCE)
        finally:
            program.close()

    def road_runner(own: dict[str, float], start: Floats, events: Events) -> Floats:
        return by(RoadRunner, own, start, events)

    def copasi(own: dict[str, float], start: Floats, events: Events) -> Floats:
        return by(Copasi, own, start, events)

    return {"reference solver": reference_solver, "libRoadRunner": road_runner, "COPASI": copasi}
