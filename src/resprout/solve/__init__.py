"""Kernels, doses and patients -> trajectories, with a status for every patient; and the slow readable twin."""

from resprout.solve.events import Events
from resprout.solve.run import DEFAULT_TOLERANCE, SENTENCES, Trajectories, check_names, rest, rest_states, run_patients

__all__ = [
    "DEFAULT_TOLERANCE",
    "SENTENCES",
    "Events",
    "Trajectories",
    "check_names",
    "rest",
    "rest_states",
    "run_patients",
]
