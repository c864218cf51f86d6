"""Measurements and model as a PEtab v2 problem: what other calibration tools read; and which rows PEtab has no words for."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import libsbml
import numpy as np

from resprout.calibrate.experiments import Arm, PreparedArm, prepare_arm, read_persons
from resprout.calibrate.global_sensitivity import Factor, varied_constants
from resprout.calibrate.measurements import Measurement
from resprout.errors import Fault, ModelError
from resprout.exchange.sbml_writer import write_sbml
from resprout.language.drug_instances import with_drugs
from resprout.language.readouts import Readout
from resprout.language.records import Model
from resprout.people.spreads import REVERSAL_POTENTIAL_MV

BEFORE, BEGIN = -math.inf, 0.0
HOLDING, COUNTING = "baseline_tracking", "area_counting"
FAR_SD = 5.0
FILES = {
    "condition": "conditions.tsv",
    "experiment": "experiments.tsv",
    "observable": "observables.tsv",
    "measurement": "measurements.tsv",
    "parameter": "parameters.tsv",
}
MODEL_FILE, PROBLEM_FILE = "resprout.xml", "resprout.yaml"


@dataclass(frozen=True)
class Prior:
    """A PEtab prior: its distribution, its two numbers, and bounds."""

    distribution: str
    numbers: tuple[float, float]
    lower: float
    upper: float


@dataclass
class _Book:
    """Conditions by their changes, so that equal ones are written once."""

    names: dict[tuple[tuple[str, str], ...], str] = field(default_factory=dict)

    def name(self, stem: str, changes: Mapping[str, str]) -> str:
        """The id of a condition with these changes."""
        key = tuple(sorted(changes.items()))
        if key not in self.names:
            taken = set(self.names.values())
            number = sum(1 for known in taken if known == stem or re.fullmatch(rf"{stem}_\d+", known))
            self.names[key] = f"{stem}_{number + 1}" if number else stem
        return self.names[key]


def export_rows(rows: Iterable[Measurement]) -> list[Measurement]:
    """Rows that PEtab has words for: a number in one experiment, read at an hour or as an area or mean from the dose on.

    Peaks, hours of peaks, ratios of two experiments and mere directions have no observable there.
    """
    return [
        row
        for row in rows
        if row.rule == "within"
        and row.reference is None
        and all(_has_words(readout) for readout in row.readouts)
        and len({readout.stop_h for readout in row.readouts}) == 1
    ]


def petab_problem(model: Model, rows: Sequence[Measurement]) -> Any:
    """Everything of these rows as a `petab.v2.Problem` whose files can be written.

    rows   as `export_rows` gives them
    """
    import petab.v2 as v2
    from petab.v1.models.sbml_model import SbmlModel

    arms = list(dict.fromkeys(row.arm for row in rows))
    persons = read_persons(model)
    made = {arm: prepare_arm(model, persons, arm) for arm in arms}
    model = with_drugs(model, sorted({drug for one in made.values() for drug in one.drugs}))
    settled = {name for one in made.values() for name in one.constants}
    factors = estimated(model, rows)
    free = {factor.name: f"{factor.name}_typical" for factor in factors if factor.name in settled}
    problem = v2.Problem()
    problem.config = v2.ProblemConfig(filepath=PROBLEM_FILE, format_version="2.0.0", id="resprout")
    problem.models = [SbmlModel.from_string(extended_sbml(model, rows), model_id="resprout")]
    problem.models[0].rel_path = MODEL_FILE
    book = _Book()
    for number, arm in enumerate(arms, 1):
        periods = list(_periods(model, arm, made[arm], free, book))
        problem.add_experiment(experiment_id(number), *[part for period in periods for part in period])
    for key, name in book.names.items():
        problem.add_condition(name, **dict(key))
    _add_observables(problem, rows)
    for row in rows:
        _add_measurement(problem, row, experiment_id(arms.index(row.arm) + 1))
    for factor in factors:
        _add_parameter(problem, factor, free.get(factor.name, factor.name))
    for kind, name in FILES.items():
        for table in getattr(problem, f"{kind}_tables"):
            table.rel_path = name
    return problem


def check_problem(problem: Any) -> None:
    """Ask PEtab's own checks.

    raises   ModelError with everything they find
    """
    issues = problem.validate()
    if issues:
        raise ModelError(*(Fault(f"PEtab finds: {issue.message}") for issue in issues))


def experiment_id(number: int) -> str:
    """The PEtab id of the arm with this number."""
    return f"experiment_{number:02d}"


def estimated(model: Model, rows: Sequence[Measurement]) -> list[Factor]:
    """Constants that the rows' outputs depend on, directly or through others, and that no source measured or defines."""
    waiting = {readout.output for row in rows for readout in row.readouts}
    read: set[str] = set()
    while waiting:
        read |= waiting
        found = {name for known in waiting & set(model.equations) for name in model.equations[known].reads}
        waiting = found - read
    return [factor for factor in varied_constants(model, read) if factor.constant.grade not in ("measured", "defined")]


