"""The model with a regimen, for other programs: one person at steady state, blocks and doses as events."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from resprout.dosing.dose_events import prepare_doses
from resprout.dosing.regimen import Regimen, parse_regimen
from resprout.exchange.exported_person import ExportedPerson
from resprout.exchange.omex_archive import write_archive
from resprout.exchange.sbml_writer import Change, write_sbml
from resprout.language.drug_instances import library_drugs, with_drugs
from resprout.language.records import Model
from resprout.simulation.scenario import main_outputs
from resprout.solve import Events, steady_states

STANDARD = "ketamine 0.5 mg/kg iv over 40 min"
ARCHIVE_HOURS, ARCHIVE_STEPS = 336.0, 1344
REVIEW = "doi:10.1016/j.biopsych.2013.03.026"


def read_regimen(model: Model, text: str) -> Regimen:
    """A regimen of the model's own drugs.

    raises   InputError with every fault
    """
    return parse_regimen(text, library_drugs(model))


def regimen_parts(model: Model, plan: Regimen) -> tuple[dict[str, float], Events]:
    """Constants of the drugs that are given, and the doses as changes, for the shipped values of every constant."""
    _, constants, events = prepare_doses(model, plan, {})
    return {name: float(np.median(value)) for name, value in constants.items()}, events


def as_changes(model: Model, events: Events, patient: int = 0) -> list[Change]:
    """Events of one patient in the form the SBML export takes."""
    states = {state.name for state in model.states}
    own = events.of(patient)
    return [
        Change(float(hour), name, float(value[0]), name in states)
        for hour, name, value in zip(own.time_h, own.name, own.value, strict=True)
    ]


def export_patient(model: Model, constants: Mapping[str, float], events: Events, patient: int = 0) -> str:
    """SBML of one patient: constants, steady state and doses as events."""
    found, _ = steady_states(model, constants)
    start = {state.name: float(value) for state, value in zip(model.states, found[0], strict=True)}
    return write_sbml(model, constants=constants, start=start, changes=as_changes(model, events, patient))


def export_sbml(model: Model, plan: Regimen | None, person: ExportedPerson | None = None) -> str:
    """SBML of one person at steady state, with the drugs and doses of the regimen.

    plan     None for no dose
    person   None for the healthy one that all shipped constants describe
    """
    who = person or ExportedPerson()
    chain, constants, events = prepare_doses(model, plan or Regimen("", ()), dict(who.constants))
    plain = {name: float(np.median(value)) for name, value in constants.items()}
    return export_patient(chain, plain, who.block_events.joined(events) if who.blocks else events)


def export_archive(model: Model, plan: Regimen | None, person: ExportedPerson | None = None) -> bytes:
    """A COMBINE archive: the model with a regimen (one infusion of ketamine if none is given), followed for two weeks."""
    chosen, who = plan or read_regimen(model, STANDARD), person or ExportedPerson()
    title = f"resprout: {chosen.text}"
    about = (
        f"From dose to dendritic spine to depression score, model {model.digest}, {who.words}: {chosen.text}, "
        "followed for two weeks."
    )
    return write_archive(
        export_sbml(model, chosen, who),
        title=title,
        about=about,
        source=REVIEW,
        outputs=main_outputs(with_drugs(model, chosen.drugs)),
        hours=ARCHIVE_HOURS,
        steps=ARCHIVE_STEPS,
    )
