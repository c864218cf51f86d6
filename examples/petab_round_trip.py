"""Export the calibration as a PEtab problem, read it with PEtab's own library, and let libRoadRunner run one experiment of it."""

import tempfile
from pathlib import Path

import petab.v2 as petab
import roadrunner
import sympy

from resprout.app.petab_command import export_petab
from resprout.calibrate.measurements import read_measurements
from resprout.calibrate.predicted_measurements import predict_measurements
from resprout.exchange.petab_problem import export_rows
from resprout.language import load_model

LONG_H = 6000.0  # until this person is at rest: many times the slowest constant of the model


def run_experiment(problem: petab.Problem, experiment: petab.Experiment) -> list[tuple[tuple[str, float], float]]:
    """Every observable and hour of one experiment beside its value in libRoadRunner."""
    text = problem.model.to_sbml_str()
    values = dict(zip(problem.x_ids, problem.x_nominal, strict=True))
    runner = fresh(text, {name: value for name, value in values.items() if problem.model.has_entity_with_id(name)})
    wanted = sorted(problem.get_measurements_for_experiment(experiment), key=lambda each: each.time)
    formula = {observable.id: observable.formula for observable in problem.observables}
    found, periods = [], experiment.sorted_periods
    for period, following in zip(periods, [*periods[1:], None], strict=True):
        changes = {
            change.target_id: evaluate(change.target_value, runner, values)
            for condition in problem.conditions
            if condition.id in period.condition_ids
            for change in condition.changes
        }
        runner = fresh(text, {**held_by(runner, problem), **changes})
        if period.is_preequilibration:
            runner.simulate(0, LONG_H, 2)
            continue
        now, end = period.time, following.time if following else float("inf")
        # a measurement at the very moment of a change belongs to what was before it
        for measurement in [each for each in wanted if now < each.time <= end or each.time == now == 0]:
            if measurement.time > now:
                runner.simulate(now, measurement.time, 2)
            now = measurement.time
            value = evaluate(formula[measurement.observable_id], runner, values)
            found.append(((measurement.observable_id, measurement.time), value))
        if following and following.time > now:
            runner.simulate(now, following.time, 2)
    return found


def fresh(text: str, values: dict[str, float]) -> roadrunner.RoadRunner:
    """The model with these values, its solver knowing nothing of what was before."""
    runner = roadrunner.RoadRunner(text)
    runner.integrator.relative_tolerance, runner.integrator.absolute_tolerance = 1e-8, 1e-12
    for name, value in values.items():
        runner[name] = value
    return runner


def held_by(runner: roadrunner.RoadRunner, problem: petab.Problem) -> dict[str, float]:
    """Every constant and state of a model now."""
    assigned = {rule.getVariable() for rule in problem.model.sbml_model.getListOfRules() if rule.isAssignment()}
    return {name: runner[name] for name in runner.model.getGlobalParameterIds() if name not in assigned}


def evaluate(formula: sympy.Basic, runner: roadrunner.RoadRunner, values: dict[str, float]) -> float:
    """A PEtab formula with the numbers of this moment."""
    numbers = {
        symbol: values[str(symbol)] if str(symbol) in values else runner[str(symbol)] for symbol in formula.free_symbols
    }
    return float(formula.subs(numbers))


with tempfile.TemporaryDirectory() as folder:
    export_petab(Path(folder) / "problem")
    problem = petab.Problem.from_yaml(Path(folder) / "problem" / "resprout.yaml")
    print(f"PEtab's checks: {problem.validate() or 'nothing to complain of'}")
    model = load_model()
    rows = export_rows(read_measurements(model))
    ours = predict_measurements(model, rows)[0]
    for name in ("PB002", "MP004"):  # a level after an infusion in a person, glutamate under a drug in a rat
        number = [row.id for row in rows].index(name)  # measurements stand in the order of our rows
        measurement = problem.measurements[number]
        experiment = next(each for each in problem.experiments if each.id == measurement.experiment_id)
        theirs = dict(run_experiment(problem, experiment))[measurement.observable_id, measurement.time]
        print(
            f"{name}: {measurement.observable_id} at {measurement.time:g} h: libRoadRunner {theirs:.5g}, "
            f"resprout {ours[number]:.5g}, measured {measurement.measurement:g}"
        )
        assert abs(theirs - ours[number]) <= 1e-3 * max(abs(ours[number]), 1.0)  # two solvers' tolerances
