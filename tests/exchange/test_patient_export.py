"""What other programs get: sound SBML with doses, which they run as the engine does, and an archive that they open."""

from __future__ import annotations

import importlib.util
import inspect
import io
import subprocess
import sys
import zipfile

import libsbml
import numpy as np
import pytest

import resprout as rs
from resprout.app.patient_command import patient
from resprout.app.serve.form_state import read_state
from resprout.exchange.exported_person import read_person
from resprout.exchange.imported_model import import_model
from resprout.exchange.patient_export import STANDARD, export_archive, export_sbml, read_regimen, regimen_parts
from resprout.language import load_model
from resprout.people.typical import MEDIAN_STRESS, typical_patient
from resprout.solve import Events, run_patients

HOURS = np.r_[np.arange(0, 4, 0.25), np.arange(4, 24, 4), np.arange(24, 337, 48)] + 0.0
OPENING = """
import libcombine, libsedml
archive = libcombine.CombineArchive()
print(archive.initializeFromArchive("m.omex"), archive.getMasterFile().getLocation())
plan = libsedml.readSedMLFromFile("simulation.sedml")
print(plan.getNumErrors(libsedml.LIBSEDML_SEV_ERROR), plan.getNumTasks(), plan.getNumOutputs())
"""
TWO_DRUGS = "scopolamine 4 ug/kg iv over 15 min + ketamine 0.5 mg/kg iv over 40 min; every 3 d x 2"


@pytest.fixture(scope="module")
def written() -> str:
    model = load_model()
    return export_sbml(model, read_regimen(model, STANDARD))


@pytest.fixture(scope="module")
def engine() -> tuple[list[str], np.ndarray]:
    model = load_model()
    constants, events = regimen_parts(model, read_regimen(model, STANDARD))
    outputs = list(model.equations)
    return outputs, run_patients(model, constants, events, HOURS, outputs).value[0]


def complaints(text: str) -> list[str]:
    document = libsbml.readSBMLFromString(text)
    document.checkConsistency()
    assert (document.getLevel(), document.getVersion()) == (3, 2)
    return [document.getError(index).getMessage() for index in range(document.getNumErrors())]