def prior_of(factor: Factor) -> Prior:
    """A factor's range as a prior: exact where PEtab has the form, else normal with the same sd, cut off at its bounds."""
    value, size = factor.constant.value, factor.size
    if factor.word in ("cv", "logsd") and value > 0:
        sigma = math.sqrt(math.log1p(size * size)) if factor.word == "cv" else size
        centre = math.log(value) - (sigma * sigma / 2 if factor.word == "cv" else 0.0)
        ends = (math.exp(centre - FAR_SD * sigma), math.exp(centre + FAR_SD * sigma))
        return Prior("log-normal", (centre, sigma), *ends)
    sd = {
        "odds": value * (1 - value) * size,
        "logit": value * (1 - value) * size,
        "margin": abs(value - 1) * size,
        "distance": abs(value - REVERSAL_POTENTIAL_MV) * size,
    }.get(factor.word, abs(value) * size)
    lower, upper = value - FAR_SD * sd, value + FAR_SD * sd
    if factor.word in ("odds", "logit"):
        lower, upper = max(lower, 1e-6), min(upper, 1 - 1e-6)
    elif factor.word == "margin":
        lower, upper = (max(lower, 1.0), upper) if value > 1 else (lower, min(upper, 1.0))
    return Prior("normal", (value, sd), lower, upper)


def extended_sbml(model: Model, rows: Sequence[Measurement]) -> str:
    """The model with what observables need: a copy of each output's baseline, and each area under a curve.

    `baseline_tracking` is 1 before the experiment and 0 from hour 0 on, `area_counting` the other way round.
    """
    document = libsbml.readSBMLFromString(write_sbml(model))
    inner = document.getModel()
    _parameter(inner, HOLDING, 1.0, "per_hour")
    _parameter(inner, COUNTING, 0.0, "dimensionless")
    for output in sorted({r.output for row in rows if row.compare for r in row.readouts}):
        unit = inner.getParameter(output).getUnits()
        _parameter(inner, baseline_of(output), 1.0, unit)
        _rate(inner, baseline_of(output), f"{HOLDING} * ({output} - {baseline_of(output)})")
    for output in sorted({r.output for row in rows for r in row.readouts if r.kind in ("area", "mean")}):
        _parameter(inner, area_of(output), 0.0, "")
        _rate(inner, area_of(output), f"{COUNTING} * {output}")
    return str(libsbml.writeSBMLToString(document))


def baseline_of(output: str) -> str:
    """Name of the copy of an output's baseline."""
    return f"{output}_baseline"


def area_of(output: str) -> str:
    """Name of the area under an output's trajectory."""
    return f"{output}_area"


def observable_of(row: Measurement) -> tuple[str, str]:
    """Id and formula of what a row observes."""
    names, formulas = [], []
    for readout in row.readouts:
        output, baseline = readout.output, baseline_of(readout.output)
        seen = {"at": output, "area": area_of(output), "mean": f"{area_of(output)} / {readout.stop_h!r}"}[readout.kind]
        if row.compare == "change":
            seen = f"({seen} - {baseline})"
        elif row.compare == "percent":
            seen = f"100 * (({seen}) / {baseline} - 1)"
        window = f"_{readout.stop_h:g}h".replace(".", "_") if readout.kind == "mean" else ""
        names.append(
            "_".join(part for part in (row.compare, output, "" if readout.kind == "at" else readout.kind) if part)
            + window
        )
        formulas.append(seen)
    return "observed_" + "_over_".join(names), " / ".join(f"({formula})" for formula in formulas)


def _has_words(readout: Readout) -> bool:
    return readout.kind == "at" or (readout.kind in ("area", "mean") and readout.start_h == 0)


def _periods(
    model: Model,
    arm: Arm,
    made: PreparedArm,
    free: Mapping[str, str],
    book: _Book,
) -> Iterable[tuple[float, list[str]]]:
    """The periods of one arm: baseline of this person, then one from hour 0, then one at each change."""
    inputs = set(model.inputs)
    life = {name: repr(float(value)) for name, value in made.constants.items() if name in model.constants}
    life |= {name: alias for name, alias in free.items() if name not in life} | {HOLDING: "1"}
    yield BEFORE, [book.name(f"baseline_{arm.person.replace(' ', '_')}", life)]
    moments = sorted({BEGIN, *(hour for hour, _, _ in made.changes)})
    for moment in moments:
        now: dict[str, str] = {HOLDING: "0", COUNTING: "1"} if moment == BEGIN else {}
        for hour, name, amount in made.changes:
            if hour == moment:
                number = float(np.asarray(amount).ravel()[0])
                before = now.get(name, name)
                now[name] = repr(number) if name in inputs else f"{before} + {number!r}"
        yield moment, [book.name("begin" if moment == BEGIN else "change", now)]


def _add_observables(problem: Any, rows: Sequence[Measurement]) -> None:
    for name, formula in dict.fromkeys(observable_of(row) for row in rows):
        noise = f"noise_{name}"
        problem.add_observable(name, formula, noise_formula=noise, noise_placeholders=[noise])


def _add_measurement(problem: Any, row: Measurement, experiment: str) -> None:
    name, _ = observable_of(row)
    hour = row.readouts[0].stop_h
    problem.add_measurement(
        name, experiment_id=experiment, time=hour, measurement=row.observed, noise_parameters=[row.sd]
    )


def _add_parameter(problem: Any, factor: Factor, name: str) -> None:
    prior = prior_of(factor)
    problem.add_parameter(
        name,
        estimate=True,
        nominal_value=factor.constant.value,
        lb=prior.lower,
        ub=prior.upper,
        prior_dist=prior.distribution,
        prior_pars=list(prior.numbers),
    )


def _parameter(inner: libsbml.Model, name: str, value: float, unit: str) -> None:
    made = inner.createParameter()
    made.setId(name)
    made.setConstant(False)
    made.setValue(value)
    if unit:
        made.setUnits(unit)


def _rate(inner: libsbml.Model, name: str, formula: str) -> None:
    rule = inner.createRateRule()
    rule.setVariable(name)
    rule.setMath(libsbml.parseL3Formula(formula))
