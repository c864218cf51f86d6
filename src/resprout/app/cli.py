"""The command `resprout`: turns words on a command line into calls, and every outcome into an exit code.

0 done, 1 a fault of the program, 2 bad input, 3 failed patients, 130 interrupted.
"""

from __future__ import annotations

import os
import sys

import typer

from resprout.app.bench_command import bench
from resprout.app.check_command import check
from resprout.app.describe_command import describe
from resprout.app.error_messages import print_error, print_internal_error, print_usage_error, usage_error_class
from resprout.app.evidence_commands import compare, hypotheses, interventions
from resprout.app.export_command import export
from resprout.app.fit_command import fit
from resprout.app.published_command import published
from resprout.app.recruit_command import recruit
from resprout.app.sensitivity_command import sensitivity
from resprout.app.serve.serve_command import serve
from resprout.app.simulate import simulate
from resprout.app.trial_commands import demo, figure, trial
from resprout.app.validate_command import validate
from resprout.errors import ResproutError

NOTICE = "For research and teaching. Not medical advice: nothing here says what a person should take."

app = typer.Typer(
    name="resprout",
    help=f"From dose to dendritic spine to depression score, in virtual patients.\n\n{NOTICE}",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)
COMMANDS = (
    demo,
    simulate,
    trial,
    figure,
    describe,
    serve,
    export,
    bench,
    check,
    interventions,
    hypotheses,
    compare,
    recruit,
    published,
    fit,
    validate,
    sensitivity,
)
for function in COMMANDS:
    app.command()(function)


def print_version(asked: bool) -> None:
    """Print the version and stop, if asked."""
    if asked:
        from importlib.metadata import version

        typer.echo(f"resprout {version('resprout')}")
        raise typer.Exit()


@app.callback()
def root(
    version: bool = typer.Option(False, "--version", callback=print_version, is_eager=True, help="Print the version."),
) -> None:
    """Carry the options that belong to no command."""


def run(arguments: list[str] | None = None) -> int:
    """Run one command line and give its exit code."""
    try:
        code = app(args=arguments, standalone_mode=False)
        return code if isinstance(code, int) else 0
    except ResproutError as error:
        print_error(error)
        return error.exit_code
    except typer.Exit as stop:
        return stop.exit_code
    except (KeyboardInterrupt, typer.Abort):
        print("Stopped. Nothing half-written was left.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except Exception as error:
        if isinstance(error, usage_error_class()):
            if type(error).__name__ == "NoArgsIsHelpError":
                typer.echo(getattr(error, "format_message", str)())
                return 2
            print_usage_error(error, [function.__name__ for function in COMMANDS])
            return 2
        print_internal_error(error, debug=os.environ.get("RESPROUT_DEBUG", "") not in ("", "0"))
        return 1


def main() -> None:
    """The entry point that packaging installs as `resprout`."""
    sys.exit(run())
