"""Constants that no fit has moved -> how much each changes the main predictions within the range of its grade, beside the uncertainty that the draws give."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from fnmatch import fnmatch

import numpy as np
from numpy.typing import NDArray

from resprout.calibrate.data_tables import data_rows
from resprout.calibrate.experiments import Arm, moved_by, prepare_arm, read_persons
from resprout.calibrate.global_sensitivity import Factor, factor_of, find_factors, read_target
from resprout.calibrate.predicted_measurements import Group, run_group
from resprout.calibrate.residuals import fitted_rows, trial_moments
from resprout.language.records import Model
from resprout.people.draws import draws_of
from resprout.people.spreads import SPREADS
from resprout.people.typical import MEDIAN_STRESS, MEDIAN_UPTAKE
from resprout.trial.protocol import read_protocol

Numbers = NDArray[np.float64]
PATIENT = f"stress={MEDIAN_STRESS} & glial_uptake={MEDIAN_UPTAKE}"
CHAIN = {
    "ketamine, 1 d": (f"{PATIENT} & ketamine 0.5 mg/kg iv over 40 min", 24.0),
    "ketamine, 7 d": (f"{PATIENT} & ketamine 0.5 mg/kg iv over 40 min", 168.0),
    "eight sprays, 27 d": (f"{PATIENT} & esketamine 84 mg nasal; every 3.5 d x 8", 648.0),
    "escitalopram, 6 weeks": (f"{PATIENT} & escitalopram 10 mg oral; every 24 h x 42", 1008.0),
}
"""What the typical patient is given, and the hour at which the change of MADRS is read."""
TRIALS = ("popova2019_transform2", "murrough2013_midazolam")
POINTS = ("mean_change", "difference")
OUTPUT = "MADRS"
PEOPLE, DRAWS = 600, 12
STRUCTURAL = (
    "*_minimum",
    "*_maximum",
    "height_*",
    "BMI_*",
    "*_frequency",
    "Val_Val_*",
    "*_slope",
    "*_threshold_?",
    "rater_*",
    "belief_open_label",
)
"""Of people and ratings: bounds, what is counted, references, items of scales, and errors of measurement of single scales."""


@dataclass(frozen=True)
class Influence:
    """What a constant does to one prediction.

    name, grade, range   of the constant, as sensitivity analyses vary it
    prediction           which; points of MADRS, in trials the published row that moves most
    change               point   the larger of the two changes, one standard deviation of the range up and down
    uncertainty          point   standard deviation of the prediction over the posterior draws
    """

    name: str
    grade: str
    range: str
    prediction: str
    change: float
    uncertainty: float

    @property
    def share(self) -> float:
        """The change over the uncertainty."""
        return self.change / self.uncertainty


def chain_influences(model: Model) -> list[Influence]:
    """Every constant of the chain that is not fitted, on the change of MADRS of a typical patient."""
    return [
        row for name, (done, hour) in CHAIN.items() for row in _of_experiment(model, name, Arm("patient", done), hour)
    ]


def _of_experiment(model: Model, prediction: str, arm: Arm, hour: float) -> list[Influence]:
    fitted = fitted_names()
    factors = [
        each
        for each in find_factors(model, arm, [read_target(f"{OUTPUT}@{hour:g}h", model)])
        if each.name not in fitted
    ]
    moved = {factor.name: np.full(2 * len(factors) + 1, factor.constant.value) for factor in factors}
    for place, factor in enumerate(factors):
        moved[factor.name][[2 * place + 1, 2 * place + 2]] = _ends(factor)
    change = _change(model, arm, hour, moved)
    uncertainty = float(np.nanstd(_change(model, arm, hour, _chain_draws(model)), ddof=1))
    return [
        Influence(
            factor.name,
            factor.grade,
            factor.range,
            prediction,
            float(np.abs(change[2 * place + 1 : 2 * place + 3] - change[0]).max()),
            uncertainty,
        )
        for place, factor in enumerate(factors)
    ]


def fitted_names() -> set[str]:
    """Constants that the fit may move."""
    return {row["name"] for row in data_rows("fitted")}


def _ends(factor: Factor) -> Numbers:
    return np.asarray(SPREADS[factor.word](factor.constant.value, factor.size, np.array([1.0, -1.0])))


def _chain_draws(model: Model) -> dict[str, Numbers]:
    draws = draws_of(model)
    return {name: np.array([draw[name] for draw in draws]) for name in draws[0] if name in model.constants}


def _change(model: Model, arm: Arm, hour: float, constants: Mapping[str, Numbers]) -> Numbers:
    """Change of MADRS from before: [sample]."""
    many = len(next(iter(constants.values())))
    moved = moved_by(model, prepare_arm(model, read_persons(model), arm))
    found = run_group(model, Group((arm,), (OUTPUT,), moved, (0.0, hour)), constants, many)[0]
    return np.asarray(found[:, 1, 0] - found[:, 0, 0])


def trial_influences(model: Model, progress: Callable[[str], None] = lambda said: None) -> list[Influence]:
    """Every assumed constant of people, ratings and trials that is not fitted, on arms and differences of some trials."""
    rows = [row for name in TRIALS for row in fitted_rows(read_protocol(name, model)[0])]
    counted = np.array([row.statistic in POINTS for row in rows])
    words = np.array(["difference" if row.statistic == "difference" else "arm" for row in rows])
    base, _ = trial_moments(model, {}, TRIALS, PEOPLE, 1)
    drawn = np.array([trial_moments(model, draw, TRIALS, PEOPLE, 1)[0] for draw in draws_of(model)[:DRAWS]])
    uncertainty, found = drawn.std(axis=0, ddof=1), []
    for factor in _trial_constants(model):
        ends = [{factor.name: float(end)} for end in _ends(factor)]
        moved = [trial_moments(model, end, TRIALS, PEOPLE, 1)[0] - base for end in ends]
        change = np.abs(moved).max(axis=0)
        for word in ("arm", "difference"):
            place = int(np.argmax(np.where(counted & (words == word), change, -1.0)))
            sizes = float(change[place]), float(uncertainty[place])
            found.append(Influence(factor.name, factor.grade, factor.range, f"{word} of a trial", *sizes))
        progress(factor.name)
    return found


def _trial_constants(model: Model) -> list[Factor]:
    """The assumed constants of people and ratings that are neither fitted nor structural."""
    fitted = fitted_names()
    return [
        factor_of(constant)
        for constant in model.constants.values()
        if not constant.in_chain and constant.grade == "assumed" and constant.value != 0 and constant.name not in fitted
        if not any(fnmatch(constant.name, pattern) for pattern in STRUCTURAL)
    ]


def together(found: Sequence[Influence]) -> dict[str, float]:
    """What all constants do to each prediction if they are independent: the root of the sum of squared changes, relative to the uncertainty."""
    shares: dict[str, list[float]] = {}
    for each in found:
        shares.setdefault(each.prediction, []).append(each.share)
    return {prediction: float(np.linalg.norm(own)) for prediction, own in shares.items()}


def recorded_influences() -> list[Influence]:
    """They as last written down, the largest share of the uncertainty first."""
    return [
        Influence(
            row["name"],
            row["grade"],
            row["range"],
            row["prediction"],
            float(row["change"]),
            float(row["uncertainty"]),
        )
        for row in data_rows("unfitted_constants")
    ]


def recorded_text(found: Sequence[Influence]) -> str:
    """The table in which they are written down, the largest share of the uncertainty first."""
    rows = sorted(found, key=lambda each: (-each.share, each.name, each.prediction))
    lines = [[f"{cell:.3g}" if isinstance(cell, float) else cell for cell in astuple(row)] for row in rows]
    head = "# What constants outside the fit do to predictions, by `make unfitted`. Columns are explained in docs/guides/fit.md."
    return (
        "\n".join([head, "\t".join(field.name for field in fields(Influence)), *("\t".join(line) for line in lines)])
        + "\n"
    )
