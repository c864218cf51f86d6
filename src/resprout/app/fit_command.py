"""`resprout fit`: constants with their uncertainty from the published data, and every trial predicted without its own numbers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from resprout.app.output_files import TABLE_SUFFIXES, check_target, refuse, save_table
from resprout.app.provenance import provenance
from resprout.errors import Fault

if TYPE_CHECKING:
    from resprout.calibrate.posterior import Posterior
    from resprout.calibrate.posterior_mode import Fit, Problem
    from resprout.language.records import Model
    from resprout.patients.dataset import Dataset

Own = tuple[list[Path] | None, Path | None, Path | None]
PeopleTable = Annotated[
    list[Path] | None,
    typer.Option(
        "--data", help="Table of observed people (as `data fit` reads it) to fit to beside the published data."
    ),
]
PeopleMapping = Annotated[Path | None, typer.Option(help="What columns, units and codes of --data mean (.yaml).")]
ModelOut = Annotated[
    Path | None, typer.Option(help="Write a model of this fit, for `--model`: a folder that does not exist yet.")
]
Cluster = Annotated[
    str | None, typer.Option("--cluster", help="Compute points by Dask: `local:4` or `tcp://HOST:PORT` of a scheduler.")
]
Starts = Annotated[
    int | None, typer.Option(min=0, help="Starting points of --petab: 20 unless given; 0 to evaluate, not fit.")
]
Simulations = Annotated[
    Path | None, typer.Option(help="Write the simulated measurements of --petab: .csv or .parquet.")
]
SHIPPED_DRAWS = 200
ABOUT = "Posterior of each fitted quantity, from `resprout fit`; lower and upper are the 90 % credible interval."
CHECKED = ("second_seed", "rank_p")  # by `--checks`; empty without
ABOUT_COMBINATIONS = "Combinations that the data fix, though not their quantities, from `resprout fit`."
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
    data: PeopleTable = None,
    mapping: PeopleMapping = None,
    out: ModelOut = None,
    cluster: Cluster = None,
    starts: Starts = None,
    simulations: Simulations = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Fit all stages, population, ratings and trials together to the published data.

    An interrupted fit resumes when the command is given again.

    Example: `resprout fit --table posterior.csv`, `resprout fit --data my_clinic.csv --out my_model`,
    `resprout fit --petab problem.yaml --starts 50 --table estimates.csv`
    """
    if (petab, starts, simulations) != (None, None, None):
        from resprout.app.petab_fit_command import fit_problem_file

        own = {
            "--data": bool(data),
            "--mapping": mapping is not None,
            "--out": out is not None,
            "--cluster": cluster is not None,
        }
        others = {"--leave-out": leave_out, "--ship": ship, "--checks": checks, **own}
        fit_problem_file(petab, starts, seed, (table, simulations), others, as_json)
        return
    refuse([*check_target("--table", table, TABLE_SUFFIXES), *_wrong_own(data, mapping, out, ship)])
    _fit_model(seed, (leave_out, ship, checks), (data, mapping, out), cluster, table, as_json)


def _wrong_own(data: list[Path] | None, mapping: Path | None, out: Path | None, ship: bool) -> list[Fault]:
    """Faults of the options that join a table of observed people."""
    faults = []
    if data and ship:
        found = "the package holds what the published data say, and --data joins others."
        faults.append(Fault(found, "--ship", "", "Write a model of your own with `--out my_model`."))
    if mapping is not None and not data:
        faults.append(Fault("`--mapping` says how to read --data, which is not given.", "--mapping"))
    if out is not None and (out.exists() or not out.parent.is_dir()):
        found = f"`{out}` exists." if out.exists() else f"there is no folder `{out.parent}`."
        faults.append(Fault(found, "--out", "Expected a folder that does not exist yet, in one that does."))
    return faults


