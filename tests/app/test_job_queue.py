"""Jobs of the page: few at once, the others wait or are told so, and none takes longer than its budget."""

import threading
import time

import pytest

import resprout as rs
from resprout.app.serve.job_queue import AT_ONCE, JOBS, MOST_WAITING, JobQueue
from resprout.app.serve.serve_command import THREADS
from resprout.errors import InputError, SolveError
from resprout.solve.time_limit import time_limit

MODEL = rs.load_model()


def hold(queue, until):
    """A thread that keeps a place until an event is set, and has it already."""
    begun = threading.Event()

    def work():
        with queue.place():
            begun.set()
            until.wait(10)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    assert begun.wait(10)
    return thread


def test_who_waits_too_long_is_told_how_many_jobs_are_before_them():
    queue, over = JobQueue(1, 3, 0.05), threading.Event()
    thread = hold(queue, over)
    with (
        pytest.raises(InputError, match=r"1 jobs are running, and yours has waited 0\.05 s\. Please try again"),
        queue.place(),
    ):
        pass
    over.set()
    thread.join()
    with queue.place():
        pass


def test_a_full_queue_says_so_at_once():
    queue, over = JobQueue(1, 1, 10.0), threading.Event()
    thread = hold(queue, over)
    waiting = threading.Thread(target=lambda: queue.place().__enter__(), daemon=True)
    waiting.start()
    while not queue._waiting:
        time.sleep(0.01)
    # one that waited would wait for ever: the running job ends below
    with pytest.raises(InputError, match="1 jobs are running and 1 wait: the queue is full"), queue.place():
        pass
    over.set()
    thread.join()
    waiting.join()


def test_jobs_leave_threads_of_the_server_to_the_sliders():
    assert AT_ONCE + MOST_WAITING < THREADS


def test_a_place_is_given_back_after_a_fault():
    for _ in range(AT_ONCE + 1):
        with pytest.raises(ZeroDivisionError), JOBS.place():
            raise ZeroDivisionError


@pytest.mark.parametrize("threads", [1, 2])
def test_what_takes_longer_than_its_time_ends_with_a_sentence(threads):
    numerics = rs.Numerics(threads=threads)
    rs.simulate(MODEL, 2, "ketamine 0.5 mg/kg iv bolus", days=1, outputs=["HDRS17"], numerics=numerics)  # compiles
    with pytest.raises(SolveError, match=r"longer than the 0\.5 s"), time_limit(0.5):
        while True:
            rs.simulate(MODEL, 200, "ketamine 0.5 mg/kg iv bolus", days=1, outputs=["HDRS17"], numerics=numerics)
    rs.simulate(MODEL, 2, "saline", days=1, outputs=["HDRS17"], numerics=numerics)  # the limit ends with its block
