"""A PEtab problem evaluated at one vector of parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from resprout.errors import Fault, SolveError
from resprout.exchange.petab_records import PetabProblem
from resprout.exchange.population_objective import objective_of

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class PetabEvaluation:
    """A PEtab problem at one vector of parameters.

    log_likelihood   of all measurements
    chi2             sum of the squared residuals, each over its noise
    log_prior        of the parameters that are estimated, uniform within their bounds where the problem states no prior
    simulations      the measurement table with a column `simulation` in place of `measurement`
    """

    log_likelihood: float
    chi2: float
    log_prior: float
    simulations: pd.DataFrame


def evaluate_petab(problem: PetabProblem, values: Mapping[str, float] | None = None) -> PetabEvaluation:
    """Simulate a PEtab problem and compare it with its measurements.

    problem   what `rs.read_petab` gave
    values    of parameters, in place of their nominal values
    returns   log-likelihood, chi-square, log prior and simulations
    raises    InputError for names that are no parameters and parameters without a value; SolveError if an experiment cannot be
              simulated
    """
    objective = objective_of(problem)
    vectors = objective.vectors({} if values is None else values)
    found = objective.predict(vectors, checked=True)
    if found.lost[0]:
        raise SolveError(Fault(f"the problem could not be simulated: {found.lost[0]}.", problem.file))
    table = problem.table.copy()
    table["simulation"] = found.simulation[0]
    table = table.drop(columns="measurement")
    return PetabEvaluation(
        float(objective.log_likelihood(found)[0]),
        float((objective.residuals(found)[0] ** 2).sum()),
        float(objective.log_prior(vectors)[0]),
        table,
    )
