"""`resprout export --to petab`: the measurements and the model as a folder that PEtab tools read."""

from __future__ import annotations

import functools
from pathlib import Path

import typer

from resprout.app.output_files import atomic_path, refuse
from resprout.app.target_checks import check_own_folder
from resprout.errors import Fault, need_package


def export_petab(target: Path, folder: Path | None = None) -> None:
    """Write a PEtab v2 problem into a folder, and say which rows PEtab has no words for.

    target   a folder that is new, empty, or written by this command before      folder   of a user-defined model
    raises   InputError for a folder that cannot be used, ModelError if PEtab's own checks find fault
    """
    refuse(folder_faults(target))
    need_package("petab", "calibrate")
    from resprout.app.terminal import status_spinner
    from resprout.calibrate.measurements import read_measurements
    from resprout.exchange.petab_problem import PROBLEM_FILE, check_problem, export_rows, petab_problem
    from resprout.language import load_model

    model = load_model(folder)
    rows = read_measurements(model)
    chosen = export_rows(rows)
    with status_spinner("writing and checking the PEtab problem"):
        problem = petab_problem(model, chosen)
        check_problem(problem)
        with atomic_path(target) as draft:
            draft.mkdir()
            problem.to_files(draft)
    typer.echo(
        f"{target / PROBLEM_FILE}: PEtab v2, {len(chosen)} measurements in {len(problem.experiments)} experiments, "
        f"{len(problem.parameters)} constants to estimate, model digest {model.digest}\n"
        f"{len(rows) - len(chosen)} of {len(rows)} measurements stay out: peaks, ratios of experiments and mere directions "
        "have no form in PEtab"
    )


def folder_faults(target: Path) -> list[Fault]:
    """What is wrong with a folder to write to."""
    from resprout.exchange.petab_problem import PROBLEM_FILE

    @functools.cache
    def problem() -> str:
        file = target / PROBLEM_FILE
        return file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""

    # the problem file names all files of a problem
    return check_own_folder("FILE", target, lambda name: name == PROBLEM_FILE or name in problem())
