"""The script that measures the coverage of posteriors runs, and streams people through processes."""

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "scripts" / "posterior_coverage.py"


def test_the_script_measures_traits_and_next_ratings_of_every_person():
    said = subprocess.run(
        [sys.executable, str(SCRIPT), "--people", "8"], capture_output=True, text=True, timeout=300, check=False
    )
    assert said.returncode == 0, said.stderr
    lines = [line for line in said.stdout.splitlines() if "inside the 90 % interval" in line]
    assert {"ketamine_clearance", "placebo_relief"} <= {line.split()[0] for line in lines}
    assert sum(line.startswith("MADRS at") for line in lines) == 2 and "8 people" in said.stdout