def _fit_model(  # many arguments: the options of `fit`
    seed: int, chosen: tuple[bool, bool, bool], own: Own, cluster: str | None, table: Path | None, as_json: bool
) -> None:
    """Fit the shipped model.

    chosen   whether --leave-out, --ship and --checks are given
    own      what --data, --mapping and --out give
    """
    (leave_out, ship, checks), (data, mapping, out) = chosen, own
    import pandas as pd

    from resprout.app.terminal import print_json, stdout_console
    from resprout.calibrate.no_u_turn import need_sampler
    from resprout.calibrate.write_package import summary, write_model
    from resprout.language import load_model
    from resprout.patients.read_data import read_data

    need_sampler()
    model = load_model()
    people = read_data(data, mapping, model=model) if data else None
    posterior, problem = _posterior(model, seed, people, cluster)
    rows = summary(model, posterior)
    written = [] if table is None else [table]
    if checks:
        rows = _with_checks(rows, posterior, seed)
    told = provenance(model, "fit", seed=seed, data=[str(path) for path in data or ()] or None)
    if table is not None:
        save_table(pd.DataFrame(rows), table, told)
    left_out = _left_out(model, posterior, seed) if leave_out else []
    if out is not None:
        written.append(write_model(out, model, posterior.fit.values, _draws(model, posterior, seed)))
    if ship:
        written += _ship(model, posterior, rows, seed, left_out)
    if as_json:
        print_json({"rows": rows, "left_out": left_out, "provenance": told, "files": [str(path) for path in written]})
        return
    console = stdout_console()
    show_posterior(rows, posterior)
    _show_people(problem, posterior)
    if checks:
        console.print(checks_sentence(rows))
    if left_out:
        console.print(coverage_sentence(left_out))
    for path in written:
        console.print(f"wrote {path}")


def _posterior(
    model: Model, seed: int, people: Dataset | None = None, cluster: str | None = None
) -> tuple[Posterior, Problem]:
    """Fit and sample everything that may be fitted, together; with what was fitted to."""
    from resprout.app.terminal import status_spinner
    from resprout.calibrate.emulated_fit import emulate
    from resprout.calibrate.posterior import sample
    from resprout.calibrate.posterior_mode import fit_problem, whole_problem
    from resprout.calibrate.shared_work import shared_among

    with shared_among(cluster) as share, status_spinner("Fitting") as spinner:
        problem = whole_problem(model, people, share)
        done = fit_problem(problem, progress=lambda text: spinner.update(f"Fitting {text} …"))
        done = emulate(problem, done, seed=seed, progress=lambda text: spinner.update(f"Learning {text} …"))
        spinner.update("Sampling …")
        return sample(done, seed=seed), problem


def _with_checks(rows: list[dict[str, Any]], posterior: Posterior, seed: int) -> list[dict[str, Any]]:
    """The posterior summary with what the checks of each quantity gave."""
    from resprout.app.terminal import counted_spinner
    from resprout.calibrate.posterior_checks import check_posterior

    with counted_spinner("Checking") as tell:
        found = check_posterior(posterior, seed=seed, progress=tell)
    typer.echo(replication_sentence(found.covered, found.data_sets), err=True)
    columns = {"second_seed": found.moved, "rank_p": found.rank_p, "rank_fails": found.fails}
    each = [{name: value[number].item() for name, value in columns.items()} for number in range(len(rows))]
    return [{**row, **own} for row, own in zip(rows, each, strict=True)]


def _left_out(model: Model, posterior: Posterior, seed: int) -> list[dict[str, Any]]:
    """Predict each fitted trial without its own numbers."""
    from resprout.app.terminal import counted_spinner
    from resprout.calibrate.leave_trial_out import leave_trials_out
    from resprout.calibrate.residuals import fitted_trials

    with counted_spinner("Predicting") as tell:
        return leave_trials_out(model, posterior.fit, fitted_trials(), seed=seed, progress=tell)


