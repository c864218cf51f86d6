"""The program `resprout`: runs one command line, whatever happens on the way in or out, and ends with its exit code."""

from __future__ import annotations

import contextlib
import os
import sys
import traceback

from resprout import interruption


def main() -> None:
    """Run the command line, and leave."""
    interruption.end_within_a_second()
    try:
        from resprout.app.cli import run

        code = run()
    except BaseException as error:
        code = _before_the_start(error)
    code = _written_out(code)
    if code == interruption.INTERRUPTED:
        # threads that still compute would hold up an ordinary end
        interruption.end_at_once()
    sys.exit(code)


def _before_the_start(error: BaseException) -> int:
    """Say what kept the program from starting, by no library, as one of them may be what is missing; the exit code."""
    from resprout.system_errors import REPORT_HINT, library_error, resource_error

    if isinstance(error, KeyboardInterrupt):
        return interruption.INTERRUPTED
    if os.environ.get("RESPROUT_DEBUG", "") not in ("", "0"):
        traceback.print_exception(error)
    known = resource_error(error) or library_error(error)
    broken = f"Something in resprout itself went wrong ({type(error).__name__}: {error}). {REPORT_HINT}"
    with contextlib.suppress(OSError):
        print(f"error  {known or broken}", file=sys.stderr)
    return known.exit_code if known else 1


def _written_out(code: int) -> int:
    """Write what is left to be written; the exit code, which is 0 where nobody reads on."""
    from resprout.system_errors import resource_error

    for stream, name in ((sys.stdout, "standard output"), (sys.stderr, "standard error")):
        try:
            if stream is not None:
                stream.flush()
        except BrokenPipeError:
            code = 0 if stream is sys.stdout else code
            _silence(stream)
        except (OSError, ValueError) as error:
            _silence(stream)
            known = resource_error(error, "", name)
            if known is not None and stream is sys.stdout and code == 0:
                code = known.exit_code
                print(f"error  {known}", file=sys.stderr)
    return code


def _silence(stream: object) -> None:
    """Let what cannot be written go nowhere, or the interpreter would try again at its end."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())  # type: ignore[attr-defined]
