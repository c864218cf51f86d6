"""Kernels, doses and patients -> trajectories, with a status for every patient; and the reference solver."""

from resprout.solve.batch import SENTENCES, Trajectories
from resprout.solve.events import Events
from resprout.solve.kernel_code import Kernel, build_kernel, forget_kernels
from resprout.solve.run import DEFAULT_TOLERANCE, check_names, run_patients, steady_state, steady_states
from resprout.solve.tableau import METHODS

__all__ = [
    "DEFAULT_TOLERANCE",
    "METHODS",
    "SENTENCES",
    "Events",
    "Kernel",
    "Trajectories",
    "build_kernel",
    "check_names",
    "forget_kernels",
    "run_patients",
    "steady_state",
    "steady_states",
]
