"""What a PEtab problem may ask for that libpetab admits and this engine cannot do: a fault for each, by name."""

from __future__ import annotations

import math
from collections.abc import Iterator

from resprout.compile.read import read_imported
from resprout.errors import Fault, ModelError, first_faults
from resprout.exchange.petab_formulas import TIME, formula_of
from resprout.exchange.petab_model import held_as_amounts
from resprout.exchange.petab_records import PetabProblem


def check_runnable(problem: PetabProblem) -> None:
    """Refuse what cannot be run.

    raises   ModelError with every fault found
    """
    faults = [*_delays(problem), *_formulas(problem), *_early(problem), *_targets(problem)]
    if faults:
        raise ModelError(*first_faults(faults, problem.file))


def _delays(problem: PetabProblem) -> Iterator[Fault]:
    """An event with a delay may reach beyond the period in which it was triggered."""
    several = [experiment.name for experiment in problem.experiments if len(experiment.periods) > 1]
    if several and any(event.delay is not None for event in read_imported(problem.model).events):
        found = f"the model has events with a delay, and experiment `{several[0]}` several periods."
        yield Fault(found, problem.file, "Events without delay, or one period, were expected.")


def _formulas(problem: PetabProblem) -> Iterator[Fault]:
    model, measured = problem.model, {measurement.observable for measurement in problem.measurements}
    known = {TIME, *model.equations, *model.constants, *problem.nominal}
    for observable in problem.observables:
        if observable.name not in measured:
            continue
        for what, expression in (("formula", observable.formula), ("noise formula", observable.noise)):
            if expression is None:
                yield Fault(f"observable `{observable.name}` has no {what}.", problem.file, "A formula was expected.")
                continue
            own = {*observable.placeholders, *([observable.name] if what == "noise formula" else [])}
            for name in formula_of(expression).names:
                if name not in known | own:
                    found = f"the {what} of observable `{observable.name}` reads `{name}`, which is nowhere defined."
                    yield Fault(
                        found, problem.file, "A parameter, a quantity of the model or a placeholder was expected."
                    )


def _early(problem: PetabProblem) -> Iterator[Fault]:
    begins = {
        experiment.name: min((p.time for p in experiment.periods if math.isfinite(p.time)), default=0.0)
        for experiment in problem.experiments
    }
    for measurement in problem.measurements:
        begin = begins[measurement.experiment]
        if measurement.time < begin:
            found = f"observable `{measurement.observable}` is measured at {measurement.time:g} in `{measurement.experiment}`."
            yield Fault(found, problem.file, f"A time from {begin:g} on was expected, when the experiment begins.")


def _targets(problem: PetabProblem) -> Iterator[Fault]:
    model = problem.model
    known = {*model.constants, *(state.name for state in model.states), *held_as_amounts(model)}
    targets = {t: e.name for e in problem.experiments for period in e.periods for t, _ in period.changes}
    for target, experiment in targets.items():
        if target not in known:
            found = f"experiment `{experiment}` sets `{target}`."
            yield Fault(found, problem.file, "A state, constant or compartment of the model was expected.")
