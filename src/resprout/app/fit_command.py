"""`resprout fit`: constants with their uncertainty from the published data, and every trial predicted without its own numbers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from resprout.app.output_files import TABLE_SUFFIXES, check_target, refuse, save_table

if TYPE_CHECKING:
    from resprout.calibrate.posterior import Posterior
    from resprout.calibrate.posterior_mode import Fit
    from resprout.language.records import Model

SHIPPED_DRAWS = 200
ABOUT = "Posterior of each fitted quantity, from `resprout fit`; lower and upper are the 90 % credible interval."
ABOUT_LEFT_OUT = (
    "Published numbers beside predictions of fits that excluded their trial, from `resprout fit --leave-out`."
)


def fit(  # many arguments: one for each option
    seed: Annotated[int, typer.Option(min=0, help="Seed of the posterior draws.")] = 1,
    leave_out: Annotated[
        bool, typer.Option("--leave-out", help="Predict each trial by a fit that excludes it, and report coverage.")
    ] = False,
    ship: Annotated[
        bool, typer.Option("--ship", help="Write point estimates and draws into the tables of this package.")
    ] = False,
    checks: Annotated[
        bool, typer.Option("--checks", help="Check the posterior by 100 synthetic data sets and a second seed.")
    ] = False,
    table: Annotated[Path | None, typer.Option(help="Write the posterior summary: .csv or .parquet.")] = None,
    petab: Annotated[
        Path | None, typer.Option("--petab", help="Fit this PEtab problem (.yaml, version 1 or 2) instead.")
    ] = None,
    starts: Annotated[
        int | None, typer.Option(min=0, help="Starting points of --petab: 20 unless given; 0 to evaluate, not fit.")
    ] = None,
    simulations: Annotated[
        Path | None, typer.Option(help="Write the simulated measurements of --petab: .csv or .parquet.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Fit all stages, population, ratings and trials together to the published data.

    An interrupted fit resumes when the command is given again.

    Example: `resprout fit --table posterior.csv`, `resprout fit --petab problem.yaml --starts 50 --table estimates.csv`
    """
    if (petab, starts, simulations) != (None, None, None):
        from resprout.app.petab_fit_command import fit_problem_file

        others = {"--leave-out": leave_out, "--ship": ship, "--checks": checks}
        fit_problem_file(petab, starts, seed, (table, simulations), others, as_json)
        return
    refuse(check_target("--table", table, TABLE_SUFFIXES))
    _fit_model(seed, (leave_out, ship, checks), table, as_json)


def _fit_model(seed: int, chosen: tuple[bool, bool, bool], table: Path | None, as_json: bool) -> None:
    """Fit the shipped model.

    chosen   whether --leave-out, --ship and --checks are given
    """
    leave_out, ship, checks = chosen
    import pandas as pd

    from resprout.app.terminal import print_json, stdout_console
    from resprout.calibrate.no_u_turn import need_sampler
    from resprout.calibrate.write_package import summary
    from resprout.language import load_model

    need_sampler()
    model = load_model()
    posterior = _posterior(model, seed)
    rows = summary(model, posterior)
    written = [] if table is None else [table]
    if checks:
        rows = _with_checks(rows, posterior, seed)
    if table is not None:
        save_table(pd.DataFrame(rows), table)
    left_out = _left_out(model, posterior, seed) if leave_out else []
    if ship:
        written += _ship(model, posterior, rows, seed, left_out)
    if as_json:
        print_json({"rows": rows, "left_out": left_out, "files": [str(path) for path in written]})
        return
    console = stdout_console()
    show_posterior(rows, posterior)
    if checks:
        console.print(checks_sentence(rows))
    if left_out:
        console.print(coverage_sentence(left_out))
    for path in written:
        console.print(f"wrote {path}")


def _posterior(model: Model, seed: int) -> Posterior:
    """Fit and sample everything that may be fitted, together."""
    from resprout.app.terminal import status_spinner
    from resprout.calibrate.emulated_fit import emulate
    from resprout.calibrate.posterior import sample
    from resprout.calibrate.posterior_mode import fit_problem, whole_problem

    with status_spinner("Fitting") as spinner:
        problem = whole_problem(model)
        done = fit_problem(problem, progress=lambda text: spinner.update(f"Fitting {text} …"))
        done = emulate(problem, done, seed=seed, progress=lambda text: spinner.update(f"Learning {text} …"))
        spinner.update("Sampling …")
        return sample(done, seed=seed)


