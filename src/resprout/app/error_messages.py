"""What went wrong, on the screen: every mistake of a user becomes a three-part message, never a traceback."""

from __future__ import annotations

import errno
import os
import re
import sys
import traceback

import typer
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from resprout.errors import Fault, ResproutError, nearest
from resprout.interruption import INTERRUPTED, say_stopped
from resprout.system_errors import REPORT_HINT, library_error, resource_error

OF_WRITING = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF)
WANTED = (
    ("valid int", "is not what it should be", "a whole number"),
    ("valid number", "is not what it should be", "a number"),
    ("valid float", "is not what it should be", "a number"),
    ("less than or equal", "is too large", "{} or less"),
    ("greater than or equal", "is too small", "{} or more"),
)
"""What the command-line library says of a value; what we say was found, and what was expected."""
RANGE = re.compile(r"(\S+) is not in the range (?:(\S+?)<=)?x(?:(<=|>=)(\S+?))?\.?$")
"""How older versions of that library say the same of a limit."""


def usage_error_class() -> type[Exception]:
    """The base of Typer's own complaints about a command line, wherever this version of Typer keeps it."""
    return next(parent for parent in typer.BadParameter.__mro__ if parent.__name__ == "ClickException")


def console_for_errors() -> Console:
    """A console on standard error: a terminal breaks lines between words, a pipe gets whole messages."""
    console = Console(stderr=True, highlight=False)
    return console if console.is_terminal else Console(stderr=True, soft_wrap=True, highlight=False)


def print_error(error: ResproutError) -> None:
    """Print every fault of an error: where and what was found, what was expected, what to do next."""
    console = console_for_errors()
    for fault in error.faults or (Fault(str(error)),):
        first = Text("error  ", style="bold red")
        if fault.where:
            first.append(f"{fault.where}  ", style="bold")
        console.print(first.append(fault.found))
        for part in (fault.expected, fault.remedy):
            if part:
                console.print(Padding(Text(part), (0, 0, 0, 7)) if console.is_terminal else Text(f"       {part}"))


def print_usage_error(error: Exception, commands: list[str]) -> None:
    """Print a complaint of Typer's about options and arguments in the same look."""
    message = str(getattr(error, "format_message", lambda: str(error))()).strip()
    context = getattr(error, "ctx", None)
    where = getattr(context, "command_path", "resprout") or "resprout"
    expected, value = "", re.match(r"Invalid value for '([^']+)': (.*)", message, re.DOTALL)
    if value:
        said = _limit_in_words(value[2])
        limit = re.search(r"equal to (\S+?)\.?$", said)
        for heard, found, wanted in WANTED:
            if heard in said:
                message = f"`{value[1]}` {found}."
                expected = f"Expected {wanted.format(limit[1] if limit else '')}."
    unknown = re.search(r"No such command '([^']*)'", message)
    if unknown and "Did you mean" not in message:
        expected = nearest(unknown.group(1), commands)
    message = message if message.endswith((".", "?")) else f"{message}."
    print_error(ResproutError(Fault(message, "", expected, f"`{where} --help` shows how it is used.")))


def _limit_in_words(said: str) -> str:
    """What is said of a value and its range, as newer versions of the library say it."""
    found = RANGE.match(said)
    if not found:
        return said
    value, least, sign, limit = found.groups()
    lower = least or (limit if sign == ">=" else None)
    if lower is not None and float(value) < float(lower):
        return f"greater than or equal to {lower}"
    return f"less than or equal to {limit}" if sign == "<=" else said


def print_internal_error(error: BaseException, debug: bool) -> None:
    """Say that something broke which is not the user's mistake, and how to report it."""
    fault = Fault(
        f"Something in resprout itself went wrong ({type(error).__name__}: {error}).",
        "",
        "This is not a mistake in what you typed.",
        "" if debug else REPORT_HINT,
    )
    print_error(ResproutError(fault))


def told(error: BaseException, commands: list[str]) -> int:
    """Print how a command line ended that did not end by itself; its exit code.

    commands   names of all commands, of which the nearest to an unknown one is told
    """
    try:
        return _told(error, commands)
    except (BrokenPipeError, SystemExit):  # nobody reads standard error; the terminal's library makes an exit of that
        return 0
    except OSError:  # standard error cannot be written
        return 2


def _told(error: BaseException, commands: list[str]) -> int:
    if isinstance(error, typer.Exit):
        return error.exit_code
    if isinstance(error, KeyboardInterrupt | typer.Abort):
        say_stopped()
        return INTERRUPTED
    if isinstance(error, SystemExit):
        # libraries of the command line and of the terminal turn a pipe that its reader has closed into an exit of their own
        code = error.code if isinstance(error.code, int) else 1
        return 0 if isinstance(error.__context__, BrokenPipeError) else code
    if isinstance(error, BrokenPipeError):
        return 0
    if isinstance(error, usage_error_class()):
        if type(error).__name__ == "NoArgsIsHelpError":
            typer.echo(getattr(error, "format_message", str)())
        else:
            print_usage_error(error, commands)
        return 2
    return _told_error(error)


def _told_error(error: BaseException) -> int:
    debug = os.environ.get("RESPROUT_DEBUG", "") not in ("", "0")
    if isinstance(error, ResproutError):
        known: ResproutError | None = error
    else:
        if debug:
            traceback.print_exception(error, file=sys.stderr)
        # what is written to files is told with their names where it is written
        printing = isinstance(error, OSError) and error.filename is None and error.errno in OF_WRITING
        known = resource_error(error, "", "standard output" if printing else "") or library_error(error)
    if known is None:
        print_internal_error(error, debug)
        return 1
    print_error(known)
    return known.exit_code
