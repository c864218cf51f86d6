"""`resprout export`: the model for other programs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from resprout.app.options import GENOTYPES, read_choice, read_pairs
from resprout.app.output_files import check_target, refuse, save_bytes
from resprout.app.petab_command import export_petab
from resprout.errors import Fault, InputError
from resprout.language.bounds import SEED

if TYPE_CHECKING:
    from resprout.dosing.species_doses import SpeciesDose
    from resprout.language import ImportedModel, Model

DEFAULT_HOURS = 336.0
"""As long as `simulate` follows a file by default."""
SUFFIXES = {"sbml": (".xml", ".sbml"), "antimony": (".ant", ".txt"), "omex": (".omex", ".zip")}


Target = Annotated[Path, typer.Argument(metavar="FILE", help="File to write: .xml, .ant or .omex; a folder for petab.")]
Doses = Annotated[str | None, typer.Option(help='Doses as events, such as "ketamine 0.5 mg/kg iv over 40 min".')]
ModelDoses = Annotated[
    list[str] | None,
    typer.Option("--dose", help='Of a model file: a dose as events, such as "drug: 100 mg bolus"; repeatable.'),
]
PERSON = "healthy (if left out), depressed, or the number of a patient whom `simulate` recruits."
Person = Annotated[str | None, typer.Option(help=PERSON, show_default=False)]
Genotype = Annotated[str | None, typer.Option(help="val/val, val/met or met/met.")]
DrawSeed = Annotated[int, typer.Option(min=0, max=SEED.highest, help="Seed by which a numbered patient is drawn.")]
Block = Annotated[
    list[str] | None, typer.Option("--block", help="Block a step from hour 0 on, NAME=SHARE; repeatable.")
]
Set = Annotated[list[str] | None, typer.Option("--set", help="Set a constant of the person, NAME=VALUE; repeatable.")]

Until = Annotated[
    float | None,
    typer.Option(
        "--until", help="Of a model file as omex: end of the run in its own unit of time; 14 days if left out."
    ),
]


def export(  # many arguments: each is an option of the command
    target: Target,
    to: Annotated[str, typer.Option("--to", help="sbml, antimony, omex or petab.")] = "sbml",
    regimen: Doses = None,
    dose: ModelDoses = None,
    person: Person = None,
    genotype: Genotype = None,
    seed: DrawSeed = 1,
    block: Block = None,
    set_: Set = None,
    until: Until = None,
    model: Annotated[Path | None, typer.Option("--model", help="User-defined model: folder or file.")] = None,
) -> None:
    """Write the model for other programs: one person at steady state, doses and blocks as events.

    SBML is Level 3 Version 2; a COMBINE archive (omex) adds SED-ML that runs it for two weeks;
    petab writes the model with its measurements as a PEtab v2 problem.

    Example: `resprout export --to omex resprout.omex --person depressed --regimen "ketamine 0.5 mg/kg iv over 40 min"`
    """
    faults: list[Fault] = []
    blocks = read_pairs("--block", block or [], "mTORC1=0.9", faults)
    overrides = read_pairs("--set", set_ or [], "glial_uptake=0.7", faults)
    if until is not None and (model is None or not model.is_file() or to.lower() != "omex"):
        expected = "It is meant for a model file that is written as omex."
        faults.append(Fault("`--until` is given.", "--until", expected, "Leave it out."))
    if until is not None and not 0 < until < math.inf:
        faults.append(Fault(f"`--until` is {until:g}.", "--until", "Expected a finite time above 0."))
    whose = Whose(person, read_choice("--genotype", genotype, GENOTYPES, faults), seed, blocks, overrides)
    if to.lower() == "petab":
        refuse([*faults, *not_of_a_person(whose, "petab writes every person of its measurements")])
        export_petab(target, model)
        return
    form = read_choice("--to", to, (*SUFFIXES, "petab"), faults)
    refuse(faults)
    assert form is not None
    faults += check_target("FILE", target, SUFFIXES[form])
    from resprout.app.imported_commands import load_any
    from resprout.app.terminal import print_wrapped, stdout_console

    loaded = load_any(model)
    content, who = exported(loaded, form, (regimen, dose or (), until), whose, faults)
    save_bytes(content, target)
    print_wrapped(stdout_console(), f"{target}: {form}{who}, model digest {loaded.digest}", indent=2)


@dataclass(frozen=True)
class Whose:
    """Options that say whose model is written."""

    person: str | None
    genotype: str | None
    seed: int
    blocks: dict[str, float]
    overrides: dict[str, float]


def not_of_a_person(whose: Whose, reason: str) -> list[Fault]:
    """Faults of options that say whose model is written, where it is that of nobody."""
    given = {"--person": whose.person, "--genotype": whose.genotype, "--block": whose.blocks, "--set": whose.overrides}
    return [
        Fault(f"`{name}` is given.", name, f"{reason[:1].upper()}{reason[1:]}.")
        for name, is_given in given.items()
        if is_given
    ]


def exported(
    loaded: Model | ImportedModel,
    form: str,
    given: tuple[str | None, Sequence[str], float | None],
    whose: Whose,
    faults: list[Fault],
) -> tuple[bytes, str]:
    """The model in another format, with a regimen or doses if there are any, and whose it is.

    form     sbml, antimony or omex          whose    the person, in a model that has people
    given    a regimen, or None, doses of a model file, and the end of its run, or None
    faults   found so far; they are raised with those of the regimen
    raises   InputError with all of them
    """
    from resprout.app.terminal import status_spinner
    from resprout.exchange.exported_person import ExportedPerson, read_person
    from resprout.exchange.imported_export import antimony_text
    from resprout.exchange.patient_export import export_archive, export_sbml, read_regimen
    from resprout.language import ImportedModel

    (regimen, doses, until), plan, person = given, None, ExportedPerson()
    if isinstance(loaded, ImportedModel):
        if regimen is not None:
            found = f"`{loaded.name}` is a model without drugs and patients."
            faults.append(Fault(found, "--regimen", "It can be written without a regimen.", "Use `--dose`."))
        faults += not_of_a_person(whose, "it means nothing in a model without people")
        return _exported_file(loaded, form, (doses, until), faults), ""
    if doses:
        found = "doses of this model are a regimen."
        faults.append(Fault(found, "--dose", "Expected `--model FILE`, an SBML or Antimony file.", "Use `--regimen`."))
    try:
        plan = None if regimen is None else read_regimen(loaded, regimen)
    except InputError as error:
        faults += error.faults
    told = {"genotype": whose.genotype, "seed": whose.seed, "blocks": whose.blocks, "overrides": whose.overrides}
    try:
        person = read_person(loaded, whose.person or "healthy", **told)  # type: ignore[arg-type]
    except InputError as error:
        faults += error.faults
    refuse(faults)
    with status_spinner("Writing the model"):
        if form == "omex":
            return export_archive(loaded, plan, person), f" of the {person.words}"
        sbml = export_sbml(loaded, plan, person)
        return (sbml if form == "sbml" else antimony_text(sbml)).encode(), f" of the {person.words}"


def _exported_file(
    model: ImportedModel, form: str, given: tuple[Sequence[str], float | None], faults: list[Fault]
) -> bytes:
    """An imported model in another format, with doses as events; arguments and errors as in `exported`."""
    from resprout.dosing.species_doses import read_doses
    from resprout.exchange.dosed_export import export_dosed
    from resprout.exchange.imported_export import antimony_text, archive_imported, export_imported

    doses, until = given
    read: tuple[SpeciesDose, ...] = ()
    try:
        read = read_doses(doses, "--dose")
    except InputError as error:
        faults += error.faults
    refuse(faults)
    sbml = export_dosed(model, read, "--dose") if read else export_imported(model)
    if form == "omex":
        end = DEFAULT_HOURS / model.hours_per_unit if until is None else until
        return archive_imported(model, sbml, end, " + ".join(dose.text for dose in read))
    return (sbml if form == "sbml" else antimony_text(sbml)).encode()
