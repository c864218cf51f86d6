"""The command `resprout`: turns words on a command line into calls, and every outcome into an exit code.

0 done, 1 a fault of the program, 2 bad input, 3 failed patients, 130 interrupted.
"""

from __future__ import annotations

import sys

import typer

from resprout.app.bench_command import bench
from resprout.app.check_command import check
from resprout.app.compare_command import compare
from resprout.app.data_commands import data
from resprout.app.describe_command import describe
from resprout.app.error_messages import told
from resprout.app.evidence_commands import hypotheses, interventions
from resprout.app.export_command import export
from resprout.app.figure_command import figure
from resprout.app.fit_command import fit
from resprout.app.mbma_command import mbma
from resprout.app.patient_command import patient
from resprout.app.published_command import published
from resprout.app.recruit_command import recruit
from resprout.app.sensitivity_command import sensitivity
from resprout.app.serve.serve_command import serve
from resprout.app.simulate import simulate
from resprout.app.terminal_characters import replace_what_a_terminal_has_not
from resprout.app.trial_commands import demo, trial
from resprout.app.validate_command import validate
from resprout.installation import installed_version
from resprout.interruption import INTERRUPTED

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
    patient,
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
    mbma,
    sensitivity,
)
for function in COMMANDS:
    app.command()(function)
app.add_typer(data)


def print_version(asked: bool) -> None:
    """Print the version and stop, if asked."""
    if asked:
        typer.echo(f"resprout {installed_version()}")
        raise typer.Exit()


@app.callback()
def root(
    version: bool = typer.Option(False, "--version", callback=print_version, is_eager=True, help="Print the version."),
) -> None:
    """Carry the options that belong to no command."""


def run(arguments: list[str] | None = None) -> int:
    """Run one command line and give its exit code."""
    replace_what_a_terminal_has_not()
    try:
        code = app(args=arguments, standalone_mode=False)
        if sys.stdout is not None:
            sys.stdout.flush()
    except BaseException as error:
        return told(error, [*(function.__name__ for function in COMMANDS), "data"])
    # the command-line library gives this code instead of the interruption
    return told(KeyboardInterrupt(), []) if code == INTERRUPTED else (code if isinstance(code, int) else 0)


def main() -> None:
    """Run the command line of this process and end it, as `python -m resprout` does."""
    from resprout.app.program import main as program

    program()
