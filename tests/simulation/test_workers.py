"""Processes of this machine: a script that lends them is run once, guard or no guard."""

import subprocess
import sys
import textwrap


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
