"""The script that measures the coverage of posteriors runs, and streams people through processes."""

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "scripts" / "posterior_coverage.py"


def test_the_script_measures_traits_and_next_ratings_of_every_person_and_keeps_them(tmp_path):
    words = [sys.executable, str(SCRIPT), "--people", "8", "--kept", str(tmp_path)]
    said, again = (subprocess.run(words, capture_output=True, text=True, timeout=300, check=False) for _ in range(2))
    assert said.returncode == again.returncode == 0, said.stderr + again.stderr
    kept, _, table = again.stdout.partition("\n")
    assert kept == "8 of 8 people were kept from an earlier run" and said.stdout.endswith(table)
    lines = [line for line in said.stdout.splitlines() if "inside the 90 % interval" in line]
    assert {"ketamine_clearance", "placebo_relief"} <= {line.split()[0] for line in lines}
    assert sum(line.startswith("MADRS at") for line in lines) == 2 and "8 of 8 people" in said.stdout


def test_the_script_tells_coverage_as_it_goes(capsys):
    sys.path.insert(0, str(SCRIPT.parent))
    import posterior_coverage

    coverage = posterior_coverage.Coverage(4)
    coverage.said -= 1e6
    for value in (0.5, 2.0, 0.1, 0.9):
        coverage.add({"a": value, "b": 0.5}, {"a": (0, 1), "b": (0, 1)}, 100.0)
    lines = capsys.readouterr().out.splitlines()
    # the first after a long silence, and the last
    assert [line.split(",")[0] for line in lines] == ["1 of 4 people", "4 of 4 people"]
    assert "median 87.5%, a 75.0%, b 100.0%" in lines[1]
