"""`resprout fit --petab`: a PEtab problem evaluated at its nominal values, or fitted."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from resprout.app.output_files import TABLE_SUFFIXES, check_target, refuse, save_table
from resprout.errors import Fault

if TYPE_CHECKING:
    from collections.abc import Mapping

    from resprout.exchange.petab_evaluation import PetabEvaluation
    from resprout.exchange.petab_fit import PetabFit
    from resprout.exchange.petab_records import PetabProblem

STARTS = 20
GUIDE = "docs/guides/petab.md shows how a problem is fitted."


def fit_problem_file(  # many arguments: each is an option of `fit`
    file: Path | None,
    starts: int | None,
    seed: int,
    files: tuple[Path | None, Path | None],
    others: Mapping[str, bool],
    as_json: bool,
) -> None:
    """Evaluate or fit a PEtab problem and print what came out.

    file     of the problem                      starts   how many; 0 for the nominal values alone
    files    of --table and --simulations        others   options of the fit of the shipped model, and whether each was given
    raises   InputError with every fault
    """
    table, simulations = files
    refuse(
        [
            *_faults(file, starts, files, others),
            *check_target("--table", table, TABLE_SUFFIXES),
            *check_target("--simulations", simulations, TABLE_SUFFIXES),
        ]
    )
    from resprout.app.terminal import counted_spinner
    from resprout.exchange.petab_evaluation import evaluate_petab
    from resprout.exchange.petab_fit import fit_petab
    from resprout.exchange.petab_reading import read_petab

    assert file is not None
    problem = read_petab(file)
    count = STARTS if starts is None else starts
    with counted_spinner("Fitting" if count else "Simulating") as tell:
        if count:
            fit = fit_petab(problem, starts=count, seed=seed, progress=tell)
            found = fit.evaluation
        else:
            fit, found = None, evaluate_petab(problem)
    written = _save(found, fit, files)
    if as_json:
        _print_json(problem, found, fit, written)
        return
    _show(problem, found, fit)
    for path in written:
        _say(f"wrote {path}")


def _save(found: PetabEvaluation, fit: PetabFit | None, files: tuple[Path | None, Path | None]) -> list[Path]:
    """Write what was asked for; the files written."""
    table, simulations = files
    made = [(simulations, found.simulations), (table, None if fit is None else fit.parameters)]
    written = [(path, rows) for path, rows in made if path is not None and rows is not None]
    for path, rows in written:
        save_table(rows, path)
    return [path for path, _ in written]


def _faults(
    file: Path | None, starts: int | None, files: tuple[Path | None, Path | None], others: Mapping[str, bool]
) -> list[Fault]:
    table, simulations = files
    if file is None:
        given = [n for n, value in (("--starts", starts), ("--simulations", simulations)) if value is not None]
        return [
            Fault(f"`{name}` is given without `--petab`.", name, "A PEtab problem was expected.", GUIDE)
            for name in given
        ]
    faults = [
        Fault(f"`{name}` is given.", name, "It means nothing for a PEtab problem.", GUIDE)
        for name, was_given in others.items()
        if was_given
    ]
    if table is not None and starts == 0:
        faults.append(
            Fault("`--table` is given, and nothing is fitted.", "--table", "Starts above 0 were expected.", GUIDE)
        )
    if not file.is_file():
        faults.append(
            Fault(f"`{file}` is not there.", "--petab", "The YAML file of a PEtab problem was expected.", GUIDE)
        )
    return faults


def _say(text: str) -> None:
    from resprout.app.terminal import stdout_console

    stdout_console().print(text)


def _print_json(problem: PetabProblem, found: PetabEvaluation, fit: PetabFit | None, written: list[Path]) -> None:
    from resprout.app.terminal import print_json

    told: dict[str, Any] = {"problem": problem.file, "version": problem.version, "model": problem.model.name}
    told |= {"log_likelihood": found.log_likelihood, "chi2": found.chi2, "log_prior": found.log_prior}
    told |= {"measurements": len(problem.measurements), "notes": problem.notes}
    if fit is not None:
        told |= {"method": fit.method, "objective": fit.objective, "starts_at_the_best": fit.agreeing, "kept": fit.kept}
        told |= {"parameters": fit.parameters.to_dict("records"), "starts": fit.starts.to_dict("records")}
    print_json({**told, "files": [str(path) for path in written]})


def _show(problem: PetabProblem, found: PetabEvaluation, fit: PetabFit | None) -> None:
    experiments = f"{len(problem.experiments)} experiment" + ("s" if len(problem.experiments) != 1 else "")
    for note in problem.notes:
        _say(f"Note: {note}")
    if fit is not None:
        _show_parameters(fit)
    where = "at the nominal values" if fit is None else "at the estimate"
    _say(
        f"{problem.file}: PEtab v{problem.version}, {len(problem.measurements)} measurements in {experiments}. "
        f"Log-likelihood {found.log_likelihood:.6g}, chi-square {found.chi2:.6g}, log prior "
        f"{found.log_prior:.6g} {where}."
    )
    if fit is not None:
        _say(starts_sentence(fit))


def _show_parameters(fit: PetabFit) -> None:
    from resprout.app.terminal import interval, number, stdout_console, table

    columns = ["parameter", "estimate", "95 % interval", "bounds", "scale"]
    cells = [
        [
            row["parameter"],
            number(row["estimate"], 4),
            "at a bound" if row["at_bound"] else interval(row["lower"], row["upper"]).replace("–", "not identified"),
            interval(row["lower_bound"], row["upper_bound"]),
            row["scale"],
        ]
        for row in fit.parameters.to_dict("records")
    ]
    stdout_console().print(table(columns, cells, title=fit.problem.model.name, right=columns[1:2]))


def starts_sentence(fit: PetabFit) -> str:
    """How the starts ended, in a sentence."""
    ended = fit.starts["ended"]
    lost, stopped = (
        int((ended == "could not be simulated").sum()),
        int((~ended.isin(["converged", "could not be simulated"])).sum()),
    )
    before = f"{fit.kept} of {len(fit.starts)} starts had ended in an earlier run of this fit. " if fit.kept else ""
    told = f"{before}{fit.agreeing} of {len(fit.starts)} starts ended within 0.1 of the best objective ({fit.method})"
    told += f"; {lost} could not be simulated" if lost else ""
    return told + (f"; {stopped} stopped before they had converged." if stopped else ".")
