"""The model with a regimen, for other programs: one average patient at rest, doses as events."""

from __future__ import annotations

from resprout.language.omex import write_archive
from resprout.language.records import Model
from resprout.solve import Events
from resprout.solve.peers import export_patient
from resprout.trial.course import main_outputs
from resprout.trial.dosing import companion_constants, companion_drugs, regimen_events
from resprout.trial.regimen import Regimen, parse_regimen

STANDARD = "ketamine 0.5 mg/kg iv over 40 min"
ARCHIVE_HOURS, ARCHIVE_STEPS = 336.0, 1344
REVIEW = "doi:10.1016/j.biopsych.2013.03.026"


def read_regimen(model: Model, text: str) -> Regimen:
    """A regimen of the model's own drugs.

    raises   InputError with every fault
    """
    return parse_regimen(text, companion_drugs(model))


def regimen_parts(model: Model, plan: Regimen) -> tuple[dict[str, float], Events]:
    """Constants of the drugs that are given, and the doses as changes, for the shipped values of every constant."""
    constants = {name: float(value) for name, value in companion_constants(model, plan).items()}
    return constants, regimen_events(plan, {**model.nominal, **constants})


def export_sbml(model: Model, plan: Regimen | None) -> str:
    """SBML of the patient that all shipped constants describe, at rest, with doses if there are any."""
    constants, events = ({}, Events.none()) if plan is None else regimen_parts(model, plan)
    return export_patient(model, constants, events)


def export_archive(model: Model, plan: Regimen | None) -> bytes:
    """A COMBINE archive: the model with a regimen (one infusion of ketamine if none is given), followed for two weeks."""
    chosen = plan or read_regimen(model, STANDARD)
    title = f"resprout: {chosen.text}"
    about = f"From dose to dendritic spine to depression score, model {model.digest}: {chosen.text}, followed for two weeks."
    return write_archive(
        export_sbml(model, chosen),
        title=title,
        about=about,
        source=REVIEW,
        outputs=main_outputs(model),
        hours=ARCHIVE_HOURS,
        steps=ARCHIVE_STEPS,
    )
