"""This installation of the package: its version, and the command that adds an extra to it."""

from __future__ import annotations

import json
import sys
from importlib.metadata import PackageNotFoundError, distribution
from urllib.parse import unquote, urlsplit

NAME, UNKNOWN = "resprout", "unknown"


def installed_version() -> str:
    """The version that is installed; `unknown` where the source is run that was never installed."""
    try:
        return distribution(NAME).version
    except PackageNotFoundError:
        return UNKNOWN


def install_command(extra: str) -> str:
    """The command that adds an extra, from where this installation came: a folder, or a package index.

    extra   as pyproject.toml names it
    """
    return f"{sys.executable} -m pip install {_source(extra)}"


def _source(extra: str) -> str:
    try:
        told = json.loads(distribution(NAME).read_text("direct_url.json") or "{}")
    except (PackageNotFoundError, ValueError):
        return f'-e ".[{extra}]"'
    address = urlsplit(told.get("url", ""))
    if address.scheme != "file":
        return f'"{NAME}[{extra}]"'
    option = "-e " if told.get("dir_info", {}).get("editable") else ""
    return f'{option}"{unquote(address.path)}[{extra}]"'
