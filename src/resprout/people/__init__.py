"""Virtual patients: who they are, how they differ, and who of them enters a trial."""

from resprout.people.cohort import Cohort, Entry, recruit

__all__ = ["Cohort", "Entry", "recruit"]
