"""Processes of this machine: a script that lends them is run once, guard or no guard."""

import os
import signal
import subprocess
import sys
import textwrap
import time


def test_a_script_without_a_guard_is_not_run_again_by_its_processes(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        textwrap.dedent("""
            import math
            from resprout.simulation.workers import process_pool

            print("begun")
            with process_pool() as pool:
                print(list(pool.map(math.factorial, range(5))))
            print(__name__, __file__.endswith("script.py"))
        """),
        encoding="utf-8",
    )
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.splitlines() == ["begun", "[1, 1, 2, 6, 24]", "__main__ True"], done.stderr
    assert done.stderr == ""


def ended(process):
    """Whether a process is no more; one that nobody has waited for counts as ended."""
    try:
        with open(f"/proc/{process}/stat", encoding="ascii") as file:
            return file.read().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


def test_processes_end_when_the_one_that_lends_them_is_killed(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        textwrap.dedent("""
            import os, time
            from resprout.simulation.workers import process_pool

            with process_pool() as pool:
                print(*{pool.submit(os.getpid).result() for _ in range(20)}, flush=True)
                time.sleep(600)
        """),
        encoding="utf-8",
    )
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True) as lends:
        lent = [int(each) for each in lends.stdout.readline().split()]
        assert lent and not any(ended(each) for each in lent)
        lends.send_signal(signal.SIGKILL)
    until = time.monotonic() + 60
    while not all(ended(each) for each in lent) and time.monotonic() < until:
        time.sleep(0.05)
    left = [each for each in lent if not ended(each)]
    for each in left:
        os.kill(each, signal.SIGKILL)
    assert left == []
