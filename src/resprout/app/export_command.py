"""`resprout export`: the model for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from resprout.app.options import read_choice
from resprout.app.output_files import check_target, refuse, save_bytes
from resprout.app.petab_command import export_petab
from resprout.errors import Fault, InputError

if TYPE_CHECKING:
    from resprout.language import ImportedModel, Model

SUFFIXES = {"sbml": (".xml", ".sbml"), "antimony": (".ant", ".txt"), "omex": (".omex", ".zip")}


def export(
    target: Annotated[
        Path, typer.Argument(metavar="FILE", help="File to write: .xml, .ant or .omex; a folder for petab.")
    ],
    to: Annotated[str, typer.Option("--to", help="sbml, antimony, omex or petab.")] = "sbml",
    regimen: Annotated[
        str | None, typer.Option(help='Doses as events, such as "ketamine 0.5 mg/kg iv over 40 min".')
    ] = None,
    model: Annotated[Path | None, typer.Option("--model", help="User-defined model: folder or file.")] = None,
) -> None:
    """Write the model for other programs: the typical patient at steady state, doses as events.

    SBML is Level 3 Version 2; a COMBINE archive (omex) adds SED-ML that runs it for two weeks;
    petab writes the model with its measurements as a PEtab v2 problem.

    Example: `resprout export --to omex resprout.omex --regimen "ketamine 0.5 mg/kg iv over 40 min"`
    """
    if to.lower() == "petab":
        export_petab(target, model)
        return
    faults: list[Fault] = []
    form = read_choice("--to", to, (*SUFFIXES, "petab"), faults)
    refuse(faults)
    assert form is not None
    faults += check_target("FILE", target, SUFFIXES[form])
    from resprout.app.imported_commands import load_any

    loaded = load_any(model)
    save_bytes(exported(loaded, form, regimen, faults), target)
    typer.echo(f"{target}: {form}, model digest {loaded.digest}")


def exported(loaded: Model | ImportedModel, form: str, regimen: str | None, faults: list[Fault]) -> bytes:
    """The model in another format, with a regimen if there is one.

    form     sbml, antimony or omex
    faults   found so far; they are raised with those of the regimen
    raises   InputError with all of them
    """
    from resprout.app.terminal import status_spinner
    from resprout.exchange.imported_export import antimony_text, export_imported
    from resprout.exchange.patient_export import export_archive, export_sbml, read_regimen
    from resprout.language import ImportedModel

    plan = None
    if isinstance(loaded, ImportedModel):
        if regimen is not None or form == "omex":
            found = f"`{loaded.name}` is a model without drugs and patients."
            faults.append(Fault(found, "--model", "It can be written as sbml or antimony, without a regimen."))
    elif regimen is not None:
        try:
            plan = read_regimen(loaded, regimen)
        except InputError as error:
            faults += error.faults
    refuse(faults)
    with status_spinner("Writing the model"):
        if form == "omex" and not isinstance(loaded, ImportedModel):
            return export_archive(loaded, plan)
        sbml = export_imported(loaded) if isinstance(loaded, ImportedModel) else export_sbml(loaded, plan)
        return (sbml if form == "sbml" else antimony_text(sbml)).encode()
