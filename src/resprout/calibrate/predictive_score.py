"""Rival hypotheses by what they predict: posterior draws in; leave-one-out predictive score of each hypothesis out."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

from resprout.calibrate.fitted_parameters import Numbers
from resprout.calibrate.hypotheses import read_hypotheses
from resprout.calibrate.measurements import read_measurements, standardised_residuals
from resprout.calibrate.posterior_mode import robust_residual
from resprout.calibrate.predicted_measurements import predict_measurements
from resprout.errors import Fault, InputError
from resprout.language.records import Model
from resprout.people.draws import draws_of

FEWEST_DRAWS = 10
FIRST_STAGE = 2  # what the body does to a drug tells no hypothesis from another


@dataclass(frozen=True)
class Prediction:
    """How well one hypothesis predicts laboratory rows that it has not been weighted by.

    score        sum over rows of the log predictive density, each row left out in turn; higher is better
    behind       how far behind the best, with its standard error over rows
    """

    name: str
    score: float
    standard_error: float
    behind: float
    behind_error: float
    rows: int


def predict_hypotheses(model: Model) -> list[Prediction]:
    """Score every hypothesis of the model on its laboratory measurements, the best first.

    The draws are those of the chain of the review; a rival changes its own constants and takes the others as they are.
    Rows are left out by Pareto-smoothed importance sampling (ArviZ).

    raises   InputError if the model has no draws
    """
    rows = tuple(row for row in read_measurements(model) if row.stage >= FIRST_STAGE)
    shared = [{key: value for key, value in draw.items() if model.constants[key].in_chain} for draw in draws_of(model)]
    if len(shared) < FEWEST_DRAWS:
        text = f"the model has {len(shared)} posterior draws."
        raise InputError(Fault(text, "draws.tsv", f"Expected at least {FEWEST_DRAWS}.", "Run `resprout fit --ship`."))
    density = {}
    for hypothesis in read_hypotheses(model):
        each = [{**draw, **hypothesis.overrides} for draw in shared]
        moved = {name for draw in each for name in draw}
        draws = {name: np.array([draw.get(name, model.nominal[name]) for draw in each]) for name in moved}
        found = predict_measurements(model, rows, draws)
        density[hypothesis.name] = (
            -0.5 * robust_residual(np.nan_to_num(standardised_residuals(rows, found), nan=10.0)) ** 2
        )
    return _compare(density, len(rows))


def _compare(density: dict[str, Numbers], rows: int) -> list[Prediction]:
    """Compare hypotheses by their log densities [draw, row]."""
    with warnings.catch_warnings():
        # ArviZ announces its next version, and warns of single rows that dominate: the standard error holds them
        warnings.simplefilter("ignore")
        import arviz

        data = {
            name: arviz.from_dict(
                posterior={"draw_number": np.arange(len(value), dtype=float)[None]},
                log_likelihood={"row": value[None]},
            )
            for name, value in density.items()
        }
        table = arviz.compare(data, ic="loo", method="pseudo-BMA")
    return [
        Prediction(
            str(name), float(row["elpd_loo"]), float(row["se"]), float(row["elpd_diff"]), float(row["dse"]), rows
        )
        for name, row in table.iterrows()
    ]