def _with_checks(rows: list[dict[str, Any]], posterior: Posterior, seed: int) -> list[dict[str, Any]]:
    """The posterior summary with what the checks of each quantity gave."""
    from resprout.app.terminal import status_spinner
    from resprout.calibrate.posterior_checks import check_posterior

    with status_spinner("Checking") as spinner:
        found = check_posterior(posterior, seed=seed, progress=lambda text: spinner.update(f"Checking: {text} …"))
    columns = {"second_seed": found.moved, "rank_p": found.rank_p, "rank_fails": found.fails}
    each = [{name: value[number].item() for name, value in columns.items()} for number in range(len(rows))]
    return [{**row, **own} for row, own in zip(rows, each, strict=True)]


def _left_out(model: Model, posterior: Posterior, seed: int) -> list[dict[str, Any]]:
    """Predict each fitted trial without its own numbers."""
    from resprout.app.terminal import status_spinner
    from resprout.calibrate.leave_trial_out import leave_trials_out
    from resprout.calibrate.residuals import fitted_trials

    with status_spinner("Leaving trials out") as spinner:
        return leave_trials_out(
            model,
            posterior.fit,
            fitted_trials(),
            seed=seed,
            progress=lambda text: spinner.update(f"Predicting: {text} …"),
        )


def _ship(
    model: Model, posterior: Posterior, rows: list[dict[str, Any]], seed: int, left_out: list[dict[str, Any]]
) -> list[Path]:
    from resprout.calibrate.study_heterogeneity import with_present_heterogeneity
    from resprout.calibrate.write_package import SUMMARY, write_draws, write_table, write_values

    # no residual of the fit tells of heterogeneity
    kept = with_present_heterogeneity(model, posterior.draws(SHIPPED_DRAWS, seed))
    files = [
        *write_values(model, posterior.fit.values),
        write_draws(model, kept),
        write_table("posterior.tsv", ABOUT, [{name: row[name] for name in SUMMARY} for row in rows]),
    ]
    return [*files, write_table("left_out_trials.tsv", ABOUT_LEFT_OUT, left_out)] if left_out else files


def show_posterior(rows: list[dict[str, Any]], posterior: Posterior) -> None:
    """Print the posterior of each fitted quantity, and how well the emulator did."""
    from resprout.app.terminal import number, stdout_console, table

    columns = [
        "quantity",
        "unit",
        "prior",
        "posterior mode",
        "90 % interval",
        "contraction",
        "R-hat",
        "ESS",
        "most correlated with",
    ]
    cells = [
        [
            row["name"],
            row["unit"],
            number(row["prior"]),
            number(row["value"]),
            f"{number(row['lower'])} to {number(row['upper'])}",
            f"{max(row['contraction'], 0):.0%}",
            f"{row['R_hat']:.3f}",
            f"{row['ESS']:.0f}",
            f"{row['nearest']} ({row['correlation']:+.2f})",
        ]
        for row in rows
    ]
    console = stdout_console()
    console.print(table(columns, cells, title="Posterior of the fitted quantities", right=columns[2:8]))
    console.print(emulator_sentence(posterior.fit))


def emulator_sentence(fit: Fit) -> str:
    """How far the engine lay from the emulator at points that it had not seen, round by round, in a sentence."""
    missed = " and ".join(f"{error:.2f}" for error in fit.missed)
    return (
        f"Root mean square error of the emulator at new points of the posterior: {missed} standard deviations "
        f"of a row (first the Jacobian alone)."
    )


def checks_sentence(rows: list[dict[str, Any]]) -> str:
    """What the checks of a posterior found, in a sentence."""
    failed = [row["name"] for row in rows if row["rank_fails"]]
    far = max(rows, key=lambda row: abs(row["second_seed"]))
    ranks = "of every quantity are uniform" if not failed else "are not uniform of " + ", ".join(failed)
    return (
        f"Ranks of synthetic truths among draws {ranks} (chi-squared test at 1 % after Holm's correction). Under a second seed "
        f"the mean of {far['name']} moves most, by {abs(far['second_seed']):.1f} Monte Carlo standard errors."
    )


def coverage_sentence(rows: list[dict[str, Any]]) -> str:
    """How many published numbers lie inside the prediction intervals of fits that excluded their trial, in a sentence."""
    from resprout.trial.published_numbers import inside_share

    inside, counted = inside_share(rows)
    plain, _ = inside_share([{**row, "inside": row["inside_plain"]} for row in rows])
    return (
        f"{inside} of {counted} published numbers ({inside / max(counted, 1):.0%}) lie inside the 90 % prediction interval "
        f"of a fit that excluded their trial; without the observation error that the fit allows between model and "
        f"trial, {plain} ({plain / max(counted, 1):.0%}) do."
    )
