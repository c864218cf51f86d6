"""From dose to dendritic spine to depression score: how rapid-acting glutamatergic antidepressants work.

A hypothesis-testing simulator for research and teaching; not medical advice.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from resprout.installation import installed_version

if TYPE_CHECKING:
    from resprout.app.report import write_report
    from resprout.calibrate.scoreboard import validate
    from resprout.errors import InputError, ModelError, ResourceError, ResproutError, SolveError
    from resprout.exchange.imported_model import import_model
    from resprout.exchange.petab_evaluation import PetabEvaluation, evaluate_petab
    from resprout.exchange.petab_fit import PetabFit, fit_petab
    from resprout.exchange.petab_reading import read_petab
    from resprout.exchange.petab_records import PetabProblem
    from resprout.exchange.sedml_run import run_sedml
    from resprout.figures import figure
    from resprout.figures.print_figure import write_picture
    from resprout.language import ImportedModel, Model, load_model
    from resprout.patients.dataset import Dataset
    from resprout.patients.individual_posteriors import Posteriors, update
    from resprout.patients.person_forecast import Forecast, forecast
    from resprout.patients.predictive_simulations import Simulated, simulate_data
    from resprout.patients.read_data import read_data
    from resprout.people import Cohort, Entry, recruit
    from resprout.simulation import Numerics, Output, People, simulate, simulate_imported
    from resprout.trial import Trial, long_table, run_trial

__version__ = installed_version()

_HOMES = {
    "load_model": "resprout.language",
    "Model": "resprout.language",
    "recruit": "resprout.people",
    "Cohort": "resprout.people",
    "Entry": "resprout.people",
    "simulate": "resprout.simulation",
    "Numerics": "resprout.simulation",
    "Output": "resprout.simulation",
    "People": "resprout.simulation",
    "simulate_imported": "resprout.simulation",
    "import_model": "resprout.exchange.imported_model",
    "ImportedModel": "resprout.language",
    "read_data": "resprout.patients.read_data",
    "Dataset": "resprout.patients.dataset",
    "forecast": "resprout.patients.person_forecast",
    "Forecast": "resprout.patients.person_forecast",
    "simulate_data": "resprout.patients.predictive_simulations",
    "Simulated": "resprout.patients.predictive_simulations",
    "update": "resprout.patients.individual_posteriors",
    "Posteriors": "resprout.patients.individual_posteriors",
    "read_petab": "resprout.exchange.petab_reading",
    "PetabProblem": "resprout.exchange.petab_records",
    "evaluate_petab": "resprout.exchange.petab_evaluation",
    "PetabEvaluation": "resprout.exchange.petab_evaluation",
    "fit_petab": "resprout.exchange.petab_fit",
    "PetabFit": "resprout.exchange.petab_fit",
    "run_sedml": "resprout.exchange.sedml_run",
    "long_table": "resprout.trial",
    "run_trial": "resprout.trial",
    "Trial": "resprout.trial",
    "figure": "resprout.figures",
    "write_picture": "resprout.figures.print_figure",
    "validate": "resprout.calibrate.scoreboard",
    "write_report": "resprout.app.report",
    "ResproutError": "resprout.errors",
    "InputError": "resprout.errors",
    "ModelError": "resprout.errors",
    "ResourceError": "resprout.errors",
    "SolveError": "resprout.errors",
}

__all__ = [
    "Cohort",
    "Dataset",
    "Entry",
    "Forecast",
    "ImportedModel",
    "InputError",
    "Model",
    "ModelError",
    "Numerics",
    "Output",
    "People",
    "PetabEvaluation",
    "PetabFit",
    "PetabProblem",
    "Posteriors",
    "ResourceError",
    "ResproutError",
    "Simulated",
    "SolveError",
    "Trial",
    "evaluate_petab",
    "figure",
    "fit_petab",
    "forecast",
    "import_model",
    "load_model",
    "long_table",
    "read_data",
    "read_petab",
    "recruit",
    "run_sedml",
    "run_trial",
    "simulate",
    "simulate_data",
    "simulate_imported",
    "update",
    "validate",
    "write_picture",
    "write_report",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that `import resprout` is quick."""
    if name not in _HOMES:
        raise AttributeError(f"module 'resprout' has no attribute '{name}'")
    found = getattr(import_module(_HOMES[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
