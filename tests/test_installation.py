"""What this installation says of itself: one version, and a command that brings an extra from where it came."""

from __future__ import annotations

import json
import sys
import tomllib
from pathlib import Path

import pytest

import resprout
from resprout import installation

ROOT = Path(__file__).parents[1]


class Told:
    """A distribution whose origin is given."""

    version = "9.9"

    def __init__(self, origin):
        self.origin = origin

    def read_text(self, name):
        return self.origin if name == "direct_url.json" else None


@pytest.mark.parametrize(
    ("origin", "source"),
    [
        (None, '"resprout[web]"'),
        (
            json.dumps({"url": "file:///home/a%20b/resprout", "dir_info": {"editable": True}}),
            '-e "/home/a b/resprout[web]"',
        ),
        (json.dumps({"url": "file:///src/resprout", "dir_info": {}}), '"/src/resprout[web]"'),
        ("nonsense", '-e ".[web]"'),
    ],
)
def test_an_extra_comes_from_where_the_installation_came_from(monkeypatch, origin, source):
    monkeypatch.setattr(installation, "distribution", lambda name: Told(origin))
    assert installation.install_command("web") == f"{sys.executable} -m pip install {source}"


def test_the_version_stands_in_one_place():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert resprout.__version__ == project["version"]
    written = [
        path.name
        for path in (*ROOT.glob("*.md"), ROOT / "CITATION.cff", *(ROOT / "src").rglob("*.py"))
        if path.name != "CHANGELOG.md" and f"version: {project['version']}" in path.read_text(encoding="utf-8")
    ]
    assert written == []
