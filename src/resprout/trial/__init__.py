"""Virtual trials: protocols, conduct, ratings, endpoints and analyses."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from resprout.trial.endpoints import long_table
    from resprout.trial.trial import Trial, run_trial

__all__ = ["Trial", "long_table", "run_trial"]

_HOMES = {"long_table": "endpoints", "Trial": "trial", "run_trial": "trial"}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that a run does not wait for what only trials need."""
    if name not in _HOMES:
        raise AttributeError(f"module 'resprout.trial' has no attribute '{name}'")
    return getattr(import_module(f"resprout.trial.{_HOMES[name]}"), name)
