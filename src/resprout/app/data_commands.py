"""`resprout data`: tables of observed people, and stored runs."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from resprout.app.data_export_command import export
from resprout.app.estimate_command import estimate
from resprout.app.exposure_command import nca
from resprout.app.forecast_command import forecast
from resprout.app.observed_commands import check, fit
from resprout.app.options import AsJson
from resprout.app.population_command import population
from resprout.app.predictive_commands import simulate
from resprout.app.response_command import exposure

data = typer.Typer(
    name="data",
    help="Read tables of observed people, and look after stored runs.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@data.callback()
def stored_runs() -> None:
    """Read tables of observed people, and look after stored runs."""


data.command()(check)
data.command()(fit)
data.command()(simulate)
data.command()(forecast)
data.command()(export)
data.command()(nca)
data.command()(exposure)
data.command()(population)
data.command()(estimate)


@data.command()
def verify(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run that `simulate --out run.zarr` has written.")],
    as_json: AsJson = False,
) -> None:
    """Check every bit of a stored run against the checksums that were written with it.

    Example: `resprout data verify run.zarr`
    """
    from resprout.app.terminal import print_json, print_wrapped, status_spinner, stdout_console
    from resprout.simulation.run_check import check_run

    with status_spinner(f"Checking {run}") as spinner:
        found = check_run(run, lambda done: spinner.update(f"Checking {run}: {done:,} patients …"))
    if as_json:
        print_json({"run": str(run), **vars(found)})
        return
    say = partial(print_wrapped, stdout_console())
    say(
        f"{run}: {found.patients:,} patients in {found.chunks:,} chunk{'' if found.chunks == 1 else 's'}, each as it was written. Digest {found.digest}."
    )
    say("Computed with " + ", ".join(f"{name} {version}" for name, version in found.environment.items()) + ".")
    if found.others:
        say(f"The folder holds `{found.others}`, too, which resprout did not write.")
