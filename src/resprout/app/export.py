"""`resprout export`: the model for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from resprout.app.keep import check_target, keep_page, refuse
from resprout.app.options import read_choice
from resprout.app.petab import export_petab
from resprout.errors import Fault

SUFFIXES = {"sbml": (".xml", ".sbml"), "antimony": (".ant", ".txt")}


def export(
    target: Annotated[Path, typer.Argument(metavar="FILE", help="File to write: .xml for SBML, .ant for Antimony.")],
    to: Annotated[str, typer.Option("--to", help="sbml, antimony or petab (a folder).")] = "sbml",
    model: Annotated[Path | None, typer.Option("--model", help="Folder of a model of one's own.")] = None,
) -> None:
    """Write the model for other programs, as SBML Level 3, Antimony, or with its measurements as a PEtab v2 problem.

    Example: `resprout export --to sbml resprout.xml` or `resprout export --to petab problem`
    """
    if to.lower() == "petab":
        export_petab(target, model)
        return
    faults: list[Fault] = []
    form = read_choice("--to", to, (*SUFFIXES, "petab"), faults)
    refuse(faults)
    assert form is not None
    refuse(check_target("FILE", target, SUFFIXES[form]))
    from resprout.language import load_model

    loaded = load_model(model)
    keep_page(loaded.sbml if form == "sbml" else antimony_text(loaded.sbml), target)
    typer.echo(f"{target}: {form}, model digest {loaded.digest}")


def antimony_text(sbml: str) -> str:
    """The same model as Antimony text."""
    import antimony

    antimony.clearPreviousLoads()
    antimony.loadSBMLString(sbml)
    return str(antimony.getAntimonyString(antimony.getMainModuleName()))