def _ship(
    model: Model, posterior: Posterior, rows: list[dict[str, Any]], seed: int, left_out: list[dict[str, Any]]
) -> list[Path]:
    from resprout.calibrate.write_package import SUMMARY, write_draws, write_table, write_values

    files = [
        *write_values(model, posterior.fit.values),
        write_draws(model, _draws(model, posterior, seed)),
        write_table("posterior.tsv", ABOUT, [{name: row.get(name) for name in (*SUMMARY, *CHECKED)} for row in rows]),
        write_table("combinations.tsv", ABOUT_COMBINATIONS, _combinations(posterior)),
    ]
    return [*files, write_table("left_out_trials.tsv", ABOUT_LEFT_OUT, left_out)] if left_out else files


def _draws(model: Model, posterior: Posterior, seed: int) -> list[dict[str, float]]:
    """The draws that a model keeps."""
    from resprout.calibrate.study_heterogeneity import with_present_heterogeneity

    # no residual of the fit tells of heterogeneity
    return with_present_heterogeneity(model, posterior.draws(SHIPPED_DRAWS, seed))


def _show_people(problem: Problem, posterior: Posterior) -> None:
    """How the groups of observed people lie beside the fit, and what of them was not used."""
    from resprout.app.terminal import number, stdout_console, table
    from resprout.calibrate.observed_people import ObservedPeople

    found = [block for block in problem.blocks if isinstance(block, ObservedPeople)]
    for block in found:
        last = posterior.fit.residual[-len(block.names) :]
        cells = [
            [name, number(seen), number(seen + away * sd), number(sd), f"{away:+.1f}"]
            for name, seen, sd, away in zip(block.names, block.observed, block.sd, last, strict=True)
        ]
        columns = ["observed people", "observed", "fitted", "SD", "SD apart"]
        console = stdout_console()
        console.print(
            table(columns, cells, title="Means of ratings and logarithms of median levels", right=columns[1:])
        )
        for each in block.left_out:
            console.print(f"not used: {each}")


def show_posterior(rows: list[dict[str, Any]], posterior: Posterior) -> None:
    """Print the posterior of each fitted quantity, what the data do not tell apart, and how well the emulator did."""
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
    fixed = [[row["combination"], f"{row['variance']:.2f}"] for row in _combinations(posterior)]
    if fixed:
        title = "Combinations that the data fix, though not their quantities"
        console.print(table(["combination, each in posterior SD", "variance"], fixed, title=title, right=["variance"]))
    console.print(emulator_sentence(posterior.fit))


def _combinations(posterior: Posterior) -> list[dict[str, Any]]:
    """What the data do not tell apart, a row a combination."""
    from resprout.calibrate.identifiability import not_told_apart

    names = [each.name for each in posterior.fit.quantities]
    return [{"combination": each.text, "variance": each.variance} for each in not_told_apart(names, posterior.free)]


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


def replication_sentence(covered: float, data_sets: int) -> str:
    """How many numbers of synthetic replications their prediction intervals hold, in a sentence."""
    return f"Of numbers of further synthetic replications {covered:.0%} lie inside the 90 % prediction interval ({data_sets} data sets)."


def coverage_sentence(rows: list[dict[str, Any]]) -> str:
    """How many published numbers lie inside the prediction intervals of fits that excluded their trial, in a sentence."""
    from resprout.calibrate.proper_scores import skill
    from resprout.trial.published_numbers import inside_share

    inside, counted = inside_share(rows)
    beside = {
        name: skill([row["crps"] for row in rows], [row[name] for row in rows]) for name in ("crps_null", "crps_mbma")
    }
    plain, _ = inside_share([{**row, "inside": row["inside_plain"]} for row in rows])
    return (
        f"{inside} of {counted} published numbers ({inside / max(counted, 1):.0%}) lie inside the 90 % prediction interval "
        f"of a fit that excluded their trial; without the observation error that the fit allows between model and "
        f"trial, {plain} ({plain / max(counted, 1):.0%}) do. Skill (CRPS) is {beside['crps_null']:+.2f} against the same patients "
        f"had no drug changed mood and {beside['crps_mbma']:+.2f} against a meta-analysis of all other trials."
    )
