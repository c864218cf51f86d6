"""Virtual trials: regimens, protocols, conduct, scales, endpoints and statistics."""

from resprout.trial.course import simulate
from resprout.trial.endpoints import long_table
from resprout.trial.trial import Trial, run_trial

__all__ = ["Trial", "long_table", "run_trial", "simulate"]
