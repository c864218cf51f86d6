"""Long jobs of the page: a few at once, a few more wait and are told so, each with a budget of time."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

from resprout.errors import Fault, InputError
from resprout.solve.time_limit import time_limit

AT_ONCE = 2  # more would only wait for the same cores
MOST_WAITING = 3  # with those at work fewer than the server's threads, so that sliders are always answered
WAIT_S = 20.0
JOB_S = 60.0
AGAIN = "Please try again in a moment."


class JobQueue:
    """Places at which long work is done."""

    def __init__(self, at_once: int = AT_ONCE, most_waiting: int = MOST_WAITING, wait_s: float = WAIT_S) -> None:
        """An empty queue.

        at_once        jobs that run side by side
        most_waiting   jobs that wait for a place; who comes then is asked to come again
        wait_s         s   how long they wait
        """
        self.at_once, self.most_waiting, self.wait_s = at_once, most_waiting, wait_s
        self._running = self._waiting = 0
        self._changed = threading.Condition()

    @contextlib.contextmanager
    def place(self, seconds: float = JOB_S) -> Iterator[None]:
        """A place for one job and its budget of time.

        seconds   s   from when it begins
        raises    InputError if the queue is full or the wait too long; SolveError once the budget is used up
        """
        self._enter()
        try:
            with time_limit(seconds):
                yield
        finally:
            with self._changed:
                self._running -= 1
                self._changed.notify()

    def _enter(self) -> None:
        with self._changed:
            if self._running >= self.at_once and self._waiting >= self.most_waiting:
                raise InputError(Fault(f"{self._said()}: the queue is full.", "", "", AGAIN))
            self._waiting += 1
            try:
                free = self._changed.wait_for(lambda: self._running < self.at_once, timeout=self.wait_s)
            finally:
                self._waiting -= 1
            if not free:
                found = f"{self._said()}, and yours has waited {self.wait_s:g} s."
                raise InputError(Fault(found, "", "", AGAIN))
            self._running += 1

    def _said(self) -> str:
        waiting = f" and {self._waiting} wait" if self._waiting else ""
        return f"{self._running} jobs are running{waiting}"


JOBS = JobQueue()
