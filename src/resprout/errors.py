"""The error families, and the one three-part message they print: what was found and where; what was expected; what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from resprout.installation import install_command

MOST_FAULTS = 20  # of one file that are told one by one


@dataclass(frozen=True)
class Fault:
    """One thing wrong in what the user gave.

    found     what was found, in the user's own words
    where     file:line, option, patient or hour; empty if there is only one place it can be
    expected  what would have been right
    remedy    what to do next: the nearest name, or the command that lists the choices
    field     the input at fault: an argument, option, column or field of the page; empty if it is none of them
    """

    found: str
    where: str = ""
    expected: str = ""
    remedy: str = ""
    field: str = ""

    def __str__(self) -> str:
        place = f"{self.where}  " if self.where else ""
        return place + " ".join(part for part in (self.found, self.expected, self.remedy) if part)


class ResproutError(Exception):
    """The base of every error a person is meant to read; it carries all faults found, not only the first."""

    exit_code = 2

    def __init__(self, *faults: Fault) -> None:
        self.faults = faults
        super().__init__("\n".join(str(fault) for fault in faults))

    def __reduce__(self) -> tuple[Any, ...]:
        # a worker process sends errors as it made them, not as the text that they print
        return type(self), self.faults, dict(vars(self))


class InputError(ResproutError):
    """Something the user typed or wrote in a file is wrong."""


class ModelError(ResproutError):
    """A model file or table is broken."""


class ResourceError(ResproutError):
    """Disk, memory, permissions, terminal or network did not allow it.

    faults      what was found and where, and what to do next
    exit_code   2, or 3 where a computation broke off
    """

    def __init__(self, *faults: Fault, exit_code: int = 2) -> None:
        self.exit_code = exit_code
        super().__init__(*faults)


class SolveError(ResproutError):
    """More patients failed to solve than the run allows."""

    exit_code = 3


def first_faults(faults: list[Fault], where: str, more: int = 0) -> list[Fault]:
    """The first faults of a file, and how many more it has.

    faults   in order        where   the file        more   faults that are not in the list
    """
    more += max(len(faults) - MOST_FAULTS, 0)
    rest = [Fault(f"{more:,} more faults.", where, "", "Mend these first.")] if more else []
    return [*faults[:MOST_FAULTS], *rest]


def refuse_others(*asked: tuple[str, Any, bool, str]) -> None:
    """Refuse arguments of a Python call that are of the wrong kind, all at once.

    asked    name of the argument, what was given, whether it will do, and what was expected instead
    raises   InputError with a fault for each that will not do
    """
    faults = [
        Fault(f"`{name}` is {_shown(given)}.", "", f"Expected {expected}.", field=name)
        for name, given, fits, expected in asked
        if not fits
    ]
    if faults:
        raise InputError(*faults)


def _shown(given: object) -> str:
    """A value in a message: itself if it is short, else what it is."""
    plain = isinstance(given, str | int | float | list | tuple | dict | None)
    return f"{given!r:.60}" if plain else f"a {type(given).__name__}"


def nearest(name: str, choices: Iterable[str], listing: str = "") -> str:
    """Say which known name is nearest to `name`, or where all of them are listed.

    name      the word that is not known
    choices   the words that are
    listing   a command that prints the choices
    returns   one sentence, possibly empty
    """
    known = list(choices)
    folded = {choice.lower(): choice for choice in known}
    close = difflib.get_close_matches(name.lower(), folded, n=1, cutoff=0.5)
    where = f" (`{listing}` lists them)" if listing else ""
    if close:
        return f"Did you mean `{folded[close[0]]}`?{where}"
    if listing:
        return f"`{listing}` lists them."
    return f"Known: {', '.join(sorted(known))}." if len(known) <= 12 else ""


def is_installed(package: str) -> bool:
    """Whether a package can be imported."""
    try:
        return find_spec(package) is not None
    except ValueError:  # a module that is held to be absent has no specification
        return False


def package_fault(package: str, extra: str, where: str = "") -> Fault:
    """The fault that a package of an extra is not installed."""
    remedy = f'It comes with the extra "resprout[{extra}]": {install_command(extra)}'
    return Fault(f"`{package}` is not installed.", where, "", remedy)


def need_package(package: str, extra: str) -> None:
    """Refuse to go on without a package of an extra.

    package   name to import                 extra   of resprout that brings it
    raises    InputError that says how to install it
    """
    if not is_installed(package):
        raise InputError(package_fault(package, extra))
