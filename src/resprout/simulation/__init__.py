"""A checked scenario -> trajectories of every patient, in memory or streamed to disk, on threads or a cluster."""

from resprout.simulation.cohort_simulation import simulate
from resprout.simulation.imported_simulation import simulate_imported
from resprout.simulation.settings import Numerics, Output, People

__all__ = ["Numerics", "Output", "People", "simulate", "simulate_imported"]
