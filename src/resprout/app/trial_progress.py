"""Progress of trials on standard error: how many of the people have been followed, and how long the rest will take."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from resprout.language import Model


@contextmanager
def people_counted(name: str | Path, model: Model, replicates: int | None) -> Iterator[None]:
    """Show the progress of a trial that is run within a block.

    name        a shipped protocol or a file      model   of every patient
    replicates  number of them; None takes the protocol's
    raises      InputError with every fault of the protocol
    """
    from resprout.app.terminal import progress_bar
    from resprout.simulation.progress_count import counted

    with progress_bar(people_of(name, model, replicates), f"people of {name}") as tell, counted(tell):
        yield


def people_of(name: str | Path, model: Model, replicates: int | None) -> int | None:
    """How many people a trial follows, with those of its time course; None where that depends on ratings."""
    from resprout.trial.arm_rules import has_rules
    from resprout.trial.protocol import read_protocol, series_of
    from resprout.trial.trial import PATH_PATIENTS

    protocol, _ = read_protocol(name, model)
    if protocol.selects or has_rules(protocol) or any(part.adjust for part in protocol.parts):
        return None
    people = protocol.people * series_of(protocol, replicates, None)[0]
    return people + min(people, PATH_PATIENTS)
