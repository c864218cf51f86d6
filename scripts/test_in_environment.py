"""Runs the core of the tests in an environment of its own: with the lowest versions admitted, or by another Python.

    python scripts/test_in_environment.py --lowest
    python scripts/test_in_environment.py --python 3.13

A Python that is not on this machine is said and skipped; a test that fails ends with code 1.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from lowest_versions import TOOLS, lowest

ROOT = Path(__file__).parents[1]
RUNNERS = ("pytest", "pytest-xdist", "hypothesis", "sympy")
CORE = (
    "tests/compile/test_arithmetic.py",
    "tests/compile/test_code_check.py",
    "tests/statistics",
    "tests/exchange/test_imported_model.py",
    "tests/exchange/test_petab_problem.py",
    "tests/simulation/test_stored_runs.py",
    "tests/app/test_commands.py",
    "tests/app/test_mistakes.py",
    "tests/app/test_sensitivity_command.py",
    "tests/app/test_print_size.py",
    "tests/figures/test_print.py",
    "tests/test_installation.py",
    "tests/test_recorded_scenarios.py",
)
"""What reaches every library that a user installs, and the numbers of the recorded scenarios."""


def interpreter(version: str) -> str | None:
    """The Python of a version on this machine, from the path or from pyenv; None if there is none that runs."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = [shutil.which(f"python{version}"), *map(str, sorted(pyenv.glob(f"{version}.*/bin/python3"), reverse=True))]
    for path in found:
        if path and subprocess.run([path, "--version"], capture_output=True, check=False).returncode == 0:
            return path
    return None


def install(python: str, place: Path, project: dict, *, at_lowest: bool) -> Path:
    """Make the environment anew; returns its Python."""
    shutil.rmtree(place, ignore_errors=True)
    subprocess.run([python, "-m", "venv", str(place)], check=True)
    inside = place / "bin" / "python"
    constraints = ROOT / "constraints.txt"
    if at_lowest:
        constraints = place / "lowest.txt"
        constraints.write_text("\n".join(lowest(project)) + "\n", encoding="utf-8")
    extras = ",".join(name for name in project["optional-dependencies"] if name not in TOOLS)
    # most modules are never imported, so that compiling all of them would take longer than the tests
    quiet = [
        "--quiet",
        "--quiet",
        "--no-compile",
        "--disable-pip-version-check",
        "--no-input",
        "--root-user-action=ignore",
    ]
    words = [*quiet, "-c", str(constraints), "-e", f".[{extras}]", *RUNNERS]
    subprocess.run([str(inside), "-m", "pip", "install", *words], cwd=ROOT, check=True)
    return inside


def main() -> int:
    """Run what the command line asks for."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--lowest", action="store_true", help="the lowest versions that pyproject.toml admits")
    asked.add_argument("--python", default=f"{sys.version_info[0]}.{sys.version_info[1]}", help="such as 3.13")
    given = asked.parse_args()
    python = interpreter(given.python)
    if python is None:
        print(f"Python {given.python} is not on this machine: nothing was tested with it.")
        return 0
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    inside = install(
        python, ROOT / f".venv-{'lowest' if given.lowest else given.python}", project, at_lowest=given.lowest
    )
    # libraries of their time warn of what has changed since
    quiet = [
        word for kind in ("Deprecation", "PendingDeprecation", "Future") for word in ("-W", f"ignore::{kind}Warning")
    ]
    words = [str(inside), "-m", "pytest", "-n", "auto", *(quiet if given.lowest else []), *CORE]
    return subprocess.run(words, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
