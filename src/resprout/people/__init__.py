"""Virtual patients: who they are, how they differ, and who of them enters a trial."""

from resprout.people.cohort import Cohort, recruit
from resprout.people.entry import Entry

__all__ = ["Cohort", "Entry", "recruit"]
