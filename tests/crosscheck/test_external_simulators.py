"""The engine beside libRoadRunner, from the SBML that resprout exports, doses included."""

from __future__ import annotations

import libsbml
import numpy as np
import pytest
from given_patients import ketamine, varied_people

from resprout.crosscheck.external_simulators import RoadRunner, whole_text, whole_values
from resprout.crosscheck.reduced_model import reduce_model
from resprout.dosing.dose_events import prepare_doses
from resprout.dosing.regimen import parse_regimen
from resprout.exchange.patient_export import export_patient
from resprout.language import load_model
from resprout.solve import run_patients, steady_states

HOURS = np.r_[np.arange(0, 4, 0.25), np.arange(4, 24, 4), np.arange(24, 337, 48)]


def test_the_exported_sbml_of_a_patient_has_no_error_and_no_unit_warning():
    person = {name: float(value[0]) for name, value in varied_people(1).items()}
    document = libsbml.readSBMLFromString(export_patient(load_model(), person, ketamine()))
    document.checkConsistency()
    assert (document.getLevel(), document.getVersion()) == (3, 2)
    assert [document.getError(index).getMessage() for index in range(document.getNumErrors())] == []


def test_engine_and_libroadrunner_agree_on_every_quantity_for_fifty_people():
    pytest.importorskip("roadrunner")
    model, people, outputs = load_model(), varied_people(50), list(load_model().equations)
    engine = run_patients(model, people, ketamine(), HOURS, outputs)
    start, _ = steady_states(model, people)
    reference = RoadRunner(whole_text(model, ketamine()), outputs)
    # the surplus above that of health is the surplus less 1: its error is measured beside the surplus itself
    taken_off = np.where(np.array(outputs) == "surplus_above_rest", 1.0, 0.0)
    for patient in range(50):
        own = {name: float(value[patient]) for name, value in people.items()}
        simulator = reference.solve(whole_values(model, own, start[patient], ketamine()), HOURS, tolerance=1e-9)
        miss = np.abs(engine.value[patient] - simulator).max(0) / (
            np.maximum(np.abs(simulator).max(0), 1e-9) + taken_off
        )
        # 1e-4 is what DESIGN promises of any output at the default tolerance
        assert miss.max() <= 1e-4, outputs[int(miss.argmax())]


def test_the_pruned_system_written_for_other_programs_gives_them_the_engines_answers():
    pytest.importorskip("roadrunner")
    model, people, outputs = load_model(), varied_people(3), ("ketamine_venous", "p_mTOR", "HDRS17")
    reduced = reduce_model(model, ketamine(), outputs)
    assert len(reduced.states) < len(model.states)
    engine = run_patients(model, people, ketamine(), HOURS, outputs)
    start, _ = steady_states(model, people)
    reference = RoadRunner(reduced.text, outputs)
    for patient in range(3):
        own = {name: float(value[patient]) for name, value in people.items()}
        simulator = reference.solve(reduced.values(own, start[patient], patient), HOURS, tolerance=1e-9)
        # 1e-4 is what DESIGN promises of any output at the default tolerance
        assert (np.abs(engine.value[patient] - simulator).max(0) / np.abs(simulator).max(0)).max() <= 1e-4


@pytest.mark.parametrize(
    "regimen", ["ketamine 0.5 mg/kg im", "ketamine 0.5 mg/kg iv bolus", "esketamine 84 mg nasal; every 2 d x 2"]
)
def test_a_dose_at_hour_zero_is_part_of_where_other_programs_begin(regimen):
    pytest.importorskip("roadrunner")
    model, outputs, hours = load_model(), ["ketamine_venous", "HDRS17"], np.array([0.0, 0.4, 1.7, 30.1, 80.3])
    chain, constants, events = prepare_doses(model, parse_regimen(regimen), varied_people(1))
    engine = run_patients(chain, constants, events, hours, outputs)
    start, _ = steady_states(chain, constants)
    own = {name: float(np.ravel(value)[0]) for name, value in constants.items()}
    program = RoadRunner(whole_text(chain, events), outputs)
    simulator = program.solve(whole_values(chain, own, start[0], events.of(0)), hours, tolerance=1e-9)
    # 1e-4 is what DESIGN promises of any output at the default tolerance
    assert (np.abs(engine.value[0] - simulator)[1:].max(0) / np.abs(simulator).max(0)).max() <= 1e-4
