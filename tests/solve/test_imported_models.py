"""Models of one's own beside libRoadRunner, which reads the same file."""

from __future__ import annotations

import antimony
import libsbml
import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from imported_cases import ANTIMONY, SBML

from resprout.exchange.imported_model import import_model
from resprout.solve import Events, run_patients

roadrunner = pytest.importorskip("roadrunner")
# beside whole and half numbers, where events are: programs differ in whether they report before or after one
TIMES = np.r_[0, np.linspace(0.037, 9.937, 34)]


def judged(sbml: str, outputs: list[str]) -> np.ndarray:
    """[time, output] of libRoadRunner, tight."""
    roadrunner.Logger.setLevel(roadrunner.Logger.LOG_FATAL)
    document = libsbml.readSBMLFromString(sbml)
    model = document.getModel()
    program = roadrunner.RoadRunner(sbml)
    program.integrator.relative_tolerance, program.integrator.absolute_tolerance = 1e-11, 1e-15
    program.integrator.maximum_num_steps = 100_000
    counted = {s.getId() for s in model.getListOfSpecies() if not s.getHasOnlySubstanceUnits()}
    program.timeCourseSelections = [f"[{name}]" if name in counted else name for name in outputs]
    return np.array(program.simulate(times=list(TIMES)))


def symbols(sbml: str) -> list[str]:
    """Names in the file that change in time and that libRoadRunner reports too."""
    document = libsbml.readSBMLFromString(sbml)
    model = document.getModel()
    parts = (
        model.getListOfSpecies(),
        model.getListOfParameters(),
        model.getListOfCompartments(),
        model.getListOfReactions(),
    )
    return [element.getId() for part in parts for element in part]


def largest_miss(file, sbml: str, **more) -> float:
    """Of any output at any hour, over that output's largest value."""
    outputs = symbols(sbml)
    truth = judged(sbml, outputs)
    found = run_patients(import_model(file), {}, Events.none(), TIMES, outputs, **more)
    assert found.message(0) == "solved"
    return float((np.abs(found.value[0] - truth).max(0) / np.maximum(np.abs(truth).max(0), 1e-12)).max())


@pytest.mark.parametrize("case", ANTIMONY)
def test_an_antimony_model_runs_as_in_libroadrunner(case, tmp_path):
    file = tmp_path / "m.ant"
    file.write_text(ANTIMONY[case], encoding="utf-8")
    antimony.clearPreviousLoads()
    assert antimony.loadAntimonyString(ANTIMONY[case]) >= 0, antimony.getLastError()
    # a step is held to 1e-8; what steps and the ends of pieces add up to is allowed a hundred times that
    assert largest_miss(file, antimony.getSBMLString(antimony.getMainModuleName())) < 1e-6


@pytest.mark.parametrize("case", SBML)
def test_an_sbml_model_runs_as_in_libroadrunner(case, tmp_path):
    file = tmp_path / "m.xml"
    file.write_text(SBML[case], encoding="utf-8")
    # as above
    assert largest_miss(file, SBML[case]) < 1e-6


def network(draw) -> str:
    """A random mass-action network as Antimony text."""
    species = [f"S{index}" for index in range(draw(st.integers(2, 6)))]
    size = draw(st.integers(2, 50)) / 10
    lines = [f"compartment C = {size}; species {', '.join(f'{name} in C' for name in species)};"]
    lines += [f"{name} = {draw(st.integers(0, 100)) / 10};" for name in species]
    for number in range(draw(st.integers(1, 8))):
        left, right = (draw(st.lists(st.sampled_from(species), min_size=low, max_size=2)) for low in (1, 0))
        rate = draw(st.integers(1, 200)) / 100
        lines.append(f"J{number}: {' + '.join(left)} -> {' + '.join(right)}; C*{rate}*{'*'.join(left)};")
    # a drain, so that nothing that breeds itself grows beyond all numbers
    lines += [f"D{index}: 2 {name} -> ; C*0.5*{name}^2;" for index, name in enumerate(species)]
    return "\n".join(lines)


@seed(20)
@settings(max_examples=25, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_mass_action_network_runs_as_in_libroadrunner(tmp_path, data):
    text = network(data.draw)
    file = tmp_path / "m.ant"
    file.write_text(text, encoding="utf-8")
    antimony.clearPreviousLoads()
    assert antimony.loadAntimonyString(text) >= 0, antimony.getLastError()
    # as above
    assert largest_miss(file, antimony.getSBMLString(antimony.getMainModuleName())) < 1e-6
