"""What a plain install brings is enough for the main job: packages of extras are asked for only by what needs them."""

import subprocess
import sys

import pytest

EXTRAS = (
    "nutpie",
    "arviz",
    "SALib",
    "petab",
    "dash",
    "waitress",
    "dask",
    "distributed",
    "roadrunner",
    "COPASI",
    "playwright",
    "antimony",
    "libsbml",
    "pyarrow",
    "statsmodels",
    "zarr",
    "pyreadstat",
)
WITHOUT = f"""
import sys
for name in {EXTRAS!r}:
    sys.modules[name] = None  # importing it fails as if it were not installed
from resprout.app.cli import main
main()
"""


def run(words, folder):
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, *words],
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["demo", "--replicates", "4"],
        ["describe", "--json"],
        ["simulate", "ketamine 0.5 mg/kg iv over 40 min", "--patients", "4", "--days", "1", "--report", "r.html"],
        ["trial", "berman2000", "--replicates", "4", "--report", "t.html"],
        ["interventions", "--draws", "0", "--json"],
        ["validate", "--no-trials", "--json"],
    ],
    ids=lambda words: words[0],
)
def test_the_commands_of_a_plain_install_need_no_extra(words, tmp_path):
    code, said = run(words, tmp_path)
    assert code == 0, said[-800:]


def test_a_model_that_was_not_checked_for_units_says_which_extra_does_it(tmp_path):
    code, said = run(["check"], tmp_path)
    assert code == 0
    assert "Units were not checked" in said and 'resprout[exchange]"' in said
