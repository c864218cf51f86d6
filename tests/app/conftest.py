"""Runs the command in this process, and lends made-up results."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "figures"))


@pytest.fixture
def resprout(capsys, monkeypatch, tmp_path):
    """Run one command line in an empty folder: (exit code, standard output, standard error)."""
    from resprout.app.cli import run

    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RESPROUT_DEBUG", raising=False)
    monkeypatch.setenv("COLUMNS", "200")

    def command(*words):
        code = run([str(word) for word in words])
        said = capsys.readouterr()
        return code, said.out, said.err

    return command