def miss(found: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """[output] largest difference at any hour, over the output's largest value."""
    return np.abs(found - truth).max(0) / np.maximum(np.abs(truth).max(0), 1e-9)


@pytest.mark.parametrize("regimen", [STANDARD, TWO_DRUGS, None])
def test_libsbml_finds_no_error_and_no_unit_warning_in_the_export(regimen):
    model = load_model()
    assert complaints(export_sbml(model, None if regimen is None else read_regimen(model, regimen))) == []


def test_libroadrunner_reproduces_every_quantity_of_the_export_with_its_dose(written, engine):
    roadrunner = pytest.importorskip("roadrunner")
    outputs, found = engine
    program = roadrunner.RoadRunner(written)
    program.integrator.relative_tolerance, program.integrator.absolute_tolerance = 1e-9, 1e-11
    program.integrator.maximum_num_steps = 100_000
    program.timeCourseSelections = outputs
    gap = miss(found, np.array(program.simulate(times=list(HOURS))))
    # 1e-4 is what is promised of any output at the default tolerance
    assert gap.max() <= 1e-4, outputs[int(gap.argmax())]


def test_copasi_reproduces_every_quantity_of_the_export_with_its_dose(written, engine):
    basico = pytest.importorskip("basico")
    outputs, found = engine
    data = basico.load_model_from_string(written)
    try:
        course = basico.run_time_course(
            values=list(HOURS),
            start_time=0.0,
            duration=float(HOURS[-1]),
            r_tol=1e-9,
            a_tol=1e-11,
            max_steps=1_000_000,
            model=data,
        )
    finally:
        basico.remove_datamodel(data)
    gap = miss(found, course[[f"Values[{name}]" for name in outputs]].to_numpy())
    # as above
    assert gap.max() <= 1e-4, outputs[int(gap.argmax())]


def test_a_source_stands_in_the_notes_and_its_doi_among_the_annotations(written):
    model = load_model()
    parameter = next(
        c
        for c in model.constants.values()
        for e in model.tables["sources"]
        if e["key"] in c.source.split() and "doi" in e
    )
    key = next(e for e in model.tables["sources"] if e["key"] in parameter.source.split() and "doi" in e)
    document = libsbml.readSBMLFromString(written)
    element = document.getModel().getParameter(parameter.name)
    assert key["title"].split("&")[0] in element.getNotesString()
    assert f"https://identifiers.org/doi:{key['doi']}" in element.getAnnotationString()


def test_every_identifier_is_of_a_catalogue_and_sits_on_what_it_names(written):
    document, known = libsbml.readSBMLFromString(written), load_model()
    inner = document.getModel()
    assert "taxonomy:9606" in inner.getAnnotationString()
    for row in known.tables["annotations"]:
        element = inner if row["name"] == "model" else inner.getParameter(row["name"])
        if element is not None:
            assert f"https://identifiers.org/{row['id']}" in element.getAnnotationString()


def test_libcombine_and_libsedml_open_the_archive(tmp_path):
    for name in ("libcombine", "libsedml"):
        if importlib.util.find_spec(name) is None:
            pytest.skip(f"{name} is not installed")
    content = export_archive(load_model(), None)
    (tmp_path / "m.omex").write_bytes(content)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert set(archive.namelist()) == {"manifest.xml", "metadata.rdf", "model.xml", "simulation.sedml"}
        assert complaints(archive.read("model.xml").decode()) == []
        (tmp_path / "simulation.sedml").write_bytes(archive.read("simulation.sedml"))
        assert "10.1016/j.biopsych.2013.03.026" in archive.read("metadata.rdf").decode()
    # in a process of their own: they bring a second libSBML, which takes the first one's types away
    said = subprocess.run(
        [sys.executable, "-c", OPENING], cwd=tmp_path, capture_output=True, encoding="utf-8", check=True
    )
    assert said.stdout.split() == ["True", "./simulation.sedml", "0", "1", "2"]


def test_the_archive_of_one_model_is_the_same_to_the_byte():
    assert export_archive(load_model(), None) == export_archive(load_model(), None)


def test_the_export_read_back_as_a_model_of_ones_own_runs_as_the_model_it_was(written, engine, tmp_path):
    outputs, found = engine
    (tmp_path / "ours.xml").write_text(written, encoding="utf-8")
    # beside the hours of the doses, where a model of one's own has its events already behind it
    later = [index for index, hour in enumerate(HOURS) if hour > 1]
    own = run_patients(import_model(tmp_path / "ours.xml"), {}, Events.none(), HOURS[later], outputs, tolerance=1e-6)
    gap = miss(found[later], own.value[0])
    # as above
    assert gap.max() <= 1e-4, outputs[int(gap.argmax())]


def test_the_depressed_person_is_written_with_genotype_and_block_as_the_engine_solves_it():
    roadrunner = pytest.importorskip("roadrunner")
    model = load_model()
    who = read_person(model, "depressed", genotype="met/met", blocks={"mTORC1": 0.9})
    program = roadrunner.RoadRunner(export_sbml(model, read_regimen(model, STANDARD), who))
    program.integrator.relative_tolerance, program.integrator.absolute_tolerance = 1e-9, 1e-11
    program.integrator.maximum_num_steps = 100_000
    outputs, hours = ["HDRS17", "spine_density", "p_mTOR"], [0.0, 2.0, 24.0, 72.0]
    program.timeCourseSelections = outputs
    run = rs.simulate(
        model,
        typical_patient(genotype="met/met", stress=MEDIAN_STRESS),
        STANDARD,
        days=3,
        outputs=outputs,
        blocks={"mTORC1": 0.9},
        times_h=hours,
    ).sel(time_h=hours)
    found = np.stack([run[name].to_numpy()[0] for name in outputs], axis=1)
    # 1e-4 is what is promised of any output at the default tolerance
    assert miss(found[1:], np.array(program.simulate(times=hours))[1:]).max() <= 1e-4
    assert found[0, 0] > 14  # moderate depression: ill, not healthy


def test_the_depressed_person_is_the_one_with_whom_page_and_command_line_begin():
    constants = read_person(load_model(), "depressed").constants
    state = read_state({}, load_model())[0]
    options = inspect.signature(patient).parameters
    assert constants["stress"] == state.number["stress"] == options["stress"].default
    assert constants["glial_uptake"] == state.number["glial"] / 100 == options["glial_uptake"].default


def test_a_numbered_person_is_the_one_whom_simulate_recruits():
    model = load_model()
    cohort = rs.recruit(4, seed=2, model=model, uncertain=True)
    assert read_person(model, "3", seed=2).constants["glial_uptake"] == cohort.columns["glial_uptake"][3]


def test_an_unknown_person_and_an_unknown_block_are_told_together():
    with pytest.raises(rs.InputError) as caught:
        read_person(load_model(), "average", blocks={"mTORC": 0.9})
    assert "`average` is nobody here" in str(caught.value) and "`mTORC1`" in str(caught.value)
